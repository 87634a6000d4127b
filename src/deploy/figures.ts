import type { EndState } from './deployment.ts'

/** One that has ended, with as little of it as figures need. Times are milliseconds since 1970. */
export interface Ended {
  readonly id: string
  readonly state: EndState
  /** When it was asked for. */
  readonly startedAt: number
  readonly endedAt: number
  readonly isRollback: boolean
  /** Nothing had to change. */
  readonly alreadyRunning: boolean
  /** Null for one that never had a plan. */
  readonly commit: string | null
}

/** How an environment fares: of the last four weeks. Null where there is nothing to say. */
export interface Figures {
  /** Successes a week. */
  readonly frequency: number | null
  /** From asking to success, waiting included: the median, milliseconds. */
  readonly leadTime: number | null
  /** Of those that succeeded or did not: the share that did not, 0 to 1. */
  readonly failureRate: number | null
  /** From the end of one that failed to the next success: the median, milliseconds. What has not been put right yet does not count. */
  readonly timeToRestore: number | null
  /** For a chart: the last of those that changed something or tried to, oldest first, whenever that was. */
  readonly series: readonly Charted[]
}

export type Charted = Ended & {
  /** From asking to the end, milliseconds. */
  readonly took: number
}

const WEEK = 7 * 24 * 3_600_000
const WEEKS = 4
const MOST_CHARTED = 60

/** What was refused, cancelled or superseded changed nothing, and neither did what ran already. In whatever order. */
export function figuresOf(ended: readonly Ended[], now: number): Figures {
  const changes = ended.filter(isChange).toSorted((a, b) => a.endedAt - b.endedAt)
  const recent = changes.filter(({ endedAt }) => endedAt > now - WEEKS * WEEK)
  const good = recent.filter(isGood)
  return {
    frequency: changes.length === 0 ? null : good.length / WEEKS,
    leadTime: median(good.map(tookOf)),
    failureRate: recent.length === 0 ? null : (recent.length - good.length) / recent.length,
    timeToRestore: median(restorations(ended, now - WEEKS * WEEK)),
    series: changes.slice(-MOST_CHARTED).map((one) => ({ ...one, took: tookOf(one) })),
  }
}

const isGood = ({ state }: Ended): boolean => state === 'success'
const isBad = ({ state }: Ended): boolean => state === 'failure' || state === 'unknown'
const isChange = (one: Ended): boolean => isBad(one) || (isGood(one) && !one.alreadyRunning)

/** A clock that was put back makes nothing shorter than nothing. */
const tookOf = ({ startedAt, endedAt }: Ended): number => Math.max(0, endedAt - startedAt)

/** Several failures in a row are one disturbance, which began with the first; what runs already as it should ends it, too. */
function restorations(ended: readonly Ended[], since: number): readonly number[] {
  const all: number[] = []
  let down: number | null = null
  for (const one of ended.toSorted((a, b) => a.endedAt - b.endedAt)) {
    if (isBad(one)) down ??= one.endedAt
    if (!isGood(one) || down === null) continue
    if (one.endedAt > since) all.push(one.endedAt - down)
    down = null
  }
  return all
}

/** Null of nothing. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  const [low = null, high = null] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]]
  return low === null || high === null ? null : (low + high) / 2
}
