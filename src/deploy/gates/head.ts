import { Refusal } from '../../errors.ts'
import type { DeployRequest } from '../deployment.ts'
import type { Facts } from '../source.ts'
import type { Gate } from './gate.ts'

/**
 * The commit that is deployed is the one the person saw. A label's signed body carries it; a comment's does not, so there the
 * push must be older than the comment by GitHub's own clock (whole seconds: a push in the same second counts as later).
 * Commit dates are chosen by their author and never looked at. No sentence offers a command that would accept the new commit.
 */
export const head: Gate = {
  name: 'head commit',
  skippedBy: ['rollback', 'promote'],
  judge: ({ request, facts, proposal, plan }) => {
    if (facts === null) return null
    const { pull } = facts
    // Not before the configuration is known: whoever may not deploy from here at all is not sent to find a provable head first.
    if (pull === null || proposal === null || request.asks.ref !== null) return null
    if (plan !== null) return pull.head === plan.commit ? 'the head is still the same commit' : moved(plan.commit, pull.head)
    if (request.headSeen !== null)
      return pull.head === request.headSeen ? 'the head is the commit that was labelled' : moved(request.headSeen, pull.head)
    if (pull.headSince === null) return unproved(pull)
    return pull.headSince < askedAt(request) ? 'the head is older than the comment' : moved('the head when the comment was posted', pull.head)
  },
}

const askedAt = (request: DeployRequest): number => request.comment?.createdAt ?? request.receivedAt

const moved = (wanted: string, found: string): Refusal =>
  new Refusal('HEAD_MOVED', {
    sentence: 'The pull request got a new commit after the command, and nobody has asked to deploy that one.',
    found: short(found),
    wanted: short(wanted),
    next: 'Look at the new commit, then ask again.',
  })

const unproved = (pull: NonNullable<Facts['pull']>): Refusal =>
  new Refusal('HEAD_UNPROVED', {
    sentence: 'GitHub does not say when the head became this commit, so a push after the comment cannot be ruled out.',
    found: `${short(pull.head)}${pull.isFork ? ' on a fork' : ''}`,
    wanted: 'a head that is provably older than the command',
    next: 'Add the label deploy or deploy:ENVIRONMENT instead: it carries the commit that you see.',
  })

const short = (commit: string): string => (/^[0-9a-f]{40}$/.test(commit) ? commit.slice(0, 7) : commit)
