import type { Bytes } from './aes-gcm.ts'

/** A key that encrypts other keys (KEK). It may live in a machine of its own that only answers questions. */
export interface WrappingKey {
  /** Stays the same for as long as anything is wrapped under it: up to 32 of `[A-Za-z0-9_-]`. */
  readonly id: string
  /** Encrypts the 32 bytes of a key. `context` says what for, and has to be given again; it is authenticated, not hidden. */
  wrap(key: Bytes, context: Bytes): Promise<Bytes>
  /** Null where this key did not wrap it, or in another context. Throws a `Failure` where the key cannot be asked. */
  unwrap(wrapped: Bytes, context: Bytes): Promise<Bytes | null>
}

/** Where the vault's keys come from. A cloud's key service is another implementation. */
export interface KeySource {
  /** The newest first: it wraps what is new, the others still open what is old. None: nothing can be sealed. */
  keys(): readonly WrappingKey[]
}
