import type { AccountSql, Row } from '../sql.ts'

/**
 * What the vault keeps for one account, as it lies on disk: sealed. Whoever has the keys of `GANTRY_KEYS` can open it elsewhere, so that
 * a secret goes from one object to another without being read on the way.
 */
export interface SealedCopy {
  /** Another one whenever anything of it is. */
  readonly version: string
  readonly rows: Readonly<Record<Table, readonly Row[]>>
}

const TABLES = ['vault_key', 'vault_account', 'vault_inventory', 'vault_record'] as const
type Table = (typeof TABLES)[number] | 'vault_key_check'

/** Null where the other one has this version already. */
export function sealedCopy(sql: AccountSql, account: number, known: string | null): SealedCopy | null {
  const version = copyVersion(sql, account)
  if (version === known) return null
  const of = (table: Table): readonly Row[] => sql.all(`select * from ${table} where account = ?`, account)
  const checks = sql.all('select * from vault_key_check where kek in (select kek from vault_key where account = ?)', account)
  return {
    version,
    rows: {
      ...{ vault_key: of('vault_key'), vault_account: of('vault_account'), vault_inventory: of('vault_inventory') },
      ...{ vault_record: of('vault_record'), vault_key_check: checks },
    },
  }
}

/** The counter rises and the MAC changes with every record; a key that is wrapped anew changes neither. */
function copyVersion(sql: AccountSql, account: number): string {
  const hex = (value: unknown): string =>
    value instanceof Uint8Array ? Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('') : ''
  const [seal] = sql.all('select counter, mac from vault_account where account = ?', account)
  const keys = sql.all('select kid, kek, wrapped, is_retiring from vault_key where account = ? order by kid', account)
  return JSON.stringify([
    seal?.['counter'] ?? 0,
    hex(seal?.['mac']),
    ...keys.map(({ kid, kek, wrapped, is_retiring }) => [kid, kek, hex(wrapped), is_retiring]),
  ])
}

/** Instead of what was kept for the account here; all of it or nothing. */
export function keepCopy(sql: AccountSql, account: number, { rows }: SealedCopy): void {
  sql.transaction(() => {
    dropCopy(sql, account)
    for (const [table, all] of Object.entries(rows)) for (const row of all) insert(sql, table, row)
  })
}

/** Inside a transaction. */
export function dropCopy(sql: AccountSql, account: number): void {
  for (const table of TABLES) sql.all(`delete from ${table} where account = ?`, account)
}

/** Names of tables and columns are ours: both sides have the same migrations. */
function insert(sql: AccountSql, table: string, row: Row): void {
  const columns = Object.keys(row)
  sql.all(`insert or replace into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`, ...Object.values(row))
}
