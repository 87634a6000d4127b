import type { Deployment, State, Wait } from '../deploy/deployment.ts'
import type { Offer } from '../deploy/offers.ts'
import { WHO } from '../deploy/words.ts'
import type { Problem } from '../errors.ts'

/** What the one button shows: before a deployment, while it is asked for, and from then on. */
export type ButtonState = 'idle' | 'checking' | 'disabled' | 'confirm' | 'deploying' | 'waiting' | 'success' | 'failure' | 'unknown' | 'cancelled'

/** What there is to press. `ask`: shows what would happen, first. `begin`: does it. `watch`: goes to its page. `look`: what runs is read once more. */
export type Press = 'ask' | 'begin' | 'watch' | 'look' | Offer

interface Row {
  readonly caption: string
  /** Null where there is nothing to press: the caption says why. */
  readonly press: Press | null
  /** What it says while it is on its way. */
  readonly busy: string
  readonly tone: 'calm' | 'busy' | 'wait' | 'good' | 'bad' | 'doubt'
}

/** The table: one row for each state. Captions are what people read on the button; a disabled one has its reason instead. */
export const BUTTONS: Record<ButtonState, Row> = {
  idle: { caption: 'Deploy', press: 'ask', busy: 'Checking…', tone: 'calm' },
  checking: { caption: 'Checking', press: 'watch', busy: 'Checking…', tone: 'busy' },
  disabled: { caption: 'Not possible now', press: null, busy: '', tone: 'bad' },
  confirm: { caption: 'Deploy', press: 'begin', busy: 'Asking for it…', tone: 'good' },
  deploying: { caption: 'Deploying', press: 'watch', busy: 'Opening…', tone: 'busy' },
  waiting: { caption: 'Waiting', press: 'watch', busy: 'Opening…', tone: 'wait' },
  success: { caption: 'Deployed', press: 'rollback', busy: 'Checking…', tone: 'good' },
  failure: { caption: 'Retry', press: 'retry', busy: 'Asking for it…', tone: 'bad' },
  unknown: { caption: 'Look at what runs', press: 'look', busy: 'Looking…', tone: 'doubt' },
  cancelled: { caption: 'Deploy again', press: 'deploy', busy: 'Asking for it…', tone: 'calm' },
}

/** A deployment's own button. */
export const STATE_OF: Record<State, ButtonState> = {
  requested: 'checking',
  gating: 'checking',
  resolving: 'checking',
  verifying: 'checking',
  waiting: 'waiting',
  queued: 'waiting',
  applying: 'deploying',
  observing: 'deploying',
  restoring: 'deploying',
  success: 'success',
  refused: 'disabled',
  failure: 'failure',
  cancelled: 'cancelled',
  superseded: 'cancelled',
  unknown: 'unknown',
}

/** What is known when the button is drawn. */
export type Moment =
  /** An environment: what a deployment would meet now, before any image was looked at; and what is at work there. */
  | { readonly of: 'environment'; readonly problem: Problem | null; readonly wait: Wait | null; readonly occupant: Deployment | null }
  /** A dry run: everything was asked. */
  | { readonly of: 'rehearsal'; readonly problem: Problem | null; readonly wait: Wait | null }
  | { readonly of: 'deployment'; readonly deployment: Deployment }

export interface Button extends Row {
  readonly state: ButtonState
  /** Why it is as it is, in one sentence; null where the caption says all. */
  readonly reason: string | null
  /** Who can lift what stands against it; null where nothing does. */
  readonly who: string | null
}

/** Only what another image would change does not disable the button of an environment: it is asked for on the next page. */
const ASKED_NEXT: ReadonlySet<Problem['code']> = new Set(['IMAGE_REQUIRED', 'PARAMETER_INVALID', 'QUEUE_FULL'])

export function buttonOf(moment: Moment): Button {
  if (moment.of === 'deployment') {
    const { state, problem, wait } = moment.deployment
    return button(STATE_OF[state], wait?.sentence ?? problem?.sentence ?? null, problem)
  }
  const { problem, wait } = moment
  if (moment.of === 'rehearsal')
    return problem === null
      ? button('confirm', wait === null ? null : `Not at once: ${wait.sentence}`, null)
      : button('disabled', problem.sentence, problem)
  if (problem !== null && !ASKED_NEXT.has(problem.code)) return button('disabled', problem.sentence, problem)
  if (moment.occupant?.state === 'unknown') return button('unknown', moment.occupant.problem?.sentence ?? null, moment.occupant.problem)
  return button('idle', wait === null ? null : `Not at once: ${wait.sentence}`, null)
}

function button(state: ButtonState, reason: string | null, problem: Problem | null): Button {
  const row = BUTTONS[state]
  return {
    state,
    ...row,
    caption: row.press === null && reason !== null ? reason : row.caption,
    reason,
    who: problem === null ? null : WHO[problem.who],
  }
}
