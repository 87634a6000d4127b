import * as z from 'zod'
import type { Clock } from '../deploy/clock.ts'
import { isPerson, type DeployRequest } from '../deploy/deployment.ts'
import { partyName } from '../deploy/environment.ts'
import type { Facts, Look, Review, Somebody, Source } from '../deploy/source.ts'
import { createAccountDefaults, fileOf, type AccountDefaults } from './account-defaults.ts'
import { checkResults } from './check-results.ts'
import { readFacts, readMembers, type CommentFacts, type FactsAnswer, type GitObject, type PullFacts, type RepositoryFacts } from './facts-answer.ts'
import { factsDocument, factsVariables, isCommitId, type Judged, type Question, type Team } from './facts-query.ts'
import { unexpectedAnswer } from './github-failure.ts'
import type { GitHub, GitHubClient } from './github.ts'
import { NEVER_PUSHED, pushOf, readPushes, unsettled, type Push } from './pushes.ts'
import { readActor, readRoles } from './roles.ts'

export interface GitHubSource extends Source, Pick<AccountDefaults, 'pushed'> {}

/**
 * Everything that the gates judge, asked for at once: roles by REST (GraphQL may refuse `collaborators` to an App), the pushes by REST
 * (only that list has GitHub's own times), all else in one GraphQL query. `appId` is our own: its check runs are left out.
 */
export function createSource(github: GitHub, appId: number, clock: Clock): GitHubSource {
  const defaults = createAccountDefaults(github, clock)
  const remembered = new Map<number, readonly Team[]>()
  return {
    pushed: defaults.pushed,
    look: async (request, besides = {}) => {
      const client = github.reading(request.repository)
      const asked = (besides.parties ?? []).filter((party) => party.kind === 'team')
      const known = distinct([...asked, ...(remembered.get(request.repository.id) ?? []).slice(0, MOST_REMEMBERED)])
      if (asked.length > 0) remembered.set(request.repository.id, known)
      const question = questionOf(request, besides, known)
      const { built, teams, people } = question
      const others = (besides.people ?? []).filter(({ id }) => id !== request.actor.id)
      const [actor, roles, answer, pushes] = await Promise.all([
        readActor(client, request),
        readRoles(client, request.repository, others),
        client.graphql(factsDocument(built.length, teams.length, people.length), factsVariables(question)),
        asksForPushes(request, besides) ? readPushes(client, request.repository, null) : null,
      ])
      const facts = readFacts(answer, question)
      const { repository, comment, trees } = facts
      const isAsked = (name: string): boolean => asked.some((party) => partyName(party) === name)
      return {
        actor,
        repository: { isPrivate: repository.isPrivate, defaultBranch: repository.defaultBranchRef?.name ?? '' },
        comment: commentOf(request, comment),
        pull: await pullOf(client, request, facts, pushes),
        ref: await refOf(client, request, repository, pushes),
        commit: commitOf(question.judged, facts, appId),
        trees,
        members: new Map([...asked.map((party) => [partyName(party), []] as const), ...readMembers(answer, question, isAsked)]),
        roles: new Map([...(besides.people ?? []).map(({ id }) => [id, id === actor.id ? actor.role : 'none'] as const), ...roles]),
        configuration: fileOf(repository.object, '.github/deploy.yml', 'the default branch'),
        account: await defaults.read(request.repository, facts.account),
      }
    },
  }
}

/** Images of one plan: more were never built from different commits. */
const MOST_BUILT = 5
/** Of former looks, not only the last: of two environments with different teams neither costs a second look. */
const MOST_REMEMBERED = 12

const distinct = (teams: readonly Team[]): readonly Team[] => [...new Map(teams.map((team) => [partyName(team), team])).values()]

function questionOf(request: DeployRequest, { commit, built = [], people = [] }: Look, teams: readonly Team[]): Question {
  const { actor } = request
  const candidates = [...(isPerson(actor) ? [actor] : []), ...people]
  const who = [...new Map(candidates.map(({ id, login }) => [id, { id, login }])).values()]
  return {
    request,
    judged: judgedOf(request, commit),
    built: [...new Set(built.filter(isCommitId))].slice(0, MOST_BUILT),
    teams: who.length === 0 ? [] : teams,
    people: teams.length === 0 ? [] : who,
  }
}

function judgedOf({ subject, asks, headSeen }: DeployRequest, commit: string | null | undefined): Judged {
  if (commit === null) return null
  const exact = commit ?? (asks.ref !== null && isCommitId(asks.ref) ? asks.ref : subject === null ? headSeen : null)
  if (exact !== null) return isCommitId(exact) ? { oid: exact } : null
  if (asks.ref !== null) return 'ref'
  return subject?.isPull === true ? 'head' : 'default'
}

/** Where nothing signed carries the commit, a branch's head has to be older than the comment. */
const asksForPushes = ({ comment, asks }: DeployRequest, { commit }: Look): boolean =>
  commit === undefined && comment !== null && (asks.ref === null || !isCommitId(asks.ref))

// Line ends are compared as text means them: a form sends CRLF.
function commentOf(request: DeployRequest, now: CommentFacts): Facts['comment'] {
  if (request.comment === null) return 'none'
  if (now == null) return 'deleted'
  return now.lastEditedAt === null && sameText(now.body, request.comment.body) ? 'unchanged' : 'edited'
}

const sameText = (a: string, b: string): boolean => a.replaceAll('\r\n', '\n') === b.replaceAll('\r\n', '\n')

async function pullOf(client: GitHubClient, request: DeployRequest, facts: FactsAnswer, pushes: readonly Push[] | null): Promise<Facts['pull']> {
  if (request.subject?.isPull !== true) return null
  const pull = facts.repository.issueOrPullRequest
  if (pull == null) throw unexpectedAnswer('POST /graphql', 'no such pull request')
  const last = pull.commits?.nodes[0]?.commit.oid ?? pull.headRefOid
  if (last !== pull.headRefOid) throw unsettled(pull.headRefName, last, pull.headRefOid)
  const head = { branch: pull.headRefName, head: pull.headRefOid }
  const isFork = pull.isCrossRepository
  const state = pull.state === 'OPEN' ? 'open' : pull.state === 'CLOSED' ? 'closed' : 'merged'
  // A fork's pushes are not in this repository's list, and nothing else has a time that its owner cannot choose.
  const isUntold = isFork || pushes === null || state !== 'open' || request.asks.ref !== null
  const { at: headSince, by: pusher } = isUntold ? NEVER_PUSHED : await pushOf(client, request.repository, head, pushes)
  const author = pull.author && somebody(pull.author.databaseId, pull.author.login)
  const merge = pull.mergeable === 'MERGEABLE' ? 'clean' : pull.mergeable === 'CONFLICTING' ? 'conflicting' : 'unknown'
  const more = { merge, behind: behindOf(pull, facts), reviews: reviewsOf(pull, facts) } as const
  return { state, isFork, isDraft: pull.isDraft, base: pull.baseRefName, ...head, headSince, pusher, author, ...more }
}

const somebody = (id: number, login: string): Somebody => ({ id, login })

/** Only where the comparison was made with this very head. */
function behindOf({ baseRef, headRefOid }: PullFacts, facts: FactsAnswer): number | null {
  const compare = baseRef?.compare
  return compare == null || facts.isUnreadable('compare') || compare.headTarget.oid !== headRefOid ? null : compare.behindBy
}

/** Opinions: an author's last approval or request for changes, unless it was dismissed. Not an author's standing but the right to push counts. */
function reviewsOf({ latestOpinionatedReviews }: PullFacts, facts: FactsAnswer): readonly Review[] | null {
  if (latestOpinionatedReviews == null || facts.isUnreadable('latestOpinionatedReviews')) return null
  const { nodes, pageInfo } = latestOpinionatedReviews
  if (pageInfo.hasNextPage || nodes.includes(null)) return null
  return nodes.flatMap((review): Review[] => {
    // Accounts that are gone have no id, and no standing.
    if (review?.author?.databaseId == null || (review.state !== 'APPROVED' && review.state !== 'CHANGES_REQUESTED')) return []
    const { author, state, commit, authorCanPushToRepository } = review
    const counts = author.__typename === 'User' && authorCanPushToRepository
    return [{ author: somebody(review.author.databaseId, author.login), isApproval: state === 'APPROVED', commit: commit?.oid ?? '', counts }]
  })
}

function commitOf(judged: Judged, facts: FactsAnswer, appId: number): Facts['commit'] {
  const object = objectOf(judged, facts.repository)
  if (object?.tree === undefined) return null
  const checks = facts.isUnreadable('statusCheckRollup') ? null : checkResults(object.statusCheckRollup ?? null, appId)
  return { sha: object.oid, tree: object.tree.oid, isSigned: object.signature?.isValid ?? false, checks }
}

function objectOf(judged: Judged, repository: RepositoryFacts): GitObject | null {
  if (judged === null) return null
  if (judged === 'default') return repository.defaultBranchRef?.target ?? null
  if (judged === 'ref') return tipOf(repository)
  if (judged !== 'head') return repository.judged ?? null
  return repository.issueOrPullRequest?.commits?.nodes[0]?.commit ?? null
}

/** The commit at the branch of that name, else at the tag; an annotated tag is an object of its own, and stands for its commit. */
function tipOf({ branch, tag }: RepositoryFacts): GitObject | null {
  const target = branch?.target ?? tag?.target ?? null
  const commit = target?.__typename === 'Tag' ? target.target : target
  return commit?.__typename === 'Commit' ? commit : null
}

async function refOf(
  client: GitHubClient,
  request: DeployRequest,
  repository: RepositoryFacts,
  pushes: readonly Push[] | null,
): Promise<Facts['ref']> {
  const { subject, asks, headSeen } = request
  if (asks.ref !== null && isCommitId(asks.ref)) {
    const of = await reachedFrom(client, request, repository)
    return of === null ? null : { name: asks.ref, commit: asks.ref, ...(of === 'pull' && { isOfPull: true as const }) }
  }
  if (asks.ref === null && subject?.isPull === true) return null
  const tip = asks.ref === null ? (repository.defaultBranchRef?.target ?? null) : tipOf(repository)
  const name = asks.ref ?? repository.defaultBranchRef?.name ?? ''
  // What begins by itself is about the commit that the signed body carries, though its branch may have moved on.
  if (tip === null) return null
  if (subject === null && headSeen !== null) return isOfAnotherKind(request, repository) ? null : { name, commit: headSeen }
  const isBranch = asks.ref === null || repository.branch?.target != null
  if (pushes === null || !isBranch) return { name, commit: tip.oid }
  return { name, commit: tip.oid, since: (await pushOf(client, request.repository, { branch: name, head: tip.oid }, pushes)).at }
}

/** A workflow that runs for a tag: a branch that is called like it would lend it its name, and what the rules say of that. */
const isOfAnotherKind = ({ actor: { program } }: DeployRequest, { branch }: RepositoryFacts): boolean =>
  program?.kind === 'workflow' && program.ref.startsWith('refs/tags/') && branch?.target != null

/**
 * A commit that is merely there may be a fork's, or one that nobody has reviewed: it has to be in the history of the default branch, or
 * of the pull request. GitHub answers 404 where two commits have nothing in common.
 */
async function reachedFrom(
  client: GitHubClient,
  { repository, asks }: DeployRequest,
  { named, defaultBranchRef, issueOrPullRequest }: RepositoryFacts,
): Promise<'default' | 'pull' | null> {
  const commit = asks.ref ?? ''
  if (named?.__typename !== 'Commit' || named.oid !== commit) return null
  const heads = [defaultBranchRef?.target?.oid, issueOrPullRequest?.headRefOid]
  const [isOnDefault, isOfPull] = await Promise.all(
    heads.map(async (head) => {
      if (head === undefined || head === commit) return head === commit
      const params = { owner: repository.owner, repo: repository.name, basehead: `${head}...${commit}`, per_page: 1 }
      const answered = await client.rest('GET /repos/{owner}/{repo}/compare/{basehead}', params, z.object({ status: z.string() }), [404])
      return answered?.status === 'behind' || answered?.status === 'identical'
    }),
  )
  return isOnDefault === true ? 'default' : isOfPull === true ? 'pull' : null
}
