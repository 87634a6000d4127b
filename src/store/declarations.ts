import type { AuditAction } from '../deploy/audit.ts'
import type { Declaration } from '../deploy/declaration.ts'
import { Secret } from '../secret.ts'
import { appendAccount, type Mac } from './audit.ts'
import type { AccountSql } from './sql.ts'
import type { Vault } from './vault.ts'

/** Credentials and targets that are kept in the vault, each whole as one secret: nobody can give one the registry or the bounds of another. */
export interface Declarations {
  /** In the order of their names, credentials first. Throws VAULT_RECORD_BROKEN. */
  all(): Promise<readonly Declaration[]>
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
  const find = async ({ kind, name }: Pick<Declaration, 'kind' | 'name'>): Promise<Declaration | null> => {
    const kept = await vault.open(nameOf({ kind, name }))
    return kept === null ? null : { kind, name, json: kept.reveal() }
  }
  const fingerprint = (declaration: Declaration): string => mac.of(JSON.stringify(declaration)).slice(0, mac.id.length + 13)
  const note = (
    action: AuditAction,
    { kind, name }: Pick<Declaration, 'kind' | 'name'>,
    before: Declaration | null,
    after: Declaration | null,
    at: number,
  ): void =>
    append({
      ...{ at, by: null, action, subject: `${kind} ${name}`, why: null, request: null },
      ...{ before: before && fingerprint(before), after: after && fingerprint(after) },
    })

  return {
    fingerprint,
    async all() {
      const found: Declaration[] = []
      for (const kind of KINDS)
        for (const { id: name } of await vault.list(OPERATOR, kind)) {
          const kept = await find({ kind, name })
          if (kept !== null) found.push(kept)
        }
      return found
    },
    async put(declaration, now) {
      const before = await find(declaration)
      await vault.seal(nameOf(declaration), new Secret(declaration.json), () => note('declaration kept', declaration, before, declaration, now))
    },
    async remove(which, now) {
      const before = await find(which)
      if (before !== null) await vault.forget(nameOf(which), () => note('declaration removed', which, before, null, now))
      return before !== null
    },
  }
}
