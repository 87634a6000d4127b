import { afterEach, describe, expect, test, vi } from 'vitest'
import { cloudflare, endpointFetch, noDockerConfig } from '../../../../src/runtime/cloudflare/machine.ts'
import { Secret } from '../../../../src/secret.ts'
import { docker } from '../../../../src/targets/docker.ts'
import { staticSite } from '../../../../src/targets/static.ts'

afterEach(() => vi.unstubAllGlobals())

const clock = { now: () => 0, after: () => () => {} }
const doors = () => {
  const { fetch, files } = cloudflare.targets(clock)
  return { clock, fetch, files: () => files('one') }
}
const NEEDS_NODE = {
  problem: {
    code: 'TARGET_REFUSED',
    sentence: 'This target cannot be used by a Gantry on Cloudflare Workers: it needs one that runs on Node.',
    retryable: false,
  },
}

describe('a target that needs a machine says so, and what would do instead', () => {
  test('static: it has no files', async () => {
    const read = staticSite.options({ listen: '127.0.0.1:0' })
    if ('problem' in read) throw new Error(read.problem.sentence)
    await expect(staticSite.create('site', read.options, doors()).reach()).rejects.toMatchObject(NEEDS_NODE)
  })

  test.each([
    ['a unix socket', { host: 'unix:///var/run/docker.sock' }],
    [
      'TLS with a certificate of its own',
      { host: 'tcp://engine.example:2376', tls: { ca: new Secret('-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----') } },
    ],
  ])('docker behind %s', async (found, options) => {
    const read = docker.options(options)
    if ('problem' in read) throw new Error(read.problem.sentence)
    const reached = docker.create('engine', read.options, doors()).reach()
    await expect(reached).rejects.toMatchObject({ problem: { ...NEEDS_NODE.problem, found } })
  })

  test('a credential of Docker’s configuration', async () => {
    const problem = { code: 'CREDENTIAL_SOURCE_FAILED', sentence: expect.stringContaining('registry.example') as string }
    await expect(noDockerConfig('~/.docker', 'registry.example')).rejects.toMatchObject({ problem })
  })
})

describe('a redirect is followed by nobody who has not looked at it', () => {
  const asked: (RequestInit | undefined)[] = []
  const answers = (status: number) => {
    asked.length = 0
    vi.stubGlobal('fetch', async (_: string, init?: RequestInit) => {
      asked.push(init)
      return new Response(null, { status, headers: { location: 'https://elsewhere.example/' } })
    })
  }

  test('where it is an error that is said, though a Worker knows no such word', async () => {
    answers(302)
    await expect(cloudflare.fetch('https://api.github.com/', { redirect: 'error' })).rejects.toThrow(TypeError)
    expect(asked).toMatchObject([{ redirect: 'manual' }])
    answers(304)
    expect((await cloudflare.fetch('https://api.github.com/', { redirect: 'error' })).status).toBe(304)
  })

  test('and else it comes back as it is', async () => {
    answers(307)
    expect((await cloudflare.fetch('https://api.github.com/')).status).toBe(307)
    expect(asked).toMatchObject([{ redirect: 'manual' }])
  })
})

test('an address of a private network is not asked where a name may be anybody’s', async () => {
  vi.stubGlobal('fetch', async () => new Response('reached'))
  for (const url of ['http://127.0.0.1/', 'http://[::1]/', 'http://169.254.169.254/', 'http://10.0.0.1/', 'http://localhost/'])
    for (const fetch of [cloudflare.siteFetch, endpointFetch({ isPublic: true })])
      await expect(fetch(url), url).rejects.toMatchObject({ code: expect.any(String) as string })
  expect(await (await cloudflare.siteFetch('https://shop.example/')).text()).toBe('reached')
})
