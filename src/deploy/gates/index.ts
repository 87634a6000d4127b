import { Refusal } from '../../errors.ts'
import type { Gate, Situation } from './gate.ts'
import { bounds } from './bounds.ts'
import { comment } from './comment.ts'
import { head } from './head.ts'
import { person } from './person.ts'
import { pullRequest } from './pull-request.ts'

/** In this order: the first refusal is the one that is said. */
export const gates: readonly Gate[] = [person, comment, pullRequest, head, bounds]

export type Decision = { readonly refusal: Refusal } | { readonly allowed: readonly string[] }

/** Facts → decision with its sentences. Pure: the same situation is judged alike behind every door, now and in a dry run. */
export function decide(situation: Situation): Decision {
  const allowed: string[] = []
  for (const gate of gates) {
    const verdict = gate.judge(situation)
    if (verdict instanceof Refusal) return { refusal: verdict }
    if (verdict !== null) allowed.push(verdict)
  }
  return { allowed }
}
