import { problem, type Problem } from '../errors.ts'
import type { Deployment } from './deployment.ts'
import { artifactsOf, canonical, type Plan } from './plan.ts'
import { handsFor, look, runsPlan, seen, unknown } from './seen.ts'
import { patiently, planned, problemOf, type RolloutDoors } from './step.ts'
import type { Contract, Observation, Operation } from './target.ts'
import { shortDigest } from './wording.ts'

/** Whether the rules (or whoever cancelled) want what ran before put back, and it is known which plan that was. */
export const canRestore = (deployment: Deployment, why: Problem, doors: RolloutDoors): boolean =>
  (why.code === 'CANCELLED' || (deployment.rules?.onFailure ?? 'keep') !== 'keep') && formerPlan(deployment, doors) !== null

/** The plan of the last success, if it was for the same workloads and its images are what was seen there before this deployment began. */
function formerPlan(deployment: Deployment, doors: RolloutDoors): Plan | null {
  const { id, environment, plan } = deployment
  const last = environment === null ? null : (doors.journal.lastSuccess(environment)?.plan ?? null)
  if (last === null || plan === null || last.target !== plan.target) return null
  const { target } = planned(deployment, doors).placed
  const placeOf = ({ settings }: Plan): string => canonical([...target.workloads(settings)].toSorted())
  const isSamePlace = placeOf(last) === placeOf(plan)
  return isSamePlace && runsPlan(doors.journal.before(id), last) ? last : null
}

/**
 * State `restoring`: puts back what ran before, as an operation of its own with a fence of its own, so that it can be repeated after a
 * crash like any other. The deployment ends as what it failed with.
 */
export async function restore(deployment: Deployment, doors: RolloutDoors): Promise<'again'> {
  const former = formerPlan(deployment, doors)
  const claimed = doors.journal.restoring(deployment.id)
  if (former === null || claimed === null) throw new Error(`deployment ${deployment.id} has nothing to put back`)
  const operation: Operation = {
    id: `${deployment.id}-back`,
    fence: claimed.fence,
    settings: former.settings,
    artifacts: artifactsOf(former),
  }
  const before = await look(deployment, doors)
  if (before === 'unknown') return 'again'
  const { contract } = planned(deployment, doors).placed.target
  const trouble = isDone(before, operation, former, contract) ? null : await putBack(operation, deployment, doors)
  const now = await look(deployment, doors)
  if (now === 'unknown') return 'again'
  // Neither this nor what it should undo is known to be over.
  if (trouble?.code === 'TARGET_UNAVAILABLE' && !isDone(now, operation, former, contract)) {
    unknown(deployment, doors, trouble)
    return 'again'
  }
  const isBack = runsPlan(now, former) && now.every(({ healthy }) => healthy)
  lock(deployment, doors)
  end(deployment, isBack, isBack ? backWords(former) : stuckWords(now, trouble), doors)
  return 'again'
}

const isDone = (now: readonly Observation[], { id }: Operation, former: Plan, contract: Contract): boolean =>
  runsPlan(now, former) &&
  now.every(({ operation, pending, healthy }) => (contract === 'readable' || operation === id) && pending === null && healthy)

async function putBack(operation: Operation, deployment: Deployment, doors: RolloutDoors): Promise<Problem | null> {
  const { placed } = planned(deployment, doors)
  try {
    await patiently(doors, () => placed.target.apply(operation, handsFor(deployment, doors, new AbortController().signal)))
    return null
  } catch (error) {
    return problemOf(error, deployment.id, doors)
  }
}

/** Whoever deploys next should know first what went wrong. The same deployment locks once. */
function lock({ id, rules, plan, request, problem: why }: Deployment, { locks, clock }: RolloutDoors): void {
  if (rules?.onFailure !== 'rollback_and_lock' || plan === null || why?.code === 'CANCELLED') return
  const reason = `deployment ${id} failed and was rolled back`
  const environment = `${plan.app}/${plan.environment}`
  const { repository, comment } = request
  locks.take(
    {
      repository,
      environment,
      owner: null,
      reason,
      since: clock.now(),
      askedAt: request.askedAt,
      until: null,
      subject: null,
      url: comment?.url ?? null,
    },
    { cause: id },
  )
}

interface Words {
  readonly sentence: string
  readonly found?: string
  readonly next?: string
}

function end({ id, problem: stored, rules }: Deployment, isStepDone: boolean, words: Words, { journal, clock }: RolloutDoors): void {
  const why = stored as Problem
  const held = rules?.onFailure === 'rollback_and_lock' && why.code !== 'CANCELLED' ? ' The environment is locked until somebody unlocks it.' : ''
  const told = problem(why.code, { ...why, ...words, sentence: `${why.sentence} ${words.sentence}${held}` })
  journal.end(id, why.code === 'CANCELLED' ? 'cancelled' : 'failure', { now: clock.now(), problem: told, isStepDone })
}

const backWords = ({ artifacts }: Plan): Words => ({
  sentence: `What ran before (${artifacts.map(({ repository, tag, digest }) => `${repository.split('/').at(-1)}${tag === null ? `@${shortDigest(digest ?? '')}` : `:${tag}`}`).join(', ')}) runs again.`,
})

const stuckWords = (now: readonly Observation[], trouble: Problem | null): Words => ({
  sentence: `What ran before could not be put back${trouble === null ? '.' : `: ${trouble.sentence}`}`,
  found: seen(now),
  next: 'Look at the target, then deploy an image that is known to work.',
})
