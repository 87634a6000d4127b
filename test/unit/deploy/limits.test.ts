import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Buckets, MOST_KEPT } from '../../../src/deploy/buckets.ts'
import { createLimits, LIMITS, remaining, type OwnLimits } from '../../../src/deploy/limits.ts'
import { createLimitRows } from '../../../src/store/limits.ts'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { Time } from '../../world/time.ts'

const FIVE = { burst: 5, per: 10_000 }
const NOW = Date.UTC(2026, 10, 23)

/** The same in the naive way: tokens that come back one by one. */
class Model {
  readonly #limit: typeof FIVE
  #tokens: number
  #at = NOW

  constructor(limit: typeof FIVE) {
    this.#limit = limit
    this.#tokens = limit.burst * limit.per
  }

  take(now: number, count: number): boolean {
    const { burst, per } = this.#limit
    this.#tokens = Math.min(burst * per, this.#tokens + (now - this.#at) * burst)
    this.#at = now
    if (this.#tokens < count * per) return false
    this.#tokens -= count * per
    return true
  }
}

describe('a bucket', () => {
  test('gives what a naive one gives, at whatever times', () => {
    const asked = fc.array(fc.record({ after: fc.integer({ min: 0, max: 4_000 }), count: fc.integer({ min: 1, max: 3 }) }), { maxLength: 60 })
    fc.assert(
      fc.property(asked, (all) => {
        const [buckets, model] = [new Buckets(FIVE), new Model(FIVE)]
        let now = NOW
        for (const { after, count } of all) {
          now += after
          const wait = buckets.wait('a', now, count)
          const taken = buckets.take('a', now, count)
          expect(taken >= 0).toBe(model.take(now, count))
          expect(wait).toBe(Math.max(0, -taken))
        }
      }),
    )
  })

  test('says when the next one is there, and not a millisecond later', () => {
    const buckets = new Buckets(FIVE)
    for (let nth = 0; nth < 5; nth += 1) expect(buckets.take('a', NOW)).toBe((nth + 1) * 2_000)
    expect(buckets.take('a', NOW)).toBe(-2_000)
    expect(buckets.take('a', NOW + 1_999)).toBe(-1)
    expect(buckets.take('a', NOW + 2_000)).toBe(10_000)
    expect(buckets.take('b', NOW)).toBe(2_000)
  })

  test('whose clock was set back keeps nobody out for longer than its own time', () => {
    const buckets = new Buckets(FIVE)
    for (let nth = 0; nth < 5; nth += 1) buckets.take('a', NOW)
    const before = NOW - 86_400_000
    expect(buckets.take('a', before)).toBe(-2_000)
    expect(buckets.take('a', before + 2_000)).toBeGreaterThan(0)
    expect(buckets.take('a', before + 12_000, 5)).toBe(10_000)
    buckets.restore('b', NOW, before)
    expect(buckets.take('b', before + 2_000)).toBeGreaterThan(0)
  })

  test('gets back what should not have counted', () => {
    const buckets = new Buckets(FIVE)
    for (let nth = 0; nth < 5; nth += 1) buckets.take('a', NOW)
    buckets.take('a', NOW, -1)
    expect([buckets.take('a', NOW), buckets.take('a', NOW)]).toEqual([10_000, -2_000])
    buckets.take('b', NOW, -1)
    expect(buckets.take('b', NOW)).toBe(2_000)
  })

  test('that is full again is forgotten', () => {
    const buckets = new Buckets(FIVE)
    for (let nth = 0; nth < 100; nth += 1) buckets.take(`k${nth}`, NOW)
    expect(buckets.changed(1_000, NOW + 1_000)).toHaveLength(100)
    expect(buckets.size).toBe(100)
    buckets.changed(1_000, NOW + 2_000)
    expect(buckets.size).toBe(0)
  })
})

describe('more keys than there is room for', () => {
  test('do not free who has taken much: others who took little go', () => {
    const buckets = new Buckets({ burst: 3_000, per: 60_000 })
    buckets.take('flood', NOW, 3_000)
    for (let nth = 0; nth < 300_000; nth += 1) buckets.take(`2001:db8:${nth >> 16}:${nth & 0xffff}`, NOW)
    expect(buckets.size).toBe(MOST_KEPT)
    expect(buckets.take('flood', NOW)).toBeLessThan(0)
  })

  test('do not make what is still to be written down grow without an end', () => {
    const buckets = new Buckets(FIVE)
    for (let nth = 0; nth < 3 * MOST_KEPT; nth += 1) buckets.take(`k${nth}`, NOW)
    expect(buckets.changed(Infinity, NOW)).toHaveLength(MOST_KEPT)
    expect(buckets.isChanged).toBe(false)
  })
})

describe('limits', () => {
  const SQL = memoryDatabase()
  const troubles: unknown[] = []
  const starts = (time: Time, sql = SQL): OwnLimits =>
    createLimits({ rows: createLimitRows(sql), clock: time, trouble: (error) => troubles.push(error) })
  const taken = (limits: OwnLimits, count: number): number[] => Array.from({ length: count }, () => limits.take('guess', 'a'))

  test('outlive the process but for its last three seconds, and all of it where it stops politely', async () => {
    const sql = memoryDatabase()
    const time = new Time(() => Promise.resolve())
    const first = starts(time, sql)
    taken(first, 19)
    expect(sql.all('select * from rate_limit')).toEqual([])
    await time.passes('3 seconds')
    expect(sql.all('select name, key from rate_limit')).toEqual([{ name: 'guess', key: 'a' }])
    taken(first, 2)
    time.forget()
    const second = starts(time, sql)
    expect(taken(second, 3).map((one) => one > 0)).toEqual([true, true, false])
    second.keep()
    expect(starts(time, sql).take('guess', 'a')).toBeLessThan(0)
  })

  test('write nothing where nothing was taken, and forget what is full again', async () => {
    const sql = memoryDatabase()
    const time = new Time(() => Promise.resolve())
    const limits = starts(time, sql)
    expect(time.isWaiting).toBe(false)
    limits.take('look', '1')
    await time.passes('3 seconds')
    expect(time.isWaiting).toBe(false)
    limits.take('look', '2')
    await time.passes('3 seconds')
    expect(sql.all('select 1 from rate_limit')).toEqual([])
  })

  test('that cannot be written down hold all the same, and are written once there is room', async () => {
    const sql = memoryDatabase()
    const time = new Time(() => Promise.resolve())
    let isFull = true
    const rows = createLimitRows({ ...sql, all: sql.all.bind(sql), transaction: (work) => (isFull ? fail() : sql.transaction(work)) })
    const limits = createLimits({ rows, clock: time, trouble: (error) => troubles.push(error) })
    limits.take('change', '1', 60)
    await time.passes('3 seconds')
    expect(troubles.splice(0)).toHaveLength(1)
    limits.take('change', '1', 3)
    expect(limits.take('change', '1')).toBeLessThan(0)
    isFull = false
    limits.keep()
    expect(sql.all('select name, key from rate_limit')).toEqual([{ name: 'change', key: '1' }])
  })

  test('are taken from together or not at all', () => {
    const limits = starts(new Time(() => Promise.resolve()), memoryDatabase())
    const mine = [
      ['change', '1'],
      ['repository', '42'],
    ] as const
    expect(limits.takeAll(mine, 60)).toBeNull()
    expect(limits.takeAll(mine)).toEqual({ name: 'change', wait: 1_000 })
    for (const key of ['2', '3', '4', '5']) expect(limits.takeAll([['change', key], mine[1]], 60)).toBeNull()
    expect(limits.takeAll([['change', '6'], mine[1]])).toEqual({ name: 'repository', wait: 200 })
    expect(limits.take('change', '6')).toBe(1_000)
  })

  test('say what is left in whole ones and seconds', () => {
    const limits = starts(new Time(() => Promise.resolve()), memoryDatabase())
    expect(remaining('change', limits.take('change', '1'))).toEqual({ left: 59, seconds: 1 })
    expect(remaining('change', limits.take('change', '1', 59))).toEqual({ left: 0, seconds: 60 })
    expect(remaining('change', limits.take('change', '1'))).toEqual({ left: 0, seconds: 60 })
  })

  test('have times that are whole milliseconds', () => {
    for (const { burst, per } of Object.values(LIMITS)) expect(per % burst).toBe(0)
  })

  test('of another version are nobody’s', () => {
    const sql = memoryDatabase()
    sql.all('insert into rate_limit (name, key, full) values (?, ?, ?)', 'toString', 'a', NOW * 2)
    expect(starts(new Time(() => Promise.resolve()), sql).take('look', 'a')).toBe(100)
  })
})

const fail = (): never => {
  throw new Error('the disk is full')
}
