import type { DeployRequest } from '../deploy/deployment.ts'
import { isStranger } from '../deploy/source.ts'
import { NAMES } from './commands/index.ts'
import { MARKS } from './comments.ts'
import { answerTo, reactTo, takeOff, type HandlerDoors } from './handle.ts'
import { code, link, mention } from './markdown.ts'
import { parseCommands } from './parse.ts'

/**
 * A command that was missed and is too old to be obeyed: said once in its thread, to whoever may command here at all. Nobody is told
 * of a comment that was deleted since.
 */
export async function tellTooLate(request: DeployRequest, label: string | null, doors: HandlerDoors): Promise<void> {
  if (request.comment !== null && parseCommands(request.comment.body, NAMES).length === 0) return
  const facts = await doors.source.look(request, { commit: null })
  if (facts.comment === 'deleted') return
  if (isStranger(request, facts)) return reactTo(request, 'confused', doors)
  answerTo(request, sentence(request, label, doors.clock.now() - request.receivedAt), doors)
  if (label !== null) await takeOff(label, request, doors)
}

function sentence(request: DeployRequest, label: string | null, age: number): string {
  const [what, again] = missed(request, label)
  return `${MARKS.skipped} ${mention(request.actor.login)}, ${what} ${span(age)} ago, while Gantry could not be reached, so nothing was done. ${again} if it is still wanted.`
}

function missed({ comment }: DeployRequest, label: string | null): readonly [what: string, again: string] {
  if (comment !== null) return [`${link('this comment', comment.url)} was posted`, 'Post it again']
  if (label !== null) return [`the label ${code(label)} was added`, 'Add the label again']
  // The same button would be the same press.
  return ['a button of the check run was pressed', 'Ask for it in a comment']
}

const HOUR = 3_600_000

const span = (ms: number): string => (ms < 48 * HOUR ? `${Math.round(ms / HOUR)} hours` : `${Math.round(ms / 24 / HOUR)} days`)
