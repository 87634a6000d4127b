import { beforeEach, describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { createRegistryClient } from '../../../src/registry/client.ts'
import { fingerprint, secretOf, type Credential } from '../../../src/registry/credential.ts'
import { createMintedStore, type MadeOf } from '../../../src/registry/minted-store.ts'
import { foundSource, mintedSource, storedSource } from '../../../src/registry/source.ts'
import { Secret } from '../../../src/secret.ts'
import { KeptAside } from '../../world/kept-aside.ts'
import { basic } from '../../world/registry-client.ts'
import { endOf, stillDoors, wish } from '../../world/still-doors.ts'

// What a cloud has made for one process is there for the next one, as long as it lives and is made of the same.

const HOUR = 3_600_000
const LIFE = 12 * HOUR
const NOON = Date.UTC(2026, 10, 23, 12)
const OURS: MadeOf = {
  key: 'aws',
  registry: '123456789012.dkr.ecr.eu-central-1.amazonaws.com',
  given: { access_key_id: 'AKIA', secret_access_key: new Secret('a-key'), role_arn: 'arn:aws:iam::1:role/pulls' },
}

let store: KeptAside
let made: number
let cloud: () => Credential
/** What was held, and how old it was, before anybody could use it. */
let told: [secret: string, age: number][]

beforeEach(() => {
  ;[store, made, told] = [new KeptAside(), 0, []]
  cloud = () => basic('AWS', `password ${(made += 1)}`)
})
const isDown = () => {
  throw new Failure('CREDENTIAL_SOURCE_FAILED', { sentence: 'No.', next: 'Look.', retryable: true })
}

/** A process that begins at this time of the wall clock; its own monotonic clock begins at 0. */
function begins(at: number, madeOf = OURS) {
  const doors = stillDoors()
  const start = doors.time.now()
  const clocks = { ...doors, now: () => doors.time.now() - start, date: () => at + doors.time.now() - start }
  const source = mintedSource(async () => ({ credential: cloud(), lifetime: LIFE }), clocks, {
    onHeld: ({ credential }, age) => void told.push([secretOf(credential), age]),
    store: createMintedStore(store, madeOf, clocks),
  })
  const lend = (atLeast = 0) => source.lend(atLeast, wish(clocks))
  const says = async (atLeast?: number) => secretOf((await lend(atLeast)).credential)
  return { source, lend, says, time: doors.time, wish: () => wish(clocks) }
}

describe('a minted credential that an earlier process kept', () => {
  test('is lent without a question, and was told of before', async () => {
    await begins(NOON).lend()
    const later = begins(NOON + HOUR)
    expect(told).toEqual([['password 1', 0]])
    expect(await later.lend()).toMatchObject({ until: LIFE - HOUR - 30_000, isHeld: true })
    expect(told.slice(1)).toEqual([['password 1', HOUR]])
    expect([await later.says(), made]).toEqual(['password 1', 1])
  })

  test('is looked for by a client that has a store, and by no other', async () => {
    const sources = [store, undefined].map((kept) => {
      const client = createRegistryClient(stillDoors(), { plainHttp: [], trustedRealms: [], trustedStorage: [] }, kept)
      return client.minted(OURS.key, OURS.given, OURS.registry)
    })
    for (const source of sources) await source.fingerprints()
    expect(store.found).toBe(1)
  })

  test('is looked for once, however many want it at once', async () => {
    await begins(NOON).lend()
    const { says } = begins(NOON + HOUR)
    expect(await Promise.all([says(), says(), says()])).toEqual(['password 1', 'password 1', 'password 1'])
    expect([await says(), store.found, made]).toEqual(['password 1', 2, 1])
  })

  test('is made anew at half of its life, and not before', async () => {
    await begins(NOON).lend()
    const later = begins(NOON + HOUR)
    expect([await later.source.refresh(later.wish()), made]).toEqual(['young', 1])
    expect(told.at(-1)).toEqual(['password 1', HOUR])
    later.time.moves(5 * HOUR)
    expect([await later.source.refresh(later.wish()), made]).toEqual(['made', 2])
    expect(await begins(NOON + 6 * HOUR).says()).toBe('password 2')
  })

  test('serves past that while the cloud is down, and not past its end', async () => {
    await begins(NOON).lend()
    cloud = isDown
    expect(await begins(NOON + 7 * HOUR).says()).toBe('password 1')
    expect(await endOf(begins(NOON + LIFE - HOUR).lend(2 * HOUR))).toBe('failed CREDENTIAL_SOURCE_FAILED')
    expect(await endOf(begins(NOON + LIFE).lend())).toBe('failed CREDENTIAL_SOURCE_FAILED')
    expect(told).toHaveLength(3)
  })

  test('lives no longer than it does in all, where the clock was put back', async () => {
    await begins(NOON).lend()
    expect(await begins(NOON - 24 * HOUR).lend()).toMatchObject({ until: LIFE - 30_000 })
    expect(made).toBe(1)
  })

  test('is dropped where the registry refuses it, though the cloud has no other one', async () => {
    await begins(NOON).lend()
    const later = begins(NOON + HOUR)
    const refused = await later.lend()
    cloud = isDown
    expect(await endOf(later.source.renew(refused, later.wish()))).toBe('failed CREDENTIAL_SOURCE_FAILED')
    expect(store.kept.size).toBe(0)
    cloud = () => basic('AWS', 'another password')
    expect(secretOf((await later.source.renew(refused, later.wish()))!.credential)).toBe('another password')
    expect(await begins(NOON + HOUR).says()).toBe('another password')
  })

  test.for<[string, Partial<MadeOf>]>([
    ['role', { given: { ...OURS.given, role_arn: 'arn:aws:iam::1:role/other' } }],
    ['key', { given: { ...OURS.given, secret_access_key: new Secret('another-key') } }],
    ['exchange', { key: 'google' }],
    ['registry', { registry: '123456789012.dkr.ecr.us-east-1.amazonaws.com' }],
  ])('is not used with another %s', async ([, other]) => {
    await begins(NOON).lend()
    expect(await begins(NOON, { ...OURS, ...other }).says()).toBe('password 2')
    expect(new Set([...store.kept.values()].map(({ source }) => source)).size).toBe(2)
  })

  test('is the same in whatever order its source is written', async () => {
    await begins(NOON).lend()
    expect(await begins(NOON, { ...OURS, given: Object.fromEntries(Object.entries(OURS.given).toReversed()) }).says()).toBe('password 1')
  })

  test('may be a token', async () => {
    cloud = () => ({ kind: 'identity', token: new Secret('a-token') })
    await begins(NOON).lend()
    cloud = isDown
    expect((await begins(NOON).lend()).credential).toEqual({ kind: 'identity', token: new Secret('a-token') })
  })

  test('is kept until its end, under a name that says nothing', async () => {
    await begins(NOON).lend()
    expect([...store.kept]).toEqual([
      [
        expect.stringMatching(/^\["minted","[0-9a-f]{64}"\]$/),
        { source: expect.stringMatching(/^[0-9a-f]{64}$/), until: NOON + LIFE, value: expect.any(Secret) },
      ],
    ])
  })
})

test('what is kept belongs to a source, and to the credential that it has at the moment', async () => {
  const { source, lend } = begins(NOON)
  const [own] = await source.fingerprints()
  expect(await source.fingerprints()).toEqual([own])
  const { credential } = await lend()
  expect([...store.kept.values()].map((kept) => kept.source)).toEqual([own])
  expect(await begins(NOON).source.fingerprints()).toEqual([own, await fingerprint(credential)])
  expect(await begins(NOON + LIFE).source.fingerprints()).toEqual([own])
  const ada = basic('ada', 'a password')
  expect(await storedSource(ada, null, stillDoors()).fingerprints()).toEqual([await fingerprint(ada)])
  expect(await foundSource(async () => ada).fingerprints()).toEqual([])
  expect(await mintedSource(async () => ({ credential: ada, lifetime: LIFE }), stillDoors()).fingerprints()).toEqual([])
})
