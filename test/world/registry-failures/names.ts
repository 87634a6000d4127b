import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '../../../src/registry/reference.ts'
import { buildImage, digestOf } from '../image.ts'
import type { Image } from '../image.ts'
import { atBearer, errorBody, jsonHeaders } from './cause.ts'
import type { Cause } from './cause.ts'

const INDEX = 'application/vnd.oci.image.index.v1+json'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

/** An image whose configuration is something else. */
async function withConfig(content: string): Promise<Image> {
  const image = await buildImage({ 'index.html': 'odd' })
  const [manifest] = [...image.manifests.values()].map(({ bytes }) => JSON.parse(bytes.toString()) as object)
  const config = Buffer.from(content)
  const bytes = Buffer.from(JSON.stringify({ ...manifest, config: { mediaType: 'text/plain', digest: digestOf(config), size: config.length } }))
  const digest = digestOf(bytes)
  return { digest, manifests: new Map([[digest, { mediaType: MANIFEST, bytes }]]), blobs: new Map([...image.blobs, [digestOf(config), config]]) }
}

/** Where the registry keeps the bytes of a blob or manifest. */
function stored(folder: string, digest: Digest): string {
  const hex = digest.replace('sha256:', '')
  return join(folder, 'data/docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data')
}

/** A disk goes bad: the last byte of each of these becomes another. */
function damages(folder: string, digests: Iterable<Digest>): void {
  for (const digest of digests) {
    const path = stored(folder, digest)
    const bytes = readFileSync(path)
    bytes[bytes.length - 1] = 0xee
    writeFileSync(path, bytes)
  }
}

/** The name is wrong, or what stands for it is no image that fits. */
export const names: readonly Cause[] = [
  {
    code: 'REFERENCE_INVALID',
    what: 'an upper-case name',
    happens: (lab) => ({ image: `${lab.open.host}/Acme/Shop:1.2` }),
    found: /^Acme\/Shop$/,
    logged: [],
  },
  { code: 'REFERENCE_INVALID', what: 'half a digest', happens: (lab) => ({ image: `${lab.open.host}/acme/shop@sha256:12ab` }), logged: [] },
  { code: 'REFERENCE_INVALID', what: 'neither tag nor digest', happens: (lab) => ({ image: `${lab.open.host}/acme/shop`, skopeo: null }) },
  {
    code: 'TAG_NOT_FOUND',
    what: 'a tag that was never pushed',
    happens: (lab) => atBearer(lab, 'acme/shop:nope'),
    found: /^tags such as 1\.2$/,
  },
  {
    code: 'REPOSITORY_NOT_FOUND',
    what: 'a repository that nothing was pushed to',
    happens: (lab) => atBearer(lab, 'acme/ghost:1.0'),
    found: /^HTTP 404 NAME_UNKNOWN/,
  },
  {
    code: 'NOT_FOUND_OR_HIDDEN',
    what: 'a digest that is not there',
    happens: (lab) => atBearer(lab, `acme/shop@sha256:${'0'.repeat(64)}`),
    found: /^HTTP 404 MANIFEST_UNKNOWN/,
  },
  {
    code: 'MEDIA_TYPE_NOT_ACCEPTED',
    what: 'something else than an image, in the form of one',
    async happens(lab) {
      await lab.pushes(lab.open, 'acme/odd', '1.0', await withConfig('these are no JSON words'))
      return { image: `${lab.open.host}/acme/odd:1.0`, wants: 'platform' }
    },
    found: /configuration that cannot be read/,
  },
  {
    code: 'MEDIA_TYPE_NOT_ACCEPTED',
    what: 'a manifest of Docker’s first schema',
    async happens(lab) {
      const headers = { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' }
      return { image: `${await lab.says({ status: 200, headers, body: '{"schemaVersion":1,"name":"acme/shop"}' })}/acme/shop:1.2` }
    },
    found: /manifest\.v1\+prettyjws/,
  },
  {
    code: 'MEDIA_TYPE_NOT_ACCEPTED',
    what: 'a registry that does not see what we accept',
    async happens(lab) {
      const body = errorBody('MANIFEST_UNKNOWN', 'OCI index found, but accept header does not support OCI indexes')
      return { image: `${await lab.says({ status: 404, headers: jsonHeaders, body })}/acme/shop:1.2` }
    },
    found: /accept header does not support/,
  },
  {
    code: 'PLATFORM_MISSING',
    what: 'an image for other platforms',
    happens: (lab) => ({
      image: `${lab.open.host}/acme/shop:1.2`,
      wants: 'platform',
      platform: 'linux/s390x',
      skopeo: { words: ['--override-arch', 's390x'] },
    }),
    found: /^linux\/amd64, linux\/arm64\/v8$/,
  },
  {
    code: 'PLATFORM_MISSING',
    what: 'an index of nothing but attestations',
    async happens(lab) {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] }))
      const digest = digestOf(bytes)
      await lab.pushes(lab.open, 'acme/empty', '1.0', { digest, manifests: new Map([[digest, { mediaType: INDEX, bytes }]]), blobs: new Map() })
      return { image: `${lab.open.host}/acme/empty:1.0`, wants: 'platform' }
    },
    found: /^no image at all$/,
  },
  {
    code: 'DIGEST_MISMATCH',
    what: 'a layer that a bad disk has changed',
    async happens(lab) {
      const image = await buildImage({ 'index.html': 'to be damaged' })
      await lab.pushes(lab.open, 'acme/damaged', '1.0', image)
      damages(lab.open.folder, image.blobs.keys())
      return { image: `${lab.open.host}/acme/damaged@${image.digest}`, wants: 'layers' }
    },
    found: /^sha256:[0-9a-f]{64}, \d+ bytes$/,
  },
  {
    code: 'DIGEST_MISMATCH',
    what: 'a proxy that changes a manifest',
    async happens(lab) {
      // What a proxy in front of a registry does that "repairs" JSON: one more space.
      const filter = `sub_filter '"schemaVersion":2' '"schemaVersion": 2'; sub_filter_types *;`
      const host = await lab.front({ server: `location / { proxy_pass http://${lab.open.host}; ${filter} }` })
      return { image: `${host}/acme/shop:1.2`, wants: 'platform' }
    },
    found: /^sha256:/,
  },
  {
    code: 'TARGET_REGISTRY_UNSUPPORTED',
    what: 'a target that pulls from two registries only',
    happens: (lab) => ({
      image: `${lab.open.host}/acme/shop:1.2`,
      wants: 'preflight',
      onlyFrom: 'docker.io, registry.cloudflare.com',
      skopeo: null,
    }),
    next: /Copy the image/,
    logged: [],
  },
]
