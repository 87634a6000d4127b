import { Failure, Refusal } from '../../errors.ts'
import { Secret } from '../../secret.ts'
import { parseObject } from '../answer.ts'
import { secretOf } from '../credential.ts'
import type { Credential } from '../credential.ts'
import type { Given, Minted, Minting } from '../exchange.ts'
import { advise, CHECK_CLOCK, form, isVendorOrigin, textIn, textsIn } from '../given.ts'
import type { Advice, Texts } from '../given.ts'
import { readRsaKey, signJwt } from '../jwt.ts'
import type { Keychain } from '../keychain.ts'

/** Google Artifact Registry, which serves gcr.io as well: its token server says no with 403, to everything. */
export const artifactRegistry: Keychain = {
  name: 'artifact-registry',
  title: 'Google Artifact Registry',
  hosts: ['*-docker.pkg.dev', 'gcr.io', '*.gcr.io'],
  serves: (registry) => /^([a-z0-9-]+-docker\.pkg\.dev|([a-z0-9-]+\.)?gcr\.io)$/.test(registry),
  lint,
  suspect,
  deniedAtToken: 'PERMISSION_DENIED',
  make: 'Grant a service account the role Artifact Registry Reader (roles/artifactregistry.reader) in the project that hosts the image, on the one repository if you can, and make a JSON key for it.',
  grant:
    'Grant Artifact Registry Reader (roles/artifactregistry.reader) to the service account, in the project that hosts the image; it may take minutes to apply.',
  sayings: [
    // know: the words of VPC Service Controls are the same for every service of Google's
    {
      status: [403],
      words: /prohibited by organization's policy|vpcServiceControlsUniqueIdentifier/i,
      means: 'NETWORK_POLICY_DENIED',
      next: 'Ask the organisation’s administrators for an ingress rule of VPC Service Controls that lets this service account and network in.',
    },
    // issue: registry.md, 2.1, like the next
    { status: [401, 403], words: /unauthenticated request/i, means: 'CREDENTIAL_MISSING' },
    { status: [401, 403], words: /permission "?artifactregistry\.[\w.]+"? denied|or it may not exist/i, means: 'PERMISSION_DENIED' },
    // know
    {
      status: [403],
      words: /has not been used in project|API .* is disabled|SERVICE_DISABLED/i,
      means: 'PERMISSION_DENIED',
      next: 'Enable the Artifact Registry API in the project that hosts the image.',
    },
  ],
  exchange: { key: 'google', fields: { service_account: 'secret', scope: 'text?' }, check, mint },
}

const GOOGLE = 'https://oauth2.googleapis.com'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
// know: what Google's own helpers ask for; a narrower one can be given as `scope`
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'

/** The fields of a service account's key, as Google's console hands it out. */
const keyIn = (given: Given): Texts => textsIn(parseObject(textIn(given, 'service_account')))
const tokenServer = (key: Texts): string => key.get('token_uri') ?? `${GOOGLE}/token`

function check(given: Given): string | null {
  const key = keyIn(given)
  if (key.get('type') !== 'service_account')
    return 'service_account is not the JSON key of a service account, as the console of Google Cloud hands it out.'
  const missing = ['client_email', 'private_key'].find((name) => !key.get(name))
  if (missing !== undefined) return `service_account has no ${missing}.`
  // What is signed for it can be exchanged there, so that nobody else may be named.
  return isTokenServer(tokenServer(key)) ? null : `service_account names another token_uri than one of ${GOOGLE}.`
}

function isTokenServer(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return false
  return url.origin === GOOGLE || (url.protocol === 'http:' && isVendorOrigin(url.origin))
}

/** "Using OAuth 2.0 for Server to Server Applications", developers.google.com; RFC 7523. */
async function mint(given: Given, minting: Minting): Promise<Minted> {
  const key = keyIn(given)
  const url = tokenServer(key)
  const id = key.get('private_key_id')
  const privateKey = await readRsaKey(key.get('private_key')!)
  if (privateKey === null) throw unreadable(minting.registry)
  const now = Math.floor(minting.now / 1000)
  const claims = { iss: key.get('client_email')!, scope: textIn(given, 'scope') || SCOPE, aud: url, iat: now, exp: now + 3600 }
  const assertion = await signJwt(id === undefined ? {} : { kid: id }, claims, privateKey)
  const answer = await minting.ask({ method: 'POST', url: new URL(url), ...form({ grant_type: GRANT, assertion }), secrets: [assertion] })
  const body = parseObject(answer.text) ?? {}
  const said = textsIn(body)
  const token = said.get('access_token') ?? ''
  if (answer.status !== 200) throw minting.fail(answer, advise(ADVICE, said.get('error') ?? '', said.get('error_description') ?? ''))
  if (token === '') throw minting.fail(answer, { message: 'Google answered without access_token.' })
  return {
    credential: { kind: 'basic', username: 'oauth2accesstoken', password: new Secret(token) },
    lifetime: (Number(body['expires_in']) || 3600) * 1000,
  }
}

const unreadable = (registry: string): Failure =>
  new Failure('CREDENTIAL_KIND_UNSUPPORTED', {
    sentence: `The service account’s key for ${registry} cannot be read.`,
    found: 'a private_key that is no RSA key in PKCS#8',
    wanted: 'the key file of a service account, unchanged',
    next: 'Store the whole JSON file again, as the console of Google Cloud hands it out.',
  })

/** Google's codes and words (developers.google.com, "JWT error codes"). */
const ADVICE: readonly Advice[] = [
  { words: /^invalid_grant .*(short-lived|reasonable timeframe|\biat\b|\bexp\b)/i, next: CHECK_CLOCK },
  {
    words: /^invalid_grant .*(account not found|account disabled|does not exist)/i,
    next: 'Store the key of a service account that exists and is enabled.',
    isRefused: true,
  },
  {
    words: /^invalid_grant .*signature/i,
    next: 'Make a new key for the service account and store it: Google does not know this one any more.',
    isRefused: true,
  },
  { words: /^invalid_scope/, next: 'Leave `scope` out, or write a scope of Google’s in full: https://www.googleapis.com/auth/….' },
]

// doc: cloud.google.com, "Configure authentication to Artifact Registry for Docker"
function lint(registry: string, credential: Credential): Refusal | null {
  if (credential.kind !== 'basic') return null
  const { username } = credential
  const isKey = parseObject(secretOf(credential)) !== null
  if (username === '_json_key' && !isKey) return wrong(registry, 'user _json_key with something that is no JSON', 'the whole JSON key file')
  if (username !== '_json_key' && isKey) return wrong(registry, 'the JSON of a key with another user than _json_key', 'user _json_key')
  return null
}

const wrong = (registry: string, found: string, wanted: string): Refusal =>
  new Refusal('CREDENTIAL_KIND_UNSUPPORTED', {
    sentence: `The credential for ${registry} has a user name and a secret that do not belong together.`,
    found,
    wanted,
    next: 'Store the service account’s key below `google` in the operator file, in place of username and password.',
  })

function suspect(_registry: string, credential: Credential): string | null {
  if (credential.kind !== 'basic' || credential.username !== 'oauth2accesstoken') return null
  return 'Store the service account’s key below `google` in the operator file: an access token, as is stored here, ends after an hour.'
}
