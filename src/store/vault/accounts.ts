import type { AccountSql } from '../sql.ts'
import { createTurns } from '../turns.ts'
import type { AccountKeys, MadeKey } from './account-keys.ts'
import { signInventory, type Inventory } from './inventory.ts'
import { accountBroken } from './problems.ts'
import { isSame, NOTHING, type Proofs } from './proof.ts'
import type { AccountKey } from './record.ts'
import { entriesAfter, type Change, type VaultRows } from './rows.ts'

/** How what accounts hold changes: one change of an account after the other, each whole or not at all. */
export interface Accounts {
  /** Writes what `plan` comes to, and what `also` writes, in one transaction. Throws VAULT_KEY_MISSING, VAULT_RECORD_BROKEN. */
  change(account: number, plan: Plan, also?: (version: number) => void): Promise<void>
  destroy(account: number, also?: () => void): void
}

/** What is to be written into an account that holds this, under the key that is then there for it; null: nothing. It may be asked again. */
type Plan = (before: Inventory) => ((key: AccountKey) => Promise<readonly Change[]>) | null

const MOST_TRIES = 10

export function createAccounts(sql: AccountSql, rows: VaultRows, keys: AccountKeys, proofs: Proofs): Accounts {
  const inTurn = createTurns()

  /** True where it is written; false where the account is not any more what it was. */
  function write(account: number, before: Inventory, after: Inventory, changes: readonly Change[], made: MadeKey | null, also: () => void): boolean {
    return sql.transaction(() => {
      if (!isSame(before, rows.seal(account) ?? NOTHING)) return false
      if (made !== null) rows.putKey(made.row, made.check)
      for (const change of changes) rows.apply(change)
      rows.putSeal(account, after)
      also()
      return true
    })
  }

  async function attempt(account: number, plan: Plan, also: (version: number) => void): Promise<boolean> {
    const before = await proofs.see(account)
    const make = plan(before)
    if (make === null) return true
    // A key is made for an account that has none yet, or whose own is retiring: never instead of one that was lost.
    if (before.counter > 0 && rows.key(account, before.kid) === null) throw accountBroken(account, 'an inventory whose key is gone')
    const current = rows.currentKey(account)
    const made = current === null ? await keys.make(account) : null
    const key = made === null ? await keys.open(current!) : made.key
    const changes = await make(key)
    if (changes.length === 0 && before.kid === key.kid) return true
    const version = before.counter + 1
    const after = await signInventory(key, account, version, entriesAfter(before.entries, changes))
    if (!write(account, before, after, changes, made, () => also(version))) return false
    proofs.remember(account, after)
    return true
  }

  return {
    change: (account, plan, also = () => {}) =>
      inTurn(account, async () => {
        for (let tries = 0; tries < MOST_TRIES; tries += 1) if (await attempt(account, plan, also)) return
        throw new Error(`somebody else writes into the vault of account ${account}`)
      }),
    destroy(account, also = () => {}) {
      sql.transaction(() => {
        rows.removeAccount(account)
        also()
      })
      proofs.drop(account)
      keys.drop(account)
    },
  }
}
