/** Whose the operator's own are: for every account whose repositories they allow. */
export const OPERATOR = 0

/** A credential or a target that the vault keeps: as it would stand in the operator file, as JSON, with the values of its secrets. */
export interface Declaration {
  /** GitHub's id of the account that it belongs to, or `OPERATOR`: no repository of another one finds it. */
  readonly account: number
  readonly kind: 'credential' | 'target'
  readonly name: string
  readonly json: string
  /** By the account's administrators and not by whoever has the machine: it reaches nothing of this machine or its network. */
  readonly isConfined?: true
  /**
   * Of what is confined, whose word it was first: the account's own, or what whoever has the machine had put there and a backup has brought
   * back. `unknown`: brought back by a backup that does not say; absent: kept before that was noted.
   */
  readonly origin?: 'account' | 'operator' | 'unknown'
}

/** Whether the account has declared it itself. Where that is not known, a credential counts as the operator's and a target as the account's: so no secret leaves. */
export function isOwn({ kind, isConfined, origin }: Pick<Declaration, 'kind' | 'isConfined' | 'origin'>): boolean {
  return isConfined === true && origin !== 'operator' && (kind === 'target' || origin !== 'unknown')
}

/** Which one. */
export type DeclarationName = Pick<Declaration, 'account' | 'kind' | 'name'>

/** One name for what several accounts may call alike: no declaration's own has an `@`. */
export const declarationKey = ({ account, name }: Pick<Declaration, 'account' | 'name'>): string =>
  account === OPERATOR ? name : `${name}@${account}`

/** As people read it: `credential ghcr`, `target prod of account 42`. */
export const declarationWords = ({ account, kind, name }: DeclarationName): string =>
  `${kind} ${name}${account === OPERATOR ? '' : ` of account ${account}`}`

/** One that the vault holds and does not open: nobody uses it, and the rest goes on. Named `*` where that is all that an account has. */
export interface Unreadable extends DeclarationName {
  /** One plain sentence. */
  readonly why: string
}

export type Kept = Declaration | Unreadable
