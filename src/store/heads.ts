import type { Heads } from '../deploy/journal.ts'
import type { RepositorySql } from './sql.ts'

/** The newest head of each pull request that a webhook told. */
export function createHeads(sql: RepositorySql): Heads {
  return {
    told: (repository, pull, head, at) => {
      sql.all(
        `insert into head (repository, pull, head, at) values (?, ?, ?, ?)
         on conflict (repository, pull) do update set head = excluded.head, at = excluded.at where excluded.at >= head.at`,
        ...[repository, pull, head, at],
      )
    },
    find: (repository, pull) =>
      sql.all<{ head: string; at: number }>('select head, at from head where repository = ? and pull = ?', repository, pull)[0] ?? null,
  }
}
