import { encodeParts, type RandomBytes } from './aes-gcm.ts'
import type { KeySource, WrappingKey } from './key-source.ts'
import { accountBroken, keyMissing, keyWrong, noKeys } from './problems.ts'
import { newKid, type AccountKey } from './record.ts'
import type { CheckRow, KeyRow, VaultRows } from './rows.ts'

/** The keys of the accounts, each wrapped by a key of the source. */
export interface AccountKeys {
  /** Throws VAULT_KEY_MISSING, or VAULT_RECORD_BROKEN where the key of the source does not open it. */
  open(row: KeyRow): Promise<AccountKey>
  /** A new one, not yet written anywhere. Throws VAULT_KEY_MISSING. */
  make(account: number): Promise<MadeKey>
  /** The same one wrapped by the newest key of the source; null where it is already. Throws like `open`. */
  wrapAnew(row: KeyRow): Promise<MadeKey | null>
  /** Forgets those of an account that are in memory. */
  drop(account: number): void
  /** Throws VAULT_KEY_MISSING or VAULT_KEY_WRONG where a key that something is wrapped under is not in the source. */
  check(rows: VaultRows): Promise<void>
}

export interface MadeKey {
  readonly key: AccountKey
  readonly row: KeyRow
  /** To be written with it. */
  readonly check: CheckRow
}

const KEY_BYTES = 32

export function createAccountKeys(source: KeySource, random: RandomBytes): AccountKeys {
  const held = new Map<number, Map<string, CryptoKey>>()
  const named = (kek: string): WrappingKey | undefined => source.keys().find(({ id }) => id === kek)
  const must = (kek: string): WrappingKey => {
    const found = named(kek)
    if (found === undefined) throw keyMissing(kek, idsOf(source))
    return found
  }

  async function open(row: KeyRow): Promise<AccountKey> {
    const { account, kid } = row
    const key = held.get(account)?.get(kid) ?? (await importing(await unwrapped(row)))
    held.set(account, (held.get(account) ?? new Map<string, CryptoKey>()).set(kid, key))
    return { kid, key }
  }

  async function unwrapped(row: KeyRow) {
    const raw = await must(row.kek).unwrap(row.wrapped, wrapContext(row))
    if (raw?.length !== KEY_BYTES) throw accountBroken(row.account, `a key of the account that ${row.kek} does not open`)
    return raw
  }

  async function wrappedBy(newest: WrappingKey, { account, kid, isRetiring }: Omit<KeyRow, 'kek' | 'wrapped'>, raw: ReturnType<RandomBytes>) {
    const row = { account, kid, kek: newest.id, wrapped: await newest.wrap(raw, wrapContext({ account, kid })), isRetiring }
    const check = { kek: newest.id, value: await newest.wrap(random(KEY_BYTES), checkContext(newest.id)) }
    return { key: { kid, key: await importing(raw) }, row, check }
  }

  async function isRight(key: WrappingKey, rows: VaultRows): Promise<boolean> {
    const value = rows.check(key.id)
    if (value !== null && (await key.unwrap(value, checkContext(key.id))) !== null) return true
    // The check itself may be damaged: whatever else it opens proves it too.
    for (const row of rows.keysUnder(key.id)) if ((await key.unwrap(row.wrapped, wrapContext(row))) !== null) return true
    return false
  }

  return {
    open,
    async make(account) {
      const [newest] = source.keys()
      if (newest === undefined) throw noKeys()
      return wrappedBy(newest, { account, kid: newKid(random), isRetiring: false }, random(KEY_BYTES))
    },
    async wrapAnew(row) {
      const [newest] = source.keys()
      if (newest === undefined || newest.id === row.kek) return null
      return wrappedBy(newest, row, await unwrapped(row))
    },
    drop: (account) => void held.delete(account),
    async check(rows) {
      for (const kek of rows.keksInUse()) if (!(await isRight(must(kek), rows))) throw keyWrong(kek)
    },
  }
}

/** For deriving alone, and it cannot be read again; nor can the bytes that it came from. */
async function importing(raw: ReturnType<RandomBytes>): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey'])
  raw.fill(0)
  return key
}

const wrapContext = ({ account, kid }: Pick<KeyRow, 'account' | 'kid'>) => encodeParts('gantry vault account key 1', account, kid)
const checkContext = (kek: string) => encodeParts('gantry vault key check 1', kek)
const idsOf = (source: KeySource): readonly string[] => source.keys().map(({ id }) => id)
