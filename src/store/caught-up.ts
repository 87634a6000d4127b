import type { Synchronous } from '../deploy/awaitable.ts'
import type { CaughtUp } from '../deploy/journal.ts'
import type { AccountSql } from './sql.ts'

/** One time for the whole App, because GitHub keeps one list of deliveries for it. */
export function createCaughtUp(sql: AccountSql): Synchronous<CaughtUp> {
  return {
    until: () => sql.all<{ until: number }>('select until from caught_up')[0]?.until ?? null,
    isUntil: (time) => {
      sql.all('insert into caught_up (only, until) values (1, ?) on conflict (only) do update set until = excluded.until', time)
    },
  }
}
