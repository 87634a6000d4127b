import type { Refusal } from '../../errors.ts'
import type { DeployRequest } from '../deployment.ts'
import type { Plan } from '../plan.ts'
import type { Proposal } from '../proposal.ts'
import type { Facts } from '../source.ts'

/** Everything a gate may look at, gathered beforehand: judging reads nothing and changes nothing. */
export interface Situation {
  readonly request: DeployRequest
  readonly facts: Facts
  /** Null while only the person is judged: nobody learns from the configuration what they may not deploy. */
  readonly proposal: Proposal | null
  /** The plan that was fixed when the gates first allowed it; null the first time. */
  readonly plan: Plan | null
}

/** One rule: a sentence that says why it lets pass, a refusal that says why not, or null where it has nothing to say. */
export interface Gate {
  readonly name: string
  judge(situation: Situation): Refusal | string | null
}
