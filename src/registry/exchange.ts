import type { Failure } from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { Credential } from './credential.ts'

/**
 * How a cloud's own identity becomes a credential for its registry: ECR's `GetAuthorizationToken`, Google's JWT bearer grant, Entra
 * and ACR's exchange, Cloudflare's credentials API. Declared by a keychain; the operator file takes its fields from here.
 */
export interface Exchange {
  /** The key below a credential in the operator file: `aws`. */
  readonly key: string
  /** What stands below that key; `?` may be left out. */
  readonly fields: Readonly<Record<string, Field>>
  /** Says of what was given that it cannot work, before anything is sent; null where nothing is wrong. */
  check?(given: Given, registry: string): string | null
  /** Asks the vendor. Throws what `minting.fail` makes. */
  mint(given: Given, minting: Minting): Promise<Minted>
}

export type Field = 'text' | 'secret' | 'text?' | 'secret?'

/** The values of an exchange's fields. */
export type Given = Readonly<Record<string, string | Secret>>

/** What the vendor handed out. */
export interface Minted {
  readonly credential: Credential
  /** Milliseconds from when it was asked for. */
  readonly lifetime: number
}

/** One attempt to mint, and its way to the vendor. */
export interface Minting {
  readonly registry: string
  /** Wall clock, milliseconds since 1970: signatures and assertions carry it. */
  readonly now: number
  /**
   * One request, repeated where that may help (R48–R53; 408 too, registry.md 0.10), never redirected. The body is capped at 128 KiB.
   * `secrets` are cut out of whatever is shown of the answer.
   */
  ask(call: VendorCall): Promise<VendorAnswer>
  /** The vendor said no, or nothing that can be used: CREDENTIAL_SOURCE_FAILED, with its own code and words. */
  fail(answer: VendorAnswer, said: Said): Failure
}

export interface VendorCall {
  readonly method: 'GET' | 'POST'
  /** https, or http on loopback. */
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly secrets: readonly string[]
}

export interface VendorAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** What a vendor's error says; `next` where it tells us what to do. */
export interface Said {
  /** `AccessDeniedException`, `invalid_client`, … */
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly next?: string | undefined
  /** It is the time of what was signed that was refused: our clock may be wrong. */
  readonly isOfTime?: boolean | undefined
  /** The stored secret itself was refused: not asked again before it changes, or fifteen minutes have passed. */
  readonly isRefused?: boolean | undefined
}
