import { describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { createRegistryClient } from '../../../src/registry/client.ts'
import { registryFailure } from '../../../src/registry/failure.ts'
import { preflight } from '../../../src/registry/preflight.ts'
import { mintedSource } from '../../../src/registry/source.ts'
import { Secret } from '../../../src/secret.ts'
import { basic, clientUnderTest, reference } from '../../world/registry-client.ts'
import { settled, endOf, stateOf, stillDoors } from '../../world/still-doors.ts'

// One login serves many images and many people: what becomes of one of them must not hurt the others.

const HOUR = 3_600_000
const DIGEST = `sha256:${'a'.repeat(64)}`
const found = () => new Response(null, { headers: { 'docker-content-digest': DIGEST } })
const asks = (challenge: string) => new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
const shown = (init?: RequestInit) => new Headers(init?.headers).get('authorization') ?? ''
const said = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'ok',
    (error: unknown) => (error instanceof Failure ? error.problem.code : String(error)),
  )

test('twelve images at once with one wrong password are one failed login', async () => {
  let logins = 0
  const refusing: typeof fetch = async (_input, init) => {
    if (shown(init) !== '') logins += 1
    return asks('Basic realm="registry"')
  }
  const { client } = clientUnderTest({}, { fetch: refusing })
  const images = Array.from({ length: 12 }, (_, number) => reference(`registry.example/acme/image-${number}:1`))
  const all = await Promise.all(images.map((image) => said(client.resolve(image, { credential: basic('alice', 'wrong-password') }))))
  expect([logins, new Set(all)]).toEqual([1, new Set(['CREDENTIALS_INVALID'])])
})

test('GHCR’s no to one package does not shut a good token out of the others', async () => {
  const ghcr: typeof fetch = async (input, init) => {
    const { pathname, search } = new URL(input as string)
    if (pathname === '/token') return search.includes('shop') ? Response.json({ token: 'token' }) : new Response('denied', { status: 403 })
    return shown(init) === '' ? asks('Bearer realm="https://ghcr.io/token",service="ghcr.io"') : found()
  }
  const doors = stillDoors({ fetch: ghcr })
  const client = createRegistryClient(doors)
  const resolves = (image: string) => said(client.resolve(reference(image), { credential: basic('bot', 'ghp_valid_token') }))
  expect(await resolves('ghcr.io/acme/shop:1')).toBe('ok')
  expect(await resolves('ghcr.io/acme/tpyo:1')).toBe('CREDENTIALS_INVALID')
  await doors.time.passes('10 minutes')
  expect([await resolves('ghcr.io/acme/shop:1'), await resolves('ghcr.io/acme/tpyo:1')]).toEqual(['ok', 'CREDENTIALS_INVALID'])
})

describe('a minted login', () => {
  const where = { registry: 'registry.example', image: 'registry.example/acme/shop:1', grant: '' }
  const image = reference('registry.example/acme/shop:1')

  test('that a registry refuses, though it is new, is not minted again for everybody who asks', async () => {
    let [mints, logins] = [0, 0]
    const refusing: typeof fetch = async (_input, init) => {
      if (shown(init) !== '') logins += 1
      return asks('Basic realm="registry"')
    }
    const doors = stillDoors({ fetch: refusing })
    const source = mintedSource(async () => ({ credential: basic('AWS', `password-${(mints += 1)}`), lifetime: 12 * HOUR }), doors)
    const client = createRegistryClient(doors)
    for (let times = 0; times < 6; times++) expect(await said(client.resolve(image, { credential: source }))).toBe('CREDENTIALS_INVALID')
    expect([mints, logins]).toEqual([1, 1])
  })

  test('lives on where one image is refused while the cloud is down, and what the registry said is what is told', async () => {
    const doors = stillDoors({
      fetch: async (input) => (new URL(input as string).pathname.includes('/forbidden/') ? new Response(null, { status: 403 }) : found()),
    })
    let isUp = true
    const source = mintedSource(async () => {
      if (!isUp) throw registryFailure('CREDENTIAL_SOURCE_FAILED', where, { retryable: true })
      return { credential: basic('AWS', 'for-twelve-hours'), lifetime: 12 * HOUR }
    }, doors)
    const client = createRegistryClient(doors)
    const resolves = (name: string) => said(client.resolve(reference(name), { credential: source }))
    expect(await resolves('registry.example/acme/shop:1')).toBe('ok')
    isUp = false
    expect(await resolves('registry.example/forbidden/shop:1')).toBe('PERMISSION_DENIED')
    expect(await resolves('registry.example/acme/shop:1')).toBe('ok')
  })

  test('past half of its life is used after three seconds of a cloud that does not answer', async () => {
    const doors = stillDoors({ fetch: async () => found() })
    const answers = [Promise.resolve({ credential: basic('AWS', 'for-twelve-hours'), lifetime: 12 * HOUR })]
    const source = mintedSource(() => answers.shift() ?? new Promise(() => {}), doors)
    const client = createRegistryClient(doors)
    await client.resolve(image, { credential: source })
    await doors.time.passes('7 hours')
    const resolved = said(client.resolve(image, { credential: source }))
    await settled()
    await doors.time.passes('3 seconds')
    expect(await endOf(resolved)).toBe('ok')
  })

  test('says of a cloud that is down that it is the cloud', async () => {
    const { client } = clientUnderTest({}, { fetch: () => Promise.reject(Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' })) })
    const given = { account_id: 'abc', api_token: new Secret('a-token-of-cloudflare') }
    const source = client.minted('cloudflare', given, 'registry.cloudflare.com')
    await expect(client.resolve(reference('registry.cloudflare.com/abc/app:1'), { credential: source })).rejects.toMatchObject({
      problem: {
        code: 'CREDENTIAL_SOURCE_FAILED',
        who: 'account',
        retryable: true,
        found: expect.stringMatching(/^api\.cloudflare\.com: REGISTRY_UNAVAILABLE/),
      },
    })
  })

  test('that is refused for a reason is refused for that reason, though a clock is wrong too', async () => {
    const body = '{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired."}'
    const answering: typeof fetch = async () => new Response(body, { status: 401, headers: { date: new Date().toUTCString() } })
    const { client } = clientUnderTest({}, { date: () => Date.now() + 90_000, fetch: answering })
    const given = { tenant: 'acme', client_id: 'id', client_secret: new Secret('a-secret-of-entra') }
    const source = client.minted('entra', given, 'acme.azurecr.io')
    await expect(client.resolve(reference('acme.azurecr.io/app:1'), { credential: source })).rejects.toMatchObject({
      problem: { code: 'CREDENTIALS_INVALID', found: expect.stringMatching(/AADSTS7000222.*clock is \d+ s ahead of/) },
    })
  })

  test('is not asked for with a secret that no header can hold', async () => {
    const { client, asked } = clientUnderTest()
    const given = { account_id: 'abc', api_token: new Secret('pasted-with-an-ellipsis…') }
    const source = client.minted('cloudflare', given, 'registry.cloudflare.com')
    await expect(client.resolve(reference('registry.cloudflare.com/abc/app:1'), { credential: source })).rejects.toMatchObject({
      problem: { code: 'CREDENTIAL_KIND_UNSUPPORTED' },
    })
    expect(asked).toEqual([])
  })
})

test('a token server that fails after everybody has left breaks nothing', async () => {
  let [heads, tokens] = [0, 0]
  const doors = stillDoors({
    random: () => 0.999,
    fetch: (input, init) => {
      if (new URL(input as string).pathname === '/token')
        return Promise.resolve((tokens += 1) === 1 ? Response.json({ token: 'token' }) : new Response('{}', { status: 400 }))
      const challenge = 'Bearer realm="https://registry.example/token",service="registry"'
      if (shown(init) !== '') return Promise.resolve(asks(`${challenge},error="invalid_token"`))
      if ((heads += 1) < 3) return new Promise(() => {})
      return new Promise((resolve) => void doors.after(7_400, () => resolve(asks(challenge))))
    },
  })
  // An unhandled rejection fails this run.
  const outcome = said(createRegistryClient(doors).resolve(reference('registry.example/acme/shop:1'), { credential: basic('alice', 'password') }))
  for (let second = 0; second < 40; second++) {
    await settled()
    await doors.time.passes('1 second')
  }
  expect(await endOf(outcome)).toBe('TIMEOUT')
})

test('the second looks after a no take no longer than fifteen seconds, even at a registry that stands still', async () => {
  let answered = 0
  const doors = stillDoors({ fetch: () => ((answered += 1) <= 2 ? Promise.resolve(new Response(null, { status: 403 })) : new Promise(() => {})) })
  const others = new Map(['one', 'two', 'three', 'four', 'five'].map((name) => [name, { credential: basic(name, `password-${name}`) }]))
  const asking = { credential: basic('alice', 'password'), as: 'credential main', platform: null, pullWithin: 0, others }
  const looked = preflight(createRegistryClient(doors), doors, reference('registry.example/acme/shop:1'), asking).then(() => 'looked')
  for (let second = 0; second < 16; second++) {
    await settled()
    await doors.time.passes('1 second')
  }
  // No time passes any more; what follows from it may still be on its way.
  for (let turn = 0; turn < 100 && (await stateOf(looked)) !== 'looked'; turn++) await settled()
  expect(await stateOf(looked)).toBe('looked')
})

test('a HEAD that a registry has not implemented is a GET', async () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, manifests: [] }))
  const asked: string[] = []
  const answering: typeof fetch = async (_input, init) => {
    asked.push(init?.method ?? '')
    return init?.method === 'HEAD' ? new Response(null, { status: 501 }) : new Response(bytes)
  }
  const { client } = clientUnderTest({}, { fetch: answering })
  expect(await said(client.resolve(reference('registry.example/acme/shop:1'), { credential: basic('alice', 'password') }))).toBe('ok')
  expect(asked).toEqual(['HEAD', 'GET'])
})

test('a limit at somebody else’s token server is no reason for its own registry to wait', async () => {
  const answering: typeof fetch = async (input, init) => {
    const { host, search } = new URL(input as string)
    if (host === 'auth.docker.io')
      return search.includes('evil') ? new Response(null, { status: 429, headers: { 'retry-after': '900' } }) : Response.json({ token: 't' })
    return shown(init) === '' ? asks(`Bearer realm="https://auth.docker.io/token",service="${host}"`) : found()
  }
  const { client } = clientUnderTest({}, { fetch: answering })
  expect(await said(client.resolve(reference('evil.example/acme/evil:1'), { credential: basic('alice', 'password') }))).toBe('RATE_LIMITED')
  expect(await said(client.resolve(reference('acme/shop:1'), { credential: basic('alice', 'password') }))).toBe('ok')
})
