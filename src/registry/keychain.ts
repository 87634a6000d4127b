import type { Refusal } from '../errors.ts'
import type { Credential } from './credential.ts'

/** What is particular to one family of registries: one file in `keychains/`, one line in `keychains/index.ts`. */
export interface Keychain {
  readonly name: string
  serves(registry: string): boolean
  /** Says of a credential that it cannot work here, before anything is sent anywhere. */
  lint(registry: string, credential: Credential): Refusal | null
  /** What a 403 of the token endpoint means: most registries say it of the permission, some of the credential. */
  readonly deniedAtToken: 'PERMISSION_DENIED' | 'CREDENTIALS_INVALID'
  /** One imperative sentence: what to grant so that the credential may pull. */
  readonly grant: string
}
