import { Refusal } from '../../errors.ts'
import { matches } from '../environment.ts'
import type { PlanSource } from '../plan.ts'
import type { Proposal } from '../proposal.ts'
import { listed } from '../wording.ts'
import type { Gate } from './gate.ts'

/**
 * What is promoted has passed the rules of another environment, and those may be laxer; what is tried again has passed those of then, maybe on
 * another thread. Where its commit came from is judged by the rules of this environment, now.
 */
export const promotion: Gate = {
  name: 'promotion',
  skippedBy: [],
  judge: ({ request, proposal }) => {
    const kind = request.asks.origin?.kind
    if (proposal === null || (kind !== 'promote' && kind !== 'retry')) return null
    const { source } = proposal
    if (source === null) return kind === 'promote' ? unknown(proposal) : null
    const { name, from } = proposal.rules
    if (source.isFork && !from.forks) return new Refusal('FORK_REFUSED', details(name, 'a commit of a fork', `from.forks: true for ${name}`))
    if (source.isPull && !from.pullRequests)
      return new Refusal('PULL_REQUEST_REFUSED', details(name, 'a commit of a pull request', `from.pull_requests: true for ${name}`))
    const { branches } = from
    if (branches === null || branches.some((pattern) => matches(pattern, source.branch))) return `its commit came from ${words(source)}`
    return new Refusal('BRANCH_REFUSED', details(name, words(source), `one of ${listed(branches)}`))
  },
}

const words = ({ isPull, branch }: PlanSource): string => `${isPull ? 'a pull request for' : 'the branch or tag'} ${branch}`

const details = (name: string, found: string, wanted: string) => ({
  sentence: `${name} does not take that commit, because of where it came from.`,
  found,
  wanted,
  next: 'Deploy from a branch that it takes, or ask whoever maintains these rules to change from.',
})

const unknown = ({ environment }: Proposal): Refusal =>
  new Refusal('BRANCH_REFUSED', {
    sentence: `Nothing says where the commit came from that ${environment} is to take.`,
    found: 'a deployment of an older version of Gantry',
    wanted: 'one whose source is recorded',
    next: 'Deploy it once more to the environment it is promoted from, then ask again.',
  })
