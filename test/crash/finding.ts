/** Something that must not be. `broken` is whatever is neither lost, doubled nor stale: a leak, a broken contract, a mistake of our own. */
export interface Finding {
  readonly kind: 'lost' | 'doubled' | 'stale' | 'broken'
  readonly what: string
}

export type Found = (kind: Finding['kind'], what: string) => void
