import type { AuditAction, AuditEntry } from '../deploy/audit.ts'
import type { DeclarationChange, Difference } from '../deploy/administration.ts'
import type { Person } from '../deploy/deployment.ts'
import { OPERATOR, type Declaration, declarationWords, type DeclarationName, type Kept, type Unreadable } from '../deploy/declaration.ts'
import { Failure } from '../errors.ts'
import { Secret } from '../secret.ts'
import { appendAccount, fingerprintOf, type Mac } from './audit.ts'
import type { AccountSql } from './sql.ts'
import type { Vault } from './vault.ts'

/** Credentials and targets that are kept in the vault, each whole as one secret: nobody can give one the registry or the bounds of another. */
export interface Declarations {
  /**
   * Of every account, in the order of their names, credentials first. Throws VAULT_RECORD_BROKEN where nothing of the operator's own can
   * be trusted; another account of which that is true does without what is kept for it, and nobody else does.
   */
  all(): Promise<readonly Kept[]>
  /** Of one account, in the same order. Throws VAULT_RECORD_BROKEN where nothing of it can be trusted. */
  of(account: Declaration['account']): Promise<readonly Kept[]>
  /** Instead of the one of the same account, kind and name. Throws VAULT_KEY_MISSING. `by`: null for whoever has the machine. */
  put(declaration: Declaration, now: number, by?: Person | null): Promise<void>
  /** False where there is none. */
  remove(which: DeclarationName, now: number, by?: Person | null): Promise<boolean>
  /** What would change if exactly these were kept for the account. */
  compare(account: Declaration['account'], wanted: readonly Declaration[]): Promise<Difference>
  /**
   * Keeps exactly these for the account, all of it or nothing. `changes`: what `compare` has just said of them, with no change of the account
   * in between. `note` stands in the log before what has changed.
   */
  replace(account: Declaration['account'], wanted: readonly Declaration[], changes: readonly DeclarationChange[], note: AuditEntry): Promise<void>
  /** Tells one value from another and nothing of either: what lists and the audit log show of it. */
  fingerprint(declaration: Declaration): string
}

const KINDS = ['credential', 'target'] as const

export function createDeclarations(vault: Vault, accounts: AccountSql, mac: Mac): Declarations {
  const append = appendAccount(accounts, mac)
  const nameOf = ({ account, kind, name }: DeclarationName) => ({ account, kind, id: name, field: 'declaration' }) as const
  /** One that is damaged can still be named, replaced and removed. */
  const find = async ({ account, kind, name }: DeclarationName): Promise<Kept | null> => {
    try {
      const kept = await vault.open(nameOf({ account, kind, name }))
      if (kept === null) return null
      return { account, kind, name, ...declarationIn(kept.reveal()) }
    } catch (error) {
      return { account, kind, name, why: brokenBy(error) }
    }
  }
  const allOf = async (account: Declaration['account']): Promise<Kept[]> => {
    const found: Kept[] = []
    for (const kind of KINDS)
      for (const { id: name } of await vault.list(account, kind)) {
        const kept = await find({ account, kind, name })
        if (kept !== null) found.push(kept)
      }
    return found
  }
  const fingerprint = ({ account, kind, name, json, isConfined, origin }: Declaration): string =>
    fingerprintOf(mac, JSON.stringify({ account, kind, name, json, ...(isConfined && { isConfined }), ...(origin && { origin }) }))
  const formerly = async (which: DeclarationName): Promise<string | null> => {
    const before = await find(which)
    return before === null ? null : 'json' in before ? fingerprint(before) : 'unreadable'
  }
  const note = (action: AuditAction, which: DeclarationName, change: Pick<AuditEntry, 'at' | 'by' | 'before' | 'after'>): void =>
    append(which.account, { ...change, action, subject: declarationWords(which), why: null, request: null })

  const compare = async (account: Declaration['account'], wanted: readonly Declaration[]): Promise<Difference> => {
    const shown = (one: Kept): string => ('json' in one ? fingerprint(one) : 'unreadable')
    const before = await allOf(account)
    const find = (all: readonly Kept[], { kind, name }: DeclarationName) => all.find((one) => one.kind === kind && one.name === name)
    const names = [...before, ...wanted.filter((one) => find(before, one) === undefined)].map(({ kind, name }) => ({ account, kind, name }))
    const changes = names.flatMap((which) => {
      const [then, now] = [find(before, which), find(wanted, which)]
      const change = { ...which, before: then === undefined ? null : shown(then), after: now === undefined ? null : shown(now) }
      return change.before === change.after ? [] : [change]
    })
    return { changes, fingerprint: fingerprintOf(mac, JSON.stringify(changes)) }
  }

  return {
    fingerprint,
    of: allOf,
    compare,
    async replace(account, wanted, changes, entry) {
      const noteAll = (): void => {
        append(account, entry)
        for (const { before, after, ...which } of changes)
          note(after === null ? 'declaration removed' : 'declaration kept', which, { at: entry.at, by: entry.by, before, after })
      }
      const sealings = changes.map((change) => {
        const kept = wanted.find((one) => one.kind === change.kind && one.name === change.name)
        return { record: nameOf(change), value: kept === undefined ? null : new Secret(textOf(kept)) }
      })
      if (sealings.length === 0) accounts.transaction(noteAll)
      else await vault.sealAll(account, sealings, noteAll)
    },
    async all() {
      const found = await allOf(OPERATOR)
      for (const account of vault.accounts())
        if (account !== OPERATOR)
          found.push(...(await allOf(account).catch((error: unknown) => KINDS.map((kind) => ({ account, kind, name: '*', why: brokenBy(error) })))))
      return found
    },
    async put(declaration, at, by = null) {
      const change = { at, by, before: await formerly(declaration), after: fingerprint(declaration) }
      await vault.seal(nameOf(declaration), new Secret(textOf(declaration)), () => note('declaration kept', declaration, change))
    },
    async remove(which, at, by = null) {
      const before = await formerly(which)
      if (before !== null) await vault.forget(nameOf(which), () => note('declaration removed', which, { at, by, before, after: null }))
      return before !== null
    },
  }
}

/** Who declared it is sealed with it. */
const textOf = ({ json, isConfined, origin }: Declaration): string =>
  isConfined ? `{"confined":${json}${origin === undefined ? '' : `,"origin":"${origin}"`}}` : json

/** Whatever else was put there under the same key stops nobody. */
function declarationIn(text: string): Pick<Declaration, 'json' | 'isConfined' | 'origin'> | Pick<Unreadable, 'why'> {
  const value = objectIn(text)
  if (value === null) return { why: 'What is kept there is no declaration.' }
  const { confined, origin } = value
  if (typeof confined !== 'object') return { json: text }
  return { json: JSON.stringify(confined), isConfined: true, ...(isOrigin(origin) && { origin }) }
}

const isOrigin = (value: unknown): value is NonNullable<Declaration['origin']> => ['account', 'operator', 'unknown'].includes(value as string)

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** Why what is kept cannot be used; anything but a broken record is thrown on. */
function brokenBy(error: unknown): string {
  if (!(error instanceof Failure) || error.problem.code !== 'VAULT_RECORD_BROKEN') throw error
  return `${error.problem.sentence} ${error.problem.next}`
}
