import { clean } from './answer.ts'
import { algorithmOf, digestOf, discard, readBody, verified } from './body.ts'
import { registryFailure } from './failure.ts'
import { ACCEPT, formatPlatform, isPlatform, parseConfig, parseManifest } from './manifest.ts'
import type { Descriptor, Manifest, Platform } from './manifest.ts'
import { canonicalRepository, isDigest } from './reference.ts'
import type { Digest } from './reference.ts'
import { refused } from './refused.ts'
import type { Visit as Asked } from './refused.ts'

/** One visit to one registry for one image: what its manifests, configuration and layers are. */
export interface Visit extends Asked {
  say(line: string): void
  /** For what fails after the visit: a layer is read later. */
  report(error: unknown): Promise<void>
}

export interface Fetched {
  readonly manifest: Manifest
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
}

export interface Head {
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number | null
  /** Before a limit of the registry is met; null where it does not say. */
  readonly pullsLeft: number | null
  /** What the registry wants people to know (`Warning: 299 - "…"`); null where it says nothing. */
  readonly warning: string | null
  /** Where HEAD was not enough and the manifest had to be fetched anyway. */
  readonly fetched: Fetched | null
}

/** HEAD costs no pull at registries that count them; not every registry answers it, or says the digest in it. */
export async function headManifest(here: Visit): Promise<Head> {
  const wanted = here.reference.digest ?? here.reference.tag
  if (wanted === null) throw registryFailure('REFERENCE_INVALID', here.operation.where)
  const reply = await here.session.send({ method: 'HEAD', path: manifestPath(here, wanted), headers: ASKED })
  const { status, headers } = reply.response
  await discard(reply.response)
  if (status === 401 || status === 429 || (status >= 500 && status !== 501)) throw await refused(reply, here, wanted)
  const digest = headers.get('docker-content-digest') ?? ''
  if (status !== 200 || !isDigest(digest)) {
    const fetched = await getManifest(here, wanted)
    return { ...fetched, ...said(headers), fetched }
  }
  const asked = here.reference.digest
  if (asked !== null && asked !== digest) {
    if (algorithmOf(asked) === algorithmOf(digest)) throw mismatch(here, asked, digest)
    // The specification allows an answer in another algorithm: then only the bytes can tell.
    const fetched = await getManifest(here, asked)
    return { ...fetched, ...said(headers), fetched }
  }
  const length = headers.get('content-length')
  const size = length === null ? null : Number(length)
  return { digest, mediaType: headers.get('content-type') ?? '', size, ...said(headers), fetched: null }
}

/** What Docker Hub lets us pull before its window ends (`ratelimit-remaining: 76;w=21600`), and the specification's warnings. */
function said(headers: Headers): Pick<Head, 'pullsLeft' | 'warning'> {
  const left = /^\d+/.exec(headers.get('ratelimit-remaining') ?? '')?.[0]
  const warning = /^299 - "((?:[^"\\]|\\.)*)"/.exec(headers.get('warning')?.slice(0, 500) ?? '')?.[1]
  return { pullsLeft: left === undefined ? null : Number(left), warning: warning === undefined ? null : clean(warning, [], 200) }
}

export async function getManifest(here: Visit, wanted: string): Promise<Fetched> {
  const reply = await here.session.send({ method: 'GET', path: manifestPath(here, wanted), headers: ASKED })
  if (reply.response.status !== 200) throw await refused(reply, here, wanted)
  const { bytes, isCut } = await readBody(reply.response, MANIFEST_BYTES, here.doors, here.operation)
  if (isCut) throw registryFailure('REGISTRY_PROTOCOL_ERROR', here.operation.where, { found: `a manifest of more than ${MANIFEST_BYTES} bytes` })
  const said = reply.response.headers.get('docker-content-digest') ?? ''
  const expected = isDigest(wanted) ? wanted : isDigest(said) ? said : null
  const digest = await digestOf(bytes, expected === null ? 'sha256' : algorithmOf(expected))
  if (expected !== null && digest !== expected) throw mismatch(here, expected, digest)
  const mediaType = reply.response.headers.get('content-type') ?? ''
  const manifest = parseManifest(new TextDecoder().decode(bytes))
  if (manifest === null) throw registryFailure('MEDIA_TYPE_NOT_ACCEPTED', here.operation.where, { found: mediaType.slice(0, 100) })
  return { manifest, digest, mediaType, size: bytes.length }
}

/** The image for a platform, and its labels where they are wanted: from an index, or from a single image's configuration. */
export async function inspect(here: Visit, manifest: Manifest, digest: Digest, platform: string | null, wantsLabels: boolean) {
  if (manifest.kind === 'index') {
    const chosen = choose(here, manifest, platform)
    const image = { ...chosen.platform, digest: chosen.descriptor.digest }
    if (!wantsLabels) return { image, labels: null }
    const child = await imageManifest(here, chosen.descriptor.digest, null)
    return { image, labels: (await readConfig(here, child.config, null)).labels }
  }
  const config = await readConfig(here, manifest.config, platform)
  return { image: { ...(config.platform ?? UNKNOWN), digest }, labels: wantsLabels ? config.labels : null }
}

const UNKNOWN: Platform = { os: 'unknown', architecture: 'unknown', variant: null }

/** The manifest of the image for a platform; of an index's first image where any will do. */
export async function imageManifest(here: Visit, digest: Digest, platform: string | null): Promise<ImageManifest> {
  return pickImage(here, (await getManifest(here, digest)).manifest, platform)
}

/** An index is followed once: one inside another is not an image. */
export async function pickImage(here: Visit, manifest: Manifest, platform: string | null): Promise<ImageManifest> {
  if (manifest.kind === 'image') return manifest
  const child = await getManifest(here, choose(here, manifest, platform).descriptor.digest)
  if (child.manifest.kind === 'image') return child.manifest
  throw registryFailure('MEDIA_TYPE_NOT_ACCEPTED', here.operation.where, { found: 'an index inside an index' })
}

type ImageManifest = Extract<Manifest, { kind: 'image' }>

function choose(here: Visit, index: Extract<Manifest, { kind: 'index' }>, platform: string | null) {
  const chosen = platform === null ? index.images[0] : index.images.find((image) => isPlatform(image.platform, platform))
  if (chosen) return chosen
  throw missing(
    here,
    platform ?? 'any platform',
    index.images.map((image) => image.platform),
  )
}

/** Throws PLATFORM_MISSING where it is not for the platform that is wanted. */
export async function readConfig(here: Visit, descriptor: Descriptor, platform: string | null) {
  const stream = await openBlob(here, descriptor)
  const { bytes, isCut } = await readBody(new Response(stream), MANIFEST_BYTES, here.doors, here.operation)
  const config = isCut ? null : parseConfig(new TextDecoder().decode(bytes))
  if (config === null) throw registryFailure('MEDIA_TYPE_NOT_ACCEPTED', here.operation.where, { found: 'a configuration that cannot be read' })
  const offered = config.platform ?? UNKNOWN
  if (platform !== null && !isPlatform(offered, platform)) throw missing(here, platform, [offered])
  return config
}

export async function openBlob(here: Visit, blob: Descriptor): Promise<ReadableStream<Uint8Array>> {
  const path = `/v2/${here.reference.repository}/blobs/${blob.digest}`
  const reply = await here.session.send({ method: 'GET', path, headers: { 'accept-encoding': 'identity' } })
  if (reply.response.status !== 200 || reply.response.body === null) throw await refused(reply, here, blob.digest)
  return verified(reply.response.body, blob, here.doors, { ...here.operation, deadline: Number.POSITIVE_INFINITY }, here.report)
}

const MANIFEST_BYTES = 4 * 1024 * 1024
// A proxy that compresses would change the length, and on some the digest header.
const ASKED = { accept: ACCEPT, 'accept-encoding': 'identity' }

const manifestPath = (here: Visit, wanted: string): string => `/v2/${here.reference.repository}/manifests/${wanted}`

const mismatch = (here: Visit, wanted: Digest, found: Digest) => registryFailure('DIGEST_MISMATCH', here.operation.where, { found, wanted })

function missing(here: Visit, platform: string, offered: readonly Platform[]) {
  return registryFailure('PLATFORM_MISSING', here.operation.where, {
    sentence: `${canonicalRepository(here.reference)} has no image for ${platform}.`,
    found: offered.map(formatPlatform).join(', ').slice(0, 200) || 'no image at all',
    wanted: platform,
    next: `Build and push the image for ${platform} too (docker buildx build --platform ${platform}).`,
  })
}
