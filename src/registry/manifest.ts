import { isObject, parseObject } from './answer.ts'
import { isDigest } from './reference.ts'
import type { Digest } from './reference.ts'

/** A pointer to content: the OCI image specification's descriptor. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
}

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant: string | null
}

export type Manifest =
  | { readonly kind: 'index'; readonly images: readonly { readonly descriptor: Descriptor; readonly platform: Platform }[] }
  | { readonly kind: 'image'; readonly config: Descriptor; readonly layers: readonly Descriptor[] }

const INDEX_TYPES = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'] as const
const IMAGE_TYPES = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'] as const

/** All four: without them registries deny that the manifest exists. */
export const ACCEPT = [...INDEX_TYPES, ...IMAGE_TYPES].join(', ')

/** Reads a manifest or an index; null where it is neither. Attestations and entries without a platform are no images. */
export function parseManifest(text: string): Manifest | null {
  const body = parseObject(text)
  if (body === null) return null
  if (Array.isArray(body['manifests'])) return { kind: 'index', images: body['manifests'].flatMap((entry: unknown) => parseEntry(entry) ?? []) }
  const config = parseDescriptor(body['config'])
  const layers = Array.isArray(body['layers']) ? body['layers'].map(parseDescriptor) : null
  if (config === null || layers === null || layers.includes(null)) return null
  return { kind: 'image', config, layers: layers.filter((layer) => layer !== null) }
}

/** The platform and the labels in an image's configuration. */
export function parseConfig(text: string): { readonly platform: Platform | null; readonly labels: Readonly<Record<string, string>> } | null {
  const body = parseObject(text)
  if (body === null) return null
  const labels = isObject(body['config']) && isObject(body['config']['Labels']) ? Object.entries(body['config']['Labels']) : []
  const texts = labels.filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return { platform: parsePlatform(body), labels: Object.fromEntries(texts) }
}

/** `linux/arm64/v8` */
export const formatPlatform = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, ...(variant === null ? [] : [variant])].join('/')

/** Whether an image for `offered` is what `wanted` (`linux/arm64`) means: arm64 is arm64/v8, arm is arm/v7, amd64 is amd64/v1. */
export function isPlatform(offered: Platform, wanted: string): boolean {
  const [os = '', architecture = '', variant = null] = wanted.split('/')
  const full = ({ os, architecture, variant }: Platform) => `${os}/${architecture}/${variant ?? PLAIN.get(architecture) ?? ''}`
  return full(offered) === full({ os, architecture, variant })
}

const PLAIN: ReadonlyMap<string, string> = new Map([
  ['arm64', 'v8'],
  ['arm', 'v7'],
  ['amd64', 'v1'],
])

function parseEntry(entry: unknown) {
  if (!isObject(entry)) return null
  const isAttestation = isObject(entry['annotations']) && 'vnd.docker.reference.type' in entry['annotations']
  const descriptor = parseDescriptor(entry)
  const platform = parsePlatform(entry['platform'])
  if (isAttestation || descriptor === null || platform === null || platform.os === 'unknown') return null
  return (IMAGE_TYPES as readonly string[]).includes(descriptor.mediaType) ? { descriptor, platform } : null
}

function parseDescriptor(value: unknown): Descriptor | null {
  if (!isObject(value)) return null
  const { mediaType, digest, size } = value
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isDigest(digest)) return null
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? { mediaType, digest, size } : null
}

function parsePlatform(value: unknown): Platform | null {
  if (!isObject(value)) return null
  const { os, architecture, variant } = value
  if (typeof os !== 'string' || typeof architecture !== 'string' || os === '') return null
  return { os, architecture, variant: typeof variant === 'string' && variant !== '' ? variant : null }
}
