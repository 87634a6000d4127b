import type { Field } from './exchange.ts'
import { keychains } from './keychains/index.ts'

/** What administrators can store beside a user name and a password: the operator file and the documentation take it from here. */
export interface CredentialForm {
  /** The key below a credential: `aws`. */
  readonly key: string
  readonly fields: Readonly<Record<string, Field>>
  serves(registry: string): boolean
}

/** One for each registry that credentials are minted for; two of a vendor's share their key. */
export const exchanges: readonly CredentialForm[] = keychains.flatMap(({ exchange, serves }) =>
  exchange === undefined ? [] : [{ key: exchange.key, fields: exchange.fields, serves }],
)

/** Names for `family`: whose software a registry is, where its host does not tell. */
export const families: readonly string[] = keychains.map(({ name }) => name)
