import { Buffer } from 'node:buffer'
import { Secret } from '../../../src/secret.ts'
import type { Credential } from '../../../src/registry/credential.ts'
import { buildImage } from '../image.ts'
import type { Random } from '../random.ts'
import { challengeHeader } from './challenges.ts'
import { address } from './places.ts'
import type { Place } from './places.ts'
import { forHeader, noise } from './text.ts'
import type { TokenAnswer } from './token-answers.ts'

const PASSWORD = 'correct-horse-battery'
const IDENTITY = 'long-lived-identity'
export const credentials: readonly Credential[] = [
  { kind: 'basic', username: 'alice', password: new Secret(PASSWORD) },
  { kind: 'identity', token: new Secret(IDENTITY) },
  { kind: 'anonymous' },
]
/** In every spelling that is ever sent. */
export const STORED = [PASSWORD, IDENTITY, btoa(`alice:${PASSWORD}`), btoa(`<token>:${IDENTITY}`)]

export const image = await buildImage({ 'index.html': 'hello' }, { labels: { a: 'b' } })

/** One request as it left, and what came back: a status, or `nothing` where the network failed or nobody answered. */
export interface Sent {
  readonly url: URL
  readonly method: string
  readonly authorization: string | null
  /** All that was sent, to be searched for secrets. */
  readonly text: string
  /** By the door for hosts that nobody but the registry named. */
  readonly isPublic: boolean
  answer: number | 'nothing'
}

/** What the others in a world are like. */
export interface Manners {
  readonly place: Place
  /** How often something else comes than what the request was for. */
  readonly malice: number
  challenge(): string
  token(): TokenAnswer
}

/** A registry, token servers and thieves, in memory: whatever host is asked, somebody here answers. */
export class HostileWorld {
  readonly sent: Sent[] = []
  /** Bearer tokens that somebody got. */
  readonly tokens: string[] = []
  /** Somebody let us wait for ever. */
  isSilent = false
  readonly #random: Random
  readonly #manners: Manners

  constructor(random: Random, manners: Manners) {
    this.#random = random
    this.#manners = manners
  }

  door(isPublic: boolean): typeof fetch {
    return async (input, init) => {
      const url = new URL(input as string)
      const headers = new Headers(init?.headers) // throws where fetch does
      const method = init?.method ?? ''
      const text = JSON.stringify([url, [...headers], init?.body])
      const sent: Sent = { url, method, authorization: headers.get('authorization'), text, isPublic, answer: 'nothing' }
      this.sent.push(sent)
      const response = await this.#answer(sent)
      sent.answer = response.status
      return response
    }
  }

  async #answer(sent: Sent): Promise<Response> {
    if (this.#random.chance(this.#manners.malice)) return this.#trouble(sent)
    const { origin } = this.#manners.place
    if (sent.url.origin !== origin || !sent.url.pathname.startsWith('/v2/')) return this.#token(sent)
    return sent.authorization === null ? this.#challenge(sent) : content(sent)
  }

  #challenge({ method }: Sent): Response {
    const body = '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'
    return reply(method, 401, { 'www-authenticate': this.#manners.challenge() }, body)
  }

  #token({ method }: Sent): Response {
    const { body, type, token } = this.#manners.token()
    if (token !== null) this.tokens.push(token)
    return reply(method, 200, { 'content-type': type, date: this.#random.pick(DATES) }, body)
  }

  #trouble(sent: Sent): Response | Promise<Response> {
    const random = this.#random
    const kind = random.next()
    if (kind < 0.35) return reply(sent.method, random.pick([301, 302, 303, 307, 308]), { location: this.#elsewhere() }, '')
    if (kind < 0.55) return this.#challenge(sent)
    if (kind < 0.6) return Promise.reject(networkError(random))
    if (kind < 0.63) return this.#silence()
    if (kind < 0.65) return reply(sent.method, 200, {}, this.#stalls())
    return reply(sent.method, random.pick(STATUSES), this.#headers(), this.#words(sent))
  }

  readonly #elsewhere = () => {
    const { place } = this.#manners
    return forHeader(this.#random.chance(0.9) ? address(this.#random, place) : noise(this.#random, 60))
  }

  #silence(): Promise<Response> {
    this.isSilent = true
    return new Promise(() => {})
  }

  /** A body that begins, and then neither goes on nor ends; or it breaks. */
  #stalls(): ReadableStream<Uint8Array> {
    const breaks = this.#random.chance(0.5)
    this.isSilent ||= !breaks
    return new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"to')),
      pull: () => (breaks ? Promise.reject(new TypeError('terminated')) : new Promise(() => {})),
    })
  }

  #headers(): Record<string, string> {
    const random = this.#random
    return {
      ...(random.chance(0.3) && { 'www-authenticate': challengeHeader(random, this.#manners.place) }),
      ...(random.chance(0.3) && {
        'retry-after': random.pick(['0', '3', '29', '31', '-1', 'soon', '9'.repeat(30), 'Fri, 31 Dec 2027 23:59:59 GMT']),
      }),
      ...(random.chance(0.2) && { 'docker-content-digest': random.pick([image.digest, 'sha256:', `sha512:${'0'.repeat(128)}`]) }),
      ...(random.chance(0.2) && { 'ratelimit-remaining': random.pick(['0;w=21600', '5', 'x']) }),
      ...(random.chance(0.3) && { date: random.pick(DATES) }),
    }
  }

  /** Sends back what it was sent, among other things. */
  #words({ authorization, text }: Sent): string {
    const secret = authorization?.replace(/^\w+ /, '') ?? STORED.find((one) => text.includes(one)) ?? ''
    const decoded = authorization?.startsWith('Basic ') === true ? atob(secret) : secret
    const bodies = [
      () => JSON.stringify({ errors: [{ code: 'DENIED', message: `no: ${secret} ${decoded}` }] }),
      () => JSON.stringify({ errors: [{ code: decoded, message: secret }] }),
      () => JSON.stringify({ details: decoded, message: secret }),
      () => `<html><h1>${decoded}</h1>${secret}</html>`,
      () => `${' '.repeat(this.#random.below(2_100))}${secret}`,
      () => JSON.stringify({ errors: [null] }),
      () => '{"errors":[{"code":1,"message":[]}]}',
      () => 'your authorization token has expired',
      () => 'toomanyrequests: retry-after: 985.86µs, allowed: 44000/minute',
      () => noise(this.#random, 300),
      () => 'x'.repeat(70_000),
    ]
    return this.#random.pick(bodies)()
  }
}

const DATES = ['Mon, 23 Nov 2026 12:00:00 GMT', 'Thu, 01 Jan 1970 00:00:00 GMT', 'Mon, 23 Nov 2026 12:02:00 GMT', 'never', '']
const STATUSES = [
  200, 200, 201, 204, 206, 226, 300, 302, 304, 305, 400, 400, 401, 401, 402, 403, 403, 404, 404, 405, 408, 412, 418, 425, 429, 429, 499, 500, 501,
  503, 504, 520, 599,
]

/** What an honest registry says to somebody who may read. */
function content({ url, method }: Sent): Response {
  const [, kind, name = ''] = /\/(manifests|blobs|tags)\/(.*)$/.exec(url.pathname) ?? []
  if (kind === 'tags') return reply(method, 200, {}, '{"tags":["1",2,null]}')
  const digest = (name.startsWith('sha256:') ? name : image.digest) as typeof image.digest
  const manifest = image.manifests.get(digest)
  const bytes = kind === 'manifests' ? manifest?.bytes : image.blobs.get(digest)
  if (bytes === undefined) return reply(method, 404, {}, '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
  return reply(method, 200, { 'content-type': manifest?.mediaType ?? '', 'docker-content-digest': digest }, Buffer.from(bytes))
}

function reply(method: string, status: number, headers: Record<string, string>, body: BodyInit): Response {
  const isBodiless = method === 'HEAD' || [204, 205, 304].includes(status)
  return new Response(isBodiless ? null : body, { status, headers })
}

function networkError(random: Random): Error {
  const code = random.pick([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'CERT_HAS_EXPIRED',
    'UND_ERR_SOCKET',
    'ERR_RESERVED_ADDRESS',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ])
  return random.pick([
    new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }),
    new Error('Network connection lost.'),
    new Error('internal error; reference = abc'),
  ])
}
