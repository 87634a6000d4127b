import type { Synchronous } from '../deploy/awaitable.ts'
import { APPROVALS } from '../deploy/gates/index.ts'
import type { EnvironmentRecord, Overview, Placed } from '../deploy/overview.ts'
import type { Service } from '../deploy/service.ts'
import { OCCUPIES } from './occupied.ts'
import { createRecords, type Records } from './records.ts'
import type { RepositorySql } from './sql.ts'

const MOST_ENVIRONMENTS = 100

/** Every statement steps from one entry of an index to the next that matters: nothing is read that is not shown. */
export function createOverview(sql: RepositorySql, held: Service['held']): Synchronous<Overview> {
  const records = createRecords(sql)
  const recordOf = (repository: number, place: Place): readonly EnvironmentRecord[] => {
    const record = recorded(repository, place, records)
    return record === null ? [] : [{ ...record, held: held(repository, record.app, record.environment) }]
  }
  return {
    active: (repositories) =>
      everDeployed(sql, idsOf(repositories))
        .map((repository) => ({ repository, newest: newestOf(sql, repository)[0]?.newest ?? 0 }))
        .filter(({ newest }) => newest > 0)
        .toSorted((a, b) => b.newest - a.newest)
        .map(({ repository }) => repository),
    environments: (repository) => newestOf(sql, repository).flatMap((place) => recordOf(repository, place)),
    awaiting: (repositories, limit) =>
      records.many(
        `sequence in (
           select sequence from deployment where state = 'waiting' and repository in (select value from json_each(?))
             and (json_extract(wait, '$.reason') = 'approval' or exists (
               select 1 from json_each(verdicts) where json_extract(value, '$.gate') = ? and json_extract(value, '$.outcome') = 'waits'))
             order by sequence limit ?)`,
        ...[JSON.stringify(idsOf(repositories)), APPROVALS, limit],
      ),
  }
}

const idsOf = (repositories: readonly Placed[]): readonly number[] => repositories.map(({ id }) => id)

interface Place {
  readonly environment: string
  /** A place in the order of arrival. */
  readonly newest: number
}

/** Most of what somebody may see was never deployed: one statement for all of it. */
const everDeployed = (sql: RepositorySql, repositories: readonly number[]): readonly number[] =>
  sql
    .all<{ repository: number }>(
      `select distinct value as repository from json_each(?)
       where exists (select 1 from deployment where environment > value || ':' and environment < value || ';')`,
      JSON.stringify(repositories),
    )
    .map(({ repository }) => repository)

/** Its environments by their newest deployment: a key begins with the repository and a colon, which a semicolon follows. */
function newestOf(sql: RepositorySql, repository: number): readonly Place[] {
  return sql.all<{ environment: string; newest: number }>(
    `with recursive place(environment) as (
       select min(environment) from deployment where environment > ?1 || ':' and environment < ?1 || ';'
       union all
       select (select min(environment) from deployment where environment > place.environment and environment < ?1 || ';')
         from place where environment is not null)
     select environment, newest from (
       select environment,
         (select sequence from deployment d where d.environment = place.environment and is_quiet = 0 order by sequence desc limit 1) as newest
       from place where environment is not null)
     where newest is not null order by newest desc limit ?2`,
    ...[String(repository), MOST_ENVIRONMENTS],
  )
}

function recorded(repository: number, { environment: key, newest: sequence }: Place, { one, many }: Records): Omit<EnvironmentRecord, 'held'> | null {
  const newest = one('sequence = ?', sequence)
  if (newest === null) return null
  const [, app = '', environment = ''] = key.split(':')
  const open = many('environment = ? and ended_at is null', key)
  return {
    ...{ key, repository, app, environment, newest },
    // As the journal has it.
    last: one(`environment = ? and state = 'success' order by fence desc`, key),
    occupant: one(`environment = ? and ${OCCUPIES}`, key),
    queue: open.filter(({ state }) => state === 'queued'),
    waiting: open.filter(({ state }) => state === 'waiting').toReversed(),
  }
}
