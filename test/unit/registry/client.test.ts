import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { anonymous } from '../../../src/registry/credential.ts'
import type { Digest } from '../../../src/registry/reference.ts'
import type { OciRegistryOptions } from '../../world/oci-registry.ts'
import { Secret } from '../../../src/secret.ts'
import { basic, clientUnderTest, reference } from '../../world/registry-client.ts'
import type { Rule } from '../../world/scripted-server.ts'
import { servers } from '../../world/servers.ts'
import { isWorkerd } from '../../world/which-runtime.ts'
import type { TestRegistry } from '../../world/servers.ts'

const PASSWORD = 'correct-horse-battery'
const alice = basic('alice', PASSWORD)
let registry: TestRegistry
let digest: Digest

async function open(options: OciRegistryOptions = { auth: 'bearer' }): Promise<void> {
  registry = await servers.startOciRegistry({
    accounts: [{ name: 'alice', password: PASSWORD, identity: 'long-lived-identity', repositories: ['acme/*'] }],
    ...options,
  })
  digest = await registry.has('acme/shop:1.2', { 'index.html': 'hello' }, { platforms: ['linux/amd64'] })
}
beforeEach(() => open())
afterEach(() => registry.goesDown())

const shop = () => reference(registry.name('acme/shop:1.2'))
const failureOf = async (promise: Promise<unknown>): Promise<Failure> => {
  const error = await promise.then(
    () => new Error('nothing failed'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Failure)) throw error
  for (const text of [JSON.stringify(error), JSON.stringify(error.problem), inspect(error, { depth: 20, showHidden: true }), String(error.stack)]) {
    expect(text).not.toContain(PASSWORD)
    expect(text).not.toContain(Buffer.from(`alice:${PASSWORD}`).toString('base64'))
  }
  return error
}

/** Another server, which writes down what reaches it. */
async function catcher(answer: Rule) {
  const server = await servers.startScriptedServer([answer])
  return {
    origin: server.origin,
    get caught() {
      return server.caught.map(({ url, headers }) => ({ url, authorization: headers['authorization'] }))
    },
    stop: () => void server.stop(),
  }
}

describe('HEAD is not always enough', () => {
  test.for([[{ digestHeader: null }], [{ digestHeader: 'sha256:short' }], [{ headAnswers: 405 }], [{ headAnswers: 404 }]] as const)(
    'the digest is computed from the bytes: %o',
    async ([quirks]) => {
      Object.assign(registry.quirks, quirks)
      expect(await clientUnderTest().client.resolve(shop(), { credential: alice })).toMatchObject({ digest })
    },
  )

  test('a digest header that the bytes do not have is DIGEST_MISMATCH', async () => {
    registry.quirks.digestHeader = `sha256:${'0'.repeat(64)}`
    const error = await failureOf(clientUnderTest().client.resolve(shop(), { credential: alice, platform: 'linux/amd64' }))
    expect(error.problem).toMatchObject({ code: 'DIGEST_MISMATCH', who: 'registry' })
    const byDigest = reference(registry.name(`acme/shop@${digest}`))
    expect((await failureOf(clientUnderTest().client.resolve(byDigest, { credential: alice }))).problem.code).toBe('DIGEST_MISMATCH')
  })

  test('a manifest whose bytes are not its digest is DIGEST_MISMATCH', async () => {
    registry.quirks.corruptsManifests = true
    const byTag = clientUnderTest().client.resolve(shop(), { credential: alice, platform: 'linux/amd64' })
    expect((await failureOf(byTag)).problem).toMatchObject({ code: 'DIGEST_MISMATCH', wanted: digest })
    const layers = clientUnderTest().client.layers(registry.name('acme/shop'), digest, { credential: alice, platform: null })
    expect((await failureOf(layers)).problem.code).toBe('DIGEST_MISMATCH')
    registry.quirks.headAnswers = 405
    expect((await failureOf(clientUnderTest().client.resolve(shop(), { credential: alice }))).problem.code).toBe('DIGEST_MISMATCH')
  })

  test('a tag that was re-pointed resolves to what it is now', async () => {
    const { client } = clientUnderTest()
    await client.resolve(shop(), { credential: alice })
    const newer = await registry.has('acme/shop:1.2', { 'index.html': 'newer' })
    expect(await client.resolve(shop(), { credential: alice })).toMatchObject({ digest: newer })
  })
})

describe('layers', () => {
  const read = async (rules = {}) => {
    const { client } = clientUnderTest(rules)
    const layers = await client.layers(registry.name('acme/shop'), digest, { credential: alice, platform: null })
    return Promise.all(layers.map(async (layer) => new Response(await layer.open()).arrayBuffer()))
  }

  test('a changed byte ends the stream with DIGEST_MISMATCH', async () => {
    registry.quirks.corruptsBlobs = true
    expect((await failureOf(read())).problem.code).toBe('DIGEST_MISMATCH')
  })

  test('a body that is cut short is the registry’s trouble', async () => {
    registry.quirks.cutsBlobsAt = 10
    expect((await failureOf(read())).problem).toMatchObject({ code: 'REGISTRY_UNAVAILABLE', retryable: true })
  })

  test('who leaves while a layer comes gets no more of it', async () => {
    const { client } = clientUnderTest()
    const leaving = new AbortController()
    const [layer] = await client.layers(registry.name('acme/shop'), digest, { credential: alice, platform: null, signal: leaving.signal })
    const stream = await layer?.open()
    leaving.abort(new Error('left'))
    await expect(new Response(stream).arrayBuffer()).rejects.toThrow('left')
  })

  test('a redirect to storage is followed without the token', async () => {
    await registry.has('acme/copy:1', { 'index.html': 'hello' })
    const storage = await catcher({ status: 200, body: 'not the layer' })
    registry.quirks.redirectsBlobsTo = `${storage.origin}/signed?X-Signature=topsecret`
    expect((await failureOf(read())).problem.code).toBe('REDIRECT_FORBIDDEN')
    expect(storage.caught).toEqual([])
    expect((await failureOf(read({ trustedStorage: [storage.origin] }))).problem.code).toBe('DIGEST_MISMATCH')
    expect(storage.caught).toEqual([{ url: '/signed?X-Signature=topsecret', authorization: undefined }])
    storage.stop()
  })

  test('a storage that says no is not mistaken for the registry, and its signature is not shown', async () => {
    const storage = await catcher({ status: 401, headers: { 'www-authenticate': 'Basic realm="give me"' } })
    registry.quirks.redirectsBlobsTo = `${storage.origin}/signed?X-Signature=topsecret`
    const error = await failureOf(read({ trustedStorage: [storage.origin] }))
    expect(error.problem.code).toBe('REGISTRY_UNAVAILABLE')
    expect(inspect(error)).not.toContain('topsecret')
    expect(storage.caught.map(({ authorization }) => authorization)).toEqual([undefined])
    storage.stop()
  })

  test.for(['http://169.254.169.254/latest', 'http://10.0.0.1/x', 'http://user:pw@example.com/x', 'ftp://example.com/x', 'http://[bad'])(
    'a redirect to %s is not followed',
    async (location) => {
      registry.quirks.redirectsBlobsTo = location
      expect((await failureOf(read())).problem.code).toBe('REDIRECT_FORBIDDEN')
    },
  )

  test('a loop ends', async () => {
    registry.quirks.redirectsBlobsTo = `/v2/acme/shop/blobs/${digest}`
    expect((await failureOf(read())).problem).toMatchObject({ code: 'REDIRECT_FORBIDDEN', found: 'too many hops' })
  })
})

describe('a foreign realm', () => {
  test('never sees the password, whatever it answers', async () => {
    const thief = await catcher({ status: 200, headers: { 'content-type': 'application/json' }, body: '{"token":"t"}' })
    registry.quirks.realm = `${thief.origin}/token`
    expect((await failureOf(clientUnderTest().client.resolve(shop(), { credential: alice }))).problem.code).toBe('REALM_FORBIDDEN')
    expect(thief.caught).toEqual([])
    thief.stop()
  })

  test('a public one is asked for an anonymous token; where that is not enough, the failure names it', async () => {
    registry.quirks.realm = 'https://tokens.evil.example/token'
    const seen: unknown[] = []
    const fetching: typeof fetch = async (input, init) => {
      if (typeof input !== 'string' || !input.startsWith('https://tokens.evil.example/')) return fetch(input, init)
      seen.push(new Headers(init?.headers).get('authorization'))
      return Response.json({ token: 'worthless' })
    }
    const error = await failureOf(clientUnderTest({}, { fetch: fetching }).client.resolve(shop(), { credential: alice }))
    expect(error.problem).toMatchObject({ code: 'REALM_NOT_TRUSTED', found: 'https://tokens.evil.example' })
    expect(new Set(seen)).toEqual(new Set([null]))
  })

  test('a token server that redirects elsewhere is not followed', async () => {
    const thief = await catcher({ status: 200, body: '{"token":"t"}' })
    registry.answers(307, { location: `${thief.origin}/token` }).to(/ \/token$/)
    expect((await failureOf(clientUnderTest().client.resolve(shop(), { credential: alice }))).problem.code).toBe('REDIRECT_FORBIDDEN')
    expect(thief.caught).toEqual([])
    thief.stop()
  })
})

describe('odd challenges', () => {
  test.for([
    [null, 'CHALLENGE_MISSING'],
    ['', 'CHALLENGE_MISSING'],
    ['Negotiate, NTLM', 'CHALLENGE_UNSUPPORTED'],
    ['Bearer service="x"', 'CHALLENGE_MALFORMED'],
    ['Bearer realm="nowhere"', 'CHALLENGE_MALFORMED'],
    ['Bearer realm="a" realm="b"', 'CHALLENGE_MALFORMED'],
  ] as const)('%s: %s', async ([challenge, code]) => {
    registry.quirks.challenge = challenge
    expect((await failureOf(clientUnderTest().client.resolve(shop(), { credential: alice }))).problem.code).toBe(code)
  })

  test('Bearer is taken from the middle of a list, so that the password goes to the token server only', async () => {
    registry.quirks.challenge = `Negotiate, Basic realm="x", Bearer realm="${registry.origin}/token",service="gantry.test"`
    await clientUnderTest().client.resolve(shop(), { credential: alice })
    const withPassword = registry.requests.filter(({ authorization }) => authorization?.startsWith('Basic'))
    expect(withPassword.map(({ path }) => path)).toEqual(['/token'])
  })

  test('Bearer without a token server falls back to Basic of the same 401', async () => {
    await registry.goesDown()
    await open({ auth: 'basic' })
    registry.quirks.challenge = `Bearer realm="${registry.origin}/nothing-here", Basic realm="x"`
    expect(await clientUnderTest().client.resolve(shop(), { credential: alice })).toMatchObject({ digest })
  })
})

describe('tokens', () => {
  test('a token that the registry no longer knows is replaced once', async () => {
    const { client, asked } = clientUnderTest()
    await client.resolve(shop(), { credential: alice })
    registry.revokesTokens()
    asked.length = 0
    expect(await client.resolve(shop(), { credential: alice })).toMatchObject({ digest })
    expect(asked).toEqual(['HEAD /v2/acme/shop/manifests/1.2', 'GET /token', 'HEAD /v2/acme/shop/manifests/1.2'])
  })

  test('a token is asked for again before it ends', async () => {
    let now = 0
    const { client, asked } = clientUnderTest({}, { now: () => now })
    const tokens = () => asked.filter((one) => one === 'GET /token').length
    await client.resolve(shop(), { credential: alice })
    now += 269_000 // it lives 300 s, less a tenth
    await client.resolve(shop(), { credential: alice })
    expect(tokens()).toBe(1)
    now += 2_000
    await client.resolve(shop(), { credential: alice })
    expect(tokens()).toBe(2)
  })

  test('a registry that refuses its own fresh tokens is named as such, after two', async () => {
    registry.quirks.tokenAnswer = { status: 200, type: 'application/json', body: '{"token":"not-one-of-mine"}' }
    const { client, asked, waits } = clientUnderTest()
    expect((await failureOf(client.resolve(shop(), { credential: alice }))).problem.code).toBe('REGISTRY_REJECTS_ITS_OWN_TOKENS')
    expect(asked.filter((one) => one === 'GET /token').length).toBe(2)
    expect(waits).toEqual([2000])
  })

  test.for([
    [{ status: 200, type: 'text/html', body: '<html><title>Sign in</title>' }, 'TOKEN_RESPONSE_INVALID'],
    [{ status: 200, type: 'application/json', body: '{}' }, 'TOKEN_RESPONSE_INVALID'],
    [{ status: 200, type: 'application/json', body: '[]' }, 'TOKEN_RESPONSE_INVALID'],
    [{ status: 200, type: 'application/json', body: `{"token":"${'x'.repeat(140_000)}"}` }, 'TOKEN_RESPONSE_INVALID'],
    [{ status: 404, type: 'text/plain', body: 'no' }, 'AUTH_ENDPOINT_BROKEN'],
    [{ status: 403, type: 'application/json', body: '{"errors":[{"code":"DENIED","message":"denied"}]}' }, 'PERMISSION_DENIED'],
    [{ status: 401, type: 'text/plain', body: `you said alice:${PASSWORD}` }, 'CREDENTIALS_INVALID'],
    [{ status: 200, type: 'text/plain', body: `{"token":"abcdefghijklmnopqrstuvwxyz0123456789` }, 'TOKEN_RESPONSE_INVALID'],
  ] as const)('a token server that answers %o: %s', async ([answer, code]) => {
    registry.quirks.tokenAnswer = answer
    const { problem } = await failureOf(clientUnderTest().client.resolve(shop(), { credential: alice }))
    expect(problem.code).toBe(code)
    expect(problem.found).not.toContain('abcdefghijklmnopqrstuvwxyz')
  })

  test('a failure is not remembered', async () => {
    const { client } = clientUnderTest()
    registry.quirks.tokenAnswer = { status: 404, type: 'text/plain', body: 'starting' }
    await failureOf(client.resolve(shop(), { credential: alice }))
    delete registry.quirks.tokenAnswer
    expect(await client.resolve(shop(), { credential: alice })).toMatchObject({ digest })
  })

  test('tenants do not share tokens, nor do credentials', async () => {
    const { client, asked } = clientUnderTest()
    for (const tenant of ['1', '2', '1']) await client.resolve(shop(), { credential: alice, tenant })
    expect(asked.filter((one) => one === 'GET /token').length).toBe(2)
    expect((await failureOf(client.resolve(shop(), { credential: basic('alice', 'other'), tenant: '1' }))).problem.code).toBe('CREDENTIALS_INVALID')
  })

  test('one caller who leaves does not take the token from the others', async () => {
    const { client } = clientUnderTest()
    await client.resolve(shop(), { credential: anonymous }).catch(() => {})
    const leaving = new AbortController()
    const left = client.resolve(shop(), { credential: alice, signal: leaving.signal })
    const stayed = client.resolve(shop(), { credential: alice })
    leaving.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')
    expect(await stayed).toMatchObject({ digest })
  })

  test('an identity token is exchanged by POST, and is never a password', async () => {
    const { client, asked } = clientUnderTest()
    const credential = { kind: 'identity' as const, token: new Secret('long-lived-identity') }
    expect(await client.resolve(shop(), { credential })).toMatchObject({ digest })
    expect(asked).toEqual(['HEAD /v2/acme/shop/manifests/1.2', 'POST /token', 'HEAD /v2/acme/shop/manifests/1.2'])
    expect(registry.requests.filter(({ authorization }) => authorization?.startsWith('Basic'))).toEqual([])
  })

  test('a stale identity token is CREDENTIALS_INVALID', async () => {
    const credential = { kind: 'identity' as const, token: new Secret('stale') }
    expect((await failureOf(clientUnderTest().client.resolve(shop(), { credential }))).problem.code).toBe('CREDENTIALS_INVALID')
  })
})

describe('trouble that passes', () => {
  test('three answers of 503, then the digest; the waits grow', async () => {
    registry.answers(503).times(3)
    const { client, waits } = clientUnderTest()
    expect(await client.resolve(shop(), { credential: alice })).toMatchObject({ digest })
    expect(waits).toEqual([500, 1000, 2000])
  })

  test('four are too many', async () => {
    registry.answers(503).times(4)
    expect((await failureOf(clientUnderTest().client.resolve(shop(), { credential: alice }))).problem).toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
      retryable: true,
      found: 'HTTP 503',
    })
  })

  test('429 waits as long as it is told', async () => {
    registry.answers(429, { 'retry-after': '3' })
    const { client, waits } = clientUnderTest()
    expect(await client.resolve(shop(), { credential: alice })).toMatchObject({ digest })
    expect(waits).toEqual([3000])
  })

  test('a wait that is longer than the deadline is handed to the caller', async () => {
    registry.answers(429, { 'retry-after': '900' }).always()
    const { client, asked } = clientUnderTest()
    expect((await failureOf(client.resolve(shop(), { credential: alice }))).problem).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 900_000 })
    expect(asked.length).toBe(1)
  })

  test('a token server that is busy is asked again too', async () => {
    registry.answers(503).to(/ \/token$/)
    expect(await clientUnderTest().client.resolve(shop(), { credential: alice })).toMatchObject({ digest })
  })

  test('a registry that is down, and comes back', async () => {
    await registry.goesDown()
    const { client } = clientUnderTest()
    expect((await failureOf(client.resolve(shop(), { credential: alice }))).problem).toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
      found: isWorkerd ? 'the connection was lost' : 'ECONNREFUSED',
    })
    await registry.comesBack()
    expect(await client.resolve(shop(), { credential: alice })).toMatchObject({ digest })
  })

  test('a registry that says nothing is a TIMEOUT', async () => {
    const after = (_ms: number, work: () => void) => (queueMicrotask(work), () => {})
    const silent = clientUnderTest({}, { after, fetch: () => new Promise(() => {}) })
    expect((await failureOf(silent.client.resolve(shop(), { credential: alice }))).problem.code).toBe('TIMEOUT')
  })
})

test.for([
  [Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('x'), { code: 'ENOTFOUND' }) }), 'DNS_FAILED'],
  [Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }) }), 'TLS_EXPIRED'],
  [
    Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('x'), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }) }),
    'TLS_UNTRUSTED',
  ],
  [Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('x'), { code: 'UND_ERR_SOCKET' }) }), 'REGISTRY_UNAVAILABLE'],
  [new Error('Network connection lost.'), 'REGISTRY_UNAVAILABLE'],
  [new Error('internal error; reference = abc'), 'NETWORK_UNKNOWN'],
] as const)('%s', async ([thrown, code]) => {
  const { client } = clientUnderTest({}, { fetch: () => Promise.reject(thrown) })
  expect((await failureOf(client.resolve(shop(), { credential: alice }))).problem.code).toBe(code)
})

test('an error that the network did not make is our own bug and stays what it is', async () => {
  const { client } = clientUnderTest({}, { fetch: () => Promise.reject(new RangeError('a bug')) })
  await expect(client.resolve(shop(), { credential: alice })).rejects.toThrow(RangeError)
})

test('a token that cannot work at ghcr.io is found out before anything is sent', async () => {
  const { client, asked } = clientUnderTest()
  const error = await failureOf(client.resolve(reference('ghcr.io/acme/shop:1'), { credential: basic('x', 'ghs_abcdef') }))
  expect(error.problem).toMatchObject({ code: 'CREDENTIAL_KIND_UNSUPPORTED', who: 'account' })
  expect(asked).toEqual([])
})

test('an answer that repeats the secret is shown without it', async () => {
  const echo: typeof fetch = async (_input, init) =>
    new Response(`denied: ${new Headers(init?.headers).get('authorization')}\u001b[31m`, { status: 403 })
  let step = 0
  const fetching: typeof fetch = async (input, init) =>
    step++ === 0 ? new Response(null, { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }) : echo(input, init)
  const { problem } = await failureOf(clientUnderTest({}, { fetch: fetching }).client.resolve(shop(), { credential: alice }))
  expect(problem).toMatchObject({ code: 'PERMISSION_DENIED', found: 'HTTP 403: denied: Basic [secret] [31m' })
})
