/** A credential or a target that the vault keeps: as it would stand in the operator file, as JSON, with the values of its secrets. */
export interface Declaration {
  readonly kind: 'credential' | 'target'
  readonly name: string
  readonly json: string
}

/** One that the vault holds and does not open: nobody uses it, and the rest goes on. */
export interface Unreadable extends Pick<Declaration, 'kind' | 'name'> {
  /** One plain sentence. */
  readonly why: string
}

export type Kept = Declaration | Unreadable
