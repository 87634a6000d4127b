import { Refusal } from '../../errors.ts'
import type { DeployRequest } from '../deployment.ts'
import { atLeast, partyName, type EnvironmentRules, type Role } from '../environment.ts'
import { isOneOf } from '../party.ts'
import type { Facts, Somebody } from '../source.ts'
import { listed } from '../wording.ts'
import { Waits, type Gate, type Situation } from './gate.ts'

/** A second person's word, about exactly this plan: it ends with any change of it. */
export const approvals: Gate = {
  name: 'approvals',
  skippedBy: ['rollback'],
  judge: (situation) => {
    const { proposal, records, now } = situation
    const rule = proposal?.rules.approvals ?? null
    // Before the digests are known there is nothing that anybody could approve.
    if (rule === null || records.planHash === null) return null
    const mine = records.approvals.filter(({ planHash }) => planHash === records.planHash)
    const rejection = mine.find(({ isApproval }) => !isApproval)
    if (rejection !== undefined) {
      return new Refusal('APPROVAL_REJECTED', {
        sentence: `${rejection.by.login} rejected this deployment${rejection.reason === null ? '.' : `: ${rejection.reason}`}`,
        found: `rejected by ${rejection.by.login}`,
        wanted: 'an approval',
        next: `Talk to ${rejection.by.login}, then ask again.`,
      })
    }
    const people = new Map(mine.map(({ by }) => [by.id, by]))
    const counting = [...people.values()].filter((by) => stillCounts(by, situation))
    if (counting.length >= rule.count) return `approved by ${listed(counting.map(({ login }) => login))}`
    const missing = rule.count - counting.length
    const who = rule.by.length === 0 ? 'somebody else with the role write' : `one of ${listed(rule.by.map(partyName))}`
    return new Waits({
      reason: 'approval',
      sentence: `${missing === 1 ? 'An approval' : `${missing} approvals`} by ${who} ${missing === 1 ? 'is' : 'are'} missing.`,
      until: situation.request.receivedAt + rule.expire,
      lookAt: Math.max(now, situation.request.receivedAt + rule.expire),
    })
  },
}

/** Rights are those of then and of now: what GitHub says now is looked at wherever it was asked. */
function stillCounts(by: Somebody, { request, facts, proposal }: Situation): boolean {
  if (proposal === null || facts === null) return true
  const role = facts.roles.get(by.id)
  return role !== undefined && mayApprove({ ...by, role }, request, facts, proposal.rules) === null
}

/** Why somebody may not approve this request; null where they may. */
export function mayApprove(by: Somebody & { readonly role: Role }, request: DeployRequest, facts: Facts, rules: EnvironmentRules): Refusal | null {
  const rule = rules.approvals
  if (rule === null) return refused(by.login, 'no rule that asks for approvals', 'an environment with approvals')
  if (!atLeast(by.role, 'write')) return refused(by.login, `role ${by.role}`, 'role write or higher')
  if (rule.by.length > 0 && !isOneOf(rule.by, by, facts.members))
    return refused(by.login, `${by.login}, whom the rules do not name`, listed(rule.by.map(partyName)))
  const roles = { requester: request.actor.id, author: facts.pull?.author?.id, pusher: facts.pull?.pusher?.id }
  const own = rule.not.find((one) => roles[one] === by.id)
  return own === undefined ? null : refused(by.login, `the ${own} of this change`, 'a second person')
}

const refused = (login: string, found: string, wanted: string): Refusal =>
  new Refusal('APPROVAL_NOT_ALLOWED', {
    sentence: `${login} may not approve this deployment.`,
    found,
    wanted,
    next: 'Ask somebody who may: /who ENVIRONMENT lists them.',
  })
