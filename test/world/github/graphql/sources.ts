/** What resolvers are handed: the simulated things, each under the kind that tells its GraphQL type. */
import type { Token } from '../auth.ts'
import type { GitHub } from '../github.ts'
import { GitHubSays } from '../refusal.ts'
import type { Account, AppIdentity, CheckRun, Commit, CommitStatus, Deployment, DeploymentStatus, Node, Repository, Review, State } from '../state.ts'

export interface Asked {
  readonly github: GitHub
  readonly token: Token
  /** What reads see: an older copy where they lag. */
  readonly seen: State
}

export type NodeOf<Kind extends Node['kind']> = Extract<Node, { readonly kind: Kind }>

export interface RefSource {
  readonly kind: 'Ref'
  readonly repository: Repository
  readonly prefix: string
  readonly name: string
  readonly sha: string
}

export interface CommitSource {
  readonly kind: 'Commit'
  readonly repository: Repository
  readonly commit: Commit
}

export interface TagSource {
  readonly kind: 'Tag'
  readonly repository: Repository
  readonly sha: string
  readonly commit: Commit
}

export interface ContextSource {
  readonly kind: 'StatusContext'
  readonly repository: Repository
  readonly status: CommitStatus
}

export interface RollupSource {
  readonly kind: 'StatusCheckRollup'
  readonly contexts: readonly (NodeOf<'CheckRun'> | ContextSource)[]
}

export interface ReviewSource {
  readonly kind: 'PullRequestReview'
  readonly repository: Repository
  readonly review: Review
}

export interface TeamSource {
  readonly kind: 'Team'
  readonly name: string
}

export interface BlobSource {
  readonly kind: 'Blob'
  readonly text: string
}

interface SuiteSource {
  readonly kind: 'CheckSuite'
  readonly repository: Repository
  readonly id: number
  readonly app: AppIdentity
  readonly runs: readonly CheckRun[]
}

export interface AccountSource {
  readonly kind: 'Account'
  readonly account: Account
  /** The viewer is said with `[bot]`, as a User; authors without, as a Bot. */
  readonly isViewer?: boolean
}

export interface StatusSource {
  readonly kind: 'DeploymentStatus'
  readonly repository: Repository
  readonly deployment: Deployment
  readonly status: DeploymentStatus
}

/** GraphQL type → what its resolvers are handed. Types that are not here are plain objects, read by key. */
interface Sources {
  Query: undefined
  Mutation: undefined
  Repository: NodeOf<'Repository'>
  Issue: NodeOf<'Issue'>
  PullRequest: NodeOf<'Issue'>
  IssueComment: NodeOf<'IssueComment'>
  CheckRun: NodeOf<'CheckRun'>
  Deployment: NodeOf<'Deployment'>
  DeploymentStatus: StatusSource
  Ref: RefSource
  Commit: CommitSource
  Tag: TagSource
  StatusCheckRollup: RollupSource
  StatusContext: ContextSource
  PullRequestReview: ReviewSource
  Team: TeamSource
  Blob: BlobSource
  CheckSuite: SuiteSource
  User: AccountSource
  Bot: AccountSource
  Organization: AccountSource
}

export type Args = Readonly<Record<string, unknown>>
export type Resolvers = { readonly [Type in keyof Sources]?: Readonly<Record<string, (source: Sources[Type], args: Args, asked: Asked) => unknown>> }

export const account = (one: Account): AccountSource => ({ kind: 'Account', account: one })

export function commit(repository: Repository, sha: string): CommitSource | null {
  const found = repository.commits.get(sha)
  return found === undefined ? null : { kind: 'Commit', repository, commit: found }
}

/** One page of a connection. GitHub insists on `first` or `last`, 100 at most. */
export function connection<T>(items: readonly T[], args: Args) {
  const { first, last, after, before } = args
  const size = Number(first ?? last)
  if (!(size >= 0 && size <= 100))
    throw new GitHubSays(422, 'You must provide a `first` or `last` value between 1 and 100 to properly paginate the connection.')
  const from = typeof after === 'string' ? Number(after) + 1 : 0
  const to = typeof before === 'string' ? Number(before) : items.length
  const start = typeof first === 'number' ? from : Math.max(from, to - size)
  const end = typeof first === 'number' ? Math.min(to, from + size) : to
  const cursor = (index: number): string | null => (end > start ? String(index) : null)
  const pageInfo = { hasNextPage: end < items.length, hasPreviousPage: start > 0, startCursor: cursor(start), endCursor: cursor(end - 1) }
  return { nodes: items.slice(start, end), totalCount: items.length, pageInfo }
}

/** `checkSuites(filterBy: { appId: 1 })`: one field of an input object. */
export function within(args: Args, input: string, key: string): unknown {
  const value = args[input]
  return value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>)[key] : undefined
}
