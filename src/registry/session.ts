import { Failure } from '../errors.ts'
import { discard } from './body.ts'
import { parseChallenges } from './challenge.ts'
import type { Challenge } from './challenge.ts'
import { anonymous, basicAuthorization, spellings, spellingsOf } from './credential.ts'
import type { Credential } from './credential.ts'
import { pause } from './doors.ts'
import type { Doors, Operation } from './doors.ts'
import { registryFailure } from './failure.ts'
import type { Keychain } from './keychain.ts'
import { judgeRealm } from './realm.ts'
import { covers, mergeScopes, parseScopes, pullScope } from './scope.ts'
import type { Scope } from './scope.ts'
import type { Token, Tokens } from './token.ts'
import type { Answer, Call, Transport } from './transport.ts'

/** How a registry wants to be authenticated to: the one challenge we chose from its 401. */
export interface Offer {
  readonly scheme: 'basic' | 'bearer'
  readonly realm: string
  readonly service: string | null
  readonly scopes: readonly Scope[]
  readonly error: string | null
  /** The same 401 offered Basic as well: some servers advertise Bearer without a token server (siderolabs/image-factory#573). */
  readonly alsoBasic: boolean
}

/** What a request carried. `withheldFrom`: the realm's origin, where there is a credential that may not be sent there. */
type Sent = { readonly scheme: 'none' | 'basic' } | SentBearer

interface SentBearer {
  readonly scheme: 'bearer'
  readonly token: Token
  readonly isNew: boolean
  readonly scopes: readonly Scope[]
  readonly withheldFrom: string | null
}

export interface Reply extends Answer {
  readonly sent: Sent
  /** The `error` of the last challenge, where the answer is a 401. */
  readonly challengeError: string | null
}

/** Asks one registry about one repository in one caller's name. */
export interface Session {
  readonly credential: Credential
  /** Answers with whatever the registry says once there is nothing left to try: at most two authenticated requests. */
  send(call: Pick<Call, 'method' | 'headers'> & { readonly path: string }): Promise<Reply>
  /** Everything secret that has been sent, so that it can be masked in what comes back. */
  secrets(): readonly string[]
  /** What the registry asked for, and the token that it got; null where it did not come to that. */
  readonly seen: { offer: Offer | null; token: Token | null }
}

export interface SessionParts {
  readonly origin: string
  readonly repository: string
  readonly credential: Credential
  readonly tenant: string
  readonly keychain: Keychain
  /** Besides the registry's own origin. */
  readonly trustedRealms: readonly string[]
  readonly transport: Transport
  readonly tokens: Tokens
  /** How each origin asked for authentication last: spares the unauthenticated request. */
  readonly offers: Map<string, Offer>
  readonly doors: Doors
  /** Called when the registry has taken the credential, or wants none. */
  accepted(): void
}

export function openSession(parts: SessionParts, operation: Operation): Session {
  const { origin, credential, transport, offers, doors } = parts
  const secrets = new Set(spellings(credential))
  const seen: Session['seen'] = { offer: null, token: null }
  const made = new Set<Token>()

  async function authorize(offer: Offer): Promise<Sent | null> {
    if (offer.scheme === 'basic') return credential.kind === 'anonymous' ? null : { scheme: 'basic' }
    try {
      const sent = await exchange(offer, parts, operation)
      for (const spelling of spellingsOf(sent.token.value.reveal())) secrets.add(spelling)
      seen.token = sent.token
      if (sent.withheldFrom === null) parts.accepted()
      if (sent.isNew) made.add(sent.token)
      // What was made for the request before this one has not become stale since: a 403 to it is a no.
      return { ...sent, isNew: made.has(sent.token) }
    } catch (error) {
      const isAbsent = error instanceof Failure && ['AUTH_ENDPOINT_BROKEN', 'TOKEN_RESPONSE_INVALID'].includes(error.problem.code)
      const isWorthIt = isAbsent && !error.problem.retryable && seen.token === null // who has had a token never falls back to the password
      if (isWorthIt && offer.alsoBasic && credential.kind !== 'anonymous') return { scheme: 'basic' }
      throw error
    }
  }

  /** What to carry next after a 401, or null where nothing else is left to try. */
  async function next(sent: Sent, offer: Offer): Promise<Sent | null> {
    if (sent.scheme !== 'bearer') return sent.scheme === offer.scheme ? null : authorize(offer)
    if (offer.scheme === 'basic') return null // Harbor asks for Basic after a refused token: that is its no
    if (offer.error === 'insufficient_scope') return covers(sent.scopes, offer.scopes) ? null : authorize(offer)
    if (offer.error !== 'invalid_token' && sent.isNew) return null
    parts.tokens.drop(sent.token)
    // A registry's own nodes may disagree about the time for a moment (moby#22158).
    if (doors.now() - sent.token.askedAt < 5_000)
      await pause(Math.min(1_000 + doors.random() * 1_000, operation.deadline - doors.now()), doors, operation)
    return authorize(offer)
  }

  async function send(call: Pick<Call, 'method' | 'headers'> & { readonly path: string }): Promise<Reply> {
    const url = new URL(call.path, origin)
    const known = offers.get(origin)
    const phase = call.path.includes('/blobs/') ? 'blob' : 'manifest'
    seen.offer = known ?? seen.offer
    let sent: Sent = (known && (await authorize(known))) ?? { scheme: 'none' }
    let authenticated = 0
    for (;;) {
      authenticated += sent.scheme === 'none' ? 0 : 1
      operation.trail.phase = phase
      const answer = await transport.send({ ...call, url, authorization: headerOf(sent, credential), mayLeave: true }, operation)
      const { status } = answer.response
      if (!answer.hasLeft && status !== 401 && status !== 403 && (status < 400 || sent.scheme !== 'none')) parts.accepted()
      const isDenied = status === 401 && !answer.hasLeft
      const offer = isDenied ? await readOffer(answer.response, parts, operation) : null
      operation.trail.phase = phase
      if (offer) seen.offer = remember(offers, origin, offer)
      const again = authenticated >= 2 ? null : offer ? await next(sent, offer) : isStale(sent, answer) ? await renew(sent.token) : null
      if (again === null) return { ...answer, sent, challengeError: offer?.error ?? null }
      await discard(answer.response)
      sent = again
    }
  }

  /** Registries may say 403 or 400 of an expired token (ECR); one that was held in memory is renewed once. */
  function renew(token: Token): Promise<Sent | null> {
    parts.tokens.drop(token)
    return authorize(seen.offer!)
  }

  return { credential, send, secrets: () => [...secrets], seen }
}

const isStale = (sent: Sent, { response, hasLeft }: Answer): sent is SentBearer =>
  sent.scheme === 'bearer' && !sent.isNew && !hasLeft && (response.status === 403 || response.status === 400)

function headerOf(sent: Sent, credential: Credential): string | null {
  if (sent.scheme === 'bearer') return `Bearer ${sent.token.value.reveal()}`
  return sent.scheme === 'basic' ? basicAuthorization(credential) : null
}

async function exchange(offer: Offer, parts: SessionParts, operation: Operation): Promise<SentBearer> {
  const { origin, repository, credential, tenant, keychain } = parts
  operation.trail.phase = 'token'
  const realm = judgeRealm(offer.realm, origin, parts.trustedRealms, operation.where)
  const scopes = mergeScopes([...offer.scopes, pullScope(repository)])
  const request = { origin, realm, service: offer.service, scopes, credential: realm.isTrusted ? credential : anonymous, tenant, keychain }
  const withheldFrom = realm.isTrusted || credential.kind === 'anonymous' ? null : realm.url.origin
  try {
    const { token, isNew } = await parts.tokens.get(request, operation)
    return { scheme: 'bearer', token, isNew, scopes, withheldFrom }
  } catch (error) {
    const wantsMore = withheldFrom !== null && error instanceof Failure && error.problem.code === 'CREDENTIAL_MISSING'
    throw wantsMore ? realmNotTrusted(withheldFrom, operation) : error
  }
}

/** Nobody gets an anonymous token there, and the credential may not go there. */
export const realmNotTrusted = (realm: string, operation: Operation): Failure =>
  registryFailure('REALM_NOT_TRUSTED', operation.where, { found: realm, wanted: 'a realm on the registry’s own origin, or one listed as trusted' })

const MOST_OFFERS = 1000

function remember(offers: Map<string, Offer>, origin: string, offer: Offer): Offer {
  if (offers.size >= MOST_OFFERS) offers.delete(offers.keys().next().value!)
  const kept = { ...offer, scopes: [], error: null }
  offers.set(origin, kept)
  return kept
}

/** The offer in a 401; where it has none (old gcr.io), that of the ping, which has to have one. */
async function readOffer(response: Response, parts: SessionParts, operation: Operation): Promise<Offer> {
  operation.trail.phase = 'challenge'
  const own = response.headers.get('www-authenticate')
  if (own !== null && own.trim() !== '') return chooseOffer(own, operation)
  const call = { method: 'GET' as const, url: new URL('/v2/', parts.origin), headers: {}, authorization: null, mayLeave: false }
  const ping = await parts.transport.send(call, operation)
  const header = ping.response.headers.get('www-authenticate') ?? ''
  await discard(ping.response)
  if (ping.response.status !== 401 || header.trim() === '')
    throw registryFailure('CHALLENGE_MISSING', operation.where, { found: '401 without WWW-Authenticate' })
  return chooseOffer(header, operation)
}

/** Bearer with a realm, else Basic. */
function chooseOffer(header: string, operation: Operation): Offer {
  const { challenges, isMalformed } = parseChallenges(header)
  const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.get('realm'))
  const basic = challenges.find(({ scheme }) => scheme === 'basic')
  if (bearer) return offerOf(bearer, basic !== undefined)
  if (basic) return { ...offerOf(basic, true), scopes: [] }
  const found = challenges.length === 0 ? `${header.length} characters` : challenges.map(({ scheme }) => scheme.slice(0, 20)).join(', ')
  const hasBearer = challenges.some(({ scheme }) => scheme === 'bearer')
  throw registryFailure(isMalformed || hasBearer ? 'CHALLENGE_MALFORMED' : 'CHALLENGE_UNSUPPORTED', operation.where, { found })
}

const offerOf = ({ scheme, parameters }: Challenge, alsoBasic: boolean): Offer => ({
  scheme: scheme === 'bearer' ? 'bearer' : 'basic',
  realm: parameters.get('realm') ?? '',
  service: parameters.get('service') ?? null,
  scopes: parseScopes(parameters.get('scope') ?? ''),
  error: parameters.get('error') ?? null,
  alsoBasic,
})
