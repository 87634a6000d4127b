import type { Clock } from '../deploy/clock.ts'

/** Milliseconds: what GitHub said of what there is, and of what there is not. */
export const KNOWN_FOR = 60_000
export const UNKNOWN_FOR = 30_000

const MOST_KEPT = 10_000

interface Kept<T> {
  readonly answer: Promise<T>
  readonly since: number
  until: number
  /** From then on it is asked anew beside whoever goes on with it. */
  renewAt: number
}

/** Answers of a moment ago; one question at a time for each key. */
export class Recent<T> {
  readonly #kept = new Map<string, Kept<T>>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get(key: string, ask: () => Promise<T>, lasts: (answer: T) => number): Promise<T> {
    const known = this.#kept.get(key)
    const now = this.#clock.now()
    // Not where the clock was set back meanwhile: what was so would be believed for as long.
    if (known === undefined || known.since > now || known.until <= now) return this.#ask(key, ask(), lasts).answer
    if (known.renewAt <= now) {
      known.renewAt = Infinity
      ask().then(
        (answer) => void this.#ask(key, Promise.resolve(answer), lasts),
        () => {},
      )
    }
    return known.answer
  }

  #ask(key: string, answer: Promise<T>, lasts: (answer: T) => number): Kept<T> {
    const entry: Kept<T> = { answer, since: this.#clock.now(), until: Infinity, renewAt: Infinity }
    this.#kept.delete(key)
    this.#kept.set(key, entry)
    answer.then(
      (found) => {
        const now = this.#clock.now()
        ;[entry.until, entry.renewAt] = [now + lasts(found), now + (lasts(found) * 3) / 4]
      },
      () => void (this.#kept.get(key) === entry && this.#kept.delete(key)),
    )
    for (const oldest of this.#kept.keys()) if (this.#kept.size > MOST_KEPT) this.#kept.delete(oldest)
    return entry
  }
}
