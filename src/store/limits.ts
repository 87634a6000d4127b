import type { LimitRows } from '../deploy/limits.ts'
import type { AccountSql } from './sql.ts'

/** A row for each bucket that is not full. */
export function createLimitRows(sql: AccountSql): LimitRows {
  return {
    all: () => sql.all<{ name: string; key: string; full: number }>('select name, key, full from rate_limit'),
    write: (rows, now) =>
      sql.transaction(() => {
        for (const { name, key, full } of rows)
          sql.all(
            'insert into rate_limit (name, key, full) values (?, ?, ?) on conflict (name, key) do update set full = excluded.full',
            name,
            key,
            full,
          )
        sql.all('delete from rate_limit where full <= ?', now)
      }),
  }
}
