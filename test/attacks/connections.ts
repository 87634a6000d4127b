import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { FRAMING } from '../world/framing.ts'
import { eventually } from '../world/grounds.ts'
import type { Grounds } from '../world/grounds.ts'
import { delivery, head, statusOf, talk } from '../world/wire.ts'
import { WRONG_SIGNATURE } from '../world/flood.ts'
import { Checks, onGrounds } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { aCommand } from './signatures.ts'

const DRIP = 5_000
/** What Node's check of its connections, once a second, and this machine may add. */
const SLACK = 3_000

/** Sends `start`, then one byte every five seconds; resolves with the milliseconds until the server had enough. */
function drip(port: number, start: string): Promise<number> {
  return new Promise((resolve) => {
    const begun = Date.now()
    const socket = connect(port, '127.0.0.1', () => socket.write(start))
    const timer = setInterval(() => socket.write('a'), DRIP)
    socket.on('error', () => {})
    socket.resume().on('close', () => {
      clearInterval(timer)
      resolve(Date.now() - begun)
    })
  })
}

async function latency(grounds: Grounds): Promise<number> {
  const command = aCommand(grounds, '/lgtm')
  const begun = performance.now()
  const status = await grounds.sends(command)
  return status < 300 ? performance.now() - begun : Number.POSITIVE_INFINITY
}

const w04: Scenario = {
  id: 'W04',
  tried: '200 connections with a header byte per 5 s and 200 with a body byte per 5 s, and real deliveries meanwhile',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const slowHeaders = Array.from({ length: 200 }, () => drip(grounds.port, 'POST /api/github/webhooks HTTP/1.1\r\nhost: x\r\nx-slow: '))
    const body = head({ 'content-length': '1000', [WRONG_SIGNATURE.split(': ')[0]!]: WRONG_SIGNATURE.split(': ')[1]! })
    const slowBodies = Array.from({ length: 200 }, () => drip(grounds.port, body))
    let isOver = false
    const over = Promise.all([Promise.all(slowHeaders), Promise.all(slowBodies)]).finally(() => (isOver = true))
    const latencies: number[] = []
    while (!isOver) {
      latencies.push(await latency(grounds))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const [headers, bodies] = await over
    const p99 = latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length * 0.99)]!
    checks.that(Math.max(...headers) <= 10_000 + SLACK, `slow headers were kept for ${Math.max(...headers)} ms`)
    checks.that(Math.max(...bodies) <= 30_000 + SLACK, `slow bodies were kept for ${Math.max(...bodies)} ms`)
    checks.that(p99 <= 250, `the p99 of real deliveries was ${p99.toFixed(0)} ms`)
    await checks.isAlive(grounds)
    const seen = `headers ${Math.max(...headers)} ms, bodies ${Math.max(...bodies)} ms, p99 of ${latencies.length} deliveries ${p99.toFixed(0)} ms`
    return checks.finding(`slow ones closed: ${seen}`)
  }),
}

const w05: Scenario = {
  id: 'W05',
  tried: 'a body broken off 1,000 times, half-open sockets, 100 pipelined requests, Expect: 100-continue without a body',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const secret = grounds.github.webhookSecret
    const open = () => readdirSync(`/proc/${grounds.gantry.child.pid}/fd`).length
    const { body } = aCommand(grounds)
    checks.that(await grounds.isAlive(), 'not alive at the start')
    const before = open()
    const cut = delivery(body, secret).subarray(0, -10)
    for (let round = 0; round < 50; round++) {
      const exchanges = Array.from({ length: 20 }, () => talk(grounds.port, cut))
      for (const { socket } of exchanges) socket.once('connect', () => (round % 2 === 0 ? socket.resetAndDestroy() : socket.end()))
      await Promise.all(exchanges.map(({ closed }) => closed))
    }
    const waiting = Array.from({ length: 50 }, () =>
      talk(grounds.port, head({ expect: '100-continue', 'content-length': '9', 'x-hub-signature-256': null })),
    )
    for (const { closed } of waiting) checks.that(statusOf(await closed) === 401, 'Expect was answered with something else than 401')
    const pipelined = talk(grounds.port, Buffer.concat(Array.from({ length: 100 }, () => delivery('{"action":"created"}', secret))))
    await pipelined.answers(100)
    pipelined.socket.destroy()
    checks.that(await eventually(() => open() <= before + 2), `${open()} file descriptors, ${before} before`)
    await checks.nothingHappened(grounds)
    return checks.finding('alive, every pipelined request answered, file descriptors back to where they were')
  }),
}

const w06: Scenario = {
  id: 'W06',
  tried: 'length with chunks, doubled and strange encodings, bare line feeds, folded headers, absolute form, odd paths',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    for (const [what, bytes, status] of FRAMING) {
      const text = await talk(grounds.port, bytes).closed
      checks.that(statusOf(text) === status, `${what}: ${statusOf(text)}`)
      checks.that(text.split('HTTP/1.1 ').length === 2, `${what}: more than one answer`)
    }
    await checks.nothingHappened(grounds)
    return checks.finding(`${FRAMING.length} refused with 400 or 404, and the connection closed`)
  }),
}

export const connections: readonly Scenario[] = [w04, w05, w06]
