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

interface ScheduledController {
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
