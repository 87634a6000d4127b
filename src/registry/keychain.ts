import type { Refusal } from '../errors.ts'
import type { Credential } from './credential.ts'
import type { Exchange } from './exchange.ts'
import type { RegistryCode } from './failure.ts'

/** What is particular to one family of registries: one file in `keychains/`, one line in `keychains/index.ts`. */
export interface Keychain {
  readonly name: string
  /** As its makers write it: `GitHub Container Registry`. */
  readonly title: string
  /** Its hosts as people write them, `*` for any name; none where everybody runs it under a host name of their own. */
  readonly hosts: readonly string[]
  serves(registry: string): boolean
  /** Says of a credential that it cannot work here, before anything is sent anywhere. */
  lint(registry: string, credential: Credential): Refusal | null
  /** What looks wrong about a credential without being certain: an imperative sentence for where the registry then refuses it. */
  suspect?(registry: string, credential: Credential): string | null
  /** What a 403 of the token endpoint means: most registries say it of the permission, some of the credential. */
  readonly deniedAtToken: 'PERMISSION_DENIED' | 'CREDENTIALS_INVALID'
  /** Which credential to make for pulling, with the least permission, in one or two sentences: docs/registries.md begins with them. */
  readonly make: string
  /** One imperative sentence: what to grant so that the credential may pull. */
  readonly grant: string
  /** Origins besides the registry's own that credentials may be sent to, because the vendor's token server is there. */
  realms?(registry: string): readonly string[]
  /** What this registry's words mean where the specification's codes do not tell; the first that fits. */
  readonly sayings?: readonly Saying[]
  /** How what administrators store is turned into a credential that the registry takes. */
  readonly exchange?: Exchange
}

/** One recorded way of saying no: a table, because these words change without notice. */
export interface Saying {
  /** Who says it; both where left out. */
  readonly at?: 'token server' | 'registry'
  readonly status: readonly number[]
  /** Compared with the code and the message of the body, joined by a space. */
  readonly words: RegExp
  readonly means: RegistryCode
  /** Instead of the code's own next step. */
  readonly next?: string
}
