import type { State } from '../deploy/deployment.ts'
import { OCCUPIES } from './occupied.ts'
import type { AccountSql, RepositorySql, Sql } from './sql.ts'

/**
 * What the rows say of the whole at one moment, for whoever watches over it. Each is a look into an index of what is open, or a
 * table that has no history: however much was recorded, it costs the same.
 */

/** How many, and since how many seconds the oldest of them; 0 where there are none. */
export interface Oldest {
  readonly count: number
  readonly age: number
}

export interface RepositoryFigures {
  /** Deployments that have not ended, by their state; `age` is the time in that state. */
  readonly open: ReadonlyMap<State, Oldest>
  /** Waiting for something, though their time is over. */
  readonly overdue: number
  /** Nobody knows what became of them, and nobody has looked. */
  readonly unknown: number
  readonly deliveries: Oldest
  /** Last words that GitHub does not show yet. */
  readonly unsaid: Oldest
  readonly drifts: Oldest
  readonly locks: { readonly person: Oldest; readonly gantry: Oldest }
}

export interface AccountFigures {
  /** Installations of which GitHub wants no calls now. */
  readonly limited: number
  /** Seconds since up to then GitHub's list of deliveries has been looked through; null where nobody ever did. */
  readonly caughtUp: number | null
  /** Seconds since the last backup that was found whole; where there is none, since there is this database. Null before its first record. */
  readonly backup: number | null
}

const DAY = 24 * 3_600_000

export function repositoryFigures(sql: RepositorySql, now: number): RepositoryFigures {
  const oldest = oldestBy(sql, now)
  const states = sql.all<{ state: State; count: number; since: number }>(
    `select d.state, count(*) as count, min(coalesce(s.started_at, d.created_at)) as since from deployment d
       left join step s on s.deployment = d.sequence and s.ended_at is null where d.ended_at is null group by d.state`,
  )
  return {
    open: new Map(states.map(({ state, count, since }) => [state, { count, age: secondsSince(since, now) }])),
    overdue: count(
      sql,
      `select count(*) as n from deployment where ended_at is null and state = 'waiting' and json_extract(wait, '$.until') < ?`,
      now,
    ),
    unknown: count(sql, `select count(*) as n from deployment where ${OCCUPIES} and state = 'unknown'`),
    // Those that are tried again let others pass, so the first in order of arrival is the oldest.
    deliveries: oldest(
      `select count(*) as count, (select received_at from delivery where handled_at is null order by sequence limit 1) as since
         from delivery where handled_at is null`,
    ),
    // What is older was given up after many tries (the App was taken off a repository): nobody can do anything about it.
    unsaid: oldest(
      `select count(*) as count, min(at) as since from (
         select coalesce(d.ended_at, json_extract(a.answer, '$.createdAt')) as at from announcement n
           left join deployment d on d.id = n.key left join answer a on a.key = n.key where n.is_complete = 0) where at > ?`,
      now - DAY,
    ),
    drifts: oldest('select count(*) as count, min(at) as since from drift'),
    locks: { person: oldest(LOCKS('is not null'), now), gantry: oldest(LOCKS('is null'), now) },
  }
}

export function accountFigures(sql: AccountSql, now: number): AccountFigures {
  const time = (query: string): number | null => sql.all<{ at: number | null }>(query)[0]?.at ?? null
  const seconds = (at: number | null): number | null => (at === null ? null : secondsSince(at, now))
  return {
    limited: count(sql, 'select count(*) as n from github_window where until > ?', now),
    caughtUp: seconds(time('select until as at from caught_up')),
    backup: seconds(
      time(`select at from account_audit where action = 'backup made' and repository = 0 order by number desc limit 1`) ?? time(FIRST_RECORD),
    ),
  }
}

const FIRST_RECORD = 'select at from account_audit order by number limit 1'

const LOCKS = (owner: 'is null' | 'is not null'): string =>
  `select count(*) as count, min(json_extract(lock, '$.since')) as since from lock
     where (until is null or until > ?) and json_extract(lock, '$.owner') ${owner}`

const count = (sql: Sql, query: string, ...params: number[]): number => sql.all<{ n: number }>(query, ...params)[0]?.n ?? 0

const oldestBy =
  (sql: Sql, now: number) =>
  (query: string, ...params: number[]): Oldest => {
    const { count: found = 0, since = null } = sql.all<{ count: number; since: number | null }>(query, ...params)[0] ?? {}
    return { count: found, age: since === null ? 0 : secondsSince(since, now) }
  }

/** A clock that was put back makes nothing younger than new. */
const secondsSince = (at: number, now: number): number => Math.max(0, now - at) / 1000
