import type { Renewal, RenewalRows } from '../deploy/renewals.ts'
import type { AccountSql } from './sql.ts'

/** Which minted credentials are in use, and when each is due. Their values stand in the vault, or nowhere on disk. */
export function createRenewalRows(sql: AccountSql): RenewalRows {
  return {
    all: () => sql.all<Row>('select * from renewal order by due_at, credential').map(renewalOf),
    put: ({ credential, mintedAt, endsAt, dueAt, failures }) => {
      sql.all(
        `insert into renewal (credential, minted_at, ends_at, due_at, failures) values (?, ?, ?, ?, ?)
          on conflict (credential) do update set minted_at = excluded.minted_at, ends_at = excluded.ends_at,
            due_at = excluded.due_at, failures = excluded.failures`,
        ...[credential, mintedAt, endsAt, dueAt, failures].map((value) => (typeof value === 'number' ? Math.round(value) : value)),
      )
    },
    remove: (credential) => {
      sql.all('delete from renewal where credential = ?', credential)
    },
  }
}

type Row = { credential: string; minted_at: number; ends_at: number; due_at: number; failures: number }

const renewalOf = (row: Row): Renewal => ({
  credential: row.credential,
  mintedAt: row.minted_at,
  endsAt: row.ends_at,
  dueAt: row.due_at,
  failures: row.failures,
})
