import { expect, test } from 'vitest'
import { Refusal } from '../../../src/errors.ts'
import { configuration, rules } from './situation.ts'
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
  world.service.happened({ kind: 'gone', ...gone })
  await world.settles()
  expect(world.states).toEqual([state])
})

test('a thread that closes gives up what was locked on it before, give or take the clocks', async () => {
  const world = new SmallWorld()
  const asked = world.says()
  const place = { app: null, environment: 'staging' }
  expect(await world.service.lock(asked, { place, reason: 'x', lasts: 3_600_000, takesOver: false })).not.toBeInstanceOf(Refusal)
  const closes = (at: number) => world.service.happened({ kind: 'closed', repository: asked.repository, subject: asked.subject?.number ?? 0, at })
  const notices: string[] = []
  world.service.onNotice(({ kind }) => notices.push(kind))
  closes(world.time.now() - 61_000)
  expect(notices).toEqual([])
  closes(world.time.now() - 59_000)
  expect(notices).toEqual(['lock released'])
})
