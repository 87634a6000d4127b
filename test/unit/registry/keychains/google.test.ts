import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { artifactRegistry } from '../../../../src/registry/keychains/artifact-registry.ts'
import { minted } from '../../../world/minting.ts'
import type { ScriptedServer } from '../../../world/scripted-server.ts'
import { servers } from '../../../world/servers.ts'
import type { GoogleSetup } from '../../../world/vendors/google.ts'

const REGISTRY = 'europe-west1-docker.pkg.dev'
const email = 'pull@acme.iam.gserviceaccount.com'

const pem = (kind: string, der: ArrayBuffer) =>
  `-----BEGIN ${kind} KEY-----\n${Buffer.from(der).toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END ${kind} KEY-----\n`

async function keyPair() {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const [secret, open] = [await crypto.subtle.exportKey('pkcs8', pair.privateKey), await crypto.subtle.exportKey('spki', pair.publicKey)]
  return { private_key: pem('PRIVATE', secret), publicKey: pem('PUBLIC', open) }
}

let setup: GoogleSetup
let private_key: string
let google: ScriptedServer

beforeAll(async () => {
  const pair = await keyPair()
  private_key = pair.private_key
  setup = { vendor: 'google', email, publicKey: pair.publicKey, keyId: 'key-1', token: 'ya29.minted', expiresIn: 3599 }
})
const start = async (over: Partial<GoogleSetup> = {}) => (google = await servers.startVendor({ ...setup, ...over }))
beforeEach(() => start().then(() => {}))
afterEach(() => google.stop())

const keyFile = (over: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ type: 'service_account', client_email: email, private_key, private_key_id: 'key-1', token_uri: `${google.origin}/token`, ...over })
const ask = (over: Readonly<Record<string, unknown>> = {}, more: Readonly<Record<string, string>> = {}, ahead = 0) =>
  minted(REGISTRY, { service_account: keyFile(over), ...more }, { ahead })

test('a service account’s key becomes an access token', async () => {
  expect(await ask()).toEqual({ login: 'oauth2accesstoken:ya29.minted', lifetime: 3_599_000 })
  expect(await ask({}, { scope: 'https://www.googleapis.com/auth/devstorage.read_only' })).toHaveProperty('login')
})

test('a key without an id, and an answer without a lifetime', async () => {
  await google.stop()
  await start({ keyId: null, expiresIn: null })
  expect(await ask({ private_key_id: undefined })).toEqual({ login: 'oauth2accesstoken:ya29.minted', lifetime: 3_600_000 })
})

describe('what Google refuses', () => {
  test('an account that is unknown', async () => {
    expect(await ask({ client_email: 'other@acme.iam.gserviceaccount.com' })).toMatchObject({
      code: 'CREDENTIALS_INVALID',
      found: 'HTTP 400 invalid_grant: Invalid grant: account not found',
      next: expect.stringContaining('exists and is enabled'),
    })
  })

  test('a key that is not the account’s any more', async () => {
    const { private_key: other } = await keyPair()
    expect(await ask({ private_key: other })).toMatchObject({ code: 'CREDENTIALS_INVALID', next: expect.stringContaining('Make a new key') })
  })

  test('a scope that is none', async () => {
    expect(await ask({}, { scope: 'read' })).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', next: expect.stringContaining('Leave `scope` out') })
  })

  test.each([-4_000_000, 120_000])('a clock that is %i ms ahead', async (ahead) => {
    expect(await ask({}, {}, ahead)).toMatchObject({ code: 'CLOCK_SKEW_LOCAL' })
  })

  test('a clock of which the answer does not say that it is wrong', async () => {
    const description = 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values'
    await google.follows([{ status: 400, body: JSON.stringify({ error: 'invalid_grant', error_description: description }) }])
    expect(await ask()).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', next: expect.stringContaining('time synchronisation') })
  })

  test.each(['{}', 'no JSON'])('an answer %s without a token', async (body) => {
    await google.follows([{ status: 200, body }])
    expect(await ask()).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', found: 'HTTP 200 Google answered without access_token.' })
  })

  test('an error without words', async () => {
    await google.follows([{ status: 400, body: '' }])
    expect(await ask()).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', found: 'HTTP 400' })
  })

  test('what it sends back of the assertion is masked', async () => {
    await ask()
    const assertion = new URLSearchParams(google.caught[0]?.body).get('assertion') ?? ''
    await google.follows([{ status: 400, body: JSON.stringify({ error: 'invalid_request', error_description: `you sent ${assertion}` }) }])
    // Signed within the same second, it is the same.
    expect(JSON.stringify(await ask())).not.toContain(assertion.slice(-40))
  })
})

test.each([
  ['no PEM', 'nothing'],
  ['no base64', '-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----\n'],
  ['no key', '-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5IGJ1dCBzZWNyZXQ=\n-----END PRIVATE KEY-----\n'],
])('a private_key that is %s', async (_name, broken) => {
  expect(await ask({ private_key: broken })).toMatchObject({
    code: 'CREDENTIAL_KIND_UNSUPPORTED',
    found: 'a private_key that is no RSA key in PKCS#8',
  })
  expect(google.caught).toEqual([])
})

describe('what cannot work is said at the start', () => {
  const check = (service_account: string) => artifactRegistry.exchange!.check?.({ service_account }, REGISTRY)
  test.for([
    ['not JSON', 'JSON key of a service account'],
    ['{"type":"authorized_user"}', 'JSON key of a service account'],
    ['{"type":"service_account","private_key":"x"}', 'no client_email'],
    ['{"type":"service_account","client_email":"x"}', 'no private_key'],
  ] as const)('%s', ([text, words]) => expect(check(text)).toContain(words))

  test.each([
    'https://evil.example/token',
    'http://oauth2.googleapis.com/token',
    'https://me@oauth2.googleapis.com/',
    'http://:x@127.0.0.1/',
    'token',
  ])('a token_uri %s', (token_uri) => expect(check(keyFile({ token_uri }))).toContain('token_uri'))

  test('Google’s own, written or not', () => {
    expect(check(keyFile({ token_uri: 'https://oauth2.googleapis.com/token' }))).toBeNull()
    expect(check(keyFile({ token_uri: undefined }))).toBeNull()
    expect(check(keyFile())).toBeNull()
  })
})
