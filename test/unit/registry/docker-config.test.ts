import { describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import type { Problem } from '../../../src/errors.ts'
import { secretOf } from '../../../src/registry/credential.ts'
import { dockerConfigCredential, parseDockerConfig } from '../../../src/registry/docker-config.ts'

const HUB = 'https://index.docker.io/v1/'
const auth = (text: string): string => Buffer.from(text).toString('base64')
const nobody = () => Promise.reject(new Error('no helper is to be run'))

/** `user:secret`, `<token>:secret` for an identity token; null; or the problem. */
async function find(registry: string, config: object | string, answer?: { readonly status: number; readonly stdout: string }) {
  const asked: string[] = []
  const run = answer === undefined ? nobody : async (helper: string, server: string) => (asked.push(`${helper} ${server}`), answer)
  const parsed = parseDockerConfig(typeof config === 'string' ? config : JSON.stringify(config))!
  try {
    const found = await dockerConfigCredential(registry, parsed, run)
    const user = found?.kind === 'basic' ? found.username : '<token>'
    return { found: found === null ? null : `${user}:${secretOf(found)}`, asked }
  } catch (error) {
    return { problem: (error as Failure).problem, asked }
  }
}

describe('in auths', () => {
  test.for([
    ['ghcr.io', { 'ghcr.io': { auth: auth('ada:pa:ss') } }, 'ada:pa:ss'],
    ['ghcr.io', { 'ghcr.io': { auth: auth('jürgen:пароль\0\0') } }, 'jürgen:пароль'],
    ['ghcr.io', { 'https://ghcr.io/v1/': { auth: auth('ada:old') } }, 'ada:old'],
    ['ghcr.io', { 'http://ghcr.io': { username: 'ada', password: 'plain' } }, 'ada:plain'],
    ['ghcr.io', { 'ghcr.io': { auth: auth('00000000-0000-0000-0000-000000000000:'), identitytoken: 'eyJ' } }, '<token>:eyJ'],
    ['registry.internal:5000', { 'registry.internal:5000': { auth: auth('a:b') } }, 'a:b'],
    ['registry.internal', { 'registry.internal:5000': { auth: auth('a:b') } }, null],
    ['docker.io', { [HUB]: { auth: auth('ada:hub') } }, 'ada:hub'],
    ['docker.io', { 'docker.io': { auth: auth('ada:short') } }, 'ada:short'],
    ['docker.io', { 'registry-1.docker.io': { auth: auth('a:api') }, [HUB]: { auth: auth('ada:hub') } }, 'ada:hub'],
    ['quay.io', { 'ghcr.io': { auth: auth('ada:x') } }, null],
    ['ghcr.io', { 'ghcr.io': {} }, null],
    ['ghcr.io', { 'ghcr.io': 7 }, null],
    ['ghcr.io', {}, null],
  ] as const)('%s in %j: %s', async ([registry, auths, found]) => expect(await find(registry, { auths })).toEqual({ found, asked: [] }))

  test.each(['!!!', auth('no colon'), auth(':no user')])('auth %s', async (broken) => {
    expect(await find('ghcr.io', { auths: { 'ghcr.io': { auth: broken } } })).toMatchObject({
      problem: {
        code: 'CREDENTIAL_SOURCE_FAILED',
        found: 'an `auth` that is not user:password in base64',
        next: expect.stringContaining('docker login ghcr.io'),
      },
    })
  })
})

describe('from a helper', () => {
  const said = (Username: string, Secret: string) => ({ status: 0, stdout: JSON.stringify({ ServerURL: 'x', Username, Secret }) })
  const own = { credHelpers: { 'ghcr.io': 'gh' }, credsStore: 'desktop', auths: { 'ghcr.io': { auth: auth('not:used') } } }

  test.for([
    ['ghcr.io', own, 'gh ghcr.io'],
    ['quay.io', own, 'desktop quay.io'],
    ['docker.io', own, `desktop ${HUB}`],
    ['docker.io', { credHelpers: { [HUB]: 'hub' } }, `hub ${HUB}`],
    ['docker.io', { credHelpers: { 'index.docker.io': 'hub' } }, 'hub index.docker.io'],
    ['public.ecr.aws', { credHelpers: { 'https://public.ecr.aws': 'ecr-login' } }, 'ecr-login https://public.ecr.aws'],
  ] as const)('%s', async ([registry, config, asked]) => {
    expect(await find(registry, config, said('ada', 'secret'))).toEqual({ found: 'ada:secret', asked: [asked] })
  })

  test('an identity token', async () => expect(await find('ghcr.io', own, said('<token>', 'eyJ'))).toMatchObject({ found: '<token>:eyJ' }))

  test('one that has none, and auths is not asked instead', async () => {
    expect(await find('ghcr.io', own, { status: 1, stdout: 'credentials not found in native keychain\n' })).toMatchObject({ found: null })
  })

  test('an empty name is none', async () => expect(await find('ghcr.io', { credsStore: '' })).toEqual({ found: null, asked: [] }))

  test.for([
    [{ status: 1, stdout: 'no credentials server URL\n' }, 'docker-credential-gh ended with 1'],
    [{ status: 0, stdout: 'hunter2 is no JSON' }, 'an answer of docker-credential-gh without Username and Secret'],
    [said('', 'hunter2'), 'an answer of docker-credential-gh without Username and Secret'],
    [said('ada', ''), 'an answer of docker-credential-gh without Username and Secret'],
  ] as const)('%j', async ([answer, words]) => {
    const { problem } = (await find('ghcr.io', own, answer)) as { problem: Problem }
    expect(problem).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', found: words })
    expect(JSON.stringify(problem)).not.toContain('hunter2')
  })

  test.each(['../evil', 'a b', 'a;b', '$(id)'])('a helper named %s is not run', async (name) => {
    expect(await find('ghcr.io', { credsStore: name })).toMatchObject({ problem: { code: 'CREDENTIAL_SOURCE_FAILED' }, asked: [] })
  })
})

test.each(['', 'no JSON', '[]', 'null'])('%s is no configuration', (text) => expect(parseDockerConfig(text)).toBeNull())
test('what stands in it besides is left alone', async () => {
  expect(await find('ghcr.io', { auths: [], credHelpers: [], credsStore: 7, HttpHeaders: {}, psFormat: 'x' })).toEqual({ found: null, asked: [] })
})
