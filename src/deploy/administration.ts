import type { Problem } from '../errors.ts'
import type { AuditEntry } from './audit.ts'
import type { Awaitable } from './awaitable.ts'
import type { DeclarationName } from './declaration.ts'
import type { Person } from './deployment.ts'
import type { Party } from './environment.ts'
import type { PreflightRow } from './images.ts'
import type { Json, TargetField } from './target.ts'

/** What an account's administrators may want of what belongs to it. Who they are is asked before; nothing here knows of it. */
export interface Administration {
  /** Whom the operator's file names besides the account's owners. */
  administrators(account: number): readonly Party[]
  /** By name. Throws VAULT_RECORD_BROKEN where nothing of the account can be trusted. */
  list(account: number, kind: DeclarationName['kind']): Promise<readonly ShownDeclaration[]>
  /** Null where there is none of that name. */
  find(which: DeclarationName): Promise<ShownDeclaration | null>
  /**
   * Keeps a declaration once it was seen to work, and uses it from then on. `document`: as it stands in the operator's file below its
   * name, each secret as `{ value: … }`, or as `{ kept: true }` where the account itself keeps it and it is shown to nobody else from then on.
   * Throws VAULT_KEY_MISSING.
   */
  keep(which: DeclarationName, document: unknown, wish: Keeping): Promise<Kept | Refused>
  remove(which: DeclarationName, wish: Changing): Promise<{ readonly before: ShownDeclaration } | Refused>
  /** Whether what is kept works: credentials with these images. Changes nothing. */
  test(which: DeclarationName, images: readonly string[]): Promise<{ readonly trials: readonly Trial[] } | Refused>
  /** What is kept now, sealed; of what cannot be read only the names. Throws VAULT_KEY_MISSING, BACKUP_REFUSED where it is too large. */
  backup(account: number, by: Person): Promise<MadeBackup>
  /**
   * Keeps exactly what was kept then, confined, all of it or nothing, and tries nothing of it; `isCheck` only says what that would
   * change. Throws BACKUP_BROKEN, BACKUP_REFUSED.
   */
  restore(account: number, backup: AccountBackup, wish: Restoring): Promise<Difference | OtherDifference>
  /** The particular ones first; the last one is any other registry. */
  readonly families: readonly RegistryFamily[]
  readonly kinds: readonly DeclaredKind[]
  /** None where it keeps nothing. Throws VAULT_RECORD_BROKEN where nothing of the account can be trusted. */
  keys(account: number): Promise<readonly AccountKey[]>
  /** The account's own records, or those of one of its repositories, the newest first: those before the record of this number. */
  audit(
    whose: { readonly account: number } | { readonly repository: number },
    before: number | null,
    limit: number,
  ): Awaitable<readonly NumberedEntry[]>
}

/** A family of registries, as whoever connects one chooses it. */
export interface RegistryFamily {
  readonly name: string
  /** As its makers write it: `GitHub Container Registry`. */
  readonly title: string
  /** As people write them, `*` for any name; none where everybody runs it under a host name of their own. */
  readonly hosts: readonly string[]
  /** What to make there so that Gantry may pull, with the least permission: sentences. */
  readonly make: string
  /** What a credential holds in place of a user name and a password; null where it is those two. */
  readonly exchange: { readonly key: string; readonly fields: readonly DeclaredField[] } | null
  /** Whether the host alone tells that a registry is one of these. */
  serves(registry: string): boolean
}

/** A kind of target, and what it takes beside what every target does. */
export interface DeclaredKind {
  readonly kind: string
  readonly fields: readonly DeclaredField[]
}

/** `name`: as it is written in a declaration, `tls.ca` for `ca` below `tls`. */
export interface DeclaredField {
  readonly name: string
  readonly form: TargetField['form']
  readonly isOptional: boolean
  /** What belongs there, where the name does not say it. */
  readonly hint: string | null
}

/** One of an account's own keys, with which its secrets are sealed. */
export interface AccountKey {
  /** The key of `GANTRY_KEYS` that wraps it. */
  readonly wrappedBy: string
  /** Whether that is the first one of `GANTRY_KEYS`. */
  readonly isNewest: boolean
  /** Its secrets are being sealed anew under another one. */
  readonly isRetiring: boolean
  /** How many secrets are sealed with it. */
  readonly records: number
}

/**
 * What is there when something is changed: whatever it is, nothing, anything, or one of these (`ShownDeclaration.fingerprint`, or
 * `Difference.fingerprint`).
 */
export type Expected = 'whatever' | 'nothing' | 'anything' | readonly string[]

export interface Changing {
  readonly by: Person
  readonly expected: Expected
}

/** `expected`: the difference that was looked at. Where none is left, it has been done already. */
export interface Restoring extends Changing {
  readonly isCheck: boolean
}

export interface Keeping extends Changing {
  /** A credential is tried with these, and a target reached; null: nothing is tried. */
  readonly images: readonly string[] | null
}

/** A declaration as it may be shown: of its secrets only that they are there. */
export interface ShownDeclaration extends DeclarationName {
  /** Tells one value from another and nothing of either. */
  readonly fingerprint: string
  /** Null where it cannot be read. */
  readonly declared: { readonly [key: string]: Json } | null
  /** Why nobody uses it; null where it is used. */
  readonly unused: string | null
}

export interface Kept {
  readonly shown: ShownDeclaration
  readonly isNew: boolean
  readonly trials: readonly Trial[]
}

/** Nothing was changed. */
export interface Refused {
  readonly problem: Problem
  /** What was tried, where it came to that. */
  readonly trials?: readonly Trial[]
}

/** One image with a credential, or a target that was reached. */
export interface Trial {
  /** The image; null for a target. */
  readonly image: string | null
  readonly works: boolean
  /** What was found, in a few words. */
  readonly note: string
  readonly rows: readonly PreflightRow[]
  /** Why it does not work. */
  readonly problem: Problem | null
}

export interface NumberedEntry extends AuditEntry {
  readonly number: number
}

/** What an account keeps, as only this Gantry's keys open it, for the same account. */
export interface AccountBackup {
  readonly format: string
  /** GitHub's id. */
  readonly account: number
  /** Milliseconds. */
  readonly madeAt: number
  /** The key of `GANTRY_KEYS` that wraps the backup's own, and that one wrapped, as base64. */
  readonly key: string
  readonly wrapped: string
  /** Base64. */
  readonly sealed: string
}

export interface MadeBackup {
  readonly backup: AccountBackup
  readonly declarations: number
  /** What could not be read, and is not in it: `credential ghcr of account 42`. */
  readonly left: readonly string[]
}

/** What would change, or has changed. */
export interface Difference {
  readonly changes: readonly DeclarationChange[]
  /** Tells one difference from another and nothing of what is kept. */
  readonly fingerprint: string
}

/** What would change is not what was expected, so nothing was changed. */
export interface OtherDifference extends Refused {
  readonly found: Difference
}

/** What becomes of one declaration: its fingerprint before and after, null where there is none. */
export interface DeclarationChange extends DeclarationName {
  readonly before: string | null
  readonly after: string | null
}
