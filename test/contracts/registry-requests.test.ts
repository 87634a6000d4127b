import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { anonymous } from '../../src/registry/credential.ts'
import { preflight } from '../../src/registry/preflight.ts'
import { missingDockerRegistry } from '../world/docker-registry.ts'
import { clientUnderTest, reference } from '../world/registry-client.ts'
import { alice } from '../world/registry-failures/cause.ts'
import { Lab, PASSWORD } from '../world/registry-failures/lab.ts'

// What each thing costs, counted by the registry itself and by its token server. Docker Hub counts GETs of manifests as pulls.

const missing = missingDockerRegistry()

if (missing !== null) {
  test('docker-registry can be started here', (context) => {
    if (!process.env['CI']) context.skip(missing)
    expect.fail(missing)
  })
} else {
  let lab: Lab
  let session: ReturnType<typeof clientUnderTest>

  beforeAll(async () => void (lab = await Lab.opens()))
  afterAll(() => lab.closes())
  beforeEach(async () => {
    session = clientUnderTest({ trustedRealms: [new URL(lab.tokens.realm).origin] })
    await forget()
  })

  const image = (name: string) => reference(`${lab.bearer.host}/${name}`)
  const resolve = (name: string) => session.client.resolve(image(name), { credential: alice })
  const check = async (name: string) => {
    const asking = { credential: alice, as: 'alice', platform: 'linux/amd64', pullWithin: 600_000 }
    const found = await preflight(session.client, session.doors, image(name), asking)
    expect(found.isPullable).toBe(true)
  }
  async function forget(): Promise<void> {
    await lab.bearer.forgets()
    lab.tokens.requests.length = 0
  }
  async function counted() {
    const registry = await lab.bearer.accessLog()
    const pulls = registry.filter((one) => /^GET \S+\/manifests\//.test(one)).length
    return { registry: registry.length, tokens: lab.tokens.requests.length, pulls }
  }

  describe('to fix a tag to its digest', () => {
    test('nothing known: three requests, and no pull', async () => {
      await resolve('acme/shop:1.2')
      expect(await lab.bearer.accessLog()).toEqual(['HEAD /v2/acme/shop/manifests/1.2 401', 'HEAD /v2/acme/shop/manifests/1.2 200'])
      expect(lab.tokens.requests).toEqual(['GET /token'])
    })

    test('the challenge known, from another repository: two', async () => {
      await resolve('acme/single:1.0')
      await forget()
      await resolve('acme/shop:1.2')
      expect(await counted()).toEqual({ registry: 1, tokens: 1, pulls: 0 })
    })

    test('the token held: one', async () => {
      await resolve('acme/shop:1.2')
      await forget()
      await resolve('acme/shop:1.2')
      expect(await counted()).toEqual({ registry: 1, tokens: 0, pulls: 0 })
    })

    test('twenty at once: one token', async () => {
      await Promise.all(Array.from({ length: 20 }, () => resolve('acme/shop:1.2')))
      expect(await counted()).toMatchObject({ tokens: 1, pulls: 0 })
    })

    test('twenty at once, the challenge known: one token, and one request each', async () => {
      await session.client.resolve(image('acme/open:1.0'), { credential: anonymous })
      await forget()
      await Promise.all(Array.from({ length: 20 }, () => resolve('acme/shop:1.2')))
      expect(await counted()).toEqual({ registry: 20, tokens: 1, pulls: 0 })
    })
  })

  describe('a whole preflight', () => {
    test('of a single image: one pull', async () => {
      await check('acme/single:1.0')
      expect(await counted()).toMatchObject({ tokens: 1, pulls: 1 })
    })

    test('of an index: two pulls', async () => {
      await check('acme/shop:1.2')
      expect(await counted()).toMatchObject({ tokens: 1, pulls: 2 })
    })

    test('after the tag was fixed: no second token', async () => {
      await resolve('acme/shop:1.2')
      await check('acme/shop:1.2')
      expect(await counted()).toMatchObject({ tokens: 1, pulls: 2 })
    })
  })

  describe('skopeo', () => {
    test('pulls in order to learn a digest', async (context) => {
      const words = ['inspect', '--raw', '--tls-verify=false', '--creds', `alice:${PASSWORD}`, `docker://${lab.bearer.host}/acme/shop:1.2`]
      const error: unknown = await promisify(execFile)('skopeo', words).then(
        () => null,
        (reason: unknown) => reason,
      )
      if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT') context.skip('skopeo not installed (apt-get install skopeo)')
      expect(error).toBeNull()
      expect(await counted()).toEqual({ registry: 2, tokens: 1, pulls: 1 })
    })
  })
}
