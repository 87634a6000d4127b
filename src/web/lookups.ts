import type { LimitName, Limits } from '../deploy/limits.ts'
import { pacedBy } from './pace.ts'

/**
 * A question to GitHub about a name that `caller` (`countedBy`) chose. It counts by caller and for all together, and until it turns out that
 * they may see what is there as a miss, too: whoever makes up names must not spend what GitHub lets an App ask. What GitHub does not answer
 * is no miss.
 */
export interface Lookup {
  readonly caller: string
  readonly name: string
  /** How many questions in the App's own name that takes at most. */
  readonly questions: number
}
/** Throws TOO_MANY_REQUESTS. */
export type LookUp = <T>(lookup: Lookup, ask: () => Promise<T>, isSeen: (found: T) => boolean | Promise<boolean>) => Promise<T>

const MOST_KEPT = 10_000

export function createLookups(limits: Limits): LookUp {
  /** What they saw the last time is no miss from the beginning: made-up names keep nobody from what they know. The oldest first. */
  const seen = new Set<string>()

  return async ({ caller, name, questions }, ask, isSeen) => {
    const key = `${caller}:${name}`.toLowerCase()
    const misses = seen.has(key) ? [] : missesOf(caller)
    await pacedBy([['lookup', caller], ['lookups', ''], ...misses], limits, questions)
    const giveBack = async (): Promise<void> => {
      for (const [limit, its] of misses) await limits.giveBack(limit, its, questions)
    }
    try {
      const found = await ask()
      seen.delete(key)
      if (!(await isSeen(found))) return found
      seen.add(key)
      for (const oldest of seen) if (seen.size > MOST_KEPT) seen.delete(oldest)
      await giveBack()
      return found
    } catch (error) {
      await giveBack()
      throw error
    }
  }
}

const missesOf = (caller: string): readonly (readonly [LimitName, string])[] => [
  ['miss', caller],
  ['misses', ''],
]
