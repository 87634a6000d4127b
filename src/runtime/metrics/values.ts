import { DOORS, type EndState, type State, type StepName } from '../../deploy/deployment.ts'
import type { Missed } from '../../deploy/journal.ts'
import { WHO } from '../../deploy/words.ts'
import { CODES } from '../../errors.ts'
import { TAKEN } from '../github-watch.ts'
import { LEVELS_TO_READ } from '../log.ts'
import { TRIED } from '../scheduled-backups.ts'
import type { Instruments } from './instruments.ts'

// Every value that a label can have: closed lists of ours, so that nobody outside can make the number of series grow.

export const NOBODY = 'nobody'
/** What is in no list: of an older version, or an event's name that GitHub does not sign. */
export const OTHER = 'OTHER'

const keysOf = <K extends string>(all: Record<K, true>): readonly K[] => Object.keys(all) as K[]

export const OPEN = keysOf<Exclude<State, EndState>>({
  ...{ requested: true, gating: true, resolving: true, verifying: true, waiting: true, queued: true, applying: true, observing: true },
  restoring: true,
})
const ENDS = keysOf<EndState>({ success: true, refused: true, failure: true, cancelled: true, superseded: true, unknown: true })
const STEPS = keysOf<StepName>({
  ...{ gates: true, resolve: true, verify: true, wait: true, queue: true, apply: true, observe: true, restore: true },
})
const HOW = keysOf<Missed | 'arrived'>({ arrived: true, run: true, tell: true, done: true })
/** What webhooks are answered with (webhook.ts); a server that breaks down, and a sender that went. */
const STATUSES = ['202', '204', '400', '401', '413', '415', '500', '503', 'none'] as const

/** At 0, each of them: Prometheus sees no rise where a series begins at 1. */
export function bear(to: Instruments, events: ReadonlySet<string>): void {
  for (const door of DOORS) to.requested.inc({ door }, 0)
  for (const outcome of ENDS) for (const who of [NOBODY, ...Object.keys(WHO)]) to.ended.inc({ outcome, who }, 0)
  for (const code of [...Object.keys(CODES), OTHER]) to.problems.inc({ code }, 0)
  for (const outcome of ENDS) to.seconds.zero({ outcome })
  for (const step of STEPS) to.steps.zero({ step })
  for (const event of [...events, OTHER]) for (const how of HOW) to.deliveries.inc({ event, how }, 0)
  for (const status of STATUSES) to.webhooks.inc({ status }, 0)
  for (const outcome of TAKEN) to.github.inc({ outcome }, 0)
  for (const outcome of TRIED) to.backups.inc({ outcome }, 0)
  for (const level of LEVELS_TO_READ) to.lines.inc({ level }, 0)
}
