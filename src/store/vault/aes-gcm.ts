/** Bytes as WebCrypto takes them: never a view of shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>
/** So many bytes that nobody can foresee. */
export type RandomBytes = (count: number) => Bytes

const KEY = 32
export const NONCE = 12
export const TAG = 16
const ALGORITHM = { name: 'AES-GCM', tagLength: TAG * 8 } as const

/** An AES-256-GCM key that cannot be read again. Throws a RangeError where it is not of 32 bytes. */
export async function importAesKey(raw: Bytes): Promise<CryptoKey> {
  if (raw.length !== KEY) throw new RangeError(`an AES-256 key has ${KEY} bytes`)
  return crypto.subtle.importKey('raw', raw, ALGORITHM.name, false, ['encrypt', 'decrypt'])
}

/** Ciphertext and its tag (NIST SP 800-38D, 7.1). Throws a RangeError where the nonce is not of 12 bytes. */
export async function encrypt(key: CryptoKey, nonce: Bytes, plaintext: Bytes, additionalData: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.encrypt(parameters(nonce, additionalData), key, plaintext))
}

/** The plaintext, or null where the tag does not fit (SP 800-38D, 7.2): nothing of it is seen before. Throws like `encrypt`. */
export async function decrypt(key: CryptoKey, nonce: Bytes, ciphertext: Bytes, additionalData: Bytes): Promise<Bytes | null> {
  const given = parameters(nonce, additionalData)
  if (ciphertext.length < TAG) return null
  try {
    return new Uint8Array(await crypto.subtle.decrypt(given, key, ciphertext))
  } catch (error) {
    if (error instanceof Error && error.name === 'OperationError') return null
    throw error
  }
}

function parameters(nonce: Bytes, additionalData: Bytes) {
  if (nonce.length !== NONCE) throw new RangeError(`a nonce has ${NONCE} bytes`)
  return { ...ALGORITHM, iv: nonce, additionalData }
}

/** Each part behind its length (4 bytes, big-endian), numbers as decimal digits: no two lists of parts become the same bytes. */
export function encodeParts(...parts: readonly (string | number)[]): Bytes {
  const encoded = parts.map((part) => new TextEncoder().encode(String(part)))
  const all = new Uint8Array(encoded.reduce((sum, { length }) => sum + 4 + length, 0))
  let at = 0
  for (const part of encoded) {
    new DataView(all.buffer).setUint32(at, part.length)
    all.set(part, at + 4)
    at += 4 + part.length
  }
  return all
}
