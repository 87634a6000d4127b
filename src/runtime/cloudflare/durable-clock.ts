import type { Clock } from '../../deploy/clock.ts'

/** A clock whose timers end with the object that they are in. What must come after that is an alarm's: `next` says when. */
export interface ObjectClock extends Clock {
  /** When the earliest timer falls due (milliseconds since 1970); null where nothing waits. */
  next(): number | null
}

/**
 * Milliseconds. A timer that is set keeps its object in memory and on the bill until it rings (Cloudflare's changelog of 2026-10-01, "Pending I/O operations"):
 * a quarter of an hour for every look around. What is further away than this is set when `next` is asked again, after the alarm.
 */
const NEAR = 60_000

export function durableClock(): ObjectClock {
  const waiting = new Set<Timer>()
  const set = (timer: Timer): void => {
    const left = timer.at - Date.now()
    if (timer.handle !== null || left > NEAR) return
    timer.handle = setTimeout(
      () => {
        waiting.delete(timer)
        timer.work()
      },
      Math.max(0, left),
    )
  }
  return {
    now: () => Date.now(),
    next: () => {
      for (const timer of waiting) set(timer)
      return waiting.size === 0 ? null : Math.min(...[...waiting].map(({ at }) => at))
    },
    after(ms, work) {
      const timer: Timer = { at: Date.now() + ms, work, handle: null }
      waiting.add(timer)
      set(timer)
      return () => {
        waiting.delete(timer)
        if (timer.handle !== null) clearTimeout(timer.handle)
      }
    },
  }
}

interface Timer {
  readonly at: number
  readonly work: () => void
  handle: ReturnType<typeof setTimeout> | null
}
