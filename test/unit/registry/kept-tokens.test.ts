import { beforeEach, expect, test } from 'vitest'
import { anonymous, fingerprint, type Credential } from '../../../src/registry/credential.ts'
import { generic } from '../../../src/registry/keychains/generic.ts'
import { pullScope } from '../../../src/registry/scope.ts'
import { createTokens } from '../../../src/registry/token.ts'
import { basic } from '../../world/registry-client.ts'
import { stillDoors, wish } from '../../world/still-doors.ts'
import { KeptAside } from '../../world/kept-aside.ts'

const ALICE = basic('alice', 'a password')
let store: KeptAside
let made: number
let body: object
let serverDate: string | null
beforeEach(() => {
  ;[store, made, body, serverDate] = [new KeptAside(), 0, { expires_in: 300 }, null]
})

/** A process that begins at this time of the wall clock; its own monotonic clock begins at 0. */
function begins(at: number) {
  const doors = stillDoors()
  const start = doors.time.now()
  const clocks = { ...doors, now: () => doors.time.now() - start, date: () => at + doors.time.now() - start }
  const send = () => {
    made += 1
    return Promise.resolve({
      response: Response.json({ token: `token-${made}`, ...body }, { headers: serverDate === null ? {} : { date: serverDate } }),
      hasLeft: false,
    })
  }
  const tokens = createTokens({ send }, clocks, store)
  const request = {
    origin: 'https://registry.example',
    realm: { url: new URL('https://registry.example/token'), isTrusted: true },
    service: 'registry',
    scopes: [pullScope('acme/shop')],
    tenant: '',
    keychain: generic,
  }
  return { tokens, time: doors.time, get: (credential: Credential = ALICE) => tokens.get({ ...request, credential }, wish(clocks)) }
}

test('a token that lives is not asked for again by the next process', async () => {
  const first = await begins(1_000_000).get()
  expect([first.token.value.reveal(), first.isNew]).toEqual(['token-1', true])
  const later = begins(1_100_000)
  const again = await later.get()
  expect([again.token.value.reveal(), again.isNew, made]).toEqual(['token-1', false, 1])
  // 300 s less the margin of 30, of which 100 are over.
  expect(again.token).toMatchObject({
    askedAt: -100_000,
    usableUntil: 170_000,
    lifetime: 300_000,
    serverDate: Number.NaN,
    scopes: first.token.scopes,
  })
  expect((await later.get()).isNew).toBe(false)
  expect(store.found).toBe(2)
})

test('one whose time is over is', async () => {
  await begins(1_000_000).get()
  expect((await begins(1_270_000).get()).token.value.reveal()).toBe('token-2')
})

test('a clock that was put back makes none live longer than it does in all', async () => {
  await begins(1_000_000_000).get()
  expect((await begins(1_000).get()).token.usableUntil).toBe(300_000)
})

test('what the server’s clock said is kept with it', async () => {
  serverDate = 'Thu, 01 Jan 2026 00:00:00 GMT'
  await begins(1_000_000).get()
  expect((await begins(1_000_000).get()).token.serverDate).toBe(Date.UTC(2026, 0, 1))
})

test('of another credential, and of none, nothing is taken or kept', async () => {
  await begins(1_000_000).get()
  expect((await begins(1_000_000).get(basic('alice', 'another'))).token.value.reveal()).toBe('token-2')
  expect((await begins(1_000_000).get(anonymous)).token.value.reveal()).toBe('token-3')
  expect([...store.kept.values()].map(({ source }) => source)).toEqual([await fingerprint(ALICE), await fingerprint(basic('alice', 'another'))])
})

test('one that the registry refused is not taken up again', async () => {
  await begins(1_000_000).get()
  const { tokens, get } = begins(1_000_000)
  const kept = store.kept
  const { token } = await get()
  tokens.drop(token)
  tokens.drop(token)
  expect(kept.size).toBe(0)
  // Nor where the store is slower to forget it than we are to ask.
  store.find = () => Promise.reject(new Error('must not be asked'))
  expect((await get()).token.value.reveal()).toBe('token-2')
})

test('which were looked for is not remembered without end', async () => {
  const { get } = begins(1_000_000)
  for (let at = 0; at < 1_001; at += 1) await get(basic('alice', `password ${at}`))
  expect(store.found).toBe(1_001)
})
