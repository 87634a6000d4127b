import type { AuditAction, AuditEntry } from '../deploy/audit.ts'
import type { Declaration, Kept } from '../deploy/declaration.ts'
import { Failure } from '../errors.ts'
import { Secret } from '../secret.ts'
import { appendAccount, fingerprintOf, type Mac } from './audit.ts'
import type { AccountSql } from './sql.ts'
import type { Vault } from './vault.ts'

/** Credentials and targets that are kept in the vault, each whole as one secret: nobody can give one the registry or the bounds of another. */
export interface Declarations {
  /** In the order of their names, credentials first. Throws VAULT_RECORD_BROKEN where nothing of the account can be trusted. */
  all(): Promise<readonly Kept[]>
  /** Instead of the one of the same kind and name. Throws VAULT_KEY_MISSING. */
  put(declaration: Declaration, now: number): Promise<void>
  /** False where there is none. */
  remove(which: Pick<Declaration, 'kind' | 'name'>, now: number): Promise<boolean>
  /** Tells one value from another and nothing of either: what lists and the audit log show of it. */
  fingerprint(declaration: Declaration): string
}

/** What belongs to no account of GitHub's: whoever has the machine put it there. */
const OPERATOR = 0
const KINDS = ['credential', 'target'] as const

export function createDeclarations(vault: Vault, accounts: AccountSql, mac: Mac): Declarations {
  const append = appendAccount(accounts, mac)
  const nameOf = ({ kind, name }: Pick<Declaration, 'kind' | 'name'>) => ({ account: OPERATOR, kind, id: name, field: 'declaration' }) as const
  /** One that is damaged can still be named, replaced and removed. */
  const find = async ({ kind, name }: Pick<Declaration, 'kind' | 'name'>): Promise<Kept | null> => {
    try {
      const kept = await vault.open(nameOf({ kind, name }))
      return kept === null ? null : { kind, name, json: kept.reveal() }
    } catch (error) {
      if (!(error instanceof Failure) || error.problem.code !== 'VAULT_RECORD_BROKEN') throw error
      return { kind, name, why: `${error.problem.sentence} ${error.problem.next}` }
    }
  }
  const fingerprint = (declaration: Declaration): string => fingerprintOf(mac, JSON.stringify(declaration))
  const formerly = async (which: Pick<Declaration, 'kind' | 'name'>): Promise<string | null> => {
    const before = await find(which)
    return before === null ? null : 'json' in before ? fingerprint(before) : 'unreadable'
  }
  const note = (action: AuditAction, { kind, name }: Pick<Declaration, 'kind' | 'name'>, change: Pick<AuditEntry, 'at' | 'before' | 'after'>): void =>
    append({ ...change, by: null, action, subject: `${kind} ${name}`, why: null, request: null })

  return {
    fingerprint,
    async all() {
      const found: Kept[] = []
      for (const kind of KINDS)
        for (const { id: name } of await vault.list(OPERATOR, kind)) {
          const kept = await find({ kind, name })
          if (kept !== null) found.push(kept)
        }
      return found
    },
    async put(declaration, at) {
      const change = { at, before: await formerly(declaration), after: fingerprint(declaration) }
      await vault.seal(nameOf(declaration), new Secret(declaration.json), () => note('declaration kept', declaration, change))
    },
    async remove(which, at) {
      const before = await formerly(which)
      if (before !== null) await vault.forget(nameOf(which), () => note('declaration removed', which, { at, before, after: null }))
      return before !== null
    },
  }
}
