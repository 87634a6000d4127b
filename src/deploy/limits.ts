import type { Awaitable, Synchronous } from './awaitable.ts'
import type { ProblemDetails } from '../errors.ts'
import { Buckets, type Limit } from './buckets.ts'
import type { Clock } from './clock.ts'
import type { Repository } from './deployment.ts'

const MINUTE = 60_000

/** Everything that is counted, in one place; docs/operating.md has the same table (a test keeps the two together). */
export const LIMITS = {
  /** By caller or person: changes through the API and commands in comments and labels, which are the same. */
  change: { burst: 60, per: MINUTE },
  /** By caller: what changes nothing. */
  look: { burst: 600, per: MINUTE },
  /** By caller: questions to GitHub in the App's own name, for a repository or (two) an account by name. */
  lookup: { burst: 40, per: MINUTE },
  /** Of all callers together: GitHub answers an App 5,000 an hour, and what is left is for the tokens that everything else is done with. */
  lookups: { burst: 60, per: MINUTE },
  /** By caller: those of them about what the caller was not seen to see. */
  miss: { burst: 10, per: MINUTE },
  /** Of all callers together: the same. It leaves the rest of their questions to those who see what they name. */
  misses: { burst: 30, per: MINUTE },
  /** By the repository's id: changes, whoever of its people or programs asks for them. It takes five at their own limit. */
  repository: { burst: 300, per: MINUTE },
  /** By the account's id: the same for all of its repositories. */
  account: { burst: 600, per: MINUTE },
  /** By the account's id: changes asked for by strangers in all of its repositories, which count in neither of the two above. */
  strangers: { burst: 120, per: MINUTE },
  /** By address: whatever it asks for. */
  address: { burst: 3_000, per: MINUTE },
  /** By address, of IPv6 by its first 48 bits: tokens that nobody has seen to be good. */
  guess: { burst: 20, per: MINUTE },
  /** Of all addresses together: GitHub lets an App ask 5,000 times an hour. */
  guesses: { burst: 60, per: MINUTE },
} as const satisfies Record<string, Limit>

export type LimitName = keyof typeof LIMITS

/** Milliseconds: a person hears of them once within that in a repository, however many of their commands are refused. */
export const TOLD_ONCE_IN = 10 * MINUTE

/** What was taken, so that a restart does not begin anew; kept per account. */
export interface LimitRows {
  all(): readonly LimitRow[]
  /** All of them at once; what is full again by `now` is forgotten. */
  write(rows: readonly LimitRow[], now: number): void
}
export interface LimitRow {
  readonly name: string
  readonly key: string
  /** When the bucket is full again (milliseconds). */
  readonly full: number
}

/** Counted where whoever they are counted by is, which may be somewhere else. */
export interface Limits {
  /** Takes from the bucket. How many milliseconds it needs to be full again, or, below zero, how many it needs to have that much. */
  take(name: LimitName, key: string, count?: number): Awaitable<number>
  /** From each of them or from none; null where they had it. */
  takeAll(from: readonly (readonly [name: LimitName, key: string])[], count?: number): Awaitable<Shortage | null>
  /** It should not have counted. Never rejects: what cannot be given back has counted. */
  giveBack(name: LimitName, key: string, count?: number): Awaitable<void>
}

/** Those of this process. */
export interface OwnLimits extends Synchronous<Limits> {
  /** Writes down what was taken since the last time: all of it. Before the end of the process. */
  keep(): void
}

export interface Shortage {
  readonly name: LimitName
  /** Milliseconds until there is room again. */
  readonly wait: number
}

export interface LimitDoors {
  readonly rows: LimitRows
  readonly clock: Clock
  /** They could not be written down; tried again later. */
  trouble(error: unknown): void
}

const NAMES = Object.keys(LIMITS) as LimitName[]
const KEPT_EVERY = 3_000
/** Where that failed (a full disk). */
const KEPT_AGAIN = 60_000
/** A dozen milliseconds; what is more waits for the next time. */
const MOST_AT_ONCE = 2_000

/** Counted in memory, and written down every three seconds: a crash forgets what was taken since, and no more. */
export function createLimits({ rows, clock, trouble }: LimitDoors): OwnLimits {
  const all = Object.fromEntries(NAMES.map((name) => [name, new Buckets(LIMITS[name])])) as Record<LimitName, Buckets>
  // One that an older version had is no limit any more.
  for (const { name, key, full } of rows.all()) if (Object.hasOwn(all, name)) all[name as LimitName].restore(key, full, clock.now())
  let [isAwaited, isTroubled] = [false, false]

  const keep = (most: number): void => {
    const now = clock.now()
    const changed = NAMES.flatMap((name) => all[name].changed(most, now).map(({ key, full }) => ({ name, key, full: Math.ceil(full) })))
    try {
      rows.write(changed, now)
      isTroubled = false
    } catch (error) {
      isTroubled = true
      for (const { name, key } of changed) all[name].touch(key)
      trouble(error)
    }
  }
  const awaitKeeping = (): void => {
    if (isAwaited) return
    isAwaited = true
    clock.after(isTroubled ? KEPT_AGAIN : KEPT_EVERY, () => {
      isAwaited = false
      keep(MOST_AT_ONCE)
      if (NAMES.some((name) => all[name].isChanged)) awaitKeeping()
    })
  }
  const take: OwnLimits['take'] = (name, key, count = 1) => {
    const taken = all[name].take(key, clock.now(), count)
    awaitKeeping()
    return taken
  }
  return {
    take,
    takeAll: (from, count = 1) => {
      const now = clock.now()
      const short = from.map(([name, key]) => ({ name, wait: all[name].wait(key, now, count) })).filter(({ wait }) => wait > 0)
      const worst = short.toSorted((a, b) => b.wait - a.wait)[0]
      if (worst !== undefined) return worst
      for (const [name, key] of from) take(name, key, count)
      return null
    },
    giveBack: (name, key, count = 1) => void all[name].take(key, clock.now(), -count),
    keep: () => keep(Infinity),
  }
}

const WHOSE: Record<LimitName, string> = {
  change: 'More was asked for in your name than fits.',
  look: 'More was asked for in your name than fits.',
  lookup: 'You name more repositories and accounts than fits.',
  lookups: 'More repositories and accounts are named than fits, by all together.',
  miss: 'You name more that you may not see than fits.',
  misses: 'More is named that is not there than fits, by all together.',
  repository: 'More was asked for in this repository than fits, by all together.',
  account: 'More was asked for in this account’s repositories than fits, by all together.',
  strangers: 'More was asked for in this account’s repositories than fits, by all together who are no more than readers there.',
  address: 'More comes from your address than fits.',
  guess: 'More tokens that nobody knows come from your address than fits.',
  guesses: 'More tokens that nobody knows come from everywhere than fits.',
}

/** What a change in a repository counts for besides its author. Strangers are many where it is public: they use up nothing of its people's. */
export function homeOf({ id, account }: Repository, isStranger: boolean): readonly (readonly [name: LimitName, key: string])[] {
  // Records of older versions do not have the account.
  if (isStranger) return [['strangers', account === undefined ? `r${id}` : String(account)]]
  return [['repository', String(id)], ...(account === undefined ? [] : [['account', String(account)] as const])]
}

/** What TOO_MANY_REQUESTS says of it; `next` is the door's own. */
export const tooMany = ({ name, wait }: Shortage): Omit<ProblemDetails, 'next'> => ({
  sentence: WHOSE[name],
  wanted: `at most ${LIMITS[name].burst} within ${LIMITS[name].per / 1000} s`,
  retryAfter: wait,
})

/** `r` and `t` of the header `RateLimit`: how many are left after `take` answered so, and in how many seconds all of them are there. */
export function remaining(name: LimitName, taken: number): { readonly left: number; readonly seconds: number } {
  const { burst, per } = LIMITS[name]
  const each = per / burst
  // Refused: what is there is less than the one that was asked for.
  const lacks = taken < 0 ? per - each - taken : taken
  return { left: Math.max(0, Math.floor((per - lacks) / each)), seconds: Math.ceil(lacks / 1000) }
}
