import { afterAll, beforeAll, expect, test } from 'vitest'
import { anonymous } from '../../src/registry/credential.ts'
import type { Doors } from '../../src/registry/doors.ts'
import type { Digest } from '../../src/registry/reference.ts'
import { clientUnderTest } from '../world/registry-client.ts'
import { servers } from '../world/servers.ts'
import type { TestRegistry } from '../world/servers.ts'

// The other tests hash with `node:crypto`, which workerd has too; a Worker can do without it.

let registry: TestRegistry
let digest: Digest
beforeAll(async () => {
  registry = await servers.startOciRegistry()
  digest = await registry.has('acme/shop:1.2', { 'index.html': 'hello' }, { above: [{ 'big.bin': new Uint8Array(200_000) }] })
})
afterAll(() => registry.goesDown())

type WorkerCrypto = Crypto & {
  DigestStream: new (algorithm: string) => WritableStream<Uint8Array> & { readonly digest: Promise<ArrayBuffer> }
}

const hash: Doors['hash'] = (algorithm) => {
  const stream = new (crypto as WorkerCrypto).DigestStream(algorithm === 'sha256' ? 'SHA-256' : 'SHA-512')
  const writer = stream.getWriter()
  return { update: (bytes) => writer.write(bytes), digest: () => writer.close().then(async () => new Uint8Array(await stream.digest)) }
}

const read = async () => {
  const layers = await clientUnderTest({}, { hash }).client.layers(registry.name('acme/shop'), digest, { credential: anonymous, platform: null })
  return Promise.all(layers.map(async (layer) => ({ size: layer.size, bytes: await new Response(await layer.open()).arrayBuffer() })))
}

test('layers are checked while they stream, by a DigestStream', async () => {
  const layers = await read()
  expect(layers.map(({ bytes }) => bytes.byteLength)).toEqual(layers.map(({ size }) => size))
})

test('a changed byte is noticed by it', async () => {
  registry.quirks.corruptsBlobs = true
  await expect(read()).rejects.toMatchObject({ problem: { code: 'DIGEST_MISMATCH' } })
})
