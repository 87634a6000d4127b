import { describe, expect, test } from 'vitest'
import { anonymous } from '../../../src/registry/credential.ts'
import { createHosts } from '../../../src/registry/hosts.ts'
import { generic } from '../../../src/registry/keychains/generic.ts'
import { createTokens } from '../../../src/registry/token.ts'
import { createTransport } from '../../../src/registry/transport.ts'
import type { Answer, Call, Transport } from '../../../src/registry/transport.ts'
import { reference } from '../../world/registry-client.ts'
import { says, scripted } from '../../world/scripted-answers.ts'
import { settled, stateOf, stillDoors, wish } from '../../world/still-doors.ts'

// Who waits for whom, and how long.

const call: Call = { method: 'GET', url: new URL('https://registry.example/v2/'), headers: {}, authorization: null, mayLeave: false }

/** A transport whose registry gives these answers, one after the other, and how often it was asked. */
function transport(answers: readonly (readonly [number, Record<string, string>?, string?])[], random = 1) {
  let asked = 0
  const waits: number[] = []
  const doors = stillDoors({
    random: () => random,
    fetch: async () => {
      const [status, headers = {}, body = null] = answers[Math.min(asked, answers.length - 1)]!
      asked += 1
      return new Response(body, { status, headers })
    },
  })
  const timed = {
    ...doors,
    after(ms: number, work: () => void) {
      waits.push(ms)
      return doors.after(ms, work)
    },
  }
  const { send } = createTransport(timed, [])
  const ask = () => send(call, wish(doors)).then(({ response }) => response.status)
  /** But for the time limits of the requests themselves. */
  const pauses = () => waits.filter((ms) => ms < 9_000)
  return { ask, waits, pauses, time: doors.time, asked: () => asked }
}

describe('a registry that is busy', () => {
  test('and names a shorter time later is left alone for the longer one', async () => {
    const doors = stillDoors()
    const hosts = createHosts(doors)
    for (const ms of [10_000, 3_000]) hosts.backOff('https://registry.example', ms)
    const visit = hosts.enter('https://registry.example', wish(doors), () => Promise.resolve('in'))
    await settled()
    await doors.time.passes('9 seconds')
    expect(await stateOf(visit)).toBe('waits')
    await doors.time.passes('1 second')
    expect(await visit).toBe('in')
  })

  test.for([
    [429, { 'retry-after': '8' }],
    [503, { 'retry-after': '8' }],
  ] as const)('and says %i to one, with a time, is left alone by all', async ([status, headers]) => {
    const { ask, time, asked } = transport([[status, headers], [200]])
    const first = ask()
    await settled()
    const second = ask()
    expect([await stateOf(second), asked()]).toEqual(['waits', 1])
    await time.passes('8 seconds')
    expect([await first, await second]).toEqual([200, 200])
  })

  test('without saying a time is asked by the next', async () => {
    const { ask, time } = transport([[503], [200]])
    const first = ask()
    await settled()
    expect(await stateOf(ask())).toBe(200)
    await time.passes('1 second')
    expect(await first).toBe(200)
  })

  test('is asked again after a part of the time that chance decides, four times in all', async () => {
    const { ask, time, pauses, asked } = transport([[503]], 0.5)
    const end = ask()
    await settled()
    for (let seconds = 0; seconds < 5; seconds += 1) await time.passes('1 second')
    expect(await end).toBe(503)
    expect([pauses(), asked()]).toEqual([[250, 500, 1000], 4])
  })

  test('may say in words how long', async () => {
    const { ask, time, pauses } = transport([[429, {}, 'retry-after: 2.5s, allowed: 44000/minute'], [200]])
    const end = ask()
    await settled()
    await time.passes('3 seconds')
    expect([await end, pauses()]).toEqual([200, [2_500]])
  })

  test.for([
    ['a limit of hours', 429, { 'ratelimit-remaining': '0;w=21600' }, ''],
    ['the same in words', 429, {}, 'You have reached your pull rate limit.'],
    ['Docker Hub’s 500 that is a no', 500, {}, 'unsupported authentication scheme'],
    ['what is no passing trouble', 404, {}, ''],
  ] as const)('is asked once where it says %s', async ([, status, headers, body]) => {
    const { ask, asked } = transport([[status, headers, body]])
    expect([await ask(), asked()]).toEqual([status, 1])
  })

  test('has ten seconds to begin its answer', async () => {
    const { ask, waits } = transport([[200]])
    await ask()
    expect(waits).toEqual([10_000])
  })

  test('and how often it was asked is in the log', async () => {
    const play = scripted([says(503)])
    await play.client.resolve(reference('registry.example/acme/shop:1.2'), { credential: anonymous }).catch(() => {})
    expect(play.reports).toMatchObject([{ code: 'REGISTRY_UNAVAILABLE', phase: 'manifest', attempts: 4 }])
  })
})

describe('a token', () => {
  const realm = { url: new URL('https://registry.example/token?account=x'), isTrusted: true }
  const request = { origin: 'https://registry.example', realm, service: null, scopes: [], credential: anonymous, tenant: '', keychain: generic }
  const answer = (): Answer => ({ response: Response.json({ token: 't', expires_in: 100 }), hasLeft: false })

  test('lives from when it was asked for, however long that took', async () => {
    const doors = stillDoors()
    const started = doors.now()
    const send = async () => (doors.time.moves(20_000), answer())
    const { token } = await createTokens({ send }, doors).get(request, wish(doors))
    expect(token.usableUntil - started).toBe(90_000)
  })

  test('is asked for with what the realm’s address says, and without a service that nobody named', async () => {
    const doors = stillDoors()
    const urls: string[] = []
    const send: Transport['send'] = async ({ url }) => (urls.push(url.href), answer())
    await createTokens({ send }, doors).get(request, wish(doors))
    expect(urls).toEqual(['https://registry.example/token?account=x&client_id=gantry'])
  })

  test('comes to those who stay, when he leaves who asked for it', async () => {
    const doors = stillDoors()
    const leaving = new AbortController()
    const send: Transport['send'] = async (_call, { signal }) => {
      await settled()
      signal?.throwIfAborted()
      return answer()
    }
    const tokens = createTokens({ send }, doors)
    const left = tokens.get(request, wish(doors, { signal: leaving.signal }))
    const stays = tokens.get(request, wish(doors))
    await Promise.resolve()
    setTimeout(() => leaving.abort(new Error('left')), 0)
    await expect(left).rejects.toThrow('left')
    expect((await stays).token.value.reveal()).toBe('t')
  })
})
