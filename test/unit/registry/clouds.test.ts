import { describe, expect, test } from 'vitest'
import { isReserved } from '../../../src/registry/address.ts'
import { createBreaker } from '../../../src/registry/breaker.ts'
import { createRegistryClient } from '../../../src/registry/client.ts'
import { dockerConfigCredential, parseDockerConfig } from '../../../src/registry/docker-config.ts'
import { registryFailure } from '../../../src/registry/failure.ts'
import { foundSource, mintedSource } from '../../../src/registry/source.ts'
import { Secret } from '../../../src/secret.ts'
import { basic, clientUnderTest, reference } from '../../world/registry-client.ts'
import { stillDoors, wish } from '../../world/still-doors.ts'

// What comes from further away than the registry: clouds that make credentials, and Docker's helpers.

const given = { account_id: 'abc', api_token: new Secret('a-token-of-cloudflare') }
const image = reference('registry.cloudflare.com/abc/app:1')
const asking = (fetching: typeof fetch) => {
  const { client } = clientUnderTest({}, { fetch: fetching })
  return client.resolve(image, { credential: client.minted('cloudflare', given, 'registry.cloudflare.com') })
}

describe('a cloud that cannot be reached', () => {
  test('without a reason, as in workerd', async () => {
    await expect(asking(() => Promise.reject(new Error('internal error; reference = abc')))).rejects.toMatchObject({
      problem: { code: 'CREDENTIAL_SOURCE_FAILED', found: 'api.cloudflare.com: NETWORK_UNKNOWN' },
    })
  })

  test('because its name is not known at the moment, which may pass', async () => {
    const unknown = Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('x'), { code: 'ENOTFOUND' }) })
    await expect(asking(() => Promise.reject(unknown))).rejects.toMatchObject({ problem: { code: 'CREDENTIAL_SOURCE_FAILED', retryable: true } })
  })

  test('is no bug of ours, and a bug of ours is no such cloud', async () => {
    await expect(asking(() => Promise.reject(new RangeError('a bug')))).rejects.toThrow(RangeError)
  })
})

test('a cloud that takes a login away for good is told, and not what the registry said of the old one', async () => {
  const doors = stillDoors({ fetch: async () => new Response(null, { status: 403 }) })
  const { where } = wish(doors)
  const answers = [Promise.resolve({ credential: basic('AWS', 'for-twelve-hours'), lifetime: 12 * 3_600_000 })]
  const source = mintedSource(() => answers.shift() ?? Promise.reject(registryFailure('CREDENTIALS_INVALID', where)), doors)
  const client = createRegistryClient(doors)
  const ask = () => client.resolve(reference('registry.example/acme/shop:1'), { credential: source })
  await expect(ask()).rejects.toMatchObject({ problem: { code: 'PERMISSION_DENIED' } })
  await expect(ask()).rejects.toMatchObject({ problem: { code: 'CREDENTIALS_INVALID' } })
})

test('a credential that a helper keeps is looked up each time, and cannot be renewed', async () => {
  const doors = stillDoors()
  const source = foundSource(async () => basic('ada', 'from-the-keychain'))
  const lent = await source.lend(0, wish(doors))
  expect(lent).toMatchObject({ until: null, isHeld: false })
  expect(await source.renew(lent, wish(doors))).toBeNull()
})

test('a minted credential is made anew before its time only where somebody has used the one of before', async () => {
  const doors = stillDoors()
  let made = 0
  const source = mintedSource(async () => ({ credential: basic('AWS', `password ${(made += 1)}`), lifetime: 12 * 3_600_000 }), doors)
  const halfOfItsLifePasses = () => doors.time.moves(6 * 3_600_000)
  expect([await source.refresh(wish(doors)), await source.refresh(wish(doors)), made]).toEqual(['made', 'young', 1])
  await source.lend(0, wish(doors))
  halfOfItsLifePasses()
  expect([await source.refresh(wish(doors)), made]).toEqual(['made', 2])
  halfOfItsLifePasses()
  expect([await source.refresh(wish(doors)), made]).toEqual(['idle', 2])
})

test.for([
  [{ status: 3, stdout: 'the vault is locked' }, 'docker-credential-test ended with 3'],
  [{ status: -1, stdout: 'ENOENT' }, 'docker-credential-test gave no answer: ENOENT'],
] as const)('a helper that fails (%j) is told without its own words', async ([answer, found]) => {
  const config = parseDockerConfig('{"credsStore":"test"}')!
  await expect(dockerConfigCredential('ghcr.io', config, async () => answer)).rejects.toMatchObject({ problem: { found } })
})

test('of two who are refused with the same old login the second gets what the first has had made', async () => {
  const doors = stillDoors()
  let made = 0
  const source = mintedSource(async () => ({ credential: basic('AWS', `password ${(made += 1)}`), lifetime: 12 * 3_600_000 }), doors)
  const [old, same] = [await source.lend(0, wish(doors)), await source.lend(0, wish(doors))]
  const first = await source.renew(old, wish(doors))
  expect((await source.renew(same, wish(doors)))?.credential).toBe(first?.credential)
  expect(made).toBe(2)
})

test('Azure’s own address is none of the public', () => {
  expect([isReserved('168.63.129.16'), isReserved('168.63.129.17')]).toEqual([true, false])
})

test('a login that has been taken is shown by many at once', async () => {
  const doors = stillDoors()
  const breaker = createBreaker(doors)
  const login = { key: 'one', repository: 'acme/shop', isRenewable: false }
  await breaker.guard(login, wish(doors), async (accepted) => accepted())
  let [now, most] = [0, 0]
  const work = async () => {
    most = Math.max(most, (now += 1))
    await Promise.resolve()
    now -= 1
  }
  await Promise.all([1, 2, 3].map(() => breaker.guard(login, wish(doors), work)))
  expect(most).toBe(3)
})
