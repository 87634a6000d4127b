import { problem, type Problem } from '../errors.ts'
import type { Deployment } from './deployment.ts'
import { canonical, type Plan } from './plan.ts'
import { recheck } from './recheck.ts'
import { access, patiently, planned, problemOf, type RolloutDoors } from './step.ts'
import type { Artifact, Hands, Observation, Operation } from './target.ts'

/**
 * State `applying`: the environment is ours and the intent is on disk. Looks before it acts, so that it can be called again
 * after a crash: what this deployment has brought about is not done twice, and a target that somebody else has moved since
 * the intent was written is left alone.
 */
export async function apply(deployment: Deployment, doors: RolloutDoors): Promise<'again'> {
  const now = await look(deployment, doors)
  if (now === 'unknown') return 'again'
  if (!isOurs(now, deployment)) {
    if (!isUnfinished(now, deployment) && (await isEndedFirst(deployment, doors, now))) return 'again'
    if ((await attempt(deployment, doors)) === 'ended') return 'again'
  }
  doors.journal.move(deployment.id, 'applying', 'observing', { now: doors.clock.now(), step: 'observe' })
  return 'again'
}

const OBSERVE_TRIES = 30

/** State `observing`: reads back what runs. Only what the target itself reports counts as success. */
export async function observe(deployment: Deployment, doors: RolloutDoors): Promise<'again'> {
  const { plan } = planned(deployment, doors)
  for (let tries = 1; ; tries++) {
    const now = await look(deployment, doors)
    if (now === 'unknown') return 'again'
    if (runsPlan(now, plan) && now.every(({ healthy }) => healthy)) return succeed(deployment, doors, now)
    if (!runsPlan(now, plan)) return runsOther(deployment, doors, plan, now)
    if (tries === OBSERVE_TRIES) return unhealthy(deployment, doors, now)
    await doors.activity.pause(1_000)
  }
}

/** What runs now; where that cannot be said, the deployment ends as such. */
async function look(deployment: Deployment, doors: RolloutDoors): Promise<readonly Observation[] | 'unknown'> {
  const { plan, placed } = planned(deployment, doors)
  try {
    return await patiently(doors, () => placed.target.observe(plan.settings))
  } catch (error) {
    return unknown(deployment, doors, problemOf(error, deployment.id, doors))
  }
}

/** An intent that is older than this was written before a crash: people and rules may have changed since. */
const FRESH = 60_000

/** Nothing of the effect has begun: is there still a reason to begin? */
async function isEndedFirst(deployment: Deployment, doors: RolloutDoors, now: readonly Observation[]): Promise<boolean> {
  const { journal, clock } = doors
  const before = journal.before(deployment.id)
  if (!isSame(now, before)) {
    moved(deployment, doors, before, now)
    return true
  }
  if (isAlreadyThere(now, deployment, doors)) {
    journal.end(deployment.id, 'success', { now: clock.now(), alreadyRunning: true })
    return true
  }
  if (clock.now() - (deployment.steps.at(-1)?.startedAt ?? 0) < FRESH) return false
  const refusal = await recheck(deployment, doors)
  if (refusal !== null) journal.end(deployment.id, 'refused', { now: clock.now(), problem: refusal })
  return refusal !== null
}

async function attempt(deployment: Deployment, doors: RolloutDoors): Promise<'applied' | 'ended'> {
  const { plan, placed } = planned(deployment, doors)
  const operation: Operation = { id: deployment.id, fence: deployment.fence ?? 0, settings: plan.settings, artifacts: artifactsOf(plan) }
  try {
    await placed.target.apply(operation, handsFor(deployment, doors))
    return 'applied'
  } catch (error) {
    const why = problemOf(error, deployment.id, doors)
    const now = await placed.target.observe(plan.settings).catch(() => null)
    // The answer may have been lost after the work was done: what runs decides.
    if (now !== null && isOurs(now, deployment) && why.code !== 'TARGET_UNHEALTHY') return 'applied'
    if (now === null) unknown(deployment, doors, why)
    else doors.journal.end(deployment.id, 'failure', { now: doors.clock.now(), problem: why })
    return 'ended'
  }
}

function handsFor(deployment: Deployment, doors: RolloutDoors): Hands {
  const { placed } = planned(deployment, doors)
  return {
    pull: (artifact) => doors.images.layers(artifact, access(placed), deployment.id),
    credential: (artifact) => doors.images.credential(artifact, access(placed)),
    log: (line) => doors.journal.log(deployment.id, line),
    signal: new AbortController().signal,
  }
}

const artifactsOf = (plan: Plan): Artifact[] =>
  plan.artifacts.map(({ name, repository, digest }) => {
    if (digest === null) throw new Error(`applying ${name} without a digest`)
    return { name, repository, digest }
  })

const runsPlan = (now: readonly Observation[], plan: Plan): boolean =>
  now.length > 0 && now.every(({ digest }) => plan.artifacts.some((artifact) => artifact.digest === digest))

const isOurs = (now: readonly Observation[], { id, plan }: Deployment): boolean =>
  plan !== null && runsPlan(now, plan) && now.every(({ operation, pending }) => operation === id && pending === null)

const isUnfinished = (now: readonly Observation[], { id }: Deployment): boolean =>
  now.some(({ pending, operation }) => pending === id || operation === id)

const isSame = (now: readonly Observation[], before: readonly Observation[]): boolean =>
  now.length === before.length && now.every(({ workload, revision }) => before.some((old) => old.workload === workload && old.revision === revision))

/**
 * The digests run, healthy, and with the same settings: nothing would change. Only the turn just before this one can vouch for
 * the settings; another one between, whatever became of it, may have left its own.
 */
function isAlreadyThere(now: readonly Observation[], { environment, plan, fence }: Deployment, { journal }: RolloutDoors): boolean {
  const last = environment === null ? null : journal.lastSuccess(environment)
  if (plan === null || last?.plan == null || last.fence === null || last.fence + 1 !== fence) return false
  if (!runsPlan(now, plan) || !now.every(({ healthy }) => healthy)) return false
  const what = ({ settings, target, targetRevision, artifacts }: Plan): string =>
    canonical({ settings, target, targetRevision, artifacts: artifacts.map(({ name, digest }) => [name, digest]) })
  return what(last.plan) === what(plan)
}

function succeed(deployment: Deployment, { journal, clock }: RolloutDoors, now: readonly Observation[]): 'again' {
  const note = now.map(({ workload, digest }) => `${workload} runs ${digest?.slice(0, 19)}`).join(', ')
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

function unhealthy(deployment: Deployment, { journal, clock }: RolloutDoors, now: readonly Observation[]): 'again' {
  const why = problem('TARGET_UNHEALTHY', {
    sentence: 'The new image runs but does not stay healthy.',
    found: seen(now),
    wanted: `healthy within ${OBSERVE_TRIES} seconds`,
    next: 'Look at the log of the workload, then deploy an image that stays healthy.',
  })
  journal.end(deployment.id, 'failure', { now: clock.now(), problem: why })
  return 'again'
}

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

/** What cannot be known is said as such, with what was last seen; `/status` frees the environment once the target answers again. */
export function unknown(deployment: Deployment, { journal, clock }: RolloutDoors, cause: Problem): 'unknown' {
  const why = problem(cause.code, {
    sentence: `It is not known what runs now: ${cause.sentence}`,
    found: `last seen: ${seen(journal.before(deployment.id))}`,
    wanted: cause.wanted,
    who: cause.who,
    next: `Type /status ${deployment.plan?.environment ?? ''} once the target answers again: it shows what runs and frees the environment.`,
  })
  journal.end(deployment.id, 'unknown', { now: clock.now(), problem: why })
  return 'unknown'
}

const seen = (observations: readonly Observation[]): string =>
  observations.map(({ workload, digest }) => `${workload}: ${digest ?? 'nothing of ours'}`).join(', ') || 'nothing'
