import { describe, expect, test } from 'vitest'
import type { EnvironmentRules } from '../../../src/deploy/environment.ts'
import { SmallWorld, failure } from './small-world.ts'
import { ADA, GRACE, configuration, digestOf, imageRule, rules } from './situation.ts'

const TRENT = { id: 3, login: 'trent', app: null }
const APPROVALS: EnvironmentRules['approvals'] = { count: 1, by: [], not: ['requester', 'author', 'pusher'], expire: 4 * 3_600_000 }

const worldOf = (different: Partial<EnvironmentRules>): SmallWorld => {
  const world = new SmallWorld()
  world.configuration = configuration([rules(different)])
  world.github = { roles: new Map([[GRACE.id, 'write']]) }
  return world
}

describe('an approval', () => {
  test('is waited for, holds nothing, and lets it go on', async () => {
    const world = worldOf({ approvals: APPROVALS })
    const first = world.asks(':1.1')
    await world.settles()
    expect(world.deployment(first)).toMatchObject({
      state: 'waiting',
      wait: { reason: 'approval', sentence: 'An approval by somebody else with the role write is missing.' },
    })
    expect(world.occupant).toBeNull()
    expect(await world.service.approve(world.says(GRACE), { id: null, isApproval: true, reason: null })).toMatchObject({
      deployment: { id: world.idOf(first) },
    })
    await world.settles()
    expect(world.states).toEqual(['success'])
    expect(world.deployment(first).steps.map(({ name }) => name)).toEqual(['gates', 'resolve', 'verify', 'wait', 'queue', 'apply', 'observe'])
  })

  test("is nobody else's than a second person's", async () => {
    const world = worldOf({ approvals: APPROVALS })
    world.asks(':1.1')
    await world.settles()
    const own = await world.service.approve(world.says(ADA), { id: null, isApproval: true, reason: null })
    expect(own).toMatchObject({ problem: { code: 'APPROVAL_NOT_ALLOWED', found: 'the requester of this change' } })
    expect(world.states).toEqual(['waiting'])
  })

  test('of somebody who has lost the right since does not count', async () => {
    const world = worldOf({ approvals: APPROVALS })
    world.asks(':1.1')
    await world.settles()
    world.github = { roles: new Map([[GRACE.id, 'read']]) }
    await world.service.approve(world.says(GRACE), { id: null, isApproval: true, reason: null })
    await world.settles()
    expect(world.states).toEqual(['waiting'])
    await world.time.passes('4 hours')
    expect(world.deployment(1)).toMatchObject({ state: 'refused', problem: { code: 'WAIT_EXPIRED' } })
  })

  test('that never comes ends it after its time', async () => {
    const world = worldOf({ approvals: APPROVALS })
    world.asks(':1.1')
    await world.settles()
    await world.time.passes('5 hours')
    expect(world.deployment(1)).toMatchObject({
      state: 'refused',
      problem: { code: 'WAIT_EXPIRED', sentence: 'Nobody who may approve this deployment did so in time.' },
    })
  })

  test('may be a no, with a reason', async () => {
    const world = worldOf({ approvals: APPROVALS })
    world.asks(':1.1')
    await world.settles()
    await world.service.approve(world.says(GRACE), { id: world.idOf(1), isApproval: false, reason: 'not on a Friday' })
    await world.settles()
    expect(world.deployment(1)).toMatchObject({
      state: 'refused',
      problem: { code: 'APPROVAL_REJECTED', sentence: 'grace rejected this deployment: not on a Friday' },
    })
  })

  test('outlives the process', async () => {
    const world = worldOf({ approvals: APPROVALS })
    world.asks(':1.1')
    await world.settles()
    world.crossings.die()
    world.starts()
    await world.settles()
    expect(world.states).toEqual(['waiting'])
    await world.service.approve(world.says(GRACE), { id: null, isApproval: true, reason: null })
    await world.rests()
    expect(world.states).toEqual(['success'])
    expect(world.target.effects).toHaveLength(1)
  })

  test('which comes after a newer one has succeeded comes too late', async () => {
    const world = worldOf({ approvals: APPROVALS })
    world.asks(':1.1')
    await world.settles()
    world.configuration = configuration([rules()])
    world.asks(':1.2', { by: TRENT })
    await world.settles()
    await world.service.approve(world.says(GRACE), { id: world.idOf(1), isApproval: true, reason: null })
    await world.settles()
    expect(world.states).toEqual(['superseded', 'success'])
  })
})

describe('an image that is not there yet', () => {
  const withWait = (): SmallWorld => {
    const world = new SmallWorld()
    world.configuration = configuration([rules()], [imageRule({ wait: 15 * 60_000 })])
    return world
  }

  test('is waited for', async () => {
    const world = withWait()
    world.trouble('resolve', failure('TAG_NOT_FOUND'), failure('TAG_NOT_FOUND'), failure('REGISTRY_UNAVAILABLE'))
    world.asks(':1.1')
    await world.settles()
    expect(world.deployment(1)).toMatchObject({
      state: 'waiting',
      wait: { reason: 'image', sentence: 'The registry does not have ghcr.io/acme/shop:1.1 yet.' },
    })
    await world.time.passes('2 minutes')
    expect(world.states).toEqual(['success'])
  })

  test('is looked for at once when it is said to have been pushed', async () => {
    const world = withWait()
    world.trouble('resolve', failure('TAG_NOT_FOUND'), failure('TAG_NOT_FOUND'))
    world.asks(':1.1')
    await world.settles()
    await world.service.happened({ kind: 'image', repository: world.says().repository })
    await world.settles()
    expect(world.states).toEqual(['success'])
  })

  test('and never comes is a failure after its time, as any other', async () => {
    const world = withWait()
    world.trouble('resolve', ...Array.from({ length: 200 }, () => failure('TAG_NOT_FOUND')))
    world.asks(':1.1')
    await world.settles()
    await world.time.passes('16 minutes')
    expect(world.deployment(1)).toMatchObject({ state: 'failure', problem: { code: 'TAG_NOT_FOUND' } })
  })

  test('is no reason to wait where nothing says so', async () => {
    const world = new SmallWorld()
    world.trouble('resolve', failure('TAG_NOT_FOUND'))
    world.asks(':1.1')
    await world.settles()
    expect(world.states).toEqual(['failure'])
  })
})

describe('where only the newest is wanted', () => {
  test('those that wait give way to it', async () => {
    const world = worldOf({ queue: 'newest', approvals: APPROVALS })
    world.asks(':1.1')
    await world.settles()
    world.asks(':1.2', { by: TRENT })
    await world.settles()
    expect(world.states).toEqual(['superseded', 'waiting'])
    await world.service.approve(world.says(GRACE), { id: null, isApproval: true, reason: null })
    await world.settles()
    expect(world.states).toEqual(['superseded', 'success'])
    expect(world.target.runs).toBe(digestOf('1.2'))
  })
})
