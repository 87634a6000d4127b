import type { Random } from '../random.ts'
import { noise, word } from './text.ts'

export interface TokenAnswer {
  readonly body: string
  readonly type: string
  /** The token, where the answer hands one out that nobody else has: it must be sent to the registry alone. */
  readonly token: string | null
}

const JSON_TYPE = 'application/json'
let made = 0

/** What a token server says with a 200. */
export function tokenAnswer(random: Random): TokenAnswer {
  const kind = random.next()
  if (kind < 0.5) return handedOut(random, JSON.stringify)
  if (kind < 0.56)
    return handedOut(random, (body) => JSON.stringify(body).replace(/\}$/, ',"__proto__":{"token":"p","expires_in":9},"constructor":1}'))
  if (kind < 0.62) return handedOut(random, (body) => `${JSON.stringify(body).slice(0, -1)},"more":${deep(random)}}`)
  if (kind < 0.8) return { body: JSON.stringify(oddShape(random)), type: JSON_TYPE, token: null }
  const bodies = [
    () => '<!DOCTYPE html><title>Sign in</title><form>',
    () => '',
    () => 'null',
    () => `{"token":"${'x'.repeat(random.pick([100, 8_000, 131_000, 131_100, 200_000]))}"}`,
    () => `{"token":"cut${word(random)}`,
    () => `${' '.repeat(1_900)}"token":"${'y'.repeat(200)}"`,
    () => deep(random),
    () => noise(random, 400),
    () => '\ufeff{"token":"t"}',
    () => `{"token":"a","token":"${word(random)}"}`,
  ]
  return { body: random.pick(bodies)(), type: random.pick([JSON_TYPE, 'text/html', 'text/plain; charset=utf-8', '']), token: null }
}

function handedOut(random: Random, write: (body: object) => string): TokenAnswer {
  made += 1
  const token = random.chance(0.2) ? jwt(random, made) : `bearer-${made}-${'q'.repeat(20)}`
  const name = random.pick(['token', 'token', 'access_token'])
  const body = { [name]: token, ...lifetime(random), ...(random.chance(0.1) && { refresh_token: 'r', scope: 5 }) }
  return { body: write(body), type: random.pick([JSON_TYPE, JSON_TYPE, 'text/plain']), token }
}

const EXPIRES: readonly unknown[] = [300, 60, 5, 0, -1, 1e308, 1e-9, '300', '', 'soon', '0x10', '1e9', null, [], [7], {}, true, false, 9e15, '∞']
const TIMES: readonly unknown[] = ['2026-11-23T12:00:00Z', '2020-01-01T00:00:00Z', '2999-01-01', 'yesterday', '', 0, 1.7e12, null, {}]

const lifetime = (random: Random) => ({
  ...(random.chance(0.7) && { expires_in: random.pick(EXPIRES) }),
  ...(random.chance(0.4) && { issued_at: random.pick(TIMES) }),
})

/** Like a JWT: its claims are right, of wrong types, or no base64 at all. */
function jwt(random: Random, id: number): string {
  const times = [1_000, 4_600, -5, 1e308, '5', null, undefined, {}]
  const claims = { iat: random.pick(times), exp: random.pick(times), jti: id }
  const payload = random.pick([btoa(JSON.stringify(claims)).replaceAll('=', ''), btoa('[1]'), btoa('nothing'), '.', '', '-_-', 'abcde', '=='])
  return `jwt${id}-${'j'.repeat(20)}.${payload}.${word(random)}`
}

/** A field of another type than it should have, or with characters that no header may hold. */
function oddShape(random: Random): unknown {
  const values: readonly unknown[] = [
    '',
    0,
    1,
    true,
    null,
    [],
    ['t'],
    {},
    { token: 't' },
    'a b',
    'a\nb',
    'a\r\nx-evil: 1',
    'a\0b',
    'é',
    '💥',
    '\u2028',
    ' ',
    '\t',
  ]
  const fields = { token: random.pick(values), access_token: random.pick([undefined, ...values]), ...lifetime(random) }
  return random.pick([fields, fields, fields, [fields], { data: fields }, { Token: 't' }, [], 'token', 5, { errors: [{ code: 'DENIED' }] }])
}

function deep(random: Random): string {
  const depth = random.pick([10, 1_000, 20_000])
  return random.chance(0.5) ? '['.repeat(depth) + ']'.repeat(depth) : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
}
