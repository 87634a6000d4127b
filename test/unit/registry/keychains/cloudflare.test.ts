import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cloudflare } from '../../../../src/registry/keychains/cloudflare.ts'
import { Secret } from '../../../../src/secret.ts'
import { minted } from '../../../world/minting.ts'
import type { ScriptedServer } from '../../../world/scripted-server.ts'
import { servers } from '../../../world/servers.ts'
import type { CloudflareSetup } from '../../../world/vendors/cloudflare.ts'

const REGISTRY = 'registry.cloudflare.com'
const own = { account_id: '0123456789abcdef0123456789abcdef', api_token: 'cf-api-token-secret' }
const setup: CloudflareSetup = {
  vendor: 'cloudflare',
  account: own.account_id,
  token: own.api_token,
  password: 'eyJ.for.minutes',
  registry: 'managed',
}

let api: ScriptedServer
const start = async (over: Partial<CloudflareSetup> = {}) => (api = await servers.startVendor({ ...setup, ...over }))
beforeEach(() => start().then(() => {}))
afterEach(() => api.stop())
const ask = (over: Readonly<Record<string, string>> = {}) => minted(REGISTRY, { ...own, endpoint: api.origin, ...over })

test('an API token becomes a password for some minutes', async () => {
  expect(await ask()).toEqual({ login: 'v1:eyJ.for.minutes', lifetime: 900_000 })
  expect(await ask({ minutes: '60' })).toMatchObject({ lifetime: 3_600_000 })
  expect(api.caught.map(({ body }) => body)).toEqual([
    '{"expiration_minutes":15,"permissions":["pull"]}',
    '{"expiration_minutes":60,"permissions":["pull"]}',
  ])
})

test('its 408 passes, if it does', async () => {
  await api.follows([{ status: 408, body: '' }])
  expect(await ask()).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', found: 'HTTP 408', retryable: true })
  expect(api.caught.length).toBeGreaterThan(1)
})

describe('what Cloudflare refuses', () => {
  test.for([
    ['a wrong token', { api_token: 'another-secret' }, {}, 'CREDENTIAL_SOURCE_FAILED', 'HTTP 403 10000: Authentication error', 'Containers → Edit'],
    ['another account', { account_id: 'fedcba' }, {}, 'CREDENTIAL_SOURCE_FAILED', 'HTTP 404 7003', 'Check account_id'],
    [
      'a registry that is not there',
      {},
      { registry: 'absent' },
      'CREDENTIAL_SOURCE_FAILED',
      'HTTP 404 IMAGE_REGISTRY_NOT_CONFIGURED',
      'Check account_id',
    ],
    ['a public registry', {}, { registry: 'public' }, 'CREDENTIAL_SOURCE_FAILED', 'HTTP 409 IMAGE_REGISTRY_IS_PUBLIC', 'Remove this credential'],
  ] as const)('%s', async ([_name, over, setup, code, found, next]) => {
    await api.stop()
    await start(setup)
    expect(await ask(over)).toMatchObject({ code, found: expect.stringContaining(found), next: expect.stringContaining(next) })
  })

  test.for([
    [401, '{"success":false,"errors":[{"code":"1000","message":"Invalid API Token"}]}', 'CREDENTIALS_INVALID', 'HTTP 401 1000: Invalid API Token'],
    [401, '', 'CREDENTIALS_INVALID', 'HTTP 401'],
    [403, '{"errors":[]}', 'CREDENTIAL_SOURCE_FAILED', 'HTTP 403'],
    [400, '{"errors":[{"code":{},"message":7}]}', 'CREDENTIAL_SOURCE_FAILED', 'HTTP 400'],
    [201, '{"result":{"username":"v1"}}', 'CREDENTIAL_SOURCE_FAILED', 'HTTP 201 Cloudflare answered without user name and password.'],
    [200, '{"result":{"password":"x"}}', 'CREDENTIAL_SOURCE_FAILED', 'HTTP 200 Cloudflare answered without user name and password.'],
    [200, '[]', 'CREDENTIAL_SOURCE_FAILED', 'HTTP 200 Cloudflare answered without user name and password.'],
    [400, `{"error":"you sent ${own.api_token}"}`, 'CREDENTIAL_SOURCE_FAILED', 'HTTP 400 you sent [secret]'],
  ] as const)('%i %s', async ([status, body, code, found]) => {
    await api.follows([{ status, body }])
    expect(await ask()).toMatchObject({ code, found })
  })
})

test('it is asked at its own address, unless another is given', async () => {
  const asked: string[] = []
  const minting = {
    registry: REGISTRY,
    now: 0,
    ask: async ({ url }: { url: URL }) => Promise.reject(new Error((asked.push(url.href), 'asked'))),
    fail: () => new Error() as never,
  }
  await expect(cloudflare.exchange!.mint({ ...own, api_token: new Secret('x') }, minting)).rejects.toThrow('asked')
  expect(asked).toEqual([`https://api.cloudflare.com/client/v4/accounts/${own.account_id}/containers/registries/${REGISTRY}/credentials`])
})

test('what cannot work is said at the start', () => {
  const check = (given: Readonly<Record<string, string>>) => cloudflare.exchange!.check?.({ ...own, ...given }, REGISTRY)
  expect(check({ account_id: '../x' })).toContain('account_id is not')
  expect(check({ minutes: 'soon' })).toContain('minutes is not')
  expect(check({ minutes: '0' })).toContain('minutes is not')
  expect(check({ endpoint: 'http://api.example.com' })).toContain('endpoint is not an origin')
  expect(check({})).toBeNull()
})
