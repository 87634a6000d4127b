/**
 * What was spent in the last `span` milliseconds, to the millisecond. No token bucket: one that holds 60 and refills 60 a minute lets
 * 120 through within a minute, and one that never does lets no burst through.
 */
export class SlidingWindow {
  readonly #span: number
  /** Oldest first. */
  #entries: { readonly at: number; readonly amount: number }[] = []
  #sum = 0

  constructor(span: number) {
    this.#span = span
  }

  /** `at` is not before that of the last one. */
  add(at: number, amount: number): void {
    if (amount === 0) return
    this.#entries.push({ at, amount })
    this.#sum += amount
  }

  sum(now: number): number {
    const kept = this.#entries.findIndex(({ at }) => at + this.#span > now)
    const over = this.#entries.splice(0, kept === -1 ? this.#entries.length : kept)
    this.#sum -= over.reduce((sum, { amount }) => sum + amount, 0)
    return this.#sum
  }

  /** When at most `most` will be left; null where time alone does not bring that about. */
  fallsTo(most: number, now: number): number | null {
    if (most < 0) return null
    let left = this.sum(now)
    if (left <= most) return now
    for (const { at, amount } of this.#entries) {
      left -= amount
      if (left <= most) return at + this.#span
    }
    return null
  }
}
