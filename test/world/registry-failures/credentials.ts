import { anonymous } from '../../../src/registry/credential.ts'
import { basic } from '../registry-client.ts'
import { SERVICE } from '../token-server.ts'
import { alice, atBearer, bob, errorBody, forgetful, jsonHeaders } from './cause.ts'
import type { Cause, Question } from './cause.ts'
import type { Lab } from './lab.ts'

const APP_TOKEN = 'ghs_16C7e42F292c6912E7710c838347Ae178B4a'
const FINE_TOKEN = 'github_pat_11ABCDEFG0abcdefghijkl_mnop'
const IAM_KEY = 'AKIAIOSFODNN7EXAMPLE'

/** Somebody who never gets that far. */
const nowhere = (image: string, secret: string): Question => ({ image, credential: basic('acme-bot', secret), skopeo: null })

/** The token server says this to whoever comes. */
const tokenServerSays = (lab: Lab, family: string, status: number, body: string): Question => {
  lab.tokens.quirks.answer = { status, headers: jsonHeaders, body }
  return { ...atBearer(lab, 'acme/shop:1.2'), family }
}

/** A registry with user name and password that says this to whoever shows them. */
async function registrySays(lab: Lab, family: string, status: number, body: string): Promise<Question> {
  const challenge = { status: 401, headers: { 'www-authenticate': 'Basic realm="registry"' } }
  const host = await lab.says({ authorized: true, status, headers: jsonHeaders, body }, challenge)
  return { image: `${host}/acme/shop:1.2`, credential: alice, family }
}

/** Whoever shows something is told no, and what it was that they showed. */
async function repeating(lab: Lab, challenge: string): Promise<Question> {
  const asks = `if ($http_authorization = '') { return 401 '{}'; }`
  const host = await lab.front({
    server: `add_header WWW-Authenticate ${challenge} always; location / { ${asks} return 403 'you said $http_authorization'; }`,
  })
  return { ...atBearer(lab, ''), image: `${host}/acme/shop:1.2` }
}

/** Nobody has, or somebody has a wrong one. */
export const credentials: readonly Cause[] = [
  {
    code: 'CREDENTIAL_MISSING',
    what: 'no credential, where a password is wanted',
    happens: (lab) => ({ image: `${lab.basic.host}/acme/shop:1.2`, credential: anonymous }),
    found: /^HTTP 401$/,
  },
  {
    code: 'CREDENTIAL_MISSING',
    what: 'no credential, where a token is wanted',
    happens: (lab) => atBearer(lab, 'acme/shop:1.2', anonymous),
    found: /^HTTP 401$/,
  },
  {
    code: 'CREDENTIALS_INVALID',
    what: 'a wrong password',
    happens: (lab) => ({ image: `${lab.basic.host}/acme/shop:1.2`, credential: forgetful }),
    found: /^HTTP 401$/,
    secrets: ['not-the-password'],
  },
  {
    code: 'CREDENTIALS_INVALID',
    what: 'a wrong password, at a token server',
    happens: (lab) => atBearer(lab, 'acme/shop:1.2', forgetful),
    found: /incorrect username or password \(token server 127\.0\.0\.1:\d+\)$/,
    secrets: ['not-the-password'],
  },
  {
    code: 'CREDENTIALS_INVALID',
    what: 'a user name that nobody has',
    happens: (lab) => ({ image: `${lab.basic.host}/acme/shop:1.2`, credential: basic('mallory', 'not-the-password') }),
    secrets: ['not-the-password'],
  },
  {
    code: 'CREDENTIALS_INVALID',
    what: 'a line break at the end of the secret',
    happens: (lab) => ({ image: `${lab.basic.host}/acme/shop:1.2`, credential: basic('alice', 'not-the-password\n') }),
    found: /space or line break/,
    secrets: ['not-the-password'],
  },
  {
    code: 'CREDENTIALS_INVALID',
    what: 'GHCR, and a token that has been deleted',
    happens: (lab) => tokenServerSays(lab, 'ghcr', 403, errorBody('DENIED', 'denied')),
    found: /^HTTP 403 DENIED: denied/,
  },
  {
    code: 'CREDENTIAL_KIND_UNSUPPORTED',
    what: 'a GitHub App token for ghcr.io',
    happens: () => nowhere('ghcr.io/acme/shop:1.2', APP_TOKEN),
    found: /GitHub App installation token/,
    next: /classic token/,
    secrets: [APP_TOKEN],
  },
  {
    code: 'CREDENTIAL_KIND_UNSUPPORTED',
    what: 'a fine-grained token for ghcr.io',
    happens: () => nowhere('ghcr.io/acme/shop:1.2', FINE_TOKEN),
    found: /fine-grained/,
    secrets: [FINE_TOKEN],
  },
  {
    code: 'CREDENTIAL_KIND_UNSUPPORTED',
    what: 'an IAM key as password for ECR',
    happens: () => nowhere('123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:1.2', IAM_KEY),
    secrets: [IAM_KEY],
  },
  {
    code: 'CREDENTIAL_EXPIRED',
    what: 'Docker Hub, and an access token that has expired',
    happens: (lab) => tokenServerSays(lab, 'docker-hub', 401, '{"details":"personal access token is expired"}'),
    found: /personal access token is expired/,
    next: /Make a new personal access token/,
  },
  {
    code: 'CREDENTIAL_EXPIRED',
    what: 'ECR, and a password older than twelve hours',
    happens: (lab) => registrySays(lab, 'ecr', 403, errorBody('DENIED', 'Your authorization token has expired. Reauthenticate and try again.')),
    found: /^HTTP 403 DENIED: Your authorization token has expired/,
  },
  {
    code: 'CREDENTIAL_EXPIRED',
    what: 'ECR Public, and a password older than twelve hours',
    happens: (lab) =>
      registrySays(lab, 'ecr-public', 400, errorBody('DENIED', 'Your authorization token has expired. Reauthenticate and try again.')),
    found: /^HTTP 400 DENIED/,
  },
  {
    code: 'CREDENTIAL_EXPIRED',
    what: 'a stored credential whose end has passed',
    happens: (lab) => ({
      image: `${lab.basic.host}/acme/shop:1.2`,
      credential: (client) => client.stored(alice, Date.UTC(2026, 0, 31)),
      skopeo: null,
    }),
    found: /2026-01-31/,
  },
  {
    code: 'LOGIN_LOCKED',
    what: 'Docker Hub, and an account that has locked itself',
    happens: (lab) => tokenServerSays(lab, 'docker-hub', 401, '{"details":"too many failed login attempts for username or IP address"}'),
    found: /too many failed login attempts/,
    next: /15 minutes/,
  },
  {
    code: 'PERMISSION_DENIED',
    what: 'a good credential, without the right',
    happens: (lab) => atBearer(lab, 'acme/secret:1.0', bob),
    found: /^HTTP 401$/,
  },
  {
    code: 'PERMISSION_DENIED',
    what: 'a proxy that repeats the password in its no',
    happens: (lab) => repeating(lab, `'Basic realm="registry"'`),
    found: /^HTTP 403: you said Basic \[secret\]$/,
  },
  {
    code: 'PERMISSION_DENIED',
    what: 'a proxy that repeats the token in its no',
    happens: (lab) => repeating(lab, `'Bearer realm="${lab.tokens.realm}",service="${SERVICE}"'`),
    found: /^HTTP 403: you said Bearer \[secret\]$/,
  },
  {
    code: 'PERMISSION_DENIED',
    what: 'GHCR, and a token without read:packages',
    happens: (lab) => registrySays(lab, 'ghcr', 403, errorBody('DENIED', 'permission_denied: read_package')),
    found: /permission_denied: read_package/,
    next: /read:packages/,
  },
  {
    code: 'PERMISSION_DENIED',
    what: 'Artifact Registry, without the role of a reader',
    happens: (lab) => {
      const says = 'Permission "artifactregistry.repositories.downloadArtifacts" denied on resource "projects/acme" (or it may not exist)'
      return tokenServerSays(lab, 'artifact-registry', 403, errorBody('DENIED', says))
    },
    found: /downloadArtifacts/,
    next: /Reader/,
  },
  {
    code: 'PUBLIC_IMAGE_BAD_CREDENTIAL',
    what: 'a public image, and a wrong password',
    happens: (lab) => ({ ...atBearer(lab, 'acme/open:1.0', forgetful), wants: 'preflight' }),
    found: /^CREDENTIALS_INVALID: HTTP 401/,
    next: /Remove the credential/,
    logged: ['CREDENTIALS_INVALID'],
    secrets: ['not-the-password'],
  },
  {
    code: 'NETWORK_POLICY_DENIED',
    what: 'Azure’s firewall',
    happens: (lab) => {
      const says = "client with IP '203.0.113.7' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."
      return registrySays(lab, 'acr', 403, errorBody('DENIED', says))
    },
    found: /client with IP '203\.0\.113\.7'/,
    next: /address/,
  },
]
