import type { LimitName, Limits } from '../deploy/limits.ts'
import { pacedBy } from './pace.ts'

/**
 * Asks GitHub about a name that a caller chose. It counts by `caller` (`countedBy`), and until it turns out that they may see what is there as a miss, too,
 * of them and of all together: whoever makes up names must not spend what GitHub lets an App ask. What GitHub does not answer is no miss.
 * Throws TOO_MANY_REQUESTS.
 */
export type Lookup = <T>(caller: string, name: string, ask: () => Promise<T>, isSeen: (found: T) => boolean | Promise<boolean>) => Promise<T>

const MOST_KEPT = 10_000

export function createLookups(limits: Limits): Lookup {
  /** What they saw the last time is no miss from the beginning: whoever makes up names keeps nobody from what they know. The oldest first. */
  const seen = new Set<string>()

  return async (caller, name, ask, isSeen) => {
    const key = `${caller}:${name}`.toLowerCase()
    const misses: readonly (readonly [LimitName, string])[] = seen.has(key)
      ? []
      : [
          ['miss', caller],
          ['misses', ''],
        ]
    const giveBack = (): void => misses.forEach(([limit, its]) => limits.giveBack(limit, its))
    pacedBy([['lookup', caller], ...misses], limits)
    const answer = async () => {
      const found = await ask()
      return { found, isTheirs: await isSeen(found) }
    }
    const { found, isTheirs } = await answer().catch((error: unknown) => {
      giveBack()
      throw error
    })
    seen.delete(key)
    if (!isTheirs) return found
    giveBack()
    seen.add(key)
    for (const oldest of seen) if (seen.size > MOST_KEPT) seen.delete(oldest)
    return found
  }
}
