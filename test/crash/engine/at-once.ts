import { createHash } from 'node:crypto'

/** Hashing happens on threads of its own, which end in whatever order they like: for the length of a world it is done on the spot. */
export function digestsAtOnce(): { back(): void } {
  const { digest } = crypto.subtle
  const hasOwn = Object.hasOwn(crypto.subtle, 'digest')
  Object.assign(crypto.subtle, {
    digest: async (_: string, bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest()).buffer,
  })
  return {
    back: () => {
      if (hasOwn) Object.assign(crypto.subtle, { digest })
      else delete (crypto.subtle as { digest?: unknown }).digest
    },
  }
}
