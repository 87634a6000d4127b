import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anonymous } from '../../src/registry/credential.ts'
import type { Digest } from '../../src/registry/reference.ts'
import { buildImage, digestOf } from '../world/image.ts'
import type { Image } from '../world/image.ts'
import type { Account } from '../world/registry-accounts.ts'
import { basic, clientUnderTest, reference } from '../world/registry-client.ts'

/** A registry that the suite may talk to: real or simulated, the client must see no difference. */
export interface RegistryUnderTest {
  readonly host: string
  /** Its token server, if that has an origin of its own. */
  readonly realm: string | null
  push(repository: string, tag: string, image: Image): Promise<void>
  stop(): Promise<void>
}

export interface RegistrySetup {
  readonly auth: 'open' | 'basic' | 'bearer'
  readonly accounts: readonly Account[]
  readonly public: readonly string[]
}

const accounts: readonly Account[] = [
  { name: 'alice', password: 's3cret: with ü', repositories: ['acme/*'] },
  { name: 'bob', password: 'bobs-own', repositories: ['acme/shop'] },
]

/** What a mode does not have is no test of it: nothing is skipped. */
const when = (applies: boolean): typeof test | (() => void) => (applies ? test : () => {})

/** One suite for whatever speaks the OCI distribution protocol. */
export function registryContract(start: (setup: RegistrySetup) => Promise<RegistryUnderTest>): void {
  for (const auth of ['open', 'basic', 'bearer'] as const) {
    describe(auth, () => {
      let registry: RegistryUnderTest
      let shop: Image
      let single: Image

      beforeAll(async () => {
        registry = await start({ auth, accounts, public: ['acme/open'] })
        shop = await buildImage({ 'site/index.html': 'hello' }, { platforms: ['linux/amd64', 'linux/arm64/v8'], above: [{ 'site/new.txt': 'x' }] })
        single = await buildImage({ 'index.html': 'single' }, { labels: { 'org.opencontainers.image.revision': 'a1b2c3' } })
        await registry.push('acme/shop', '1.2', shop)
        for (const repository of ['acme/single', 'acme/secret', 'acme/open']) await registry.push(repository, '1.0', single)
      })
      afterAll(() => registry?.stop())

      const alice = auth === 'open' ? anonymous : basic('alice', 's3cret: with ü')
      const newClient = () => clientUnderTest(registry.realm === null ? {} : { trustedRealms: [new URL(registry.realm).origin] })
      const image = (name: string) => reference(`${registry.host}/${name}`)
      const failing = (promise: Promise<unknown>) =>
        promise.then(
          () => Promise.reject(new Error('nothing failed')),
          (error: unknown) => error,
        )

      test('a tag becomes the digest of its index by HEAD alone', async () => {
        const { client, asked } = newClient()
        const resolved = await client.resolve(image('acme/shop:1.2'), { credential: alice })
        expect(resolved).toEqual({
          digest: shop.digest,
          mediaType: 'application/vnd.oci.image.index.v1+json',
          size: shop.manifests.get(shop.digest)?.bytes.length,
          platform: null,
          labels: null,
        })
        const head = 'HEAD /v2/acme/shop/manifests/1.2'
        expect(asked).toEqual({ open: [head], basic: [head, head], bearer: [head, 'GET /token', head] }[auth])
        await client.resolve(image('acme/shop:1.2'), { credential: alice })
        expect(asked.length).toBe({ open: 2, basic: 3, bearer: 4 }[auth])
      })

      test('a digest resolves to itself', async () => {
        const resolved = await newClient().client.resolve(image(`acme/shop@${shop.digest}`), { credential: alice })
        expect(resolved.digest).toBe(shop.digest)
      })

      test('the platform is chosen from the index, whose own digest stays the answer', async () => {
        const { client } = newClient()
        const resolved = await client.resolve(image('acme/shop:1.2'), { credential: alice, platform: 'linux/arm64' })
        expect(resolved.digest).toBe(shop.digest)
        expect(resolved.platform).toMatchObject({ os: 'linux', architecture: 'arm64', variant: 'v8' })
        expect(shop.manifests.has(resolved.platform?.digest as Digest)).toBe(true)
      })

      test('platform and labels of a single image come from its configuration', async () => {
        const resolved = await newClient().client.resolve(image('acme/single:1.0'), { credential: alice, platform: 'linux/amd64', labels: true })
        expect(resolved.platform).toEqual({ os: 'linux', architecture: 'amd64', variant: null, digest: single.digest })
        expect(resolved.labels).toEqual({ 'org.opencontainers.image.revision': 'a1b2c3' })
      })

      test.for(['acme/shop:1.2', 'acme/single:1.0'])('%s has no image for linux/s390x: the failure lists what there is', async (name) => {
        const error = await failing(newClient().client.resolve(image(name), { credential: alice, platform: 'linux/s390x' }))
        expect(error).toMatchObject({ problem: { code: 'PLATFORM_MISSING', wanted: 'linux/s390x', found: expect.stringContaining('linux/amd64') } })
      })

      test('an unknown tag is told from an unknown repository', async () => {
        const { client } = newClient()
        const tag = await failing(client.resolve(image('acme/shop:nope'), { credential: alice }))
        expect(tag).toMatchObject({ problem: { code: 'TAG_NOT_FOUND', found: 'tags such as 1.2', wanted: 'nope' } })
        const repository = await failing(client.resolve(image('acme/ghost:1.0'), { credential: alice }))
        expect(repository).toMatchObject({ problem: { code: 'REPOSITORY_NOT_FOUND' } })
      })

      test('an unknown digest is not found', async () => {
        const error = await failing(newClient().client.resolve(image(`acme/shop@sha256:${'0'.repeat(64)}`), { credential: alice }))
        expect(error).toMatchObject({ problem: { code: 'NOT_FOUND_OR_HIDDEN' } })
      })

      test('layers come in order and are what their digests say', async () => {
        const { client } = newClient()
        const layers = await client.layers(`${registry.host}/acme/shop`, shop.digest, { credential: alice, platform: 'linux/amd64' })
        expect(layers.length).toBe(2)
        for (const layer of layers) {
          const bytes = new Uint8Array(await new Response(await layer.open()).arrayBuffer())
          expect(digestOf(bytes)).toBe(layer.digest)
          expect(bytes.length).toBe(layer.size)
        }
      })

      when(auth === 'open')('a credential that nobody asked for does no harm and is not sent', async () => {
        const { client } = newClient()
        expect(await client.resolve(image('acme/shop:1.2'), { credential: basic('alice', 'whatever') })).toMatchObject({ digest: shop.digest })
      })

      when(auth !== 'open')('a wrong password is CREDENTIALS_INVALID, and is shown to the registry once', async () => {
        const { client, asked } = newClient()
        const error = await failing(client.resolve(image('acme/shop:1.2'), { credential: basic('alice', 'not-the-password') }))
        expect(error).toMatchObject({ problem: { code: 'CREDENTIALS_INVALID', retryable: false, who: 'account' } })
        expect(asked.length).toBe(2)
      })

      when(auth !== 'open')('no credential where one is wanted is CREDENTIAL_MISSING', async () => {
        const error = await failing(newClient().client.resolve(image('acme/shop:1.2'), { credential: anonymous }))
        expect(error).toMatchObject({ problem: { code: 'CREDENTIAL_MISSING', wanted: `a credential for ${registry.host}` } })
      })

      when(auth === 'bearer')('a public repository is read with an anonymous token', async () => {
        const { client, asked } = newClient()
        expect(await client.resolve(image('acme/open:1.0'), { credential: anonymous })).toMatchObject({ digest: single.digest })
        expect(asked.length).toBe(3)
      })

      when(auth === 'bearer')('a good credential without the right is PERMISSION_DENIED', async () => {
        const error = await failing(newClient().client.resolve(image('acme/secret:1.0'), { credential: basic('bob', 'bobs-own') }))
        expect(error).toMatchObject({ problem: { code: 'PERMISSION_DENIED', wanted: 'permission to pull' } })
      })

      when(auth === 'bearer')('twenty at once ask for one token', async () => {
        const { client, asked } = newClient()
        await client.resolve(image('acme/shop:1.2'), { credential: anonymous }).catch(() => {}) // so that the challenge is known
        asked.length = 0
        await Promise.all(Array.from({ length: 20 }, () => client.resolve(image('acme/shop:1.2'), { credential: alice })))
        expect(asked.filter((one) => one === 'GET /token').length).toBe(1)
        expect(asked.length).toBe(21)
      })
    })
  }
}
