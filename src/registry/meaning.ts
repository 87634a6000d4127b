import type { ErrorAnswer } from './answer.ts'
import type { Credential } from './credential.ts'
import type { FailureDetails, RegistryCode } from './failure.ts'
import type { Keychain, Saying } from './keychain.ts'

/** What a final answer comes to. */
export interface Meaning {
  readonly code: RegistryCode
  readonly details: FailureDetails
}

/** What any registry may say, in whatever words; a keychain's own table is asked first. */
const COMMON: readonly Saying[] = [
  { status: [400, 401, 403], words: /\bexpired\b|\bhas expired\b|\btoken is expired\b/i, means: 'CREDENTIAL_EXPIRED' },
  { status: [401, 403, 429], words: /too many (failed )?(login|authentication)|account (is )?locked/i, means: 'LOGIN_LOCKED' },
  { status: [403], words: /firewall|client with IP|ip address .* not allowed|not allowed access/i, means: 'NETWORK_POLICY_DENIED' },
]

/** Whether a saying is of a login, which somebody without one cannot get wrong. A no of the image itself (412, 405) is for everybody. */
const isOfLogin = ({ means, status }: Saying): boolean =>
  /^(CREDENTIAL|LOGIN)/.test(means) || (means === 'PERMISSION_DENIED' && status.some((one) => one < 404))

/** Status first, then the words of the family's and of the common table, which only make it more exact. */
export function meaningOf(at: 'token server' | 'registry', answer: ErrorAnswer, keychain: Keychain, credential: Credential): Meaning {
  const plain = at === 'token server' ? ofTokenServer(answer.status, keychain, credential) : { code: ofRegistry(answer, credential), details: {} }
  const words = [answer.code, answer.message].filter(Boolean).join(' ')
  const fits = (one: Saying) => (one.at ?? at) === at && one.status.includes(answer.status) && one.words.test(words)
  const saying = [...(keychain.sayings ?? []), ...COMMON].find((one) => fits(one) && !(credential.kind === 'anonymous' && isOfLogin(one)))
  if (saying === undefined) return plain
  return { code: saying.means, details: saying.next === undefined ? {} : { next: saying.next } }
}

function ofTokenServer(status: number, keychain: Keychain, credential: Credential): Meaning {
  if (status === 429) return { code: 'RATE_LIMITED', details: {} }
  if (status !== 401 && status !== 403) return { code: 'AUTH_ENDPOINT_BROKEN', details: { retryable: status >= 500 || status === 408 } }
  if (credential.kind === 'anonymous') return { code: 'CREDENTIAL_MISSING', details: {} }
  return { code: status === 401 ? 'CREDENTIALS_INVALID' : keychain.deniedAtToken, details: {} }
}

/** Of a 401 and 403 more is known than the status: `refused` decides. */
function ofRegistry({ status, message }: ErrorAnswer, credential: Credential): RegistryCode {
  if (status === 401 || status === 403) return credential.kind === 'anonymous' ? 'CREDENTIAL_MISSING' : 'PERMISSION_DENIED'
  if (status === 429) return 'RATE_LIMITED'
  if (status === 408 || status === 425 || status >= 499) return 'REGISTRY_UNAVAILABLE'
  if (status === 404 && /accept header does not support/i.test(message)) return 'MEDIA_TYPE_NOT_ACCEPTED'
  if (status === 404) return 'NOT_FOUND_OR_HIDDEN'
  if (status === 400 && /HTTP request to an HTTPS server/i.test(message)) return 'TLS_PROTOCOL'
  return 'REGISTRY_PROTOCOL_ERROR'
}
