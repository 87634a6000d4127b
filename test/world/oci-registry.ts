import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Digest } from '../../src/registry/reference.ts'
import { buildImage, pushImage } from './image.ts'
import type { Image, ImageOptions, LayerFiles } from './image.ts'
import { fail, Uploads } from './oci-uploads.ts'
import type { Repository } from './oci-uploads.ts'
import { accountOf, allows, grant } from './registry-accounts.ts'
import type { Access, Account } from './registry-accounts.ts'

export interface OciRegistryOptions {
  readonly auth?: 'open' | 'basic' | 'bearer'
  readonly accounts?: readonly Account[]
  /** Repositories that anybody may pull, with an anonymous token (bearer). */
  readonly public?: readonly string[]
  /** Seconds that a token lives. */
  readonly tokenLife?: number
}

/** Ways in which registries misbehave; a test sets what it is about. */
export interface Quirks {
  /** Instead of the true `Docker-Content-Digest`; null leaves it out. */
  digestHeader?: string | null
  /** Instead of the whole `WWW-Authenticate`; null leaves it out. */
  challenge?: string | null
  /** Instead of the registry's own `/token`. */
  realm?: string
  /** Instead of the token server's JSON. */
  tokenAnswer?: { readonly status: number; readonly type: string; readonly body: string }
  /** Serves this many bytes of each blob, then closes the connection. */
  cutsBlobsAt?: number
  /** Adds a byte to each manifest. */
  corruptsManifests?: boolean
  /** Changes the last byte of each blob. */
  corruptsBlobs?: boolean
  /** Sends blob requests elsewhere (307). */
  redirectsBlobsTo?: string
  /** HEAD of a manifest answers this. */
  headAnswers?: number
  /** Awaited before every answer: a slow registry, or one during whose work something else happens. */
  pause?: (request: SeenRequest) => Promise<unknown>
}

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
}

/**
 * An OCI distribution registry in this process, over real HTTP on loopback: as strict about digests, `Accept`, passwords, scopes and
 * expiry as docker-registry, whose contract suite it passes. Has a token server of its own at `/token`.
 */
export class OciRegistry {
  readonly quirks: Quirks = {}
  readonly requests: SeenRequest[] = []
  host = ''
  #server: Server
  #repositories = new Map<string, Repository>()
  #uploads = new Uploads()
  #tokens = new Map<string, { readonly access: readonly Access[]; readonly until: number }>()
  #troubles: { readonly answer: number; readonly headers: Readonly<Record<string, string>>; readonly match: RegExp; left: number }[] = []
  #options: OciRegistryOptions

  constructor(options: OciRegistryOptions) {
    this.#options = options
    this.#server = this.#serve()
  }

  /** `127.0.0.1:PORT/acme/shop` */
  name(repository: string): string {
    return `${this.host}/${repository}`
  }

  get origin(): string {
    return `http://${this.host}`
  }

  /** `acme/shop:1.2` exists from now on, and stands for these files; a tag that existed is re-pointed. */
  async has(name: string, files: LayerFiles, options: ImageOptions = {}): Promise<Digest> {
    return this.holds(name, await buildImage(files, options))
  }

  holds(name: string, image: Image): Digest {
    const { repository, tag } = this.#split(name)
    const held = this.#open(repository)
    for (const [digest, content] of image.manifests) held.manifests.set(digest, content)
    for (const [digest, bytes] of image.blobs) held.blobs.set(digest, bytes)
    held.tags.set(tag, image.digest)
    return image.digest
  }

  /** As `has`, but through the registry's own front door, as a person pushes. */
  async receives(name: string, files: LayerFiles, options: ImageOptions = {}, authorization?: string): Promise<Digest> {
    const { repository, tag } = this.#split(name)
    const image = await buildImage(files, options)
    await pushImage(this.origin, repository, tag, image, authorization)
    return image.digest
  }

  hasDigest(repository: string, digest: string): boolean {
    return this.#repositories.get(repository)?.manifests.has(digest) ?? false
  }

  digestOf(name: string): Digest {
    const { repository, tag } = this.#split(name)
    const digest = this.#repositories.get(repository)?.tags.get(tag)
    if (digest === undefined) throw new Error(`the registry has no ${name}`)
    return digest
  }

  /** The tags that stand for a digest now. */
  tagsOf(repository: string, digest: string): readonly string[] {
    return [...(this.#repositories.get(repository)?.tags ?? [])].flatMap(([tag, named]) => (named === digest ? [tag] : []))
  }

  forgets(name: string): void {
    const { repository, tag } = this.#split(name)
    this.#repositories.get(repository)?.tags.delete(tag)
  }

  /** `registry.answers(503).times(2)`, `registry.answers(429, { 'retry-after': '1' }).to(/token/)`: once, unless said otherwise. */
  answers(status: number, headers: Readonly<Record<string, string>> = {}) {
    const trouble = { answer: status, headers, match: /./, left: 1 }
    this.#troubles.push(trouble)
    const words = {
      times: (count: number) => ((trouble.left = count), words),
      always: () => ((trouble.left = Number.POSITIVE_INFINITY), words),
      /** Matched against `GET /v2/acme/shop/manifests/1.2`. */
      to: (match: RegExp) => ((trouble.match = match), words),
    }
    return words
  }

  /** Every token handed out so far is refused from now on. */
  revokesTokens(): void {
    this.#tokens.clear()
  }

  /** Connections are refused until `comesBack`. */
  async goesDown(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async comesBack(): Promise<void> {
    const [, port] = this.host.split(':')
    this.#server = this.#serve()
    this.#server.listen(Number(port ?? 0), '127.0.0.1')
    await once(this.#server, 'listening')
    this.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  #serve(): Server {
    return createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => response.destroy(error as Error))
    })
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin)
    const { method = 'GET', headers } = request
    const seen = { method, path: url.pathname, authorization: headers.authorization }
    this.requests.push(seen)
    await this.quirks.pause?.(seen)
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0')
    const trouble = this.#troubles.find(({ match, left }) => left > 0 && match.test(`${method} ${url.pathname}`))
    if (trouble) {
      trouble.left -= 1
      return fail(response.setHeaders(new Map(Object.entries(trouble.headers))), trouble.answer, 'UNAVAILABLE', 'trouble')
    }
    if (url.pathname === '/token') return this.#token(request, url, response)
    const path = /^\/v2\/(?:(.+)\/(manifests|blobs|tags)\/(.*))?$/.exec(url.pathname)
    if (!path) return void response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n')
    const [, repository = '', kind, rest = ''] = path
    const isReading = method === 'GET' || method === 'HEAD'
    const wanted = isReading ? ['pull'] : ['pull', 'push']
    if (this.#challenges(repository, wanted, headers.authorization, response)) return
    if (kind === undefined) return void response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    const held = this.#repositories.get(repository)
    if (kind === 'tags') return tags(repository, held, response)
    if (!isReading) return this.#uploads.take(request, response, { url, repository, kind, rest, held: this.#open(repository) })
    return kind === 'manifests' ? this.#manifest(method, rest, held, headers.accept ?? '', response) : this.#blob(method, rest, held, response)
  }

  /** Whether the request was answered with a 401. */
  #challenges(repository: string, wanted: readonly string[], authorization: string | undefined, response: ServerResponse): boolean {
    const { auth = 'open', accounts = [] } = this.#options
    if (auth === 'open') return false
    const account = accountOf(authorization, accounts)
    if (auth === 'basic' && account && (repository === '' || allows(account.repositories, repository))) return false
    const error = auth === 'bearer' ? this.#judgeToken(authorization, repository, wanted) : undefined
    if (error === null) return false
    const { realm = `${this.origin}/token` } = this.quirks
    const scope = repository === '' ? '' : `,scope="repository:${repository}:${wanted.join(',')}"`
    const bearer = `Bearer realm="${realm}",service="gantry.test"${scope}${error === undefined ? '' : `,error="${error}"`}`
    const challenge = this.quirks.challenge === undefined ? (auth === 'basic' ? 'Basic realm="a \\"quoted\\" realm"' : bearer) : this.quirks.challenge
    if (challenge !== null) response.setHeader('WWW-Authenticate', challenge)
    fail(response, 401, 'UNAUTHORIZED', 'authentication required')
    return true
  }

  /** Null for a token that is good enough, undefined for none at all. */
  #judgeToken(
    authorization: string | undefined,
    repository: string,
    wanted: readonly string[],
  ): 'invalid_token' | 'insufficient_scope' | null | undefined {
    const [scheme = '', value = ''] = authorization?.split(' ') ?? []
    if (scheme.toLowerCase() !== 'bearer') return undefined
    const token = this.#tokens.get(value)
    if (!token || token.until < performance.now()) return 'invalid_token'
    const isAllowed =
      repository === '' || token.access.some(({ name, actions }) => name === repository && wanted.every((action) => actions.includes(action)))
    return isAllowed ? null : 'insufficient_scope'
  }

  async #token(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const { accounts = [], public: open = [], tokenLife = 300 } = this.#options
    const { tokenAnswer } = this.quirks
    if (tokenAnswer) return void response.writeHead(tokenAnswer.status, { 'content-type': tokenAnswer.type }).end(tokenAnswer.body)
    const form = new URLSearchParams(
      request.method === 'POST' ? Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString() : '',
    )
    const asked = request.method === 'POST' ? form : url.searchParams
    const byIdentity = accounts.find(({ identity }) => identity !== undefined && identity === form.get('refresh_token')) ?? null
    const account = request.method === 'POST' ? byIdentity : accountOf(request.headers.authorization, accounts)
    if (account === null) {
      response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Basic realm="token server"' })
      return void response.end('{"details":"incorrect username or password"}')
    }
    if (asked.get('service') !== 'gantry.test') return fail(response, 400, 'UNSUPPORTED', 'another service')
    const token = randomBytes(24).toString('base64url')
    this.#tokens.set(token, {
      access: grant(
        asked.getAll('scope').flatMap((scopes) => scopes.split(' ')),
        account ?? null,
        open,
      ),
      until: performance.now() + tokenLife * 1000,
    })
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token, expires_in: tokenLife }))
  }

  #manifest(method: string, reference: string, held: Repository | undefined, accept: string, response: ServerResponse): void {
    const digest = held?.tags.get(reference) ?? reference
    const content = held?.manifests.get(digest)
    if (!content) return fail(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown')
    if (!accept.includes(content.mediaType)) {
      return fail(response, 404, 'MANIFEST_UNKNOWN', 'OCI manifest found, but accept header does not support OCI manifests')
    }
    if (method === 'HEAD' && this.quirks.headAnswers) return void response.writeHead(this.quirks.headAnswers).end()
    const { digestHeader = digest } = this.quirks
    if (digestHeader !== null) response.setHeader('Docker-Content-Digest', digestHeader)
    const bytes = this.quirks.corruptsManifests ? Buffer.concat([content.bytes, Buffer.from(' ')]) : content.bytes
    response.writeHead(200, { 'content-type': content.mediaType, 'content-length': bytes.length, etag: `"${digest}"` })
    response.end(method === 'HEAD' ? undefined : bytes)
  }

  #blob(method: string, digest: string, held: Repository | undefined, response: ServerResponse): void {
    const { redirectsBlobsTo, cutsBlobsAt, corruptsBlobs } = this.quirks
    if (redirectsBlobsTo !== undefined) return void response.writeHead(307, { location: redirectsBlobsTo }).end()
    const blob = held?.blobs.get(digest)
    if (!blob) return fail(response, 404, 'BLOB_UNKNOWN', 'blob unknown to registry')
    const headers = { 'content-type': 'application/octet-stream', 'content-length': blob.length, 'docker-content-digest': digest }
    response.writeHead(200, headers)
    if (method === 'HEAD') return void response.end()
    if (cutsBlobsAt !== undefined) return void response.write(blob.subarray(0, cutsBlobsAt), () => response.destroy())
    response.end(corruptsBlobs ? Buffer.concat([blob.subarray(0, -1), Buffer.from([(blob.at(-1) ?? 0) ^ 1])]) : blob)
  }

  #open(repository: string): Repository {
    const held = this.#repositories.get(repository) ?? { tags: new Map(), manifests: new Map(), blobs: new Map() }
    this.#repositories.set(repository, held)
    return held
  }

  /** With or without the host before it. */
  #split(name: string): { repository: string; tag: string } {
    const [repository = '', tag = 'latest'] = name.replace(`${this.host}/`, '').split(':')
    return { repository, tag }
  }
}

export async function startOciRegistry(options: OciRegistryOptions = {}): Promise<OciRegistry> {
  const registry = new OciRegistry(options)
  await registry.comesBack()
  return registry
}

function tags(repository: string, held: Repository | undefined, response: ServerResponse): void {
  if (!held) return fail(response, 404, 'NAME_UNKNOWN', 'repository name not known to registry')
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ name: repository, tags: [...held.tags.keys()].toSorted() }))
}
