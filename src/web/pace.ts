import type { Clock } from '../deploy/clock.ts'
import type { Caller } from './caller.ts'
import { RequestRefused } from './problems.ts'

const MINUTE = 60_000

/** Counts for each key: so many within a minute. Answers with the milliseconds that one more has to wait; 0 where it may come now. */
export function perMinute(clock: Clock, most: number): (key: string) => number {
  let [since, counts] = [0, new Map<string, number>()]
  return (key) => {
    const now = clock.now()
    // Also where the clock was set back: nobody waits for longer than a minute.
    if (now - since >= MINUTE || now < since) [since, counts] = [now, new Map()]
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return count <= most ? 0 : since + MINUTE - now
  }
}

/** One caller alone cannot keep the process, or GitHub, busy. Throws TOO_MANY_REQUESTS. */
export function createPace(clock: Clock, most: number): (caller: Pick<Caller, 'key'>) => void {
  const waits = perMinute(clock, most)
  return ({ key }) => {
    const retryAfter = waits(key)
    if (retryAfter === 0) return
    throw new RequestRefused('TOO_MANY_REQUESTS', {
      sentence: 'Too many requests came from you within a minute.',
      wanted: `at most ${most}`,
      next: 'Ask again in a minute.',
      retryAfter,
    })
  }
}
