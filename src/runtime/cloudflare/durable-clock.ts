import type { Clock } from '../../deploy/clock.ts'

/** A clock whose timers end with the object that they are in. What must come after that is an alarm's: `next` says when. */
export interface ObjectClock extends Clock {
  /** When the earliest timer falls due (milliseconds since 1970); null where nothing waits. */
  next(): number | null
}

/** Timers fire at once above 2^31-1 ms. */
const LONGEST = 2 ** 31 - 1

export function durableClock(): ObjectClock {
  const waiting = new Map<symbol, number>()
  return {
    now: () => Date.now(),
    next: () => (waiting.size === 0 ? null : Math.min(...waiting.values())),
    after(ms, work) {
      const [key, at] = [Symbol('timer'), Date.now() + ms]
      waiting.set(key, at)
      const step = (left: number): ReturnType<typeof setTimeout> => setTimeout(() => ring(left), Math.min(left, LONGEST))
      const ring = (left: number): void => {
        if (left > LONGEST) {
          timer = step(left - LONGEST)
          return
        }
        waiting.delete(key)
        work()
      }
      let timer = step(ms)
      return () => {
        waiting.delete(key)
        clearTimeout(timer)
      }
    },
  }
}
