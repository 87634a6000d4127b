import type { AccountKeys } from './account-keys.ts'
import { isGenuine, type Inventory } from './inventory.ts'
import { accountBroken } from './problems.ts'
import type { VaultRows } from './rows.ts'

/** What each account is proved to hold. */
export interface Proofs {
  /**
   * The account's inventory, once it is proved. The rows are read before this first waits, so that a row read in the same turn
   * belongs to it. Throws VAULT_RECORD_BROKEN.
   */
  see(account: number): Promise<Inventory>
  /** It was written just now. */
  remember(account: number, inventory: Inventory): void
  /** The account is gone; whoever is still proving what it was keeps that for themselves. */
  drop(account: number): void
}

export const NOTHING: Inventory = { entries: new Map(), counter: 0, kid: '', mac: new Uint8Array(0) }

export function createProofs(rows: VaultRows, keys: AccountKeys): Proofs {
  const held = new Map<number, { known: Inventory | null }>()
  const memoryOf = (account: number) => {
    const memory = held.get(account) ?? { known: null }
    held.set(account, memory)
    return memory
  }

  return {
    async see(account) {
      const seal = rows.seal(account)
      const memory = memoryOf(account)
      const { known } = memory
      if (seal === null) {
        if (known !== null || !rows.isEmpty(account)) throw accountBroken(account, 'records or keys without their inventory')
        return NOTHING
      }
      if (known !== null && isSame(known, seal)) return known
      // Those of a backup that was put back are not older to a process that has just begun.
      if (known !== null && seal.counter <= known.counter) throw accountBroken(account, 'an older state that was put back')
      const found = await proved(account, { ...seal, entries: rows.entries(account) }, rows, keys)
      // Another change may have been proved meanwhile.
      if (found.counter > (memory.known?.counter ?? 0)) memory.known = found
      return found
    },
    remember: (account, inventory) => void (memoryOf(account).known = inventory),
    drop: (account) => void held.delete(account),
  }
}

async function proved(account: number, found: Inventory, rows: VaultRows, keys: AccountKeys): Promise<Inventory> {
  const keyRow = rows.key(account, found.kid)
  if (keyRow === null) throw accountBroken(account, 'an inventory whose key is gone')
  if (!(await isGenuine(await keys.open(keyRow), account, found))) throw accountBroken(account, 'an inventory that Gantry did not write')
  return found
}

/** The same state of an account, by its MAC. */
export const isSame = (one: Omit<Inventory, 'entries'>, other: Omit<Inventory, 'entries'>): boolean =>
  one.counter === other.counter && one.kid === other.kid && one.mac.length === other.mac.length && one.mac.every((byte, at) => byte === other.mac[at])
