import { Failure } from '../errors.ts'
import type { Code } from '../errors.ts'

/** What was being asked of whom: every sentence names it. */
export interface Where {
  readonly registry: string
  /** The whole canonical name. */
  readonly image: string
  /** The keychain's sentence about what to grant. */
  readonly grant: string
}

export interface FailureDetails {
  readonly found?: string | undefined
  readonly wanted?: string | undefined
  /** Instead of the code's own sentence or next step, where the case at hand knows better. */
  readonly sentence?: string | undefined
  readonly next?: string | undefined
  readonly retryable?: boolean | undefined
  readonly retryAfter?: number | undefined
  readonly cause?: unknown
}

/** The one maker of this protocol's failures: who was asked, what came back, what was wanted, what to do next. */
export function registryFailure(code: RegistryCode, where: Where, details: FailureDetails = {}): Failure {
  const { sentence, next, cause, ...rest } = details
  const words = WORDS[code]
  return new Failure(
    code,
    { sentence: sentence ?? words.says(where), next: next ?? words.next(where), wanted: words.wanted?.(where), ...rest },
    cause,
  )
}

export type RegistryCode = Extract<
  Code,
  | 'REFERENCE_INVALID'
  | 'CREDENTIAL_MISSING'
  | 'CREDENTIALS_INVALID'
  | 'PERMISSION_DENIED'
  | 'NOT_FOUND_OR_HIDDEN'
  | 'REPOSITORY_NOT_FOUND'
  | 'TAG_NOT_FOUND'
  | 'MEDIA_TYPE_NOT_ACCEPTED'
  | 'PLATFORM_MISSING'
  | 'DIGEST_MISMATCH'
  | 'RATE_LIMITED'
  | 'REGISTRY_UNAVAILABLE'
  | 'TIMEOUT'
  | 'DNS_FAILED'
  | 'TLS_FAILED'
  | `CHALLENGE_${'MISSING' | 'MALFORMED' | 'UNSUPPORTED'}`
  | `REALM_${'NOT_TRUSTED' | 'FORBIDDEN'}`
  | 'REDIRECT_FORBIDDEN'
  | 'TOKEN_RESPONSE_INVALID'
  | 'AUTH_ENDPOINT_BROKEN'
  | 'REGISTRY_REJECTS_ITS_OWN_TOKENS'
  | 'REGISTRY_PROTOCOL_ERROR'
>

interface Words {
  says(where: Where): string
  next(where: Where): string
  wanted?(where: Where): string
}

const checkRegistry = ({ registry }: Where) => `Ask whoever runs ${registry} to look at its configuration and logs.`
const checkName = () => 'Check the name for typing errors, or push the image first.'
const tryAgain = ({ registry }: Where) => `Try again in a few minutes; if it stays so, ask whoever runs ${registry}.`

const WORDS: Readonly<Record<RegistryCode, Words>> = {
  REFERENCE_INVALID: {
    says: ({ image }) => `${image} names neither a tag nor a digest.`,
    next: () => 'Name the image with a tag or a digest, for example ghcr.io/acme/shop:1.2.',
  },
  CREDENTIAL_MISSING: {
    says: ({ registry, image }) => `${registry} shows ${image} to nobody without a credential (or it does not exist), and none is configured.`,
    next: ({ registry }) => `Ask an account administrator to add a credential for ${registry}, or make the image public.`,
    wanted: ({ registry }) => `a credential for ${registry}`,
  },
  CREDENTIALS_INVALID: {
    says: ({ registry }) => `${registry} refused the user name or the secret of the stored credential.`,
    next: ({ registry }) =>
      `Renew the credential for ${registry}; do not try again before that, because some registries lock accounts after a few failures.`,
    wanted: () => 'a credential that is accepted',
  },
  PERMISSION_DENIED: {
    says: ({ registry, image }) => `${registry} knows the stored credential but does not let it pull ${image} (or the image does not exist).`,
    next: ({ grant }) => grant,
    wanted: () => 'permission to pull',
  },
  NOT_FOUND_OR_HIDDEN: {
    says: ({ image }) => `${image} does not exist, or this credential may not see it.`,
    next: ({ grant }) => `Check the name first. If the image exists: ${grant.charAt(0).toLowerCase()}${grant.slice(1)}`,
  },
  REPOSITORY_NOT_FOUND: { says: ({ registry, image }) => `${registry} has no repository for ${image}.`, next: checkName },
  TAG_NOT_FOUND: { says: ({ image }) => `The repository exists, but ${image} does not.`, next: checkName },
  MEDIA_TYPE_NOT_ACCEPTED: {
    says: ({ image }) => `${image} is stored in a format that Gantry does not read.`,
    next: () => 'Push the image again with a current tool; if it was made by one, report this as a bug.',
    wanted: () => 'an OCI or Docker v2 manifest or index',
  },
  PLATFORM_MISSING: {
    says: ({ image }) => `${image} does not exist for the platform of the target.`,
    next: () => 'Build and push the image for that platform too (docker buildx build --platform …).',
  },
  DIGEST_MISMATCH: {
    says: ({ registry, image }) => `What ${registry} sent for ${image} is not what its digest says; nothing was deployed from it.`,
    next: ({ registry }) => `Ask whoever runs ${registry}, or a proxy in front of it, to check its storage; pushing the image again may help.`,
  },
  RATE_LIMITED: {
    says: ({ registry }) => `${registry} answers no more requests for now, because of its limit.`,
    next: ({ registry }) => `Wait, or raise the limit: an account of one’s own for ${registry} usually has a higher one.`,
  },
  REGISTRY_UNAVAILABLE: { says: ({ registry }) => `${registry} cannot be reached or is not working.`, next: tryAgain },
  TIMEOUT: { says: ({ registry }) => `${registry} did not answer in time.`, next: tryAgain },
  DNS_FAILED: {
    says: ({ registry }) => `The host name ${registry} does not exist, or cannot be looked up from here.`,
    next: () => 'Check the host name of the image for typing errors.',
  },
  TLS_FAILED: {
    says: ({ registry }) => `No safe connection to ${registry} can be made.`,
    next: ({ registry }) => `Ask whoever runs ${registry} to renew its certificate, or add its certificate authority to this machine.`,
    wanted: ({ registry }) => `a valid certificate for ${registry}`,
  },
  CHALLENGE_MISSING: {
    says: ({ registry }) => `${registry} asks for authentication and does not say how.`,
    next: checkRegistry,
    wanted: () => 'a WWW-Authenticate header',
  },
  CHALLENGE_MALFORMED: {
    says: ({ registry }) => `${registry} asks for authentication in a way that cannot be read.`,
    next: checkRegistry,
    wanted: () => 'a WWW-Authenticate header that follows RFC 9110',
  },
  CHALLENGE_UNSUPPORTED: {
    says: ({ registry }) => `${registry} offers no way of authentication that Gantry knows.`,
    next: checkRegistry,
    wanted: () => 'Bearer or Basic',
  },
  REALM_NOT_TRUSTED: {
    says: ({ registry }) => `${registry} wants its credential sent to another host, which nobody has allowed.`,
    next: ({ registry }) =>
      `If that host really belongs to ${registry}, ask an account administrator to list it under trusted_realms in the operator file.`,
  },
  REALM_FORBIDDEN: {
    says: ({ registry }) => `${registry} sends us to an address for tokens that must not be connected to.`,
    next: checkRegistry,
    wanted: () => 'a public https address, or one that an administrator listed as a trusted realm',
  },
  REDIRECT_FORBIDDEN: { says: ({ registry }) => `${registry} redirects to a place that must not be followed.`, next: checkRegistry },
  TOKEN_RESPONSE_INVALID: {
    says: ({ registry }) => `The token server of ${registry} answered with something that is no token.`,
    next: checkRegistry,
    wanted: () => 'a JSON object with token or access_token',
  },
  AUTH_ENDPOINT_BROKEN: { says: ({ registry }) => `The token server of ${registry} does not work.`, next: checkRegistry },
  REGISTRY_REJECTS_ITS_OWN_TOKENS: {
    says: ({ registry }) => `${registry} refuses the tokens that its own token server has just made.`,
    next: ({ registry }) => `Ask whoever runs ${registry} to compare the clocks, issuer, audience and key of registry and token server.`,
  },
  REGISTRY_PROTOCOL_ERROR: {
    says: ({ registry }) => `${registry} answered in a way that the OCI distribution specification does not know.`,
    next: () => 'Report this as a bug, with the line "found".',
  },
}
