/** What a commit and a pull request are judged by: checks, signatures, reviews, comparisons, teams. */
import { authorize } from '../auth.ts'
import { compare, findCommit, history } from '../git.ts'
import { GitHubSays, notAccessible } from '../refusal.ts'
import { canPush, opinions } from '../reviews.ts'
import { nodeId, stamp, teamMembers } from '../state.ts'
import type { Account, CommitStatus, Repository } from '../state.ts'
import { account, commit, connection } from './sources.ts'
import type { Args, Asked, CommitSource, ContextSource, NodeOf, RefSource, Resolvers, ReviewSource, RollupSource, TeamSource } from './sources.ts'

/** Null where nothing ever reported. */
export function rollup({ repository, commit: { sha } }: CommitSource): RollupSource | null {
  const runs = repository.checks.filter((one) => one.headSha === sha).map((check): NodeOf<'CheckRun'> => ({ kind: 'CheckRun', repository, check }))
  // Of statuses only the latest of each context is told; a check that was run again is told twice.
  const latest = new Map((repository.contexts.get(sha) ?? []).map((one) => [one.context, one]))
  const statuses = [...latest.values()].map((status): ContextSource => ({ kind: 'StatusContext', repository, status }))
  return runs.length + statuses.length === 0 ? null : { kind: 'StatusCheckRollup', contexts: [...runs, ...statuses] }
}

export function isRequired(repository: Repository, name: string, { pullRequestNumber, pullRequestId }: Args): boolean {
  if (pullRequestNumber == null && pullRequestId == null) throw new GitHubSays(422, 'Either pullRequestId or pullRequestNumber must be provided.')
  const issue = [...repository.issues.values()].find(({ number, node }) => number === pullRequestNumber || node === pullRequestId)
  if (!issue?.pull) throw new GitHubSays(404, `Could not resolve to a PullRequest with the number of ${String(pullRequestNumber)}.`)
  return repository.required.get(issue.pull.base)?.has(name) ?? false
}

/** `refs/pull/N/head` is a ref of the base repository, forks' pull requests included. */
export function comparison({ repository, sha }: RefSource, { headRef }: Args) {
  const head = findCommit(repository, String(headRef))
  const compared = head && compare(repository, sha, head.sha)
  return compared && { behindBy: compared.behind_by, headTarget: commit(repository, head.sha) }
}

/** The commits that the base branch lacks, oldest first; at least the head. */
export function commitsOf({ repository, issue: { pull } }: NodeOf<'Issue'>, args: Args) {
  if (pull === null) return null
  const base = history(repository, repository.branches.get(pull.base) ?? '')
  const own = [...history(repository, pull.head)].filter((sha) => sha === pull.head || !base.has(sha)).toReversed()
  return connection(
    own.map((sha) => ({ kind: 'PullRequestCommit', commit: commit(repository, sha) })),
    args,
  )
}

export function opinionatedReviews({ repository, issue: { pull } }: NodeOf<'Issue'>, args: Args) {
  const shown = pull === null ? [] : opinions(pull).filter(({ author }) => args['writersOnly'] !== true || canPush(repository, author))
  return connection(
    shown.map((review): ReviewSource => ({ kind: 'PullRequestReview', repository, review })),
    args,
  )
}

export function organization({ login }: Args, { seen }: Asked) {
  const found = seen.accounts.find((one) => one.type === 'Organization' && one.login.toLowerCase() === String(login).toLowerCase())
  if (found === undefined) throw new GitHubSays(404, `Could not resolve to an Organization with the login of '${String(login)}'.`)
  return account(found)
}

/** Teams are told to an installation of that organisation alone; one that is not there is null, and no error. */
export function team({ account: one }: { readonly account: Account }, { slug }: Args, asked: Asked): TeamSource | null {
  const installation = asked.github.state.installations.get(asked.token.installation)
  if (installation?.account.id !== one.id) throw notAccessible()
  const name = `${one.login}/${String(slug)}`
  return asked.seen.teams.has(name) ? { kind: 'Team', name } : null
}

const STATES: Readonly<Record<CommitStatus['state'], string>> = { success: 'SUCCESS', pending: 'PENDING', failure: 'FAILURE', error: 'ERROR' }

export const judged: Resolvers = {
  StatusCheckRollup: { contexts: ({ contexts }, args) => connection(contexts, args) },

  StatusContext: {
    id: ({ status }) => nodeId('SC', `${status.context}:${status.at}`),
    context: ({ status }) => status.context,
    state: ({ status }) => STATES[status.state],
    createdAt: ({ status }) => stamp(status.at),
    isRequired: ({ repository, status }, args) => isRequired(repository, status.context, args),
  },

  PullRequestReview: {
    id: ({ review }) => review.node,
    state: ({ review }) => review.state,
    commit: ({ repository, review }) => commit(repository, review.commit),
    author: ({ review }) => account(review.author),
    authorCanPushToRepository: ({ repository, review }) => canPush(repository, review.author),
  },

  Team: {
    members: ({ name }, args, asked) => {
      authorize(asked.token, asked.seen, null, ['members:read'])
      const query = typeof args['query'] === 'string' ? args['query'].toLowerCase() : ''
      const ids = new Set(teamMembers(name, asked.seen))
      const shown = asked.seen.accounts.filter((one) => ids.has(one.id) && one.login.toLowerCase().includes(query))
      return connection(shown.map(account), args)
    },
  },
}
