import { Failure } from '../../errors.ts'
import { encodeParts, type Bytes, type RandomBytes } from '../vault/aes-gcm.ts'
import type { KeySource } from '../vault/key-source.ts'
import { keysOf, notOurs, type Manifest } from './manifest.ts'

/** What one backup is sealed with: derived (HKDF-SHA-256, RFC 5869) of 32 random bytes that no other backup has. */
export interface BackupKeys {
  /** AES-256-GCM, for the database. */
  readonly content: CryptoKey
  /** HMAC-SHA-256, for the manifest. */
  readonly manifest: CryptoKey
}

/** What a backup's key belongs to: it opens no other one. */
type Owner = Pick<Manifest, 'instance' | 'madeAt'>

/** What a backup says of its key. */
type Locked = Pick<Manifest, 'key' | 'wrapped' | 'secretsUnder'> & Owner

const KEY_BYTES = 32

/** New ones, and how the manifest says them. Throws VAULT_KEY_MISSING. */
export async function newBackupKeys(
  source: KeySource,
  random: RandomBytes,
  owner: Owner,
): Promise<Pick<Manifest, 'key' | 'wrapped'> & { readonly keys: BackupKeys }> {
  const [newest] = source.keys()
  if (newest === undefined) throw noKey()
  const raw = random(KEY_BYTES)
  const wrapped = await newest.wrap(raw, contextOf(owner))
  return { key: newest.id, wrapped: btoa(String.fromCharCode(...wrapped)), keys: await derived(raw) }
}

/** Throws VAULT_KEY_MISSING, VAULT_KEY_WRONG where another key has that name, BACKUP_BROKEN. */
export async function openBackupKeys(source: KeySource, manifest: Locked): Promise<BackupKeys> {
  const key = source.keys().find(({ id }) => id === manifest.key)
  if (key === undefined) throw otherKey('VAULT_KEY_MISSING', manifest, 'no key of that name')
  const raw = await key.unwrap(bytesOf(manifest.wrapped), contextOf(manifest))
  if (raw?.length !== KEY_BYTES) throw otherKey('VAULT_KEY_WRONG', manifest, 'a key that does not open it, or a manifest that was changed')
  return derived(raw)
}

/** Of a manifest that is proved. Throws VAULT_KEY_MISSING where what is in it could not be read. */
export function refuseUnreadable(source: KeySource, manifest: Manifest): void {
  const given = new Set(source.keys().map(({ id }) => id))
  const missing = keysOf(manifest).filter((id) => !given.has(id))
  if (missing.length === 0) return
  throw new Failure('VAULT_KEY_MISSING', {
    sentence: `The secrets in this backup are under ${keyWords(missing)}, and GANTRY_KEYS does not have ${missing.length === 1 ? 'it' : 'them'}.`,
    found: keyWords([...given]),
    wanted: keyWords(keysOf(manifest)),
    next: `Put ${keyWords(missing)} into GANTRY_KEYS, behind newer ones, and ask again.`,
  })
}

/** `the key k1`, `the keys k2 and k1`. */
export const keyWords = (ids: readonly string[]): string => `the ${ids.length === 1 ? 'key' : 'keys'} ${ids.join(' and ')}`

export async function signManifest({ manifest }: BackupKeys, text: string): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', manifest, new TextEncoder().encode(text))
  return Array.from(new Uint8Array(mac), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Throws BACKUP_BROKEN. */
export async function checkManifest({ manifest }: BackupKeys, text: string, mac: string): Promise<void> {
  const given = Uint8Array.from(mac.match(/[0-9a-f]{2}/g) ?? [], (digits) => Number.parseInt(digits, 16))
  const isOurs = mac.length === 2 * given.length && (await crypto.subtle.verify('HMAC', manifest, given, new TextEncoder().encode(text)))
  if (!isOurs) throw notOurs('a manifest that was changed')
}

async function derived(raw: Bytes): Promise<BackupKeys> {
  const key = await crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey'])
  raw.fill(0)
  const of = (what: string) => ({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: encodeParts('gantry backup 1', what) })
  const hmac = { name: 'HMAC', hash: 'SHA-256', length: 256 }
  return {
    content: await crypto.subtle.deriveKey(of('content'), key, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']),
    manifest: await crypto.subtle.deriveKey(of('manifest'), key, hmac, false, ['sign', 'verify']),
  }
}

const contextOf = ({ instance, madeAt }: Owner): Bytes => encodeParts('gantry backup key 1', instance, madeAt)

function bytesOf(base64: string): Bytes {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    return new Uint8Array(0)
  }
}

const noKey = (): Failure =>
  new Failure('VAULT_KEY_MISSING', {
    sentence: 'A backup is encrypted, and there is no key to encrypt it under.',
    wanted: 'GANTRY_KEYS with at least one key',
    next: 'Make a key with: gantry keys new. Put it into GANTRY_KEYS, keep a copy apart from the backups, and ask again.',
  })

/** Nothing of the manifest is proved yet. */
const otherKey = (code: 'VAULT_KEY_MISSING' | 'VAULT_KEY_WRONG', manifest: Locked, found: string): Failure =>
  new Failure(code, {
    sentence: `This backup says that it was encrypted under the key ${manifest.key}, which is not in GANTRY_KEYS.`,
    found,
    wanted: `${keyWords(keysOf(manifest))}, by what the file says of itself, which nobody can prove without the first`,
    next: `Put ${keyWords(keysOf(manifest))} into GANTRY_KEYS, behind newer ones, and ask again. Without the key ${manifest.key} nobody can read this backup.`,
  })
