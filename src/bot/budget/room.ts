import type { Clock } from '../../deploy/clock.ts'
import type { Spendings } from '../../deploy/journal.ts'
import { PATIENCE } from '../patience.ts'
import type { Cost, Urgency } from './cost.ts'
import { SlidingWindow } from './sliding-window.ts'

export interface Need extends Cost {
  readonly urgency: Urgency
  /** Since when it has been waited for: within an urgency the oldest goes first. */
  readonly since: number
}

/**
 * How much may be spent when something of that urgency is next: the less urgent stop earlier, so that there is room left for an end.
 * GitHub's own limits are 80 and 500 creations and 900 points a minute.
 */
const LIMITS: Record<Urgency, { readonly minute: number; readonly hour: number; readonly points: number }> = {
  read: { minute: 60, hour: 450, points: 700 },
  failure: { minute: 60, hour: 450, points: 600 },
  end: { minute: 58, hour: 430, points: 550 },
  first: { minute: 57, hour: 410, points: 500 },
  rest: { minute: 56, hour: 250, points: 450 },
  reaction: { minute: 50, hour: 225, points: 450 },
  progress: { minute: 45, hour: 225, points: 400 },
  // Whoever may open a pull request can have it said, so it must leave the others enough.
  unasked: { minute: 30, hour: 100, points: 350 },
}

export const URGENCIES = Object.keys(LIMITS) as readonly Urgency[]

const MINUTE = 60_000
const HOUR = 3_600_000
/** The first answer that people see does not wait for a disk: so many reactions may be forgotten by a crash, less than GitHub's limit is above ours. */
const MOST_UNWRITTEN = 10

/** What has been spent, and what is held: by a place in the queue, or by a call whose answer is not there yet. */
export class Room {
  #minute = new SlidingWindow(MINUTE)
  #hour = new SlidingWindow(HOUR)
  readonly #points = new SlidingWindow(MINUTE)
  readonly #installation: number
  readonly #spendings: Spendings
  readonly #clock: Clock
  #held: Cost = { creates: 0, points: 0 }
  #unwritten = 0

  constructor(installation: number, spendings: Spendings, clock: Clock) {
    this.#installation = installation
    this.#spendings = spendings
    this.#clock = clock
    this.learn(spendings.spent(installation, clock.now() - HOUR - PATIENCE))
  }

  /** All that the installation has created in the last hour, oldest first, whoever did: instead of what was known of it. */
  learn(spent: ReturnType<Spendings['spent']>): void {
    const now = this.#clock.now()
    this.#minute = new SlidingWindow(MINUTE)
    this.#hour = new SlidingWindow(HOUR)
    for (const { at, creates } of spent) {
      // Written before it left; GitHub may have had it as late as it may have answered.
      const over = Math.min(at + PATIENCE, now)
      this.#minute.add(over, creates)
      this.#hour.add(over, creates)
    }
  }

  /** What stands in its way: nothing, where both are false. */
  lacks(need: Need): { readonly creates: boolean; readonly points: boolean } {
    const [now, limits] = [this.#clock.now(), LIMITS[need.urgency]]
    const creates = this.#held.creates + need.creates
    const isTooMuch = this.#minute.sum(now) + creates > limits.minute || this.#hour.sum(now) + creates > limits.hour
    return { creates: need.creates > 0 && isTooMuch, points: this.#points.sum(now) + this.#held.points + need.points > limits.points }
  }

  /** When time alone has made room; null where an answer has to come first. */
  hasRoomAt(need: Need): number | null {
    const [now, limits] = [this.#clock.now(), LIMITS[need.urgency]]
    const creates = this.#held.creates + need.creates
    const times = [
      this.#points.fallsTo(limits.points - this.#held.points - need.points, now),
      ...(need.creates === 0 ? [] : [this.#minute.fallsTo(limits.minute - creates, now), this.#hour.fallsTo(limits.hour - creates, now)]),
    ]
    return times.reduce<number | null>((latest, time) => (latest === null || time === null ? null : Math.max(latest, time)), now)
  }

  /** Until the returned function is called. */
  hold({ creates, points }: Cost): () => void {
    this.#held = { creates: this.#held.creates + creates, points: this.#held.points + points }
    return () => {
      this.#held = { creates: this.#held.creates - creates, points: this.#held.points - points }
    }
  }

  /**
   * Written down before the call leaves. It counts as spent from its answer on (the returned function), because nobody knows when
   * between the two GitHub counted it.
   */
  spend(cost: Cost, urgency: Urgency): () => void {
    this.#unwritten += cost.creates
    if (cost.creates > 0 && this.#unwritten >= (urgency === 'reaction' ? MOST_UNWRITTEN : 1)) this.#write()
    const release = this.hold(cost)
    return () => {
      release()
      for (const window of [this.#minute, this.#hour]) window.add(this.#clock.now(), cost.creates)
      this.#points.add(this.#clock.now(), cost.points)
    }
  }

  /** Whether there is no more for progress. */
  get isShort(): boolean {
    const { creates, points } = this.lacks({ creates: 1, points: 1, urgency: 'progress', since: 0 })
    return creates || points
  }

  #write(): void {
    const now = this.#clock.now()
    this.#spendings.spend(this.#installation, now, this.#unwritten, now - HOUR - PATIENCE)
    this.#unwritten = 0
  }
}
