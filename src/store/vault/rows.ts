import type { AccountSql, Row, Value } from '../sql.ts'
import type { Bytes } from './aes-gcm.ts'
import { inventoryOf, keyOf, type Entry, type Inventory } from './inventory.ts'
import { stampOf, type RecordName } from './record.ts'

export interface KeyRow {
  readonly account: number
  readonly kid: string
  /** The id of the key that wraps it. */
  readonly kek: string
  readonly wrapped: Bytes
  /** Its records are being sealed anew under another one. */
  readonly isRetiring: boolean
}

export interface CheckRow {
  readonly kek: string
  readonly value: Bytes
}

export interface RecordRow {
  readonly version: number
  readonly sealed: Bytes
}

/** A record as it shall be; `sealed` null: not at all. */
export interface Change {
  readonly record: RecordName
  readonly version: number
  readonly sealed: Bytes | null
}

export type VaultRows = ReturnType<typeof createVaultRows>

/** The vault's rows. Whatever is no bytes where bytes belong counts as none: others may have written there. */
export function createVaultRows(sql: AccountSql) {
  const keys = (where: string, ...params: Value[]): KeyRow[] =>
    sql.all<KeyColumns>(`select * from vault_key where ${where} order by account, kid`, ...params).map(keyRowOf)
  return {
    key: (account: number, kid: string): KeyRow | null => keys('account = ? and kid = ?', account, kid)[0] ?? null,
    currentKey: (account: number): KeyRow | null => keys('account = ? and is_retiring = 0', account)[0] ?? null,
    keysOf: (account: number): KeyRow[] => keys('account = ?', account),
    keysUnder: (kek: string): KeyRow[] => keys('kek = ?', kek),
    keysNotUnder: (kek: string): KeyRow[] => keys('kek <> ?', kek),
    retiringKeys: (): KeyRow[] => keys('is_retiring = 1'),
    accounts: (): number[] => sql.all<{ account: number }>('select distinct account from vault_key order by account').map(({ account }) => account),
    keksInUse: (): string[] => sql.all<{ kek: string }>('select distinct kek from vault_key order by kek').map(({ kek }) => kek),
    retireAll: (): void => void sql.all('update vault_key set is_retiring = 1'),
    removeKey: (account: number, kid: string): void => void sql.all('delete from vault_key where account = ? and kid = ?', account, kid),

    check: (kek: string): Bytes | null => {
      const row = sql.all<{ value: Value }>('select value from vault_key_check where kek = ?', kek)[0]
      return row === undefined ? null : bytesOf(row.value)
    },

    record: ({ account, kind, id, field }: RecordName): RecordRow | null => {
      const [row] = sql.all<{ version: number; sealed: Value }>(
        'select version, sealed from vault_record where account = ? and kind = ? and id = ? and field = ?',
        ...[account, kind, id, field],
      )
      return row === undefined ? null : { version: row.version, sealed: bytesOf(row.sealed) }
    },
    isEmpty: (account: number): boolean =>
      ['vault_key', 'vault_record', 'vault_inventory'].every(
        (table) => sql.all(`select 1 from ${table} where account = ? limit 1`, account).length === 0,
      ),

    /** The account's counter and MAC without the entries; null where it never held anything. */
    seal: (account: number): Omit<Inventory, 'entries'> | null => {
      const [row] = sql.all<{ kid: string; counter: number; mac: Value }>('select kid, counter, mac from vault_account where account = ?', account)
      return row === undefined ? null : { kid: row.kid, counter: row.counter, mac: bytesOf(row.mac) }
    },
    entries: (account: number): Inventory['entries'] =>
      inventoryOf(sql.all<Columns<Entry>>('select account, kind, id, field, version, stamp from vault_inventory where account = ?', account)),

    putKey: ({ account, kid, kek, wrapped, isRetiring }: KeyRow, check: CheckRow): void => {
      sql.all(
        `insert into vault_key (account, kid, kek, wrapped, is_retiring) values (?, ?, ?, ?, ?)
          on conflict (account, kid) do update set kek = excluded.kek, wrapped = excluded.wrapped`,
        ...[account, kid, kek, wrapped, isRetiring ? 1 : 0],
      )
      sql.all(
        'insert into vault_key_check (kek, value) values (?, ?) on conflict (kek) do update set value = excluded.value',
        ...[check.kek, check.value],
      )
    },
    putSeal: (account: number, { kid, counter, mac }: Omit<Inventory, 'entries'>): void => {
      sql.all(
        `insert into vault_account (account, kid, counter, mac) values (?, ?, ?, ?)
          on conflict (account) do update set kid = excluded.kid, counter = excluded.counter, mac = excluded.mac`,
        ...[account, kid, counter, mac],
      )
    },
    apply: (change: Change): void => applyChange(sql, change),
    removeAccount: (account: number): void => {
      for (const table of ['vault_key', 'vault_account', 'vault_inventory', 'vault_record'])
        sql.all(`delete from ${table} where account = ?`, account)
    },
  }
}

/** What an inventory's entries are after some changes. */
export function entriesAfter(before: Inventory['entries'], changes: readonly Change[]): Inventory['entries'] {
  const entries = new Map(before)
  for (const { record, version, sealed } of changes) {
    if (sealed === null) entries.delete(keyOf(record))
    else entries.set(keyOf(record), { ...record, version, stamp: stampOf(sealed) })
  }
  return entries
}

function applyChange(sql: AccountSql, { record: { account, kind, id, field }, version, sealed }: Change): void {
  const name = [account, kind, id, field] as const
  if (sealed === null) {
    for (const table of ['vault_inventory', 'vault_record'])
      sql.all(`delete from ${table} where account = ? and kind = ? and id = ? and field = ?`, ...name)
    return
  }
  for (const [table, column, value] of [['vault_inventory', 'stamp', stampOf(sealed)] as const, ['vault_record', 'sealed', sealed] as const])
    sql.all(
      `insert into ${table} (account, kind, id, field, version, ${column}) values (?, ?, ?, ?, ?, ?)
        on conflict (account, kind, id, field) do update set version = excluded.version, ${column} = excluded.${column}`,
      ...[...name, version, value],
    )
}

type Columns<T> = { [K in keyof T]: T[K] } & Row
interface KeyColumns extends Row {
  account: number
  kid: string
  kek: string
  wrapped: Value
  is_retiring: number
}

const keyRowOf = ({ account, kid, kek, wrapped, is_retiring }: KeyColumns): KeyRow => ({
  account,
  kid,
  kek,
  wrapped: bytesOf(wrapped),
  isRetiring: is_retiring === 1,
})

const bytesOf = (value: Value): Bytes => (value instanceof Uint8Array ? new Uint8Array(value) : new Uint8Array(0))
