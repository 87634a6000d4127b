import type { Clock } from './clock.ts'

/** Counts what is running, so that a polite stop (and a test) can wait until nothing is. A pause is not running. */
export class Activity {
  readonly #clock: Clock
  #running = 0
  #waiters: (() => void)[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#running += 1
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  /** Waits inside a `run` without counting as running. */
  async pause(ms: number): Promise<void> {
    this.#leave()
    await new Promise<void>((resolve) => {
      this.#clock.after(ms, () => {
        // Here and not behind the await: between the two nothing would seem to run.
        this.#running += 1
        resolve()
      })
    })
  }

  /** Resolves once nothing runs; what pauses goes on later. */
  async idle(): Promise<void> {
    while (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve)
      })
    }
  }

  #leave(): void {
    this.#running -= 1
    if (this.#running > 0) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }
}
