import { beforeEach, describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import type { Asking, RegistryClient } from '../../../src/registry/client.ts'
import { mintedSource } from '../../../src/registry/source.ts'
import type { MintedSource } from '../../../src/registry/source.ts'
import { basic, clientUnderTest, reference } from '../../world/registry-client.ts'

// What was good and is refused: expiry does not always look like a 401, and nothing may be tried for ever.

const DIGEST = `sha256:${'a'.repeat(64)}`
const found = () => new Response(null, { headers: { 'docker-content-digest': DIGEST } })

/** A request with something to show: `HEAD Bearer token-1`. */
let shown: string[]
let tokens: number
/** What the registry says to what it is shown. */
let registry: (authorization: string) => Response
let challenge: string
let client: RegistryClient
let doors: ReturnType<typeof clientUnderTest>['doors']

beforeEach(() => {
  ;[shown, tokens] = [[], 0]
  challenge = 'Bearer realm="https://registry.example/token",service="registry"'
  const answering: typeof fetch = async (input, init) => {
    const url = new URL(input as string)
    if (url.pathname === '/token') return Response.json({ token: `token-${(tokens += 1)}`, expires_in: 3_600 })
    const authorization = new Headers(init?.headers).get('authorization')
    if (authorization === null) return new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
    shown.push(`${init?.method} ${authorization}`)
    return registry(authorization)
  }
  ;({ client, doors } = clientUnderTest({}, { fetch: answering }))
})

const resolve = (credential: Asking['credential'] = basic('alice', 'a password'), host = 'registry.example') =>
  client.resolve(reference(`${host}/acme/shop:1.2`), { credential }).then(
    ({ digest }) => digest,
    (error: unknown) => (error instanceof Failure ? error.problem.code : String(error)),
  )
const invalidToken = () => new Response(null, { status: 401, headers: { 'www-authenticate': `${challenge},error="invalid_token"` } })
const denied = (status: number, message = 'denied') => Response.json({ errors: [{ code: 'DENIED', message }] }, { status })

describe('a token that was held', () => {
  beforeEach(async () => {
    registry = found
    await resolve()
    shown = []
  })

  test.for([
    ['401 invalid_token', () => invalidToken()],
    ['403, as a registry does that says no challenge', () => denied(403)],
    ['400, as ECR Public does', () => denied(400, 'Your authorization token has expired. Reauthenticate and try again.')],
  ] as const)('is replaced where the registry answers it with %s', async ([, no]) => {
    registry = (authorization) => (authorization === 'Bearer token-1' ? no() : found())
    expect(await resolve()).toBe(DIGEST)
    expect(shown).toEqual(['HEAD Bearer token-1', 'HEAD Bearer token-2'])
  })

  test.for([401, 403, 400])('is replaced once: where the next is answered with %i too, that is the answer', async (status) => {
    registry = () => (status === 401 ? invalidToken() : denied(status))
    await resolve()
    expect(tokens).toBe(2)
    expect(shown.filter((one) => one.startsWith('HEAD')).length).toBe(2)
    expect(shown.filter((one) => one.startsWith('GET')).length).toBeLessThanOrEqual(1) // to read why
  })
})

describe('a token that was made just now', () => {
  test('is not replaced for a 403: that is the registry’s no', async () => {
    registry = () => denied(403)
    expect(await resolve()).toBe('PERMISSION_DENIED')
    expect(tokens).toBe(1)
    expect(shown).toEqual(['HEAD Bearer token-1', 'GET Bearer token-1'])
  })

  test('is replaced once for 401 invalid_token, since the registry’s own nodes may disagree', async () => {
    registry = (authorization) => (authorization === 'Bearer token-1' ? invalidToken() : found())
    expect(await resolve()).toBe(DIGEST)
    expect(tokens).toBe(2)
  })

  test('and again refused so is the registry’s own trouble, after two attempts', async () => {
    registry = invalidToken
    expect(await resolve()).toBe('REGISTRY_REJECTS_ITS_OWN_TOKENS')
    expect(shown.length).toBe(2)
  })

  test('with too little in it is asked for once more, with what the registry names', async () => {
    const wanting = `${challenge},scope="repository:acme/base:pull",error="insufficient_scope"`
    const more = () => new Response(null, { status: 401, headers: { 'www-authenticate': wanting } })
    registry = (authorization) => (authorization === 'Bearer token-1' ? more() : found())
    expect(await resolve()).toBe(DIGEST)
    registry = more
    shown = []
    await resolve(basic('alice', 'another password'))
    expect(shown.length).toBeLessThanOrEqual(2)
  })
})

describe('a password for hours that a cloud made', () => {
  const ECR = '123456789012.dkr.ecr.eu-central-1.amazonaws.com'
  const EXPIRED = 'Your authorization token has expired. Reauthenticate and try again.'
  let minted: number
  let source: MintedSource

  beforeEach(() => {
    challenge = `Basic realm="https://${ECR}/",service="ecr.amazonaws.com"`
    minted = 0
    source = mintedSource(async () => ({ credential: basic('AWS', `password-${(minted += 1)}`), lifetime: 43_200_000 }), doors)
  })
  const first = `Basic ${btoa('AWS:password-1')}`

  test('is made anew where ECR says 403 to it long before its end', async () => {
    registry = found
    await resolve(source, ECR)
    registry = (authorization) => (authorization === first ? denied(403, EXPIRED) : found())
    expect(await resolve(source, ECR)).toBe(DIGEST)
    expect(minted).toBe(2)
    expect(await resolve(source, ECR)).toBe(DIGEST)
    expect(minted).toBe(2)
  })

  test('is made anew once: a second no is the answer', async () => {
    registry = found
    await resolve(source, ECR)
    registry = () => denied(403, EXPIRED)
    expect(await resolve(source, ECR)).toBe('CREDENTIAL_EXPIRED')
    expect(minted).toBe(2)
  })

  test('is not made anew where it was made just now', async () => {
    registry = () => denied(403, 'User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecr:BatchGetImage on resource: shop')
    expect(await resolve(source, ECR)).toBe('PERMISSION_DENIED')
    expect(minted).toBe(1)
  })

  test('is not made anew for what no password can help', async () => {
    registry = found
    await resolve(source, ECR)
    registry = () => new Response(null, { status: 404 })
    expect(await resolve(source, ECR)).toBe('NOT_FOUND_OR_HIDDEN')
    expect(minted).toBe(1)
  })
})

test('a stored password that is refused is shown once', async () => {
  challenge = 'Basic realm="registry"'
  registry = () => new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
  expect(await resolve()).toBe('CREDENTIALS_INVALID')
  expect(shown.length).toBe(1)
})
