import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import nock from 'nock'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { confinedRegistry, confinedTarget } from '../../src/accounts/confined.ts'
import { placeTarget } from '../../src/accounts/placing.ts'
import { readOperatorFile } from '../../src/config/operator-file.ts'
import type { Endpoint } from '../../src/deploy/target.ts'
import { createRegistryClient } from '../../src/registry/client.ts'
import { exchanges, families } from '../../src/registry/forms.ts'
import { preflight } from '../../src/registry/preflight.ts'
import { parseReference, type Reference } from '../../src/registry/reference.ts'
import { publicFetch, registryFetch } from '../../src/runtime/egress.ts'
import { endpointFetch } from '../../src/runtime/endpoint.ts'
import { Secret } from '../../src/secret.ts'
import { targetKinds } from '../../src/targets/index.ts'
import { MemoryFiles } from '../world/memory-files.ts'
import { clientUnderTest } from '../world/registry-client.ts'
import { Time } from '../world/time.ts'

// What an account declared by itself is held to at each connection: a name that led elsewhere when it was declared leads to this machine now.

// The guard of the other tests stands in front of the lookup, which is what is tested here.
nock.restore()

let heard: string[] = []
const server = createServer((request, response) => {
  heard.push(`${request.method} ${request.url}`)
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
})
let port = 0
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
beforeEach(() => void (heard = []))
afterAll(() => server.close())

const leadsHere: LookupFunction = (_hostname, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }])
const refused = { problem: { code: 'MACHINE_REQUIRED', who: 'account' } }
const at = (name: string): Reference => parseReference(name) as Reference

describe('a registry', () => {
  const { doors } = clientUnderTest()
  const confined = confinedRegistry({ ...doors, fetch: registryFetch(), publicFetch: publicFetch(leadsHere) })
  const client = createRegistryClient(confined, {})
  const basic = { kind: 'basic' as const, username: 'x', password: new Secret('a-password') }

  test.each(['registry.example', 'registry.example:PORT', '127.0.0.1:PORT', 'localhost:PORT', '[::1]:PORT'])(
    'at %s is not asked, neither for an image nor by a preflight',
    async (host) => {
      const reference = at(`${host.replace('PORT', String(port))}/acme/shop:1`)
      await expect(client.resolve(reference, { credential: basic })).rejects.toMatchObject(refused)
      const found = await preflight(client, confined, reference, { credential: basic, as: 'x', platform: null, pullWithin: 0 })
      expect(found.rows.find(({ outcome }) => outcome === 'failed')?.problem).toMatchObject(refused.problem)
      expect(heard).toEqual([])
    },
  )

  test.each([
    ['aws', { access_key_id: 'AKIAIOSFODNN7EXAMPLE', secret_access_key: 'x'.repeat(40) }, 'endpoint', '123456789012.dkr.ecr.eu-west-1.amazonaws.com'],
    ['entra', { tenant: 'acme.example', client_id: 'x', client_secret: 'a-secret' }, 'authority', 'acme.azurecr.io'],
  ] as const)('of a cloud is asked for no password at an address of this machine’s: %s', async (key, given, field, registry) => {
    const secrets = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, name.includes('secret') ? new Secret(value) : value]))
    for (const endpoint of [`http://127.0.0.1:${port}`, 'https://cloud.example']) {
      const source = client.minted(key, { ...secrets, [field]: endpoint }, registry)
      const asked = client.resolve(at(`${registry}/acme/shop:1`), { credential: source })
      await expect(asked).rejects.toMatchObject({ problem: { code: 'CREDENTIAL_SOURCE_FAILED', found: expect.stringContaining('MACHINE_REQUIRED') } })
    }
    expect(heard).toEqual([])
  })
})

describe('an engine', () => {
  const doors = {
    fetch: (endpoint: Endpoint) => endpointFetch(endpoint, leadsHere),
    files: () => new MemoryFiles().under('x'),
    clock: new Time(async () => {}),
  }
  const kinds = new Map(targetKinds.map((kind) => [kind.kind, kind]))

  function engineAt(host: string, isConfined: boolean) {
    const kept = {
      account: 7,
      kind: 'target' as const,
      name: 'x',
      json: JSON.stringify({ kind: 'docker', host, ...(host.startsWith('tcp') && { plain_http: true }) }),
    }
    const read = readOperatorFile('version: 1', kinds, () => undefined, { exchanges, families }, [isConfined ? { ...kept, isConfined } : kept])
    const declared = 'operator' in read ? read.operator.targets.get('x@7') : undefined
    expect(declared?.isConfined).toBe(isConfined)
    return placeTarget('x@7', declared!, doors).target
  }

  test.each(['tcp://engine.example:PORT', 'tcp://127.0.0.1:PORT', 'tcp://localhost:PORT', 'tcp://2130706433:PORT', 'unix:///run/engine.sock'])(
    'at %s is not asked',
    async (host) => {
      await expect(engineAt(host.replace('PORT', String(port)), true).reach()).rejects.toMatchObject(refused)
      expect(heard).toEqual([])
    },
  )

  test('that the operator has declared for the account is', async () => {
    await engineAt(`tcp://127.0.0.1:${port}`, false)
      .reach()
      .catch(() => {})
    expect(heard.length).toBeGreaterThan(0)
  })
})

test('there is no folder for it either', () => {
  const doors = { fetch: () => fetch, files: () => new MemoryFiles().under('x'), clock: new Time(async () => {}) }
  expect(() => confinedTarget(doors).files('x')).toThrow(/^MACHINE_REQUIRED: /)
})
