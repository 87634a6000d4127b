import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Digest } from '../../src/registry/reference.ts'
import { digestOf } from './image.ts'
import type { Content } from './image.ts'

/** What a registry of the test world holds under one name. */
export interface Repository {
  readonly tags: Map<string, Digest>
  readonly manifests: Map<string, Content>
  readonly blobs: Map<string, Buffer>
}

export interface Upload {
  readonly url: URL
  readonly repository: string
  readonly kind: string
  readonly rest: string
  readonly held: Repository
}

/** The pushing half of the distribution protocol: blobs in one piece or in several, manifests by digest or tag. */
export class Uploads {
  #begun = new Map<string, Buffer>()

  async take(request: IncomingMessage, response: ServerResponse, upload: Upload): Promise<void> {
    const bytes = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
    if (upload.kind === 'manifests') return putManifest(bytes, request.headers['content-type'] ?? '', upload, response)
    const id = request.method === 'POST' ? randomBytes(8).toString('hex') : upload.rest.replace('uploads/', '')
    if (request.method === 'POST') this.#begun.set(id, Buffer.alloc(0))
    const before = this.#begun.get(id)
    if (!before) return fail(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry')
    const content = Buffer.concat([before, bytes])
    this.#begun.set(id, content)
    if (request.method === 'PUT') {
      this.#begun.delete(id)
      return putBlob(content, upload, response)
    }
    const location = `/v2/${upload.repository}/blobs/uploads/${id}`
    response.writeHead(202, { location, range: `0-${Math.max(0, content.length - 1)}`, 'docker-upload-uuid': id }).end()
  }
}

function putManifest(bytes: Buffer, mediaType: string, { repository, rest, held }: Upload, response: ServerResponse): void {
  const digest = digestOf(bytes)
  if (rest.startsWith('sha256:') && rest !== digest) return fail(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content')
  held.manifests.set(digest, { mediaType, bytes })
  if (!rest.startsWith('sha256:')) held.tags.set(rest, digest)
  response.writeHead(201, { 'docker-content-digest': digest, location: `/v2/${repository}/manifests/${digest}` }).end()
}

function putBlob(bytes: Buffer, { url, repository, held }: Upload, response: ServerResponse): void {
  const digest = digestOf(bytes)
  if (url.searchParams.get('digest') !== digest) return fail(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content')
  held.blobs.set(digest, bytes)
  response.writeHead(201, { 'docker-content-digest': digest, location: `/v2/${repository}/blobs/${digest}` }).end()
}

/** An error as the distribution specification shapes it. */
export function fail(response: ServerResponse, status: number, code: string, message: string): void {
  const body = JSON.stringify({ errors: [{ code, message }] })
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) }).end(body)
}
