/** Reviews of pull requests: https://docs.github.com/pull-requests/collaborating-with-pull-requests/reviewing-changes-in-pull-requests */
import type { Hub } from './hub.ts'
import * as show from './render.ts'
import { newId, nodeId, roleOf } from './state.ts'
import type { Account, Issue, Pull, Repository, Review } from './state.ts'

export type Opinion = 'approve' | 'request changes' | 'comment'

const STATES = { approve: 'APPROVED', 'request changes': 'CHANGES_REQUESTED', comment: 'COMMENTED' } as const

export function submitReview(
  hub: Hub,
  home: Repository,
  { issue, pull }: Reviewed,
  author: Account,
  said: { readonly opinion: Opinion; readonly commit: string; readonly body: string },
): Review {
  if (issue.author.id === author.id && said.opinion !== 'comment')
    throw new Error(`${author.login} may not ${said.opinion} on their own pull request`)
  const id = newId(hub.state)
  const made: Review = {
    id,
    node: nodeId('PRR', id),
    author,
    state: STATES[said.opinion],
    commit: said.commit,
    body: said.body,
    at: hub.now(),
  }
  pull.reviews.push(made)
  tell(hub, home, issue, made, author, 'submitted')
  return made
}

export function dismissReview(hub: Hub, home: Repository, { issue }: Reviewed, review: Review, by: Account): void {
  if (review.state === 'COMMENTED' || review.state === 'DISMISSED') throw new Error(`a review that is ${review.state} cannot be dismissed`)
  review.state = 'DISMISSED'
  tell(hub, home, issue, review, by, 'dismissed')
}

export interface Reviewed {
  readonly issue: Issue
  readonly pull: Pull
}

/**
 * GraphQL's `latestOpinionatedReviews`: each author's latest that is more than a comment; nothing of an author whose latest was dismissed,
 * whatever they said before.
 */
export function opinions({ reviews }: Pull): readonly Review[] {
  const latest = new Map(reviews.filter(({ state }) => state !== 'COMMENTED').map((one) => [one.author.id, one]))
  return [...latest.values()].filter(({ state }) => state !== 'DISMISSED')
}

export const canPush = (home: Repository, account: Account): boolean => ['write', 'maintain', 'admin'].includes(roleOf(home, account).role)

function tell(hub: Hub, home: Repository, issue: Issue, review: Review, by: Account, what: 'submitted' | 'dismissed'): void {
  const stated = { review: show.review(home, issue, review), pull_request: show.pull(hub.state, home, issue, issue.pull!) }
  hub.send(`pull-request-review-${what}`, home, by, stated)
}
