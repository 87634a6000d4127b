import { Refusal } from '../../errors.ts'
import { partyName } from '../environment.ts'
import { mayApprove } from '../may-approve.ts'
import type { Somebody } from '../source.ts'
import { listed } from '../wording.ts'
import { Waits, type Gate, type Situation } from './gate.ts'

/** A second person's word, about exactly this plan: it ends with any change of it. */
export const approvals: Gate = {
  name: 'approvals',
  skippedBy: ['rollback'],
  judge: (situation) => {
    const { proposal, records, now } = situation
    const rule = proposal?.rules.approvals ?? null
    if (rule?.not.includes('requester') === true && isRunAgain(situation)) return runAgain()
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
    // Not since the request: it may have waited for its image or for checks before anybody could approve it.
    const until = (records.plannedAt ?? now) + rule.expire
    const who = rule.by.length === 0 ? 'somebody else with the role write' : `one of ${listed(rule.by.map(partyName))}`
    return new Waits({
      reason: 'approval',
      sentence: `${missing === 1 ? 'An approval' : `${missing} approvals`} by ${who} ${missing === 1 ? 'is' : 'are'} missing.`,
      until,
      lookAt: Math.max(now, until),
    })
  },
}

/** Whoever ran it again might be the one who approves. */
const isRunAgain = ({ request: { actor } }: Situation): boolean => actor.program?.kind === 'workflow' && actor.program.attempt > 1

const runAgain = (): Refusal =>
  new Refusal('APPROVAL_NOT_ALLOWED', {
    sentence: 'GitHub does not say who ran this workflow again, so nobody can be known to be a second person.',
    found: 'another attempt of a run',
    wanted: 'its first attempt',
    next: 'Begin a new run of the workflow.',
  })

/** Rights are those of then and of now: what GitHub says now is looked at wherever it was asked. */
function stillCounts(by: Somebody, { request, facts, proposal }: Situation): boolean {
  if (proposal === null || facts === null) return true
  const role = facts.roles.get(by.id)
  return role !== undefined && mayApprove({ ...by, app: null, role }, request, facts, proposal.rules) === null
}
