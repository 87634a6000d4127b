import { Failure } from '../../errors.ts'
import type { Clock } from '../../deploy/clock.ts'

/** Keeps calls from a GitHub that does not answer: after five failures in a row within a minute it is left alone for 30 seconds, then one call tries. */
export interface Outage {
  /** Runs the call, or throws GITHUB_UNAVAILABLE with `retryAfter`. While one tries, the others wait for what becomes of it. */
  guard<T>(call: () => Promise<T>): Promise<T>
  /** Throws what `guard` would. */
  check(): void
}

const FAILURES = 5
const WITHIN = 60_000
const REST = 30_000

export function createOutage(clock: Clock): Outage {
  /** Times of the last failures; an answer ends the row, because one request that GitHub cannot do says nothing of the others. */
  let failures: number[] = []
  let restsUntil: number | null = null
  let probe: Promise<void> | null = null

  const check = (): void => {
    const left = (restsUntil ?? 0) - clock.now()
    if (left > 0) throw resting(left)
  }
  const answered = (): void => {
    failures = []
    restsUntil = null
  }
  const failed = (): void => {
    const now = clock.now()
    failures = [...failures.filter((at) => at > now - WITHIN), now]
    if (failures.length >= FAILURES || restsUntil !== null) restsUntil = now + REST
  }
  const watched = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      const answer = await call()
      answered()
      return answer
    } catch (error) {
      const code = error instanceof Failure ? error.problem.code : null
      if (code === 'GITHUB_UNAVAILABLE') failed()
      // Our own budget says that one, too, without asking anybody.
      else if (code !== 'GITHUB_RATE_LIMITED') answered()
      throw error
    }
  }

  return {
    check,
    guard: async (call) => {
      while (probe !== null) await probe
      check()
      if (restsUntil === null) return watched(call)
      const { promise, resolve } = Promise.withResolvers<void>()
      probe = promise
      try {
        return await watched(call)
      } finally {
        probe = null
        resolve()
      }
    },
  }
}

const resting = (retryAfter: number): Failure =>
  new Failure('GITHUB_UNAVAILABLE', {
    sentence: 'GitHub did not answer.',
    found: `${FAILURES} calls in a row without an answer; none is made for the next ${Math.ceil(retryAfter / 1000)} s`,
    next: 'Ask again in a minute.',
    retryAfter,
  })
