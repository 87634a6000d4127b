import { Failure } from '../errors.ts'
import { isReserved } from './address.ts'
import { discard, readBody } from './body.ts'
import { pause, waitFor } from './doors.ts'
import type { Doors, Operation } from './doors.ts'
import { registryFailure } from './failure.ts'
import { createHosts } from './hosts.ts'
import type { Hosts } from './hosts.ts'
import { codeOf, RESERVED_ADDRESS } from './network.ts'
import { isFinal, isPassing, isUsedUp, retryAfter } from './patience.ts'

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
  /** The body, where it had to be read to know whether to try again; `response` can still be read. */
  readonly text?: string
}

export interface Transport {
  send(call: Call, operation: Operation): Promise<Answer>
}

/** `trustedOrigins`: where an administrator allows redirects to lead although the address is private. */
export function createTransport(doors: Doors, trustedOrigins: readonly string[]): Transport {
  const parts = { doors, trusted: trustedOrigins, hosts: createHosts(doors) }
  return { send: (call, operation) => sendWithRetries(call, operation, parts) }
}

interface Parts {
  readonly doors: Doors
  readonly trusted: readonly string[]
  readonly hosts: Hosts
}

const HEADERS_WITHIN = 10_000 // ms
const MOST_ATTEMPTS = 4
const MOST_HOPS = 5

async function sendWithRetries(call: Call, operation: Operation, parts: Parts): Promise<Answer> {
  const { doors, hosts } = parts
  const { origin } = call.url
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await hosts.enter(origin, operation, () => attemptOf(call, operation, parts)).catch(keepFailure)
    const wait = waitAfter(outcome, attempt, doors)
    // What a stranger says, or somebody whom a registry named, is no reason for others to wait.
    if (wait?.isForAll === true && call.isForeign !== true) hosts.backOff(origin, wait.ms)
    if (wait === null || wait.isTooLate || doors.now() + wait.ms >= operation.deadline) {
      if (outcome instanceof Failure) throw outcome
      return outcome
    }
    if (!(outcome instanceof Failure)) await discard(outcome.response)
    await pause(wait.ms, doors, operation)
  }
}

async function attemptOf(call: Call, operation: Operation, parts: Parts): Promise<Answer> {
  operation.trail.attempts += 1
  const answer = await follow(call, operation, parts)
  return READ_FIRST.has(answer.response.status) && call.method !== 'HEAD' ? readAhead(answer, operation, parts.doors) : answer
}

function keepFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  throw error
}

interface Wait {
  readonly ms: number
  /** Everybody who asks there waits, not only this request. */
  readonly isForAll: boolean
  /** It has been tried often enough, or cannot get better within minutes. */
  readonly isTooLate: boolean
}

/** How long to wait before trying again; null where that is of no use. */
function waitAfter(outcome: Answer | Failure, attempt: number, doors: Doors): Wait | null {
  const isTooLate = attempt >= MOST_ATTEMPTS
  // Full jitter: anything up to 0.5, 1, 2 … 20 s.
  const jitter = doors.random() * Math.min(20_000, 500 * 2 ** (attempt - 1))
  if (outcome instanceof Failure) {
    const { code, retryable, retryAfter } = outcome.problem
    // A name server may have a bad moment; a name that does not exist a second time does not exist.
    if (code === 'DNS_FAILED' ? attempt > 1 : !retryable || retryAfter !== undefined) return null
    return { ms: jitter, isForAll: false, isTooLate }
  }
  const { response, text = '' } = outcome
  if (!isPassing(response.status) || isFinal(response, text)) return null
  const asked = retryAfter(response, text)
  return {
    ms: asked ?? jitter,
    isForAll: !outcome.hasLeft && (response.status === 429 || asked !== undefined),
    isTooLate: isTooLate || isUsedUp(response, text),
  }
}

/** Follows redirects by hand: runtimes differ in what they send along (workerd forwards `Authorization` before its date 2025-09-01). */
async function follow(call: Call, operation: Operation, { doors, trusted }: Parts): Promise<Answer> {
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

/** Whether these come again depends on their words. */
const READ_FIRST = new Set([429, 500])
const MOST_BYTES = 64 * 1024

async function readAhead(answer: Answer, operation: Operation, doors: Doors): Promise<Answer> {
  const { status, headers } = answer.response
  const { bytes } = await readBody(answer.response, MOST_BYTES, doors, operation)
  return { ...answer, response: new Response(bytes, { status, headers }), text: new TextDecoder().decode(bytes) }
}
