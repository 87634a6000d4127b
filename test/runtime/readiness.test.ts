import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TAKEN, watchGitHub, type Taken } from '../../src/runtime/github-watch.ts'
import { createShare } from '../../src/runtime/metrics/share.ts'
import { createReadiness } from '../../src/runtime/readiness.ts'
import { eventually, Grounds } from '../world/grounds.ts'
import { Time } from '../world/time.ts'

const time = () => new Time(() => Promise.resolve())

describe('GitHub', () => {
  function watched() {
    const clock = time()
    const told: [Taken, number | null][] = []
    let answers: () => Promise<Response> = async () => new Response()
    const watch = watchGitHub(
      () => answers(),
      clock,
      (how, left) => void told.push([how, left]),
    )
    const asks = async (answer: Response | Error): Promise<void> => {
      answers = () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer))
      await watch.fetch('https://api.github.com/').catch(() => {})
    }
    return { clock, told, watch, asks }
  }

  test('is reachable while nobody asks, and for two minutes of silence', async () => {
    const { clock, watch, asks } = watched()
    await clock.passes('1 hour')
    expect(watch.isReachable()).toBe(true)
    await asks(new TypeError('fetch failed'))
    await clock.passes('1 minute')
    expect(watch.isReachable()).toBe(true)
    await asks(new Response(null, { status: 502 }))
    await clock.passes('1 minute')
    expect(watch.isReachable()).toBe(false)
    await asks(new Response(null, { status: 404 }))
    expect(watch.isReachable()).toBe(true)
  })

  test('takes each request in one of five ways, and says what is left', async () => {
    const { told, asks } = watched()
    const limits = { 'x-ratelimit-remaining': '0', 'x-ratelimit-limit': '5000' }
    await asks(new Response(null, { status: 201, headers: { ...limits, 'x-ratelimit-remaining': '1250' } }))
    await asks(new Response(null, { status: 403 }))
    await asks(new Response(null, { status: 403, headers: limits }))
    await asks(new Response(null, { status: 403, headers: { 'retry-after': '60', 'x-ratelimit-remaining': 'many' } }))
    await asks(new Response(null, { status: 429 }))
    await asks(new Response(null, { status: 503 }))
    await asks(new TypeError('fetch failed'))
    expect(told).toEqual([
      ['done', 0.25],
      ['refused', null],
      ['limited', 0],
      ['limited', null],
      ['limited', null],
      ['broken', null],
      ['none', null],
    ])
    expect(new Set(told.map(([how]) => how))).toEqual(new Set(TAKEN))
  })

  test('has left the smallest share that it said in the last five minutes', async () => {
    const clock = time()
    const share = createShare(() => clock.now())
    expect(share.smallest()).toBe(1)
    share.note(0.1)
    share.note(0.9)
    await clock.passes('4 minutes')
    share.note(0.5)
    expect(share.smallest()).toBe(0.1)
    await clock.passes('1 minute')
    expect(share.smallest()).toBe(0.5)
    await clock.passes('5 minutes')
    expect(share.smallest()).toBe(1)
  })
})

describe('readiness', () => {
  const doors = () => {
    const state = { isWritable: true, areKeysRight: true, isReachable: true, looks: 0 }
    const clock = time()
    const readiness = createReadiness({
      isWritable: () => ((state.looks += 1), state.isWritable),
      checkKeys: () => (state.areKeysRight ? Promise.resolve() : Promise.reject(new Error('a wrong key'))),
      isGitHubReachable: () => state.isReachable,
      clock,
    })
    return { state, clock, readiness }
  }

  test('has four parts', async () => {
    const { state, clock, readiness } = doors()
    expect(await readiness.look()).toEqual({ database: true, keys: true, github: true, running: true })
    Object.assign(state, { isWritable: false, areKeysRight: false, isReachable: false })
    readiness.stopping()
    await clock.passes('5 seconds')
    expect(await readiness.look()).toEqual({ database: false, keys: false, github: false, running: false })
  })

  test('looks at the disk once in five seconds, however many ask, and whatever becomes of the clock', async () => {
    const { state, clock, readiness } = doors()
    await Promise.all(Array.from({ length: 100 }, () => readiness.look()))
    await clock.passes('4 seconds')
    await readiness.look()
    expect(state.looks).toBe(1)
    await clock.passes('1 second')
    await readiness.look()
    expect(state.looks).toBe(2)
  })
})

describe('/readyz of the real process', () => {
  let grounds: Grounds
  beforeAll(async () => {
    grounds = await Grounds.open()
  })
  afterAll(() => grounds.closes())

  const ready = async () => {
    const answer = await fetch(new URL('/readyz', grounds.url))
    return [answer.status, await answer.json()] as const
  }

  test('says what is missing by name, and that all is well again', async () => {
    expect(await ready()).toEqual([200, { ready: true, missing: [] }])
    const other = grounds.holdsDatabase()
    expect(await eventually(async () => (await ready())[0] === 503, 30)).toBe(true)
    expect(await ready()).toEqual([503, { ready: false, missing: ['database'] }])
    other.close()
    expect(await eventually(async () => (await ready())[0] === 200, 30)).toBe(true)
  })
})
