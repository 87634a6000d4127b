import { describe, expect, test } from 'vitest'
import { clean } from '../../../src/registry/answer.ts'
import { basic, reference } from '../../world/registry-client.ts'
import { denies, handsOut, says, scripted } from '../../world/scripted-answers.ts'

// A server may send back whatever it was sent: it is not shown.

const shop = reference('registry.example/acme/shop:1.2')
const bearer = 'Bearer realm="https://registry.example/token"'
const PASSWORD = 'p/w ü?1'

const found = async (play: ReturnType<typeof scripted>): Promise<string> => {
  const error = await play.client.resolve(shop, { credential: basic('alice', PASSWORD) }).catch((error: unknown) => error)
  return (error as { problem: { found: string } }).problem.found
}
const echoing = (text: string) => scripted([denies('Basic'), says(403), says(403, {}, text)])

describe('of a password, a registry’s answer shows nothing', () => {
  test.for([
    ['as it is', PASSWORD],
    ['in an address', encodeURIComponent(PASSWORD)],
    ['in a header', btoa(String.fromCharCode(...new TextEncoder().encode(`alice:${PASSWORD}`)))],
  ])('%s', async ([, echo]) => {
    expect(await found(echoing(`you said ${echo}, really ${echo}`))).toBe('HTTP 403: you said [secret], really [secret]')
  })
})

test.for([
  ['as it is', 'short-lived/token+='],
  ['in an address', encodeURIComponent('short-lived/token+=')],
])('nor does it show a token, %s', async ([, echo]) => {
  const play = scripted([denies(bearer), handsOut('short-lived/token+='), says(403), says(403, {}, `not with ${echo}`)])
  expect(await found(play)).toBe('HTTP 403: not with [secret]')
})

test('nor does a token server that answers with it', async () => {
  expect(await found(scripted([denies(bearer), says(200, {}, PASSWORD)]))).toBe('text/plain;charset=UTF-8: [secret]')
})

test('nor a token server that answers with a key of many parts inside of its JSON', async () => {
  const key = JSON.stringify({ auth: 'q'.repeat(24), second: 'part' }, null, 2)
  const play = scripted([denies(bearer), says(200, {}, JSON.stringify({ token: key, expires_in: 'never' }))])
  const error = await play.client.resolve(shop, { credential: basic('alice', key) }).catch((thrown: unknown) => thrown)
  const said = JSON.stringify((error as { problem: object }).problem)
  expect(said).not.toContain('second')
})

test('nor is a token shown that stands where none should', async () => {
  const play = scripted([denies(bearer), says(200, { 'content-type': 'text/plain' }, `<b>${'q'.repeat(20)}</b> ${'r'.repeat(19)}`)])
  expect(await found(play)).toBe(`text/plain: <b>[…]</b> ${'r'.repeat(19)}`)
})

test.for([
  ['a\u202eb', 'a b'],
  ['a\u2066b\u2069', 'a b'],
  ['\ufeffa\u200bb', 'a b'],
  ['a\u001b[31m\r\nb', 'a [31m b'],
  ['a\u0085b', 'a b'],
] as const)('what would write over our own words is left out of %j', ([text, shown]) => expect(clean(text, [], 50)).toBe(shown))
