import { describe, expect, test } from 'vitest'
import type { Observation } from '../../../src/deploy/target.ts'
import { createLocks } from '../../../src/store/locks.ts'
import { ADA, GRACE, configuration, digestOf, idleTarget, imageRule, lockOn, request, rules } from './situation.ts'
import { SmallWorld, failure } from './small-world.ts'
import { MAC } from '../../world/mac.ts'

/** What the simulation found (docs/simulation.md), each told as the smallest story that shows it. */

const lockedBy = (world: SmallWorld, owner: typeof ADA, environment = 'shop/staging') =>
  createLocks(world.disk, MAC).take(lockOn(environment, { owner }), {})

describe('a lock', () => {
  test('that is taken while the target is looked at, just before the claim, is heeded', async () => {
    const world = new SmallWorld()
    world.target.observes = () => {
      if (world.deployment(1).state === 'queued') lockedBy(world, GRACE)
    }
    world.asks(':1.1', { by: ADA })
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'refused', problem: { code: 'LOCKED' }, fence: null })
    expect(world.target.effects).toEqual([])
  })

  test('that is taken while the workloads are claimed, just before the environment is, is heeded', async () => {
    const world = new SmallWorld()
    world.whileClaimed = () => {
      if (world.deployment(1).state === 'queued') lockedBy(world, GRACE)
    }
    world.asks(':1.1', { by: ADA })
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'refused', problem: { code: 'LOCKED' }, fence: null })
    expect(world.target.effects).toEqual([])
  })

  test('of an environment stands beside that of the whole repository: whoever holds the one needs the other', async () => {
    const world = new SmallWorld()
    lockedBy(world, ADA)
    lockedBy(world, GRACE, '*')
    for (const by of [ADA, GRACE]) world.asks(':1.1', { by })
    await world.rests()
    expect(world.states).toEqual(['refused', 'refused'])
  })
})

test('what was seen before somebody else had their turn is looked at again', async () => {
  const world = new SmallWorld()
  world.configuration = configuration([rules()], [imageRule({ wait: 600_000 })])
  world.trouble('resolve', failure('TAG_NOT_FOUND'), failure('TAG_NOT_FOUND'))
  world.asks(':1.1')
  await world.reaches(1, 'waiting')
  const seen = Promise.withResolvers<void>()
  world.target.observes = () => {
    world.target.observes = null
    return seen.promise
  }
  world.asks(':1.2')
  await world.reaches(2, 'queued')
  await world.service.happened({ kind: 'image', repository: request().repository })
  await world.reaches(1, 'success')
  seen.resolve()
  await world.settles()
  expect(world.states).toEqual(['success', 'success'])
  expect(world.target.runs).toBe(digestOf('1.2'))
})

test('an approval that comes while GitHub is asked about another is not missed', async () => {
  const world = new SmallWorld()
  world.configuration = configuration([rules({ approvals: { count: 1, by: [], not: [], expire: 3_600_000 } })])
  const LINUS = { id: 3, login: 'linus', app: null }
  world.asks(':1.1')
  await world.settles()
  const says = (by: typeof ADA) => world.service.approve(world.says(by), { id: world.idOf(1), isApproval: true, reason: null })
  world.github = { actor: { ...GRACE, role: 'write' }, roles: new Map([[GRACE.id, 'write']]) }
  const github = Promise.withResolvers<void>()
  // Two looks of her own, then the one that begins with her word: by then she has lost the right to it.
  world.trouble('github', Promise.resolve(), Promise.resolve(), github.promise)
  await says(GRACE)
  await new Promise(setImmediate)
  world.github = { actor: { ...LINUS, role: 'write' }, roles: new Map([[LINUS.id, 'write']]) }
  await says(LINUS)
  world.github = {
    roles: new Map([
      [GRACE.id, 'read'],
      [LINUS.id, 'write'],
    ]),
  }
  github.resolve()
  await world.settles()
  expect(world.states).toEqual(['success'])
})

describe('a target that does not answer', () => {
  test('is handed the same operation again, so that the one before has nothing left to do', async () => {
    const world = new SmallWorld()
    world.target.has('hears nothing', 'hears nothing')
    world.asks(':1.1')
    await world.rests()
    expect(world.states).toEqual(['success'])
    expect(world.target.effects).toEqual([{ id: world.idOf(1), fence: 1, digest: digestOf('1.1') }])
  })

  test('is left alone where somebody has moved it meanwhile', async () => {
    const world = new SmallWorld()
    world.target.has('hears nothing')
    world.target.observes = () => {
      if (world.target.heard === 1) world.target.isMovedTo(digestOf('by hand'))
    }
    world.asks(':1.1')
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'unknown', problem: { code: 'TARGET_MOVED' } })
    expect(world.target.effects).toEqual([])
  })

  test('for good leaves an outcome that nobody knows: what was sent may still be carried out', async () => {
    const world = new SmallWorld()
    world.target.has(...Array<'hears nothing'>(6).fill('hears nothing'))
    world.asks(':1.1')
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'unknown', problem: { code: 'TARGET_UNAVAILABLE' } })
    expect(world.occupant).toBe(1)
  })

  test('has what ran before put back where the rules want that, with a fence above whatever comes late', async () => {
    const world = new SmallWorld()
    world.asks(':1.1')
    await world.rests()
    world.target.has(...Array<'hears nothing'>(6).fill('hears nothing'))
    world.asks(':1.2')
    await world.rests()
    expect(world.deployment(2)).toMatchObject({ state: 'failure', problem: { code: 'TARGET_UNAVAILABLE' } })
    expect(world.target.effects.at(-1)).toEqual({ id: `${world.idOf(2)}-back`, fence: 3, digest: digestOf('1.1') })
  })

  test('nor to the putting back, leaves that unknown too', async () => {
    const world = new SmallWorld()
    world.asks(':1.1')
    await world.rests()
    world.target.has(...Array<'hears nothing'>(12).fill('hears nothing'))
    world.asks(':1.2')
    await world.rests()
    expect(world.deployment(2)).toMatchObject({ state: 'unknown', problem: { code: 'TARGET_UNAVAILABLE' } })
  })
})

describe('what an earlier process sent may still be on its way', () => {
  /** Dies where it would hand the image over, and somebody cancels before the next one starts. */
  async function cancelledBetween(world: SmallWorld, number: number): Promise<void> {
    world.target.observes = () => {
      if (world.deployment(number).state === 'applying') world.crossings.die()
    }
    world.asks(`:1.${number}`)
    await world.rests()
    world.target.observes = null
    world.journal.cancel(world.idOf(number), { key: 'c:42:9:1', by: GRACE, at: world.time.now() })
    world.starts()
    await world.rests()
  }

  test('so what is cancelled then is not known to be without effect', async () => {
    const world = new SmallWorld()
    await cancelledBetween(world, 1)
    expect(world.deployment(1)).toMatchObject({ state: 'unknown', problem: { code: 'CANCELLED' } })
  })

  test('so what ran before is put back, with a fence above it', async () => {
    const world = new SmallWorld()
    world.asks(':1.1')
    await world.rests()
    await cancelledBetween(world, 2)
    expect(world.deployment(2)).toMatchObject({ state: 'cancelled' })
    expect(world.target.effects.at(-1)).toEqual({ id: `${world.idOf(2)}-back`, fence: 3, digest: digestOf('1.1') })
  })

  test('so what goes wrong then is no failure yet', async () => {
    const world = new SmallWorld()
    world.target.waitsForAbort = true
    world.asks(':1.1')
    await world.target.isApplying()
    world.crossings.die()
    world.target.waitsForAbort = false
    world.target.has('is a bug')
    world.starts()
    await world.rests()
    expect(world.states).toEqual(['unknown'])
  })

  test('and what it left half done is left alone where somebody has moved the other half since', async () => {
    const world = new SmallWorld()
    const seen = (workload: string, tag: string, operation: string | null): Observation => ({
      ...{ workload, digest: digestOf(tag), operation, fence: null, healthy: true, pending: null, revision: tag },
    })
    let now = [seen('shop', '1.0', null), seen('worker', '1.0', null)]
    let tries = 0
    const target = idleTarget({
      workloads: () => ['shop', 'worker'],
      observe: async () => now,
      apply: ({ id }) => {
        tries += 1
        now = [seen('shop', '1.1', id), seen('worker', 'by hand', null)]
        world.crossings.die()
        return new Promise(() => {})
      },
    })
    world.placed = { target }
    world.starts()
    world.asks(':1.1')
    await world.settles()
    world.starts()
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'unknown', problem: { code: 'TARGET_MOVED' } })
    expect(tries).toBe(1)
  })
})

describe('a clock that is set right', () => {
  test('by an hour back does not lengthen the time that an environment has to answer', async () => {
    const world = new SmallWorld()
    world.configuration = configuration([rules({ health: { path: '/healthz', within: 20_000, times: 1 }, onFailure: 'keep' })])
    world.answers = 503
    world.asks(':1.1')
    await world.reaches(1, 'observing')
    world.time.isSetBy(-3_600_000)
    await world.time.passes('5 minutes')
    expect(world.deployment(1)).toMatchObject({ state: 'failure', problem: { code: 'TARGET_UNHEALTHY' } })
  })

  test('by an hour back lengthens no wait by an hour', async () => {
    const world = new SmallWorld()
    world.configuration = configuration([rules({ approvals: { count: 1, by: [], not: [], expire: 600_000 } })])
    world.time.isSetBy(-3_600_000)
    world.asks(':1.1')
    await world.time.passes('15 minutes')
    expect(world.deployment(1)).toMatchObject({ state: 'refused', problem: { code: 'WAIT_EXPIRED' } })
  })

  test('by an hour back makes no alarm ring an hour late', async () => {
    const world = new SmallWorld()
    world.configuration = configuration([rules({ approvals: { count: 1, by: [], not: [], expire: 600_000 } })])
    world.asks(':1.1')
    await world.settles()
    world.crossings.die()
    world.time.isSetBy(3_600_000)
    // By this clock the time is over, and two minutes are left in which an approval may still be fetched.
    world.starts()
    await world.settles()
    expect(world.states).toEqual(['waiting'])
    world.time.isSetBy(-3_600_000)
    await world.time.passes('15 minutes')
    expect(world.deployment(1)).toMatchObject({ state: 'refused', problem: { code: 'WAIT_EXPIRED' } })
  })

  test('by an hour forward is noticed by whoever waits within five minutes', async () => {
    const world = new SmallWorld()
    world.configuration = configuration([rules({ approvals: { count: 1, by: [], not: [], expire: 2 * 3_600_000 } })])
    world.asks(':1.1')
    await world.time.passes('1 minute')
    expect(world.states).toEqual(['waiting'])
    world.time.isSetBy(2 * 3_600_000)
    await world.time.passes('5 minutes')
    expect(world.deployment(1)).toMatchObject({ state: 'refused', problem: { code: 'WAIT_EXPIRED' } })
  })
})
