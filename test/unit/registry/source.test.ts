import { beforeEach, describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { secretOf } from '../../../src/registry/credential.ts'
import type { Operation } from '../../../src/registry/doors.ts'
import { foundSource, mintedSource, storedSource } from '../../../src/registry/source.ts'
import type { CredentialSource, Lent, MintedSource } from '../../../src/registry/source.ts'
import { basic } from '../../world/registry-client.ts'
import { settled, endOf, stillDoors, wish } from '../../world/still-doors.ts'
import type { StillDoors } from '../../world/still-doors.ts'

const HOURS = 3_600_000
const LIFE = 12 * HOURS // ECR's

let doors: StillDoors
let source: MintedSource
/** How often the cloud was asked, and what it does then. */
let asked: number
let cloud: (operation: Operation) => Promise<number>
let told: number[]

const trouble = (code: Failure['problem']['code'], retryable: boolean) => new Failure(code, { sentence: 'No.', next: 'Look.', retryable })
const isDown = () => Promise.reject(trouble('CREDENTIAL_SOURCE_FAILED', true))
const says = (secret: Lent) => secretOf(secret.credential)
const lend = (atLeast = 0, over: Partial<Operation> = {}) => source.lend(atLeast, wish(doors, over))

beforeEach(() => {
  doors = stillDoors()
  asked = 0
  told = []
  cloud = () => Promise.resolve(LIFE)
  source = mintedSource(
    async (operation) => {
      const credential = basic('AWS', `password ${(asked += 1)}`)
      return { credential, lifetime: await cloud(operation) }
    },
    doors,
    { onHeld: ({ lifetime }) => void told.push(lifetime) },
  )
})

describe('a minted credential', () => {
  test('is made when it is first wanted, and kept', async () => {
    expect(asked).toBe(0)
    expect([says(await lend()), says(await lend())]).toEqual(['password 1', 'password 1'])
    expect(told).toEqual([LIFE])
  })

  test('is asked for once, however many want it at once', async () => {
    const all = await Promise.all([lend(), lend(), lend(), lend(), lend()])
    expect(all.map(says)).toEqual(Array.from({ length: 5 }, () => 'password 1'))
    expect(asked).toBe(1)
  })

  test('is not taken from the others by one who leaves', async () => {
    let answer = (_lifetime: number) => {}
    cloud = () => new Promise((resolve) => (answer = resolve))
    const leaving = new AbortController()
    const left = lend(0, { signal: leaving.signal })
    const stayed = lend()
    await settled()
    leaving.abort(new Error('gone'))
    expect(await endOf(left)).toBe('failed Error: gone')
    answer(LIFE)
    expect(says(await stayed)).toBe('password 1')
  })

  test('is made anew at half of its life', async () => {
    await lend()
    doors.time.moves(LIFE / 2 - 60_000)
    expect(says(await lend())).toBe('password 1')
    doors.time.moves(60_000)
    expect(says(await lend())).toBe('password 2')
  })

  test('serves on while the cloud is down, and not a moment after its end', async () => {
    await lend()
    cloud = isDown
    doors.time.moves(LIFE / 2 + HOURS)
    expect(says(await lend())).toBe('password 1')
    doors.time.moves(LIFE / 2 - HOURS - 31_000)
    expect(says(await lend())).toBe('password 1')
    doors.time.moves(2_000) // the margin before its end
    expect(await endOf(lend())).toBe('failed CREDENTIAL_SOURCE_FAILED')
  })

  test('does not serve on where the cloud says no for good', async () => {
    await lend()
    cloud = () => Promise.reject(trouble('CREDENTIAL_SOURCE_FAILED', false))
    doors.time.moves(LIFE / 2 + HOURS)
    expect(await endOf(lend())).toBe('failed CREDENTIAL_SOURCE_FAILED')
  })

  test('does not serve a pull that it would not outlive, though the cloud is down', async () => {
    await lend()
    cloud = isDown
    doors.time.moves(LIFE - 300_000)
    expect(says(await lend())).toBe('password 1')
    expect(await endOf(lend(600_000))).toBe('failed CREDENTIAL_SOURCE_FAILED')
  })

  test('is made anew where it would not outlive the pull', async () => {
    cloud = () => Promise.resolve(15 * 60_000)
    await lend()
    doors.time.moves(6 * 60_000)
    expect(says(await lend())).toBe('password 1')
    expect(says(await lend(10 * 60_000))).toBe('password 2')
  })

  test('that never lives long enough is CREDENTIAL_LIFETIME_TOO_SHORT, with both times', async () => {
    cloud = () => Promise.resolve(5 * 60_000)
    const error = await lend(10 * 60_000).catch((error: unknown) => error as Failure)
    expect((error as Failure).problem).toMatchObject({
      code: 'CREDENTIAL_LIFETIME_TOO_SHORT',
      found: 'it lives for another 4.5 min',
      wanted: expect.stringMatching(/^at least 10 min/),
    })
  })

  test('is not remembered where none could be made', async () => {
    cloud = isDown
    expect(await endOf(lend())).toBe('failed CREDENTIAL_SOURCE_FAILED')
    cloud = () => Promise.resolve(LIFE)
    expect(says(await lend())).toBe('password 2')
  })

  test('is not asked for with refused keys for a quarter of an hour', async () => {
    cloud = () => Promise.reject(trouble('CREDENTIALS_INVALID', false))
    expect(await endOf(lend())).toBe('failed CREDENTIALS_INVALID')
    expect(await endOf(lend())).toBe('failed CREDENTIALS_INVALID')
    expect(asked).toBe(1)
    doors.time.moves(15 * 60_000)
    expect(await endOf(lend())).toBe('failed CREDENTIALS_INVALID')
    expect(asked).toBe(2)
  })

  test('does not care what the wall clock does', async () => {
    let ahead = 0
    const jumping = mintedSource(() => Promise.resolve({ credential: basic('AWS', `${(asked += 1)}`), lifetime: LIFE }), {
      ...doors,
      date: () => doors.time.now() + ahead,
    })
    await jumping.lend(0, wish(doors))
    ahead = 24 * HOURS
    await jumping.lend(0, wish(doors))
    ahead = -24 * HOURS
    await jumping.lend(0, wish(doors))
    expect(asked).toBe(1)
  })
})

describe('a minted credential that is refused', () => {
  test('is replaced once, for all who were refused', async () => {
    const refused = await lend()
    const others = await Promise.all([source.renew(refused, wish(doors)), source.renew(refused, wish(doors))])
    expect(others.map((one) => one && says(one))).toEqual(['password 2', 'password 2'])
    expect(says((await source.renew(refused, wish(doors)))!)).toBe('password 2')
    expect(asked).toBe(2)
  })

  test('counts as held only where it was made for somebody earlier', async () => {
    expect((await lend()).isHeld).toBe(false)
    expect((await lend()).isHeld).toBe(true)
  })

  test('can be made anew before anybody is refused', async () => {
    await lend()
    expect(await source.refresh(wish(doors))).toBe('young')
    doors.time.moves(LIFE / 2)
    expect(await source.refresh(wish(doors))).toBe('made')
    expect(says(await lend())).toBe('password 2')
  })
})

describe('a stored credential', () => {
  const alice = basic('alice', 'a password')
  const lends = (from: CredentialSource, atLeast = 0) => from.lend(atLeast, wish(doors))

  test('without a known end is lent as it is', async () => {
    expect(await lends(storedSource(alice, null, doors), LIFE)).toEqual({ credential: alice, until: null, isHeld: false, login: null })
  })

  test('ends by the wall clock', async () => {
    const stored = storedSource(alice, doors.date() + HOURS, doors)
    expect((await lends(stored)).until).toBe(doors.now() + HOURS)
    expect(await endOf(lends(stored, 2 * HOURS))).toBe('failed CREDENTIAL_LIFETIME_TOO_SHORT')
    doors.time.moves(HOURS)
    expect(await endOf(lends(stored))).toBe('failed CREDENTIAL_EXPIRED')
  })

  test('cannot be replaced', async () => {
    const stored = storedSource(alice, null, doors)
    expect(await stored.renew(await lends(stored), wish(doors))).toBeNull()
  })

  test('that somebody else keeps is looked up each time', async () => {
    const kept = [alice, null]
    const found = foundSource(() => Promise.resolve(kept.shift() ?? null))
    expect((await lends(found)).credential).toBe(alice)
    expect(await endOf(lends(found))).toBe('failed CREDENTIAL_MISSING')
  })
})
