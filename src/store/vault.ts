import type { Secret } from '../secret.ts'
import type { AccountSql } from './sql.ts'
import { createAccountKeys } from './vault/account-keys.ts'
import { createAccounts } from './vault/accounts.ts'
import type { RandomBytes } from './vault/aes-gcm.ts'
import { keyOf, type Inventory } from './vault/inventory.ts'
import type { KeySource } from './vault/key-source.ts'
import { openUnder } from './vault/opening.ts'
import { createProofs } from './vault/proof.ts'
import { kidIn, sealRecord, type RecordName } from './vault/record.ts'
import { rotate, type Rotation, type RotationOptions } from './vault/rotation.ts'
import { createVaultRows } from './vault/rows.ts'

/**
 * Secrets at rest, each under a key of its own that is derived from its account's key, which a key of `GANTRY_KEYS` wraps
 * (docs/decisions/0014-the-vault.md). What was moved, exchanged, cut or brought back never opens.
 */
export interface Vault {
  /**
   * Keeps a secret instead of the one before; with it, in the same transaction, what `also` writes. The version is higher than any
   * of this account before. Throws VAULT_KEY_MISSING where there is no key; VAULT_RECORD_BROKEN where the account's rows were changed.
   */
  seal(record: RecordName, value: Secret, also?: (version: number) => void): Promise<void>
  /** Several of one account at once, all or none; null forgets one. Throws like `seal`. */
  sealAll(account: number, changes: readonly Sealing[], also?: (version: number) => void): Promise<void>
  /** Null where none is kept. Throws VAULT_RECORD_BROKEN rather than give anything else than what was sealed last. */
  open(record: RecordName): Promise<Secret | null>
  /** Where none is kept nothing is written, and `also` not asked. */
  forget(record: RecordName, also?: (version: number) => void): Promise<void>
  /** What is kept of one kind, without the secrets, by id and field. */
  list(account: number, kind: string): Promise<readonly { readonly id: string; readonly field: string; readonly version: number }[]>
  /** The account's own keys, the current one first. Throws VAULT_RECORD_BROKEN where the account's rows were changed. */
  keys(account: number): Promise<readonly HeldKey[]>
  /** Destroys an account's keys, and with them everything that was ever sealed under them. */
  destroy(account: number, also?: () => void): void
  /** The accounts that have keys, and so may have secrets. */
  accounts(): readonly number[]
  /** The accounts whose secrets only this key of the source opens. */
  accountsUnder(kek: string): readonly number[]
  /** Before anything else at a start. Throws VAULT_KEY_MISSING or VAULT_KEY_WRONG. */
  check(): Promise<void>
  /** Takes up what an earlier rotation left; reading and sealing go on meanwhile. */
  rotate(options?: RotationOptions): Promise<Rotation>
}

export interface HeldKey {
  /** The id of the source's key that wraps it. */
  readonly wrappedBy: string
  /** Whether that is the source's newest. */
  readonly isNewest: boolean
  /** Its records are being sealed anew under another one. */
  readonly isRetiring: boolean
  readonly records: number
}

export interface Sealing {
  readonly record: RecordName
  readonly value: Secret | null
}

const WORD = /^[a-z][a-z0-9-]{0,31}$/
const ID = /^[\x21-\x7e]{1,200}$/
const MOST_CHARACTERS = 64 * 1024

export function createVault(sql: AccountSql, source: KeySource, random: RandomBytes): Vault {
  const rows = createVaultRows(sql)
  const keys = createAccountKeys(source, random)
  const proofs = createProofs(rows, keys)
  const accounts = createAccounts(sql, rows, keys, proofs)

  return {
    async seal(record, value, also) {
      checkName(record)
      checkValue(value)
      await accounts.change(
        record.account,
        ({ counter: before }) =>
          async (key) => [{ record, version: before + 1, sealed: await sealRecord(key, record, before + 1, value, random) }],
        also,
      )
    },
    async sealAll(account, all, also) {
      for (const { record, value } of all) {
        checkName(record)
        if (value !== null) checkValue(value)
        if (record.account !== account) throw new TypeError(`a secret of account ${record.account} among those of ${account}`)
      }
      await accounts.change(
        account,
        ({ counter: before }) =>
          (key) =>
            Promise.all(
              all.map(async ({ record, value }) => {
                const version = before + 1
                return { record, version, sealed: value === null ? null : await sealRecord(key, record, version, value, random) }
              }),
            ),
        also,
      )
    },
    async open(record) {
      checkName(record)
      return openUnder({ rows, keys, see: () => proofs.see(record.account) }, record)
    },
    async forget(record, also) {
      checkName(record)
      const isKept = ({ entries }: Inventory): boolean => entries.has(keyOf(record)) || rows.record(record) !== null
      await accounts.change(
        record.account,
        (before) => (isKept(before) ? async () => [{ record, version: before.counter + 1, sealed: null }] : null),
        also,
      )
    },
    async list(account, kind) {
      const { entries } = await proofs.see(account)
      const found = [...entries.values()].filter((entry) => entry.kind === kind)
      return found
        .map(({ id, field, version }) => ({ id, field, version }))
        .toSorted((one, other) => (keyOf({ kind, ...one }) < keyOf({ kind, ...other }) ? -1 : 1))
    },
    async keys(account) {
      const kids = [...(await proofs.see(account)).entries.values()].map(({ stamp }) => kidIn(stamp))
      const [newest] = source.keys()
      const held = rows.keysOf(account).toSorted((one, other) => Number(one.isRetiring) - Number(other.isRetiring))
      return held.map(({ kid, kek, isRetiring }) => ({
        ...{ wrappedBy: kek, isNewest: kek === newest?.id, isRetiring, records: kids.filter((one) => one === kid).length },
      }))
    },
    destroy: accounts.destroy,
    accounts: () => rows.accounts(),
    accountsUnder: (kek) => [...new Set(rows.keysUnder(kek).map(({ account }) => account))],
    check: () => keys.check(rows),
    rotate: (options) => rotate({ sql, rows, keys, accounts, source, random }, options),
  }
}

/** Names are ours, and so are their forms: what is bound into a record has one spelling. */
function checkName({ account, kind, id, field }: RecordName): void {
  const isName = Number.isSafeInteger(account) && account >= 0 && WORD.test(kind) && ID.test(id) && WORD.test(field)
  if (!isName) throw new TypeError(`no name of a secret: ${JSON.stringify([account, kind, id, field])}`)
}

function checkValue(value: Secret): void {
  const { length } = value.reveal()
  if (length === 0 || length > MOST_CHARACTERS) throw new RangeError(`a secret has 1 to ${MOST_CHARACTERS} characters, and this one ${length}`)
  if (!value.reveal().isWellFormed()) throw new TypeError('a secret that is no Unicode text')
}
