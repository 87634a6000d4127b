// What these tests use of workerd's own modules besides what the product uses (src/runtime/cloudflare/cloudflare.d.ts).

declare module 'cloudflare:workers' {
  export const env: { readonly STORAGE: DurableObjectNamespace }
}

declare module 'cloudflare:test' {
  export function runInDurableObject<T>(object: DurableObjectStub, work: (instance: unknown, state: DurableObjectState) => Promise<T>): Promise<T>
}
