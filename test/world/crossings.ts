import type { Clock } from '../../src/deploy/clock.ts'
import type { Files } from '../../src/deploy/target.ts'
import type { Sql } from '../../src/store/sql.ts'
import type { Pace } from './pace.ts'

/** Thrown by a synchronous door of a dead process; an asynchronous one never answers. */
export class Dead extends Error {}

/** Where to die: before or after the nth crossing of a door, counted from 1. */
export interface Death {
  readonly at: number
  readonly side: 'before' | 'after'
}

/**
 * Every way out of one process, counted. At the given crossing the process dies: from then on nothing it does has any effect,
 * its promises never settle (so that no `finally` runs, as with `kill -9`), and what was done stays done.
 */
export class Crossings {
  #count = 0
  #isDead = false
  #onDeath: () => void = () => {}
  #death: Death | null
  readonly #pace: Pace | null
  readonly log: string[] = []
  /** Called at each crossing, before it happens, with its number. */
  enters: (at: number) => void = () => {}
  /** Resolves when the process dies. */
  readonly died: Promise<void>

  /** With a pace, what is asynchronous happens one at a time. */
  constructor(death: Death | null, pace: Pace | null = null) {
    this.#death = death
    this.#pace = pace
    this.died = new Promise((resolve) => {
      this.#onDeath = resolve
    })
  }

  get count(): number {
    return this.#count
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** A death that has not come, counted from here. */
  get unspent(): Death | null {
    return this.#death === null || this.#death.at <= this.#count ? null : { ...this.#death, at: this.#death.at - this.#count }
  }

  /** Where to die, counted from here. */
  awaits({ at, side }: Death): void {
    this.#death = { at: this.#count + at, side }
  }

  /** Dies here and now, whatever it was doing. */
  die(): void {
    this.#isDead = true
    this.#onDeath()
  }

  sync<T>(name: string, work: () => T): T {
    if (this.#isDead) throw new Dead()
    const here = this.#enter(name)
    if (here === 'before') throw new Dead()
    const result = work()
    if (here === 'after') this.die()
    if (this.#isDead) throw new Dead()
    return result
  }

  async async<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#isDead) return never()
    const here = this.#enter(name)
    if (here === 'before') return never()
    let result: T
    try {
      result = await (this.#pace === null ? work() : this.#pace.take(work, () => this.#isDead))
    } catch (error) {
      if (here === 'after') this.die()
      if (this.#isDead) return never()
      throw error
    }
    if (here === 'after') this.die()
    return this.#isDead ? never() : result
  }

  #enter(name: string): 'before' | 'after' | null {
    this.#count += 1
    this.log.push(name)
    this.enters(this.#count)
    if (this.#death?.at !== this.#count) return null
    if (this.#death.side === 'before') this.die()
    return this.#death.side
  }

  sql(disk: Sql): Sql {
    let isInside = false
    return {
      all: (query, ...params) => (isInside ? disk.all(query, ...params) : this.sync(`sql ${query.slice(0, 40)}`, () => disk.all(query, ...params))),
      transaction: (work) =>
        this.sync('sql transaction', () =>
          disk.transaction(() => {
            isInside = true
            try {
              return work()
            } finally {
              isInside = false
            }
          }),
        ),
    }
  }

  /** A dead process neither sets an alarm nor hears one; no crossing, because nothing outside changes. */
  clock(clock: Clock): Clock {
    const unlessDead = (work: () => void) => () => (this.#isDead ? undefined : work())
    return { now: () => clock.now(), after: (ms, work) => (this.#isDead ? () => {} : clock.after(ms, unlessDead(work))) }
  }

  fetch(name: string, fetch: typeof globalThis.fetch): typeof globalThis.fetch {
    return (input, init) => {
      const { pathname } = new URL(input instanceof Request ? input.url : String(input))
      const method = init?.method ?? (input instanceof Request ? input.method : 'GET')
      const answer = this.async(`${name} ${method} ${pathname}`, () => fetch(input, init))
      // @octokit/auth-app keeps token requests under way in its module, which here outlives the process: let go of them.
      return pathname.endsWith('/access_tokens') ? Promise.race([answer, this.died.then(() => Promise.reject(new Dead()))]) : answer
    }
  }

  files(files: Files): Files {
    const cross = <K extends keyof Files>(verb: K): Files[K] =>
      ((...args: Parameters<Files[K]>) => {
        const [path = ''] = args
        return this.async(`files ${verb} ${path}`, () => (files[verb] as (...inner: unknown[]) => Promise<unknown>)(...args))
      }) as Files[K]
    const changing = { write: cross('write'), move: cross('move'), remove: cross('remove') }
    return { ...changing, read: cross('read'), open: cross('open'), list: cross('list'), check: cross('check') }
  }
}

const never = (): Promise<never> => new Promise(() => {})
