import type { Failure } from '../../errors.ts'
import type { Clock } from '../../deploy/clock.ts'
import type { Spendings } from '../../deploy/journal.ts'
import { LONGEST_WINDOW, UNSAID_WINDOW } from '../github-failure.ts'

/** Time in which GitHub wants no calls. Asking again inside it may get the App banned, so that it is kept over a restart. */
export interface RetryWindow {
  /** Milliseconds until it ends; 0 outside. */
  readonly left: number
  /** Only ever later. */
  block(until: number): void
  /** GitHub said that a limit is reached, to a call that had left at that time. */
  said(failure: Failure, leftAt: number): void
  /** GitHub answered a call that had left at that time. */
  answered(leftAt: number): void
}

export function createRetryWindow(installation: number, spendings: Spendings, clock: Clock): RetryWindow {
  // Whatever clock it was written by, none is longer.
  let until = Math.min(spendings.blockedUntil(installation), clock.now() + LONGEST_WINDOW)
  /** Windows one after the other, without an answer between them. */
  let windows = 0

  const block = (end: number): void => {
    const longest = Math.min(end, clock.now() + LONGEST_WINDOW)
    if (longest <= until) return
    until = longest
    spendings.block(installation, until)
  }
  return {
    get left() {
      return Math.max(0, until - clock.now())
    },
    block,
    said: ({ problem }, leftAt) => {
      // Of calls that were under way together, each is told; that is one window.
      if (leftAt >= until) windows += 1
      const least = windows > 1 ? UNSAID_WINDOW * 2 ** (windows - 1) : 0
      block(clock.now() + Math.max(problem.retryAfter ?? UNSAID_WINDOW, least))
    },
    answered: (leftAt) => {
      if (leftAt >= until) windows = 0
    },
  }
}
