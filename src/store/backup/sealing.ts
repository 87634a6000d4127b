import { decrypt, encrypt, NONCE, TAG, type Bytes } from '../vault/aes-gcm.ts'
import { notOurs } from './manifest.ts'

const CHUNK = 1024 * 1024

/**
 * A stream in chunks of 1 MiB, each `ciphertext | tag(16)` under AES-256-GCM. The nonce is the chunk's number and whether it is the last
 * (STREAM, https://eprint.iacr.org/2015/189; age has the same), so that no chunk can be moved, left out, added or cut off. `bound` is
 * authenticated with each. The key must be of this stream alone.
 */
export async function* sealStream(key: CryptoKey, bound: Bytes, source: AsyncIterable<Uint8Array>): AsyncGenerator<Bytes> {
  let number = 0
  for await (const { chunk, isLast } of chunksOf(source, CHUNK)) yield encrypt(key, nonceOf(number++, isLast), chunk, bound)
}

/** The same back; nothing of a chunk is given out before its tag is verified. Throws BACKUP_BROKEN. */
export async function* openStream(key: CryptoKey, bound: Bytes, source: AsyncIterable<Uint8Array>): AsyncGenerator<Bytes> {
  let number = 0
  for await (const { chunk, isLast } of chunksOf(source, CHUNK + TAG)) {
    const opened = await decrypt(key, nonceOf(number, isLast), chunk, bound)
    if (opened === null) throw notOurs(`bytes from ${number} MiB on that were changed, moved, cut off or added`)
    number += 1
    yield opened
  }
}

function nonceOf(number: number, isLast: boolean): Bytes {
  const nonce = new Uint8Array(NONCE)
  new DataView(nonce.buffer).setBigUint64(3, BigInt(number))
  nonce[NONCE - 1] = isLast ? 1 : 0
  return nonce
}

/** All of that size but the last one, which alone may be shorter; whatever pieces they come in. Each is overwritten by the next. */
async function* chunksOf(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<{ readonly chunk: Bytes; readonly isLast: boolean }> {
  const chunk = new Uint8Array(size)
  let filled = 0
  for await (const piece of source) {
    for (let at = 0; at < piece.length;) {
      if (filled === size) {
        yield { chunk, isLast: false }
        filled = 0
      }
      const taken = piece.subarray(at, at + size - filled)
      chunk.set(taken, filled)
      filled += taken.length
      at += taken.length
    }
  }
  yield { chunk: chunk.subarray(0, filled), isLast: true }
}
