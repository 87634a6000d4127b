import { randomUUID } from 'node:crypto'
import nock from 'nock'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describedAt, FUZZED, playApi } from '../world/api-fuzz/play.ts'
import { Grounds } from '../world/grounds.ts'
import { statusOf, talk } from '../world/wire.ts'

// nock's interceptor reads what a socket sends and trips over pipelined and broken requests; these sockets reach 127.0.0.1 only.
nock.restore()

/** The real process, by the byte. F10 to F14 of `npm run attack` are the long forms. */
let grounds: Grounds
let token: string
beforeAll(async () => {
  grounds = await Grounds.open((on) => ({ ...on.apiVariables, ...FUZZED }))
  token = grounds.github.auth.signsIn(grounds.github.people.ada.account)
})
afterAll(() => grounds.closes())

// Read whole and understood, and asks for something that there is not: names that are made up count.
const BODY = JSON.stringify({ repository: 'acme/shop', nothing: true })
const EVERY_HEADER = [
  'cache-control: no-store',
  'x-content-type-options: nosniff',
  "content-security-policy: default-src 'none'",
  'referrer-policy: no-referrer',
]

function request(line: string, headers: Readonly<Record<string, string | readonly string[]>> = {}, body = ''): string {
  const all = { host: 'x', authorization: `Bearer ${token}`, ...headers }
  const lines = Object.entries(all).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`))
  return [`${line} HTTP/1.1`, ...lines, '', body].join('\r\n')
}
const post = (headers: Readonly<Record<string, string | readonly string[]>> = {}, body = BODY): string =>
  request('POST /deploy', { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)), ...headers }, body)
const get = (headers: Readonly<Record<string, string | readonly string[]>> = {}): string => request('GET /deployments?repository=acme/shop', headers)

async function statusFor(...parts: string[]): Promise<number> {
  const exchange = talk(grounds.port, ...parts)
  const text = await exchange.answers()
  exchange.socket.destroy()
  return statusOf(text)
}
const statuses = (text: string): number[] => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))

test('what the description allows, and what it does not, is answered as it says', { timeout: 120_000 }, async () => {
  const { url, github, gantry } = grounds
  const played = await playApi(
    { url, github, pid: gantry.child.pid!, description: await describedAt(url) },
    Number(process.env['GANTRY_FUZZ_SEED'] ?? 1),
    600,
  )
  expect(played.wrong).toEqual([])
  expect(played.slowest).toBeLessThan(5_000)
  grounds.github.referee.verdict()
})

describe('a body', () => {
  test('that is announced first is asked for, however that is spelled', async () => {
    for (const expected of ['100-continue', '100-Continue']) {
      const exchange = talk(grounds.port, post({ expect: expected, 'content-length': String(BODY.length) }, '').replace(/\r\n\r\n$/, '\r\n\r\n'))
      expect(statusOf(await exchange.answers())).toBe(100)
      exchange.socket.write(BODY)
      await exchange.answers(2)
      expect(statuses(exchange.text())).toEqual([100, 422])
      exchange.socket.destroy()
    }
  })

  test('that is expected of nobody else is refused', async () => {
    expect(await statusFor(post({ expect: 'a miracle' }))).toBe(417)
  })

  test('in chunks counts as it comes: more than 64 KiB are refused', async () => {
    const chunked = request('POST /deploy', { 'content-type': 'application/json', 'transfer-encoding': 'chunked' })
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`
    expect(await statusFor(chunked, chunk.repeat(5))).toBe(413)
    expect(await statusFor(chunked, chunk.repeat(3), `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`)).toBe(422)
  })

  test('that never comes does not keep who is refused anyhow from hearing it', async () => {
    expect(await statusFor(post({ authorization: 'Bearer x', 'content-length': '60000' }, '{'))).toBe(401)
    expect(await statusFor(post({ 'content-length': '9999999' }, '{'))).toBe(413)
    expect(await statusFor(post({ 'content-type': 'text/plain', 'content-length': '60000' }, '{'))).toBe(415)
  })

  test('that is broken off is no mistake of ours', async () => {
    for (let times = 0; times < 20; times += 1) {
      const exchange = talk(grounds.port, post({ expect: '100-continue', 'content-length': '5000' }, ''))
      await exchange.answers()
      exchange.socket.write('{"repository"')
      exchange.socket[times % 2 === 0 ? 'destroy' : 'resetAndDestroy']()
      await exchange.closed
    }
    expect(await statusFor(get())).toBe(200)
    expect(grounds.gantry.output).not.toMatch(/"level":(50|60)/)
  })

  test('that comes byte by byte is read', async () => {
    const exchange = talk(grounds.port, post({ 'content-length': String(BODY.length) }, ''))
    for (const letter of BODY) {
      exchange.socket.write(letter)
      await new Promise(setImmediate)
    }
    expect(statusOf(await exchange.answers())).toBe(422)
    exchange.socket.destroy()
  })
})

describe('a connection', () => {
  test('is kept, and each of its requests answered in its turn', async () => {
    const exchange = talk(grounds.port, [post(), get(), request('GET /nowhere'), post({ authorization: 'Bearer x' }), get()].join(''))
    await exchange.answers(5)
    expect(statuses(exchange.text())).toEqual([422, 200, 404, 401, 200])
    exchange.socket.destroy()
  })

  test('with two Authorization headers belongs to nobody', async () => {
    for (const pair of [
      [`Bearer ${token}`, 'Bearer x'],
      ['Bearer x', `Bearer ${token}`],
      [`Bearer ${token}`, `Bearer ${token}`],
    ])
      expect(await statusFor(get({ authorization: pair }))).toBe(401)
  })

  test.each([
    ['a host that is none', get({ host: 'a b' }), 400],
    ['a host with a path', get({ host: 'evil.example/x' }), 400],
    ['backslashes', request('GET /deploy\\status'), 400],
    ['headers of 17 KB', get({ 'x-long': 'a'.repeat(17_000) }), 431],
    ['an address that is none', request('GET http://['), 400],
  ])('with %s is told so, with every header', async (_what, bytes, status) => {
    const exchange = talk(grounds.port, bytes)
    const text = await exchange.answers()
    exchange.socket.destroy()
    expect(statusOf(text)).toBe(status)
    expect(text.toLowerCase()).toContain('content-type: application/problem+json')
    for (const header of EVERY_HEADER) expect(text.toLowerCase()).toContain(header)
  })
})

test('no other method does anything on any route, and every answer has the headers', async () => {
  const { paths } = (await (await fetch(new URL('/openapi.json', grounds.url))).json()) as { paths: Record<string, Record<string, object>> }
  const known = Object.entries(paths).map(([path, methods]) => [path.replace('{id}', 'sb-' + '0'.repeat(40)), Object.keys(methods)] as const)
  for (const [path, methods] of [...known, ['/openapi.json', ['get'] as string[]] as const]) {
    for (const method of ['HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'PATCH', 'GET', 'POST'].filter(
      (one) => !methods.includes(one.toLowerCase()),
    )) {
      const exchange = talk(grounds.port, request(`${method} ${path}`, { 'content-length': '0', 'x-canary': randomUUID() }))
      const text = await exchange.answers()
      exchange.socket.destroy()
      expect([method, path, statusOf(text)]).toEqual([method, path, 405])
      for (const header of [...EVERY_HEADER, 'allow:', 'x-request-id:']) expect(text.toLowerCase()).toContain(header)
      expect(text).not.toContain('x-canary')
    }
  }
})
