import { Refusal } from '../../errors.ts'
import { secretOf } from '../credential.ts'
import type { Credential } from '../credential.ts'
import type { Keychain } from '../keychain.ts'

/** GitHub Container Registry: classic personal access tokens pull; App tokens log in and then may not (kargo#2383). */
export const ghcr: Keychain = {
  name: 'ghcr',
  title: 'GitHub Container Registry',
  hosts: ['ghcr.io'],
  serves: (registry) => registry === 'ghcr.io',
  lint: (_registry, credential) => unsupported(secretOf(credential)),
  suspect,
  deniedAtToken: 'CREDENTIALS_INVALID', // 403 DENIED is what GHCR says to an expired token, for public images too
  make: 'Make a classic personal access token with only read:packages, of a machine account that has the role Read on the package (package settings → Manage access). The user name may be anything.',
  grant: 'Give the token’s account Read on the package (and authorise the token for the organisation, if it uses single sign-on).',
  sayings: [
    // issue: registry.md, 2.1: a repository's own Actions token, not let in by the package
    {
      status: [401, 403],
      words: /installation not allowed to Read organization package/i,
      means: 'PERMISSION_DENIED',
      next: 'Store a classic token that has only read:packages, of an account with Read on this package: a token of GitHub Actions or of an App cannot be let in from here.',
    },
    // issue: registry.md, 2.1
    {
      status: [401, 403],
      words: /permission_denied: read_package/i,
      means: 'PERMISSION_DENIED',
      next: 'Give the token’s account Read on the package, and the token the scope read:packages.',
    },
    // know
    {
      status: [401, 403],
      words: /does not match expected scopes/i,
      means: 'PERMISSION_DENIED',
      next: 'Make a classic token with the scope read:packages, and store it in place of this one.',
    },
    // know
    {
      status: [401, 403],
      words: /SAML enforcement|SAML SSO/i,
      means: 'PERMISSION_DENIED',
      next: 'Authorise the token for the organisation: Settings → Developer settings → Personal access tokens → Configure SSO.',
    },
    // issue: registry.md, 2.1: a bearer that is none
    { at: 'registry', status: [403], words: /invalid token/i, means: 'CREDENTIALS_INVALID' },
    // issue: registry.md, 0.9: says how long to wait in its message, as a Go duration
    {
      status: [429],
      words: /retry-after:.*allowed:/i,
      means: 'RATE_LIMITED',
      next: 'Try again: GitHub counts requests by the minute, for all that this account does.',
    },
  ],
}

function unsupported(secret: string): Refusal | null {
  if (secret.startsWith('ghs_')) return refuse('a GitHub App installation token', 'GitHub App tokens pull private packages')
  if (secret.startsWith('github_pat_')) return refuse('a fine-grained personal access token', 'fine-grained tokens pull packages')
  return null
}

function refuse(found: string, claim: string): Refusal {
  return new Refusal('CREDENTIAL_KIND_UNSUPPORTED', {
    sentence: `GitHub does not let ${claim} from ghcr.io.`,
    found,
    wanted: 'a classic personal access token with read:packages, or no credential for a public image',
    next: 'Store a classic token that has only read:packages, of an account with Read on this package; or make the package public.',
  })
}

// know: the prefixes (github.blog, "Behind GitHub’s new authentication token formats")
function suspect(_registry: string, credential: Credential): string | null {
  const kind = /^gh[ur]_/.exec(secretOf(credential))?.[0]
  if (kind === undefined) return null
  return `Store a classic token (ghp_…) with read:packages: what is stored begins with ${kind}, which GitHub gives to Apps for a few hours.`
}
