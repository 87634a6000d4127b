import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose'
import type { Clock } from '../../deploy/clock.ts'
import { Failure } from '../../errors.ts'
import type { Secret } from '../../secret.ts'

/** Whoever signs tokens (OpenID Connect): its origin and path as `iss` has it, and for whom the tokens have to be. */
export interface Issuer {
  readonly url: string
  readonly audience: string
}

/** Claims that the issuer signed for us and that hold now; a sentence's end where they do not. */
export type Verify = (token: Secret) => Promise<JWTPayload | { readonly why: string }>

export interface IssuerDoors {
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
}

/** Milliseconds. Keys are exchanged a few times a year and announced long before. */
const FRESH_FOR = 3_600_000
/** Whoever makes up keys' ids has the issuer asked no more often. */
const COOL_DOWN = 30_000
const PATIENCE = 5_000
/** Bytes, and keys: GitHub has about ten. */
const LARGEST = 256 * 1024
const MOST_KEYS = 100
/** Seconds. Its clock and ours: for so long it is taken after its end. */
export const TOLERANCE = 60
/** Seconds: GitHub's tokens live for five minutes, and a longer life is no token of its. */
const OLDEST = 900

/**
 * Tokens by RFC 7519 and RFC 8725: one algorithm, keys from the issuer's own address and from nowhere that the token names, every
 * claim demanded. Keys that were known go on being known while the issuer cannot be asked.
 */
export function createVerifier({ url, audience }: Issuer, { fetch, clock }: IssuerDoors): Verify {
  let keys: ReturnType<typeof createLocalJWKSet> | null = null
  let [fetchedAt, triedAt] = [-Infinity, -Infinity]
  let asking: Promise<void> | null = null

  async function ask(): Promise<void> {
    triedAt = clock.now()
    keys = createLocalJWKSet(await readKeys(`${url}/.well-known/jwks`, fetch, clock))
    fetchedAt = triedAt
  }
  const renew = (): Promise<void> => (asking ??= ask().finally(() => (asking = null)))
  const mayAsk = (): boolean => asking !== null || clock.now() - triedAt >= COOL_DOWN || clock.now() < triedAt

  const verify = (token: Secret, now: number) =>
    jwtVerify(token.reveal(), keys!, {
      ...{ algorithms: ['RS256'], issuer: url, audience, requiredClaims: ['exp', 'iat', 'nbf', 'jti', 'sub'] },
      ...{ clockTolerance: TOLERANCE, maxTokenAge: OLDEST, currentDate: new Date(now) },
    })

  return async (token) => {
    if (keys === null) {
      if (!mayAsk()) throw unavailable(triedAt + COOL_DOWN - clock.now())
      await renew()
    } else if (clock.now() - fetchedAt >= FRESH_FOR && mayAsk()) renew().catch(() => {})
    try {
      return (await verify(token, clock.now())).payload
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !mayAsk()) return { why: reasonOf(error, audience) }
    }
    // An issuer that cannot be asked has not said that the key is none of its.
    await renew().catch(() => {})
    return verify(token, clock.now()).then(
      ({ payload }) => payload,
      (error: unknown) => ({ why: reasonOf(error, audience) }),
    )
  }
}

/** Throws GITHUB_UNAVAILABLE for whatever is no list of keys. */
async function readKeys(url: string, fetch: typeof globalThis.fetch, clock: Clock): Promise<JSONWebKeySet> {
  const given = new AbortController()
  const stop = clock.after(PATIENCE, () => given.abort())
  try {
    const answer = await fetch(url, { redirect: 'error', headers: { accept: 'application/json' }, signal: given.signal })
    if (!answer.ok) throw new Error(`the issuer answered ${answer.status}`)
    const read = JSON.parse(await boundedText(answer)) as JSONWebKeySet
    const { length } = read.keys
    if (length === 0 || length > MOST_KEYS) throw new Error(`the issuer has ${length} keys`)
    return read
  } catch (error) {
    throw unavailable(COOL_DOWN, error)
  } finally {
    stop()
  }
}

async function boundedText(answer: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > LARGEST) throw new Error('the issuer’s keys have no end')
  }
  return text
}

/** What is wrong with it, and nothing of what stands in it. */
function reasonOf(error: unknown, audience: string): string {
  if (error instanceof errors.JWTExpired) return 'a token of GitHub Actions that is over'
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud')
    return `a token of GitHub Actions for another audience than ${audience}`
  if (error instanceof errors.JWTClaimValidationFailed) return `a token of GitHub Actions with a wrong claim ${error.claim}`
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey)
    return 'a token that GitHub Actions did not sign'
  if (error instanceof errors.JOSEError) return 'a token that is none of GitHub Actions'
  throw error
}

const unavailable = (retryAfter: number, cause?: unknown): Failure =>
  new Failure(
    'GITHUB_UNAVAILABLE',
    { sentence: 'The keys of GitHub Actions cannot be read.', next: 'Ask again in a minute.', retryAfter: Math.max(1_000, retryAfter) },
    cause,
  )
