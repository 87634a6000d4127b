import type { Clock } from '../deploy/clock.ts'
import { failureFrom, isRateLimit, rateLimited, UNSAID_WINDOW } from './github-failure.ts'
import { isUninstalled } from './gone.ts'
import { within } from './patience.ts'

/** One call, made once; throws a `Failure`. */
export type OwnCall = <T>(route: string, work: (signal: AbortSignal) => Promise<T>) => Promise<T>

/** What the App asks in its own name is in no installation's budget: in a window that GitHub has named, nothing is asked at all. */
export function leavingAlone(clock: Clock): OwnCall {
  let until = 0
  return async (route, work) => {
    if (until > clock.now()) throw rateLimited(until - clock.now())
    try {
      return await within(clock, work)
    } catch (error) {
      const failure = failureFrom(error, route, clock.now())
      if (isRateLimit(failure)) until = clock.now() + (failure.problem.retryAfter ?? UNSAID_WINDOW)
      throw failure
    }
  }
}

/** Where the App was taken away or suspended, nothing of the account is anybody's to see here: as if it were not there. */
export const orNothing = <T>(question: Promise<T>): Promise<T | null> =>
  question.catch((error: unknown) => {
    if (isUninstalled(error)) return null
    throw error
  })
