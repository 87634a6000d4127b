import { Refusal } from '../errors.ts'
import type { Secret } from '../secret.ts'

export type Credential =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: Secret }
  /** A token that is exchanged for bearer tokens (Docker's identity token, an OAuth2 refresh token). */
  | { readonly kind: 'identity'; readonly token: Secret }

export const anonymous: Credential = { kind: 'anonymous' }

const fingerprints = new WeakMap<Credential, Promise<string>>()

/**
 * 16 hex digits that tell credentials apart in caches and logs and tell nothing else: the start of a SHA-256 over kind, user and secret.
 * Made once for each object, since every request wants it.
 */
export function fingerprint(credential: Credential): Promise<string> {
  const known = fingerprints.get(credential) ?? makeFingerprint(credential)
  fingerprints.set(credential, known)
  return known
}

async function makeFingerprint(credential: Credential): Promise<string> {
  const text = JSON.stringify([credential.kind, credential.kind === 'basic' ? credential.username : '', secretOf(credential)])
  return (await hashOf(text)).slice(0, 16)
}

/** SHA-256 in hex. */
export async function hashOf(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The value of an `Authorization: Basic` header, in UTF-8 (RFC 7617, 2.1); null where there is nothing to send. */
export function basicAuthorization(credential: Credential): string | null {
  if (credential.kind === 'anonymous') return null
  const user = credential.kind === 'basic' ? credential.username : '<token>' // Docker's user name for an identity token
  const bytes = new TextEncoder().encode(`${user}:${secretOf(credential)}`)
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}`
}

/** The secret part in plain text; empty for anonymous. Only for the moment of use. */
export function secretOf(credential: Credential): string {
  if (credential.kind === 'anonymous') return ''
  return (credential.kind === 'basic' ? credential.password : credential.token).reveal()
}

/** Says of a credential that no registry can accept it: found before a registry counts it as a failed login. */
export function lintCredential(registry: string, credential: Credential): Refusal | null {
  if (credential.kind === 'anonymous') return null
  if (credential.kind === 'basic' && credential.username === '') return broken(registry, 'has no user name', 'a user name')
  if (credential.kind === 'basic' && credential.username.includes(':')) return broken(registry, 'has a colon in its user name', 'one without')
  if (secretOf(credential) === '') return broken(registry, 'has an empty secret', 'a password or token')
  if (/^\s|\s$/.test(secretOf(credential)))
    return broken(registry, 'has a space or line break around its secret', 'a secret without white space around it')
  return null
}

/** Every spelling in which the other side could send the credential back to us. */
export function spellings(credential: Credential): readonly string[] {
  const basic = basicAuthorization(credential)
  return basic === null ? [] : [...spellingsOf(secretOf(credential)), basic.slice('Basic '.length)]
}

/** A key that is JSON itself stands in an answer's JSON like this; what is cut out of its middle would hide the rest from everybody after us. */
export const spellingsOf = (secret: string): readonly string[] => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]

function broken(registry: string, what: string, wanted: string): Refusal {
  return new Refusal('CREDENTIALS_INVALID', {
    sentence: `The credential for ${registry} ${what}, so it cannot work.`,
    found: `a credential that ${what}`,
    wanted,
    next: `Store the credential for ${registry} again.`,
  })
}
