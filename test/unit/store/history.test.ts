import { expect, test } from 'vitest'
import { createHistory } from '../../../src/store/history.ts'
import { migrateRepositories } from '../../../src/store/migrations.ts'
import { memorySql } from '../../world/memory-sql.ts'

const OF = { repository: 7, environment: null, state: null, before: null }

/** Deployments of two repositories in turn; every thousandth of ours was to production, every second is quiet. */
function setUp(count: number) {
  const sql = memorySql()
  migrateRepositories(sql)
  const request = JSON.stringify({ repository: { id: 7 }, actor: {}, asks: {}, receivedAt: 0 })
  sql.all(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
     insert into deployment (id, key, repository, subject, state, environment, request, is_quiet, created_at)
     select 'd' || i, 'k' || i, 7 + i % 2, 0, 'success', '7:shop:' || iif(i % 1000 = 0, 'production', 'staging'), ?, i % 4 = 2, 0 from n`,
    count,
    request,
  )
  return { sql, history: createHistory(sql) }
}

test('page by page each is found once, newest first', () => {
  const { history } = setUp(20_000)
  const found: string[] = []
  const pages: number[] = []
  for (let before: number | null | undefined; before !== null;) {
    const page = history.page({ ...OF, repository: 7, environment: 'production', before: before ?? null }, 3)
    found.push(...page.deployments.map(({ id }) => id))
    pages.push(page.deployments.length)
    before = page.next
  }
  expect(found).toEqual(Array.from({ length: 20 }, (_, nth) => `d${(20 - nth) * 1000}`))
  expect(Math.max(...pages)).toBe(3)
})

test('what is quiet is not shown, and a page that is full is not the last one', () => {
  const { history } = setUp(20)
  const { deployments, next } = history.page(OF, 3)
  expect(deployments.map(({ id }) => id)).toEqual(['d20', 'd16', 'd12'])
  expect(history.page({ ...OF, before: next }, 3)).toMatchObject({ deployments: [{ id: 'd8' }, { id: 'd4' }], next: null })
})

test('where nothing fits, one page looks at so many and no more', () => {
  const { history, sql } = setUp(20_000)
  expect(history.page({ ...OF, environment: 'nowhere' }, 20)).toEqual({ deployments: [], next: 20_000 - 2 * 1_999 })
  const plan = sql.all<{ detail: string }>(
    'explain query plan select sequence, is_quiet from deployment where repository = ? and sequence < ? order by sequence desc limit ?',
    ...[7, 9, 2],
  )
  expect(plan.map(({ detail }) => detail)).toEqual([expect.stringContaining('USING INDEX deployment_by_repository')])
})

test('what has ended in an environment is told in a few words, newest first', () => {
  const { history, sql } = setUp(40)
  const about = (id: string, changes: string): unknown => sql.all(`update deployment set ${changes} where id = '${id}'`)
  about('d36', `state = 'failure', created_at = 5, ended_at = 9, plan = '{"commit":"abc"}'`)
  about('d38', `ended_at = 9`)
  about('d32', `ended_at = 8, already_running = 1, request = '{"asks":{"origin":{"kind":"rollback","to":null}}}'`)
  about('d28', `ended_at = 7, request = '{"asks":{"origin":{"kind":"retry","of":"d24"}}}'`)
  const idle = { startedAt: 0, state: 'success', isRollback: false, alreadyRunning: false, commit: null }
  expect(history.ended('7:shop:staging', 3)).toEqual([
    { ...idle, id: 'd36', state: 'failure', startedAt: 5, endedAt: 9, commit: 'abc' },
    { ...idle, id: 'd32', endedAt: 8, isRollback: true, alreadyRunning: true },
    { ...idle, id: 'd28', endedAt: 7 },
  ])
  expect(history.ended('7:shop:staging', 1).map(({ id }) => id)).toEqual(['d36'])
  expect(history.ended('7:shop:nowhere', 3)).toEqual([])
})
