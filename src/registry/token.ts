import { Secret } from '../secret.ts'
import type { Failure } from '../errors.ts'
import { clean, describe, parseObject, readError } from './answer.ts'
import { discard, readBody } from './body.ts'
import { basicAuthorization, fingerprint, secretOf, spellings } from './credential.ts'
import type { Credential } from './credential.ts'
import { waitFor } from './doors.ts'
import type { Doors, Operation } from './doors.ts'
import { registryFailure } from './failure.ts'
import { meaningOf } from './meaning.ts'
import { retryAfter } from './patience.ts'
import type { Keychain } from './keychain.ts'
import type { Realm } from './realm.ts'
import { canonicalScopes, formatScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { marginOf } from './source.ts'
import { keptToken, tokenIn, type Token, type TokenStore } from './token-store.ts'
import type { Transport } from './transport.ts'

export type { Token }

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

interface Got {
  readonly token: Token
  readonly isNew: boolean
}

export interface Tokens {
  /** A usable token, from memory, from an earlier process or asked for now (`isNew`). Equal requests at one time make one question. */
  get(request: TokenRequest, operation: Operation): Promise<Got>
  /** Forgets a token that the registry refused. */
  drop(token: Token): void
}

const MOST_HELD = 1000
const FLIGHT = 30_000 // ms: a question has a deadline of its own, because it may serve several callers
const MOST_BYTES = 128 * 1024

export function createTokens(transport: Transport, doors: Doors, store?: TokenStore): Tokens {
  const held = new Map<string, Token>()
  const flights = new Map<string, Promise<Got>>()
  const looked = new Set<string>()

  function fly(key: string, request: TokenRequest, operation: Operation): Promise<Got> {
    const own = { ...operation, deadline: doors.now() + FLIGHT, signal: undefined }
    const flight = obtain(key, request, own)
      .then((got) => (hold(got.token), got))
      .finally(() => flights.delete(key)) // a failure is never remembered
    flights.set(key, flight)
    return flight
  }

  async function obtain(key: string, request: TokenRequest, operation: Operation): Promise<Got> {
    const kept = store === undefined || request.credential.kind === 'anonymous' ? null : await recall(key, request, store)
    if (kept !== null) return { token: kept, isNew: false }
    const token = await fetchToken(key, request, transport, doors, operation)
    if (request.credential.kind !== 'anonymous') void store?.keep(key, keptToken(token, await fingerprint(request.credential), doors))
    return { token, isNew: true }
  }

  /** Only what an earlier process kept: one of this process's own was dropped, or its time is over. */
  async function recall(key: string, { scopes }: TokenRequest, from: TokenStore): Promise<Token | null> {
    if (looked.has(key)) return null
    if (looked.size >= MOST_HELD) looked.clear()
    looked.add(key)
    const kept = await from.find(key)
    return kept && tokenIn(kept, { key, scopes }, doors)
  }

  function hold(token: Token): void {
    if (held.size >= MOST_HELD) held.delete(held.keys().next().value!)
    held.set(token.key, token)
  }

  return {
    async get(request, operation) {
      const key = await keyOf(request)
      const known = held.get(key)
      if (known && known.usableUntil > doors.now()) return { token: known, isNew: false }
      // Whoever is too late begins no question: nobody would be there for its failure.
      return waitFor(() => flights.get(key) ?? fly(key, request, operation), FLIGHT, doors, operation)
    },
    drop(token) {
      if (held.get(token.key) !== token) return
      held.delete(token.key)
      void store?.drop(token.key)
    },
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
  const value = [body?.['access_token'], body?.['token']].find(isToken)
  if (body === null || value === undefined) throw noToken(response, text, spellings(request.credential), operation)
  const lifetime = lifetimeOf(body, value, response)
  const serverDate = Date.parse(response.headers.get('date') ?? '')
  return {
    key,
    value: new Secret(value),
    askedAt,
    usableUntil: askedAt + lifetime - marginOf(lifetime),
    lifetime,
    scopes: request.scopes,
    serverDate,
  }
}

/** Whatever a header may hold: `fetch` itself throws at anything else, and shows it. */
const isToken = (value: unknown): value is string => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)

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

/** Milliseconds. The server says seconds, as a number or a text; 60 where nobody says anything, at least 1. */
function lifetimeOf(body: Readonly<Record<string, unknown>>, token: string, response: Response): number {
  const said = Number(body['expires_in'] ?? Number.NaN)
  const seconds = Number.isFinite(said) ? Math.max(1, said) : (lifeInside(token) ?? 60)
  // Both by the server's clock: how old a token from the server's own cache already is.
  const age = Date.parse(response.headers.get('date') ?? '') - Date.parse(typeof body['issued_at'] === 'string' ? body['issued_at'] : '')
  return Math.max(1000, seconds * 1000 - (age > 0 ? age : 0))
}

/** Seconds from `iat` to `exp` of a JWT (RFC 7519, 4.1): Quay says it nowhere else, and its tokens live an hour. */
function lifeInside(token: string): number | null {
  const [, payload = ''] = token.split('.')
  const base64 = payload.replaceAll('-', '+').replaceAll('_', '/')
  if (!/^[\w+/]+={0,2}$/.test(base64) || base64.length % 4 === 1) return null
  const claims = parseObject(atob(base64))
  const [issued, expires] = [claims?.['iat'], claims?.['exp']]
  return typeof issued === 'number' && typeof expires === 'number' && expires - issued >= 1 ? expires - issued : null
}

async function refused(request: TokenRequest, response: Response, doors: Doors, operation: Operation): Promise<Failure> {
  const answer = await readError(response, spellings(request.credential), doors, operation)
  const said = meaningOf('token server', answer, request.keychain, request.credential)
  const found = `${describe(answer)} (token server ${request.realm.url.host})`
  const asked = retryAfter(response, answer.message)
  return registryFailure(said.code, operation.where, { ...said.details, found, retryAfter: asked })
}

/** Long words are cut out of what is shown: they may be a token that arrived in the wrong place. */
function noToken(response: Response, text: string, secrets: readonly string[], operation: Operation): Failure {
  const type = clean(response.headers.get('content-type') ?? 'no content type', [], 60)
  const start = clean(clean(text.slice(0, 2000), secrets, 2000).replaceAll(/[\w.~+/=-]{20,}/g, '[…]'), [], 50)
  return registryFailure('TOKEN_RESPONSE_INVALID', operation.where, { found: `${type}: ${start}` })
}
