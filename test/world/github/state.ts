/** What the simulated GitHub knows: plain data, so that a stale read can be answered from a copy. */
import { createHash } from 'node:crypto'

export type Role = 'none' | 'read' | 'triage' | 'write' | 'maintain' | 'admin'

/** An App as others see it: beside comments and check runs. */
export interface AppIdentity {
  readonly id: number
  readonly slug: string
  readonly name: string
}

export interface Account {
  readonly id: number
  readonly node: string
  /** As REST says it: `gantry[bot]`. People can be renamed, and the login taken by somebody else. */
  login: string
  readonly type: 'User' | 'Bot' | 'Organization'
  readonly url: string
  /** For bots: the App that acts through this account. */
  readonly app: AppIdentity | null
}

export interface Commit {
  readonly sha: string
  readonly message: string
  /** Whose account has the address in it; null where nobody's has. */
  readonly author: Account | null
  /** Milliseconds, chosen by the author: proves nothing. */
  readonly date: number
  readonly parents: readonly string[]
  readonly files: ReadonlyMap<string, string>
  /** The id of its files: two commits with the same one hold the same. */
  readonly tree: string
  /** With a signature that GitHub could verify. */
  readonly isSigned: boolean
}

/** A row of `GET /repos/{owner}/{repo}/activity`: timed by GitHub's own clock. */
export interface Push {
  readonly id: number
  readonly ref: string
  readonly before: string
  readonly after: string
  readonly at: number
  readonly kind: 'push' | 'force_push' | 'branch_creation' | 'pr_merge'
  readonly actor: Account
}

export interface Reaction {
  readonly id: number
  readonly user: Account
  readonly content: string
}

export interface Comment {
  readonly id: number
  readonly node: string
  readonly author: Account
  /** The App that wrote it through the API; null for what was typed in a browser. */
  readonly app: AppIdentity | null
  body: string
  /** Every text it ever had, oldest first: what the bot said on the way. */
  readonly bodies: string[]
  readonly createdAt: number
  updatedAt: number
  editedAt: number | null
  editor: Account | null
  isDeleted: boolean
  /** GraphQL's classifier in lower case, `outdated`; null where it is shown. */
  minimized: string | null
  readonly reactions: Reaction[]
}

/** Somebody's review of one commit of a pull request. */
export interface Review {
  readonly id: number
  readonly node: string
  readonly author: Account
  state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED'
  readonly commit: string
  readonly body: string
  readonly at: number
}

/** The pull request's side of an issue. */
export interface Pull {
  /** The head branch's repository; null once the fork was deleted. */
  headRepository: number | null
  readonly headBranch: string
  head: string
  base: string
  isMerged: boolean
  isDraft: boolean
  mergeable: 'MERGEABLE' | 'CONFLICTING' | 'UNKNOWN'
  /** Oldest first. */
  readonly reviews: Review[]
}

export interface Issue {
  readonly id: number
  readonly node: string
  readonly number: number
  readonly title: string
  readonly author: Account
  readonly createdAt: number
  updatedAt: number
  state: 'open' | 'closed'
  readonly labels: Set<string>
  readonly comments: Comment[]
  readonly reactions: Reaction[]
  readonly pull: Pull | null
}

export interface CheckOutput {
  readonly title: string
  readonly summary: string
  readonly text: string | null
}

/** A remark at lines of a file. */
export interface CheckAnnotation {
  readonly path: string
  readonly lines: readonly [from: number, to: number]
  /** Only within one line. */
  readonly columns: readonly [from: number, to: number] | null
  readonly level: 'notice' | 'warning' | 'failure'
  readonly title: string | null
  readonly message: string
}

export interface CheckAction {
  readonly label: string
  readonly description: string
  readonly identifier: string
}

export interface CheckRun {
  readonly id: number
  readonly node: string
  readonly suite: number
  name: string
  readonly headSha: string
  readonly app: AppIdentity
  status: 'queued' | 'in_progress' | 'completed'
  conclusion: string | null
  output: CheckOutput | null
  /** Each update adds its own to those that are there. */
  readonly annotations: CheckAnnotation[]
  actions: readonly CheckAction[]
  externalId: string | null
  detailsUrl: string | null
  startedAt: number
  completedAt: number | null
  /** What it showed one after the other: `in_progress: Applying`. */
  readonly shown: string[]
}

export interface DeploymentStatus {
  readonly id: number
  readonly node: string
  readonly state: string
  readonly description: string
  readonly environment: string
  readonly environmentUrl: string
  readonly logUrl: string
  readonly creator: Account
  readonly createdAt: number
}

export interface Deployment {
  readonly id: number
  readonly node: string
  readonly ref: string
  readonly sha: string
  readonly task: string
  readonly environment: string
  readonly description: string
  /** As given: an object, or a string. */
  readonly payload: unknown
  readonly isTransient: boolean
  readonly isProduction: boolean
  readonly creator: Account
  readonly app: AppIdentity | null
  readonly createdAt: number
  /** Oldest first. */
  readonly statuses: DeploymentStatus[]
}

/** What somebody's workflow signed about something; GitHub keeps anything that has the form. */
export interface Attestation {
  readonly id: number
  readonly predicateType: string
  /** As it was given. */
  readonly bundle: unknown
}

/** What anybody with write access may say of a commit. */
export interface CommitStatus {
  readonly context: string
  readonly state: 'success' | 'pending' | 'failure' | 'error'
  readonly at: number
}

/** Members by account id; those of its child teams belong to it as well. */
export interface Team {
  readonly members: ReadonlySet<number>
  readonly parent: string | null
}

export interface Repository {
  readonly id: number
  readonly node: string
  readonly owner: Account
  readonly name: string
  readonly url: string
  isPrivate: boolean
  readonly defaultBranch: string
  /** The repository that this is a fork of; commits are shared in the network of forks. */
  readonly parent: number | null
  /** By account id; `name` where the organisation calls it something of its own. */
  readonly roles: Map<number, { readonly role: Role; readonly name: string }>
  readonly commits: Map<string, Commit>
  readonly branches: Map<string, string>
  /** To a commit, or to a tag object. */
  readonly tags: Map<string, string>
  /** Tag objects: the commit that each stands for. */
  readonly annotated: Map<string, string>
  readonly pushes: Push[]
  readonly issues: Map<number, Issue>
  readonly checks: CheckRun[]
  /** One check suite for each App and commit: `APP:SHA` → its id. */
  readonly suites: Map<string, number>
  readonly deployments: Deployment[]
  /** Sigstore bundles about a digest, oldest first, each with the number that its address has. */
  readonly attestations: Map<string, Attestation[]>
  /** Commit statuses by commit: what `required_contexts` looks at, beside check runs. */
  readonly contexts: Map<string, CommitStatus[]>
  /** By branch: the names of the checks that its rules require. */
  readonly required: Map<string, ReadonlySet<string>>
}

export interface Installation {
  readonly id: number
  readonly account: Account
  readonly repositories: Set<number>
  readonly permissions: Map<string, 'read' | 'write'>
  isSuspended: boolean
}

/** What a node id stands for. */
export type Node =
  | { readonly kind: 'Repository'; readonly repository: Repository }
  | { readonly kind: 'Issue'; readonly repository: Repository; readonly issue: Issue }
  | { readonly kind: 'IssueComment'; readonly repository: Repository; readonly issue: Issue; readonly comment: Comment }
  | { readonly kind: 'CheckRun'; readonly repository: Repository; readonly check: CheckRun }
  | { readonly kind: 'Deployment'; readonly repository: Repository; readonly deployment: Deployment }

export interface State {
  /** The last number given: ids are the same in every run. */
  ids: number
  readonly accounts: Account[]
  readonly repositories: Map<number, Repository>
  readonly installations: Map<number, Installation>
  readonly nodes: Map<string, Node>
  /** By `acme/releasers`. */
  readonly teams: Map<string, Team>
  /** By the organisation's id: who belongs to it, by theirs. */
  readonly members: Map<number, Map<number, 'admin' | 'member'>>
}

export const newState = (): State => ({
  ids: 1000,
  accounts: [],
  repositories: new Map(),
  installations: new Map(),
  nodes: new Map(),
  teams: new Map(),
  members: new Map(),
})

/** As a team's own members, or as those of a team below it. */
export function teamMembers(name: string, { teams }: Pick<State, 'teams'>): readonly number[] {
  const below = [...teams].filter(([, { parent }]) => parent === name).flatMap(([child]) => teamMembers(child, { teams }))
  return [...(teams.get(name)?.members ?? []), ...below]
}

export const newId = (state: State): number => (state.ids += 1)

/** GitHub's global ids are opaque: a prefix per type and an encoded number. */
export const nodeId = (prefix: string, id: number | string): string => `${prefix}_${Buffer.from(`gh:${id}`).toString('base64url')}`

/** A made-up commit id that is the same in every run. */
export const newSha = (state: State): string =>
  createHash('sha1')
    .update(`commit ${newId(state)}`)
    .digest('hex')

/** A made-up id of a commit's files: the parent's, and what was changed. */
export const treeId = (parent: string, change: string): string => createHash('sha1').update(`tree ${parent} ${change}`).digest('hex')

/** The id that git gives a file's content. */
export function blobId(text: string): string {
  return createHash('sha1')
    .update(`blob ${Buffer.byteLength(text)}\0${text}`)
    .digest('hex')
}

/** Whole seconds, as GitHub says every time. */
export const stamp = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z')

export function findRepository(state: State, owner: string, name: string): Repository | null {
  const wanted = `${owner}/${name}`.toLowerCase()
  return [...state.repositories.values()].find((one) => fullName(one).toLowerCase() === wanted) ?? null
}

export const findAccount = (state: State, login: string): Account | null =>
  state.accounts.find((one) => one.login.toLowerCase() === login.toLowerCase()) ?? null

export const fullName = (repository: Repository): string => `${repository.owner.login}/${repository.name}`

export const installationOf = (state: State, repository: Repository): Installation | null =>
  [...state.installations.values()].find((one) => one.repositories.has(repository.id)) ?? null

/** Whose right counts: the collaborator's own, else what everybody has on a public repository. */
export function roleOf(repository: Repository, account: Account): { readonly role: Role; readonly name: string } {
  const everybody = repository.isPrivate ? 'none' : 'read'
  if (account.id === repository.owner.id) return { role: 'admin', name: 'admin' }
  return repository.roles.get(account.id) ?? { role: everybody, name: everybody }
}
