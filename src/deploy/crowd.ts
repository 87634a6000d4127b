import { problem, type Problem } from '../errors.ts'
import type { Repository } from './deployment.ts'
import type { Journal } from './journal.ts'

/** Of one repository: nobody waits for the hundredth, and a loop in somebody's script must not become ours. */
const MOST_OF_REPOSITORY = 100
/** Of all repositories of one account, so that none keeps those of others waiting. */
const MOST_OF_ACCOUNT = 500
/** Of one repository, with those that nobody has judged yet: what is more than this costs a row and nothing else. */
export const MOST_UNJUDGED = 1_000

/** Why no more of this repository's deployments may be let on their way now; null where they may. */
export function crowdIn({ id, account }: Repository, journal: Pick<Journal, 'crowd' | 'crowdOf'>): Problem | null {
  if (journal.crowd(id) >= MOST_OF_REPOSITORY) return queueFull('repository', MOST_OF_REPOSITORY)
  // Records of older versions do not have it.
  if (account !== undefined && journal.crowdOf(account) >= MOST_OF_ACCOUNT) return queueFull('account', MOST_OF_ACCOUNT)
  return null
}

export const queueFull = (whose: 'repository' | 'account', most: number): Problem =>
  problem('QUEUE_FULL', {
    sentence:
      whose === 'repository'
        ? 'Too many deployments of this repository are on their way already.'
        : 'Too many deployments of this account’s repositories are on their way already.',
    found: `${most} that have not ended`,
    wanted: `fewer than ${most}`,
    next: 'Wait for some of them to end, or cancel them, then ask again.',
  })
