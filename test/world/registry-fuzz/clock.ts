import type { Doors } from '../../../src/registry/doors.ts'

/** A clock that jumps to its next timer when nothing else goes on, so that waits and time limits cost no time. */
export class JumpingClock implements Pick<Doors, 'now' | 'after'> {
  #now = 0
  #timers: { readonly at: number; readonly work: () => void }[] = []

  readonly now = (): number => this.#now

  readonly after = (ms: number, work: () => void): (() => void) => {
    const timer = { at: this.#now + ms, work }
    this.#timers.push(timer)
    return () => (this.#timers = this.#timers.filter((other) => other !== timer))
  }

  /** What a promise comes to. Throws where it waits for something that no timer ends. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isOver = false
    const ended = promise.finally(() => (isOver = true))
    ended.catch(() => {})
    const started = performance.now()
    for (let idle = 0; performance.now() - started < NEVER; idle += 1) {
      for (let left = 200; left > 0 && !isOver; left -= 1) await Promise.resolve()
      if (isOver) return ended
      await turn()
      const [next] = this.#timers.toSorted((a, b) => a.at - b.at)
      if (next !== undefined && idle % PATIENCE === PATIENCE - 1) this.#jump(next)
    }
    throw new Error('it never ends')
  }

  #jump(timer: { readonly at: number; readonly work: () => void }): void {
    this.#timers = this.#timers.filter((other) => other !== timer)
    this.#now = Math.max(this.#now, timer.at)
    timer.work()
  }
}

/** So many turns of the event loop without an end mean that everybody waits. */
const PATIENCE = 2
const NEVER = 20_000 // ms

/** One for everybody who plays at the same time: in workerd each takes a millisecond. */
const turn = (): Promise<void> => (turning ??= new Promise((resolve) => setImmediate(() => ((turning = null), resolve()))))
let turning: Promise<void> | null = null
