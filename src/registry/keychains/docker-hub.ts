import { secretOf } from '../credential.ts'
import type { Credential } from '../credential.ts'
import type { Keychain } from '../keychain.ts'

/** Docker Hub: a token server on another host, a limit on pulls, and accounts that lock themselves after a few failed logins. */
export const dockerHub: Keychain = {
  name: 'docker-hub',
  title: 'Docker Hub',
  hosts: ['docker.io'],
  serves: (registry) => registry === 'docker.io',
  lint: () => null,
  suspect,
  deniedAtToken: 'PERMISSION_DENIED',
  make: 'Make a personal access token with the permission Public Repo Read-only or Read-only, or, on a Team or Business plan, an organisation access token for the repositories in question; its user name is then the organisation’s name.',
  grant: 'Let the access token’s account (or the organisation’s token) pull this repository, with the permission Read-only.',
  realms: () => ['https://auth.docker.io'],
  sayings: [
    // issue: docker/hub-feedback#642, #786, #1250, #2217 (about 15 minutes, formerly an hour)
    { status: [401, 403, 429], words: /too many failed login attempts|locked out/i, means: 'LOGIN_LOCKED' },
    // issue: registry.md, 2.1
    {
      at: 'token server',
      status: [401],
      words: /personal access token is expired/i,
      means: 'CREDENTIAL_EXPIRED',
      next: 'Make a new personal access token with Read-only permission in Docker Hub, and store it in place of the old one.',
    },
    {
      at: 'token server',
      status: [401],
      words: /org(anization)? access token is expired/i,
      means: 'CREDENTIAL_EXPIRED',
      next: 'Make a new organisation access token in Docker’s Admin Console, and store it in place of the old one.',
    },
    // issue: registry.md, 2.1; an OIDC token that has expired gets the same words (docker/login-action#1069)
    { at: 'token server', status: [401], words: /incorrect username or password/i, means: 'CREDENTIALS_INVALID' },
    // doc: docs.docker.com, "Docker Hub usage and limits": a window of six hours
    {
      status: [429],
      words: /reached your (unauthenticated )?pull rate limit|increase-rate-limit/i,
      means: 'RATE_LIMITED',
      next: 'Store an account’s access token for docker.io, which has a limit of its own; with one that is used up, wait for the window of six hours, or upgrade the plan.',
    },
    // doc: the same page; "429 Too Many Requests" without more is the limit against abuse, by IP address
    {
      status: [429],
      words: /^\s*(\w+ )?too many requests/i,
      means: 'RATE_LIMITED',
      next: 'Wait a few minutes: Docker Hub has seen too many requests from this network’s address, with whatever account.',
    },
  ],
}

function suspect(_registry: string, credential: Credential): string | null {
  if (credential.kind !== 'basic') return null
  // doc: docs.docker.com, "Organization access tokens"; issue: docker/login-action#818. know: the prefix
  if (secretOf(credential).startsWith('dckr_oat_')) {
    return 'Use the organisation’s name as user name: an organisation access token (dckr_oat_…) does not work with a person’s.'
  }
  // issue: the answer in several of docker's own trackers to "incorrect username or password"
  if (credential.username.includes('@')) return 'Use the Docker ID as user name, not an e-mail address.'
  return null
}
