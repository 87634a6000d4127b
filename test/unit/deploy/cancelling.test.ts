import { describe, expect, test } from 'vitest'
import { SmallWorld } from './small-world.ts'
import { ADA, GRACE, configuration, digestOf, rules } from './situation.ts'

const TRENT = { id: 3, login: 'trent', app: null }

/** Until somebody opens it. */
function gate(): { readonly isOpen: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { isOpen: promise, open: resolve }
}

describe('a cancellation', () => {
  test('of one that is still being looked at ends it at once, without an effect', async () => {
    const world = new SmallWorld()
    const registry = gate()
    world.trouble('resolve', registry.isOpen)
    const first = world.asks(':1.1')
    await world.reaches(first, 'resolving')
    expect(await world.service.cancel(world.says(GRACE), null)).toMatchObject({
      outcome: 'cancelled',
      deployment: { state: 'cancelled', cancellation: { by: { login: 'grace' } } },
    })
    registry.open()
    await world.settles()
    expect(world.states).toEqual(['cancelled'])
    expect(world.target.effects).toEqual([])
    expect(world.incidents).toEqual([])
  })

  test('lets the next one have its turn', async () => {
    const world = new SmallWorld()
    const registry = gate()
    world.trouble('resolve', registry.isOpen)
    world.asks(':1.1')
    await world.reaches(1, 'resolving')
    world.asks(':1.2', { by: TRENT })
    await world.reaches(2, 'queued')
    await world.service.cancel(world.says(ADA), world.idOf(1))
    await world.reaches(2, 'success')
    expect(world.states).toEqual(['cancelled', 'success'])
    registry.open()
    await world.settles()
    expect(world.target.effects).toHaveLength(1)
  })

  test('reaches the target, which leaves everything as it was', async () => {
    const world = new SmallWorld()
    world.asks(':1.1')
    await world.settles()
    world.target.waitsForAbort = true
    world.asks(':1.2')
    await world.reaches(2, 'applying')
    await world.target.isApplying()
    expect(await world.service.cancel(world.says(GRACE), world.idOf(2))).toMatchObject({ outcome: 'asked' })
    await world.settles()
    expect(world.states).toEqual(['success', 'cancelled'])
    expect(world.target.runs).toBe(digestOf('1.1'))
    expect(world.incidents).toEqual([])
  })

  test('that comes after the switch is too late', async () => {
    const world = new SmallWorld()
    const seen = gate()
    let looks = 0
    world.target.observes = () => ((looks += 1) === 3 ? seen.isOpen : undefined)
    world.asks(':1.1')
    await world.reaches(1, 'observing')
    expect(await world.service.cancel(world.says(GRACE), null)).toMatchObject({ outcome: 'too late' })
    seen.open()
    await world.settles()
    expect(world.states).toEqual(['success'])
  })

  test('that the target hears too late ends as what it became', async () => {
    const world = new SmallWorld()
    world.target.waitsForAbort = true
    world.target.has('loses the answer')
    world.asks(':1.1')
    await world.target.isApplying()
    expect(await world.service.cancel(world.says(GRACE), null)).toMatchObject({ outcome: 'asked' })
    await world.settles()
    expect(world.states).toEqual(['success'])
    expect(world.target.runs).toBe(digestOf('1.1'))
  })

  test('is remembered by the next process, which puts back what ran before', async () => {
    const world = new SmallWorld()
    world.asks(':1.1')
    await world.settles()
    world.target.waitsForAbort = true
    world.asks(':1.2')
    await world.target.isApplying()
    world.journal.cancel(world.idOf(2), { key: 'c:42:9:1', by: GRACE, at: world.time.now() })
    world.crossings.die()
    world.target.waitsForAbort = false
    world.starts()
    await world.rests()
    expect(world.states).toEqual(['success', 'cancelled'])
    expect(world.target.runs).toBe(digestOf('1.1'))
    expect(world.target.pending).toBeNull()
  })

  test('of one that a dead process left half way, with nothing before it, comes too late', async () => {
    const world = new SmallWorld()
    world.target.waitsForAbort = true
    world.asks(':1.1')
    await world.target.isApplying()
    world.journal.cancel(world.idOf(1), { key: 'c:42:9:1', by: GRACE, at: world.time.now() })
    world.crossings.die()
    world.target.waitsForAbort = false
    world.starts()
    await world.rests()
    expect(world.states).toEqual(['success'])
    expect(world.target.effects).toHaveLength(1)
  })

  test("is nobody's who may not deploy there", async () => {
    const world = new SmallWorld()
    const registry = gate()
    world.trouble('resolve', registry.isOpen)
    world.asks(':1.1')
    await world.reaches(1, 'resolving')
    world.github = { actor: { id: 3, login: 'trent', role: 'triage' } }
    expect(await world.service.cancel(world.says(TRENT), null)).toMatchObject({ problem: { code: 'PERMISSION_REQUIRED' } })
    world.github = {}
    registry.open()
    await world.settles()
    expect(world.states).toEqual(['success'])
  })

  test('of what has ended says so', async () => {
    const world = new SmallWorld()
    world.asks(':1.1')
    await world.settles()
    expect(await world.service.cancel(world.says(GRACE), world.idOf(1))).toMatchObject({ outcome: 'ended' })
    expect(await world.service.cancel(world.says(GRACE), null)).toMatchObject({ problem: { code: 'DEPLOYMENT_UNKNOWN' } })
  })

  test('with several that may be meant asks which', async () => {
    const world = new SmallWorld()
    const registry = gate()
    world.trouble('resolve', registry.isOpen, registry.isOpen)
    world.asks(':1.1')
    world.asks(':1.1', { environment: 'production' })
    await world.reaches(2, 'resolving')
    expect(await world.service.cancel(world.says(GRACE), null)).toMatchObject({ problem: { code: 'DEPLOYMENT_AMBIGUOUS' } })
    registry.open()
    await world.settles()
  })
})

describe('a lock', () => {
  test('holds the environment for its owner, and says whose it is to anybody else', async () => {
    const world = new SmallWorld()
    const place = { app: null, environment: 'staging' }
    const taken = await world.service.lock(world.says(GRACE), { place, reason: 'looking into the outage', lasts: 3_600_000, takesOver: false })
    expect(taken).toMatchObject({ lock: { owner: { login: 'grace' }, environment: 'shop/staging' } })
    expect(taken).not.toHaveProperty('lock.former')
    world.asks(':1.1')
    await world.settles()
    expect(world.deployment(1)).toMatchObject({
      state: 'refused',
      problem: { code: 'LOCKED', sentence: 'staging is locked by grace: looking into the outage' },
    })
    world.asks(':1.1', { by: GRACE })
    await world.settles()
    expect(world.states).toEqual(['refused', 'success'])
    await world.time.passes('2 hours')
    world.asks(':1.2')
    await world.settles()
    expect(world.states).toEqual(['refused', 'success', 'success'])
  })

  test('is taken over on purpose only, and given up by whoever may deploy', async () => {
    const world = new SmallWorld()
    const asked = { place: { app: null, environment: 'staging' }, reason: 'mine', lasts: 3_600_000, takesOver: false }
    await world.service.lock(world.says(GRACE), asked)
    expect(await world.service.lock(world.says(ADA), asked)).toMatchObject({ problem: { code: 'LOCKED' } })
    expect(await world.service.lock(world.says(ADA), { ...asked, takesOver: true })).toMatchObject({
      lock: { owner: ADA_ALONE, former: { login: 'grace' } },
    })
    expect(await world.service.unlock(world.says(GRACE), asked.place)).toMatchObject({ former: { owner: ADA_ALONE } })
    expect(await world.service.unlock(world.says(GRACE), asked.place)).toEqual({ former: null })
  })

  test('stops what waits for its turn when that comes', async () => {
    const world = new SmallWorld()
    const registry = gate()
    world.trouble('resolve', registry.isOpen)
    world.asks(':1.1')
    await world.reaches(1, 'resolving')
    await world.service.lock(world.says(GRACE), { place: { app: null, environment: 'staging' }, reason: 'stop', lasts: 3_600_000, takesOver: false })
    registry.open()
    await world.settles()
    expect(world.deployment(1)).toMatchObject({ state: 'refused', problem: { code: 'LOCKED' } })
    expect(world.target.effects).toEqual([])
  })

  test('on all environments needs the role maintain', async () => {
    const world = new SmallWorld()
    const asked = { place: null, reason: 'freeze', lasts: 3_600_000, takesOver: false }
    expect(await world.service.lock(world.says(GRACE), asked)).toMatchObject({ problem: { code: 'PERMISSION_REQUIRED' } })
    world.github = { actor: { id: GRACE.id, login: 'grace', role: 'maintain' } }
    expect(await world.service.lock(world.says(GRACE), asked)).toMatchObject({ lock: { environment: '*' } })
    world.github = {}
    world.asks(':1.1', { environment: 'production' })
    await world.settles()
    expect(world.deployment(1)).toMatchObject({
      state: 'refused',
      problem: { code: 'LOCKED', sentence: 'Every environment of this repository is locked by grace: freeze' },
    })
  })

  test('is told besides that of the whole repository, whoever holds that one', async () => {
    const world = new SmallWorld()
    const asked = { place: { app: null, environment: 'staging' }, reason: 'mine', lasts: 3_600_000, takesOver: false }
    await world.service.lock(world.says(ADA), asked)
    world.github = { actor: { id: GRACE.id, login: 'grace', role: 'maintain' } }
    await world.service.lock(world.says(GRACE), { ...asked, place: null })
    const both = [{ environment: 'shop/staging' }, { environment: '*' }]
    expect(await world.service.place(world.says(GRACE), asked.place)).toMatchObject({ locks: both })
    expect((await world.status()).locks).toMatchObject(both)
    expect(await world.service.lock(world.says(GRACE), asked)).toMatchObject({
      problem: { code: 'LOCKED', sentence: 'staging is locked by ada: mine' },
    })
  })

  test('ends when the thread it was taken on is closed, and its owner is told', async () => {
    const world = new SmallWorld()
    const notices: string[] = []
    world.service.onNotice(({ kind }) => notices.push(kind))
    await world.service.lock(world.says(GRACE), { place: { app: null, environment: 'staging' }, reason: 'x', lasts: 3_600_000, takesOver: false })
    await world.service.happened({ kind: 'closed', repository: world.says().repository, subject: 7, at: world.time.now() })
    expect(notices).toEqual(['lock released'])
    world.asks(':1.1')
    await world.settles()
    expect(world.states).toEqual(['success'])
  })

  test('ends only once that is written down to be told: whoever starts after a crash between the two finds it still', async () => {
    const world = new SmallWorld()
    const standing: boolean[] = []
    world.service.onNotice(() => standing.push(world.disk.all('select 1 from lock').length > 0))
    await world.service.lock(world.says(GRACE), { place: { app: null, environment: 'staging' }, reason: 'x', lasts: 3_600_000, takesOver: false })
    await world.service.happened({ kind: 'closed', repository: world.says().repository, subject: 7, at: world.time.now() })
    expect(standing).toEqual([true])
    expect(world.disk.all('select 1 from lock')).toEqual([])
  })
})

const ADA_ALONE = { id: ADA.id, login: 'ada' }

describe('what goes wrong after the switch', () => {
  const worldOf = (onFailure: 'rollback' | 'rollback_and_lock' | 'keep'): SmallWorld => {
    const world = new SmallWorld()
    world.configuration = configuration([rules({ onFailure, health: { path: '/healthz', within: 5_000, times: 2 } })])
    return world
  }

  test('puts back what ran before', async () => {
    const world = worldOf('rollback')
    world.asks(':1.1')
    await world.rests()
    world.answers = 500
    world.asks(':1.2')
    await world.rests()
    expect(world.states).toEqual(['success', 'failure'])
    expect(world.deployment(2).problem).toMatchObject({
      code: 'TARGET_UNHEALTHY',
      sentence: 'The new image runs, and https://staging.example.com/healthz does not answer as it should. What ran before (shop:1.1) runs again.',
      found: 'status 500',
    })
    expect(world.target.runs).toBe(digestOf('1.1'))
    expect(world.target.effects.map(({ id, fence }) => [id.replace(/^16-r\d+/, ''), fence])).toEqual([
      ['', 1],
      ['', 2],
      ['-back', 3],
    ])
  })

  test('and locks the environment where the rules want that', async () => {
    const world = worldOf('rollback_and_lock')
    world.asks(':1.1')
    await world.rests()
    world.answers = 500
    world.asks(':1.2')
    await world.rests()
    world.answers = 200
    world.asks(':1.3')
    await world.rests()
    expect(world.deployment(3)).toMatchObject({ state: 'refused', problem: { code: 'LOCKED' } })
    await world.service.unlock(world.says(GRACE), { app: null, environment: 'staging' })
    world.asks(':1.3')
    await world.rests()
    expect(world.states).toEqual(['success', 'failure', 'refused', 'success'])
  })

  test('is left where the rules want that, or where nothing ran before', async () => {
    const world = worldOf('keep')
    world.asks(':1.1')
    await world.rests()
    world.answers = 500
    world.asks(':1.2')
    await world.rests()
    expect(world.states).toEqual(['success', 'failure'])
    expect(world.target.runs).toBe(digestOf('1.2'))
    const first = worldOf('rollback')
    first.answers = 500
    first.asks(':1.1')
    await first.rests()
    expect(first.states).toEqual(['failure'])
    expect(first.target.runs).toBe(digestOf('1.1'))
  })

  test('ends the same with a death at every crossing', { timeout: 60_000 }, async () => {
    const play = async (death: { at: number; side: 'before' | 'after' } | null): Promise<SmallWorld> => {
      const world = worldOf('rollback')
      world.asks(':1.1')
      await world.rests()
      world.answers = 500
      if (death !== null) world.crossings.awaits(death)
      world.asks(':1.2')
      await world.rests()
      if (world.crossings.isDead) {
        world.starts()
        await world.rests()
      }
      return world
    }
    const { crossings } = await play(null)
    // `npm run check` has a minute for everything.
    const every = process.env['GANTRY_CRASH_EVERY'] === undefined ? 1 : 5
    for (let at = 1; at <= crossings.count; at += every) {
      for (const side of ['before', 'after'] as const) {
        const world = await play({ at, side })
        const hint = `died ${side} ${at}`
        expect(world.states, hint).toEqual(['success', 'failure'])
        expect(world.target.runs, hint).toBe(digestOf('1.1'))
        expect(world.target.effects.filter(({ id }) => id.endsWith('-back')).length, hint).toBe(1)
      }
    }
  })
})

test('a hundred deployments of a repository on their way are enough', async () => {
  const world = new SmallWorld()
  world.configuration = configuration([rules({ approvals: { count: 1, by: [], not: ['requester'], expire: 3_600_000 } })])
  for (let number = 1; number <= 101; number++) world.asks(`:1.${number}`)
  await world.settles()
  expect(new Set(world.states)).toEqual(new Set(['waiting', 'refused']))
  expect(world.states.filter((state) => state === 'waiting')).toHaveLength(100)
  expect(world.deployment(101).problem).toMatchObject({ code: 'QUEUE_FULL' })
})
