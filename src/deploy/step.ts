import { Failure, problem, type Problem } from '../errors.ts'
import type { Activity } from './activity.ts'
import type { Clock } from './clock.ts'
import type { Deployment, DeployRequest, Repository } from './deployment.ts'
import { partiesOf, partyName, type EnvironmentRules, type Party } from './environment.ts'
import type { Images, TargetAccess } from './images.ts'
import type { Claims, Drifts, Heads, Journal, Locks } from './journal.ts'
import type { Plan } from './plan.ts'
import type { Provenance } from './provenance.ts'
import type { PlacedTarget, Surroundings } from './proposal.ts'
import type { Facts, Somebody, Source } from './source.ts'

/** What taking a deployment through its states needs of the world. */
export interface RolloutDoors extends Surroundings {
  readonly journal: Journal
  readonly claims: Claims
  readonly locks: Locks
  readonly heads: Heads
  readonly drifts: Drifts
  readonly provenance: Provenance
  /** The HTTP status that an environment's own address answers with; throws what `fetch` throws. Never a private address. */
  probe(url: string, signal: AbortSignal): Promise<number>
  /** What is being applied now, by the deployment's id: aborting it is how a cancellation reaches the target. */
  readonly applying: Map<string, AbortController>
  /** When this process began: what people said while nobody was here may still be on its way. */
  readonly startedAt: number
  /** Whose turn this process has begun and not yet handed to the target: what an earlier one began is not among them. */
  readonly claimed: Set<string>
  readonly source: Source
  readonly images: Images
  readonly clock: Clock
  readonly activity: Activity
  /** Our own bug: logs it whole and answers with the incident's number. */
  incident(error: unknown, deployment: string): string
}

/** `again`: the state changed, go on. `blocked`: something else has to happen first; where `lookAt` is a time, it is looked at again then. */
export type Progress = 'again' | 'blocked' | { readonly lookAt: number }

/** What one state does; called again in the same state after a crash, it does nothing twice. */
export type Step = (deployment: Deployment, doors: RolloutDoors) => Promise<Progress>

/**
 * The plan, its target as it was declared when the deployment was planned, and how that pulls. A process that has begun since knows only
 * how it is declared now; a target that is not declared any more ends the deployment then.
 */
export function planned(
  { plan, request }: Deployment,
  { targets, formerTarget }: Surroundings,
): { plan: Plan; placed: PlacedTarget; access: TargetAccess } {
  if (plan === null) throw new Error('a deployment past its gates has a plan')
  const current = targets.get(plan.target)
  const placed = current?.revision === plan.targetRevision ? current : (formerTarget?.(plan.target, plan.targetRevision) ?? current)
  if (placed === undefined) {
    throw new Failure('TARGET_UNKNOWN', {
      sentence: `Target ${plan.target} is no longer declared.`,
      found: plan.target,
      next: "Ask the account's administrators to declare it again.",
    })
  }
  return { plan, placed, access: accessOf(placed, request.repository, plan.environment) }
}

export const accessOf = ({ access: how, target }: PlacedTarget, { id, owner, account }: Repository, environment: string): TargetAccess => ({
  ...{ ...how, platform: target.platform },
  user: { id, owner, account, environment },
})

const PATIENCE = [1_000, 2_000, 4_000, 8_000, 16_000]

/** Repeats a read that failed for a passing reason, for half a minute in all; nothing with an effect goes through here. */
export async function patiently<T>({ activity }: RolloutDoors, read: () => Promise<T>): Promise<T> {
  for (const wait of PATIENCE) {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof Failure) || !error.problem.retryable || (error.problem.retryAfter ?? 0) > 60_000) throw error
      await activity.pause(Math.max(wait, error.problem.retryAfter ?? 0))
    }
  }
  return read()
}

export function problemOf(error: unknown, id: string, doors: Pick<RolloutDoors, 'incident'>): Problem {
  if (error instanceof Failure) return error.problem
  const number = doors.incident(error, id)
  return problem('INTERNAL', {
    sentence: `Gantry made a mistake of its own and has logged it as incident ${number}.`,
    found: `incident ${number}`,
    next: `Tell whoever runs Gantry this number, then ask again.`,
  })
}

/**
 * What `read` answers within so many milliseconds, null where it takes longer; then nobody waits for it any more. `patience` null: as
 * long as it takes. Throws what `read` throws meanwhile.
 */
export async function within<T>(patience: number | null, read: () => Promise<T>, clock: Clock): Promise<T | null> {
  if (patience === null) return read()
  let stop = (): void => {}
  const over = new Promise<null>((resolve) => {
    stop = clock.after(patience, () => resolve(null))
  })
  try {
    return await Promise.race([read(), over])
  } finally {
    stop()
  }
}

/** The facts with the members of the rules' teams among them. `people`: whose membership matters besides the actor's. */
export const withMembers = (
  facts: Facts,
  rules: EnvironmentRules,
  request: DeployRequest,
  doors: RolloutDoors,
  people: readonly Somebody[] = [],
): Promise<Facts> => withParties(facts, partiesOf(rules), request, doors, people)

/** The same for these teams: a look of its own is made only for those that nobody asked about yet. */
export async function withParties(
  facts: Facts,
  parties: readonly Party[],
  request: DeployRequest,
  doors: RolloutDoors,
  people: readonly Somebody[] = [],
): Promise<Facts> {
  if (parties.every((party) => facts.members.has(partyName(party)))) return facts
  const { members } = await patiently(doors, () => doors.source.look(request, { commit: null, parties, people }))
  return { ...facts, members: new Map([...facts.members, ...members]) }
}
