import { describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { anonymous } from '../../../src/registry/credential.ts'
import { parseConfig, parseManifest } from '../../../src/registry/manifest.ts'
import type { Digest } from '../../../src/registry/reference.ts'
import { holding, OCI_IMAGE } from '../../world/held-things.ts'
import { reference } from '../../world/registry-client.ts'

const digest = `sha256:${'a'.repeat(64)}`
const described = { mediaType: OCI_IMAGE, digest, size: 7 }
const linux = { os: 'linux', architecture: 'amd64' }

describe('a manifest is none', () => {
  test.for([
    ['that is no JSON', 'manifest'],
    ['without a configuration', { layers: [] }],
    ['without layers', { config: described }],
    ['with layers that are no list', { config: described, layers: {} }],
    ['with a layer that is none', { config: described, layers: [described, null] }],
    ['with a layer without a digest', { config: described, layers: [{ ...described, digest: 'sha256:short' }] }],
    ['with a layer without a type', { config: described, layers: [{ ...described, mediaType: 5 }] }],
    ['with a size that is a text', { config: { ...described, size: '7' }, layers: [] }],
    ['with a size below nothing', { config: { ...described, size: -1 }, layers: [] }],
    ['with a size that no file has', { config: { ...described, size: 2 ** 60 }, layers: [] }],
  ] as const)('%s', ([, body]) => expect(parseManifest(JSON.stringify(body))).toBeNull())
})

describe('no image of an index is', () => {
  test.for([
    ['an entry that is no object', 5],
    ['one without a platform', described],
    ['one without an operating system', { ...described, platform: { os: '', architecture: 'amd64' } }],
    ['one without a processor', { ...described, platform: { os: 'linux' } }],
    ['an unknown platform', { ...described, platform: { os: 'unknown', architecture: 'unknown' } }],
    ['an attestation', { ...described, platform: linux, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }],
    ['something of another type', { ...described, platform: linux, mediaType: 'application/vnd.cncf.helm.config.v1+json' }],
    ['one without a digest', { mediaType: OCI_IMAGE, size: 7, platform: linux }],
  ] as const)('%s', ([, entry]) => expect(parseManifest(JSON.stringify({ manifests: [entry] }))).toEqual({ kind: 'index', images: [] }))

  test('but one with annotations of another kind is', () => {
    const entry = { ...described, platform: { ...linux, variant: '' }, annotations: { made: 'by hand' } }
    const images = [{ descriptor: described, platform: { ...linux, variant: null } }]
    expect(parseManifest(JSON.stringify({ manifests: [entry] }))).toEqual({ kind: 'index', images })
  })
})

test.for([
  ['5', null],
  ['{}', { platform: null, labels: {} }],
  ['{"os":"linux","architecture":"arm64","variant":"v8"}', { platform: { os: 'linux', architecture: 'arm64', variant: 'v8' }, labels: {} }],
  ['{"config":{"Labels":{"a":"b","c":5}}}', { platform: null, labels: { a: 'b' } }],
  ['{"config":{"Labels":null}}', { platform: null, labels: {} }],
  ['{"config":5}', { platform: null, labels: {} }],
] as const)('the configuration %s', ([text, read]) => expect(parseConfig(text)).toEqual(read))

const shop = reference('registry.example/acme/shop:1.2')
const labelled = { credential: anonymous, labels: true }
const forLinux = { credential: anonymous, platform: 'linux/amd64' }
const problemOf = (promise: Promise<unknown>) => promise.then(String, (error: unknown) => (error instanceof Failure ? error.problem : error))

describe('an odd image', () => {
  test('that says nothing of its platform has labels all the same', async () => {
    const { put, client } = holding()
    put({ config: put({ config: { Labels: { a: 'b' } } }), layers: [] })
    expect(await client.resolve(shop, labelled)).toMatchObject({ labels: { a: 'b' }, platform: null, mediaType: '' })
  })

  test('is not for the platform that is wanted, if it does not say so', async () => {
    const { put, client } = holding()
    put({ config: put({}), layers: [] })
    expect(await problemOf(client.resolve(shop, forLinux))).toMatchObject({ code: 'PLATFORM_MISSING', found: 'unknown/unknown' })
  })

  test.for([{}, { 'docker-content-digest': digest }])('named by its sha512 is found by it, with %o', async (headers) => {
    const { put, client } = holding(headers)
    const { digest } = put({ config: put(linux), layers: [] }, 'sha512')
    expect(await client.resolve({ ...shop, tag: null, digest: digest as Digest }, forLinux)).toMatchObject({ digest, labels: null })
  })

  test('that is none', async () => {
    const { put, client } = holding()
    put([1])
    expect(await problemOf(client.resolve(shop, labelled))).toMatchObject({ code: 'MEDIA_TYPE_NOT_ACCEPTED' })
  })

  test('of more than 4 MiB', async () => {
    const { put, client } = holding()
    put(new Uint8Array(4 * 1024 * 1024 + 1))
    expect(await problemOf(client.resolve(shop, labelled))).toMatchObject({ code: 'REGISTRY_PROTOCOL_ERROR' })
  })

  test.for([
    ['too long', new Uint8Array(4 * 1024 * 1024 + 1)],
    ['no JSON', new Uint8Array(7)],
  ] as const)('whose configuration is %s', async ([, config]) => {
    const { put, client } = holding()
    put({ config: put(config), layers: [] })
    expect(await problemOf(client.resolve(shop, labelled))).toMatchObject({ code: 'MEDIA_TYPE_NOT_ACCEPTED' })
  })
})

describe('an index', () => {
  test('of nothing has no image', async () => {
    const { put, client } = holding()
    const index = put({ manifests: [] }).digest as Digest
    const layers = client.layers('registry.example/acme/shop', index, { credential: anonymous, platform: null })
    const nothing = { code: 'PLATFORM_MISSING', found: 'no image at all', wanted: 'any platform' }
    expect(await problemOf(layers)).toMatchObject(nothing)
    expect(await problemOf(client.resolve(shop, forLinux))).toMatchObject({ ...nothing, wanted: 'linux/amd64' })
  })

  test.for([
    [{ ...labelled, ...forLinux }, { a: 'b' }],
    [forLinux, null],
  ] as const)('leads to the labels of its image where they are wanted: %o', async ([asking, labels]) => {
    const { put, client } = holding()
    const image = put({ config: put({ ...linux, config: { Labels: { a: 'b' } } }), layers: [] })
    put({ manifests: [{ ...image, platform: linux }] })
    expect(await client.resolve(shop, asking)).toMatchObject({ labels, platform: { os: 'linux', digest: image.digest } })
  })

  test('in an index is not looked into', async () => {
    const { put, client } = holding()
    const index = put({ manifests: [{ ...put({ manifests: [] }), platform: linux }] }).digest as Digest
    const layers = client.layers('registry.example/acme/shop', index, forLinux)
    expect(await problemOf(layers)).toMatchObject({ code: 'MEDIA_TYPE_NOT_ACCEPTED', found: 'an index inside an index' })
  })
})
