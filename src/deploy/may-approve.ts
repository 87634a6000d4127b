import { Refusal } from '../errors.ts'
import type { Actor, DeployRequest } from './deployment.ts'
import { atLeast, everyRules, partyName, type EnvironmentRules, type Role } from './environment.ts'
import { isOneOf } from './party.ts'
import type { Facts } from './source.ts'
import { listed } from './wording.ts'

/** Who wants to say it, with the role of now. */
type Approver = Actor & { readonly role: Role }

/** Why somebody's word would count for nothing there; null where it counts for the repository's rules, for the account's, or for both. */
export function mayApproveThere(by: Approver, request: DeployRequest, facts: Facts, own: EnvironmentRules): Refusal | null {
  const asking = everyRules(own).filter(({ approvals }) => approvals !== null)
  const [first = null, ...others] = (asking.length === 0 ? [own] : asking).map((rules) => mayApprove(by, request, facts, rules))
  return others.includes(null) ? null : first
}

/** Why somebody may not approve this request by these rules; null where they may. */
export function mayApprove(by: Approver, request: DeployRequest, facts: Facts, rules: EnvironmentRules): Refusal | null {
  const rule = rules.approvals
  if (rule === null) return mayNot(by.login, 'no rule that asks for approvals', 'an environment with approvals')
  if (!atLeast(by.role, 'write')) return mayNot(by.login, `role ${by.role}`, 'role write or higher')
  if (rule.by.length > 0 && !isOneOf(rule.by, by, facts))
    return mayNot(by.login, `${by.login}, whom the rules do not name`, listed(rule.by.map(partyName)))
  const { author = null, pusher = null, isFork = false } = facts.pull ?? {}
  // Who pushed to a fork is never told: its author has to count for that.
  const roles = { requester: request.actor.id, author: author?.id, pusher: (pusher ?? (isFork ? author : null))?.id }
  const own = rule.not.find((one) => roles[one] === by.id)
  return own === undefined ? null : mayNot(by.login, `the ${own} of this change`, 'a second person')
}

export const mayNot = (login: string, found: string, wanted: string): Refusal =>
  new Refusal('APPROVAL_NOT_ALLOWED', {
    sentence: `${login} may not approve this deployment.`,
    found,
    wanted,
    next: 'Ask somebody who may: /who ENVIRONMENT lists them.',
  })
