import { registryFailure } from './failure.ts'
import type { Where } from './failure.ts'
import { waitFor } from './doors.ts'
import type { Doors, Operation } from './doors.ts'
import type { Digest } from './reference.ts'

const IDLE = 10_000 // ms without a byte

/** The whole body if it is at most `cap` bytes long, else its first `cap` bytes and `isCut`. */
export async function readBody(
  response: Response,
  cap: number,
  doors: Doors,
  operation: Operation,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; isCut: boolean }> {
  const chunks: Uint8Array[] = []
  const reader = response.body?.getReader()
  let left = cap
  while (reader) {
    const { done, value } = await readChunk(reader, doors, operation)
    if (done) break
    chunks.push(value.subarray(0, left))
    if (value.length > left) {
      await reader.cancel().catch(() => {})
      return { bytes: join(chunks), isCut: true }
    }
    left -= value.length
  }
  return { bytes: join(chunks), isCut: false }
}

/** Lets go of a body that nobody reads, so that its connection is free again. */
export const discard = async (response: Response): Promise<void> => response.body?.cancel().catch(() => {})

/** `sha256:…` over the bytes. */
export async function digestOf(bytes: Uint8Array<ArrayBuffer>, algorithm: Algorithm): Promise<Digest> {
  return `${algorithm}:${hex(new Uint8Array(await crypto.subtle.digest(algorithm === 'sha256' ? 'SHA-256' : 'SHA-512', bytes)))}` as Digest
}

export type Algorithm = 'sha256' | 'sha512'
export const algorithmOf = (digest: Digest): Algorithm => (digest.startsWith('sha512:') ? 'sha512' : 'sha256')

/** The body as it comes; errors with DIGEST_MISMATCH at the first byte too many, or at the end if size or digest are others. */
export function verified(
  body: ReadableStream<Uint8Array>,
  blob: { readonly digest: Digest; readonly size: number },
  doors: Doors,
  operation: Operation,
  onFailure: (error: unknown) => unknown,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const hash = doors.hash(algorithmOf(blob.digest))
  let size = 0
  async function next(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { done, value } = await readChunk(reader, doors, operation)
    if (done) {
      const found = `${algorithmOf(blob.digest)}:${hex(await hash.digest())}`
      if (size !== blob.size || found !== blob.digest) throw mismatch(operation.where, blob, `${found}, ${size} bytes`)
      return controller.close()
    }
    size += value.length
    if (size > blob.size) {
      await reader.cancel().catch(() => {})
      throw mismatch(operation.where, blob, `more than ${blob.size} bytes`)
    }
    await hash.update(value)
    controller.enqueue(value)
  }
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      await next(controller).catch(async (error: unknown) => {
        await onFailure(error)
        throw error
      })
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

const mismatch = (where: Where, blob: { readonly digest: Digest; readonly size: number }, found: string) =>
  registryFailure('DIGEST_MISMATCH', where, { found, wanted: `${blob.digest}, ${blob.size} bytes` })

async function readChunk(reader: ReadableStreamDefaultReader<Uint8Array>, doors: Doors, operation: Operation) {
  try {
    return await waitFor(() => reader.read(), IDLE, doors, operation)
  } catch (error) {
    reader.cancel().catch(() => {})
    throw error
  }
}

function join(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
