import { Secret } from '../secret.ts'
import type { Failure } from '../errors.ts'
import { clean, describe, parseObject, readError } from './answer.ts'
import { discard, readBody } from './body.ts'
import { basicAuthorization, fingerprint, secretOf, spellings } from './credential.ts'
import type { Credential } from './credential.ts'
import { waitFor } from './doors.ts'
import type { Doors, Operation } from './doors.ts'
import { registryFailure } from './failure.ts'
import type { Keychain } from './keychain.ts'
import type { Realm } from './realm.ts'
import { canonicalScopes, formatScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { retryAfter } from './transport.ts'
import type { Transport } from './transport.ts'

/** A bearer token. Opaque: nothing in it is read. */
export interface Token {
  readonly key: string
  readonly value: Secret
  /** By `Doors.now`: when it was asked for, and until when it is used. */
  readonly askedAt: number
  readonly usableUntil: number
}

interface TokenRequest {
  /** The API's origin: a token for one registry is never used at another, even if both name the same realm. */
  readonly origin: string
  readonly realm: Realm
  readonly service: string | null
  /** In the order they are sent: some registries look at the first only. */
  readonly scopes: readonly Scope[]
  /** What may be sent to this realm. */
  readonly credential: Credential
  /** Whose credential: tokens are not shared between tenants. */
  readonly tenant: string
  readonly keychain: Keychain
}

export interface Tokens {
  /** A usable token, from memory or asked for now (`isNew`). Equal requests at one time make one question. */
  get(request: TokenRequest, operation: Operation): Promise<{ readonly token: Token; readonly isNew: boolean }>
  /** Forgets a token that the registry refused. */
  drop(token: Token): void
}

const MOST_HELD = 1000
const FLIGHT = 30_000 // ms: a question has a deadline of its own, because it may serve several callers
const MOST_BYTES = 128 * 1024

export function createTokens(transport: Transport, doors: Doors): Tokens {
  const held = new Map<string, Token>()
  const flights = new Map<string, Promise<Token>>()

  function fly(key: string, request: TokenRequest, operation: Operation): Promise<Token> {
    const own = { where: operation.where, deadline: doors.now() + FLIGHT, signal: undefined }
    const flight = fetchToken(key, request, transport, doors, own)
      .then((token) => (hold(token), token))
      .finally(() => flights.delete(key)) // a failure is never remembered
    flights.set(key, flight)
    return flight
  }

  function hold(token: Token): void {
    const oldest = held.keys().next()
    if (held.size >= MOST_HELD && !oldest.done) held.delete(oldest.value)
    held.set(token.key, token)
  }

  return {
    async get(request, operation) {
      const key = await keyOf(request)
      const known = held.get(key)
      if (known && known.usableUntil > doors.now()) return { token: known, isNew: false }
      const flight = flights.get(key) ?? fly(key, request, operation)
      return { token: await waitFor(() => flight, FLIGHT, doors, operation), isNew: true }
    },
    drop: (token) => void (held.get(token.key) === token && held.delete(token.key)),
  }
}

async function keyOf(request: TokenRequest): Promise<string> {
  const { origin, realm, service, scopes, credential, tenant } = request
  return JSON.stringify([origin, realm.url.href, service, canonicalScopes(scopes), await fingerprint(credential), tenant])
}

async function fetchToken(key: string, request: TokenRequest, transport: Transport, doors: Doors, operation: Operation): Promise<Token> {
  const askedAt = doors.now()
  const response = await ask(request, transport, operation)
  if (!response.ok) throw await refused(request, response, doors, operation)
  const { bytes, isCut } = await readBody(response, MOST_BYTES, doors, operation)
  const text = new TextDecoder().decode(bytes)
  const body = isCut ? null : parseObject(text)
  const value = [body?.['access_token'], body?.['token']].find((one) => typeof one === 'string' && one !== '')
  if (body === null || typeof value !== 'string') throw noToken(response, text, spellings(request.credential), operation)
  const lifetime = lifetimeOf(body, response)
  const margin = Math.min(30_000, Math.max(5_000, lifetime * 0.1))
  return { key, value: new Secret(value), askedAt, usableUntil: askedAt + lifetime - margin }
}

/** An identity token is exchanged by POST (OAuth2), and shown by GET where the server knows no POST. Passwords only go by GET. */
async function ask(request: TokenRequest, transport: Transport, operation: Operation): Promise<Response> {
  if (request.credential.kind === 'identity') {
    const { response } = await transport.send(byPost(request), operation)
    if (![400, 401, 404, 405].includes(response.status)) return response
    await discard(response)
  }
  return (await transport.send(byGet(request), operation)).response
}

function byGet({ realm, service, scopes, credential }: TokenRequest) {
  const url = new URL(realm.url)
  if (service !== null) url.searchParams.set('service', service)
  for (const scope of scopes) url.searchParams.append('scope', formatScope(scope))
  url.searchParams.set('client_id', 'gantry')
  const headers = { accept: 'application/json' }
  return {
    method: 'GET' as const,
    url,
    headers,
    authorization: basicAuthorization(credential),
    mayLeave: false,
    isForeign: !realm.isTrusted,
  }
}

function byPost({ realm, service, scopes, credential }: TokenRequest) {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'gantry', scope: scopes.map(formatScope).join(' ') })
  if (service !== null) form.set('service', service)
  form.set('refresh_token', secretOf(credential))
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }
  return {
    method: 'POST' as const,
    url: realm.url,
    headers,
    body: form.toString(),
    authorization: null,
    mayLeave: false,
    isForeign: !realm.isTrusted,
  }
}

/** Milliseconds. The server says seconds, as a number or a text; 60 where it says nothing, at least 1. */
function lifetimeOf(body: Readonly<Record<string, unknown>>, response: Response): number {
  const said = Number(body['expires_in'] ?? Number.NaN)
  const seconds = Number.isFinite(said) ? Math.max(1, said) : 60
  // Both by the server's clock: how old a token from the server's own cache already is.
  const age = Date.parse(response.headers.get('date') ?? '') - Date.parse(typeof body['issued_at'] === 'string' ? body['issued_at'] : '')
  return Math.max(1000, seconds * 1000 - (age > 0 ? age : 0))
}

async function refused(request: TokenRequest, response: Response, doors: Doors, operation: Operation): Promise<Failure> {
  const answer = await readError(response, spellings(request.credential), doors, operation)
  const details = { found: `${describe(answer)} (token server ${request.realm.url.host})`, retryAfter: retryAfter(response) }
  if (answer.status === 429) return registryFailure('RATE_LIMITED', operation.where, details)
  if (answer.status !== 401 && answer.status !== 403) {
    return registryFailure('AUTH_ENDPOINT_BROKEN', operation.where, { ...details, retryable: answer.status >= 500 })
  }
  if (request.credential.kind === 'anonymous') return registryFailure('CREDENTIAL_MISSING', operation.where, details)
  return registryFailure(answer.status === 401 ? 'CREDENTIALS_INVALID' : request.keychain.deniedAtToken, operation.where, details)
}

/** Long words are cut out of what is shown: they may be a token that arrived in the wrong place. */
function noToken(response: Response, text: string, secrets: readonly string[], operation: Operation): Failure {
  const type = clean(response.headers.get('content-type') ?? 'no content type', [], 60)
  const start = clean(clean(text.slice(0, 2000), secrets, 2000).replaceAll(/[\w.~+/=-]{20,}/g, '[…]'), [], 50)
  return registryFailure('TOKEN_RESPONSE_INVALID', operation.where, { found: `${type}: ${start}` })
}
