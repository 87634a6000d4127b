import { Random } from './random.ts'

interface Waiting {
  /** The process that asked for it has died meanwhile. */
  isDead(): boolean
  run(): Promise<void>
  /** Does the work and tells nobody. */
  runUnheard(): Promise<void>
}

/**
 * Lets what leaves the process happen one at a time, in an order made from a seed: the next one only when nothing in the process
 * moves any more. So a seed is a history, and another seed is another interleaving of the same story. What was on its way when
 * the process died arrives, or does not.
 */
export class Pace {
  readonly #random: Random
  readonly #waiting: Waiting[] = []
  /** Called after everything that happened. */
  afterEach: () => void = () => {}
  #isRunning = false
  #allowed = Infinity
  #held: Promise<void> | null = null

  constructor(seed: number) {
    this.#random = new Random(seed)
  }

  /** Does the work when its turn has come. Never settles where the process is dead by then. */
  take<T>(work: () => Promise<T>, isDead: () => boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = (): Promise<void> => work().then(resolve, reject)
      const runUnheard = (): Promise<void> => work().then(ignore, ignore)
      this.#waiting.push({ isDead, run, runUnheard })
      this.#go()
    })
  }

  /** Something that happens from outside, while nothing else does. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#held !== null) await this.#held
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held = promise
    try {
      return await work()
    } finally {
      this.#held = null
      resolve()
    }
  }

  /** Lets so many things happen and stops the world there, until `goesOn`; fewer where nothing is left. */
  async steps(count: number): Promise<void> {
    this.#allowed = count
    this.#go()
    do await quiet(() => this.#waiting.length)
    while (this.#isRunning)
    this.#allowed = 0
  }

  goesOn(): void {
    this.#allowed = Infinity
    this.#go()
  }

  #go(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#run()
  }

  async #run(): Promise<void> {
    for (;;) {
      do {
        await this.#held
        await quiet(() => this.#waiting.length)
      } while (this.#held !== null)
      const next = this.#next()
      if (next === null) break
      this.#allowed -= 1
      await next()
      this.afterEach()
    }
    this.#isRunning = false
  }

  /** What dead processes left on its way goes first: nothing of it arrives after the next process has begun to look around. */
  #next(): (() => Promise<void>) | null {
    const orphan = this.#waiting.findIndex(({ isDead }) => isDead())
    if (orphan !== -1) {
      const [left] = this.#waiting.splice(orphan, 1)
      return this.#random.chance(0.5) ? () => left!.runUnheard() : () => Promise.resolve()
    }
    if (this.#waiting.length === 0 || this.#allowed <= 0) return null
    const [chosen] = this.#waiting.splice(this.#random.below(this.#waiting.length), 1)
    return () => chosen!.run()
  }
}

const ROUNDS = 3

/** Resolves when promises and immediates have nothing more to do. */
async function quiet(count: () => number): Promise<void> {
  let seen = count()
  for (let round = 0; round < ROUNDS; round++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (count() !== seen) round = -1
    seen = count()
  }
}

const ignore = (): void => {}
