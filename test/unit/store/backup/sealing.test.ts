import { describe, expect, test } from 'vitest'
import { importAesKey, type Bytes } from '../../../../src/store/vault/aes-gcm.ts'
import { openStream, sealStream } from '../../../../src/store/backup/sealing.ts'
import { randomBytes } from '../../../world/vault.ts'

const CHUNK = 1024 * 1024
const SEALED = CHUNK + 16
const BOUND = new TextEncoder().encode('a manifest')
const KEY = await importAesKey(randomBytes(32))

async function* pieces(bytes: Uint8Array, size = 300_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const all = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => Buffer.concat(await Array.fromAsync(stream))
const sealed = (plain: Uint8Array, key = KEY): Promise<Buffer> => all(sealStream(key, BOUND, pieces(plain)))
const opened = (bytes: Uint8Array, key = KEY, bound: Bytes = BOUND): Promise<Buffer> => all(openStream(key, bound, pieces(bytes, 77_777)))

const filled = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 0xff)

describe('a sealed stream', () => {
  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5])('of %d bytes opens again, in whatever pieces it comes', async (length) => {
    const plain = filled(length)
    const file = await sealed(plain)
    expect(file.length).toBe(length + 16 * Math.max(1, Math.ceil(length / CHUNK)))
    expect((await opened(file)).equals(plain)).toBe(true)
  })

  const plain = filled(2 * CHUNK + 100)
  const part = (file: Buffer, at: number): Buffer => file.subarray(at * SEALED, (at + 1) * SEALED)
  test.each<[string, (file: Buffer) => Buffer]>([
    ['cut off by a byte', (file) => file.subarray(0, -1)],
    ['cut off behind a chunk', (file) => file.subarray(0, 2 * SEALED)],
    ['cut off to nothing', (file) => file.subarray(0, 0)],
    ['longer by a byte', (file) => Buffer.concat([file, Buffer.of(0)])],
    ['longer by its last chunk', (file) => Buffer.concat([file, part(file, 2)])],
    ['with two chunks in each other’s place', (file) => Buffer.concat([part(file, 1), part(file, 0), part(file, 2)])],
    ['without its first chunk', (file) => file.subarray(SEALED)],
    ['with one chunk twice', (file) => Buffer.concat([part(file, 0), part(file, 0), part(file, 1), part(file, 2)])],
  ])('%s does not open', async (_what, change) => {
    await expect(opened(change(await sealed(plain)))).rejects.toThrow(/BACKUP_BROKEN/)
  })

  test('with a flipped bit does not open, wherever it is', async () => {
    const file = await sealed(plain)
    for (const at of [0, 7, CHUNK, SEALED - 1, SEALED, 2 * SEALED - 1, 2 * SEALED, file.length - 17, file.length - 1]) {
      const changed = Buffer.from(file)
      changed[at]! ^= 1 << (at % 8)
      await expect(opened(changed), `byte ${at}`).rejects.toThrow(/BACKUP_BROKEN/)
    }
  })

  test('gives nothing out of a chunk that was changed, and what came before it whole', async () => {
    const file = await sealed(plain)
    file[SEALED]! ^= 1
    const out: Uint8Array[] = []
    const reading = (async () => {
      for await (const chunk of openStream(KEY, BOUND, pieces(file))) out.push(chunk)
    })()
    await expect(reading).rejects.toThrow(/BACKUP_BROKEN/)
    expect(out.map(({ length }) => length)).toEqual([CHUNK])
  })

  test('belongs to its key and to what it is bound to', async () => {
    const file = await sealed(filled(10))
    await expect(opened(file, await importAesKey(randomBytes(32)))).rejects.toThrow(/BACKUP_BROKEN/)
    await expect(opened(file, KEY, new TextEncoder().encode('a manifesto'))).rejects.toThrow(/BACKUP_BROKEN/)
  })
})
