import { Failure, problem, type Code, type Problem } from '../errors.ts'
import type { Deployment } from './deployment.ts'
import { untilReachable } from './health.ts'
import { artifactsOf, whatRuns, type Plan } from './plan.ts'
import { recheck } from './recheck.ts'
import { canRestore } from './restore.ts'
import { handsFor, look, runsPlan, seen, unknown } from './seen.ts'
import { patiently, planned, problemOf, type RolloutDoors } from './step.ts'
import type { Observation, Operation } from './target.ts'
import { shortDigest } from './wording.ts'

/**
 * State `applying`: the environment is ours and the intent is on disk. Looks before it acts, so that it can be called again
 * after a crash: what this deployment has brought about is not done twice, and a target that somebody else has moved since
 * the intent was written is left alone.
 */
export async function apply(deployment: Deployment, doors: RolloutDoors): Promise<'again'> {
  const now = await look(deployment, doors)
  if (now === 'unknown') return 'again'
  // What an earlier process has sent may still be on its way.
  const isInterrupted = !doors.claimed.delete(deployment.id)
  if (planned(deployment, doors).placed.target.contract === 'blind' && isInterrupted) return interrupted(deployment, doors)
  if (!isOurs(now, deployment, doors)) {
    const isBegun = isUnfinished(now, deployment, doors)
    if (isBegun ? isGivenUp(deployment, doors) : await isEndedFirst(deployment, doors, { now, isInterrupted })) return 'again'
    if ((await attempt(deployment, doors, { isBegun, isInterrupted })) === 'ended') return 'again'
  }
  doors.journal.move(deployment.id, 'applying', 'observing', { now: doors.clock.now(), step: 'observe' })
  return 'again'
}

const OBSERVE_TRIES = 30

/** State `observing`: reads back what runs. Only what the target itself reports counts as success. */
export async function observe(deployment: Deployment, doors: RolloutDoors): Promise<'again'> {
  const { plan, placed } = planned(deployment, doors)
  if (placed.target.contract === 'blind') return taken(deployment, doors)
  for (let tries = 1; ; tries++) {
    const now = await look(deployment, doors)
    if (now === 'unknown') return 'again'
    if (!runsPlan(now, plan)) return runsOther(deployment, doors, plan, now)
    if (now.every(({ healthy }) => healthy)) {
      const answer = await untilReachable(deployment, doors)
      return answer === null ? succeed(deployment, doors, now) : failed(deployment, doors, answer)
    }
    if (tries === OBSERVE_TRIES) return failed(deployment, doors, unhealthy(now))
    await doors.activity.pause(1_000)
  }
}

/** An intent that is older than this was written before a crash: people and rules may have changed since. */
const FRESH = 60_000

/** Nothing of the effect has begun: is there still a reason to begin? */
async function isEndedFirst(
  deployment: Deployment,
  doors: RolloutDoors,
  { now, isInterrupted }: { readonly now: readonly Observation[]; readonly isInterrupted: boolean },
): Promise<boolean> {
  const { journal, clock } = doors
  const before = journal.before(deployment.id)
  if (!isSame(now, before)) {
    moved(deployment, doors, before, now)
    return true
  }
  if (deployment.cancellation !== null) {
    gaveUp(deployment, doors, { why: cancelled(), now }, isInterrupted)
    return true
  }
  if (isAlreadyThere(now, deployment, doors)) {
    journal.end(deployment.id, 'success', { now: clock.now(), alreadyRunning: true })
    return true
  }
  if (clock.now() - (deployment.steps.at(-1)?.startedAt ?? 0) < FRESH) return false
  const decision = await recheck(deployment, doors)
  // It has waited once, and nothing of it has begun: what it would wait for now is a reason not to begin.
  const why = 'refusal' in decision ? decision.refusal.problem : 'wait' in decision ? outwaited(decision.wait.sentence) : null
  if (why !== null) journal.end(deployment.id, 'refused', { now: clock.now(), problem: why })
  return why !== null
}

const outwaited = (sentence: string): Problem =>
  problem('WAIT_EXPIRED', { sentence: 'The rules would have it wait again, after it had its turn.', found: sentence, next: 'Ask again.' })

/**
 * Cancelled and interrupted half way: what ran before may have been stopped already, so it is put back. Where nothing is known to put
 * back, it is too late.
 */
function isGivenUp(deployment: Deployment, doors: RolloutDoors): boolean {
  if (!isCancelled(deployment, doors) || !canRestore(deployment, cancelled(), doors)) return false
  doors.journal.restore(deployment.id, cancelled(), doors.clock.now())
  return true
}

/** Between one try and the next, where the target did not answer. */
const AGAIN = [1_000, 2_000, 4_000, 8_000, 16_000]

/**
 * Hands the operation to the target. A request without an answer may still be carried out, long after we gave it up: where what runs
 * does not say that it was, the same operation is handed over again, because then the one before has nothing left to do.
 */
async function attempt(
  deployment: Deployment,
  doors: RolloutDoors,
  { isBegun, isInterrupted }: { readonly isBegun: boolean; readonly isInterrupted: boolean },
): Promise<'applied' | 'ended'> {
  const isBlind = planned(deployment, doors).placed.target.contract === 'blind'
  const controller = new AbortController()
  doors.applying.set(deployment.id, controller)
  let mayComeLate = isBlind || isInterrupted
  try {
    for (let tries = 0; ; tries++) {
      // Whoever cancelled before the line above found nothing to abort.
      if (!isBegun && isCancelled(deployment, doors)) controller.abort()
      const outcome = await tried(deployment, controller.signal, doors)
      if (outcome === 'applied') return 'applied'
      mayComeLate ||= outcome.isLost
      const before = doors.journal.before(deployment.id)
      if (outcome.isLost && outcome.now !== null && !isSame(outcome.now, before) && !isUnfinished(outcome.now, deployment, doors)) {
        moved(deployment, doors, before, outcome.now)
        return 'ended'
      }
      const wait = AGAIN[tries]
      if (!outcome.isLost || isBlind || outcome.why.code === 'CANCELLED' || wait === undefined) return gaveUp(deployment, doors, outcome, mayComeLate)
      await doors.activity.pause(wait)
    }
  } finally {
    doors.applying.delete(deployment.id)
  }
}

interface Tried {
  readonly why: Problem
  /** Nobody answered. */
  readonly isLost: boolean
  /** Null where the target cannot be observed either. */
  readonly now: readonly Observation[] | null
}

async function tried(deployment: Deployment, signal: AbortSignal, doors: RolloutDoors): Promise<'applied' | Tried> {
  const { plan, placed } = planned(deployment, doors)
  const operation: Operation = { id: deployment.id, fence: deployment.fence ?? 0, settings: plan.settings, artifacts: artifactsOf(plan) }
  try {
    signal.throwIfAborted()
    await placed.target.apply(operation, handsFor(deployment, doors, signal))
    return 'applied'
  } catch (error) {
    const why = isCancelled(deployment, doors) ? cancelled() : problemOf(error, deployment.id, doors)
    const now = await patiently(doors, () => placed.target.observe(plan.settings)).catch(() => null)
    // The answer may have been lost after the work was done: what runs decides. So it does where the cancellation came too late.
    if (now !== null && isOurs(now, deployment, doors) && why.code !== 'TARGET_UNHEALTHY') return 'applied'
    return { why, isLost: error instanceof Failure && error.problem.code === 'TARGET_UNAVAILABLE', now }
  }
}

/** The same image on the same target ends the same: an earlier request for it has not ended better. */
const DECIDED: ReadonlySet<string> = new Set<Code>(['TARGET_UNHEALTHY', 'TARGET_REFUSED', 'IMAGE_UNUSABLE'])

function gaveUp(deployment: Deployment, doors: RolloutDoors, { why, now }: Pick<Tried, 'why' | 'now'>, mayComeLate: boolean): 'ended' {
  const isOpen = mayComeLate && !DECIDED.has(why.code)
  if (now === null || (isOpen && !canRestore(deployment, why, doors))) unknown(deployment, doors, why)
  // Putting back has a fence of its own, above that of whatever comes late.
  else if (isOpen || !isSameImage(now, doors.journal.before(deployment.id))) failed(deployment, doors, why)
  else if (why.code === 'CANCELLED') doors.journal.end(deployment.id, 'cancelled', { now: doors.clock.now() })
  else doors.journal.end(deployment.id, 'failure', { now: doors.clock.now(), problem: why })
  return 'ended'
}

const isCancelled = ({ id }: Deployment, { journal }: RolloutDoors): boolean => journal.find(id)?.cancellation != null

const cancelled = (): Problem => problem('CANCELLED', { sentence: 'It was cancelled while it was being applied.', next: 'Nothing.' })

/** After the switch, or half way through it: what ran before is put back, where the rules want that and it is known what that was. */
function failed(deployment: Deployment, doors: RolloutDoors, why: Problem): 'again' {
  const { journal, clock } = doors
  if (canRestore(deployment, why, doors)) journal.restore(deployment.id, why, clock.now())
  else journal.end(deployment.id, why.code === 'CANCELLED' ? 'cancelled' : 'failure', { now: clock.now(), problem: why })
  return 'again'
}

/** Where the target cannot tell whose operation it was, what runs decides. */
const isOurs = (now: readonly Observation[], deployment: Deployment, doors: RolloutDoors): boolean => {
  const { plan, placed } = planned(deployment, doors)
  const isNamed = placed.target.contract !== 'readable'
  return runsPlan(now, plan) && now.every(({ operation, pending }) => pending === null && (!isNamed || operation === deployment.id))
}

/** A blind target is asked at most once: nobody can say whether it was before the process died. */
function interrupted(deployment: Deployment, doors: RolloutDoors): 'again' {
  unknown(
    deployment,
    doors,
    problem('TARGET_UNAVAILABLE', {
      sentence: 'Gantry was interrupted while it handed the deployment over, and this target cannot say what it took.',
      next: 'Look at the target.',
    }),
  )
  return 'again'
}

/** All that a blind target ever says. */
function taken({ id }: Deployment, { journal, clock }: RolloutDoors): 'again' {
  journal.end(id, 'success', { now: clock.now(), note: 'the target took it, and cannot say what runs' })
  return 'again'
}

/** Some of it is ours, and nothing of it is anybody else's since. */
function isUnfinished(now: readonly Observation[], { id }: Deployment, { journal }: RolloutDoors): boolean {
  const before = journal.before(id)
  const isMine = ({ pending, operation }: Observation): boolean => pending === id || operation === id
  return (
    now.some(isMine) &&
    now.every((one) => isMine(one) || before.some(({ workload, revision }) => workload === one.workload && revision === one.revision))
  )
}

const isSame = (now: readonly Observation[], before: readonly Observation[]): boolean =>
  now.length === before.length && now.every(({ workload, revision }) => before.some((old) => old.workload === workload && old.revision === revision))

const isSameImage = (now: readonly Observation[], before: readonly Observation[]): boolean =>
  now.length === before.length && now.every(({ workload, digest }) => before.some((old) => old.workload === workload && old.digest === digest))

/**
 * The digests run, healthy, and with the same settings: nothing would change. Only the turn just before this one can vouch for
 * the settings; another one between, whatever became of it, may have left its own.
 */
function isAlreadyThere(now: readonly Observation[], { environment, plan, fence }: Deployment, { journal }: RolloutDoors): boolean {
  const last = environment === null ? null : journal.lastSuccess(environment)
  if (plan === null || last?.plan == null || last.fence === null || last.fence + 1 !== fence) return false
  if (!runsPlan(now, plan) || !now.every(({ healthy }) => healthy)) return false
  return last.plan.targetRevision === plan.targetRevision && whatRuns(last.plan) === whatRuns(plan)
}

function succeed(deployment: Deployment, { journal, clock }: RolloutDoors, now: readonly Observation[]): 'again' {
  const note = now.map(({ workload, digest }) => `${workload} runs ${digest === null ? 'nothing' : shortDigest(digest)}`).join(', ')
  journal.end(deployment.id, 'success', { now: clock.now(), note })
  return 'again'
}

function runsOther(deployment: Deployment, { journal, clock }: RolloutDoors, plan: Plan, now: readonly Observation[]): 'again' {
  const why = problem('TARGET_RUNS_OTHER', {
    sentence: `Target ${plan.target} took the image but reports another one running.`,
    found: seen(now),
    wanted: plan.artifacts.map(({ digest }) => digest).join(', '),
    next: `Type /status ${plan.environment} and see who else deploys to this target.`,
  })
  journal.end(deployment.id, 'failure', { now: clock.now(), problem: why })
  return 'again'
}

const unhealthy = (now: readonly Observation[]): Problem =>
  problem('TARGET_UNHEALTHY', {
    sentence: 'The new image runs but does not stay healthy.',
    found: seen(now),
    wanted: `healthy within ${OBSERVE_TRIES} seconds`,
    next: 'Look at the log of the workload, then deploy an image that stays healthy.',
  })

function moved(deployment: Deployment, { journal, clock }: RolloutDoors, before: readonly Observation[], now: readonly Observation[]): void {
  const environment = deployment.plan?.environment ?? ''
  const why = problem('TARGET_MOVED', {
    sentence: 'Somebody or something else changed the target while this deployment was interrupted, so it was not touched again.',
    found: seen(now),
    wanted: seen(before),
    next: `Type /status ${environment} to see what runs and to free the environment, then deploy again.`,
  })
  journal.end(deployment.id, 'unknown', { now: clock.now(), problem: why })
}
