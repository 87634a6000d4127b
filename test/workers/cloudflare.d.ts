// What these tests use of workerd's own modules. `@cloudflare/workers-types` would change `fetch` and its kin for everything else.

interface DurableObjectStorage {
  readonly sql: { exec(query: string, ...params: unknown[]): { toArray(): Record<string, string | number | null | ArrayBuffer>[] } }
  transactionSync<T>(work: () => T): T
}

interface DurableObjectStub {
  readonly id: unknown
}

declare module 'cloudflare:workers' {
  export const DurableObject: new () => object
  export const env: { readonly STORAGE: { idFromName(name: string): unknown; get(id: unknown): DurableObjectStub } }
}

declare module 'cloudflare:test' {
  export function runInDurableObject<T>(
    object: DurableObjectStub,
    work: (instance: unknown, state: { readonly storage: DurableObjectStorage }) => Promise<T>,
  ): Promise<T>
}
