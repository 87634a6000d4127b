import { hasEnded, NOTHING_ASKED, type Deployment, type DeployRequest } from './deployment.ts'
import { generationOf } from './fence.ts'
import type { Notice } from './notice.ts'
import { seen } from './seen.ts'
import { inTurn } from './situation.ts'
import { planned, type RolloutDoors } from './step.ts'

const EVERY = 60_000
/** Of the newest so many one has had its turn, as good as always. */
const LOOKED_AT = 30
/** Environments that are looked at in one round, the longest unseen first: 10,000 of them take some hours, and no target is flooded. */
const MOST_AT_ONCE = 50
/** A death before it is noted must not repair twice; the same may happen again another day. */
const REPAIRED_ONCE_IN = 5 * 60_000
/** A lock's owner is reminded so long before it ends. */
const REMIND_BEFORE = 3_600_000

export interface WatchDoors extends RolloutDoors {
  readonly deploy: (request: DeployRequest) => Deployment
  /** Where a minute between two rounds is too often, and nobody stays awake for the next. */
  readonly rounds?: Rounds
}

/** Rounds that are further apart than a process lives: when the last one was is written down. */
export interface Rounds {
  /** Milliseconds from one to the next. */
  readonly every: number
  /** Milliseconds since 1970; null where there was none yet. */
  last(): number | null
  made(at: number): void
}

/**
 * Looks after what nobody asks about: locks that are about to end, and targets that run something else than what was deployed.
 * Returns what begins it.
 */
export function createWatch(doors: WatchDoors, tell: (notice: Notice) => void): () => void {
  const { clock, activity } = doors
  let after = ''
  const round = async (): Promise<void> => {
    try {
      remind(doors, tell)
      after = await lookAround(after, doors, tell)
    } catch (error) {
      doors.incident(error, 'the watch')
    }
  }
  const { rounds } = doors
  const wait = (): number => {
    if (rounds === undefined) return EVERY
    const last = rounds.last()
    // The first is counted from here, or it would be put off with every start.
    if (last === null) rounds.made(clock.now())
    return Math.max(0, (last ?? clock.now()) + rounds.every - clock.now())
  }
  const next = (): void => {
    clock.after(wait(), () => {
      rounds?.made(clock.now())
      void activity.run(round)
      next()
    })
  }
  return next
}

function remind({ locks, clock }: RolloutDoors, tell: (notice: Notice) => void): void {
  const now = clock.now()
  for (const lock of locks.due(now + REMIND_BEFORE, now)) {
    // A short lock needs no reminder, and one of our own has no owner.
    const isNeeded = lock.owner !== null && (lock.until ?? 0) - lock.since > REMIND_BEFORE
    if (isNeeded) tell({ key: `n:${lock.repository.id}:lock:${lock.id}:reminder`, kind: 'lock ends soon', lock })
    // Afterwards: whoever starts after a death between the two says it again under the same key.
    locks.reminded(lock.id)
  }
}

/** The environments after this one, in the order of their keys; answers with the last that was looked at, or with nothing at the end. */
async function lookAround(after: string, doors: WatchDoors, tell: (notice: Notice) => void): Promise<string> {
  const last = doors.journal.successes(after, MOST_AT_ONCE)
  for (const deployment of last) await lookAt(deployment, doors, tell)
  return last.length < MOST_AT_ONCE ? '' : (last.at(-1)?.environment ?? '')
}

async function lookAt(deployment: Deployment, doors: WatchDoors, tell: (notice: Notice) => void): Promise<void> {
  const { journal, drifts, clock, targets } = doors
  const { environment, plan, id } = deployment
  // While a deployment is at work there, or its outcome is not known, something else may well run.
  if (environment === null || plan === null || targets.get(plan.target) === undefined || journal.occupant(environment) !== null) return
  const now = await planned(deployment, doors)
    .placed.target.observe(plan.settings)
    .catch(() => null)
  if (now === null || journal.occupant(environment) !== null || journal.lastSuccess(environment)?.id !== id) return
  const isRight = now.every(({ digest }) => digest !== null && plan.artifacts.some((artifact) => artifact.digest === digest))
  if (isRight) return drifts.gone(environment)
  // One that failed after it had switched may have left its image: that was said when it ended.
  const [latest] = inTurn(journal.recent({ environment }, LOOKED_AT))
  if (latest !== undefined && latest.id !== id && hasEnded(latest.state)) return
  const what = seen(now)
  const known = drifts.find(environment)
  if (known?.seen === what && known.deployment === id) return
  tell({ key: `n:${deployment.request.repository.id}:drift:${id}:${what}`, kind: 'drift', deployment, seen: what })
  // Since a backup was restored nobody knows what should run there, until somebody says so.
  const isCurrent = generationOf(deployment.fence ?? 0) === generationOf(journal.fence(environment))
  if (isCurrent && targets.get(plan.target)?.target.contract === 'readable') repair(deployment, what, doors)
  drifts.noticed(environment, id, what, clock.now())
}

/**
 * A target that takes no fence may have obeyed a request of ours that came late: the newest is put there again, as a deployment of its
 * own. Any other target would have refused that, so whoever changed it meant to.
 */
function repair({ id, request, plan }: Deployment, what: string, { deploy, clock }: WatchDoors): void {
  if (plan === null) return
  const asks = { ...NOTHING_ASKED, app: plan.app, environment: plan.environment, origin: { kind: 'rollback', to: id } } as const
  const now = clock.now()
  deploy({
    ...request,
    key: `w:${request.repository.id}:${id}:${what}:${Math.floor(now / REPAIRED_ONCE_IN)}`,
    door: 'watch',
    comment: null,
    headSeen: plan.commit,
    asks,
    askedAt: now,
    receivedAt: now,
  })
}
