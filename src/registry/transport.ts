import { Failure } from '../errors.ts'
import { isReserved } from './address.ts'
import { discard } from './body.ts'
import { pause, waitFor } from './doors.ts'
import type { Doors, Operation } from './doors.ts'
import { registryFailure } from './failure.ts'
import { codeOf, RESERVED_ADDRESS } from './network.ts'

/** One request that may be repeated at will: this client only reads, and token requests change nothing. */
export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** The value of the `Authorization` header; sent to `url`'s origin and to no other. */
  readonly authorization: string | null
  /** Whether a redirect may lead to another origin. */
  readonly mayLeave: boolean
  /** The registry chose the host of `url`, so that it must lead to a public address. */
  readonly isForeign?: boolean
}

export interface Answer {
  readonly response: Response
  /** A redirect led to another origin: this is not the registry speaking. */
  readonly hasLeft: boolean
}

export interface Transport {
  send(call: Call, operation: Operation): Promise<Answer>
}

/** `trustedOrigins`: where an administrator allows redirects to lead although the address is private. */
export function createTransport(doors: Doors, trustedOrigins: readonly string[]): Transport {
  return { send: (call, operation) => sendWithRetries(call, operation, doors, trustedOrigins) }
}

const HEADERS_WITHIN = 10_000 // ms
const MOST_ATTEMPTS = 4
const MOST_HOPS = 3
const RETRYABLE = new Set([408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524])

async function sendWithRetries(call: Call, operation: Operation, doors: Doors, trusted: readonly string[]): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await follow(call, operation, doors, trusted).catch(keepFailure)
    const delay = isWorthRepeating(outcome, attempt) ? delayBefore(attempt, outcome, doors) : null
    if (delay === null || doors.now() + delay >= operation.deadline) {
      if (outcome instanceof Failure) throw outcome
      return outcome
    }
    if (!(outcome instanceof Failure)) await discard(outcome.response)
    await pause(delay, doors, operation)
  }
}

function keepFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  throw error
}

function isWorthRepeating(outcome: Answer | Failure, attempt: number): boolean {
  if (attempt >= MOST_ATTEMPTS) return false
  if (outcome instanceof Failure) return outcome.problem.code === 'DNS_FAILED' ? attempt === 1 : outcome.problem.retryable
  const { status, headers } = outcome.response
  // Docker Hub's pull limit is a window of hours: waiting for it in here helps nobody.
  const isUsedUp = status === 429 && !headers.has('retry-after') && /^0\b/.test(headers.get('ratelimit-remaining') ?? '')
  return RETRYABLE.has(status) && !isUsedUp
}

/** What the other side asked for, unclamped; else full jitter: anything up to 0.5, 1, 2 … 20 s. */
function delayBefore(attempt: number, outcome: Answer | Failure, doors: Doors): number {
  const asked = outcome instanceof Failure ? undefined : retryAfter(outcome.response)
  return asked ?? doors.random() * Math.min(20_000, 500 * 2 ** (attempt - 1))
}

/** `Retry-After` in milliseconds. A date is read against the answer's own `Date`, so that no local clock is needed. */
export function retryAfter(response: Response): number | undefined {
  const text = response.headers.get('retry-after')?.trim()
  if (text === undefined || text === '') return undefined
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const wait = Date.parse(text) - Date.parse(response.headers.get('date') ?? '')
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}

/** Follows redirects by hand: runtimes differ in what they send along (workerd forwards `Authorization` before its date 2025-09-01). */
async function follow(call: Call, operation: Operation, doors: Doors, trusted: readonly string[]): Promise<Answer> {
  let url = call.url
  let hasLeft = false
  for (let hops = 0; ; hops += 1) {
    const isForeign = url.origin === call.url.origin ? call.isForeign === true : !trusted.includes(url.origin)
    const response = await request({ ...call, url, isForeign, authorization: hasLeft ? null : call.authorization }, operation, doors)
    const location = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get('location') : null
    if (location === null) return { response, hasLeft }
    await discard(response)
    const next = URL.canParse(location, url) ? new URL(location, url) : null
    const wrong = next === null ? 'an address that cannot be read' : hops === MOST_HOPS ? 'too many hops' : forbidden(url, next, call, trusted)
    if (next === null || wrong !== null) {
      throw registryFailure('REDIRECT_FORBIDDEN', operation.where, {
        found: next === null || wrong === 'too many hops' ? String(wrong) : `${next.origin}: ${wrong}`,
      })
    }
    hasLeft ||= next.origin !== call.url.origin
    url = next
  }
}

function forbidden(from: URL, to: URL, call: Call, trusted: readonly string[]): string | null {
  if (to.origin === call.url.origin && to.username === '' && to.password === '') return null
  if (!call.mayLeave) return 'another origin'
  if (to.username !== '' || to.password !== '') return 'an address with a user name'
  if (to.protocol !== 'https:' && to.protocol !== 'http:') return 'no web address'
  if (to.protocol === 'http:' && from.protocol === 'https:') return 'from https to http'
  return isReserved(to.hostname) && !trusted.includes(to.origin) ? 'a private address' : null
}

function request(call: Call, operation: Operation, doors: Doors): Promise<Response> {
  const headers = { ...call.headers, ...(call.authorization !== null && { authorization: call.authorization }) }
  const init = { method: call.method, headers, redirect: 'manual' as const, ...(call.body !== undefined && { body: call.body }) }
  const open = call.isForeign === true ? doors.publicFetch : doors.fetch
  const send = (signal: AbortSignal) => open(call.url.href, { ...init, signal }).catch((error: unknown) => refuseReserved(error, call, operation))
  return waitFor(send, HEADERS_WITHIN, doors, operation)
}

/** A token server and its redirects stay on one origin; only what may leave can have been redirected. */
function refuseReserved(error: unknown, { url, mayLeave }: Call, { where }: Operation): never {
  if (codeOf(error) !== RESERVED_ADDRESS) throw error
  throw registryFailure(mayLeave ? 'REDIRECT_FORBIDDEN' : 'REALM_FORBIDDEN', where, { found: `${url.origin}: a name of a private address` })
}
