import type { IncomingMessage } from 'node:http'

const BLOCK = 16 * 1024
const ROOM = 26 * 1024 * 1024

/**
 * The memory that all bodies together may hold at one time, in blocks that are used again and again: room for one of the largest
 * and some sixty ordinary ones beside it. Held as the chunks that Node makes, 28 MB of them left 41 MB behind after a few floods.
 */
export interface BodyRoom {
  take(): Buffer | undefined
  giveBack(blocks: readonly Buffer[]): void
}

export function createBodyRoom(bytes = ROOM): BodyRoom {
  const free: Buffer[] = []
  let unmade = Math.floor(bytes / BLOCK)
  return {
    take() {
      const block = free.pop()
      if (block !== undefined || unmade === 0) return block
      unmade -= 1
      return Buffer.allocUnsafeSlow(BLOCK)
    },
    giveBack(blocks) {
      free.push(...blocks)
    },
  }
}

export interface BodyReader {
  /** Sees each chunk as it arrives. */
  chunk(chunk: Buffer): void
  /** The whole body has arrived; it is to be used before this returns. */
  end(body: () => Buffer): void
  /** Over the limit (413), or no room among all the bodies (503): nothing more is read. */
  stop(status: 413 | 503): void
}

/** Reads a body of at most `limit` bytes, counted while it arrives. Calls neither `end` nor `stop` where the client goes away. */
export function readBody(request: IncomingMessage, limit: number, room: BodyRoom, reader: BodyReader): void {
  const blocks: Buffer[] = []
  let size = 0

  function leave(): void {
    request.off('data', take).off('end', end).off('close', leave)
    room.giveBack(blocks.splice(0))
  }
  function take(chunk: Buffer): void {
    const status = size + chunk.length > limit ? 413 : keep(chunk) ? null : 503
    if (status === null) reader.chunk(chunk)
    free(chunk)
    if (status === null) return
    leave()
    request.pause()
    reader.stop(status)
  }
  function keep(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length;) {
      const offset = size % BLOCK
      const block = offset === 0 ? room.take() : blocks.at(-1)
      if (block === undefined) return false
      if (offset === 0) blocks.push(block)
      const copied = chunk.copy(block, offset, at)
      at += copied
      size += copied
    }
    return true
  }
  function end(): void {
    reader.end(() => (blocks.length === 1 ? blocks[0]!.subarray(0, size) : Buffer.concat(blocks, size)))
    leave()
  }
  request.on('data', take).on('end', end).on('close', leave)
}

/** Gives a large chunk's memory back now and not at some garbage collection. */
function free(chunk: Buffer): void {
  if (chunk.length >= BLOCK && chunk.length === chunk.buffer.byteLength && chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0)
}
