import { describe, expect, test } from 'vitest'
import type { EnvironmentRules } from '../../../src/deploy/environment.ts'
import { EVERY_ENVIRONMENT, floorOf } from '../../../src/deploy/fence.ts'
import { SmallWorld } from './small-world.ts'
import { ADA, GRACE, HEAD, OTHER, asks, configuration, digestOf, pull, request, rules } from './situation.ts'

const APPROVALS: EnvironmentRules['approvals'] = { count: 1, by: [], not: ['requester', 'author', 'pusher'], expire: 4 * 3_600_000 }

describe('what runs', () => {
  test('is what had its turn last, also where an older one was let in after a newer one', async () => {
    const world = new SmallWorld()
    world.configuration = configuration([rules({ approvals: APPROVALS })])
    world.github = { roles: new Map([[GRACE.id, 'write']]) }
    const older = world.asks(':1.0', { more: { allowOlder: true } })
    await world.settles()
    world.configuration = configuration([rules()])
    world.asks(':1.1')
    await world.settles()
    await world.service.approve(world.says(GRACE), { id: world.idOf(older), isApproval: true, reason: null })
    await world.settles()
    expect(world.states).toEqual(['success', 'success'])
    expect(world.target.runs).toBe(digestOf('1.0'))
    await world.time.passes('2 minutes')
    expect(await world.status()).toMatchObject({ last: { id: world.idOf(older) }, drift: null })
  })
})

describe('on a target that takes no fence', () => {
  test.each([
    ['what somebody put there is put right', 0, digestOf('1.0')],
    ['but not where a backup was restored since, because then the record may be the older one', 1, digestOf('1.1')],
  ])('%s', async (_what, generation, runs) => {
    const world = new SmallWorld()
    world.target.contract = 'readable'
    world.starts()
    world.asks(':1.0')
    await world.settles()
    world.journal.raise(EVERY_ENVIRONMENT, floorOf(generation))
    world.target.isMovedTo(digestOf('1.1'))
    await world.time.passes('5 minutes')
    expect(world.target.runs).toBe(runs)
    if (generation > 0) expect((await world.status()).drift).toMatchObject({ seen: expect.stringContaining(digestOf('1.1')) })
    world.asks(':1.2')
    await world.settles()
    expect(world.target.runs).toBe(digestOf('1.2'))
    world.target.isMovedTo(digestOf('1.1'))
    await world.time.passes('5 minutes')
    expect(world.target.runs).toBe(digestOf('1.2'))
  })
})

describe('what failed after the switch and was left there', () => {
  test('is no drift, also after one that never had its turn', async () => {
    const world = new SmallWorld()
    world.configuration = configuration([rules({ onFailure: 'keep' })])
    world.asks(':1.0')
    await world.settles()
    world.target.has('stays unhealthy')
    world.asks(':1.1')
    await world.settles()
    world.configuration = configuration([rules({ onFailure: 'keep', approvals: APPROVALS })])
    const third = world.asks(':1.2')
    await world.settles()
    await world.service.cancel(world.says(ADA), world.idOf(third))
    await world.time.passes('2 minutes')
    expect(world.states).toEqual(['success', 'failure', 'cancelled'])
    expect(world.target.runs).toBe(digestOf('1.1'))
    expect((await world.status()).drift).toBeNull()
  })
})

describe('a deployment that fails after the switch', () => {
  test('puts nothing back into a place that its environment has left', async () => {
    const world = new SmallWorld()
    world.configuration = configuration([rules({ settings: { path: '/srv/left' } })])
    world.asks(':1.0')
    await world.settles()
    world.configuration = configuration([rules({ settings: { path: '/srv/new' } })])
    world.target.has('stays unhealthy')
    world.asks(':1.1')
    await world.settles()
    expect(world.deployment(2)).toMatchObject({ state: 'failure', problem: { sentence: 'It never became healthy.' } })
    expect(world.target.effects).toHaveLength(2)
  })
})

describe('/rollback', () => {
  const back = { origin: { kind: 'rollback', to: null } } as const
  const otherBlob = { configuration: { blob: 'blob-2', text: 'as declared' } }

  test('again goes further back and never forth, though the configuration has changed since', async () => {
    const world = new SmallWorld()
    for (const tag of [':0.9', ':1.0']) {
      world.asks(tag)
      await world.settles()
    }
    world.github = otherBlob
    world.asks(':1.1')
    await world.settles()
    for (const tag of ['1.0', '0.9']) {
      world.asks(null, { more: back })
      await world.settles()
      expect(world.target.runs).toBe(digestOf(tag))
    }
  })

  test('passes over the same image that was deployed again under another configuration', async () => {
    const world = new SmallWorld()
    for (const tag of [':1.0', ':1.1']) {
      world.asks(tag)
      await world.settles()
    }
    world.github = otherBlob
    world.asks(':1.1')
    await world.settles()
    world.asks(null, { more: back })
    await world.settles()
    expect(world.target.runs).toBe(digestOf('1.0'))
  })
})

describe('a workload', () => {
  test('that another environment has been given is not touched by what has waited for the former one', async () => {
    const world = new SmallWorld()
    world.configuration = configuration([rules({ approvals: APPROVALS })])
    world.github = { roles: new Map([[GRACE.id, 'write']]) }
    const first = world.asks(':1.0')
    await world.settles()
    world.configuration = configuration([rules({ approvals: APPROVALS, settings: { path: '/srv/elsewhere' } }), rules({ name: 'production' })])
    world.asks(':1.1', { environment: 'production' })
    await world.settles()
    await world.service.approve(world.says(GRACE), { id: world.idOf(first), isApproval: true, reason: null })
    await world.settles()
    expect(world.states).toEqual(['refused', 'success'])
    expect(world.deployment(first)).toMatchObject({ problem: { code: 'WORKLOAD_CLAIMED' }, fence: null })
    expect(world.target.runs).toBe(digestOf('1.1'))
  })
})

describe('the same plan that waits already', () => {
  const SOAK = configuration([
    rules({ after: { environment: 'testing', healthyFor: 3_600_000 } }),
    rules({ name: 'testing', settings: { path: '/srv/testing' } }),
  ])
  const waits = async (): Promise<SmallWorld> => {
    const world = new SmallWorld()
    world.configuration = SOAK
    world.github = { actor: { id: ADA.id, login: ADA.login, role: 'admin' } }
    world.asks(':1.1', { environment: 'testing' })
    await world.settles()
    world.asks(':1.1')
    await world.settles()
    expect(world.states).toEqual(['success', 'waiting'])
    return world
  }

  test('is not waited for by whoever sets that rule aside', async () => {
    const world = await waits()
    world.asks(':1.1', { more: { override: 'an incident' } })
    await world.settles()
    expect(world.states).toEqual(['success', 'waiting', 'success'])
    await world.time.passes('2 hours')
    expect(world.states).toEqual(['success', 'superseded', 'success'])
  })

  test('is joined by anybody else', async () => {
    const world = await waits()
    world.asks(':1.1')
    await world.settles()
    expect(world.states).toEqual(['success', 'waiting', 'superseded'])
  })
})

describe('/retry', () => {
  const again = async (now: Partial<EnvironmentRules>['from']): Promise<unknown> => {
    const world = new SmallWorld()
    world.configuration = configuration([rules({ from: { branches: null, pullRequests: true, forks: true, drafts: false } })])
    world.github = { pull: pull({ isFork: true }) }
    world.target.has('refuses')
    const asked = world.asks(':1.0', { more: { expect: HEAD } })
    await world.settles()
    expect(world.states).toEqual(['failure'])
    if (now !== undefined) world.configuration = configuration([rules({ from: now })])
    world.github = { pull: null, ref: { name: 'main', commit: OTHER } }
    const issue = request({ key: 'c:42:77', subject: { number: 8, node: 'I_8', isPull: false }, receivedAt: world.time.now() })
    const { id } = world.service.deploy({ ...issue, asks: asks({ origin: { kind: 'retry', of: world.idOf(asked) } }) })
    await world.settles()
    return world.service.find(id)
  }

  test('on another thread is judged by where the commit came from, and by the rules of now', async () => {
    expect(await again(undefined)).toMatchObject({ state: 'success' })
    const now = { branches: null, pullRequests: true, forks: true, drafts: false }
    expect(await again({ ...now, forks: false })).toMatchObject({ state: 'refused', problem: { code: 'FORK_REFUSED' } })
    expect(await again({ ...now, pullRequests: false })).toMatchObject({ state: 'refused', problem: { code: 'PULL_REQUEST_REFUSED' } })
  })
})
