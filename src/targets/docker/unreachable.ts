import { type Code, Failure, type ProblemDetails } from '../../errors.ts'
import { tidied } from './tidied.ts'

type Reading = readonly [codes: RegExp, code: Code, details: ProblemDetails]

/** Node's and OpenSSL's words for a TLS connection that did not come about. Asking again changes none of it. */
const READINGS: readonly Reading[] = [
  [
    /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/,
    'TARGET_UNAVAILABLE',
    {
      sentence: "The container engine's certificate is not valid today.",
      next: "Renew the engine's certificate, or set the clocks right.",
    },
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'TARGET_UNAVAILABLE',
    {
      sentence: "The container engine's certificate is for another name than the target's `host`.",
      next: 'Write `host` in the operator file as the certificate names the engine, or give the engine a certificate for that name.',
      who: 'account',
    },
  ],
  [
    /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_)/,
    'TARGET_UNAVAILABLE',
    {
      sentence: "The container engine's certificate is not signed by a CA that the target trusts.",
      next: "Set the target's `tls.ca` in the operator file to the CA that signed it.",
      who: 'account',
    },
  ],
  [
    /ALERT_(.*CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)/,
    'TARGET_REFUSED',
    {
      sentence: 'The container engine asks for a client certificate of its own CA, and was shown another one or none.',
      next: "Set the target's `tls.cert` and `tls.key` in the operator file to a client certificate that the engine's CA has signed.",
      who: 'account',
    },
  ],
  [
    /^ERR_OSSL_/,
    'TARGET_UNAVAILABLE',
    {
      sentence: "The target's client certificate cannot be used with its key.",
      next: "Set the target's `tls.cert` and `tls.key` in the operator file to a pair that belongs together.",
      who: 'account',
    },
  ],
  [
    /^(EPROTO|ERR_SSL_)/,
    'TARGET_UNAVAILABLE',
    {
      sentence: "What listens at the target's `host` does not speak TLS, or not in a way that Gantry can.",
      next: 'Check `host` in the operator file: an engine with TLS usually listens on port 2376.',
      who: 'account',
    },
  ],
]

const NOBODY: ProblemDetails = {
  sentence: 'The container engine cannot be reached.',
  next: "Check that the engine runs and that Gantry may reach the target's `host`, then try again.",
}

/** Why nobody answered. Only the system's word for it is repeated: a message may hold more than that. */
export function unreachable(error: unknown): Failure {
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const word = reason instanceof Error && 'code' in reason && typeof reason.code === 'string' ? reason.code : null
  const found = reason instanceof Error ? tidied(word ?? reason.message) : undefined
  const reading = READINGS.find(([codes]) => word !== null && codes.test(word))
  if (reading === undefined) return new Failure('TARGET_UNAVAILABLE', { ...NOBODY, found }, error)
  const [, code, details] = reading
  return new Failure(code, { ...details, found, retryable: false }, error)
}
