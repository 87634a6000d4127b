import { Refusal } from '../errors.ts'
import type { DeployRequest } from './deployment.ts'
import type { Proposal } from './proposal.ts'
import type { RolloutDoors } from './step.ts'

/**
 * Takes what the settings occupy on the target, or says who holds it. An environment of the same repository that the
 * configuration no longer gives the workload to (renamed, removed, moved to another target) lets go of it, once it is at rest.
 */
export async function claimWorkloads(request: DeployRequest, proposal: Proposal, environment: string, doors: RolloutDoors): Promise<Refusal | null> {
  const { placed, settings, app } = proposal
  const workloads = placed.target.workloads(settings)
  const label = `${request.repository.owner}/${request.repository.name} ${app}/${proposal.environment}`
  for (;;) {
    const taken = await doors.claims.claim(placed.key, workloads, environment, label)
    if (taken === null) return null
    if (!isRetired(taken, request, proposal, doors)) return claimed(taken, proposal)
    // First the fence: the target refuses whoever comes with a lower one than the last that it saw.
    doors.journal.raise(environment, doors.journal.fence(taken.environment))
    await doors.claims.release(placed.key, taken.workload, taken.environment)
  }
}

interface Taken {
  readonly environment: string
  readonly takenBy: string
  readonly workload: string
}

const isRetired = ({ environment, workload }: Taken, { repository }: DeployRequest, proposal: Proposal, { journal }: RolloutDoors): boolean =>
  environment.startsWith(`${repository.id}:`) &&
  !proposal.holds(environment, workload) &&
  journal.occupant(environment) === null &&
  journal.queued(environment).length === 0

const claimed = ({ workload, takenBy }: Taken, { placed, environment }: Proposal): Refusal =>
  new Refusal('WORKLOAD_CLAIMED', {
    sentence: `${workload} on target ${placed.name} belongs to another environment.`,
    found: takenBy,
    wanted: 'a workload of its own for each environment',
    next: `Give ${environment} another target or another name in its settings.`,
  })
