import type { Code } from '../errors.ts'

/** What was being asked of whom: every sentence names it. */
export interface Where {
  readonly registry: string
  /** The whole canonical name. */
  readonly image: string
  /** The keychain's sentence about what to grant. */
  readonly grant: string
}

/** The part of the closed list that this folder can say. */
export type RegistryCode = Extract<
  Code,
  | 'REFERENCE_INVALID'
  | `CREDENTIAL_${'MISSING' | 'KIND_UNSUPPORTED' | 'EXPIRED' | 'LIFETIME_TOO_SHORT' | 'SOURCE_FAILED'}`
  | 'CREDENTIALS_INVALID'
  | 'PERMISSION_DENIED'
  | 'PUBLIC_IMAGE_BAD_CREDENTIAL'
  | 'NETWORK_POLICY_DENIED'
  | 'NOT_FOUND_OR_HIDDEN'
  | 'REPOSITORY_NOT_FOUND'
  | 'TAG_NOT_FOUND'
  | 'MEDIA_TYPE_NOT_ACCEPTED'
  | 'PLATFORM_MISSING'
  | 'DIGEST_MISMATCH'
  | 'TARGET_REGISTRY_UNSUPPORTED'
  | 'RATE_LIMITED'
  | 'LOGIN_LOCKED'
  | 'REGISTRY_UNAVAILABLE'
  | 'TIMEOUT'
  | 'DNS_FAILED'
  | `TLS_${'UNTRUSTED' | 'NAME_MISMATCH' | 'EXPIRED' | 'PROTOCOL'}`
  | 'NETWORK_UNKNOWN'
  | `CLOCK_SKEW_${'LOCAL' | 'SERVER'}`
  | 'REGISTRY_REJECTS_ITS_OWN_TOKENS'
  | `CHALLENGE_${'MISSING' | 'MALFORMED' | 'UNSUPPORTED'}`
  | `REALM_${'NOT_TRUSTED' | 'FORBIDDEN'}`
  | 'REDIRECT_FORBIDDEN'
  | 'TOKEN_RESPONSE_INVALID'
  | 'AUTH_ENDPOINT_BROKEN'
  | 'REGISTRY_PROTOCOL_ERROR'
>

/** What a failure says: the sentence, the next step, and what would have been right. */
interface Sentences {
  says(where: Where): string
  next(where: Where): string
  wanted?(where: Where): string
}

const checkRegistry = ({ registry }: Where) => `Ask whoever runs ${registry} to look at its configuration and logs.`
const checkName = () => 'Check the name for typing errors, or push the image first.'
const tryAgain = ({ registry }: Where) => `Try again in a few minutes; if it stays so, ask whoever runs ${registry}.`

/** Every code has its words, or this does not compile. */
export const SENTENCES: Readonly<Record<RegistryCode, Sentences>> = {
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
  CREDENTIAL_KIND_UNSUPPORTED: {
    says: ({ registry }) => `The stored credential is of a kind that cannot pull from ${registry}.`,
    next: ({ registry }) => `Store another kind of credential for ${registry}.`,
  },
  CREDENTIAL_EXPIRED: {
    says: ({ registry }) => `The stored credential for ${registry} has expired.`,
    next: ({ registry }) => `Make a new one at ${registry} and store it in place of the old one.`,
    wanted: () => 'a credential that is still valid',
  },
  CREDENTIAL_LIFETIME_TOO_SHORT: {
    says: ({ registry }) => `The credential for ${registry} would expire before the target has pulled the image.`,
    next: ({ registry }) => `Store a credential for ${registry} that lives longer.`,
  },
  CREDENTIAL_SOURCE_FAILED: {
    says: ({ registry }) => `No credential for ${registry} could be fetched from the service that makes them.`,
    next: () => 'Check what is stored for it in the operator file, and what it may do there.',
    wanted: ({ registry }) => `a credential for ${registry}`,
  },
  PERMISSION_DENIED: {
    says: ({ registry, image }) => `${registry} knows the stored credential but does not let it pull ${image} (or the image does not exist).`,
    next: ({ grant }) => grant,
    wanted: () => 'permission to pull',
  },
  PUBLIC_IMAGE_BAD_CREDENTIAL: {
    says: ({ registry, image }) => `${image} is public, but the stored credential for ${registry} does not work, and it is sent with every request.`,
    next: ({ registry }) => `Remove the credential for ${registry}, or renew it.`,
    wanted: () => 'no credential, or one that is accepted',
  },
  NETWORK_POLICY_DENIED: {
    says: ({ registry }) => `The firewall or network policy of ${registry} does not let this machine in.`,
    next: ({ registry }) => `Ask whoever runs ${registry} to allow this machine’s public address.`,
    wanted: () => 'an address that the registry allows',
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
  TARGET_REGISTRY_UNSUPPORTED: {
    says: ({ registry }) => `The target cannot pull from ${registry}.`,
    next: () => 'Copy the image to a registry that the target can pull from, and deploy that copy.',
  },
  RATE_LIMITED: {
    says: ({ registry }) => `${registry} answers no more requests for now, because of its limit.`,
    next: ({ registry }) => `Wait, or raise the limit: an account of one’s own for ${registry} usually has a higher one.`,
  },
  LOGIN_LOCKED: {
    says: ({ registry }) => `${registry} has locked the account for a while, after too many failed logins.`,
    next: () => 'Renew the credential first, then wait 15 minutes; every failed login before that begins the wait again.',
  },
  REGISTRY_UNAVAILABLE: { says: ({ registry }) => `${registry} cannot be reached or is not working.`, next: tryAgain },
  TIMEOUT: { says: ({ registry }) => `${registry} did not answer in time.`, next: tryAgain },
  DNS_FAILED: {
    says: ({ registry }) => `The host name ${registry} does not exist, or cannot be looked up from here.`,
    next: () => 'Check the host name of the image for typing errors.',
  },
  TLS_UNTRUSTED: {
    says: ({ registry }) => `The certificate of ${registry} comes from an authority that this machine does not know.`,
    next: ({ registry }) => `Add the certificate authority of ${registry} to this machine (NODE_EXTRA_CA_CERTS); never switch the check off.`,
    wanted: () => 'a certificate from an authority that is known here',
  },
  TLS_NAME_MISMATCH: {
    says: ({ registry }) => `The certificate of ${registry} was made for another name.`,
    next: ({ registry }) => `Ask whoever runs ${registry} for a certificate with that name, or use the name that it has.`,
    wanted: ({ registry }) => `a certificate for ${registry}`,
  },
  TLS_EXPIRED: {
    says: ({ registry }) => `The certificate of ${registry} has expired, or is not valid yet.`,
    next: ({ registry }) => `Ask whoever runs ${registry} to renew its certificate; compare the clock of this machine as well.`,
    wanted: () => 'a certificate that is valid now',
  },
  TLS_PROTOCOL: {
    says: ({ registry }) => `No TLS connection to ${registry} can be made: it does not speak TLS on that port, or no version that both know.`,
    next: ({ registry }) =>
      `Check the port; where ${registry} really is plain HTTP, an account administrator lists it under plain_http in the operator file.`,
    wanted: () => 'TLS 1.2 or newer',
  },
  NETWORK_UNKNOWN: {
    says: ({ registry }) => `No connection to ${registry} can be made, and the runtime does not say why: its name, its certificate or the network.`,
    next: ({ registry }) => `Try curl -v https://${registry}/v2/ from another machine: it says which of the three it is.`,
  },
  CLOCK_SKEW_LOCAL: {
    says: () => 'The clock of this machine is wrong, so what it signs is refused.',
    next: () => 'Switch on time synchronisation on this machine (timedatectl set-ntp true).',
    wanted: () => 'a difference of less than 60 s',
  },
  CLOCK_SKEW_SERVER: {
    says: ({ registry }) => `The clocks of ${registry} and of its token server disagree, so that its tokens are refused.`,
    next: ({ registry }) => `Ask whoever runs ${registry} to synchronise the clocks of the registry and its token server.`,
    wanted: () => 'a difference of less than 60 s',
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
    next: ({ registry }) =>
      `If that token server belongs to ${registry}, ask an account administrator to list it under trusted_realms; if not, tell whoever runs ${registry}.`,
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
