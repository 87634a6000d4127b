import { hasEnded, type Deployment, type Step, type StepName } from './deployment.ts'
import { median } from './figures.ts'

/** How far a deployment is and how long it will take, by how long earlier ones took there. Milliseconds; waiting and the queue are left out. */
export interface Estimate {
  /** Of the whole. Null, as everything below but `done`, where too little is known: fewer than three earlier ones, or a former image is put back. */
  readonly expected: number | null
  /** Between these eight of ten earlier ones were. */
  readonly spread: readonly [low: number, high: number] | null
  /** 0 to 1. Where nothing is expected 0, and 1 after a success. */
  readonly done: number
  /** Besides what it waits for. Null once it has ended, and where it is late: nobody knows then. */
  readonly left: number | null
  /** Longer than nine of ten. */
  readonly isLate: boolean
}

/** The steps that take as long as they take, in their order. Waiting takes as long as somebody else does. */
const WORK = ['gates', 'resolve', 'verify', 'apply', 'observe'] as const satisfies readonly StepName[]
type Work = (typeof WORK)[number]

/** What is looked at. More would not be how it is now. */
const MOST = 20
const FEWEST = 3

/** A step that runs is never taken for done. */
const NEARLY = 0.95

/** `earlier`: successes in the same environment, the newest first; more than are looked at, because some changed nothing. */
export function estimate(deployment: Deployment, earlier: readonly Deployment[], now: number): Estimate {
  const alike = earlier.filter(({ id, state, alreadyRunning }) => id !== deployment.id && state === 'success' && !alreadyRunning).slice(0, MOST)
  const isGood = deployment.state === 'success'
  if (alike.length < FEWEST || deployment.steps.some(({ name }) => name === 'restore')) return { ...UNKNOWN, done: isGood ? 1 : 0 }
  // One that had no such step took no time for it.
  const times = alike.map(
    ({ steps }) =>
      (name: Work) =>
        spentIn(steps, name, now),
  )
  const usual = WORK.map((name) => ({ name, takes: median(times.map((spent) => spent(name))) ?? 0 }))
  const expected = sum(usual.map(({ takes }) => takes))
  const totals = times.map((spent) => sum(WORK.map(spent)))
  const spread = [percentile(totals, 0.1), percentile(totals, 0.9)] as const
  const isLate = sum(WORK.map((name) => spentIn(deployment.steps, name, now))) > spread[1]
  const parts = usual.map((one) => ({ ...one, ...progressOf(one.name, one.takes, deployment, now) }))
  const done = expected === 0 ? 0 : sum(parts.map(({ takes, share }) => takes * share)) / expected
  const left = isLate || hasEnded(deployment.state) ? null : sum(parts.map((part) => part.left))
  return { expected, spread, done: isGood ? 1 : Math.min(1, done), left, isLate }
}

const UNKNOWN = { expected: null, spread: null, left: null, isLate: false } as const

interface Progress {
  /** 0 to 1 */
  readonly share: number
  readonly left: number
}

/** What came before the present step is done, also where there was no need for it; what waits may come back to a step that it has had. */
function progressOf(name: Work, takes: number, { state, steps }: Deployment, now: number): Progress {
  const mine = steps.filter((step) => step.name === name)
  const present = steps.at(-1)
  const isFailed = present?.name === name && present.outcome === 'failed'
  if (present?.name === name && (present.endedAt === null || isFailed)) {
    const spent = spentIn(steps, name, now)
    return { share: takes === 0 ? 0 : Math.min(spent / takes, NEARLY), left: Math.max(0, takes - spent) }
  }
  const isBehind = present === undefined || present.name === 'wait' ? mine.length > 0 : placeOf(name) < placeOf(present.name) || present.name === name
  return isBehind || state === 'success' ? { share: 1, left: 0 } : { share: 0, left: takes }
}

const ORDER: readonly StepName[] = ['gates', 'resolve', 'verify', 'wait', 'queue', 'apply', 'observe', 'restore']
const placeOf = (name: StepName): number => ORDER.indexOf(name)

/** Up to now where it still runs. A clock that was put back makes nothing shorter than nothing. */
const spentIn = (steps: readonly Step[], wanted: StepName, now: number): number =>
  sum(steps.filter(({ name }) => name === wanted).map(({ startedAt, endedAt }) => Math.max(0, (endedAt ?? now) - startedAt)))

/** The nearest rank. */
const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * part) - 1)] ?? 0

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
