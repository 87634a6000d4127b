import type { Drifts } from '../deploy/journal.ts'
import type { RepositorySql } from './sql.ts'

/** What runs somewhere and was not deployed, as it was last seen. */
export function createDrifts(sql: RepositorySql): Drifts {
  return {
    noticed: (environment, deployment, seen, now) => {
      sql.all(
        `insert into drift (environment, deployment, seen, at) values (?, ?, ?, ?)
         on conflict (environment) do update set deployment = excluded.deployment, seen = excluded.seen, at = excluded.at
           where deployment <> excluded.deployment or seen <> excluded.seen`,
        ...[environment, deployment, seen, now],
      )
    },
    gone: (environment) => {
      sql.all('delete from drift where environment = ?', environment)
    },
    find: (environment) =>
      sql.all<{ deployment: string; seen: string; at: number }>('select deployment, seen, at from drift where environment = ?', environment)[0] ??
      null,
  }
}
