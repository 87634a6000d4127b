import { Failure } from '../errors.ts'
import { registryFailure } from './failure.ts'
import type { RegistryCode, Where } from './failure.ts'

/** The `code` with which `Doors.publicFetch` refuses an address, on the error or on one of its causes. */
export const RESERVED_ADDRESS = 'ERR_RESERVED_ADDRESS'

/** What `fetch` or a body threw, as a failure if the network did it. Anything else is returned unchanged: it is not ours to explain. */
export function networkFailure(error: unknown, where: Where): unknown {
  if (!(error instanceof Error) || error instanceof Failure) return error
  const code = codeOf(error)
  if (code === undefined && !OPAQUE.test(error.message)) return error
  const details = { found: code ?? 'the connection was lost', cause: error }
  if (code !== undefined && DNS.has(code)) return registryFailure('DNS_FAILED', where, { ...details, retryable: code === 'EAI_AGAIN' })
  const tls = code === undefined ? undefined : TLS.find(([codes]) => codes.test(code))
  if (tls !== undefined) return registryFailure(tls[1], where, details)
  if (error.message.startsWith('internal error; reference')) return registryFailure('NETWORK_UNKNOWN', where, { cause: error })
  return registryFailure('REGISTRY_UNAVAILABLE', where, details)
}

const DNS = new Set(['ENOTFOUND', 'EAI_AGAIN'])
/** OpenSSL's verification results (X509_V_ERR_…) and Node's own, as `error.code`. */
const TLS: readonly (readonly [RegExp, RegistryCode])[] = [
  [/^ERR_TLS_CERT_ALTNAME/, 'TLS_NAME_MISMATCH'],
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, 'TLS_EXPIRED'],
  [/^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_|INVALID_CA|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE)/, 'TLS_UNTRUSTED'],
  [/^(ERR_TLS|ERR_SSL|EPROTO)/, 'TLS_PROTOCOL'],
]
// Node says the first two without a code, workerd the others.
const OPAQUE = /^(fetch failed|terminated|Network connection lost|internal error; reference)/

/** The system's or the runtime's name for what went wrong. */
export function codeOf(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ('code' in at && typeof at.code === 'string') return at.code
  }
  return undefined
}
