import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { acr } from '../../../../src/registry/keychains/acr.ts'
import { Secret } from '../../../../src/secret.ts'
import { minted } from '../../../world/minting.ts'
import type { ScriptedServer } from '../../../world/scripted-server.ts'
import { servers } from '../../../world/servers.ts'
import type { EntraSetup } from '../../../world/vendors/entra.ts'

const own = { tenant: '409520d4-8100-4d1d-ad47-72432ddcc120', client_id: 'client-1', client_secret: 'Q~8 secret&value+1' }
const setup: EntraSetup = {
  vendor: 'entra',
  tenant: own.tenant,
  clientId: own.client_id,
  secret: own.client_secret,
  accessToken: 'eyJ.access.token',
  refreshToken: 'eyJ.refresh.token',
  registry: 'allows',
}

let entra: ScriptedServer
const start = async (over: Partial<EntraSetup> = {}) => (entra = await servers.startVendor({ ...setup, ...over }))
beforeEach(() => start().then(() => {}))
afterEach(() => entra.stop())
/** The registry is on the same host as Entra. */
const ask = (over: Readonly<Record<string, string>> = {}) =>
  minted(new URL(entra.origin).host, { ...own, authority: entra.origin, ...over }, { family: 'acr' })

test('an application’s secret becomes a refresh token of the registry for three hours', async () => {
  expect(await ask()).toEqual({ login: '00000000-0000-0000-0000-000000000000:eyJ.refresh.token', lifetime: 10_800_000 })
  expect(entra.caught.map(({ method, url }) => `${method} ${url}`)).toEqual([`POST /${own.tenant}/oauth2/v2.0/token`, 'POST /oauth2/exchange'])
})

describe('what Entra refuses', () => {
  test.for([
    ['a wrong secret', { client_secret: 'wrong-secret' }, 'CREDENTIALS_INVALID', 'AADSTS7000215', 'not its id'],
    ['an unknown application', { client_id: 'client-2' }, 'CREDENTIALS_INVALID', 'AADSTS700016', 'client_id and tenant'],
    ['an unknown tenant', { tenant: 'other.example.com' }, 'CREDENTIAL_SOURCE_FAILED', 'AADSTS90002', 'Check tenant'],
  ] as const)('%s', async ([_name, over, code, found, next]) => {
    expect(await ask(over)).toMatchObject({ code, found: expect.stringContaining(found), next: expect.stringContaining(next), retryable: false })
  })

  test('a secret that has expired', async () => {
    await entra.stop()
    await start({ hasExpired: true })
    expect(await ask()).toMatchObject({ code: 'CREDENTIALS_INVALID', next: expect.stringContaining('has expired') })
  })

  test('an answer without a token', async () => {
    await entra.follows([{ status: 200, body: '{}' }])
    expect(await ask()).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', found: 'HTTP 200 Entra answered without access_token.' })
  })

  test('a tenant that does not know Container Registry, and an error without words', async () => {
    await entra.follows([
      { status: 400, body: JSON.stringify({ error: 'invalid_resource', error_description: 'AADSTS500011: The resource principal …' }) },
    ])
    expect(await ask()).toMatchObject({ next: expect.stringContaining('Microsoft.ContainerRegistry') })
    await entra.follows([{ status: 400, body: '' }])
    expect(await ask()).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', found: 'HTTP 400' })
  })

  test('what it sends back of the secret is masked, as it was sent too', async () => {
    const sent = new URLSearchParams({ a: own.client_secret }).toString().slice(2)
    await entra.follows([{ status: 400, body: JSON.stringify({ error: 'x', error_description: `${own.client_secret} and ${sent}` }) }])
    expect(await ask()).toMatchObject({ found: 'HTTP 400 x: [secret] and [secret]' })
  })
})

describe('what the registry refuses', () => {
  test.for([
    ['denies', 401, 'UNAUTHORIZED', 'AcrPull'],
    ['firewall', 403, '203.0.113.7', 'firewall'],
  ] as const)('%s', async ([registry, status, found, next]) => {
    await entra.stop()
    await start({ registry })
    expect(await ask()).toMatchObject({
      code: 'CREDENTIAL_SOURCE_FAILED',
      found: expect.stringMatching(new RegExp(`^HTTP ${status} .*${found}`)),
      next: expect.stringContaining(next),
    })
  })

  test.for([
    [200, '{}', 'HTTP 200 The registry answered without refresh_token.'],
    [404, '<html>', 'HTTP 404'],
    [404, '{"errors":[]}', 'HTTP 404'],
  ] as const)('%i %s', async ([status, body, found]) => {
    await entra.follows([{ to: /exchange/, status, body }])
    expect(await ask()).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', found })
  })

  test('what it sends back of Entra’s token is masked', async () => {
    await entra.follows([
      { to: /exchange/, status: 400, body: JSON.stringify({ errors: [{ code: 'X', message: `you sent ${setup.accessToken}` }] }) },
    ])
    expect(await ask()).toMatchObject({ found: 'HTTP 400 X: you sent [secret]' })
  })
})

test.for([
  ['contoso.azurecr.io', 'https://login.microsoftonline.com'],
  ['contoso.azurecr.us', 'https://login.microsoftonline.us'],
  ['contoso.azurecr.cn', 'https://login.partner.microsoftonline.cn'],
] as const)('%s is asked for at %s', async ([registry, authority]) => {
  const asked: string[] = []
  const minting = {
    registry,
    now: 0,
    ask: async ({ url }: { url: URL }) => Promise.reject(new Error((asked.push(url.href), 'asked'))),
    fail: () => new Error() as never,
  }
  await expect(acr.exchange!.mint({ ...own, client_secret: new Secret('x') }, minting)).rejects.toThrow('asked')
  expect(asked).toEqual([`${authority}/${own.tenant}/oauth2/v2.0/token`])
})

test('what cannot work is said at the start', () => {
  const check = (given: Readonly<Record<string, string>>) => acr.exchange!.check?.({ ...own, ...given }, 'contoso.azurecr.io')
  expect(check({ tenant: '../common' })).toContain('tenant is not')
  expect(check({ authority: 'http://login.example.com' })).toContain('authority is not an origin')
  expect(check({})).toBeNull()
})
