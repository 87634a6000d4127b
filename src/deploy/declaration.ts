/** A credential or a target that the vault keeps: as it would stand in the operator file, as JSON, with the values of its secrets. */
export interface Declaration {
  readonly kind: 'credential' | 'target'
  readonly name: string
  readonly json: string
}
