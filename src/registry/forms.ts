import type { Field } from './exchange.ts'
import type { Keychain } from './keychain.ts'
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

/** Every family, as whoever connects a registry has to know it: `exchange` has the form alone. */
export const guides: readonly Guide[] = keychains

export type Guide = Pick<Keychain, 'name' | 'title' | 'hosts' | 'make' | 'serves'> & { readonly exchange?: Pick<CredentialForm, 'key' | 'fields'> }

/** Names for `family`: whose software a registry is, where its host does not tell. */
export const families: readonly string[] = keychains.map(({ name }) => name)
