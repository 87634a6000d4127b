import { z } from 'zod'
import { Failure } from '../errors.ts'
import type { DeployRequest, Repository } from '../deploy/deployment.ts'
import { ROLES, type Role } from '../deploy/environment.ts'
import type { Facts, Source } from '../deploy/source.ts'
import { isRateLimit, unexpectedAnswer } from './github-failure.ts'
import type { GitHub, GitHubClient, GraphqlAnswer } from './github.ts'

/**
 * Everything that the gates judge, asked for at once: the role by REST (GraphQL may refuse `collaborators` to an App), the pushes
 * by REST (only that list has GitHub's own times), all else in one GraphQL query.
 */
export function createSource(github: GitHub): Source {
  return {
    look: async (request, { commit } = {}) => {
      const client = github.as(request.repository.installation)
      const [actor, answer, pushes] = await Promise.all([
        readActor(client, request),
        client.graphql(FACTS, variablesOf(request)),
        commit === undefined && asksForPushes(request) ? readPushes(client, request.repository, null) : null,
      ])
      const { repository, comment } = parseFacts(answer, request)
      return {
        actor,
        repository: { isPrivate: repository.isPrivate, defaultBranch: repository.defaultBranchRef?.name ?? '' },
        comment: commentOf(request, comment),
        pull: await pullOf(client, request, repository.issueOrPullRequest, pushes),
        ref: await refOf(client, request, repository),
        commit: null,
        trees: new Map(),
        members: new Map(),
        roles: new Map(),
        configuration: configurationOf(repository.object),
      }
    },
  }
}

// `HEAD:` is the default branch, whatever its name. A ref is looked up as a branch or a tag by its full name and never as a
// revision expression, which could name a commit that only a fork has.
const FACTS = `query facts($owner: String!, $name: String!, $number: Int!, $branch: String!, $tag: String!, $comment: ID!, $hasComment: Boolean!, $hasRef: Boolean!) {
  repository(owner: $owner, name: $name, followRenames: false) {
    databaseId
    isPrivate
    defaultBranchRef { name target { oid } }
    object(expression: "HEAD:.github/deploy.yml") { ... on Blob { oid text isTruncated isBinary } }
    issueOrPullRequest(number: $number) {
      ... on PullRequest { state isCrossRepository headRefName headRefOid }
    }
    branch: ref(qualifiedName: $branch) @include(if: $hasRef) { target { __typename oid } }
    tag: ref(qualifiedName: $tag) @include(if: $hasRef) { target { __typename oid } }
  }
  comment: node(id: $comment) @include(if: $hasComment) { ... on IssueComment { body lastEditedAt } }
}`

function variablesOf({ repository, subject, comment, asks }: DeployRequest) {
  return {
    owner: repository.owner,
    name: repository.name,
    number: subject?.number ?? 0,
    comment: comment?.node ?? '',
    hasComment: comment !== null,
    branch: `refs/heads/${asks.ref ?? ''}`,
    tag: `refs/tags/${asks.ref ?? ''}`,
    hasRef: asks.ref !== null,
  }
}

const tip = z.object({ target: z.object({ __typename: z.string(), oid: z.string() }).nullable() }).nullish()
const blob = z.object({ oid: z.string(), text: z.string().nullable(), isTruncated: z.boolean(), isBinary: z.boolean().nullable() })
const pullShape = z.object({
  state: z.enum(['OPEN', 'CLOSED', 'MERGED']),
  isCrossRepository: z.boolean(),
  headRefName: z.string(),
  headRefOid: z.string(),
})
const factsShape = z.object({
  repository: z.object({
    databaseId: z.number(),
    isPrivate: z.boolean(),
    defaultBranchRef: z.object({ name: z.string(), target: z.object({ oid: z.string() }).nullable() }).nullable(),
    object: z.union([blob, z.object({}).strict()]).nullable(),
    issueOrPullRequest: z.union([pullShape, z.object({}).strict()]).nullable(),
    branch: tip,
    tag: tip,
  }),
  comment: z.object({ body: z.string(), lastEditedAt: z.string().nullable() }).nullish(),
})
type RepositoryFacts = z.infer<typeof factsShape>['repository']
type CommentFacts = z.infer<typeof factsShape>['comment']

/** What is missing may be missing for good (`NOT_FOUND`); any other error means that we do not know. */
function parseFacts({ data, errors }: GraphqlAnswer, { repository }: DeployRequest): z.infer<typeof factsShape> {
  const unknown = errors.find(({ type }) => type !== 'NOT_FOUND')
  if (unknown !== undefined) throw unexpectedAnswer('POST /graphql', unknown.message)
  const isKnown = data['repository'] != null
  const parsed = factsShape.safeParse(data)
  if (isKnown && !parsed.success) throw unexpectedAnswer('POST /graphql', parsed.error)
  // Names are given up and taken by others: the id in the signed body is the repository that is meant.
  if (parsed.success && parsed.data.repository.databaseId === repository.id) return parsed.data
  throw new Failure('GITHUB_REFUSED', {
    sentence: `The repository is no longer called ${repository.owner}/${repository.name}, or the App may not see it.`,
    wanted: `repository id ${repository.id}`,
    next: 'Ask again in a new comment.',
  })
}

const permissionShape = z.object({
  permission: z.string(),
  role_name: z.string().optional(),
  user: z.object({ id: z.number(), login: z.string() }).nullable(),
})

/** Nobody of that name: no role. Anything else that cannot be read is a Failure, never a role. */
async function readActor(client: GitHubClient, { repository, actor }: DeployRequest): Promise<Facts['actor']> {
  const params = { owner: repository.owner, repo: repository.name, username: actor.login }
  try {
    const answer = await client.rest('GET /repos/{owner}/{repo}/collaborators/{username}/permission', params, permissionShape, [404])
    if (answer === null) return { id: null, login: actor.login, role: 'none' }
    return { id: answer.user?.id ?? null, login: answer.user?.login ?? actor.login, role: roleOf(answer) }
  } catch (error) {
    throw error instanceof Failure && !isRateLimit(error) ? permissionUnreadable(error, actor.login) : error
  }
}

/** `role_name` is exact for GitHub's own roles; a custom one counts as the base role in `permission`, which has no triage or maintain. */
const roleOf = ({ permission, role_name }: z.infer<typeof permissionShape>): Role => asRole(role_name) ?? asRole(permission) ?? 'none'

const asRole = (name: string | undefined): Role | null => ROLES.find((role) => role === name) ?? null

const permissionUnreadable = (error: Failure, login: string): Failure =>
  new Failure(
    'PERMISSION_UNREADABLE',
    {
      sentence: `GitHub does not say what ${login} may do on this repository: ${error.problem.sentence}`,
      found: error.problem.found,
      next: error.problem.next,
      retryable: error.problem.retryable,
    },
    error.cause,
  )

// Line ends are compared as text means them: a form sends CRLF.
function commentOf(request: DeployRequest, now: CommentFacts): Facts['comment'] {
  if (request.comment === null) return 'none'
  if (now == null) return 'deleted'
  return now.lastEditedAt === null && sameText(now.body, request.comment.body) ? 'unchanged' : 'edited'
}

const sameText = (a: string, b: string): boolean => a.replaceAll('\r\n', '\n') === b.replaceAll('\r\n', '\n')

async function pullOf(
  client: GitHubClient,
  request: DeployRequest,
  pull: RepositoryFacts['issueOrPullRequest'],
  pushes: readonly Push[] | null,
): Promise<Facts['pull']> {
  if (request.subject?.isPull !== true) return null
  if (pull === null || !('headRefOid' in pull)) throw unexpectedAnswer('POST /graphql', 'no such pull request')
  const head = { branch: pull.headRefName, head: pull.headRefOid }
  const isFork = pull.isCrossRepository
  const state = pull.state === 'OPEN' ? 'open' : pull.state === 'CLOSED' ? 'closed' : 'merged'
  // A fork's pushes are not in this repository's list, and nothing else has a time that its owner cannot choose.
  const headSince = isFork || pushes === null || state !== 'open' ? null : await headSinceOf(client, request.repository, head, pushes)
  return { state, isFork, isDraft: false, base: '', ...head, headSince, pusher: null, author: null, merge: 'unknown', behind: null, reviews: null }
}

const pushShape = z.object({ ref: z.string(), after: z.string(), timestamp: z.string() })
type Push = z.infer<typeof pushShape>

const asksForPushes = ({ subject, comment, asks }: DeployRequest): boolean => subject?.isPull === true && comment !== null && asks.ref === null

/** The latest pushes, newest first: of the whole repository, because the branch is not known yet, or of one branch. */
async function readPushes(client: GitHubClient, { owner, name }: Repository, ref: string | null): Promise<readonly Push[]> {
  const params = { owner, repo: name, per_page: ref === null ? 30 : 1, ...(ref !== null && { ref }) }
  return (await client.rest('GET /repos/{owner}/{repo}/activity', params, z.array(pushShape))) ?? []
}

/** When the branch's newest push made this commit its head. A list that lags behind the head proves nothing. */
async function headSinceOf(
  client: GitHubClient,
  repository: Repository,
  { branch, head }: { branch: string; head: string },
  pushes: readonly Push[],
): Promise<number | null> {
  const ref = `refs/heads/${branch}`
  const isThis = (push: Push): boolean => push.ref === ref
  const newest = pushes.find(isThis) ?? (await readPushes(client, repository, ref)).find(isThis)
  const time = newest?.after === head ? Date.parse(newest.timestamp) : NaN
  return Number.isNaN(time) ? null : time
}

async function refOf(client: GitHubClient, request: DeployRequest, repository: RepositoryFacts): Promise<Facts['ref']> {
  const { ref } = request.asks
  if (ref === null) {
    const { name, target } = repository.defaultBranchRef ?? { name: '', target: null }
    return target === null || request.subject?.isPull === true ? null : { name, commit: target.oid }
  }
  const target = repository.branch?.target ?? repository.tag?.target ?? null
  if (target === null) return null
  return { name: ref, commit: target.__typename === 'Commit' ? target.oid : await peel(client, request.repository, ref) }
}

/** An annotated tag is an object of its own; REST follows it to its commit. */
async function peel(client: GitHubClient, { owner, name }: Repository, tag: string): Promise<string> {
  const answer = await client.rest(
    'GET /repos/{owner}/{repo}/commits/{ref}',
    { owner, repo: name, ref: `tags/${tag}` },
    z.object({ sha: z.string() }),
  )
  if (answer === null) throw unexpectedAnswer('GET /repos/{owner}/{repo}/commits/{ref}', 'no such tag')
  return answer.sha
}

/** A file that GitHub cut short or calls binary is none that anybody could have meant. */
function configurationOf(object: RepositoryFacts['object']): Facts['configuration'] {
  if (object === null || !('oid' in object)) return null
  if (object.text === null || object.isTruncated || object.isBinary === true) {
    throw new Failure('CONFIGURATION_INVALID', {
      sentence: '.github/deploy.yml is too large or no text, so GitHub does not give it out.',
      wanted: 'a YAML file of at most 512 KB',
      next: 'Replace .github/deploy.yml on the default branch by a YAML file.',
    })
  }
  return { blob: object.oid, text: object.text }
}
