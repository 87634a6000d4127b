import { Secret } from '../../secret.ts'
import { decrypt, encodeParts, encrypt, NONCE, TAG, type Bytes, type RandomBytes } from './aes-gcm.ts'

/** Which secret: the account's id at GitHub (0: the operator's own), what kind of thing it belongs to, which of them, and which of its secrets. */
export interface RecordName {
  readonly account: number
  readonly kind: string
  readonly id: string
  readonly field: string
}

/** A key of an account. What it is for follows from what is derived of it (HKDF); it encrypts nothing itself. */
export interface AccountKey {
  /** 16 hex digits. */
  readonly kid: string
  readonly key: CryptoKey
}

/** What is bound into every record besides its name: another form of records is another text. */
const FORMAT = 'gantry vault record 1'
const KID = 8
const SALT = 16
const HEAD = KID + SALT

/** `kid(8) | salt(16) | nonce(12) | ciphertext | tag(16)`; the ciphertext is as long as the secret in UTF-8. */
export async function sealRecord(account: AccountKey, record: RecordName, version: number, value: Secret, random: RandomBytes): Promise<Bytes> {
  const salt = random(SALT)
  const nonce = random(NONCE)
  const plaintext = new TextEncoder().encode(value.reveal())
  const key = await recordKey(account, record, version, salt)
  const ciphertext = await encrypt(key, nonce, plaintext, additionalData(account, record, version))
  plaintext.fill(0)
  const sealed = new Uint8Array(HEAD + NONCE + ciphertext.length)
  sealed.set(fromHex(account.kid))
  sealed.set(salt, KID)
  sealed.set(nonce, HEAD)
  sealed.set(ciphertext, HEAD + NONCE)
  return sealed
}

/** Null where it is not exactly what was sealed under this key for this record and version. */
export async function openRecord(account: AccountKey, record: RecordName, version: number, sealed: Bytes): Promise<Secret | null> {
  // Not even one character is in it: no such record is ever sealed.
  if (sealed.length <= HEAD + NONCE + TAG || kidOf(sealed) !== account.kid) return null
  const key = await recordKey(account, record, version, sealed.slice(KID, HEAD))
  const data = additionalData(account, record, version)
  const plaintext = await decrypt(key, sealed.slice(HEAD, HEAD + NONCE), sealed.slice(HEAD + NONCE), data)
  if (plaintext === null) return null
  const value = new Secret(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plaintext))
  plaintext.fill(0)
  return value
}

/** The id of the key that it says to be sealed under. */
export const kidOf = (sealed: Uint8Array): string => hexOf(sealed.subarray(0, KID))

/** What tells this one sealing from every other, of the same value too: its kid and salt, as hex. */
export const stampOf = (sealed: Uint8Array): string => hexOf(sealed.subarray(0, HEAD))

/** The kid in a stamp. */
export const kidIn = (stamp: string): string => stamp.slice(0, 2 * KID)

export const newKid = (random: RandomBytes): string => hexOf(random(KID))

/** One key for one sealing (RFC 5869), so that a nonce cannot be used twice under it. */
async function recordKey({ key }: AccountKey, record: RecordName, version: number, salt: Bytes): Promise<CryptoKey> {
  const info = encodeParts(FORMAT, ...contextOf(record, version))
  return crypto.subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

const additionalData = ({ kid }: AccountKey, record: RecordName, version: number): Bytes => encodeParts(FORMAT, ...contextOf(record, version), kid)

const contextOf = ({ account, kind, id, field }: RecordName, version: number) => [account, kind, id, field, version] as const

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

const fromHex = (hex: string): Bytes => Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
