import { secretOf } from '../credential.ts'
import type { Credential } from '../credential.ts'
import type { Keychain } from '../keychain.ts'

/** GitLab's registry: tokens come from GitLab itself, on another host; failed logins ban the address. */
export const gitlab: Keychain = {
  name: 'gitlab',
  title: 'GitLab Container Registry',
  hosts: ['registry.gitlab.com'],
  serves: (registry) => registry === 'registry.gitlab.com',
  lint: () => null,
  suspect,
  deniedAtToken: 'CREDENTIALS_INVALID', // older GitLab answers a wrong login with 403 "access forbidden"
  make: 'Make a deploy token with only read_registry in the project, or in a group above it. Use the deploy token’s own user name.',
  grant: 'Give the token the scope read_registry, in the project that holds the image or a group above it.',
  realms: (registry) => (registry === 'registry.gitlab.com' ? ['https://gitlab.com'] : []),
  sayings: [
    // issue: registry.md, 2.1
    {
      at: 'token server',
      status: [401, 403],
      words: /access forbidden|HTTP Basic: Access denied/i,
      means: 'CREDENTIALS_INVALID',
      next: 'Renew the token, with the scope read_registry and with its own user name; a password does not work for an account with two-factor authentication.',
    },
    // src: GitLab's Rack::Attack answers a banned address with this one word, for an hour by default
    {
      at: 'token server',
      status: [403],
      words: /^\s*forbidden\s*$/i,
      means: 'LOGIN_LOCKED',
      next: 'Renew the credential first, then wait an hour: after too many failed logins GitLab bans this machine’s address.',
    },
  ],
}

// know: the prefixes (docs.gitlab.com, "Token overview")
const OTHER_KINDS: ReadonlyMap<string, string> = new Map([
  ['glcbt-', 'a CI job’s token, which ends with its job'],
  ['glptt-', 'a pipeline trigger token'],
  ['glft-', 'a feed token'],
  ['glrt-', 'a runner’s token'],
])

function suspect(registry: string, credential: Credential): string | null {
  const secret = secretOf(credential)
  const kind = [...OTHER_KINDS].find(([prefix]) => secret.startsWith(prefix))?.[1]
  if (kind !== undefined) return `Store a deploy token with read_registry for ${registry}: what is stored looks like ${kind}.`
  const isPersonal = credential.kind === 'basic' && !credential.username.startsWith('gitlab+deploy-token-')
  if (!secret.startsWith('gldt-') || !isPersonal) return null
  return 'Use the deploy token’s own user name, which GitLab shows beside it (gitlab+deploy-token-…, unless another was chosen).'
}
