import { describe, expect, test } from 'vitest'
import { NOTHING_ASKED, type Actor } from '../../../src/deploy/deployment.ts'
import type { EnvironmentRules } from '../../../src/deploy/environment.ts'
import type { EnvironmentStanding } from '../../../src/deploy/standings.ts'
import type { Code } from '../../../src/errors.ts'
import { SmallWorld } from './small-world.ts'
import { ADA, GRACE, STAGING, bound, configuration, digestOf, facts, imageRule, request, rules } from './situation.ts'

const APPROVALS: EnvironmentRules['approvals'] = { count: 1, by: [], not: ['requester', 'author', 'pusher'], expire: 4 * 3_600_000 }
const production = (different: Partial<EnvironmentRules> = {}) => rules({ name: 'production', settings: { path: '/srv/production' }, ...different })

/** Somebody opens the page of the repository. */
const opens = (world: SmallWorld, actor: Actor = ADA, how = {}) =>
  world.service.standings(request({ ...world.says(actor), door: 'api', subject: null, comment: null }), how)

async function standingsOf(world: SmallWorld, actor?: Actor): Promise<readonly EnvironmentStanding[]> {
  const found = await opens(world, actor)
  if ('problem' in found) throw new Error(found.problem.code)
  return found
}

async function only(world: SmallWorld, actor?: Actor): Promise<EnvironmentStanding> {
  const [first] = await standingsOf(world, actor)
  if (first === undefined) throw new Error('no environment is declared')
  return first
}

/** As GitHub answers where nobody asked on a pull request. */
const ON_MAIN = { pull: null, ref: { name: 'main', commit: facts().commit!.sha }, comment: 'none' } as const
function worldOf(different: Partial<SmallWorld> = {}): SmallWorld {
  const world = Object.assign(new SmallWorld(), { github: ON_MAIN }, different)
  world.starts()
  return world
}

const role = (actor: Actor, of: 'read' | 'triage' | 'write') => ({ ...ON_MAIN, actor: { id: actor.id, login: actor.login, role: of } })

test('each environment says what runs there and that nothing is in the way', async () => {
  const world = worldOf()
  world.asks(':1.0')
  await world.settles()
  const [staging, second] = await standingsOf(world)
  expect(staging).toMatchObject({
    ...{ app: { name: 'shop' }, rules: { name: 'staging' } },
    status: { app: 'shop', environment: 'staging', observed: [{ digest: digestOf('1.0') }], last: { id: world.idOf(1) } },
    decision: { problem: null, wait: null },
  })
  expect(staging?.decision.verdicts.map(({ outcome }) => outcome)).not.toContain('refused')
  expect(second).toMatchObject({ status: { environment: 'production', last: null }, decision: { problem: null } })
})

describe('what it says is what a deployment would meet', () => {
  const declared = (...environments: EnvironmentRules[]) => worldOf({ configuration: configuration(environments) })
  const always = [{ from: { day: 0, minute: 0 }, to: { day: 6, minute: 1439 }, zone: 'UTC' }]
  const red = [{ name: 'build', app: null, outcome: 'failure' as const, state: 'FAILURE' }]

  test.each<[what: string, code: Code | null, made: () => SmallWorld]>([
    ['nothing', null, () => worldOf()],
    ['somebody who may not', 'PERMISSION_REQUIRED', () => worldOf({ github: role(ADA, 'triage') })],
    ['a stranger', 'PERMISSION_REQUIRED', () => worldOf({ github: role(ADA, 'read') })],
    [
      'somebody whom the rules do not name',
      'PERMISSION_REQUIRED',
      () => declared(rules({ allow: { role: 'write', any: [{ kind: 'user', login: 'grace' }] } })),
    ],
    ['another branch', 'BRANCH_REFUSED', () => declared(rules({ from: { ...rules().from, branches: ['release'] } }))],
    ['an image to be named', 'IMAGE_REQUIRED', () => worldOf({ configuration: configuration([rules()], [imageRule({ tag: null })]) })],
    ['a target that nobody declared', 'TARGET_UNKNOWN', () => worldOf({ isTargetDeclared: false })],
    ['a target of others', 'TARGET_NOT_ALLOWED', () => worldOf({ placed: { bounds: [] } })],
    ['another environment first', 'ORDER_REQUIRED', () => declared(rules({ after: { environment: 'production', healthyFor: 0 } }), production())],
    ['a freeze', 'FROZEN', () => declared(rules({ freeze: always }))],
    [
      'checks that failed',
      'CHECKS_FAILED',
      () =>
        worldOf({
          github: { ...ON_MAIN, commit: { ...facts().commit!, checks: red } },
          configuration: configuration([rules({ require: { ...rules().require, checks: 'all' } })]),
        }),
    ],
  ])('%s', async (_what, code, made) => {
    const world = made()
    const asked = { ...world.says(ADA), door: 'api' as const, subject: null, comment: null }
    const { decision } = await only(world)
    expect(decision.problem?.code ?? null).toBe(code)
    const { id } = world.service.deploy({ ...asked, asks: { ...NOTHING_ASKED, environment: 'staging' } })
    await world.settles()
    expect(decision.problem).toEqual(world.service.find(id)?.problem ?? null)
  })

  test('a lock', async () => {
    const world = worldOf()
    await world.service.lock(world.says(GRACE), {
      place: { app: null, environment: 'staging' },
      reason: 'a migration',
      lasts: 3_600_000,
      takesOver: false,
    })
    const [staging, second] = await standingsOf(world)
    expect(staging).toMatchObject({ status: { locks: [{ reason: 'a migration' }] }, decision: { problem: { code: 'LOCKED' } } })
    expect(second?.decision.problem).toBeNull()
  })

  test.each([
    [false, { problem: { code: 'CHECKS_PENDING' }, wait: null }],
    [true, { problem: null, wait: { reason: 'checks' } }],
  ])('checks that still run, which it waits for if that is asked: %s', async (whenGreen, decision) => {
    const checks = [{ name: 'build', app: null, outcome: 'pending' as const, state: 'IN_PROGRESS' }]
    const world = declared(rules({ require: { ...rules().require, checks: 'all' } }))
    world.github = { ...ON_MAIN, commit: { ...facts().commit!, checks } }
    const asked = request({ ...world.says(ADA), door: 'api', subject: null, comment: null, asks: { ...NOTHING_ASKED, image: ':9', whenGreen } })
    expect(await world.service.standings(asked)).toMatchObject([{ decision }])
  })

  test('that too many are on their way', async () => {
    const world = worldOf({ configuration: configuration([rules({ approvals: APPROVALS })]) })
    for (let tag = 0; tag < 100; tag += 1) world.asks(`:1.${tag}`)
    await world.settles()
    expect((await only(world)).decision.problem?.code).toBe('QUEUE_FULL')
  })
})

describe('whoever may not deploy there', () => {
  test.each(['read', 'triage'] as const)('sees what is on record and nothing that runs, with the role %s', async (of) => {
    const world = worldOf()
    world.asks(':1.0')
    await world.settles()
    world.target.isMovedTo(digestOf('6.6'))
    await world.time.passes('5 minutes')
    world.github = role(GRACE, of)
    const standing = await only(world, GRACE)
    expect(standing).toMatchObject({
      decision: { problem: { code: 'PERMISSION_REQUIRED' } },
      status: { last: { id: world.idOf(1) }, observed: [], drift: null },
    })
    expect(JSON.stringify(standing.status)).not.toContain(digestOf('6.6'))
    world.github = ON_MAIN
    expect((await only(world)).status).toMatchObject({
      observed: [{ digest: digestOf('6.6') }],
      drift: { seen: expect.stringContaining(digestOf('6.6')) },
    })
  })

  test('of some environments sees what runs in the others', async () => {
    const named = { role: 'write' as const, any: [{ kind: 'user' as const, login: 'grace' }] }
    const world = worldOf({ configuration: configuration([rules(), production({ allow: named })]) })
    const [staging, second] = await standingsOf(world)
    expect([staging?.status.observed, second?.status.observed]).toMatchObject([[{ workload: 'shop' }], []])
    expect(second?.decision.problem?.code).toBe('PERMISSION_REQUIRED')
  })

  test('is not told what else they would have to name', async () => {
    const named = { role: 'admin' as const, any: [] }
    const world = worldOf({ configuration: configuration([rules({ allow: named })], [imageRule({ tag: null })]) })
    expect(await only(world)).toMatchObject({ status: { observed: [] }, decision: { problem: { code: 'PERMISSION_REQUIRED' } } })
  })

  test('of a target that is for other images is shown nothing of it', async () => {
    const world = worldOf({ placed: { bounds: [bound({ environments: ['production'] })] } })
    expect(await only(world)).toMatchObject({ status: { observed: [] }, decision: { problem: { code: 'TARGET_NOT_ALLOWED' } } })
  })
})

describe('GitHub is asked', () => {
  const looks = (world: SmallWorld): number => world.crossings.log.filter((one) => one.includes('github')).length

  test('once for all environments', async () => {
    const world = worldOf()
    const before = looks(world)
    await standingsOf(world)
    expect(looks(world) - before).toBe(1)
  })

  test('once more for all the teams that rules name', async () => {
    const team = (slug: string) => ({ role: 'write' as const, any: [{ kind: 'team' as const, organisation: 'acme', slug }] })
    const world = worldOf({ configuration: configuration([rules({ allow: team('one') }), production({ allow: team('two') })]) })
    const before = looks(world)
    const all = await standingsOf(world)
    expect(all.map(({ decision }) => decision.problem?.code)).toEqual(['PERMISSION_REQUIRED', 'PERMISSION_REQUIRED'])
    expect(looks(world) - before).toBe(2)
  })

  test('and where there is no configuration, that is said instead', async () => {
    expect(await opens(worldOf({ github: { ...ON_MAIN, configuration: null } }))).toMatchObject({ problem: { code: 'CONFIGURATION_MISSING' } })
    const stranger = { ...role(ADA, 'read'), configuration: null }
    expect(await opens(worldOf({ github: stranger }))).toMatchObject({ problem: { code: 'PERMISSION_REQUIRED' } })
  })
})

describe('a target', () => {
  test('that does not answer in five seconds is not waited for', async () => {
    const world = worldOf({ configuration: configuration([rules()]) })
    const answer = Promise.withResolvers<void>()
    world.target.observes = () => answer.promise
    const asked = only(world)
    await new Promise((resolve) => setImmediate(resolve))
    await world.time.passes('5 seconds')
    expect(await asked).toMatchObject({
      status: { observed: { problem: { code: 'TARGET_UNAVAILABLE', sentence: 'Target cluster has not said within 5 seconds what runs there.' } } },
      decision: { problem: null },
    })
    answer.reject(new Error('too late for anybody'))
    await world.settles()
  })

  test('that cannot be asked says why', async () => {
    const world = worldOf({ configuration: configuration([rules()]) })
    world.target.unreachable = 1
    expect((await only(world)).status.observed).toMatchObject({ problem: { code: 'TARGET_UNAVAILABLE' } })
  })

  test('that is looked at settles an outcome that nobody knew, and that is only shown does not', async () => {
    const world = worldOf({ configuration: configuration([rules()]) })
    world.target.has('goes away')
    world.asks(':1.0')
    await world.rests()
    expect(world.states).toEqual(['unknown'])
    expect(world.journal.occupant(STAGING)).not.toBeNull()
    world.github = role(GRACE, 'triage')
    await only(world, GRACE)
    expect(world.journal.occupant(STAGING)).not.toBeNull()
    world.github = ON_MAIN
    await only(world)
    expect(world.journal.occupant(STAGING)).not.toBeNull()
    world.target.unreachable = 0
    expect((await only(world)).status.occupant).not.toBeNull()
    await opens(world, ADA, { settles: true })
    expect(world.journal.occupant(STAGING)).toBeNull()
  })
})

describe('whether somebody may approve', () => {
  test.each<[who: Actor, role: 'read' | 'write']>([
    [ADA, 'write'],
    [GRACE, 'write'],
    [GRACE, 'read'],
    [{ ...GRACE, app: { id: 5, slug: 'robot' } }, 'write'],
  ])('is what they would hear if they did: %o as %s', async (who, of) => {
    const world = new SmallWorld()
    world.configuration = configuration([rules({ approvals: APPROVALS })])
    world.asks(':1.0')
    await world.settles()
    world.github = { actor: { id: who.id, login: who.login, role: of }, roles: new Map([[GRACE.id, of]]) }
    const before = world.disk.content()
    const may = await world.service.mayApprove(world.says(who), world.idOf(1))
    expect(world.disk.content()).toEqual(before)
    const said = await world.service.approve(world.says(who), { id: world.idOf(1), isApproval: true, reason: null })
    expect(may).toEqual('problem' in said ? said.problem : null)
    expect(may === null).toBe(who === GRACE && of === 'write')
  })

  test('ends with the waiting, also while they are looked up', async () => {
    const world = new SmallWorld()
    world.configuration = configuration([rules({ approvals: APPROVALS })])
    world.asks(':1.0')
    await world.settles()
    const looked = Promise.withResolvers<void>()
    world.trouble('github', looked.promise)
    const asked = world.service.mayApprove(world.says(GRACE), world.idOf(1))
    world.journal.cancel(world.idOf(1), { key: 'k', by: ADA, at: world.time.now() })
    looked.resolve()
    expect(await asked).toMatchObject({ code: 'DEPLOYMENT_ENDED' })
    expect(await world.service.mayApprove(world.says(GRACE), 'not-there')).toMatchObject({ code: 'DEPLOYMENT_UNKNOWN' })
  })
})

test('how long it will take is known once three have succeeded there', async () => {
  const world = new SmallWorld()
  world.target.observes = () => world.time.moves(1_000)
  for (const tag of [':1.0', ':1.1', ':1.2']) {
    world.asks(tag)
    await world.rests()
  }
  world.configuration = configuration([rules({ approvals: APPROVALS }), production()])
  const next = world.asks(':1.3')
  await world.rests()
  const found = world.service.expected(world.deployment(next))
  expect(found).toMatchObject({ expected: expect.any(Number), isLate: false })
  expect(found.left).toBe(found.expected)
  expect(world.service.expected(world.deployment(1)).expected).toBeNull()
  const elsewhere = world.asks(':1.0', { environment: 'production' })
  await world.rests()
  expect(world.service.expected(world.deployment(elsewhere)).expected).toBeNull()
})
