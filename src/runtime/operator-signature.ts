import type { Settings } from '../settings.ts'
import { encodeParts } from '../store/vault/aes-gcm.ts'

/**
 * Whoever has the keys of an installation is its operator: a request is signed with HMAC-SHA-256 under a key that is derived (HKDF, RFC 5869) of the
 * newest of `GANTRY_KEYS`, over its method, its path with the query, its time and the SHA-256 of its body. Both sides, on every runtime.
 */

type Keys = Settings['keys']

export interface OperatorRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
}

/** Milliseconds that the two clocks may be apart. */
const WITHIN = 5 * 60_000

/** `body`: its SHA-256 as hex. Answers with the value of `Authorization`. */
export async function signRequest(keys: Keys, request: OperatorRequest, body: string, now: number): Promise<string> {
  const [newest] = keys
  if (newest === undefined) throw new Error('nothing can be signed without a key')
  const mac = await crypto.subtle.sign('HMAC', await signingKey(newest), textOf(request, now, body))
  return `${SCHEME} key=${newest.id}, at=${now}, body=${body}, mac=${hexOf(new Uint8Array(mac))}`
}

/** Why a request is not the operator's: a few words, and nothing that helps who is not. */
export interface Unsigned {
  readonly found: string
}

/** What it says of its body, which is to be compared with what comes. */
export async function verifyRequest(
  keys: Keys,
  request: OperatorRequest,
  authorization: string | null,
  now: number,
): Promise<{ readonly body: string } | Unsigned> {
  const [, id, at = '', body = '', mac = ''] = FORM.exec(authorization ?? '') ?? []
  if (id === undefined) return { found: 'no signature' }
  const [newest] = keys
  if (newest === undefined) return { found: 'an installation without keys' }
  if (newest.id !== id) return { found: 'a signature under another key than the newest here' }
  const isOurs = await crypto.subtle.verify('HMAC', await signingKey(newest), bytesOf(mac), textOf(request, Number(at), body))
  if (!isOurs) return { found: 'a signature that does not fit' }
  if (Math.abs(now - Number(at)) > WITHIN) return { found: 'a signature of another time: the two clocks may not be five minutes apart' }
  return { body }
}

const SCHEME = 'Gantry'
const FORM = /^Gantry key=([\w-]{1,32}), at=(\d{1,15}), body=([0-9a-f]{64}), mac=([0-9a-f]{64})$/

const textOf = ({ method, path }: OperatorRequest, at: number, body: string) => encodeParts('gantry operator 1', method, path, at, body)

async function signingKey({ key }: Keys[number]): Promise<CryptoKey> {
  const raw = Uint8Array.from(atob(key.reveal()), (character) => character.charCodeAt(0))
  const material = await crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey'])
  raw.fill(0)
  const derived = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: encodeParts('gantry operator 1', 'requests') }
  return crypto.subtle.deriveKey(derived, material, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign', 'verify'])
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
