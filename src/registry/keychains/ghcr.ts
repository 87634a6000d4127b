import { Refusal } from '../../errors.ts'
import { secretOf } from '../credential.ts'
import type { Keychain } from '../keychain.ts'

/** GitHub Container Registry: classic personal access tokens pull; App tokens log in and then may not (kargo#2383). */
export const ghcr: Keychain = {
  name: 'ghcr',
  title: 'GitHub Container Registry',
  serves: (registry) => registry === 'ghcr.io',
  lint: (_registry, credential) => unsupported(secretOf(credential)),
  deniedAtToken: 'CREDENTIALS_INVALID', // 403 DENIED is what GHCR says to an expired token, for public images too
  grant: 'Give the token’s account Read on the package (and authorise the token for the organisation, if it uses single sign-on).',
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
