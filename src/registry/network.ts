import { Failure } from '../errors.ts'
import { registryFailure } from './failure.ts'
import type { Where } from './failure.ts'

/** The `code` with which `Doors.publicFetch` refuses an address, on the error or on one of its causes. */
export const RESERVED_ADDRESS = 'ERR_RESERVED_ADDRESS'

/** What `fetch` or a body threw, as a failure if the network did it. Anything else is returned unchanged: it is not ours to explain. */
export function networkFailure(error: unknown, where: Where): unknown {
  if (!(error instanceof Error) || error instanceof Failure) return error
  const code = codeOf(error)
  if (code === undefined && !OPAQUE.test(error.message)) return error
  const details = { found: code ?? 'the connection was lost', cause: error }
  if (code !== undefined && DNS.has(code)) return registryFailure('DNS_FAILED', where, { ...details, retryable: code === 'EAI_AGAIN' })
  if (code !== undefined && TLS.test(code)) return registryFailure('TLS_FAILED', where, details)
  if (error.message.startsWith('internal error; reference')) return registryFailure('REGISTRY_UNAVAILABLE', where, { ...details, found: HIDDEN })
  return registryFailure('REGISTRY_UNAVAILABLE', where, details)
}

const DNS = new Set(['ENOTFOUND', 'EAI_AGAIN'])
const TLS = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO)/
// Node says the first two without a code, workerd the others.
const OPAQUE = /^(fetch failed|terminated|Network connection lost|internal error; reference)/
const HIDDEN = 'no connection; the runtime does not say whether the name, the certificate or the network is wrong'

/** The system's or the runtime's name for what went wrong. */
export function codeOf(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ('code' in at && typeof at.code === 'string') return at.code
  }
  return undefined
}
