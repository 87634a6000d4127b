import { networkFailure } from './network.ts'
import { registryFailure } from './failure.ts'
import type { Where } from './failure.ts'
import type { Code } from '../errors.ts'

/** The outside world, handed in by whoever runs the client. */
export interface Doors {
  /** For hosts that an administrator named: a registry itself, and what is listed as trusted. */
  readonly fetch: typeof globalThis.fetch
  /** For hosts that a registry named: rejects with the code RESERVED_ADDRESS where the name leads to a reserved address. */
  readonly publicFetch: typeof globalThis.fetch
  /** Monotonic milliseconds: only differences mean something. */
  now(): number
  /** Wall clock, milliseconds since 1970: for what is signed, and for comparing clocks. Never for how long something lives. */
  date(): number
  /** In [0, 1). */
  random(): number
  /** Runs `work` once after `ms` milliseconds; the returned function takes it back. */
  after(ms: number, work: () => void): () => void
  /** Hashes a stream, which WebCrypto cannot: Node's `createHash`, or a Worker's `DigestStream`. */
  hash(algorithm: 'sha256' | 'sha512'): StreamingHash
  /** Told once of everything that failed in the end, however often it was tried. */
  report(event: FailureEvent): void
}

interface StreamingHash {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array | Promise<Uint8Array>
}

/** What was being done when something failed. */
export type Phase = 'credential' | 'challenge' | 'token' | 'manifest' | 'blob'

/** One chain of attempts that came to nothing, for the log: names and numbers, never a secret or an answer's text. */
export interface FailureEvent {
  readonly code: Code
  readonly phase: Phase
  readonly registry: string
  readonly image: string
  /** Requests that were sent for it. */
  readonly attempts: number
  readonly retryAfter: number | null
  /** Of the credential; null for anonymous. */
  readonly fingerprint: string | null
  /** Whose wish it was: a deployment's id. */
  readonly correlation: string | null
}

/** One thing that a caller wants: every request and wait that it takes ends with its deadline or its signal. */
export interface Operation {
  readonly where: Where
  /** By `Doors.now`. */
  readonly deadline: number
  readonly signal: AbortSignal | undefined
  readonly trail: Trail
}

/** How far it has come. */
export interface Trail {
  phase: Phase
  attempts: number
}

/**
 * Waits for a piece of work, at most `budget` milliseconds and never past the deadline. Throws TIMEOUT, what the network did as a
 * failure, or the caller's own abort reason.
 */
export async function waitFor<T>(work: (signal: AbortSignal) => Promise<T>, budget: number, doors: Doors, operation: Operation): Promise<T> {
  operation.signal?.throwIfAborted()
  const ms = Math.min(budget, operation.deadline - doors.now())
  const late = () => {
    const found = `no answer within ${Math.max(0, Math.round(ms))} ms (${operation.trail.phase})`
    return registryFailure('TIMEOUT', operation.where, { found })
  }
  if (ms <= 0) throw late()
  const controller = new AbortController()
  const stop = () => controller.abort(operation.signal?.reason)
  const cancel = doors.after(ms, () => controller.abort(late()))
  operation.signal?.addEventListener('abort', stop, { once: true })
  const stopped = new Promise<never>((_resolve, reject) =>
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason as Error)),
  )
  try {
    return await Promise.race([work(controller.signal), stopped])
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : networkFailure(error, operation.where)
  } finally {
    cancel()
    operation.signal?.removeEventListener('abort', stop)
  }
}

/** Does nothing for a while. */
export async function pause(ms: number, doors: Doors, { signal }: Pick<Operation, 'signal'>): Promise<void> {
  if (ms <= 0) return
  signal?.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const stop = () => (cancel(), reject(signal?.reason as Error))
    const cancel = doors.after(ms, () => (signal?.removeEventListener('abort', stop), resolve()))
    signal?.addEventListener('abort', stop, { once: true })
  })
}
