import type { Secret } from '../../secret.ts'
import { decrypt, encrypt, importAesKey, NONCE, type Bytes, type RandomBytes } from './aes-gcm.ts'
import type { KeySource, WrappingKey } from './key-source.ts'

/** Keys that this process holds itself: base64 of 32 bytes each, the newest first. Wrapped: `nonce(12) | ciphertext(32) | tag(16)`. */
export function localKeys(given: readonly { readonly id: string; readonly key: Secret }[], random: RandomBytes): KeySource {
  const keys = given.map(({ id, key }) => localKey(id, key, random))
  return { keys: () => keys }
}

function localKey(id: string, secret: Secret, random: RandomBytes): WrappingKey {
  let imported: Promise<CryptoKey> | undefined
  const key = (): Promise<CryptoKey> => (imported ??= importAesKey(Uint8Array.from(atob(secret.reveal()), (character) => character.charCodeAt(0))))
  return {
    id,
    async wrap(bytes, context) {
      const nonce = random(NONCE)
      return joined(nonce, await encrypt(await key(), nonce, bytes, context))
    },
    async unwrap(wrapped, context) {
      return wrapped.length < NONCE ? null : decrypt(await key(), wrapped.slice(0, NONCE), wrapped.slice(NONCE), context)
    },
  }
}

function joined(nonce: Bytes, ciphertext: Bytes): Bytes {
  const all = new Uint8Array(nonce.length + ciphertext.length)
  all.set(nonce)
  all.set(ciphertext, nonce.length)
  return all
}
