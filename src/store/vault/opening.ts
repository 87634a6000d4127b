import type { Secret } from '../../secret.ts'
import type { AccountKeys } from './account-keys.ts'
import { keyOf, type Inventory } from './inventory.ts'
import { recordBroken } from './problems.ts'
import { kidOf, openRecord, stampOf, type RecordName } from './record.ts'
import type { VaultRows } from './rows.ts'

export interface Opening {
  readonly rows: VaultRows
  readonly keys: AccountKeys
  /** Reads before it first waits: in the same turn as the record itself. */
  see(): Promise<Inventory> | Inventory
}

/** The secret that the inventory says to be in force; null where it says that there is none. Throws VAULT_RECORD_BROKEN. */
export async function openUnder({ rows, keys, see }: Opening, record: RecordName): Promise<Secret | null> {
  const row = rows.record(record)
  const keyRow = row === null ? null : rows.key(record.account, kidOf(row.sealed))
  const entry = (await see()).entries.get(keyOf(record))
  if (entry === undefined && row === null) return null
  if (entry === undefined) throw recordBroken(record, 'a record that was forgotten, or that Gantry did not write')
  if (row === null) throw recordBroken(record, 'nothing, though it was never forgotten')
  if (row.version !== entry.version || stampOf(row.sealed) !== entry.stamp) throw recordBroken(record, 'another record in its place')
  if (keyRow === null) throw recordBroken(record, 'a record whose key is gone')
  const value = await openRecord(await keys.open(keyRow), record, row.version, row.sealed)
  if (value === null) throw recordBroken(record, 'a record that was changed')
  return value
}
