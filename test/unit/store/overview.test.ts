import { describe, expect, test } from 'vitest'
import type { Deployment, Wait } from '../../../src/deploy/deployment.ts'
import { createJournal } from '../../../src/store/deployments.ts'
import { createHistory } from '../../../src/store/history.ts'
import { createOverview } from '../../../src/store/overview.ts'
import type { RepositorySql, Row, Value } from '../../../src/store/sql.ts'
import { MAC } from '../../world/mac.ts'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { lockOn, NOON, plan, request, rules } from '../deploy/situation.ts'

/** What holds an environment is somebody else's to say: here it says which one it was asked about. */
const held = (...place: [repository: number, app: string, environment: string]) => ({
  locks: [lockOn(place.slice(1).join('/'))],
  drift: { deployment: 'runs', seen: place.join(':'), at: NOON },
})

/** The journal of several repositories, as deployments leave it. */
function setUp() {
  const sql = memoryDatabase()
  const journal = createJournal(sql, MAC)
  const ask = (id: string, repository = 42): Deployment =>
    journal.request(id, request({ key: `key of ${id}`, repository: { ...request().repository, id: repository } }), NOON).deployment
  const gated = (id: string, place = '42:shop:staging'): void => {
    ask(id, Number(place.split(':')[0]))
    journal.move(id, 'requested', 'gating', { now: NOON, step: 'gates' })
    journal.move(id, 'gating', 'resolving', { now: NOON, plan: plan(), environment: place, rules: rules(), planHash: 'hash', step: 'resolve' })
    journal.move(id, 'resolving', 'verifying', { now: NOON, step: 'verify' })
  }
  const queued = (id: string, place?: string): void => {
    gated(id, place)
    journal.move(id, 'verifying', 'queued', { now: NOON, step: 'queue' })
  }
  const succeeds = (id: string, place = '42:shop:staging'): void => {
    queued(id, place)
    journal.claim(id, [], journal.fence(place), NOON + 1)
    journal.end(id, 'success', { now: NOON + 2 })
  }
  const waits = (id: string, reason: Wait['reason'], place?: string, isApprovalMissing = false): void => {
    gated(id, place)
    const verdict = { gate: 'approvals', outcome: 'waits', sentence: 'An approval is missing.' } as const
    const wait = { reason, sentence: 'It waits.', until: NOON, lookAt: NOON }
    journal.wait(id, 'verifying', wait, { now: NOON, step: 'wait', verdicts: isApprovalMissing ? [verdict] : [] })
  }
  return { sql, journal, ask, queued, succeeds, waits, overview: createOverview(sql, held) }
}

const repositories = (...ids: readonly number[]) => ids.map((id) => ({ ...request().repository, id }))
const ids = (deployments: readonly Deployment[]): string[] => deployments.map(({ id }) => id)

describe('the environments of a repository', () => {
  test('have their newest deployment, what runs, what is at work, and who waits', () => {
    const { journal, queued, succeeds, waits, overview } = setUp()
    succeeds('runs')
    queued('works')
    journal.claim('works', [], journal.fence('42:shop:staging'), NOON)
    queued('first')
    queued('second')
    waits('older', 'checks')
    waits('newer', 'approval')
    const [staging, ...others] = overview.environments(42)
    expect(others).toEqual([])
    expect(staging).toMatchObject({
      ...{ key: '42:shop:staging', repository: 42, app: 'shop', environment: 'staging' },
      ...{ newest: { id: 'newer' }, last: { id: 'runs', state: 'success' }, occupant: { id: 'works', state: 'applying' } },
      held: { locks: [{ environment: 'shop/staging' }], drift: { seen: '42:shop:staging' } },
    })
    expect([ids(staging!.queue), ids(staging!.waiting)]).toEqual([
      ['first', 'second'],
      ['newer', 'older'],
    ])
  })

  test('come newest first, and are of this repository alone, whatever the ids of others begin with', () => {
    const { succeeds, overview } = setUp()
    let nth = 0
    for (const place of ['42:shop:staging', '4:shop:staging', '421:shop:staging', '42:admin:staging', '42:shop:production', '42:shop:staging']) {
      succeeds(`${(nth += 1)}`, place)
    }
    const keys = (repository: number) => overview.environments(repository).map(({ key }) => key)
    expect(keys(42)).toEqual(['42:shop:staging', '42:shop:production', '42:admin:staging'])
    expect([keys(4), keys(421), keys(2)]).toEqual([['4:shop:staging'], ['421:shop:staging'], []])
  })

  test('what strangers asked for, and what never had one, is in none', () => {
    const { sql, journal, ask, succeeds, overview } = setUp()
    ask('refused')
    journal.end('refused', 'refused', { now: NOON })
    expect([overview.environments(42), overview.active(repositories(42))]).toEqual([[], []])
    succeeds('runs')
    succeeds('quiet')
    sql.all(`update deployment set is_quiet = 1 where id = 'quiet'`)
    expect(overview.environments(42)).toMatchObject([{ newest: { id: 'runs' } }])
  })
})

test('repositories in which something was deployed come by their newest deployment', () => {
  const { succeeds, overview } = setUp()
  let nth = 0
  for (const repository of [7, 42, 9, 7]) succeeds(`${(nth += 1)}`, `${repository}:shop:staging`)
  expect(overview.active(repositories(1, 9, 42, 7, 9))).toEqual([7, 9, 42])
  expect(overview.active([])).toEqual([])
})

test('what waits for an approval is found, also where it waits for something else first', () => {
  const { journal, waits, overview } = setUp()
  waits('first', 'approval')
  waits('checks', 'checks')
  waits('both', 'freeze', '42:shop:production', true)
  waits('theirs', 'approval', '43:shop:staging')
  waits('last', 'approval', '7:shop:staging')
  waits('over', 'approval')
  journal.cancel('over', { key: 'k', by: { id: 1, login: 'ada' }, at: NOON })
  expect(ids(overview.awaiting(repositories(7, 42), 10))).toEqual(['first', 'both', 'last'])
  expect(ids(overview.awaiting(repositories(7, 42), 2))).toEqual(['first', 'both'])
  expect(overview.awaiting([], 10)).toEqual([])
})

describe('with very many deployments on record', () => {
  /** One repository with three environments, and each of its deployments so often again. */
  function withMany(count: number) {
    const world = setUp()
    for (const place of ['staging', 'production', 'demo']) world.succeeds(place, `42:shop:${place}`)
    world.sql.all(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
       insert into deployment (id, key, repository, subject, state, environment, request, plan, fence, created_at, ended_at)
       select d.id || i, d.key || i, d.repository, d.subject, d.state, d.environment, d.request, d.plan, i + 1, d.created_at, d.ended_at
         from n join deployment d on d.id = iif(i % 100 = 0, 'production', iif(i % 100 = 1, 'demo', 'staging'))`,
      count,
    )
    world.waits('waits', 'approval')
    return world
  }

  test('nothing is read that is not shown', () => {
    const { sql } = withMany(1_000)
    const asked: [query: string, ...params: Value[]][] = []
    const watched: RepositorySql = {
      ...sql,
      all: <R extends Row>(query: string, ...params: Value[]) => {
        asked.push([query, ...params])
        return sql.all<R>(query, ...params)
      },
    }
    const overview = createOverview(watched, held)
    overview.active(repositories(42))
    overview.environments(42)
    overview.awaiting(repositories(42), 20)
    createHistory(watched).ended('42:shop:production', 20)
    const details = asked.flatMap(([query, ...params]) => sql.all<{ detail: string }>(`explain query plan ${query}`, ...params))
    const scans = details.map(({ detail }) => detail).filter((detail) => /^SCAN (?!place|json_each)/.test(detail))
    expect(scans).toEqual([])
    const indexes = new Set(details.flatMap(({ detail }) => /INDEX (deployment_\w+|one_occupant)/.exec(detail)?.[1] ?? []))
    expect([...indexes].toSorted()).toEqual([
      'deployment_by_environment',
      'deployment_open_by_environment',
      'deployment_succeeded',
      'deployment_waiting',
      'one_occupant',
    ])
  })

  test('the same is shown', () => {
    const { overview } = withMany(10_000)
    expect(overview.active(repositories(1, 42))).toEqual([42])
    expect(overview.environments(42).map(({ environment, newest, last }) => [environment, newest.id, last?.id])).toEqual([
      ['staging', 'waits', 'staging9999'],
      ['production', 'production10000', 'production10000'],
      ['demo', 'demo9901', 'demo9901'],
    ])
    expect(ids(overview.awaiting(repositories(42), 20))).toEqual(['waits'])
  })
})
