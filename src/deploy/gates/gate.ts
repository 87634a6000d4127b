import type { Refusal } from '../../errors.ts'
import type { Digest } from '../../registry/reference.ts'
import type { Approval, DeployRequest, Lock, Wait } from '../deployment.ts'
import type { Plan, PlannedArtifact } from '../plan.ts'
import type { Proposal } from '../proposal.ts'
import type { Facts } from '../source.ts'

/** Everything a gate may look at, gathered beforehand: judging reads nothing and changes nothing. */
export interface Situation {
  readonly request: DeployRequest
  /** Null where only our own records are asked again: what GitHub says is then neither passed nor refused. */
  readonly facts: Facts | null
  /** Null while only the person is judged: nobody learns from the configuration what they may not deploy. */
  readonly proposal: Proposal | null
  /** The plan that was fixed when the gates first allowed it; null the first time. Its digests are null until they are resolved. */
  readonly plan: Plan | null
  readonly records: Records
  /** By the wall clock, milliseconds since 1970. */
  readonly now: number
}

/** What Gantry itself knows: its own rows, at the same moment. */
export interface Records {
  /** Of the environment, or of all the repository's; null where it is free. */
  readonly lock: Lock | null
  /** Everybody's last word on this deployment, whichever plan it was about. */
  readonly approvals: readonly Approval[]
  /** Of the plan once its digests are known; null before. */
  readonly planHash: string | null
  /** When the digests were fixed; null before. */
  readonly plannedAt: number | null
  /** What last succeeded in the environment that `after` names, and still runs there; null where nothing does. */
  readonly former: { readonly plan: Plan; readonly since: number } | null
  /** The pull request's head as the last webhook told it; null where none has come. */
  readonly told: { readonly head: string; readonly at: number } | null
  /** The commit that each artifact says it was built from, by name; null for one that says nothing. Empty until the images are verified. */
  readonly built: { readonly [artifact: string]: string | null }
  /** The commit that a signed attestation proves for each artifact, by name. Empty until they are verified, or where nothing asks for it. */
  readonly proved: { readonly [artifact: string]: string }
}

/** Nothing is wrong, and it is too early. */
export class Waits {
  readonly wait: Wait

  constructor(wait: Wait) {
    this.wait = wait
  }
}

/** What may set a gate aside: a rollback repeats a plan that the gate has passed before; an override is an administrator's own word. */
export type Skip = 'rollback' | 'promote' | 'override'

/** One rule: a sentence that says why it lets pass, a refusal that says why not, a wait, or null where it has nothing to say. */
export interface Gate {
  readonly name: string
  readonly skippedBy: readonly Skip[]
  judge(situation: Situation): Refusal | Waits | string | null
}

/** The commit that is judged: the plan's once there is one, and what the request would come to before. */
export const judged = ({ plan, proposal }: Pick<Situation, 'plan' | 'proposal'>): string | null => plan?.commit ?? proposal?.commit ?? null

/**
 * What GitHub says of the judged commit; null where it does not know it. `later`: another deployment's plan is repeated and its commit has
 * not been looked at yet; it is before the effect.
 */
export function judgedCommit(situation: Situation & { readonly facts: Facts }): Facts['commit'] | 'later' {
  const { facts, plan, request } = situation
  if (facts.commit !== null && facts.commit.sha === judged(situation)) return facts.commit
  return plan === null && request.asks.origin !== null ? 'later' : null
}

/** Every image with its digest; null while one of them is not known. */
export function digests({ plan, proposal }: Situation): readonly (PlannedArtifact & { readonly digest: Digest })[] | null {
  const artifacts = plan?.artifacts ?? proposal?.artifacts ?? []
  return artifacts.every(hasDigest) ? artifacts : null
}

const hasDigest = (artifact: PlannedArtifact): artifact is PlannedArtifact & { readonly digest: Digest } => artifact.digest !== null
