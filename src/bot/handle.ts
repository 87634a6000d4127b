import * as z from 'zod'
import { Failure, type Problem } from '../errors.ts'
import { isPerson, type DeployRequest } from '../deploy/deployment.ts'
import type { Announcements } from '../deploy/journal.ts'
import type { Service } from '../deploy/service.ts'
import { isStranger, type Facts, type Source } from '../deploy/source.ts'
import { misuseOf } from './command.ts'
import { commands, findCommand, NAMES } from './commands/index.ts'
import { problemComment } from './comments.ts'
import { react, type GitHub } from './github.ts'
import { admit, type AdmissionDoors } from './admission.ts'
import { parseCommands, type ParsedLine } from './parse.ts'
import { isSpoken } from './requests.ts'

export interface HandlerDoors extends AdmissionDoors {
  readonly service: Service
  readonly announcements: Announcements
  readonly source: Source
  readonly github: GitHub
  readonly announce: (key: string) => void
  /** Work that decides nothing: a failure is noted and forgotten, so what is returned never rejects. */
  readonly aside: (work: () => Promise<void>) => Promise<void>
}

/** Every command has its row, so the next delivery may be taken; this one is not handled until `aside` is over. */
export interface Handled {
  readonly aside: Promise<void>
}

/** Every command of a comment, in order. Resolves once each has its row; may be repeated, because every row has its key. */
export async function handleComment(base: DeployRequest, doors: HandlerDoors): Promise<Handled> {
  const lines = parseCommands(base.comment?.body ?? '', NAMES)
  if (lines.length === 0) return { aside: Promise.resolve() }
  let facts: Promise<Facts> | null = null
  const look = (): Promise<Facts> => (facts ??= doors.source.look(base, { commit: null }))
  const refused = await refusedByLimits(base, lines.length, look, doors)
  if (refused !== null) return refused
  const aside = doors.aside(() => reactTo(base, 'eyes', doors))
  for (const [index, line] of lines.entries()) {
    // A stranger's comment costs as much as one command, whatever is in it.
    if (index > 0 && (await isKnownStranger(base, look))) break
    await handleLine(line, { ...base, key: `${base.key}:${line.line}` }, look, doors)
  }
  return { aside }
}

/** Where GitHub does not say, every command is written down all the same. */
const isKnownStranger = async (request: DeployRequest, look: () => Promise<Facts>): Promise<boolean> =>
  isPerson(request.actor) &&
  look().then(
    (facts) => isStranger(request, facts),
    () => false,
  )

/** Adding the label is the command; taking it off says that it was read. */
export async function handleLabel(request: DeployRequest, label: string, doors: HandlerDoors): Promise<Handled> {
  const refused = await refusedByLimits(request, 1, () => doors.source.look(request, { commit: null }), doors)
  if (refused === null) doors.service.deploy(request)
  const { aside } = refused ?? { aside: doors.aside(() => reactTo(request, 'eyes', doors)) }
  await takeOff(label, request, doors)
  return { aside }
}

/** Null where they are within the limits. */
async function refusedByLimits(request: DeployRequest, count: number, look: () => Promise<Facts>, doors: HandlerDoors): Promise<Handled | null> {
  const admission = await admit(request, count, look, doors)
  if (admission === 'within') return null
  if (admission === 'quiet') return { aside: doors.aside(() => reactTo(request, 'confused', doors)) }
  doors.announce(request.key)
  return { aside: Promise.resolve() }
}

/** Nothing happens where somebody else has taken it off. */
export async function takeOff(label: string, { repository, subject }: DeployRequest, { github }: HandlerDoors): Promise<void> {
  if (subject === null) return
  const params = { owner: repository.owner, repo: repository.name, issue_number: subject.number, name: label }
  const client = github.writing(repository)
  await client.rest('DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}', params, z.unknown(), [403, 404, 410])
}

/** Says once, under the delivery's own key, that a command came to nothing. */
export function giveUp(request: DeployRequest, why: Problem, doors: HandlerDoors): void {
  answerTo(request, problemComment(why, doors.links), doors)
}

/** Stores an answer under the request's key: said once. */
export function answerTo({ key, repository, subject }: DeployRequest, markdown: string, { announcements, announce, clock }: HandlerDoors): void {
  if (subject === null) return
  announcements.answer({ key, repository, subject, markdown, createdAt: clock.now() })
  announce(key)
}

async function handleLine(line: ParsedLine, request: DeployRequest, look: () => Promise<Facts>, doors: HandlerDoors): Promise<void> {
  // Taken up once more, after a crash or for the sake of a later line: by now the same words may mean something else.
  if (doors.announcements.findAnswer(request.key) !== null) return doors.announce(request.key)
  const answer = (markdown: string): void => answerTo(request, markdown, doors)
  const refuse = async (why: Problem): Promise<void> => {
    if (isStranger(request, await look())) await reactTo(request, 'confused', doors)
    else answer(problemComment(why, doors.links))
  }
  if ('problem' in line) return refuse(line.problem)
  const command = findCommand(line.name, line.args)
  const misuse = misuseOf(command, line.args)
  if (misuse !== null) return refuse(misuse)
  if (command.judgedBy === 'standing' && isStranger(request, await look())) return reactTo(request, 'confused', doors)
  await command.run({ args: line.args, request, service: doors.service, commands, links: doors.links, look, answer, refuse })
}

export async function reactTo(request: DeployRequest, content: 'eyes' | 'confused', { github }: HandlerDoors): Promise<void> {
  const { repository, subject, comment } = request
  if (subject === null || !isSpoken(request)) return
  await react(github.writing(repository), { repository, number: subject.number, comment: comment?.id ?? null }, content)
}

/** Worth trying again later: GitHub was not there, or asks to wait. */
export const isPassing = (error: unknown): error is Failure => error instanceof Failure && error.problem.retryable
