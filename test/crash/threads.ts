import { createHash, createPrivateKey, createSign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { gunzipSync } from 'node:zlib'

/**
 * Node does hashing, signing and unzipping on threads of its own, which end in whatever order they like. From here on they are
 * done on the spot, with the same results, so that a seed is the same history every time.
 */
export function withoutThreads(): void {
  Object.assign(crypto.subtle, {
    digest: async (_: string, bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest()).buffer,
    importKey: async (_: 'pkcs8', der: ArrayBuffer) => createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }),
    sign: async (_: string, key: unknown, bytes: ArrayBuffer) =>
      createSign('RSA-SHA256')
        .update(Buffer.from(bytes))
        .sign(key as KeyObject),
  })
  Object.assign(globalThis, { DecompressionStream: Gunzip })
}

class Gunzip extends TransformStream<Uint8Array, Uint8Array> {
  constructor() {
    const chunks: Uint8Array[] = []
    super({
      transform: (chunk) => void chunks.push(chunk),
      flush: (controller) => controller.enqueue(gunzipSync(Buffer.concat(chunks))),
    })
  }
}
