import type { Clock } from '../deploy/clock.ts'

/** Node fires timers above 2^31-1 ms at once. */
const LONGEST = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, work) {
    // A timer alone keeps no process alive: the servers do.
    let timer = setTimeout(step, Math.min(ms, LONGEST), ms).unref()
    function step(left: number): void {
      if (left <= LONGEST) return work()
      timer = setTimeout(step, Math.min(left - LONGEST, LONGEST), left - LONGEST).unref()
    }
    return () => clearTimeout(timer)
  },
}
