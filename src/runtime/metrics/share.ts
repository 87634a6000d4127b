/** Each installation has limits of its own, and a label for each would be somebody else's to multiply: the smallest share that was seen lately. */
export interface Share {
  note(share: number): void
  /** 1 where nothing was seen lately. */
  smallest(): number
}

const LATELY = 5 * 60_000

export function createShare(now: () => number): Share {
  let seen: { readonly at: number; readonly share: number }[] = []
  return {
    note: (share) => {
      // Of those that were larger before it, none can become the smallest any more.
      seen = [...seen.filter((one) => one.share < share && now() - one.at < LATELY), { at: now(), share }]
    },
    smallest: () => Math.min(1, ...seen.filter(({ at }) => now() - at < LATELY).map(({ share }) => share)),
  }
}
