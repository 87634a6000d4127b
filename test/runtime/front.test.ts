import { createHmac, randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import nock from 'nock'
import { Webhooks } from '@octokit/webhooks'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/deploy/journal.ts'
import { createFront } from '../../src/runtime/front.ts'
import { createLog } from '../../src/runtime/log.ts'
import { createRedactor } from '../../src/runtime/redact.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { Secret } from '../../src/secret.ts'
import { FRAMING } from '../world/framing.ts'
import { delivery, head, sign, statusOf, talk } from '../world/wire.ts'

// nock's interceptor reads what a socket sends and trips over pipelined and broken requests; these sockets reach 127.0.0.1 only.
nock.restore()

const SECRET = randomBytes(32).toString('hex')
const OLDER = randomBytes(32).toString('hex')
const MEBIBYTE = 1024 * 1024
const BODY = JSON.stringify({ action: 'created', comment: { id: 1, body: '/deploy staging' } })

let server: Server
let port: number
let batches: Delivery[][]
let kicks: number
let storeFails: boolean
let isHealthy: boolean
let lines: string[]
let answered: (number | null)[]

beforeEach(async () => {
  ;[batches, kicks, storeFails, isHealthy, lines, answered] = [[], 0, false, true, [], []]
  server = createFront({
    intake: {
      events: new Set(['issue_comment.created']),
      read(event, guid, payload, receivedAt) {
        const { comment } = payload as { comment?: { id?: number; body?: string } }
        if (comment?.body === 'a bug of ours') throw new TypeError('a bug of ours')
        return comment?.body?.startsWith('/') ? { key: String(comment.id), guid, event, payload: comment.body, receivedAt } : null
      },
      store(deliveries) {
        if (storeFails) throw new Error('disk full')
        batches.push([...deliveries])
      },
      kick: () => void kicks++,
    },
    webhookSecrets: [new Secret(SECRET), new Secret(OLDER)],
    isHealthy: () => isHealthy,
    answered: (code) => void answered.push(code),
    clock: systemClock,
    log: createLog('info', createRedactor(), (line) => lines.push(line)),
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
})

const keys = () => batches.flat().map((one) => one.key)
/** Sends and waits for the answer's status. */
async function status(...parts: (string | Buffer)[]): Promise<number> {
  const exchange = talk(port, ...parts)
  const text = await exchange.answers()
  exchange.socket.destroy()
  return statusOf(text)
}

describe('a delivery', () => {
  test('that is signed is stored, and then answered with 202', async () => {
    expect(await status(delivery(BODY, SECRET))).toBe(202)
    expect(batches).toEqual([[expect.objectContaining({ key: '1', event: 'issue_comment', payload: '/deploy staging' })]])
  })

  test("is recognised by GitHub's own library's signature", async () => {
    const signature = await new Webhooks({ secret: SECRET }).sign(BODY)
    expect(await status(head({ 'content-length': String(BODY.length), 'x-hub-signature-256': signature }), BODY)).toBe(202)
  })

  test('may be signed with any of the secrets', async () => {
    expect(await status(delivery(BODY, OLDER))).toBe(202)
    expect(await status(delivery(BODY, 'a third secret that was never configured'))).toBe(401)
  })

  test('may arrive in chunks, byte by byte', async () => {
    const chunks = BODY.split('')
      .map((character) => `1\r\n${character}\r\n`)
      .join('')
    expect(await status(head({ 'transfer-encoding': 'chunked', 'x-hub-signature-256': sign(BODY, SECRET) }), chunks, '0\r\n\r\n')).toBe(202)
  })

  test('that asks nothing is answered and not stored', async () => {
    expect(await status(delivery('{"action":"created","comment":{"body":"nice"}}', SECRET))).toBe(204)
    expect(await status(delivery('not even JSON', SECRET, { 'x-github-event': 'watch' }))).toBe(204)
    expect(batches).toEqual([])
  })

  test('work starts once after what arrived together was stored in one go', async () => {
    const together = Array.from({ length: 20 }, (_, id) => delivery(JSON.stringify({ comment: { id, body: '/deploy' } }), SECRET))
    const exchange = talk(port, Buffer.concat(together))
    await exchange.answers(20)
    exchange.socket.destroy()
    expect(keys()).toHaveLength(20)
    expect(batches.length).toBeLessThan(20)
    await expect.poll(() => kicks).toBe(batches.length)
  })

  test('that cannot be stored is answered with 503, so that GitHub lists it as failed', async () => {
    storeFails = true
    const text = await talk(port, delivery(BODY, SECRET)).closed
    expect(text).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: 60/)
    expect(text).not.toContain('disk full')
    expect(lines.join('')).toContain('disk full')
    storeFails = false
    expect(await status(delivery(BODY, SECRET))).toBe(202)
  })

  test('that trips over a bug of ours is a 500 without the reason, and the server goes on', async () => {
    const text = await talk(port, delivery('{"comment":{"body":"a bug of ours"}}', SECRET)).closed
    expect(text).toMatch(/^HTTP\/1\.1 500 /)
    expect(text).not.toMatch(/a bug of ours|TypeError|at /)
    expect(await status(delivery(BODY, SECRET))).toBe(202)
  })
})

describe('a signature', () => {
  const good = sign(BODY, SECRET).slice('sha256='.length)
  test.each([
    ['missing', null],
    ['wrong', `sha256=${'0'.repeat(64)}`],
    ["another body's", sign('{}', SECRET)],
    ['in upper case', `sha256=${good.toUpperCase()}`],
    ['with an upper-case prefix', `SHA256=${good}`],
    ['one digit short', `sha256=${good.slice(1)}`],
    ['one digit long', `sha256=${good}0`],
    ['no hex', `sha256=${'g'.repeat(64)}`],
    ['without its prefix', good],
    ['sent twice', [`sha256=${good}`, `sha256=${good}`]],
    ['made with the empty secret', sign(BODY, '')],
    ['made with the word development', sign(BODY, 'development')],
  ])('that is %s is refused', async (_how, signature) => {
    const text = await talk(port, delivery(BODY, SECRET, { 'x-hub-signature-256': signature })).closed
    expect(text).toMatch(/^HTTP\/1\.1 401 [^]*application\/problem\+json[^]*connection: close/)
    expect(batches).toEqual([])
  })

  test('of the old kind, SHA-1, does not count', async () => {
    const sha1 = `sha1=${createHmac('sha1', SECRET).update(BODY).digest('hex')}`
    expect(await status(delivery(BODY, SECRET, { 'x-hub-signature-256': null, 'x-hub-signature': sha1 }))).toBe(401)
    expect(await status(delivery(BODY, SECRET, { 'x-hub-signature-256': sha1 }))).toBe(401)
  })

  test('that is missing is refused before the body is there, and no log line holds the body', async () => {
    expect(await status(head({ 'content-length': '1000000' }), 'the first bytes only')).toBe(401)
    expect(lines.join('')).not.toContain('the first bytes')
  })
})

describe('a body', () => {
  const anySignature = `sha256=${'0'.repeat(64)}`

  test('announced as larger than 25 MB is refused at once', async () => {
    expect(await status(head({ 'content-length': String(25 * MEBIBYTE + 1), 'x-hub-signature-256': anySignature }))).toBe(413)
  })

  test('that grows larger than 25 MB is refused while it arrives', async () => {
    const exchange = talk(port, head({ 'transfer-encoding': 'chunked', 'x-hub-signature-256': anySignature }))
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MEBIBYTE, 'a'), Buffer.from('\r\n')])
    for (let sent = 0; sent < 27; sent++) exchange.socket.write(chunk)
    expect(statusOf(await exchange.closed)).toBe(413)
  })

  test('is refused with 503 while the others take up the room for all bodies', async () => {
    const declared = { 'content-length': String(20 * MEBIBYTE), 'x-hub-signature-256': anySignature }
    const half = Buffer.alloc(18 * MEBIBYTE, 'a')
    const exchanges = [talk(port, head(declared), half), talk(port, head(declared), half)]
    const refused = await Promise.race(exchanges.map((exchange) => exchange.answers()))
    expect(refused).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: 5/)
    for (const { socket } of exchanges) socket.destroy()
    await expect.poll(() => status(delivery(BODY, SECRET))).toBe(202)
  })

  test.each([
    ['as a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['as text', { 'content-type': 'text/plain' }],
    ['in another character set', { 'content-type': 'application/json; charset=utf-16' }],
    ['without a type', { 'content-type': null }],
    ['compressed', { 'content-encoding': 'gzip' }],
  ])('%s is refused', async (_how, headers) => {
    expect(await status(delivery(BODY, SECRET, headers))).toBe(415)
  })

  test.each([
    ['no JSON', 'hello'],
    ['empty', ''],
    ['cut off', '{"a":'],
    ['NaN', '{"a":NaN}'],
    ['with a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{}')])],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    ['65 levels deep', `${'['.repeat(65)}${']'.repeat(65)}`],
    ['200,000 levels deep', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['deep after a string that looks like its end', `["]]]]\\"]]]]",${'['.repeat(64)}${']'.repeat(65)}`],
  ])('that is %s is refused with 400', async (_how, body) => {
    expect(await status(delivery(body, SECRET))).toBe(400)
  })

  test.each([
    ['64 levels', `${'['.repeat(64)}${']'.repeat(64)}`],
    ['brackets in strings', JSON.stringify(['[{'.repeat(100), '\\"[[', '"'])],
    ['an array', '[]'],
    ['duplicate keys', '{"a":1,"a":2,"__proto__":{"x":1},"constructor":1}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['umlauts and emoji', '{"a":"ü🔑"}'],
  ])('with %s is read', async (_how, body) => {
    expect(await status(delivery(body, SECRET))).toBe(204)
  })
})

describe('a request', () => {
  test.each<readonly [what: string, bytes: string | Buffer, expected: number]>([
    ['an event without a name', delivery(BODY, SECRET, { 'x-github-event': null }), 400],
    ['an event with a strange name', delivery(BODY, SECRET, { 'x-github-event': '*' }), 400],
    ['an event named __proto__', delivery(BODY, SECRET, { 'x-github-event': '__proto__' }), 204],
    ['an event named constructor', delivery(BODY, SECRET, { 'x-github-event': 'constructor' }), 204],
    ['an event with a name of 10 KB', delivery(BODY, SECRET, { 'x-github-event': 'e'.repeat(10_000) }), 400],
    ['no delivery id', delivery(BODY, SECRET, { 'x-github-delivery': null }), 400],
    ['headers of 17 KB', delivery(BODY, SECRET, { 'x-long': 'a'.repeat(17_000) }), 431],
    ['another path', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', 404],
    ['another method', 'GET /api/github/webhooks HTTP/1.1\r\nhost: x\r\n\r\n', 404],
    ...FRAMING,
  ])('with %s is refused, and the connection given up where its end is in doubt', async (_what, bytes, expected) => {
    const exchange = talk(port, bytes)
    expect(statusOf(await exchange.answers())).toBe(expected)
    if (expected !== 204) {
      const text = await exchange.closed
      expect(text).not.toMatch(/\bat \w+|node:|Error:/)
      expect(text.split('HTTP/1.1 ')).toHaveLength(2)
    }
    exchange.socket.destroy()
    expect(batches).toEqual([])
    expect(await status(delivery(BODY, SECRET))).toBe(202)
  })

  test('that expects 100 is told to go on only once its headers are in order', async () => {
    const expecting = { expect: '100-continue', 'content-length': String(BODY.length) }
    expect(await status(head(expecting))).toBe(401)
    const exchange = talk(port, head({ ...expecting, 'x-hub-signature-256': sign(BODY, SECRET) }))
    expect(statusOf(await exchange.answers())).toBe(100)
    exchange.socket.write(BODY)
    expect(await exchange.answers(2)).toContain('HTTP/1.1 202')
    exchange.socket.destroy()
  })

  test('broken off in the middle of its body, a hundred times, leaves nothing behind', async () => {
    const cut = delivery(BODY, SECRET).subarray(0, -5)
    for (let times = 0; times < 100; times++) {
      const { socket, closed } = talk(port, cut)
      socket.once('connect', () => socket.end())
      await closed
    }
    await expect.poll(() => new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))).toBe(0)
    expect(await status(delivery(BODY, SECRET))).toBe(202)
  })

  test('comes through although somebody keeps every connection and says nothing', async () => {
    server.maxConnections = 5
    const idle = Array.from({ length: 5 }, () => talk(port, 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'))
    await Promise.all(idle.map((one) => one.answers()))
    const tries = async (): Promise<number> => status(delivery(BODY, SECRET)).catch(() => 0)
    await expect.poll(tries).toBe(202)
    for (const { socket } of idle) socket.destroy()
  })

  test('for a webhook is told of by its status once it is over, and by none where the sender went before', async () => {
    expect([await status(delivery(BODY, SECRET)), await status(delivery(BODY, 'another secret'))]).toEqual([202, 401])
    await expect.poll(() => answered).toEqual([202, 401])
    const { socket, closed } = talk(port, delivery(BODY, SECRET).subarray(0, -5))
    socket.once('connect', () => socket.end())
    await closed
    await expect.poll(() => answered).toEqual([202, 401, null])
    await status('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    expect(answered).toHaveLength(3)
  })

  test('for /healthz says whether the database answers', async () => {
    expect(await status('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')).toBe(200)
    isHealthy = false
    expect(await status('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')).toBe(503)
  })
})
