import { Refusal } from '../errors.ts'
import { hasEnded, type Deployment, type State } from './deployment.ts'

/** What may be wished of a deployment: a button on its check run, and on the page. */
export type Offer = 'cancel' | 'retry' | 'deploy' | 'rollback'

/** `re-run`: GitHub's own button, which stands beside every check run that has ended. */
export type Press = Offer | 're-run'

/** What a button can do in this state. `hadTurn`: where the target may have been changed, so that something may have to be undone. */
const OFFERS: Record<State, (deployment: { readonly hadTurn: boolean; readonly isStopping: boolean }) => readonly Offer[]> = {
  requested: stoppable,
  gating: stoppable,
  resolving: stoppable,
  verifying: stoppable,
  waiting: stoppable,
  queued: stoppable,
  applying: stoppable,
  // The image is in its place: `Journal.cancel` answers `too late`.
  observing: () => [],
  restoring: () => [],
  success: () => ['rollback'],
  refused: () => ['deploy'],
  cancelled: () => ['deploy'],
  superseded: () => ['deploy'],
  failure: ({ hadTurn }) => (hadTurn ? ['retry', 'rollback'] : ['retry']),
  unknown: ({ hadTurn }) => (hadTurn ? ['retry', 'rollback'] : ['retry']),
}

function stoppable({ isStopping }: { readonly isStopping: boolean }): readonly Offer[] {
  return isStopping ? [] : ['cancel']
}

/**
 * At most three. `isNewest`: nothing newer runs in its environment, or has run there (`Service.newerThan`). Where something has, whoever
 * presses a button of this one means a past that is over: its plan would go over a newer one, and a rollback would undo what they do
 * not see. What still runs may be stopped all the same, because that changes nothing for the newer one.
 */
export function offersFor({ state, fence, cancellation, isQuiet }: Deployment, isNewest: boolean): readonly Offer[] {
  if (isQuiet || (hasEnded(state) && !isNewest)) return []
  return OFFERS[state]({ hadTurn: fence !== null, isStopping: cancellation !== null })
}

/** A button that nobody pressed for so long is not pressed by somebody who looked at what it does (milliseconds). */
const BUTTON_LASTS = 30 * 24 * 3_600_000

/**
 * Why a button of what GitHub shows does not mean anything any more; null where it does. `newer`: what has happened in its environment
 * since. "Re-run" stands there whatever the deployment ended as, and retries its plan; `cancel` is answered by the cancelling itself,
 * which knows how far it is.
 */
export function staleButton(press: Press, deployment: Deployment, newer: Deployment | null, now: number): Refusal | null {
  if (press === 'cancel') return null
  const { state, endedAt } = deployment
  if (endedAt === null) return stale(press, deployment, 'has not ended', 'a deployment that has ended')
  if (newer !== null) return stale(press, deployment, `was followed there by ${newer.id}`, 'the newest deployment of its environment')
  const isThere = press === 're-run' || offersFor(deployment, true).includes(press)
  if (!isThere) return stale(press, deployment, `ended as ${state}`, 'a button that stands there now')
  return now - endedAt > BUTTON_LASTS ? stale(press, deployment, 'ended more than 30 days ago', 'one that ended at most 30 days ago') : null
}

const NAMES: Record<Press, string> = { cancel: 'Cancel', retry: 'Retry', deploy: 'Deploy', rollback: 'Roll back', 're-run': 'Re-run' }

const stale = (press: Press, { id, plan }: Deployment, found: string, wanted: string): Refusal =>
  new Refusal('BUTTON_STALE', {
    sentence: `The button "${NAMES[press]}" is out of date, so nothing was done.`,
    found: `${id}, which ${found}`,
    wanted,
    next: `Look at what runs there now with "/status${plan === null ? '' : ` ${plan.app}/${plan.environment}`}", then ask for what is wanted in a comment.`,
  })
