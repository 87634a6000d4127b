import { describe, expect, test } from 'vitest'
import type { Person } from '../../../src/deploy/deployment.ts'
import { Failure } from '../../../src/errors.ts'
import { ADA, configuration, GRACE, NOON, rules } from './situation.ts'
import { SmallWorld } from './small-world.ts'

/** Deployment 1 waits for an approval, on thread 7 of repository 42, which installation 9 is for. */
async function waiting(): Promise<SmallWorld> {
  const world = new SmallWorld()
  world.configuration = configuration([rules({ approvals: { count: 1, by: [], not: ['requester'], expire: 3_600_000 } })])
  world.asks(':1.1')
  await world.settles()
  expect(world.states).toEqual(['waiting'])
  return world
}

test.each([
  ['taken off the account', { installation: 9 }, 'cancelled'],
  ['taken off this repository', { installation: 9, repositories: [41, 42] }, 'cancelled'],
  ['taken off another repository', { installation: 9, repositories: [41] }, 'waiting'],
  ['taken off another account', { installation: 8 }, 'waiting'],
])('what waits when the App is %s', async (_, gone, state) => {
  const world = await waiting()
  await world.service.happened({ kind: 'gone', ...gone })
  await world.settles()
  expect(world.states).toEqual([state])
})

test('what was asked for after the App was taken off shows that it came back', async () => {
  const world = await waiting()
  await world.service.happened({ kind: 'gone', installation: 9, at: world.deployment(1).request.askedAt - 1 })
  await world.settles()
  expect(world.states).toEqual(['waiting'])
})

describe('a thread that closes', () => {
  /** Grace holds staging, by a comment on thread 7. */
  async function locked() {
    const world = new SmallWorld()
    const { repository, subject, askedAt } = world.says(GRACE)
    const place = { app: null, environment: 'staging' }
    const lock = { place, reason: 'an incident', lasts: 3_600_000, takesOver: false }
    expect(await world.service.lock(world.says(GRACE), lock)).toHaveProperty('lock')
    const notices: string[] = []
    world.service.onNotice(({ kind }) => notices.push(kind))
    const closes = (by: Person | null, at = askedAt) =>
      world.service.happened({ kind: 'closed', repository, subject: subject?.number ?? 0, at, ...(by !== null && { by }) })
    return { world, notices, closes }
  }

  test('gives up what was locked on it before, not what was locked since', async () => {
    const { notices, closes } = await locked()
    await closes(GRACE, NOON - 1)
    expect(notices).toEqual([])
    await closes(GRACE)
    expect(notices).toEqual(['lock released'])
  })

  test.each([
    ['whoever merged it, or an App', null, 'none', 'lock released'],
    ['somebody who may write', ADA, 'write', 'lock released'],
    ['an outsider who wrote it', ADA, 'read', 'lock kept'],
    ['somebody who has another account by now', { ...ADA, id: 77 }, 'write', 'lock kept'],
  ] as const)('is closed by %s', async (_, by, role, notice) => {
    const { world, notices, closes } = await locked()
    world.github = { actor: { id: ADA.id, login: ADA.login, role } }
    await closes(by)
    expect(notices).toEqual([notice])
    expect((await world.status()).locks).toHaveLength(notice === 'lock kept' ? 1 : 0)
  })

  test('keeps the lock while GitHub does not say who that is, and is heard again', async () => {
    const { world, notices, closes } = await locked()
    world.trouble('github', new Failure('GITHUB_UNAVAILABLE', { sentence: 'x', next: 'y' }))
    await expect(closes(ADA)).rejects.toThrow(Failure)
    expect([notices, (await world.status()).locks.length]).toEqual([[], 1])
  })
})
