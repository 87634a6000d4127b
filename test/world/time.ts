import type { Clock } from '../../src/deploy/clock.ts'

/** The story's clock: it stands still until the story says that time passes. */
export class Time implements Clock {
  #now = Date.UTC(2026, 10, 23, 12, 0, 0)
  #timers: { at: number; work: () => void }[] = []
  readonly #settle: () => Promise<void>

  constructor(settle: () => Promise<void>) {
    this.#settle = settle
  }

  now(): number {
    return this.#now
  }

  after(ms: number, work: () => void): () => void {
    const timer = { at: this.#now + ms, work }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** `10 minutes`, `3 seconds`, `1 hour`: runs what falls due on the way, in order, and lets each come to rest. */
  async passes(span: string): Promise<void> {
    const until = this.#now + milliseconds(span)
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.at - b.at).find(({ at }) => at <= until)
      if (next === undefined) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#now = Math.max(this.#now, next.at)
      next.work()
      await this.#settle()
    }
    this.#now = until
  }

  /** The clock goes on in the middle of something: what falls due is late. */
  moves(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** Somebody sets the clock: what waits goes on for as long as it would have. */
  isSetBy(milliseconds: number): void {
    this.#now += milliseconds
    for (const timer of this.#timers) timer.at += milliseconds
  }

  get isWaiting(): boolean {
    return this.#timers.length > 0
  }

  /** The process died: what it waited for never comes. */
  forget(): void {
    this.#timers = []
  }

  /** The same time for something that polls: each wait is over at once and takes no time. */
  readonly atOnce: Clock = {
    now: () => this.#now,
    after: (_ms, work) => {
      const immediate = setImmediate(work)
      return () => {
        clearImmediate(immediate)
      }
    },
  }
}

const UNITS: Record<string, number> = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }

function milliseconds(span: string): number {
  const [, count, unit] = /^(\d+) (second|minute|hour|day)s?$/.exec(span) ?? []
  if (count === undefined || unit === undefined) throw new Error(`"${span}" is no span of time`)
  return Number(count) * (UNITS[unit] ?? 0)
}
