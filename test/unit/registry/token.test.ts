import { beforeEach, describe, expect, test } from 'vitest'
import { generic } from '../../../src/registry/keychains/generic.ts'
import { pullScope } from '../../../src/registry/scope.ts'
import { createTokens } from '../../../src/registry/token.ts'
import type { Token, Tokens } from '../../../src/registry/token.ts'
import { basic } from '../../world/registry-client.ts'
import { stillDoors, wish } from '../../world/still-doors.ts'
import type { StillDoors } from '../../world/still-doors.ts'

let doors: StillDoors
let tokens: Tokens
let asked: number
/** What the token server answers: the body, and its own clock where it says one. */
let says: { readonly body: object; readonly date?: string }
let ahead: number

beforeEach(() => {
  ;[asked, ahead] = [0, 0]
  doors = stillDoors({ date: () => doors.time.now() + ahead })
  const send = () => {
    asked += 1
    const headers = says.date === undefined ? {} : { date: says.date }
    return Promise.resolve({ response: Response.json(says.body, { headers }), hasLeft: false })
  }
  tokens = createTokens({ send }, doors)
})

const request = {
  origin: 'https://registry.example',
  realm: { url: new URL('https://registry.example/token'), isTrusted: true },
  service: 'registry',
  scopes: [pullScope('acme/shop')],
  credential: basic('alice', 'a password'),
  tenant: '',
  keychain: generic,
}
const get = async (over: Partial<Parameters<Tokens['get']>[0]> = {}): Promise<Token> => (await tokens.get({ ...request, ...over }, wish(doors))).token
const lifetimeOf = async (body: object, date?: string): Promise<number> => {
  says = { body, ...(date !== undefined && { date }) }
  return (await get()).lifetime
}

/** A JWT that nobody signed: only its claims are of interest here, and those only as a hint. */
const jwt = (claims: object) => `${btoa('{}')}.${btoa(JSON.stringify(claims)).replace(/=+$/, '')}.x`

describe('how long a token lives', () => {
  test.for([
    ['as a number', { token: 't', expires_in: 300 }, 300],
    ['as a text', { token: 't', expires_in: '300' }, 300],
    ['less than the minute that the specification promises', { token: 't', expires_in: 5 }, 5],
    ['nought: a second', { token: 't', expires_in: 0 }, 1],
    ['less than nought: a second', { token: 't', expires_in: -60 }, 1],
    ['not at all: a minute', { token: 't' }, 60],
    ['as a word: a minute', { token: 't', expires_in: 'soon' }, 60],
    ['as null: a minute', { token: 't', expires_in: null }, 60],
    ['inside a JWT only, as Quay does', { token: jwt({ iat: 1_000, exp: 4_600 }) }, 3_600],
    ['inside and outside: outside counts', { token: jwt({ iat: 1_000, exp: 4_600 }), expires_in: 300 }, 300],
    ['inside a JWT that ends before it begins: a minute', { token: jwt({ iat: 4_600, exp: 1_000 }) }, 60],
    ['inside a JWT without iat: a minute', { token: jwt({ exp: 4_600 }) }, 60],
    ['inside what only looks like a JWT: a minute', { token: 'a.b.c' }, 60],
  ] as const)('said %s', async ([, body, seconds]) => expect(await lifetimeOf(body)).toBe(seconds * 1000))

  test('less by the age of a token out of the server’s own cache', async () => {
    const [date, issued] = ['Mon, 23 Nov 2026 12:02:00 GMT', '2026-11-23T12:00:00Z']
    expect(await lifetimeOf({ token: 't', expires_in: 300, issued_at: issued }, date)).toBe(180_000)
  })

  test.for([
    ['in the future', '2026-11-23T12:05:00Z', 'Mon, 23 Nov 2026 12:02:00 GMT'],
    ['where the server does not say its time', '2026-11-23T12:00:00Z', undefined],
    ['that is no time', 'yesterday', 'Mon, 23 Nov 2026 12:02:00 GMT'],
  ] as const)('issued_at %s takes nothing away', async ([, issued_at, date]) =>
    expect(await lifetimeOf({ token: 't', expires_in: 300, issued_at }, date)).toBe(300_000),
  )

  test('a token older than its life is used once, and not for ever', async () => {
    expect(await lifetimeOf({ token: 't', expires_in: 60, issued_at: '2026-11-23T11:00:00Z' }, 'Mon, 23 Nov 2026 12:00:00 GMT')).toBe(1_000)
  })
})

describe('how long a token is used', () => {
  test.for([
    [20, 15], // at least 5 s before its end
    [100, 90],
    [300, 270],
    [3_600, 3_570], // at most 30 s
  ] as const)('one of %i s for %i s', async ([lifetime, used]) => {
    says = { body: { token: 't', expires_in: lifetime } }
    await get()
    doors.time.moves(used * 1000 - 1)
    await get()
    expect(asked).toBe(1)
    doors.time.moves(1)
    await get()
    expect(asked).toBe(2)
  })

  test('counts from when it was asked for, on our own clock that only goes forward', async () => {
    says = { body: { token: 't', expires_in: 300 }, date: 'Thu, 01 Jan 1970 00:00:00 GMT' }
    expect((await get()).usableUntil).toBe(doors.now() + 270_000)
  })

  test('does not depend on the wall clock, however it jumps', async () => {
    says = { body: { token: 't', expires_in: 300 } }
    for (ahead of [0, 3_600_000, -3_600_000, 86_400_000]) await get()
    expect(asked).toBe(1)
    doors.time.moves(270_000)
    ahead = -86_400_000
    await get()
    expect(asked).toBe(2)
  })

  test('is over where the registry refused it', async () => {
    says = { body: { token: 't', expires_in: 300 } }
    tokens.drop(await get())
    await get()
    expect(asked).toBe(2)
  })

  test('is not over because an older one is refused late', async () => {
    says = { body: { token: 'old', expires_in: 300 } }
    const old = await get()
    tokens.drop(old)
    says = { body: { token: 'new', expires_in: 300 } }
    await get()
    tokens.drop(old)
    expect((await get()).value.reveal()).toBe('new')
    expect(asked).toBe(2)
  })
})

describe('whose a token is', () => {
  beforeEach(() => void (says = { body: { access_token: 'a', token: 'b', expires_in: 300 } }))

  test('of two names for it, access_token counts', async () => expect((await get()).value.reveal()).toBe('a'))

  test('equal questions at one time are one', async () => {
    await Promise.all([get(), get(), get()])
    expect(asked).toBe(1)
  })

  test.for([
    ['tenant', { tenant: 'another' }],
    ['password', { credential: basic('alice', 'another') }],
    ['user name', { credential: basic('bob', 'a password') }],
    ['repository', { scopes: [pullScope('acme/other')] }],
    ['service', { service: 'another' }],
    ['registry', { origin: 'https://other.example' }],
    ['realm', { realm: { url: new URL('https://registry.example/other'), isTrusted: true } }],
  ] as const)('it is not shared with another %s', async ([, over]) => {
    await get()
    await get(over)
    expect(asked).toBe(2)
  })
})
