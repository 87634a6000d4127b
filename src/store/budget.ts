import type { Spendings } from '../deploy/journal.ts'
import type { AccountSql } from './sql.ts'

/** A row for each moment in which something was created, for an hour; and one for each installation that has ever been limited. */
export function createSpendings(sql: AccountSql): Spendings {
  return {
    spent: (installation, since) =>
      sql.all<{ at: number; creates: number }>(
        'select at, creates from github_creation where at >= ? and installation = ? order by at',
        ...[since, installation],
      ),
    spend: (installation, at, creates, forgets) =>
      sql.transaction(() => {
        sql.all('delete from github_creation where at < ?', forgets)
        sql.all(
          `insert into github_creation (at, installation, creates) values (?, ?, ?)
            on conflict (at, installation) do update set creates = creates + excluded.creates`,
          ...[at, installation, creates].map(Math.round),
        )
      }),
    blockedUntil: (installation) => sql.all<{ until: number }>('select until from github_window where installation = ?', installation)[0]?.until ?? 0,
    block: (installation, until) => {
      sql.all(
        'insert into github_window (installation, until) values (?, ?) on conflict (installation) do update set until = excluded.until',
        ...[installation, Math.ceil(until)],
      )
    },
  }
}
