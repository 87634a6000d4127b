import type { Repository } from './deployment.ts'
import type { Notice } from './notice.ts'
import type { RolloutDoors } from './step.ts'

/** What GitHub tells that a waiting or queued deployment may have waited for, or that ends it. */
export type Happening =
  /** A pull request's head is another one. `at`: GitHub's clock, milliseconds. */
  | { readonly kind: 'head'; readonly repository: Repository; readonly pull: number; readonly head: string; readonly at: number }
  /** A check on this commit has ended. */
  | { readonly kind: 'checks'; readonly repository: Repository; readonly commit: string }
  /** A review was given or dismissed, a draft made ready, a thread reopened: anything about a thread that gates look at. */
  | { readonly kind: 'thread'; readonly repository: Repository; readonly subject: number }
  /** `at`: GitHub's clock, milliseconds. */
  | { readonly kind: 'closed'; readonly repository: Repository; readonly subject: number; readonly at: number }
  /** An image was pushed. */
  | { readonly kind: 'image'; readonly repository: Repository }
  /** The App was taken off the account, or suspended; where `repositories` are given, off these alone. */
  | { readonly kind: 'gone'; readonly installation: number; readonly repositories?: readonly number[] }

export interface HappeningDoors extends RolloutDoors {
  readonly go: (id: string) => void
  readonly tell: (notice: Notice) => void
}

export function happened(event: Happening, doors: HappeningDoors): void {
  const { heads, journal, locks, clock, go, tell } = doors
  if (event.kind === 'gone') return gone(event, doors)
  if (event.kind === 'head') heads.told(event.repository.id, event.pull, event.head, event.at)
  if (event.kind === 'closed') {
    for (const lock of locks.takenOn(event.repository.id, event.subject, clock.now())) {
      // Told late, of a thread that was opened again: what was locked since then stands.
      if (lock.since > event.at + SKEW) continue
      // Said first: a process that dies here says it again, under the same key, and releases it then.
      tell({ key: `n:${event.repository.id}:lock:${lock.id}:closed`, kind: 'lock released', lock })
      locks.release(lock.id)
    }
  }
  const subject = event.kind === 'head' ? event.pull : 'subject' in event ? event.subject : null
  for (const { id, state, request, plan, wait } of journal.open()) {
    if (request.repository.id !== event.repository.id || (state !== 'waiting' && state !== 'queued')) continue
    const isMeant =
      event.kind === 'checks'
        ? wait?.reason === 'checks' && plan?.commit === event.commit
        : event.kind === 'image'
          ? wait?.reason === 'image'
          : request.subject?.number === subject
    if (isMeant) go(id)
  }
}

/** GitHub's times are whole seconds of another clock. */
const SKEW = 60_000

/** Nobody could be told any more what becomes of them. What is being applied goes on to its end: the target is not left half way. */
function gone({ installation, repositories }: Extract<Happening, { kind: 'gone' }>, { journal, clock, go }: HappeningDoors): void {
  for (const { id, state, request } of journal.open()) {
    const isGone = request.repository.installation === installation && (repositories?.includes(request.repository.id) ?? true)
    if (!isGone || state === 'applying' || state === 'observing' || state === 'restoring') continue
    journal.cancel(id, { by: { id: 0, login: 'the removal of the App' }, at: clock.now() })
    go(id)
  }
}
