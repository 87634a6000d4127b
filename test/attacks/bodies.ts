import { gzipSync } from 'node:zlib'
import { eventually } from '../world/grounds.ts'
import { flood, WRONG_SIGNATURE } from '../world/flood.ts'
import { delivery, head, sign, statusOf, talk } from '../world/wire.ts'
import type { Exchange } from '../world/wire.ts'
import { Checks, onGrounds } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { aCommand } from './signatures.ts'

const MOST_RISE = 40
const MOST_LOG = 2048

async function statusFrom(exchange: Exchange): Promise<number> {
  const text = await Promise.race([exchange.answers(), exchange.closed])
  exchange.socket.destroy()
  return statusOf(text)
}

const w03: Scenario = {
  id: 'W03',
  tried: 'unsigned bodies of 26 and 300 MB with length, in chunks, compressed, eight at once, and a negative length',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    // What the start itself needs, its first call to GitHub above all, is not the attacker's doing.
    checks.that(await eventually(() => grounds.github.calls.some(({ status }) => status === 200)), 'the start made no call')
    const before = { memory: grounds.gantry.memory().now, log: grounds.gantry.output.length }
    for (const megabytes of [26, 300])
      for (const chunked of [false, true])
        for (const headers of [[], ['Content-Encoding: gzip'], [WRONG_SIGNATURE]])
          for (const at of [1, 8]) {
            const statuses = await Promise.all(Array.from({ length: at }, () => flood(grounds.port, { megabytes, chunked, headers })))
            const refused = statuses.every((status) => [400, 401, 413, 415, 503].includes(status))
            checks.that(refused, `${at} × ${megabytes} MB${chunked ? ' chunked' : ''} ${headers.join()}: ${statuses.join()}`)
          }
    checks.that((await statusFrom(talk(grounds.port, head({ 'content-length': '-1' })))) === 400, 'a negative length was accepted')
    const rise = grounds.gantry.memory().peak - before.memory
    checks.that(rise <= MOST_RISE, `memory rose by ${rise.toFixed(1)} MB`)
    checks.that(grounds.gantry.output.length - before.log <= MOST_LOG, 'the log grew by more than 2 KB')
    await checks.nothingHappened(grounds)
    return checks.finding(`all refused; memory rose by ${rise.toFixed(1)} MB, the log by ${grounds.gantry.output.length - before.log} bytes`)
  }),
}

const w12: Scenario = {
  id: 'W12',
  tried: 'signed bodies that are no object, too deep, huge, not UTF-8, with a byte order mark, __proto__ keys and numbers above 2^53',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { body } = aCommand(grounds)
    const huge = body.replace(/\}$/, `,"filler":"${'a'.repeat(24_900_000 - body.length)}"}`).replace('/deploy staging', 'no command')
    const bodies: (readonly [string, string | Buffer])[] = [
      ...['1', '"x"', 'null', '[]', '{}', '{"action":"created","action":"deleted"}', '{"a":"\\ud800"}'].map((text) => [text, text] as const),
      ['200,000 levels', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
      ['24.9 MB', huge],
      ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
      ['byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(body)])],
      ['__proto__', `{"__proto__":${body},"constructor":{"prototype":{}},"action":"created"}`],
      ['ids above 2^53', body.replace(/"id":\d+/g, '"id":90071992547409931')],
      ['ids as text', body.replace(/"id":(\d+)/g, '"id":"$1"')],
      ['ids below zero', body.replace(/"id":(\d+)/g, '"id":-$1')],
    ]
    for (const [what, bytes] of bodies) {
      const status = await statusFrom(talk(grounds.port, delivery(bytes, grounds.github.webhookSecret)))
      checks.that([202, 204, 400].includes(status), `${what}: ${status}`)
    }
    await checks.nothingHappened(grounds)
    return checks.finding(`${bodies.length} bodies ignored or refused with 400`)
  }),
}

const w13: Scenario = {
  id: 'W13',
  tried: 'signed events named __proto__, constructor, *, unknown, 10 KB long; actions that are no text',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { body } = aCommand(grounds)
    const secret = grounds.github.webhookSecret
    for (const event of ['__proto__', 'constructor', 'toString', '*', 'no_such_event', 'issue_comment.created', 'e'.repeat(10_000)]) {
      const status = await statusFrom(talk(grounds.port, delivery(body, secret, { 'x-github-event': event })))
      checks.that([204, 400].includes(status), `event ${event.slice(0, 30)}: ${status}`)
    }
    for (const action of ['["created"]', '{"created":1}', '1', 'null', '"__proto__"', '"constructor"']) {
      const status = await statusFrom(talk(grounds.port, delivery(body.replace('"action":"created"', `"action":${action}`), secret)))
      checks.that([204, 400].includes(status), `action ${action}: ${status}`)
    }
    await checks.nothingHappened(grounds)
    return checks.finding('all ignored or refused with 400')
  }),
}

const w14: Scenario = {
  id: 'W14',
  tried: 'other content types: a form with payload=, text, UTF-16, none, compressed',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { body } = aCommand(grounds)
    const secret = grounds.github.webhookSecret
    const form = `payload=${encodeURIComponent(body)}`
    const utf16 = Buffer.from(body, 'utf16le')
    const attempts: [string, Buffer][] = [
      ['form', delivery(form, secret, { 'content-type': 'application/x-www-form-urlencoded' })],
      ['text', delivery(body, secret, { 'content-type': 'text/plain' })],
      ['UTF-16', delivery(utf16, secret, { 'content-type': 'application/json; charset=utf-16' })],
      ['none', delivery(body, secret, { 'content-type': null })],
      ['gzip', delivery(gzipSync(body), secret, { 'content-encoding': 'gzip', 'x-hub-signature-256': sign(gzipSync(body), secret) })],
    ]
    for (const [what, bytes] of attempts) {
      const status = await statusFrom(talk(grounds.port, bytes))
      checks.that(status === 415, `${what}: ${status}`)
    }
    await checks.nothingHappened(grounds)
    return checks.finding('415 each')
  }),
}

export const bodies: readonly Scenario[] = [w03, w12, w13, w14]
