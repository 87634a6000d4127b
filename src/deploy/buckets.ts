/** So many at once, which come back one by one within so long (milliseconds). */
export interface Limit {
  readonly burst: number
  readonly per: number
}

interface Bucket {
  readonly key: string
  /** When it is full again if nothing more is taken: the "theoretical arrival time" of GCRA (ITU-T I.371), milliseconds since 1970. */
  full: number
  isChanged: boolean
}

/** Of each limit: 9 MB at most. */
export const MOST_KEPT = 32_768
/** So many are compared where one has to go. */
const COMPARED = 8

/**
 * Buckets of one limit, by key. One that is full is not kept. There is room for so many; for one more, the fullest of the next few goes, round
 * and round: whoever has taken much is not forgotten because of others who took little.
 */
export class Buckets {
  readonly limit: Limit
  readonly #each: number
  readonly #kept = new Map<string, Bucket>()
  #hand = this.#kept.values()
  #changed: Bucket[] = []

  constructor(limit: Limit) {
    this.limit = limit
    this.#each = limit.per / limit.burst
  }

  /**
   * How many milliseconds it needs to be full again after that; below zero, and then nothing is taken, how many it needs to have that
   * much. A negative count is put back.
   */
  take(key: string, now: number, count = 1): number {
    const { per } = this.limit
    const bucket = this.#kept.get(key)
    const after = Math.max(0, this.#lacks(bucket, now) + count * this.#each)
    if (after > per) return per - after
    if (bucket !== undefined) this.#fills(bucket, now + after)
    else if (after > 0) this.#make(key, now + after, now)
    return after
  }

  /** How many milliseconds it needs to have that much; 0 where it has. */
  wait(key: string, now: number, count = 1): number {
    return Math.max(0, this.#lacks(this.#kept.get(key), now) + count * this.#each - this.limit.per)
  }

  /** As it was written down; where that says more than the limit allows, the clock was another. */
  restore(key: string, full: number, now: number): void {
    if (full > now) this.#make(key, Math.min(full, now + this.limit.per), now)
  }

  /** What is to be written down, the oldest changes first, so many of them; what is full is forgotten. */
  changed(most: number, now: number): readonly { readonly key: string; readonly full: number }[] {
    for (const { key, full } of this.#kept.values()) if (full <= now) this.#kept.delete(key)
    this.#changed = this.#changed.filter(({ full }) => full > now)
    const buckets = this.#changed.splice(0, most)
    for (const bucket of buckets) bucket.isChanged = false
    return buckets
  }

  /** Is to be written down once more. */
  touch(key: string): void {
    const bucket = this.#kept.get(key)
    if (bucket !== undefined) this.#note(bucket)
  }

  get isChanged(): boolean {
    return this.#changed.length > 0
  }

  get size(): number {
    return this.#kept.size
  }

  /** Never more than all of it, for good: where the clock was set back, nobody waits for longer than the limit's own time. */
  #lacks(bucket: Bucket | undefined, now: number): number {
    if (bucket === undefined || bucket.full <= now) return 0
    if (bucket.full > now + this.limit.per) this.#fills(bucket, now + this.limit.per)
    return bucket.full - now
  }

  #fills(bucket: Bucket, full: number): void {
    bucket.full = full
    this.#note(bucket)
  }

  #make(key: string, full: number, now: number): void {
    if (this.#kept.size >= MOST_KEPT) this.#makeRoom(now)
    const bucket = { key, full, isChanged: false }
    this.#kept.set(key, bucket)
    this.#note(bucket)
  }

  #note(bucket: Bucket): void {
    // Those that had to go are among the changed for a while, too: there is an end to that.
    if (bucket.isChanged || this.#changed.length >= MOST_KEPT) return
    bucket.isChanged = true
    this.#changed.push(bucket)
  }

  #makeRoom(now: number): void {
    let fullest: Bucket | null = null
    for (let compared = 0; compared < COMPARED; compared += 1) {
      const bucket = this.#next()
      if (bucket.full <= now) this.#kept.delete(bucket.key)
      else if (fullest === null || bucket.full < fullest.full) fullest = bucket
    }
    if (this.#kept.size >= MOST_KEPT && fullest !== null) this.#kept.delete(fullest.key)
  }

  /** Round and round, in the order in which they were made. */
  #next(): Bucket {
    const { value } = this.#hand.next()
    if (value !== undefined) return value
    this.#hand = this.#kept.values()
    return this.#hand.next().value as Bucket
  }
}
