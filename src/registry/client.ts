import { Failure, Refusal } from '../errors.ts'
import { registryOrigin } from './address.ts'
import { digestOf, algorithmOf, discard, readBody, verified } from './body.ts'
import { lintCredential } from './credential.ts'
import type { Credential } from './credential.ts'
import type { Doors, Operation } from './doors.ts'
import { registryFailure } from './failure.ts'
import { keychainFor } from './keychains/index.ts'
import { ACCEPT, formatPlatform, isPlatform, parseConfig, parseManifest } from './manifest.ts'
import type { Descriptor, Manifest, Platform } from './manifest.ts'
import { canonicalRepository, formatReference, isDigest, parseReference } from './reference.ts'
import type { Digest, Reference } from './reference.ts'
import { refused } from './refused.ts'
import type { Visit as Asked } from './refused.ts'
import { openSession } from './session.ts'
import type { Offer } from './session.ts'
import { createTokens } from './token.ts'
import { createTransport } from './transport.ts'

/** What an administrator allows beyond the defaults. */
export interface RegistryRules {
  /** Registries (`host` or `host:port`) that are spoken to in plain HTTP; loopback always is. */
  readonly plainHttp?: readonly string[]
  /** Origins that credentials may be sent to when a registry names them as its token server. */
  readonly trustedRealms?: readonly string[]
  /** Origins on private addresses that a registry may redirect downloads to. */
  readonly trustedStorage?: readonly string[]
}

interface Asking {
  readonly credential: Credential
  /** Whose credential it is; tokens are not shared between tenants. */
  readonly tenant?: string
  readonly signal?: AbortSignal
  /** Told of each thing that was found out, in words, without secrets. */
  readonly onStep?: (line: string) => void
}

interface Resolved {
  /** What the reference stands for; an index's own digest where it is one. */
  readonly digest: Digest
  readonly mediaType: string
  /** Of the manifest, in bytes; null where the registry does not say. */
  readonly size: number | null
  /** The image for the platform that was asked for, with its own digest; null where none was. */
  readonly platform: (Platform & { readonly digest: Digest }) | null
  /** The image's labels; null where they were not asked for. */
  readonly labels: Readonly<Record<string, string>> | null
}

interface RemoteLayer extends Descriptor {
  /** The bytes as stored; the stream errors with DIGEST_MISMATCH if they are not those of `digest`. */
  open(): Promise<ReadableStream<Uint8Array>>
}

/** Reads images from registries. Whatever does not work is thrown as a `Failure`. */
export interface RegistryClient {
  /**
   * Fixes a reference to its digest: one HEAD where a token is at hand, three requests where not. `platform` (`linux/amd64`) or
   * `labels` cost the manifests and the configuration as well.
   */
  resolve(reference: Reference, asking: Asking & { readonly platform?: string | null; readonly labels?: boolean }): Promise<Resolved>
  /** The layers of an image, bottom first. `platform` chooses from an index; null takes its first image. */
  layers(repository: string, digest: Digest, asking: Asking & { readonly platform: string | null }): Promise<readonly RemoteLayer[]>
}

const WITHIN = 30_000 // ms, for everything but the bytes of a layer, which only must not stand still
const MANIFEST_BYTES = 4 * 1024 * 1024
// A proxy that compresses would change the length, and on some the digest header.
const ASKED = { accept: ACCEPT, 'accept-encoding': 'identity' }

export function createRegistryClient(doors: Doors, rules: RegistryRules = {}): RegistryClient {
  const transport = createTransport(doors, rules.trustedStorage ?? [])
  const tokens = createTokens(transport, doors)
  const offers = new Map<string, Offer>()

  function visit(reference: Reference, asking: Asking, deadline: number): Visit {
    const keychain = keychainFor(reference.registry)
    const refusal = lintCredential(reference.registry, asking.credential) ?? keychain.lint(reference.registry, asking.credential)
    if (refusal) throw new Failure(refusal.problem.code, refusal.problem)
    const where = { registry: reference.registry, image: formatReference(reference), grant: keychain.grant }
    const operation: Operation = { where, deadline, signal: asking.signal }
    const { credential, tenant = '' } = asking
    const origin = registryOrigin(reference.registry, rules.plainHttp ?? [])
    const parts = {
      origin,
      repository: reference.repository,
      credential,
      tenant,
      keychain,
      trustedRealms: rules.trustedRealms ?? [],
      transport,
      tokens,
      offers,
      doors,
    }
    return { reference, operation, session: openSession(parts, operation), doors, say: asking.onStep ?? (() => {}) }
  }

  return {
    async resolve(reference, asking) {
      const here = visit(reference, asking, doors.now() + WITHIN)
      const head = await headManifest(here)
      here.say(`${formatReference(reference)} is ${head.digest}`)
      if ((asking.platform ?? null) === null && asking.labels !== true)
        return { digest: head.digest, mediaType: head.mediaType, size: head.size, platform: null, labels: null }
      const { manifest } = head.fetched ?? (await getManifest(here, head.digest))
      const { image, labels } = await inspect(here, manifest, head.digest, asking.platform ?? null, asking.labels === true)
      if (asking.platform) here.say(`its image for ${asking.platform} is ${image.digest}`)
      return { digest: head.digest, mediaType: head.mediaType, size: head.size, platform: asking.platform ? image : null, labels }
    },

    async layers(repository, digest, asking) {
      const reference = parseReference(`${repository}@${digest}`)
      if (reference instanceof Refusal) throw new Failure('REFERENCE_INVALID', reference.problem)
      const here = visit(reference, asking, doors.now() + WITHIN)
      const image = await imageManifest(here, digest, asking.platform)
      return image.layers.map((layer) => ({ ...layer, open: async () => openBlob(visit(reference, asking, doors.now() + WITHIN), layer) }))
    },
  }
}

interface Visit extends Asked {
  say(line: string): void
}

interface Fetched {
  readonly manifest: Manifest
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
}

interface Head {
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number | null
  /** Where HEAD was not enough and the manifest had to be fetched anyway. */
  readonly fetched: Fetched | null
}

/** HEAD costs no pull at registries that count them; not every registry answers it, or says the digest in it. */
async function headManifest(here: Visit): Promise<Head> {
  const wanted = here.reference.digest ?? here.reference.tag
  if (wanted === null) throw registryFailure('REFERENCE_INVALID', here.operation.where)
  const reply = await here.session.send({ method: 'HEAD', path: manifestPath(here, wanted), headers: ASKED })
  const { status, headers } = reply.response
  await discard(reply.response)
  if (status === 401 || status === 429 || status >= 500) throw await refused(reply, here, wanted)
  const digest = headers.get('docker-content-digest') ?? ''
  if (status !== 200 || !isDigest(digest)) {
    const fetched = await getManifest(here, wanted)
    return { ...fetched, fetched }
  }
  if (here.reference.digest !== null && here.reference.digest !== digest) throw mismatch(here, here.reference.digest, digest)
  const length = headers.get('content-length')
  return { digest, mediaType: headers.get('content-type') ?? '', size: length === null ? null : Number(length), fetched: null }
}

async function getManifest(here: Visit, wanted: string): Promise<Fetched> {
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
async function inspect(here: Visit, manifest: Manifest, digest: Digest, platform: string | null, wantsLabels: boolean) {
  if (manifest.kind === 'index') {
    const chosen = choose(here, manifest, platform)
    const image = { ...chosen.platform, digest: chosen.descriptor.digest }
    if (!wantsLabels) return { image, labels: null }
    const child = await imageManifest(here, chosen.descriptor.digest, null)
    return { image, labels: (await readConfig(here, child.config)).labels }
  }
  const config = await readConfig(here, manifest.config)
  const offered = config.platform ?? { os: 'unknown', architecture: 'unknown', variant: null }
  if (platform !== null && !isPlatform(offered, platform)) throw missing(here, platform, [offered])
  return { image: { ...offered, digest }, labels: wantsLabels ? config.labels : null }
}

/** An index is followed once: one inside another is not an image. */
async function imageManifest(here: Visit, digest: Digest, platform: string | null): Promise<Extract<Manifest, { kind: 'image' }>> {
  const { manifest } = await getManifest(here, digest)
  if (manifest.kind === 'image') return manifest
  const child = await getManifest(here, choose(here, manifest, platform).descriptor.digest)
  if (child.manifest.kind === 'image') return child.manifest
  throw registryFailure('MEDIA_TYPE_NOT_ACCEPTED', here.operation.where, { found: 'an index inside an index' })
}

function choose(here: Visit, index: Extract<Manifest, { kind: 'index' }>, platform: string | null) {
  const chosen = platform === null ? index.images[0] : index.images.find((image) => isPlatform(image.platform, platform))
  if (chosen) return chosen
  throw missing(
    here,
    platform ?? 'any platform',
    index.images.map((image) => image.platform),
  )
}

async function readConfig(here: Visit, descriptor: Descriptor) {
  const stream = await openBlob(here, descriptor)
  const { bytes, isCut } = await readBody(new Response(stream), MANIFEST_BYTES, here.doors, here.operation)
  const config = isCut ? null : parseConfig(new TextDecoder().decode(bytes))
  if (config === null) throw registryFailure('MEDIA_TYPE_NOT_ACCEPTED', here.operation.where, { found: 'a configuration that cannot be read' })
  return config
}

async function openBlob(here: Visit, blob: Descriptor): Promise<ReadableStream<Uint8Array>> {
  const path = `/v2/${here.reference.repository}/blobs/${blob.digest}`
  const reply = await here.session.send({ method: 'GET', path, headers: { 'accept-encoding': 'identity' } })
  if (reply.response.status !== 200 || reply.response.body === null) throw await refused(reply, here, blob.digest)
  return verified(reply.response.body, blob, here.doors, { ...here.operation, deadline: Number.POSITIVE_INFINITY })
}

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
