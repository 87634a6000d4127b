import { beforeEach, describe, expect, test } from 'vitest'
import { anonymous } from '../../../src/registry/credential.ts'
import type { Credential } from '../../../src/registry/credential.ts'
import { preflight } from '../../../src/registry/preflight.ts'
import type { PreflightAsking } from '../../../src/registry/preflight.ts'
import { basic, clientUnderTest, reference } from '../../world/registry-client.ts'
import { mintedSource } from '../../../src/registry/source.ts'
import { registryFailure } from '../../../src/registry/failure.ts'

// After a no the preflight looks a second time: without the credential, and with others that are stored.

/** Passwords that may pull; `''` for nobody at all. */
let opened: Set<string>
let shown: string[]
let status: number
let session: ReturnType<typeof clientUnderTest>

beforeEach(() => {
  ;[opened, shown, status] = [new Set(), [], 200]
  session = clientUnderTest({}, { fetch: answering })
})

/** A token server that refuses wrong passwords even for public images, as GHCR's does, and a registry that believes in its tokens. */
const answering: typeof fetch = async (input, init) => {
  const authorization = new Headers(init?.headers).get('authorization')
  const { pathname } = new URL(input as string)
  if (status !== 200) return new Response(null, { status })
  if (pathname === '/token') {
    const password = authorization === null ? '' : (atob(authorization.replace('Basic ', '')).split(':')[1] ?? '')
    shown.push(password)
    return password === '' || opened.has(password) ? Response.json({ token: password || 'anonymous' }) : new Response(null, { status: 401 })
  }
  const challenge = 'Bearer realm="https://registry.example/token",service="registry"'
  const asks = (more = '') => new Response(null, { status: 401, headers: { 'www-authenticate': challenge + more } })
  if (authorization === null) return asks()
  const token = authorization.replace('Bearer ', '').replace('anonymous', '')
  if (!opened.has(token)) return asks(',error="insufficient_scope"')
  return new Response(null, { headers: { 'docker-content-digest': `sha256:${'a'.repeat(64)}` } })
}

async function failing(credential: PreflightAsking['credential'], others: Readonly<Record<string, Credential>> = {}) {
  const asking = {
    credential,
    as: 'credential ghcr',
    platform: null,
    pullWithin: 0,
    others: new Map(Object.entries(others).map(([name, other]) => [name, { credential: other }])),
  }
  const { rows } = await preflight(session.client, session.doors, reference('registry.example/acme/shop:1.2'), asking)
  return rows.find(({ outcome }) => outcome === 'failed')
}
const stored = basic('alice', 'stored')

test('a public image says that the credential is what stands in the way', async () => {
  opened.add('')
  const row = await failing(stored)
  expect(row).toMatchObject({ name: 'token', problem: { code: 'PUBLIC_IMAGE_BAD_CREDENTIAL', who: 'account' } })
  expect(row?.problem?.found).toMatch(/^CREDENTIALS_INVALID: HTTP 401/)
})

test('so it does where the cloud makes no credential at all', async () => {
  opened.add('')
  const where = { registry: 'registry.example', image: 'registry.example/acme/shop:1.2', grant: '' }
  const broken = mintedSource(() => Promise.reject(registryFailure('CREDENTIAL_SOURCE_FAILED', where, { retryable: false })), session.doors)
  expect((await failing(broken))?.problem?.code).toBe('PUBLIC_IMAGE_BAD_CREDENTIAL')
})

test('a private image stays what it was', async () => {
  expect((await failing(stored))?.problem?.code).toBe('CREDENTIALS_INVALID')
  expect(shown).toEqual(['stored', ''])
})

test('who comes without a credential is not asked twice', async () => {
  expect((await failing(anonymous))?.problem?.code).toBe('CREDENTIAL_MISSING')
  expect(shown).toEqual([''])
})

describe('other credentials that are stored for this registry', () => {
  test('are named where one of them can pull', async () => {
    opened.add('robot')
    const problem = (await failing(stored, { wrong: basic('bob', 'bob'), robot: basic('robot', 'robot') }))?.problem
    expect(problem?.code).toBe('CREDENTIALS_INVALID')
    expect(problem?.next).toMatch(/^Use the credential robot: it can pull this image\. /)
  })

  test('are named to somebody without any', async () => {
    opened.add('robot')
    expect((await failing(anonymous, { robot: basic('robot', 'robot') }))?.problem?.next).toMatch(/^Use the credential robot/)
  })

  test('are no news where the image is public', async () => {
    opened.add('').add('robot')
    expect((await failing(stored, { robot: basic('robot', 'robot') }))?.problem?.code).toBe('PUBLIC_IMAGE_BAD_CREDENTIAL')
    expect(shown).not.toContain('robot')
  })

  test('are tried five at most: each is a login', async () => {
    await failing(stored, Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`c${n}`, basic(`c${n}`, `c${n}`)])))
    expect(shown).toEqual(['stored', '', 'c0', 'c1', 'c2', 'c3', 'c4'])
  })
})

test('the log hears of the failure once, and nothing of the second look', async () => {
  await failing(stored, { robot: basic('robot', 'robot') })
  expect(session.reports.map(({ code }) => code)).toEqual(['CREDENTIALS_INVALID'])
})

test('a registry that is down is not looked at a second time', async () => {
  status = 501
  const before = session.asked.length
  expect((await failing(stored))?.problem?.code).toBe('REGISTRY_UNAVAILABLE')
  expect(session.asked.length - before).toBeLessThanOrEqual(2)
})
