import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/secret.ts'
import { type Spec, calls } from '../../../src/targets/docker/calls.ts'
import { messageOf } from '../../../src/targets/docker/engine.ts'
import { unframed } from '../../../src/targets/docker/health.ts'
import { errorInside, pullFailure } from '../../../src/targets/docker/pull.ts'

const DIGEST = `sha256:${'a'.repeat(64)}` as const

const spec: Spec = {
  name: 'shop-4711',
  workload: 'shop',
  operation: '1-4711',
  fence: 7,
  repository: 'ghcr.io/acme/shop',
  digest: DIGEST,
  place: { network: 'front', alias: 'web' },
  env: { LOG_LEVEL: 'info' },
  ports: [
    { ip: '127.0.0.1', host: '8080', container: '80/tcp' },
    { ip: '', host: '5353', container: '53/udp' },
  ],
  command: ['serve', '--quiet'],
}

test('a container is created without its alias, with labels that say whose it is', () => {
  expect(calls.create(spec)).toEqual({
    method: 'POST',
    path: '/containers/create?name=shop-4711',
    body: {
      Image: `ghcr.io/acme/shop@${DIGEST}`,
      Env: ['LOG_LEVEL=info'],
      Labels: {
        'gantry.workload': 'shop',
        'gantry.operation': '1-4711',
        'gantry.fence': '7',
        'gantry.digest': DIGEST,
        'gantry.network': 'front',
        'gantry.alias': 'web',
      },
      Cmd: ['serve', '--quiet'],
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      HostConfig: {
        RestartPolicy: { Name: 'unless-stopped' },
        PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }], '53/udp': [{ HostIp: '', HostPort: '5353' }] },
        NetworkMode: 'front',
      },
    },
  })
})

test('without network and command, the engine and the image decide', () => {
  const { body } = calls.create({ ...spec, place: null, ports: [], command: null })
  expect(body).toMatchObject({ HostConfig: { RestartPolicy: { Name: 'unless-stopped' }, PortBindings: {} } })
  expect(JSON.stringify(body)).not.toMatch(/NetworkMode|Cmd|gantry.alias/)
})

test('the alias is given when a container joins its network', () => {
  expect(calls.connect({ network: 'front', alias: 'web' }, 'c0ffee')).toEqual({
    method: 'POST',
    path: '/networks/front/connect',
    body: { Container: 'c0ffee', EndpointConfig: { Aliases: ['web'] } },
  })
})

test('a pull names the digest, and carries the credential only in its header', () => {
  const credential = { registry: 'ghcr.io', username: 'ada', password: new Secret('p>?ss wörd') }
  const { path, headers } = calls.pull('ghcr.io/acme/shop', DIGEST, credential)
  expect(path).toBe(`/images/create?fromImage=ghcr.io%2Facme%2Fshop&tag=sha256%3A${'a'.repeat(64)}`)
  const header = headers?.['X-Registry-Auth'] ?? ''
  expect(header).toMatch(/^[A-Za-z0-9_-]+={0,2}$/)
  expect(header.length % 4).toBe(0)
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ username: 'ada', password: 'p>?ss wörd', serveraddress: 'ghcr.io' })
  expect(calls.pull('ghcr.io/acme/shop', DIGEST, null).headers).toBeUndefined()
})

describe('the words of the engine about a pull', () => {
  // As dockerd 20.10 says them, in an answer or inside its stream.
  test.each([
    ['Head "https://ghcr.io/v2/acme/shop/manifests/1": unauthorized', 'CREDENTIALS_INVALID'],
    ['Head "http://127.0.0.1:5000/v2/acme/shop/manifests/1": no basic auth credentials', 'CREDENTIALS_INVALID'],
    ["pull access denied for acme/shop, repository does not exist or may require 'docker login': denied: requested access", 'CREDENTIALS_INVALID'],
    ['manifest for acme/shop@sha256:00 not found: manifest unknown: manifest unknown', 'NOT_FOUND_OR_HIDDEN'],
    ['no matching manifest for linux/amd64 in the manifest list entries', 'PLATFORM_MISSING'],
    ['toomanyrequests: You have reached your pull rate limit.', 'RATE_LIMITED'],
    ['Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: no such host', 'REGISTRY_UNAVAILABLE'],
    ['Get "https://10.0.0.1:5000/v2/": http: server gave HTTP response to HTTPS client', 'TLS_PROTOCOL'],
    ['Get "https://r.test/v2/": x509: certificate signed by unknown authority', 'TLS_UNTRUSTED'],
    ['write /var/lib/docker/tmp/x: no space left on device', 'TARGET_REFUSED'],
    ['something that nobody has seen yet', 'TARGET_REFUSED'],
  ])('%s → %s', (words, code) => {
    const { problem } = pullFailure(words, { name: 'main', repository: 'ghcr.io/acme/shop', digest: DIGEST }, null)
    expect(problem).toMatchObject({ code, found: `${words} (pulling anonymously)`, wanted: `ghcr.io/acme/shop@${DIGEST}` })
  })

  test('an error after the engine has begun to answer', () => {
    const stream = ['{"status":"Pulling"}', '{"errorDetail":{"message":"a \\"cut\\""},"error":"a \\"cut\\""}', ''].join('\r\n')
    expect(errorInside({ status: 200, bytes: new TextEncoder().encode(stream) })).toBe('a "cut"')
    expect(errorInside({ status: 200, bytes: new TextEncoder().encode('{"status":"Downloaded error-pages"}') })).toBeNull()
  })
})

test('a log is read with its frames, and without where the container has a terminal', () => {
  const frame = (stream: number, text: string) => [stream, 0, 0, 0, 0, 0, 0, text.length, ...Buffer.from(text)]
  const text = (bytes: Uint8Array) => new TextDecoder().decode(unframed(bytes))
  expect(text(Uint8Array.from([...frame(1, 'one\n'), ...frame(2, 'two\n')]))).toBe('one\ntwo\n')
  expect(text(Uint8Array.from([...frame(1, 'one\n'), ...frame(2, 'two\n').slice(0, 10)]))).toBe('one\ntw')
  expect(text(new TextEncoder().encode('plain\n'))).toBe('plain\n')
  // A mebibyte in one frame, and one that says it is longer than all that came.
  const large = new Uint8Array(1024 * 1024).fill(46)
  for (const length of [large.length - 8, 0xffffffff]) {
    new DataView(large.buffer).setUint32(0, 0x01000000)
    new DataView(large.buffer).setUint32(4, length)
    expect(text(large)).toBe('.'.repeat(large.length - 8))
  }
})

test('of what an engine says no more is read than is ever shown', () => {
  const said = (text: string) => messageOf({ status: 400, bytes: new TextEncoder().encode(JSON.stringify({ message: text })) })
  expect(said('no such\nimage')).toBe('no such image')
  for (const length of [30_000, 1_000_000]) expect(said('a.'.repeat(length / 2)).length).toBe(20_000)
})
