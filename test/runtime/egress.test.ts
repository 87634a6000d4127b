import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, LookupFunction, Server } from 'node:net'
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import nock from 'nock'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { publicFetch, registryFetch } from '../../src/runtime/egress.ts'
import { endpointFetch } from '../../src/runtime/endpoint.ts'
import { createIsOwn } from '../../src/runtime/own-networks.ts'
import { clientUnderTest, basic, reference } from '../world/registry-client.ts'
import { startOciRegistry } from '../world/oci-registry.ts'
import type { OciRegistry } from '../world/oci-registry.ts'

// The guard of the other tests stands in front of the lookup, which is what is tested here: every name is looked up in the test itself.
beforeAll(() => nock.restore())
afterAll(() => nock.activate())

/** A name server of the attacker's: every name leads to these addresses. */
const leadsTo = (...addresses: string[]): LookupFunction & { asked: string[] } => {
  const asked: string[] = []
  const lookup: LookupFunction = (hostname, options, callback) => {
    asked.push(hostname)
    const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    if (options.all === true) callback(null, all)
    else callback(null, all[0]!.address, all[0]!.family)
  }
  return Object.assign(lookup, { asked })
}

/** Something inside that nobody outside should reach. */
let inside: Server
let caught: string[]
let port: number
beforeEach(async () => {
  caught = []
  inside = createServer((request, response) => {
    caught.push(request.url ?? '')
    response.end('the secrets of the metadata service')
  }).listen(0, '127.0.0.1')
  await once(inside, 'listening')
  port = (inside.address() as AddressInfo).port
})
afterEach(() => void inside.close())

const refused = { cause: { code: 'ERR_RESERVED_ADDRESS' } }

describe('what a registry named', () => {
  test.each([
    ['127.0.0.1'],
    ['169.254.169.254'],
    ['10.0.0.1'],
    ['192.168.0.1'],
    ['100.100.100.200'],
    ['0.0.0.0'],
    ['::1'],
    ['fe80::1%lo'],
    ['fd00:ec2::254'],
    ['::ffff:127.0.0.1'],
    ['64:ff9b::7f00:1'],
    ['2002:7f00:1::'],
    ['2001::1'],
  ])('is not connected to where its name leads to %s', async (address) => {
    const lookup = leadsTo(address)
    await expect(publicFetch(lookup)(`http://cdn.example:${port}/steal`)).rejects.toMatchObject(refused)
    expect([lookup.asked, caught]).toEqual([['cdn.example'], []])
  })

  test('is not connected to where one of several addresses is private', async () => {
    await expect(publicFetch(leadsTo('192.0.3.1', '127.0.0.1'))(`http://cdn.example:${port}/`)).rejects.toMatchObject(refused)
    expect(caught).toEqual([])
  })

  test.each(['127.0.0.1', '[::1]', '0x7f.1', '2130706433', 'localhost', 'metadata.google.internal'])('is no connection to %s', async (host) => {
    await expect(publicFetch(leadsTo('127.0.0.1'))(`http://${host}:${port}/`)).rejects.toMatchObject({ code: 'ERR_RESERVED_ADDRESS' })
    expect(caught).toEqual([])
  })

  test('may have a name that nobody knows: that is an error like others, and not the end of the process', async () => {
    // With the error alone, as Node's own lookup answers then.
    const nowhere: LookupFunction = (_hostname, _options, callback) => {
      setImmediate(callback as (error: Error) => void, Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }))
    }
    await expect(publicFetch(nowhere)('https://tokens.invalid/')).rejects.toMatchObject({ cause: { code: 'ENOTFOUND' } })
    await expect(publicFetch()('https://tokens.invalid/')).rejects.toMatchObject({ cause: { code: expect.stringMatching(/^E(NOTFOUND|AI_AGAIN)$/) } })
    await expect(publicFetch(leadsTo())('https://tokens.example/')).rejects.toMatchObject({ cause: { code: 'ENOTFOUND' } })
  })

  test('is not reached over a connection that was made for what the operator named', async () => {
    const kept = await registryFetch()(`http://localhost:${port}/operator`)
    await kept.text()
    await expect(publicFetch()(`http://localhost:${port}/registry`)).rejects.toThrow()
    expect(caught).toEqual(['/operator'])
  })
})

describe('a machine with public addresses', () => {
  const addressOf = (cidr: string): NetworkInterfaceInfo => {
    const [address = ''] = cidr.split('/')
    const known = { address, netmask: '', mac: '00:00:00:00:00:00', internal: false, cidr }
    return address.includes(':') ? { ...known, family: 'IPv6', scopeid: 0 } : { ...known, family: 'IPv4' }
  }
  let addresses = ['203.0.113.7/24', '198.51.100.20/32', '2a01:4f8:1:2::7/128', '2a02:8000::1/48']
  let now = 0
  const isOwn = createIsOwn(
    () => ({ eth0: addresses.map(addressOf), gone: undefined }),
    () => now,
  )
  const OWN = [
    '203.0.113.7',
    '203.0.113.200',
    '198.51.100.20',
    '2a01:4f8:1:2::7',
    '2a01:4f8:1:2:ffff::1',
    '2a02:8000:0:99::1',
    '2a01:4f8:1:2::9%eth0',
  ]
  const OTHERS = ['203.0.114.7', '198.51.100.21', '2a01:4f8:1:3::7', '2a02:8000:1::1', '198.51.100.99']

  test('is in networks whose other machines are behind the same firewall: an IPv6 address has neighbours whatever its lease says', () => {
    expect(OWN.filter(isOwn)).toEqual(OWN)
    expect(OTHERS.filter(isOwn)).toEqual([])
  })

  test.each(OWN.slice(0, 6))('is not connected to, nor are its neighbours, by a name that leads to %s or by the address itself', async (address) => {
    const lookup = leadsTo('198.51.100.99', address)
    const host = address.includes(':') ? `[${address}]` : address
    for (const reach of [publicFetch(lookup, isOwn), endpointFetch({ isPublic: true }, lookup, isOwn)]) {
      await expect(reach(`http://engine.example:${port}/info`)).rejects.toMatchObject(refused)
      await expect(reach(`http://${host}:${port}/info`)).rejects.toMatchObject({ code: 'ERR_RESERVED_ADDRESS' })
    }
  })

  test('is read anew every ten seconds: addresses come and go', () => {
    ;[addresses, now] = [['198.51.100.99/32'], now + 9_999]
    expect([isOwn('198.51.100.99'), isOwn('203.0.113.7')]).toEqual([false, true])
    now += 1
    expect([isOwn('198.51.100.99'), isOwn('203.0.113.7')]).toEqual([true, false])
  })

  test('that does not tell its addresses connects to nothing that others name, and goes on', async () => {
    const silent = createIsOwn(() => {
      throw Object.assign(new Error('not allowed to ask'), { code: 'ERR_SYSTEM_ERROR' })
    })
    await expect(publicFetch(leadsTo('198.51.100.99'), silent)('http://cdn.example/')).rejects.toMatchObject({ cause: { code: 'ERR_SYSTEM_ERROR' } })
    await expect(publicFetch(leadsTo(), silent)('http://198.51.100.99/')).rejects.toMatchObject({ code: 'ERR_SYSTEM_ERROR' })
  })

  test('says its own to this process', () => {
    const own = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))
    expect(own).toContain('127.0.0.1')
    expect(own.filter(createIsOwn())).toEqual(own)
  })
})

test('what the operator named may be on this machine, and its redirects are left to the caller', async () => {
  const response = await registryFetch()(`http://127.0.0.1:${port}/v2/`)
  expect([response.status, await response.text()]).toEqual([200, 'the secrets of the metadata service'])
})

describe('a registry', () => {
  let registry: OciRegistry
  const lookup = leadsTo('127.0.0.1')
  const alice = basic('alice', 'correct-horse-battery')
  beforeEach(async () => {
    registry = await startOciRegistry({ auth: 'bearer', accounts: [{ name: 'alice', password: 'correct-horse-battery', repositories: ['acme/*'] }] })
  })
  afterEach(() => registry.goesDown())
  const client = (rules = {}) => clientUnderTest(rules, { fetch: registryFetch(), publicFetch: publicFetch(lookup) }).client

  test('cannot send us to a private token server under a public name', async () => {
    await registry.has('acme/shop:1', {})
    registry.quirks.realm = 'https://tokens.example/token'
    const asked = client().resolve(reference(registry.name('acme/shop:1')), { credential: alice })
    await expect(asked).rejects.toMatchObject({
      problem: { code: 'REALM_FORBIDDEN', retryable: false, found: 'https://tokens.example: a name of a private address' },
    })
    expect(caught).toEqual([])
  })

  test('cannot send us to private storage under a public name, unless an administrator says so', async () => {
    const digest = await registry.has('acme/shop:1', { 'index.html': 'hello' })
    const storage = `http://cdn.example:${port}`
    registry.quirks.redirectsBlobsTo = `${storage}/blob`
    const asking = { credential: alice, platform: null }
    const [layer] = await client().layers(registry.name('acme/shop'), digest, asking)
    await expect(layer!.open()).rejects.toMatchObject({ problem: { code: 'REDIRECT_FORBIDDEN', found: `${storage}: a name of a private address` } })
    expect(caught).toEqual([])
    const trusting = { fetch: withNames(lookup), publicFetch: publicFetch(lookup) }
    const [trusted] = await clientUnderTest({ trustedStorage: [storage] }, trusting).client.layers(registry.name('acme/shop'), digest, asking)
    await expect(new Response(await trusted!.open()).text()).rejects.toMatchObject({ problem: { code: 'DIGEST_MISMATCH' } })
    expect(caught).toEqual(['/blob'])
  })
})

/** The operator's `fetch` on a network that knows `cdn.example`. */
function withNames(names: { asked: string[] }): typeof fetch {
  const open = registryFetch()
  return (input, init) => {
    names.asked.push('by the operator')
    return open(new Request(input).url.replace('cdn.example', '127.0.0.1'), init)
  }
}

test('a host that takes the connection and never says its certificate is given up after five seconds', async () => {
  const silent = createTcpServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const [begun, { port: deaf }] = [performance.now(), silent.address() as AddressInfo]
  await expect(registryFetch()(`https://127.0.0.1:${deaf}/v2/`)).rejects.toMatchObject({ cause: { code: 'UND_ERR_CONNECT_TIMEOUT' } })
  expect(performance.now() - begun).toBeLessThan(8_000)
  silent.close()
})
