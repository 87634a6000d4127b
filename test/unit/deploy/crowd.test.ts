import { beforeEach, expect, test } from 'vitest'
import { SmallWorld } from './small-world.ts'
import { configuration, request, rules } from './situation.ts'

// One account's flood is refused, and is nobody else's.

const ACCOUNT = 4711
let world: SmallWorld

/** Five hundred wait for an approval, a hundred in each of five repositories of one account. */
beforeEach(async () => {
  world = new SmallWorld()
  world.configuration = configuration([rules({ approvals: { count: 1, by: [], not: ['requester'], expire: 3_600_000 } })])
  world.asks(':1.2')
  await world.settles()
  const columns = world.disk
    .all<{ name: string }>(`select name from pragma_table_info('deployment') where name <> 'sequence'`)
    .map(({ name }) => name)
  const copied: Readonly<Record<string, string>> = {
    id: `'copy-' || n.n`,
    key: `'copy-' || n.n`,
    repository: '1000 + n.n / 100',
    environment: `'copy-' || n.n`,
    request: `json_set(request, '$.repository.account', ${ACCOUNT})`,
  }
  world.disk.all(
    `with recursive n (n) as (select 0 union all select n + 1 from n where n < 499)
     insert into deployment (${columns.join()}) select ${columns.map((name) => copied[name] ?? name).join()} from deployment, n`,
  )
})

/** In a repository of that account. */
const asked = (key: string, account?: number) => request({ key, repository: { ...request().repository, ...(account !== undefined && { account }) } })

async function fateOf(key: string, account?: number): Promise<unknown> {
  world.service.deploy(asked(key, account))
  await world.settles()
  const found = world.journal.asked(key)
  return found?.state === 'refused' ? found.problem : found?.state
}

test('five hundred of one account on their way are enough, however many repositories it has', async () => {
  expect(world.journal.crowdOf(ACCOUNT)).toBe(500)
  expect(await fateOf('c:42:901', ACCOUNT)).toMatchObject({
    ...{ code: 'QUEUE_FULL', found: '500 that have not ended', retryable: true },
    sentence: 'Too many deployments of this account’s repositories are on their way already.',
  })
  expect(world.service.full(asked('c:42:902', ACCOUNT))).toMatchObject({ code: 'QUEUE_FULL' })
})

test('another account has its own five hundred', async () => {
  expect(world.service.full(asked('c:42:903', ACCOUNT + 1))).toBeNull()
  expect(await fateOf('c:42:903', ACCOUNT + 1)).toBe('waiting')
})

test('a record that does not say whose it is, is nobody’s', async () => {
  expect(await fateOf('c:42:904')).toBe('waiting')
})

test('what was written down before is no new one', async () => {
  await fateOf('c:42:905', ACCOUNT)
  expect(world.service.full(asked('c:42:905', ACCOUNT))).toBeNull()
})

test('one that ends makes room', async () => {
  world.disk.all(`update deployment set ended_at = 1, state = 'cancelled' where key = 'copy-7'`)
  expect(await fateOf('c:42:906', ACCOUNT)).toBe('waiting')
})

test('those that come while the workloads are claimed count', async () => {
  const becomes = (state: string, endedAt: number | null): void =>
    void world.disk.all(`update deployment set ended_at = ?, state = ? where key = 'copy-7'`, endedAt, state)
  becomes('cancelled', 1)
  world.whileClaimed = () => becomes('waiting', null)
  expect(await fateOf('c:42:907', ACCOUNT)).toMatchObject({ code: 'QUEUE_FULL' })
})

test('they are counted by an index', () => {
  const plan = world.disk.all<{ detail: string }>(
    `explain query plan select count(*) as n from deployment
       where ended_at is null and json_extract(request, '$.repository.account') = ? and environment is not null`,
    ACCOUNT,
  )
  expect(plan.map(({ detail }) => detail)).toEqual([expect.stringContaining('USING INDEX deployment_open_by_account')])
})
