import { Refusal } from '../../errors.ts'
import type { DeployRequest, Verdict, Wait } from '../deployment.ts'
import { byEveryRule } from '../every-rule.ts'
import { Waits, type Gate, type Situation, type Skip } from './gate.ts'
import { approvals } from './approvals.ts'
import { bounds } from './bounds.ts'
import { branch } from './branch.ts'
import { built } from './built.ts'
import { checks } from './checks.ts'
import { comment } from './comment.ts'
import { expected } from './expect.ts'
import { freeze } from './freeze.ts'
import { head } from './head.ts'
import { lock } from './lock.ts'
import { mergeable } from './mergeable.ts'
import { order } from './order.ts'
import { override } from './override.ts'
import { person } from './person.ts'
import { promotion } from './promotion.ts'
import { pullRequest } from './pull-request.ts'
import { reviews } from './reviews.ts'
import { signed } from './signed.ts'

/** In this order: the first refusal is the one that is said. */
export const gates: readonly Gate[] = [
  ...[person, comment, override, pullRequest, branch, promotion, mergeable, head, expected],
  ...[signed, checks, reviews, bounds, lock, freeze, order, built, approvals],
]

/** Whoever is refused by one of these is shown nothing of what a target runs. */
export const FORBIDS: ReadonlySet<string> = new Set([person.name, bounds.name])

/** Whose verdict waits for a second person's word. */
export const APPROVALS = approvals.name

/** Every gate's verdict is told beside the decision, for whoever asks why. */
export type Decision = { readonly verdicts: readonly Verdict[] } & (
  | { readonly refusal: Refusal }
  | { readonly wait: Wait }
  | { readonly allowed: true }
)

/** Facts → decision with its sentences. Pure: the same situation is judged alike behind every door, now and in a dry run. */
export function decide(situation: Situation): Decision {
  const verdicts: Verdict[] = []
  let refusal: Refusal | null = null
  let wait: Wait | null = null
  for (const gate of gates) {
    const verdict = byEveryRule(gate, situation)
    if (verdict === null) continue
    const skip = skipOf(situation.request, gate)
    if (skip !== null) {
      verdicts.push({ gate: gate.name, outcome: 'skipped', sentence: `not asked: ${SKIPS[skip]}` })
      continue
    }
    verdicts.push(told(gate, verdict))
    if (verdict instanceof Refusal) refusal ??= verdict
    // Of several waits the one that ends first is the one that is looked at next.
    else if (verdict instanceof Waits && (wait === null || verdict.wait.lookAt < wait.lookAt)) wait = verdict.wait
  }
  if (refusal !== null) return { verdicts, refusal }
  return wait === null ? { verdicts, allowed: true } : { verdicts, wait }
}

const SKIPS: Record<Skip, string> = {
  rollback: 'a rollback repeats a plan that has passed it before',
  promote: 'what runs elsewhere has passed it there',
  override: 'an administrator set it aside',
}

function skipOf({ asks }: DeployRequest, { skippedBy }: Gate): Skip | null {
  const kind = asks.origin?.kind
  if ((kind === 'rollback' || kind === 'promote') && skippedBy.includes(kind)) return kind
  return asks.override !== null && skippedBy.includes('override') ? 'override' : null
}

function told({ name: gate }: Gate, verdict: Refusal | Waits | string): Verdict {
  if (typeof verdict === 'string') return { gate, outcome: 'passed', sentence: verdict }
  return verdict instanceof Refusal
    ? { gate, outcome: 'refused', sentence: verdict.problem.sentence }
    : { gate, outcome: 'waits', sentence: verdict.wait.sentence }
}
