import { Refusal } from '../../errors.ts'
import type { Gate } from './gate.ts'

/** Which pull requests may be deployed at all: open ones, and forks only where the configuration says so. */
export const pullRequest: Gate = {
  name: 'pull request',
  skippedBy: ['rollback', 'promote'],
  judge: ({ facts, proposal }) => {
    if (facts === null) return null
    const { pull } = facts
    if (pull === null || proposal === null) return null
    if (pull.state !== 'open') {
      return new Refusal('PULL_REQUEST_CLOSED', {
        sentence: `This pull request is ${pull.state}.`,
        found: pull.state,
        wanted: 'an open pull request',
        next: 'Reopen it, or deploy the default branch from an issue.',
      })
    }
    const { name, from } = proposal.rules
    if (!from.pullRequests) {
      return new Refusal('PULL_REQUEST_REFUSED', {
        sentence: `${name} is not deployed from pull requests.`,
        found: 'a pull request',
        wanted: `a command on an issue, or from.pull_requests: true for ${name}`,
        next: 'Merge first, then deploy from an issue.',
      })
    }
    if (pull.isFork && !from.forks) {
      return new Refusal('FORK_REFUSED', {
        sentence: `${name} is not deployed from forks.`,
        found: 'a pull request from a fork',
        wanted: `a branch of this repository, or from.forks: true for ${name}`,
        next: 'Push the branch to this repository and open the pull request from there.',
      })
    }
    return 'the pull request is open'
  },
}
