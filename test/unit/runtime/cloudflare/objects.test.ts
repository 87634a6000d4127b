import { beforeEach, describe, expect, test, vi } from 'vitest'
import { accountAt, OPERATOR, repositoryAt, type Bindings, type Home } from '../../../../src/runtime/cloudflare/bindings.ts'
import { configured } from '../../../../src/runtime/cloudflare/configured.ts'
import { ACCOUNT } from '../../../../src/runtime/cloudflare/account-object.ts'
import { HOME as HOME_HEADER } from '../../../../src/runtime/cloudflare/repository-object.ts'
import { Objects, ORIGIN } from '../../../world/objects.ts'

let world: Objects
beforeEach(() => {
  world = new Objects()
})

const FORMER = { repository: 1_009, account: 99 }
const NOW = { repository: 1_009, account: 77 }

const store = (home: Home) =>
  repositoryAt(world.env, home.repository).deliver(home, [
    { key: `k:${home.repository}:${home.account}`, guid: 'a', event: 'push', receivedAt: Date.now(), payload: '{}', missed: 'done' },
  ])
const homeOf = (id: number) => world.repository(id).rows('select repository, account from object_home')
const noted = (id: number) =>
  world
    .repository(id)
    .rows('select name from object_note order by name')
    .map(({ name }) => name)
const bearer = () => ({ authorization: `Bearer ${world.github.auth.signsIn(world.github.people.ada.account)}`, 'content-type': 'application/json' })

describe('a repository that was given to another account', () => {
  test('is no business of the former one’s, which the App was taken off', async () => {
    await store(FORMER)
    await store(NOW)
    await repositoryAt(world.env, 1_009).happened(FORMER, { kind: 'gone', installation: 5 })
    expect(homeOf(1_009)).toEqual([NOW])
  })

  test('does nothing more with what the former one has: it begins anew first', async () => {
    await store(FORMER)
    await repositoryAt(world.env, 1_009).environments()
    const { instance } = world.repository(1_009)
    await store(NOW)
    expect(await repositoryAt(world.env, 1_009).environments()).toEqual([])
    expect(world.repository(1_009).instance).not.toBe(instance)
    expect(world.repository(1_009).alarm).toBeLessThan(Date.now() + 60_000)
  })

  test('does not go back with a delivery that was fetched late', async () => {
    await store(FORMER)
    await store(NOW)
    const late = {
      key: 'k:1009:late',
      guid: 'b',
      event: 'push',
      receivedAt: 1,
      payload: '{"repository":{"owner":{"id":99}}}',
      missed: 'done' as const,
    }
    expect(await repositoryAt(world.env, 1_009).deliver(FORMER, [late], true)).toEqual([true])
    expect(homeOf(1_009)).toEqual([NOW])
  })

  test('does not go back because somebody still calls it by a former name', async () => {
    await store(FORMER)
    await store(NOW)
    const asked = new Request(`${ORIGIN}/r/acme/shop`, { headers: { ...bearer(), [HOME_HEADER]: `${FORMER.repository}:${FORMER.account}` } })
    await repositoryAt(world.env, 1_009).fetch(asked)
    expect(homeOf(1_009)).toEqual([NOW])
  })

  test('keeps nothing of the former one’s that was on its way', async () => {
    await store(FORMER)
    world.account(FORMER.account).before = async (name) => {
      if (name === 'copy') await store(NOW)
    }
    await world.rings(world.repository(1_009))
    expect(noted(1_009)).not.toContain(`copy of ${FORMER.account}`)
  })

  test('is found to be so by whoever asks GitHub, before a delivery says it', async () => {
    const { id, owner } = world.github.repository
    await store({ repository: id, account: 12_345 })
    const ask = () => world.asks('/deployments?repository=acme/shop', { headers: bearer() })
    expect((await ask()).status).toBe(503)
    expect(homeOf(id)).toEqual([{ repository: id, account: owner.id }])
    await expect.poll(async () => (await ask()).status).toBe(200)
  })
})

test('nothing of a repository is kept by the operator’s object, whatever a name leads to', async () => {
  const body = JSON.stringify({ repository: 'acme/shop', environment: 'staging' })
  const asked = new Request(`${ORIGIN}/deploy`, { method: 'POST', headers: { ...bearer(), [ACCOUNT]: '0' }, body })
  const answer = await accountAt(world.env, OPERATOR).fetch(asked)
  expect(await answer.json()).toMatchObject({ status: 404, code: 'REPOSITORY_UNKNOWN' })
  expect(world.account(OPERATOR).rows('select * from deployment')).toEqual([])
})

test('an object that nobody has told whose it is writes nothing, and is not woken', async () => {
  const at = repositoryAt(world.env, 7)
  expect([await at.has('k:7:a'), await at.auditPage(null, 10), await at.environments()]).toEqual([false, [], []])
  expect(world.repository(7).rows('select name from sqlite_schema')).toEqual([])
  expect(world.repository(7).alarm).toBeNull()
  await world.rings(world.repository(7))
  expect(world.repository(7).alarm).toBeNull()
})

test('what is to be tried again later is waited for by an alarm, though nothing was ever deployed', async () => {
  const { id } = world.github.repository
  const pull = world.github.people.ada.opensPullRequest()
  world.github.people.ada.comments(pull.number, '/status')
  await world.github.deliver((request) => world.worker.fetch(new Request(request), world.env))
  world.reach = async () => new Response('{"message":"You have exceeded a secondary rate limit"}', { status: 403, headers: { 'retry-after': '600' } })
  await world.rings(world.repository(id))
  expect(world.repository(id).rows('select 1 from delivery where handled_at is null')).not.toEqual([])
  expect(world.repository(id).alarm).toBeGreaterThan(Date.now())
})

test('what an account keeps and could not be fetched is fetched by whoever asks next', async () => {
  await store(FORMER)
  world.account(FORMER.account).before = (name) => {
    if (name === 'copy') throw new Error('away')
  }
  await expect(repositoryAt(world.env, 1_009).environments()).rejects.toThrow('does not answer')
  world.account(FORMER.account).before = () => {}
  await repositoryAt(world.env, 1_009).environments()
  expect(noted(1_009)).toContain(`copy of ${FORMER.account}`)
})

test('what a timer begins finds what is declared then, however long it was waited for', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  try {
    await store(FORMER)
    await repositoryAt(world.env, 1_009).environments()
    let [copiedAt, age] = [-Infinity, NaN]
    world.account(FORMER.account).before = (name) => {
      if (name === 'copy') copiedAt = Date.now()
    }
    const { clock } = world.repository(1_009).instance as { clock: { after(ms: number, work: () => void): void } }
    clock.after(45_000, () => (age = Date.now() - copiedAt))
    const ringing = world.rings(world.repository(1_009))
    await vi.advanceTimersByTimeAsync(50_000)
    await ringing
    expect(age).toBeLessThan(2_000)
  } finally {
    vi.useRealTimers()
  }
})

describe('whoever has proved nothing', () => {
  const make = (name: string, address: string) =>
    world.asks(`/r/acme/${name}`, { headers: { authorization: 'Bearer made-up', 'cf-connecting-ip': address } })

  test('is given an answer for so many made-up names, and leaves the others their questions', async () => {
    const answers = []
    for (let at = 0; at < 20; at += 1) answers.push((await make(`made-up-${at}`, '203.0.113.1')).status)
    for (let at = 20; at < 60; at += 1) answers.push((await make(`made-up-${at}`, `203.0.113.${at}`)).status)
    expect(answers.slice(0, 10)).not.toContain(429)
    expect(new Set(answers.slice(10, 20))).toEqual(new Set([429]))
    expect(answers.at(-1)).toBe(429)
    expect(await accountAt(world.env, OPERATOR).takeOne(OPERATOR, 'lookups', '', 25)).toBeGreaterThan(0)
  })

  test('sends no more of a body than is taken', async () => {
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (stream) => {
        sent += 1
        if (sent > 100) stream.close()
        else stream.enqueue(new Uint8Array(1_048_576))
      },
    })
    const answer = await world.asks('/deploy', { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect(answer.status).toBe(413)
    expect(sent).toBeLessThan(10)
  })
})

test('a secret that could not be read for a moment is read again', async () => {
  let isAway = true
  const stored = { get: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve('own-password')) }
  const env = { ...world.env, REGISTRY_PASSWORD: stored, PRIVATE_KEY: stored } as unknown as Bindings
  await expect(configured(env)).rejects.toThrow()
  const whole = { ...world.env, REGISTRY_PASSWORD: stored } as unknown as Bindings
  expect((await configured(whole)).environment).not.toHaveProperty('REGISTRY_PASSWORD')
  isAway = false
  expect((await configured(whole)).environment).toHaveProperty('REGISTRY_PASSWORD', 'own-password')
  // What else can be asked for something is no secret.
  const others = { ...world.env, SOME_KV: { get: () => Promise.reject(new Error('no key')), put: () => {} } } as unknown as Bindings
  expect(await configured(others)).toBe(await configured(others))
})

test('what GitHub was asked for is written down once, however often it is told', async () => {
  const told = { installation: 5, created: [{ at: Date.now(), creates: 2 }], until: 0 }
  const at = accountAt(world.env, 99)
  expect(await at.spent(99, 1, told)).toEqual(told)
  const writes = () => world.account(99).rows('select total_changes() as n')
  const before = writes()
  expect(await at.spent(99, 1, told)).toEqual(told)
  expect(writes()).toEqual(before)
  expect(await at.spent(99, 2, told)).toEqual({ ...told, created: [...told.created, ...told.created] })
})

test('an object that has too much to do is not asked again', async () => {
  world.repository(7).before = () => {
    throw Object.assign(new Error('Durable Object is overloaded.'), { overloaded: true })
  }
  await expect(repositoryAt(world.env, 7).has('k:7:a')).rejects.toThrow('does not answer')
  expect(world.repository(7).calls).toHaveLength(1)
})
