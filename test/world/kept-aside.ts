import type { KeptToken, TokenStore } from '../../src/registry/token-store.ts'

/** A store that loses nothing, and what it was asked. */
export class KeptAside implements TokenStore {
  readonly kept = new Map<string, KeptToken>()
  found = 0
  find(key: string) {
    this.found += 1
    return Promise.resolve(this.kept.get(key)?.value ?? null)
  }
  keep(key: string, token: KeptToken) {
    this.kept.set(key, token)
    return Promise.resolve()
  }
  drop(key: string) {
    this.kept.delete(key)
    return Promise.resolve()
  }
}
