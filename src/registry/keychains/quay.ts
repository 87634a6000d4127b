import { secretOf } from '../credential.ts'
import type { Credential } from '../credential.ts'
import type { Keychain } from '../keychain.ts'

/** Quay, at quay.io or one's own: says precisely what is wrong with a login, in words. */
export const quay: Keychain = {
  name: 'quay',
  title: 'Quay',
  hosts: ['quay.io'],
  serves: (registry) => registry === 'quay.io',
  lint: () => null,
  suspect,
  deniedAtToken: 'PERMISSION_DENIED',
  make: 'Make a robot account in the organisation and give it Read on the repository. Its user name is organisation+name.',
  grant: 'Give the robot account Read on this repository (repository → Settings → User and Robot Permissions).',
  // src: quay/quay, auth/credentials.py, auth/oauth.py, data/model/user.py, endpoints/v2/errors.py and v2auth.py
  sayings: [
    {
      at: 'token server',
      status: [401],
      words: /could not find robot with username: .* and supplied password/i,
      means: 'CREDENTIALS_INVALID',
      next: 'Store the robot’s current token: a new one has been generated since, which ends the old one.',
    },
    {
      at: 'token server',
      status: [401],
      words: /could not find robot with specified username|invalid robot name/i,
      means: 'CREDENTIALS_INVALID',
      next: 'Use the robot’s whole name as user name, organisation+name; if it is right, the robot has been deleted.',
    },
    {
      at: 'token server',
      status: [401],
      words: /robot accounts? ha(s|ve) been disabled|user has been disabled|owner .*(disabled|deactivated)/i,
      means: 'CREDENTIALS_INVALID',
      next: 'Ask whoever runs this Quay to enable the account again, or store another robot’s credential.',
    },
    {
      at: 'token server',
      status: [401],
      words: /invalid (access )?token|OAuth access token could not be validated|invalid username or password/i,
      means: 'CREDENTIALS_INVALID',
    },
    {
      status: [401, 403, 405],
      words: /DENIED namespace .* has been disabled|this namespace is disabled/i,
      means: 'PERMISSION_DENIED',
      next: 'Ask whoever runs this Quay to enable the namespace again.',
    },
    {
      status: [403],
      words: /geo-ip blocked/i,
      means: 'NETWORK_POLICY_DENIED',
      next: 'Ask the namespace’s owner to allow pulls from the country that this machine’s address belongs to.',
    },
    {
      status: [404],
      words: /^TAG_EXPIRED/,
      means: 'TAG_NOT_FOUND',
      next: 'Restore the tag in the repository’s Tag History, or push it again.',
    },
    { status: [400], words: /nested repositories are not supported/i, means: 'REPOSITORY_NOT_FOUND' },
  ],
}

function suspect(registry: string, credential: Credential): string | null {
  if (credential.kind !== 'basic' || /[+$]/.test(credential.username)) return null
  // know: the shape of a robot's token
  if (/^[A-Z0-9]{64}$/.test(secretOf(credential))) return `Use the robot’s whole name as user name for ${registry}: organisation+name.`
  // src: auth/credential_consts.py: the names of what is no person have a $, which a shell takes away
  if (/^(oauthtoken|app|token)$/.test(credential.username))
    return `Use $${credential.username} as user name for ${registry}; a shell may have taken the $ away.`
  return null
}
