import { Secret } from '../../src/secret.ts'
import type { AccountSql } from '../../src/store/sql.ts'
import { createVault, type Vault } from '../../src/store/vault.ts'
import type { RecordName } from '../../src/store/vault/record.ts'
import { localKeys } from '../../src/store/vault/local-keys.ts'

export const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count))

export interface KeyPair {
  readonly id: string
  readonly key: Secret
}

/** A key for GANTRY_KEYS, another one each time. */
export const newKey = (id: string): KeyPair => ({ id, key: new Secret(btoa(String.fromCharCode(...randomBytes(32)))) })

/** A vault over these rows as a process that begins has it: with nothing in its memory. */
export const vaultOver = (sql: AccountSql, ...keys: readonly KeyPair[]): Vault => createVault(sql, localKeys(keys, randomBytes), randomBytes)

export const credential = (id: string, field = 'password', account = 4711): RecordName => ({ account, kind: 'credential', id, field })

/** The secret in plain text, null, or the code of the failure and what was found. */
export async function said(vault: Vault, record: RecordName): Promise<string | null> {
  try {
    return (await vault.open(record))?.reveal() ?? null
  } catch (error) {
    const { problem } = error as { readonly problem?: { readonly code: string; readonly found?: string } }
    if (problem === undefined) throw error
    return `${problem.code}: ${problem.found}`
  }
}
