import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { anonymous } from '../../../src/registry/credential.ts'
import { preflight } from '../../../src/registry/preflight.ts'
import type { Preflight, PreflightAsking } from '../../../src/registry/preflight.ts'
import { mintedSource } from '../../../src/registry/source.ts'
import { Secret } from '../../../src/secret.ts'
import { basic, clientUnderTest, reference } from '../../world/registry-client.ts'
import { servers } from '../../world/servers.ts'
import type { TestRegistry } from '../../world/servers.ts'

const PASSWORD = 'correct-horse-battery'
const MINUTE = 60_000
let registry: TestRegistry
let session: ReturnType<typeof clientUnderTest>

async function open(auth: 'open' | 'basic' | 'bearer' = 'bearer'): Promise<void> {
  registry = await servers.startOciRegistry({ auth, accounts: [{ name: 'alice', password: PASSWORD, repositories: ['acme/*'] }] })
  await registry.has('acme/shop:1.2', { 'index.html': 'hello' }, { platforms: ['linux/amd64', 'linux/arm64'], labels: { 'org.example': 'yes' } })
  await registry.has('acme/single:1', { 'index.html': 'hello' })
  session = clientUnderTest()
}
beforeEach(() => open())
afterEach(() => registry.goesDown())

const look = (image = 'acme/shop:1.2', different: Partial<PreflightAsking> = {}): Promise<Preflight> => {
  const asking = {
    credential: basic('alice', PASSWORD),
    as: 'credential main',
    platform: 'linux/amd64',
    pullWithin: 10 * MINUTE,
    onlyFrom: null,
    ...different,
  }
  return preflight(session.client, session.doors, reference(registry.name(image)), asking)
}
const outcomes = ({ rows }: Preflight): string => rows.map(({ name, outcome }) => `${name} ${outcome}`).join(', ')
const notes = ({ rows }: Preflight): Record<string, string> => Object.fromEntries(rows.map(({ name, note }) => [name, note]))

describe('an image that can be pulled', () => {
  test('passes every row, and each says what was found', async () => {
    const found = await look()
    expect(found.isPullable).toBe(true)
    expect(notes(found)).toEqual({
      target: `it can pull from ${registry.host}`,
      credential: 'credential main, basic',
      challenge: `Bearer, tokens from ${registry.host}`,
      token: expect.stringMatching(/^repository:acme\/shop:pull, for \d+ s$/),
      manifest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      platform: 'linux/amd64',
      config: expect.stringMatching(/^\d+ bytes, from where the layers are$/),
      size: expect.stringMatching(/^\d+ kB in 1 layer$/),
      lifetime: 'no known end',
    })
    expect(found.labels).toEqual({ 'org.example': 'yes' })
  })

  test.for([
    ['acme/single:1', 1],
    ['acme/shop:1.2', 2],
  ] as const)('%s costs %i GET of a manifest', async ([image, most]) => {
    await look(image)
    expect(session.asked.filter((one) => one.startsWith('GET') && one.includes('/manifests/')).length).toBe(most)
  })

  test('of a registry that takes the password itself, or asks for none', async () => {
    for (const [auth, challenge, token] of [
      ['basic', 'Basic', 'not needed: user name and password go with every request'],
      ['open', 'none: it asks for no credential', 'not needed'],
    ] as const) {
      await registry.goesDown()
      await open(auth)
      const found = await look()
      expect([outcomes(found).includes('failed'), notes(found)['challenge'], notes(found)['token']]).toEqual([false, challenge, token])
    }
  })

  test.for([
    ['ratelimit-remaining', '2;w=21600', '2 pulls left before a limit'],
    ['warning', '299 - "Your auth token will expire in 30 seconds."', 'it says: Your auth token will expire in 30 seconds.'],
  ] as const)('warns where the registry does: %s', async ([header, value, note]) => {
    const warning: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      const { status, headers } = response
      const isHead = init?.method === 'HEAD' && status === 200
      return isHead ? new Response(null, { status, headers: { ...Object.fromEntries(headers), [header]: value } }) : response
    }
    session = clientUnderTest({}, { fetch: warning })
    const found = await look()
    expect(found.rows.find(({ name }) => name === 'manifest')).toMatchObject({ outcome: 'warned', note: expect.stringContaining(note) })
    expect(found.isPullable).toBe(true)
  })
})

describe('the row that fails says why, what stood before it passed, and what comes after is skipped', () => {
  test.for<readonly [string, string, () => Promise<Preflight>]>([
    ['credential', 'CREDENTIALS_INVALID', () => look('acme/shop:1.2', { credential: basic('alice', ' padded') })],
    ['token', 'CREDENTIALS_INVALID', () => look('acme/shop:1.2', { credential: basic('alice', 'another') })],
    ['token', 'CREDENTIAL_MISSING', () => look('acme/shop:1.2', { credential: anonymous, as: 'anonymous' })],
    ['manifest', 'TAG_NOT_FOUND', () => look('acme/shop:nope')],
    ['manifest', 'PERMISSION_DENIED', () => look('other/shop:1')],
    ['platform', 'PLATFORM_MISSING', () => look('acme/shop:1.2', { platform: 'linux/s390x' })],
    ['platform', 'PLATFORM_MISSING', () => look('acme/single:1', { platform: 'linux/s390x' })],
  ])('%s: %s', async ([row, code, looking]) => {
    const found = await looking()
    const at = found.rows.findIndex(({ name }) => name === row)
    expect(found.rows[at]).toMatchObject({ outcome: 'failed', problem: { code } })
    expect(new Set(found.rows.slice(0, at).map(({ outcome }) => outcome))).toEqual(new Set(['passed']))
    expect(new Set(found.rows.slice(at + 1).map(({ outcome }) => outcome))).toEqual(new Set(['skipped']))
    expect(found.isPullable).toBe(false)
    expect(JSON.stringify(found)).not.toContain(PASSWORD)
  })

  test('a registry that is not there does not answer', async () => {
    await registry.goesDown()
    expect(outcomes(await look())).toMatch(/credential passed, challenge failed, token skipped/)
    await registry.comesBack()
  })

  test('a storage that is broken is found out by the configuration', async () => {
    registry.quirks.redirectsBlobsTo = 'http://169.254.169.254/latest'
    const found = await look()
    expect(found.rows.find(({ outcome }) => outcome === 'failed')).toMatchObject({ name: 'config', problem: { code: 'REDIRECT_FORBIDDEN' } })
  })

  test('a target that cannot pull from there, though everything else is fine', async () => {
    const found = await look('acme/shop:1.2', { onlyFrom: 'registry.cloudflare.com or docker.io' })
    expect(found.rows[0]).toMatchObject({ name: 'target', outcome: 'failed', problem: { code: 'TARGET_REGISTRY_UNSUPPORTED', found: registry.host } })
    expect(new Set(found.rows.slice(1).map(({ outcome }) => outcome))).toEqual(new Set(['passed']))
    expect(found.isPullable).toBe(false)
  })

  test('without a target nothing is said of one', async () => {
    const { onlyFrom: _, ...asking } = { credential: basic('alice', PASSWORD), as: 'user alice', platform: null, pullWithin: 0, onlyFrom: null }
    const found = await preflight(session.client, session.doors, reference(registry.name('acme/shop:1.2')), asking)
    expect([found.rows[0]?.name, found.isPullable]).toEqual(['credential', true])
  })
})

describe('the credential must outlive the pull', () => {
  const minted = (...lifetimes: number[]) => {
    const made = lifetimes.map((minutes) => ({ credential: basic('alice', PASSWORD), lifetime: minutes * MINUTE }))
    return mintedSource(async () => made.shift() ?? { credential: basic('alice', PASSWORD), lifetime: 0 }, session.doors)
  }

  test('one that does is said with its time', async () => {
    expect(notes(await look('acme/shop:1.2', { credential: minted(60) }))['lifetime']).toBe('59 min, a pull may take 10 min')
  })

  test('one that does not is made anew', async () => {
    expect(notes(await look('acme/shop:1.2', { credential: minted(5, 60) }))['lifetime']).toBe('59 min, a pull may take 10 min')
  })

  test('and where no longer one is to be had, that is the failing row', async () => {
    const found = await look('acme/shop:1.2', { credential: minted(5, 5, 5) })
    expect(found.rows.at(-1)).toMatchObject({ name: 'lifetime', outcome: 'failed', problem: { code: 'CREDENTIAL_LIFETIME_TOO_SHORT' } })
  })

  test('a stored one with a day on which it ends', async () => {
    const ends = (ms: number) =>
      session.client.stored({ kind: 'basic', username: 'alice', password: new Secret(PASSWORD) }, session.doors.date() + ms)
    expect(outcomes(await look('acme/shop:1.2', { credential: ends(5 * MINUTE) }))).toContain('size passed, lifetime failed')
    const over = await look('acme/shop:1.2', { credential: ends(-1) })
    expect(over.rows.find(({ outcome }) => outcome === 'failed')).toMatchObject({ name: 'credential', problem: { code: 'CREDENTIAL_EXPIRED' } })
    expect(session.asked).not.toContain('never')
  })
})
