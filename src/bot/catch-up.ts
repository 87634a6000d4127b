import type { Activity } from '../deploy/activity.ts'
import type { CaughtUp } from '../deploy/journal.ts'
import { Failure } from '../errors.ts'
import type { Attempt, Deliveries } from './deliveries.ts'
import { retryIn } from './github.ts'
import { isPassing } from './handle.ts'
import { FETCHED_BACK, isNamedCommand } from './intake.ts'
import { createTake, STILL_WANTED, type MissedDoors } from './missed.ts'

export interface CatchUpDoors extends MissedDoors {
  readonly caughtUp: CaughtUp
  readonly activity: Activity
  readonly incident: (error: unknown, about: string) => string
  /** Takes up what is in the inbox. */
  readonly work: () => void
}

/** GitHub delivers nothing twice by itself. So it is asked at start, and then so often: one call, where nothing was missed. */
const EVERY = 5 * 60_000
/** Once after the start: what found a dying process may not have been in the list yet. */
const AGAIN_AFTER_START = 60_000
/** After a failure sooner, so many times: half a minute altogether. */
const QUICK_TRIES = 5
/** GitHub forgets deliveries after three days. */
const MEMORY = 3 * 24 * 3_600_000
/** A failure comes into the list a while after the time that stands on it, and GitHub's clock is not ours. */
const SLACK = 5 * 60_000
/** 10,000 failures: the newest of them are read. */
const MOST_PAGES = 100

/** Returns what begins it. Every look through the list may be broken off anywhere: the next one goes over the same time again. */
export function createCatchUp(doors: CatchUpDoors): () => void {
  const { clock, activity, log, caughtUp, deliveries } = doors
  /** Read already, by guid: the list goes on naming them until their time is over. */
  const seen = new Set<string>()
  /** Could not be read the last time; the others come first, so that one alone never stands in their way. */
  const troubled = new Set<string>()
  let failures = 0
  let isFirst = true

  const begin = (): void => void activity.run(turn)
  const turn = async (): Promise<void> => {
    const wait = await round().then(rested, failed)
    clock.after(wait, begin)
  }
  const round = async (): Promise<void> => {
    const begun = clock.now()
    const until = await caughtUp.until()
    // Without a memory of what was answered, only what may still be obeyed is looked for.
    const since = Math.max(until ?? begun - STILL_WANTED, begun - MEMORY)
    const missed = await missedSince(since, deliveries, log)
    const listed = new Set(missed.map(({ guid }) => guid))
    for (const noted of [seen, troubled]) for (const guid of noted) if (!listed.has(guid)) noted.delete(guid)
    await takeAll(inOrder(missed.filter(({ guid }) => !seen.has(guid))))
    await caughtUp.isUntil(Math.max(until ?? 0, begun - SLACK))
  }
  /**
   * First what may be obeyed, then the rest, and what somebody waits for before what nobody does; each in the order in which it was
   * sent, but for what could not be read the last time.
   */
  const inOrder = (attempts: readonly Attempt[]): readonly Attempt[] => {
    const rank = (attempt: Attempt): number =>
      (clock.now() - attempt.at > STILL_WANTED ? 4 : 0) + (isAsked(attempt) ? 0 : 2) + (troubled.has(attempt.guid) ? 1 : 0)
    return attempts.toSorted((a, b) => rank(a) - rank(b))
  }
  const takeAll = async (attempts: readonly Attempt[]): Promise<void> => {
    const take = createTake(doors)
    const counts = { run: 0, tell: 0, done: 0 }
    let left: Failure | null = null
    try {
      for (const attempt of attempts) {
        troubled.add(attempt.guid)
        const taken = await take(attempt)
        if (taken instanceof Failure) {
          left = taken
          continue
        }
        troubled.delete(attempt.guid)
        seen.add(attempt.guid)
        if (taken === null) continue
        counts[taken] += 1
        doors.work()
      }
    } finally {
      if (counts.run + counts.tell + counts.done > 0) log.info(counts, 'deliveries had been missed and were fetched back')
    }
    if (left !== null) throw left
  }
  const rested = (): number => {
    failures = 0
    const wait = isFirst ? AGAIN_AFTER_START : EVERY
    isFirst = false
    return wait
  }
  const failed = (error: unknown): number => {
    failures += 1
    if (!(error instanceof Failure)) doors.incident(error, 'missed deliveries')
    else if (failures === 1) log.warn({ err: error }, 'GitHub cannot be asked for missed deliveries; it is asked again later')
    if (!isPassing(error)) return EVERY
    return Math.max(failures > QUICK_TRIES ? EVERY : retryIn(failures, 'missed deliveries'), error.problem.retryAfter ?? 0)
  }
  return begin
}

/** All that was sent since then, could mean something to us, and never arrived; oldest first. Of several attempts the first counts. */
async function missedSince(since: number, deliveries: Deliveries, log: CatchUpDoors['log']): Promise<readonly Attempt[]> {
  const failed = new Map<string, Attempt>()
  const arrived = new Set<string>()
  let cursor: string | null = null
  for (let page = 1; ; page += 1) {
    const { attempts, next } = await deliveries.failed(cursor)
    for (const attempt of attempts) {
      if (attempt.hasArrived) arrived.add(attempt.guid)
      else if (attempt.at >= since && FETCHED_BACK.has(nameOf(attempt))) failed.set(attempt.guid, attempt)
    }
    if (next === null || (attempts.at(-1)?.at ?? 0) < since) break
    if (page === MOST_PAGES) {
      log.warn({ pages: page }, 'so many deliveries failed that only the newest are looked at')
      break
    }
    cursor = next
  }
  // The list has whole seconds; within one it stands in its own order.
  return [...failed.values()]
    .filter(({ guid }) => !arrived.has(guid))
    .toReversed()
    .toSorted((a, b) => a.at - b.at)
}

const nameOf = ({ event, action }: Attempt): string => (action === null ? event : `${event}.${action}`)

const isAsked = (attempt: Attempt): boolean => isNamedCommand(nameOf(attempt))
