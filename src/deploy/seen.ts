import { problem, type Problem } from '../errors.ts'
import type { Deployment } from './deployment.ts'
import type { Plan } from './plan.ts'
import { patiently, planned, problemOf, type RolloutDoors } from './step.ts'
import type { Hands, Observation } from './target.ts'

/** What runs now; where that cannot be said, the deployment ends as such. */
export async function look(deployment: Deployment, doors: RolloutDoors): Promise<readonly Observation[] | 'unknown'> {
  const { plan, placed } = planned(deployment, doors)
  try {
    return await patiently(doors, () => placed.target.observe(plan.settings))
  } catch (error) {
    return unknown(deployment, doors, problemOf(error, deployment.id, doors))
  }
}

export function handsFor(deployment: Deployment, doors: RolloutDoors, signal: AbortSignal): Hands {
  const { access } = planned(deployment, doors)
  return {
    pull: (artifact) => doors.images.layers(artifact, access, deployment.id),
    credential: (artifact) => doors.images.credential(artifact, access),
    log: (line) => doors.journal.log(deployment.id, line),
    signal,
  }
}

export const runsPlan = (now: readonly Observation[], plan: Plan): boolean =>
  now.length > 0 && now.every(({ digest }) => plan.artifacts.some((artifact) => artifact.digest === digest))

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

export const seen = (observations: readonly Observation[]): string =>
  observations.map(({ workload, digest }) => `${workload}: ${digest ?? 'nothing of ours'}`).join(', ') || 'nothing'
