// What these tests use of workerd's own modules besides what the product uses (src/runtime/cloudflare/cloudflare.d.ts).

declare module 'cloudflare:workers' {
  export const env: { readonly STORAGE: DurableObjectNamespace; readonly BACKUPS: R2Bucket & { get(key: string): Promise<Response | null> } }
}

declare module 'cloudflare:test' {
  export function runInDurableObject<T>(object: DurableObjectStub, work: (instance: unknown, state: DurableObjectState) => Promise<T>): Promise<T>
}

declare module 'cloudflare:node' {
  /** Throws ERR_INVALID_ARG_VALUE where no server of this worker listens on that port. */
  export function handleAsNodeRequest(port: number, request: Request): Promise<Response>
}
