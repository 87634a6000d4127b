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

/** What this version knows: two versions copy from each other during a rollout, and the older one leaves out what a newer one has added. */
const COLUMNS = {
  vault_key: ['account', 'kid', 'kek', 'wrapped', 'is_retiring'],
  vault_account: ['account', 'kid', 'counter', 'mac'],
  vault_inventory: ['account', 'kind', 'id', 'field', 'version', 'stamp'],
  vault_record: ['account', 'kind', 'id', 'field', 'version', 'sealed'],
  vault_key_check: ['kek', 'value'],
} as const
type Table = keyof typeof COLUMNS
const TABLES = ['vault_key', 'vault_account', 'vault_inventory', 'vault_record'] as const satisfies readonly Table[]

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
    for (const table of Object.keys(COLUMNS) as Table[]) for (const row of rows[table]) insert(sql, table, row)
  })
}

/** Inside a transaction. */
export function dropCopy(sql: AccountSql, account: number): void {
  for (const table of TABLES) sql.all(`delete from ${table} where account = ?`, account)
}

function insert(sql: AccountSql, table: Table, row: Row): void {
  const columns = COLUMNS[table].filter((name) => Object.hasOwn(row, name))
  sql.all(
    `insert or replace into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
    ...columns.map((name) => row[name] ?? null),
  )
}
