import { beforeEach, describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { createHosts } from '../../../src/registry/hosts.ts'
import type { Hosts } from '../../../src/registry/hosts.ts'
import { createTransport } from '../../../src/registry/transport.ts'
import { settled, stateOf, stillDoors, wish } from '../../world/still-doors.ts'
import type { StillDoors } from '../../world/still-doors.ts'

const REGISTRY = 'https://registry.example'
const OTHER = 'https://other.example'

let doors: StillDoors
let hosts: Hosts
let inside: string[]

beforeEach(() => {
  doors = stillDoors()
  hosts = createHosts(doors)
  inside = []
})

/** Somebody who comes in and stays until let go. */
function visitor(name: string, over: Parameters<typeof wish>[1] = {}, origin = REGISTRY) {
  let leave = () => {}
  const stays = new Promise<void>((resolve) => (leave = resolve))
  const visit = hosts.enter(origin, wish(doors, over), async () => {
    inside.push(name)
    await stays
    inside.splice(inside.indexOf(name), 1)
    return `${name} was served`
  })
  visit.catch(() => {})
  return { visit, leaves: async () => (leave(), settled()) }
}
const visitors = (...names: readonly string[]) => names.map((name) => visitor(name))

describe('places', () => {
  test('four may ask one registry at once; the fifth comes in when one goes', async () => {
    const [first] = visitors('1', '2', '3', '4', '5', '6')
    await settled()
    expect(inside).toEqual(['1', '2', '3', '4'])
    await first?.leaves()
    expect(inside).toEqual(['2', '3', '4', '5'])
  })

  test('another registry has places of its own', async () => {
    visitors('1', '2', '3', '4')
    visitor('elsewhere', {}, OTHER)
    await settled()
    expect(inside).toContain('elsewhere')
  })

  test('work that fails gives its place back', async () => {
    const failing = Array.from({ length: 4 }, () => hosts.enter(REGISTRY, wish(doors), () => Promise.reject(new Error('no'))).catch(() => {}))
    await Promise.all(failing)
    visitors('1', '2', '3', '4')
    await settled()
    expect(inside.length).toBe(4)
  })

  test('who waits for a place longer than the deadline gets TIMEOUT, and nobody’s place', async () => {
    const [first] = visitors('1', '2', '3', '4')
    const late = visitor('late', { deadline: doors.now() + 5_000 })
    const next = visitor('next')
    await doors.time.passes('5 seconds')
    expect(await stateOf(late.visit)).toBe('failed TIMEOUT')
    await first?.leaves()
    expect(inside).toEqual(['2', '3', '4', 'next'])
    expect(await stateOf(next.visit)).toBe('waits')
  })

  test('who leaves the queue takes nobody’s place along, and there are never five inside', async () => {
    const running = visitors('1', '2', '3', '4')
    const leaving = new AbortController()
    const gone = visitor('gone', { signal: leaving.signal })
    const [fifth, sixth] = visitors('5', '6')
    leaving.abort(new Error('gone'))
    expect(await stateOf(gone.visit)).toBe('failed Error: gone')
    await running[0]?.leaves()
    expect(inside).toEqual(['2', '3', '4', '5'])
    for (const one of [...running.slice(1), fifth, sixth]) await one?.leaves()
    expect(inside).toEqual([])
    visitors('7', '8', '9', '10', '11')
    await settled()
    expect(inside.length).toBe(4)
  })
})

describe('a back-off', () => {
  test('keeps out everybody who asks there, and nobody else', async () => {
    hosts.backOff(REGISTRY, 10_000)
    visitors('1', '2')
    visitor('elsewhere', {}, OTHER)
    await settled()
    expect(inside).toEqual(['elsewhere'])
    await doors.time.passes('9 seconds')
    expect(inside).toEqual(['elsewhere'])
    await doors.time.passes('1 second')
    expect(inside).toEqual(['elsewhere', '1', '2'])
  })

  test('that grows while somebody waits is waited for again', async () => {
    hosts.backOff(REGISTRY, 5_000)
    visitor('1')
    await settled()
    hosts.backOff(REGISTRY, 8_000)
    await doors.time.passes('7 seconds')
    expect(inside).toEqual([])
    await doors.time.passes('1 second')
    expect(inside).toEqual(['1'])
  })

  test('longer than the deadline is said at once, with how long it lasts', async () => {
    hosts.backOff(REGISTRY, 60_000)
    const error = await visitor('1').visit.catch((error: unknown) => error)
    expect(error).toBeInstanceOf(Failure)
    expect((error as Failure).problem).toMatchObject({ code: 'RATE_LIMITED', retryable: true, retryAfter: 60_000 })
  })

  test('lasts a quarter of an hour at most, whatever was said', async () => {
    hosts.backOff(REGISTRY, 24 * 3_600_000)
    await doors.time.passes('15 minutes')
    visitor('1')
    await settled()
    expect(inside).toEqual(['1'])
  })

  test('does not hold who leaves', async () => {
    hosts.backOff(REGISTRY, 20_000)
    const leaving = new AbortController()
    const { visit } = visitor('1', { signal: leaving.signal })
    await settled()
    leaving.abort(new Error('gone'))
    expect(await stateOf(visit)).toBe('failed Error: gone')
    expect(doors.time.isWaiting).toBe(false)
  })
})

describe('Retry-After', () => {
  const call = { method: 'GET' as const, url: new URL(`${REGISTRY}/v2/`), headers: {}, authorization: null, mayLeave: false }

  /** A registry that answers one after the other, and what it was asked when. */
  function registry(...answers: readonly Response[]) {
    const began = doors.now()
    const asked: number[] = []
    const answering: typeof fetch = async () => {
      asked.push(doors.now() - began)
      return answers[asked.length - 1] ?? new Response('fine')
    }
    const transport = createTransport({ ...doors, fetch: answering }, [])
    return { asked, send: () => transport.send(call, wish(doors)).then(({ response }) => response.status) }
  }
  const limited = (seconds: number) => new Response(null, { status: 429, headers: { 'retry-after': String(seconds) } })

  test('is waited for to the second, and nobody shortens it', async () => {
    const { asked, send } = registry(limited(25))
    const answer = send()
    await settled()
    await doors.time.passes('24 seconds')
    expect(asked).toEqual([0])
    await doors.time.passes('1 second')
    expect(await answer).toBe(200)
    expect(asked).toEqual([0, 25_000])
  })

  test('past the deadline ends it at once, without a second request', async () => {
    const { asked, send } = registry(limited(31))
    expect(await send()).toBe(429)
    expect(asked).toEqual([0])
  })

  test('said to one holds all others too', async () => {
    const { asked, send } = registry(limited(20))
    const first = send()
    await settled()
    const others = [send(), send()]
    await doors.time.passes('19 seconds')
    expect(asked).toEqual([0])
    await doors.time.passes('1 second')
    expect(await Promise.all([first, ...others])).toEqual([200, 200, 200])
    expect(asked).toEqual([0, 20_000, 20_000, 20_000])
  })

  test('of a 503 is kept as well', async () => {
    const { asked, send } = registry(new Response(null, { status: 503, headers: { 'retry-after': '7' } }))
    const answer = send()
    await settled()
    await doors.time.passes('7 seconds')
    expect(await answer).toBe(200)
    expect(asked).toEqual([0, 7_000])
  })

  test('a 429 without it is asked again after ever longer waits, four times in all', async () => {
    const bare = () => new Response(null, { status: 429 })
    const { asked, send } = registry(bare(), bare(), bare(), bare(), bare())
    const answer = send()
    await settled()
    await doors.time.passes('29 seconds')
    expect(await answer).toBe(429)
    expect(asked).toEqual([0, 500, 1_500, 3_500])
  })
})
