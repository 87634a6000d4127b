import type { Deployment, DeployRequest } from './deployment.ts'
import { environmentKey } from './environment.ts'
import { decide, type Decision } from './gates/index.ts'
import type { Records, Situation } from './gates/gate.ts'
import type { Proposal } from './proposal.ts'
import type { Facts } from './source.ts'
import { planned, type RolloutDoors } from './step.ts'

/** What there is to judge: the request and its deployment where it has one, what GitHub says, and what our own rows say at this moment. */
export function situationOf(
  { request, deployment, facts, proposal }: Judged,
  doors: Pick<RolloutDoors, 'journal' | 'locks' | 'heads' | 'drifts' | 'clock'>,
): Situation {
  const plan = deployment?.plan ?? null
  return { request, facts, proposal, plan, records: recordsOf(request, deployment, proposal, doors), now: doors.clock.now() }
}

export interface Judged {
  readonly request: DeployRequest
  /** Null while nothing is planned. */
  readonly deployment: Pick<Deployment, 'plan' | 'planHash' | 'approvals' | 'built' | 'proved' | 'steps'> | null
  readonly facts: Facts | null
  readonly proposal: Proposal | null
}

/** The gates by the rules of now, and by those that the deployment began with: both have to let it pass. */
export function judge(judged: Judged & { readonly deployment: Deployment }, doors: RolloutDoors): Decision {
  const { deployment, proposal } = judged
  const now = decide(situationOf(judged, doors))
  if ('refusal' in now || proposal === null || deployment.rules === null || proposal.rules === deployment.rules) return now
  const then = decide(situationOf({ ...judged, proposal: { ...proposal, rules: deployment.rules } }, doors))
  return 'refusal' in then || ('wait' in then && !('wait' in now)) ? then : now
}

/** The deployment's own plan and rules as a proposal: for asking only our records again. */
export function proposalOf(deployment: Deployment, doors: RolloutDoors): Proposal | null {
  const { rules } = deployment
  if (rules === null) return null
  const { plan, placed } = planned(deployment, doors)
  return { ...plan, source: plan.source ?? null, rules, placed, holds: () => true }
}

function recordsOf(
  request: DeployRequest,
  deployment: Judged['deployment'],
  proposal: Proposal | null,
  doors: Pick<RolloutDoors, 'journal' | 'locks' | 'heads' | 'drifts' | 'clock'>,
): Records {
  const { repository, subject } = request
  return {
    lock: proposal === null ? null : lockFor(request, proposal, doors),
    approvals: deployment?.approvals ?? [],
    planHash: deployment?.planHash ?? null,
    plannedAt: deployment === null ? null : plannedAt(deployment),
    former: proposal === null ? null : formerOf(repository.id, proposal, doors),
    told: subject?.isPull === true ? doors.heads.find(repository.id, subject.number) : null,
    built: deployment?.built ?? {},
    proved: deployment?.proved ?? {},
  }
}

/** Since when people can look at the plan; null while there is none. */
export const plannedAt = ({ steps }: Pick<Deployment, 'steps'>): number | null => steps.find(({ name }) => name === 'verify')?.startedAt ?? null

/** Of the environment's lock and that of the whole repository: the one that somebody else holds, because both have to let it pass. */
function lockFor(
  { repository, actor }: DeployRequest,
  { app, environment }: Proposal,
  { locks, clock }: Pick<RolloutDoors, 'locks' | 'clock'>,
): Records['lock'] {
  const standing = locks.holding(repository.id, `${app}/${environment}`, clock.now())
  return standing.find(({ owner }) => owner?.id !== actor.id) ?? standing[0] ?? null
}

/** Only what still runs there counts: nothing while another is at work, and nothing that somebody has replaced since. */
function formerOf(repository: number, { app, rules }: Proposal, { journal, drifts }: Pick<RolloutDoors, 'journal' | 'drifts'>): Records['former'] {
  if (rules.after === null) return null
  const key = environmentKey(repository, app, rules.after.environment)
  const last = journal.lastSuccess(key)
  if (last?.plan == null || last.endedAt === null || journal.occupant(key) !== null || drifts.find(key) !== null) return null
  return { plan: last.plan, since: sinceOf(last, journal.recent({ environment: key }, LOOKED_AT)) }
}

const LOOKED_AT = 30

/** Those that had their turn, the last one first: fences rise with every turn. */
export const inTurn = (all: readonly Deployment[]): readonly Deployment[] =>
  all.filter(({ fence }) => fence !== null).toSorted((a, b) => (b.fence ?? 0) - (a.fence ?? 0))

/** Since when the same digests have run: another deployment of them does not begin the time anew, one that failed at the target does. */
function sinceOf(last: Deployment, newestFirst: readonly Deployment[]): number {
  const digests = ({ plan }: Deployment): string => plan?.artifacts.map(({ name, digest }) => `${name}@${digest}`).join() ?? ''
  let since = last.endedAt ?? 0
  for (const one of inTurn(newestFirst)) {
    if (one.state !== 'success' || digests(one) !== digests(last)) break
    since = one.endedAt ?? since
  }
  return since
}
