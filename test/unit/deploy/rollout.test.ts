import { describe, expect, test } from 'vitest'
import { atLeast, ROLES } from '../../../src/deploy/environment.ts'
import { GRACE, STAGING, bound, configuration, digestOf, pull, rules } from './situation.ts'
import { SmallWorld, failure } from './small-world.ts'

describe('one deployment', () => {
  test('goes through its states, each step written before its effect and closed after it', async () => {
    const world = new SmallWorld()
    world.asks(':1.1')
    await world.rests()
    expect(world.told).toEqual(
      ['requested', 'gating', 'resolving', 'verifying', 'queued', 'applying', 'observing', 'success'].map((state) => `1 ${state}`),
    )
    const { steps, plan, fence, environment, log, problem } = world.deployment(1)
    expect(steps.map(({ name, outcome, note }) => [name, outcome, note])).toEqual([
      ['gates', 'done', null],
      ['resolve', 'done', `${digestOf('1.1').slice(0, 19)} as anonymous`],
      ['verify', 'done', 'linux/amd64'],
      ['queue', 'done', null],
      ['apply', 'done', null],
      ['observe', 'done', `shop runs ${digestOf('1.1').slice(0, 19)}`],
    ])
    expect(steps.every(({ endedAt }) => endedAt !== null)).toBe(true)
    expect({ fence, environment, problem }).toEqual({ fence: 1, environment: STAGING, problem: null })
    expect(plan?.artifacts).toMatchObject([{ tag: '1.1', digest: digestOf('1.1') }])
    expect(log).toEqual(['pulled ghcr.io/acme/shop with ***'])
    expect(world.target.effects).toEqual([{ id: world.deployment(1).id, fence: 1, digest: digestOf('1.1') }])
    expect(world.deployment(1).id).toMatch(/^16-r\d+$/)
  })

  test('of what runs already ends as success without an effect', async () => {
    const world = new SmallWorld()
    world.asks(':1.1')
    await world.rests()
    world.asks(':1.1')
    await world.rests()
    expect(world.states).toEqual(['success', 'success'])
    expect([world.deployment(1).alreadyRunning, world.deployment(2).alreadyRunning]).toEqual([false, true])
    expect(world.target.effects).toHaveLength(1)
  })

  test('of what runs, but is not healthy, is done again', async () => {
    const world = new SmallWorld()
    world.asks(':1.1')
    await world.rests()
    world.target.observes = () => {
      world.target.isHealthy = world.target.effects.length > 1
    }
    world.asks(':1.1')
    await world.rests()
    expect(world.states).toEqual(['success', 'success'])
    expect(world.target.effects).toHaveLength(2)
  })

  test('of what runs is done again where its settings changed', async () => {
    const world = new SmallWorld()
    world.asks(':1.1')
    await world.rests()
    world.configuration = configuration([rules({ settings: { path: '/srv/shop', level: 'debug' } })])
    world.asks(':1.1')
    await world.rests()
    expect(world.target.effects).toHaveLength(2)
  })

  test('of what runs is done again where another attempt came between, which may have left its settings', async () => {
    const world = new SmallWorld()
    const [plain, loud] = [{ path: '/srv/shop' }, { path: '/srv/shop', level: 'debug' }]
    world.configuration = configuration([rules({ settings: plain })])
    world.asks(':1.1')
    await world.rests()
    world.configuration = configuration([rules({ settings: loud, onFailure: 'keep' })])
    world.target.observes = () => {
      world.target.isHealthy = world.target.effects.length < 2
    }
    world.asks(':1.1')
    await world.rests()
    world.target.observes = null
    world.target.isHealthy = true
    world.configuration = configuration([rules({ settings: plain })])
    world.asks(':1.1')
    await world.rests()
    expect(world.states).toEqual(['success', 'failure', 'success'])
    expect(world.target.effects.map(({ fence }) => fence)).toEqual([1, 2, 3])
  })

  test('the same key is the same deployment, whatever else the request says', async () => {
    const world = new SmallWorld()
    world.asks(':1.1')
    await world.rests()
    const { request } = world.deployment(1)
    const again = world.service.deploy({ ...request, actor: GRACE })
    await world.rests()
    expect(again.sequence).toBe(1)
    expect(world.journal.open()).toEqual([])
    expect(world.target.effects).toHaveLength(1)
  })
})

describe('refused', () => {
  test.each(ROLES)('or not, by the role %s; strangers on a public repository quietly', async (role) => {
    for (const isPrivate of [false, true]) {
      const world = new SmallWorld()
      world.github = { actor: { id: 1, login: 'ada', role }, repository: { isPrivate, defaultBranch: 'main' } }
      world.asks(':1.1')
      await world.rests()
      const { state, isQuiet, problem, plan } = world.deployment(1)
      expect(state).toBe(atLeast(role, 'write') ? 'success' : 'refused')
      expect(isQuiet).toBe(!isPrivate && ['none', 'read'].includes(role))
      if (state === 'refused') expect({ code: problem?.code, plan }).toEqual({ code: 'PERMISSION_REQUIRED', plan: null })
    }
  })

  test('by a gate of the configuration: closed before anything is asked of registry or target', async () => {
    const world = new SmallWorld()
    world.github = { pull: pull({ isFork: true }) }
    world.asks(':1.1')
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'refused', problem: { code: 'FORK_REFUSED' }, isQuiet: false })
    expect(world.deployment(1).steps).toMatchObject([{ name: 'gates', outcome: 'failed' }])
    expect(world.crossings.log.filter((name) => !/^sql|github/.test(name))).toEqual([])
  })

  test('where another environment holds the workload', async () => {
    const world = new SmallWorld()
    world.configuration = configuration([rules(), rules({ name: 'production' })])
    world.asks(':1.1')
    await world.rests()
    world.asks(':1.1', { environment: 'production' })
    await world.rests()
    expect(world.deployment(2)).toMatchObject({ state: 'refused', problem: { code: 'WORKLOAD_CLAIMED', found: 'acme/shop shop/staging' } })
  })

  describe('at the recheck, while it waited its turn', () => {
    const meanwhile: [string, string, (world: SmallWorld) => void][] = [
      ['the head moved', 'HEAD_MOVED', (world) => (world.github = { pull: pull({ head: 'b'.repeat(40) }) })],
      ['the comment was edited', 'COMMENT_CHANGED', (world) => (world.github = { comment: 'edited' })],
      ['the permission was taken away', 'PERMISSION_REQUIRED', (world) => (world.github = { actor: { id: 1, login: 'ada', role: 'read' } })],
      ['the configuration went', 'CONFIGURATION_MISSING', (world) => (world.github = { configuration: null })],
      [
        'a stricter role was asked for',
        'PERMISSION_REQUIRED',
        (world) => (world.configuration = configuration([rules({ allow: { role: 'admin', any: [] } })])),
      ],
    ]
    test.each(meanwhile)('%s', async (_, code, changes) => {
      const world = new SmallWorld()
      const verified = Promise.withResolvers<void>()
      world.trouble('verify', verified.promise)
      world.asks(':1.1')
      await world.reaches(1, 'verifying')
      changes(world)
      verified.resolve()
      await world.rests()
      expect(world.deployment(1)).toMatchObject({ state: 'refused', problem: { code } })
      expect(world.target.effects).toEqual([])
    })

    test('the default environment is another one by now: what was planned is what is judged and done', async () => {
      const world = new SmallWorld()
      const verified = Promise.withResolvers<void>()
      world.trouble('verify', verified.promise)
      world.asks(':1.1', { environment: null })
      await world.reaches(1, 'verifying')
      const strict = rules({ name: 'production', settings: { path: '/srv/production' }, allow: { role: 'admin', any: [] } })
      world.configuration = configuration([rules(), strict], undefined, 'production')
      verified.resolve()
      await world.rests()
      expect(world.deployment(1)).toMatchObject({ state: 'success', environment: STAGING })
    })

    const declared: [string, (world: SmallWorld) => void][] = [
      ['the declaration of the target changed', (world) => (world.placed = { revision: 'r2' })],
      [
        'the environment names another target of the same declaration',
        (world) => (world.configuration = configuration([rules({ target: 'other' })])),
      ],
      ['the target is bounded to other images', (world) => (world.placed = { bounds: [bound({ images: ['ghcr.io/other/*'] })] })],
      ['a setting left its bounds, and only the plan still has it', narrowed],
    ]
    test.each(declared)('after a restart in which %s', async (_, changes) => {
      const world = new SmallWorld()
      world.asks(':1.1')
      world.trouble('verify', new Promise(() => {}))
      await world.reaches(1, 'verifying')
      world.crossings.die()
      changes(world)
      world.starts()
      await world.rests()
      expect(world.deployment(1)).toMatchObject({ state: 'refused', problem: { code: 'TARGET_NOT_ALLOWED' } })
      expect(world.target.effects).toEqual([])
    })
  })
})

function narrowed(world: SmallWorld): void {
  world.configuration = configuration([rules({ settings: { path: '/srv/narrow' } })])
  world.placed = { bounds: [bound({ settings: new Map([['path', '/srv/narrow']]) })] }
}

describe('trouble on the way', () => {
  test('a passing failure of GitHub is waited out by the clock, holding nothing', async () => {
    const world = new SmallWorld()
    world.trouble('github', failure('GITHUB_UNAVAILABLE'), failure('GITHUB_RATE_LIMITED', 5_000), failure('PERMISSION_UNREADABLE'))
    world.asks(':1.1')
    await world.settles()
    const looks = () => world.crossings.log.filter((name) => name === 'github').length
    expect([world.deployment(1).state, looks()]).toEqual(['gating', 1])
    await world.time.passes('1 second')
    await world.time.passes('4 seconds')
    expect(looks()).toBe(2) // told to wait five
    await world.time.passes('1 second')
    expect(looks()).toBe(3)
    await world.time.passes('4 seconds')
    expect(world.deployment(1).state).toBe('success')
  })

  test.each(['GITHUB_UNAVAILABLE', 'GITHUB_REFUSED'] as const)('a failure of GitHub that stays ends it: %s', async (code) => {
    const world = new SmallWorld()
    world.trouble('github', ...Array.from({ length: 6 }, () => failure(code)))
    world.asks(':1.1')
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'failure', problem: { code } })
  })

  test('the registry says no: failure, and nobody was disturbed', async () => {
    const world = new SmallWorld()
    world.trouble('resolve', failure('TAG_NOT_FOUND'))
    world.asks(':1.1')
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'failure', fence: null, problem: { code: 'TAG_NOT_FOUND' } })
    expect(world.deployment(1).steps.at(-1)).toMatchObject({ name: 'resolve', outcome: 'failed' })
  })

  test('a bug of ours before the effect is an incident with a number, and ends it', async () => {
    const world = new SmallWorld()
    world.trouble('verify', new TypeError('undefined is not a function'))
    world.asks(':1.1')
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'failure', problem: { code: 'INTERNAL', found: 'incident i1' } })
    expect(JSON.stringify(world.deployment(1))).not.toContain('undefined is not')
  })

  test.each([
    ['refuses', 'TARGET_REFUSED'],
    ['unhealthy', 'TARGET_UNHEALTHY'],
    ['runs another', 'TARGET_RUNS_OTHER'],
  ] as const)('the target %s: failure, and the environment is free', async (trouble, code) => {
    const world = new SmallWorld()
    world.target.has(trouble)
    world.asks(':1.1')
    world.asks(':1.2')
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'failure', problem: { code } })
    expect(world.deployment(2).state).toBe('success')
    expect(world.target.runs).toBe(digestOf('1.2'))
  })

  test('it runs but never becomes healthy: failure after half a minute, and the environment is free', async () => {
    const world = new SmallWorld()
    world.target.isHealthy = false
    world.asks(':1.1')
    await world.settles()
    expect([world.deployment(1).state, world.occupant]).toEqual(['observing', 1])
    await world.time.passes('29 seconds')
    expect(world.deployment(1)).toMatchObject({ state: 'failure', problem: { code: 'TARGET_UNHEALTHY' } })
    expect(world.occupant).toBeNull()
  })

  test('the answer of the effect is lost: what runs decides', async () => {
    const world = new SmallWorld()
    world.target.has('loses the answer')
    world.asks(':1.1')
    await world.rests()
    expect(world.states).toEqual(['success'])
    expect(world.target.effects).toHaveLength(1)
  })

  test('it never became healthy and could not be put back either: failure, whatever is left running', async () => {
    const world = new SmallWorld()
    world.target.has('stays unhealthy')
    world.asks(':1.1')
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'failure', problem: { code: 'TARGET_UNHEALTHY' } })
    expect(world.target.runs).toBe(digestOf('1.1'))
  })

  test('a listener that throws stops nothing', async () => {
    const world = new SmallWorld()
    world.service.onChange(() => {
      throw new Error('listener')
    })
    world.asks(':1.1')
    await world.rests()
    expect(world.states).toEqual(['success'])
    expect(world.incidents).not.toEqual([])
  })
})

describe('what cannot be known', () => {
  async function lost(): Promise<SmallWorld> {
    const world = new SmallWorld()
    world.target.has('goes away')
    world.asks(':1.1')
    world.asks(':1.2')
    await world.rests()
    return world
  }

  test('is said as such and blocks the environment until somebody has looked', async () => {
    const world = await lost()
    expect(world.states).toEqual(['unknown', 'queued'])
    expect(world.deployment(1).problem).toMatchObject({
      code: 'TARGET_UNAVAILABLE',
      sentence: expect.stringMatching(/^It is not known what runs now: /),
    })
    expect(await world.status()).toMatchObject({ observed: { problem: { code: 'TARGET_UNAVAILABLE' } }, occupant: { sequence: 1 } })
    expect(world.states).toEqual(['unknown', 'queued'])
  })

  test('/status settles it once the target answers, and the next goes on', async () => {
    const world = await lost()
    world.target.unreachable = 0
    expect(await world.status()).toMatchObject({ observed: [{ workload: 'shop' }], occupant: null })
    await world.rests()
    expect(world.states).toEqual(['unknown', 'success'])
    expect(world.target.runs).toBe(digestOf('1.2'))
  })

  test('a status of another environment settles nothing', async () => {
    const world = await lost()
    world.target.unreachable = 0
    await world.status('production')
    expect(world.states).toEqual(['unknown', 'queued'])
  })

  test('an observation from before it was lost settles nothing', async () => {
    const world = new SmallWorld()
    world.target.has('goes away')
    const late = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<unknown>()
    // While the engine looks for the last time before its effect, somebody asks for the status and waits long for the answer.
    world.target.observes = () => {
      world.target.observes = () => {
        world.target.observes = null
        return late.promise
      }
      asked.resolve(world.status())
    }
    world.asks(':1.1')
    await world.rests()
    expect(world.states).toEqual(['unknown'])
    late.resolve()
    await asked.promise
    expect(world.occupant).toBe(1)
  })

  test('looking somewhere else settles nothing: the environment has other settings now', async () => {
    const world = await lost()
    world.configuration = configuration([rules({ target: 'elsewhere' })])
    await world.status()
    expect(world.occupant).toBe(1)
  })

  test('a target that is no longer declared has nobody left to look at', async () => {
    const world = await lost()
    world.crossings.die()
    world.isTargetDeclared = false
    world.starts()
    await world.status()
    expect(world.occupant).toBeNull()
  })

  test('a bug of ours during the effect leaves it unknown, not failed', async () => {
    const world = new SmallWorld()
    world.target.has('is a bug')
    world.target.observes = () => {
      if (world.deployment(1).state === 'applying' && world.crossings.log.includes('target begin')) throw new TypeError('again')
    }
    world.asks(':1.1')
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'unknown', problem: { code: 'INTERNAL' } })
    expect(world.occupant).toBe(1)
  })
})

describe('a queue', () => {
  test('of two on one environment runs in order, one at a time', async () => {
    const world = new SmallWorld()
    world.asks(':1.1')
    world.asks(':1.2')
    await world.rests()
    expect(world.states).toEqual(['success', 'success'])
    expect(world.target.effects.map(({ fence, digest }) => [fence, digest])).toEqual([
      [1, digestOf('1.1')],
      [2, digestOf('1.2')],
    ])
    expect(world.told.indexOf('1 success')).toBeLessThan(world.told.indexOf('2 applying'))
  })

  test('of ten is worked off to the last', async () => {
    const world = new SmallWorld()
    for (let n = 1; n <= 10; n++) world.asks(`:1.${n}`)
    await world.rests()
    expect(world.target.effects.map(({ digest }) => digest)).toEqual(Array.from({ length: 10 }, (_, n) => digestOf(`1.${n + 1}`)))
  })

  test('one that joins it does not start the first a second time', async () => {
    const world = new SmallWorld()
    const rechecked = Promise.withResolvers<void>()
    world.trouble('github', Promise.resolve(), rechecked.promise)
    world.asks(':1.1')
    await world.reaches(1, 'queued')
    world.asks(':1.2')
    await world.reaches(2, 'queued')
    await new Promise((resolve) => setImmediate(resolve))
    rechecked.resolve()
    await world.rests()
    expect(world.states).toEqual(['success', 'success'])
    expect(world.incidents).toEqual([])
  })

  test('environments do not wait for each other', async () => {
    const world = new SmallWorld()
    world.target.isHealthy = false
    world.asks(':1.1')
    world.asks(':1.2', { environment: 'production' })
    await world.settles()
    expect(world.states).toEqual(['observing', 'observing'])
  })

  test('the same plan asked for by two people joins', async () => {
    const world = new SmallWorld()
    world.target.isHealthy = false
    world.asks(':1.1')
    await world.reaches(1, 'observing')
    world.asks(':1.1', { by: GRACE })
    await world.settles()
    world.target.isHealthy = true
    await world.rests()
    expect(world.states).toEqual(['success', 'superseded'])
    expect(world.deployment(2).problem).toMatchObject({ code: 'SUPERSEDED', sentence: expect.stringContaining('ada') })
    expect(world.target.effects).toHaveLength(1)
  })

  test('asked for again after another one, a plan does not join: the last word wins', async () => {
    const world = new SmallWorld()
    world.target.isHealthy = false
    world.asks(':1.1')
    await world.reaches(1, 'observing')
    world.asks(':1.2')
    await world.reaches(2, 'queued')
    world.asks(':1.1', { by: GRACE })
    await world.settles()
    world.target.isHealthy = true
    await world.rests()
    expect(world.target.runs).toBe(digestOf('1.1'))
    expect(world.deployment(3).state).toBe('success')
  })

  test('nor does it where the one between is still being judged', async () => {
    const world = new SmallWorld()
    const answered = Promise.withResolvers<void>()
    world.target.isHealthy = false
    world.asks(':1.1')
    await world.reaches(1, 'observing')
    world.trouble('github', answered.promise)
    world.asks(':1.2')
    await world.reaches(2, 'gating')
    world.asks(':1.1', { by: GRACE })
    await world.reaches(3, 'queued')
    answered.resolve()
    world.target.isHealthy = true
    await world.rests()
    expect(world.target.runs).toBe(digestOf('1.1'))
    expect(world.deployment(3).state).toBe('success')
  })

  test('the place in it is that of arrival, not of the quicker registry', async () => {
    const world = new SmallWorld()
    const resolved = Promise.withResolvers<void>()
    world.trouble('resolve', resolved.promise)
    world.asks(':1.1')
    await world.reaches(1, 'resolving')
    world.asks(':1.2')
    await world.reaches(2, 'queued')
    resolved.resolve()
    await world.rests()
    expect(world.states).toEqual(['success', 'success'])
    expect(world.target.runs).toBe(digestOf('1.2'))
  })

  test.each(['resolve', 'verify'] as const)('does not wait for one that fails to %s', async (at) => {
    const world = new SmallWorld()
    const gone = Promise.withResolvers<void>()
    world.trouble(at, gone.promise)
    world.asks(':1.1')
    await world.reaches(1, at === 'resolve' ? 'resolving' : 'verifying')
    world.asks(':1.2')
    await world.reaches(2, 'queued')
    gone.reject(failure('NOT_FOUND_OR_HIDDEN'))
    await world.rests()
    expect(world.states).toEqual(['failure', 'success'])
  })

  test('an older one that is late never overtakes a newer one that succeeded', async () => {
    const world = new SmallWorld()
    const answered = Promise.withResolvers<void>()
    world.trouble('github', answered.promise)
    world.asks(':1.1')
    await world.reaches(1, 'gating')
    world.asks(':1.2')
    await world.reaches(2, 'success')
    answered.resolve()
    await world.rests()
    expect(world.states).toEqual(['superseded', 'success'])
    expect(world.target.runs).toBe(digestOf('1.2'))
  })

  test('one that is refused at its turn lets the next one through', async () => {
    const world = new SmallWorld()
    world.target.isHealthy = false
    world.asks(':1.1')
    world.asks(':1.2')
    world.asks(':1.3', { by: GRACE })
    await world.settles()
    world.github = { actor: { id: GRACE.id, login: 'grace', role: 'write' } }
    world.target.isHealthy = true
    await world.rests()
    expect(world.states).toEqual(['success', 'refused', 'success'])
    expect(world.target.runs).toBe(digestOf('1.3'))
  })
})

describe('interrupted between intent and effect', () => {
  async function interrupted(): Promise<SmallWorld> {
    const world = new SmallWorld()
    world.target.observes = () => {
      if (world.deployment(1).state === 'applying') world.crossings.die()
    }
    world.asks(':1.1')
    await world.settles()
    world.target.observes = null
    expect(world.states).toEqual(['applying'])
    return world
  }

  test('it goes on where it was', async () => {
    const world = await interrupted()
    world.starts()
    await world.rests()
    expect(world.states).toEqual(['success'])
    expect(world.deployment(1).steps.filter(({ name }) => name === 'apply')).toHaveLength(1)
  })

  test('somebody moved the target meanwhile: unknown, blocked, and left alone', async () => {
    const world = await interrupted()
    world.target.isMovedTo(digestOf('9.9'))
    world.starts()
    world.asks(':1.2')
    await world.rests()
    expect(world.states).toEqual(['unknown', 'queued'])
    expect(world.deployment(1).problem).toMatchObject({ code: 'TARGET_MOVED', found: `shop: ${digestOf('9.9')}`, wanted: 'shop: nothing of ours' })
    expect(world.target.runs).toBe(digestOf('9.9'))
    await world.status()
    await world.rests()
    expect(world.states).toEqual(['unknown', 'success'])
    expect(world.target.runs).toBe(digestOf('1.2'))
  })

  test('for long enough that people may have changed their minds: the gates are asked again', async () => {
    const world = await interrupted()
    world.time.forget()
    await world.time.passes('1 hour')
    world.github = { actor: { id: 1, login: 'ada', role: 'read' } }
    world.starts()
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'refused', problem: { code: 'PERMISSION_REQUIRED' } })
    expect(world.target.effects).toEqual([])
    expect(world.occupant).toBeNull()
  })

  test('the target does not answer the next process: unknown', async () => {
    const world = await interrupted()
    world.target.unreachable = Infinity
    world.starts()
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'unknown', problem: { code: 'TARGET_UNAVAILABLE' } })
  })

  test('the operator took the target away: unknown', async () => {
    const world = await interrupted()
    world.isTargetDeclared = false
    world.starts()
    await world.rests()
    expect(world.deployment(1)).toMatchObject({ state: 'unknown', problem: { code: 'TARGET_UNKNOWN' } })
  })
})

describe('a full disk', () => {
  test('leaves a deployment where it was, and it goes on once there is room', async () => {
    const world = new SmallWorld()
    world.disk.all(`create trigger full before update on deployment begin select raise(abort, 'disk is full'); end`)
    world.asks(':1.1')
    await world.settles()
    expect(world.states).toEqual(['requested'])
    expect(world.incidents).not.toEqual([])
    world.disk.all('drop trigger full')
    await world.rests()
    expect(world.states).toEqual(['success'])
  })
})

test('a polite stop finishes the step that a deployment is at, and the next start takes the others', async () => {
  const world = new SmallWorld()
  const { promise, resolve } = Promise.withResolvers<void>()
  world.trouble('resolve', promise)
  world.asks(':1.1')
  await world.reaches(1, 'resolving')
  world.service.stop()
  resolve()
  await world.settles()
  expect(world.states).toEqual(['verifying'])
  expect(world.target.effects).toEqual([])
  world.asks(':1.2', { environment: 'production' })
  await world.settles()
  expect(world.states).toEqual(['verifying', 'requested'])
  world.crossings.die()
  world.starts()
  await world.rests()
  expect(world.states).toEqual(['success', 'success'])
})
