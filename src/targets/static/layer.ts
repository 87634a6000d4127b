import { createTarDecoder } from 'modern-tar'
import type { Layer } from '../../deploy/target.ts'
import { Failure } from '../../errors.ts'

export interface Entry {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'symlink' | 'hardlink' | 'other'
  readonly size: number
  /** Where a link leads, as written. */
  readonly leadsTo: string
  /** To be read to its end, or cancelled. */
  readonly body: ReadableStream<Uint8Array>
}

const KINDS = new Map([
  ['file', 'file'],
  ['directory', 'folder'],
  ['symlink', 'symlink'],
  ['link', 'hardlink'],
] as const)

/**
 * Shows a layer's entries in order. `spend` is told of every decompressed chunk and throws when it is too much. What the
 * layer's own stream throws (a wrong digest, a lost connection) and what `visit` throws comes out as it is; what cannot be read
 * as a layer is `IMAGE_UNUSABLE`. The layer is always read to its end, so that its digest is checked.
 */
export async function readLayer(layer: Layer, spend: (bytes: number) => void, visit: (entry: Entry) => Promise<void>): Promise<void> {
  // A decompressor may replace the reason it was aborted with by one of its own, so errors are noted where they arise.
  const given: unknown[] = []
  const decoding: unknown[] = []
  const bytes = decompressed(layer, watched(await layer.open(), given)).pipeThrough(counting(spend, given))
  try {
    for await (const { header, body } of watched(bytes.pipeThrough(createTarDecoder({ strict: true })), decoding)) {
      const kind = KINDS.get(header.type as 'file') ?? 'other'
      await visit({ name: header.name, kind, size: header.size, leadsTo: header.linkname ?? '', body: watched(body, decoding) })
    }
  } catch (error) {
    if (given.length > 0) throw given[0]
    throw decoding.length > 0 ? unusable(layer, error) : error
  }
}

function decompressed(layer: Layer, stored: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  if (/[.+]gzip$/.test(layer.mediaType)) return stored.pipeThrough(new DecompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>)
  if (layer.mediaType.endsWith('tar')) return stored
  throw new Failure('IMAGE_UNUSABLE', {
    sentence: 'A layer of the image is compressed in a way that this target cannot read.',
    found: layer.mediaType,
    wanted: 'a tar layer, plain or with gzip',
    next: 'Build the image with gzip compression (`--output type=image,compression=gzip`) and push it again.',
  })
}

/** The same stream; its error, should it have one, is noted. Reads nothing ahead. */
function watched<T>(source: ReadableStream<T>, errors: unknown[]): ReadableStream<T> {
  const reader = source.getReader()
  const pull = async (controller: ReadableStreamDefaultController<T>) => {
    try {
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    } catch (error) {
      errors.push(error)
      throw error
    }
  }
  return new ReadableStream<T>({ pull, cancel: (reason) => reader.cancel(reason) }, { highWaterMark: 0 })
}

function counting(spend: (bytes: number) => void, errors: unknown[]): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(chunk, controller) {
      try {
        spend(chunk.byteLength)
        controller.enqueue(chunk)
      } catch (error) {
        errors.push(error)
        throw error
      }
    },
  })
}

/** `DecompressionStream` reads one gzip member only; those of eStargz layers are many. */
function unusable(layer: Layer, error: unknown): Failure {
  return new Failure(
    'IMAGE_UNUSABLE',
    {
      sentence: 'A layer of the image cannot be read: it is damaged, or compressed in an unusual way.',
      found: layer.digest,
      wanted: 'a tar archive, plain or in one gzip stream',
      next: 'Build the image again with ordinary gzip compression and push it.',
    },
    error,
  )
}
