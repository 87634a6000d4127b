import type { Problem } from '../errors.ts'
import type { Deployment } from '../deploy/deployment.ts'
import type { Delivery } from '../deploy/journal.ts'
import { staleButton, type Press } from '../deploy/offers.ts'
import type { Service } from '../deploy/service.ts'
import { isStranger, type Facts } from '../deploy/source.ts'
import { admit } from './admission.ts'
import { commands, findCommand } from './commands/index.ts'
import { problemComment } from './comments.ts'
import { answerTo, type Handled, type HandlerDoors } from './handle.ts'
import { readButton, type ButtonPressed } from './intake.ts'
import type { Log } from './missed.ts'
import { pressRequest } from './requests.ts'
import type { Args } from './tokenize.ts'

export interface PressDoors extends HandlerDoors {
  readonly log: Log
}

type Stored = Pick<Delivery, 'key' | 'receivedAt' | 'missed'>

/**
 * A button of a check run: the command of the same name, by whoever pressed it, where the button still means something. GitHub shows
 * buttons only to people with write access, and that is not trusted. Resolves once it has its row; may be repeated.
 */
export async function handlePress(delivery: Stored, payload: ButtonPressed, doors: PressDoors): Promise<Handled> {
  const deployment = pressedOn(payload, doors.service)
  if (deployment === null) doors.log.info({ key: delivery.key }, 'a button was pressed whose deployment is not known here')
  else await obey(readButton(payload), deployment, pressRequest(delivery, payload, deployment), doors)
  return { aside: Promise.resolve() }
}

/** The deployment that the check run is of; null where it is none of this repository's, or one that nobody was told of. */
export function pressedOn({ check_run: run, repository }: ButtonPressed, { find }: Pick<Service, 'find'>): Deployment | null {
  const found = find(run.external_id)
  return found?.request.repository.id === repository.id && !found.isQuiet ? found : null
}

async function obey(press: Press, deployment: Deployment, request: ReturnType<typeof pressRequest>, doors: PressDoors): Promise<void> {
  const { service, announcements, announce, clock, links } = doors
  let facts: Promise<Facts> | null = null
  const look = (): Promise<Facts> => (facts ??= doors.source.look(request, { commit: null }))
  const admission = await admit(request, 1, look, doors)
  if (admission === 'told') return announce(request.key)
  // Taken up once more, after a crash: by now the same button may mean something else.
  if (admission === 'quiet' || service.asked(request.key) !== null) return
  if (announcements.findAnswer(request.key) !== null) return announce(request.key)
  const answer = (markdown: string): void => answerTo(request, markdown, doors)
  const refuse = async (why: Problem): Promise<void> => {
    if (request.subject === null) doors.log.info({ key: request.key, code: why.code }, 'a button was refused where there is no thread to say so')
    else if (!isStranger(request, await look())) answer(problemComment(why, links))
  }
  const stale = staleButton(press, deployment, service.newerThan(deployment), clock.now())
  if (stale !== null) return refuse(stale.problem)
  const [name, word] = COMMANDS[press](deployment)
  const args: Args = { words: word === null ? [] : [word], flags: new Map(), parameters: new Map() }
  const command = findCommand(name, args)
  if (command.judgedBy === 'standing' && isStranger(request, await look())) return
  await command.run({ args, request, service, commands, links, look, answer, refuse })
}

const again = ({ id }: Deployment) => ['retry', id] as const

/** The command that each button is, as one would type it. */
const COMMANDS: Record<Press, (deployment: Deployment) => readonly [name: string, word: string | null]> = {
  cancel: ({ id }) => ['cancel', id],
  retry: again,
  're-run': again,
  deploy: again,
  rollback: ({ plan }) => ['rollback', plan === null ? null : `${plan.app}/${plan.environment}`],
}
