import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { packTar } from 'modern-tar'
import type { Digest } from '../../src/registry/reference.ts'

/** Files of one layer: path → content, `null` for a folder. */
export type LayerFiles = Readonly<Record<string, string | Uint8Array | null>>

export interface ImageOptions {
  /** With any named, the image is an index with one manifest for each and an attestation; without, a single manifest for linux/amd64. */
  readonly platforms?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  /** Further layers above the first. */
  readonly above?: readonly LayerFiles[]
}

export interface Content {
  readonly mediaType: string
  readonly bytes: Buffer
}

/** A whole image in memory: everything that a registry needs in order to serve it. */
export interface Image {
  /** Of the index, or of the single manifest. */
  readonly digest: Digest
  readonly manifests: ReadonlyMap<Digest, Content>
  readonly blobs: ReadonlyMap<Digest, Buffer>
}

/** A real OCI image with gzipped tar layers. The same arguments give the same digests. */
export async function buildImage(files: LayerFiles, options: ImageOptions = {}): Promise<Image> {
  const layers = await Promise.all([files, ...(options.above ?? [])].map(packLayer))
  const manifests = new Map<Digest, Content>()
  const blobs = new Map<Digest, Buffer>(layers.map(({ gzipped }) => [digestOf(gzipped), gzipped]))
  const children = (options.platforms ?? ['linux/amd64']).map((platform) => {
    const config = json(configOf(platform, layers, options.labels ?? {}))
    blobs.set(digestOf(config), config)
    const manifest = json(manifestOf(config, layers))
    manifests.set(digestOf(manifest), { mediaType: MANIFEST, bytes: manifest })
    return { ...descriptor(MANIFEST, manifest), platform: platformOf(platform) }
  })
  if (options.platforms === undefined) return { digest: children[0]?.digest as Digest, manifests, blobs }
  // What buildx adds: it is for platform unknown/unknown, and no image.
  const attestation = json({ ...manifestOf(Buffer.from('{}'), layers), annotations: { made: 'by buildx' } })
  blobs.set(digestOf(Buffer.from('{}')), Buffer.from('{}'))
  manifests.set(digestOf(attestation), { mediaType: MANIFEST, bytes: attestation })
  const annotations = { 'vnd.docker.reference.type': 'attestation-manifest' }
  const extra = { ...descriptor(MANIFEST, attestation), platform: platformOf('unknown/unknown'), annotations }
  const index = json({ schemaVersion: 2, mediaType: INDEX, manifests: [extra, ...children] })
  manifests.set(digestOf(index), { mediaType: INDEX, bytes: index })
  return { digest: digestOf(index), manifests, blobs }
}

export const digestOf = (bytes: Uint8Array): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Pushes as any client does: the blobs, the manifests by digest, at last the tag. */
export async function pushImage(origin: string, repository: string, tag: string, image: Image, authorization?: string): Promise<void> {
  const headers = authorization === undefined ? {} : { authorization }
  for (const [digest, bytes] of image.blobs) {
    const start = await expectStatus(202, fetch(`${origin}/v2/${repository}/blobs/uploads/`, { method: 'POST', headers }))
    const to = new URL(start.headers.get('location') ?? '', origin)
    to.searchParams.set('digest', digest)
    await expectStatus(
      201,
      fetch(to, { method: 'PUT', headers: { ...headers, 'content-type': 'application/octet-stream' }, body: new Uint8Array(bytes) }),
    )
  }
  const named = [...image.manifests].map(([digest, content]) => [digest, content] as const)
  const last = image.manifests.get(image.digest)
  for (const [reference, content] of [...named, ...(last ? [[tag, last] as const] : [])]) {
    const url = `${origin}/v2/${repository}/manifests/${reference}`
    await expectStatus(
      201,
      fetch(url, { method: 'PUT', headers: { ...headers, 'content-type': content.mediaType }, body: new Uint8Array(content.bytes) }),
    )
  }
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'

interface PackedLayer {
  readonly tar: Uint8Array
  readonly gzipped: Buffer
}

async function packLayer(files: LayerFiles): Promise<PackedLayer> {
  const entries = Object.entries(files).map(([path, content]) => {
    const mtime = new Date(0)
    if (content === null) return { header: { name: `${path}/`, type: 'directory' as const, size: 0, mode: 0o755, mtime } }
    const body = typeof content === 'string' ? new TextEncoder().encode(content) : content
    return { header: { name: path, size: body.length, mode: 0o644, mtime }, body }
  })
  const tar = await packTar(entries)
  return { tar, gzipped: gzipSync(tar) }
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

const descriptor = (mediaType: string, bytes: Uint8Array) => ({ mediaType, digest: digestOf(bytes), size: bytes.length })

const manifestOf = (config: Buffer, layers: readonly PackedLayer[]) => ({
  schemaVersion: 2,
  mediaType: MANIFEST,
  config: descriptor('application/vnd.oci.image.config.v1+json', config),
  layers: layers.map(({ gzipped }) => descriptor('application/vnd.oci.image.layer.v1.tar+gzip', gzipped)),
})

const configOf = (platform: string, layers: readonly PackedLayer[], labels: Readonly<Record<string, string>>) => ({
  ...platformOf(platform),
  config: { Labels: labels },
  rootfs: { type: 'layers', diff_ids: layers.map(({ tar }) => digestOf(tar)) },
})

function platformOf(platform: string) {
  const [os = '', architecture = '', variant] = platform.split('/')
  return { os, architecture, ...(variant !== undefined && { variant }) }
}

async function expectStatus(status: number, answer: Promise<Response>): Promise<Response> {
  const response = await answer
  if (response.status === status) return response
  throw new Error(`push: ${response.url} answered ${response.status}: ${await response.text()}`)
}
