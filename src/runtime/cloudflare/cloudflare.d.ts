// What Gantry uses of workerd's own modules. `@cloudflare/workers-types` would change `fetch` and its kin for everything else.

/** developers.cloudflare.com, "SQLite-backed Durable Object Storage". */
interface DurableObjectStorage {
  readonly sql: { exec(query: string, ...params: unknown[]): { toArray(): Record<string, string | number | null | ArrayBuffer>[] } }
  transactionSync<T>(work: () => T): T
  /** Milliseconds since 1970; null where none is set, and while it rings. */
  getAlarm(): Promise<number | null>
  setAlarm(at: number): Promise<void>
  deleteAlarm(): Promise<void>
}

interface DurableObjectState {
  readonly storage: DurableObjectStorage
  /** Ends the object at once; its next call begins a new one. */
  abort(reason?: string): void
}

interface DurableObjectId {
  toString(): string
}

/** The object in another place: a method answers with a promise of what it returns. */
type DurableObjectStub<T = object> = {
  readonly id: DurableObjectId
  fetch(request: Request): Promise<Response>
} & { readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: Remote<T[K]> }

type Remote<F> = F extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never

interface DurableObjectNamespace<T = object> {
  idFromName(name: string): DurableObjectId
  get(id: DurableObjectId): DurableObjectStub<T>
}

/** As much of R2 as backups use (developers.cloudflare.com, "R2 Workers API reference"). */
interface R2Bucket {
  /** Null where there is none. */
  head(key: string): Promise<R2Object | null>
  put(key: string, value: Uint8Array | string, options?: R2Metadata): Promise<unknown>
  /** All of its parts but the last have the same length, of 5 MiB at least. */
  createMultipartUpload(key: string, options?: R2Metadata): Promise<R2MultipartUpload>
  list(options: { readonly prefix?: string; readonly delimiter?: string; readonly cursor?: string }): Promise<R2Objects>
  /** At most 1,000 at once. */
  delete(keys: readonly string[]): Promise<void>
}

interface R2Metadata {
  readonly customMetadata?: Readonly<Record<string, string>>
}

interface R2Object extends R2Metadata {
  readonly key: string
}

interface R2Objects {
  readonly objects: readonly R2Object[]
  readonly delimitedPrefixes: readonly string[]
  /** Where there are more. */
  readonly cursor?: string
}

interface R2MultipartUpload {
  uploadPart(number: number, value: Uint8Array): Promise<object>
  complete(parts: readonly object[]): Promise<unknown>
  abort(): Promise<void>
}

interface ScheduledController {
  /** The expression of the configuration that rang. */
  readonly cron: string
  readonly scheduledTime: number
}

interface ExecutionContext {
  waitUntil(work: Promise<unknown>): void
}

declare module 'cloudflare:workers' {
  export class DurableObject<Env = unknown> {
    readonly ctx: DurableObjectState
    readonly env: Env
    constructor(ctx: DurableObjectState, env: Env)
  }
}
