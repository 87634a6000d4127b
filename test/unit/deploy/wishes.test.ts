import { describe, expect, test } from 'vitest'
import type { EnvironmentRules } from '../../../src/deploy/environment.ts'
import { auditRecords } from '../../../src/store/audit.ts'
import { SmallWorld } from './small-world.ts'
import { ADA, GRACE, HEAD, NOON, configuration, rules } from './situation.ts'

const APPROVALS: EnvironmentRules['approvals'] = { count: 1, by: [], not: ['requester', 'author', 'pusher'], expire: 4 * 3_600_000 }
const ROLES = new Map([[GRACE.id, 'write' as const]])

const waitingWorld = async (): Promise<SmallWorld> => {
  const world = new SmallWorld()
  world.configuration = configuration([rules({ approvals: APPROVALS })])
  world.github = { roles: ROLES }
  world.asks(':1.0')
  await world.settles()
  return world
}

describe('an approval', () => {
  test('that the rules ask for only since a deployment waits for something else can be given', async () => {
    const world = new SmallWorld()
    const demands = { checks: 'all' as const, reviews: 0, upToDate: false, signed: false }
    const commit = (outcome: 'pending' | 'success') => ({
      sha: HEAD,
      tree: 'tree-1',
      isSigned: true,
      checks: [{ name: 'build', app: null, outcome, state: '' }],
    })
    world.configuration = configuration([rules({ require: demands })])
    world.github = { roles: ROLES, commit: commit('pending') }
    const first = world.asks(':1.0', { more: { whenGreen: true } })
    await world.settles()
    world.configuration = configuration([rules({ require: demands, approvals: APPROVALS })])
    world.github = { roles: ROLES, commit: commit('success') }
    await world.time.passes('2 minutes')
    expect(world.deployment(first)).toMatchObject({ state: 'waiting', wait: { reason: 'approval' } })
    await world.service.approve(world.says(GRACE), { id: null, isApproval: true, reason: null })
    await world.settles()
    expect(world.states).toEqual(['success'])
  })

  test('that was written before there was a plan to look at is none, whenever it arrives', async () => {
    const world = await waitingWorld()
    const plan = world.deployment(1).steps.find(({ name }) => name === 'verify')!
    const early = { ...world.says(GRACE), askedAt: plan.startedAt - 61_000 }
    const said = await world.service.approve(early, { id: world.idOf(1), isApproval: true, reason: null })
    expect(said).toMatchObject({ problem: { code: 'APPROVAL_NOT_ALLOWED', found: 'a comment that is older than the plan' } })
    await world.settles()
    expect(world.states).toEqual(['waiting'])
    await world.service.approve(early, { id: world.idOf(1), isApproval: false, reason: 'never' })
    await world.settles()
    expect(world.states).toEqual(['refused'])
  })

  test('that arrives after a later rejection by the same person does not take that back', async () => {
    const world = await waitingWorld()
    const approval = { ...world.says(GRACE), askedAt: NOON + 60_000 }
    const rejection = { ...world.says(GRACE), askedAt: NOON + 61_000 }
    const { planHash } = world.deployment(1)
    const word = { deployment: world.idOf(1), planHash: planHash ?? '', by: GRACE, reason: null }
    world.journal.approve({ ...word, isApproval: false, at: rejection.askedAt })
    world.journal.approve({ ...word, isApproval: true, at: approval.askedAt })
    expect(world.deployment(1).approvals).toMatchObject([{ isApproval: false }])
    world.journal.approve({ ...word, isApproval: true, at: rejection.askedAt + 1_000 })
    expect(world.deployment(1).approvals).toMatchObject([{ isApproval: true }])
    await world.service.cancel(world.says(ADA), world.idOf(1))
    await world.settles()
  })

  test('is not taken back once the image is being applied: that is stopped, or it is too late', async () => {
    const world = await waitingWorld()
    world.target.waitsForAbort = true
    await world.service.approve(world.says(GRACE), { id: null, isApproval: true, reason: null })
    await world.target.isApplying()
    const said = await world.service.approve(world.says(GRACE), { id: world.idOf(1), isApproval: false, reason: 'not on a Friday' })
    expect(said).toMatchObject({ problem: { code: 'DEPLOYMENT_ENDED', next: `Type "/cancel ${world.idOf(1)}" if it should be stopped.` } })
    expect(world.deployment(1).approvals).toMatchObject([{ isApproval: true }])
    await world.service.cancel(world.says(ADA), world.idOf(1))
    await world.settles()
  })
})

describe('a comment that was edited or deleted before it was read', () => {
  const place = { app: null, environment: 'staging' }
  const changed = { problem: { code: 'COMMENT_CHANGED' } }

  test('approves, rejects and cancels nothing', async () => {
    const world = await waitingWorld()
    world.github = { roles: ROLES, comment: 'deleted' }
    expect(await world.service.approve(world.says(GRACE), { id: null, isApproval: true, reason: null })).toMatchObject(changed)
    expect(await world.service.approve(world.says(GRACE), { id: null, isApproval: false, reason: 'no' })).toMatchObject(changed)
    expect(await world.service.cancel(world.says(ADA), null)).toMatchObject(changed)
    expect(world.states).toEqual(['waiting'])
  })

  test('locks and unlocks nothing', async () => {
    const world = new SmallWorld()
    const asked = { place, reason: 'a migration', lasts: 3_600_000, takesOver: false }
    await world.service.lock(world.says(ADA), asked)
    world.github = { comment: 'edited', actor: { id: GRACE.id, login: GRACE.login, role: 'admin' } }
    expect(await world.service.unlock(world.says(GRACE), place)).toMatchObject(changed)
    expect(await world.service.lock(world.says(GRACE), { ...asked, place: null })).toMatchObject(changed)
    expect((await world.status()).locks).toMatchObject([{ owner: { login: 'ada' } }])
  })
})

test('who was refused for lack of rights stands in the audit log, and nobody else', async () => {
  const world = new SmallWorld()
  const place = { app: null, environment: 'staging' }
  await world.service.unlock(world.says(GRACE), place)
  world.github = { actor: { id: GRACE.id, login: GRACE.login, role: 'read' } }
  const asked = world.says(GRACE)
  expect(await world.service.unlock(asked, place)).toMatchObject({ problem: { code: 'PERMISSION_REQUIRED' } })
  expect([...auditRecords(world.disk, 'repository_audit')]).toMatchObject([
    { by: { id: GRACE.id, login: 'grace' }, action: 'refused', subject: 'unlock', why: 'PERMISSION_REQUIRED', request: asked.key },
  ])
})

test('a secret in the reason of a lock goes no further', async () => {
  const world = new SmallWorld()
  const asked = { place: { app: null, environment: 'staging' }, reason: 'the token is hunter2', lasts: 3_600_000, takesOver: false }
  expect(await world.service.lock(world.says(ADA), asked)).toMatchObject({ lock: { reason: 'the token is ***' } })
  await world.service.unlock(world.says(ADA), asked.place, ({ reason }) => `free again: ${reason}`)
  const all = world.disk
    .all<{ name: string }>(`select name from sqlite_schema where type = 'table'`)
    .map(({ name }) => world.disk.all(`select * from ${name}`))
  expect(JSON.stringify(all)).not.toContain('hunter2')
})
