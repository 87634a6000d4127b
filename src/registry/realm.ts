import { isReserved } from './address.ts'
import { registryFailure } from './failure.ts'
import type { Where } from './failure.ts'

/** Where a Bearer challenge sends us for tokens. */
export interface Realm {
  readonly url: URL
  /** Whether the credential may be sent there; otherwise only an anonymous token is asked for. */
  readonly isTrusted: boolean
}

/**
 * Judges a realm, which the registry (or whoever sits in front of it) chose freely: may we connect, and may the secret go there?
 * `trusted`: the vendor's own token server, and origins that an administrator listed; the registry's own origin always is. Throws
 * CHALLENGE_MALFORMED or REALM_FORBIDDEN.
 */
export function judgeRealm(realm: string, registryOrigin: string, trusted: readonly string[], where: Where): Realm {
  if (!URL.canParse(realm)) throw registryFailure('CHALLENGE_MALFORMED', where, { found: 'a realm that is no address' })
  const url = new URL(realm)
  const forbid = (what: string) => registryFailure('REALM_FORBIDDEN', where, { found: `${url.protocol}//${url.host}: ${what}` })
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw forbid('no web address')
  if (url.username !== '' || url.password !== '' || url.hash !== '') throw forbid('an address with a user name or a fragment')
  if ([registryOrigin, ...trusted].includes(url.origin)) return { url, isTrusted: true }
  if (url.protocol !== 'https:') throw forbid('not https')
  if (url.port !== '') throw forbid('an unusual port')
  if (isReserved(url.hostname)) throw forbid('a private address')
  return { url, isTrusted: false }
}
