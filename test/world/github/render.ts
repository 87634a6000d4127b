/** The simulated things as REST and webhooks show them. Only what has a meaning is stated; `complete.ts` adds what must be there. */
import type { Stated } from './description.ts'
import { fullName, nodeId, roleOf, stamp } from './state.ts'
import type {
  Account,
  AppIdentity,
  CheckRun,
  Comment,
  Deployment,
  DeploymentStatus,
  Installation,
  Issue,
  Pull,
  Reaction,
  Repository,
  Review,
  State,
} from './state.ts'

export const issueUrl = (repository: Repository, issue: Issue): string =>
  `${repository.url}/${issue.pull === null ? 'issues' : 'pull'}/${issue.number}`

export const commentUrl = (repository: Repository, issue: Issue, comment: Comment): string =>
  `${issueUrl(repository, issue)}#issuecomment-${comment.id}`

export const user = (account: Account) => ({
  id: account.id,
  node_id: account.node,
  login: account.login,
  type: account.type,
  site_admin: false,
  html_url: account.url,
})

export const app = (identity: AppIdentity | null) =>
  identity && { id: identity.id, node_id: nodeId('A', identity.id), slug: identity.slug, name: identity.name }

export const repository = (one: Repository) => ({
  id: one.id,
  node_id: one.node,
  name: one.name,
  full_name: fullName(one),
  owner: user(one.owner),
  private: one.isPrivate,
  visibility: one.isPrivate ? 'private' : 'public',
  default_branch: one.defaultBranch,
  fork: one.parent !== null,
  html_url: one.url,
})

const reactions = (all: readonly Reaction[]) => {
  const count = (content: string): number => all.filter((one) => one.content === content).length
  const names = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'eyes', 'rocket']
  return { url: 'https://api.github.com/', total_count: all.length, ...Object.fromEntries(names.map((name) => [name, count(name)])) }
}

export const reaction = (one: Reaction, now: number) => ({ id: one.id, content: one.content, user: user(one.user), created_at: stamp(now) })

/** GitHub gives a label an id of its own; here its name decides it. */
export const label = (name: string) => ({
  id: Number.parseInt(Buffer.from(name).toString('hex').slice(-12), 16),
  name,
  color: 'ededed',
  default: false,
  description: null,
})

export const issue = (home: Repository, one: Issue) => ({
  id: one.id,
  node_id: one.node,
  number: one.number,
  title: one.title,
  state: one.state,
  locked: false,
  user: user(one.author),
  labels: [...one.labels].map(label),
  author_association: association(home, one.author),
  created_at: stamp(one.createdAt),
  updated_at: stamp(one.updatedAt),
  html_url: issueUrl(home, one),
  ...(one.pull && { pull_request: { html_url: issueUrl(home, one), url: `${issueUrl(home, one)}.json` } }),
})

export const comment = (home: Repository, thread: Issue, one: Comment) => ({
  id: one.id,
  node_id: one.node,
  body: one.body,
  user: user(one.author),
  performed_via_github_app: app(one.app),
  author_association: association(home, one.author),
  created_at: stamp(one.createdAt),
  updated_at: stamp(one.updatedAt),
  html_url: commentUrl(home, thread, one),
  reactions: reactions(one.reactions),
})

/** A relationship, not a permission: an owner of the organisation is OWNER even where the repository gives less. */
export function association(home: Repository, account: Account): string {
  const { role } = roleOf(home, account)
  if (account.id === home.owner.id) return 'OWNER'
  if (role === 'admin' || role === 'maintain') return 'MEMBER'
  return home.roles.has(account.id) ? 'COLLABORATOR' : 'NONE'
}

export function pull(state: State, home: Repository, one: Issue, its: Pull) {
  const headHome = its.headRepository === null ? null : (state.repositories.get(its.headRepository) ?? null)
  const base = home.branches.get(its.base) ?? its.head
  const side = (from: Repository | null, ref: string, sha: string) => ({
    ref,
    sha,
    label: `${from?.owner.login ?? 'unknown'}:${ref}`,
    repo: from && repository(from),
    user: from && user(from.owner),
  })
  return {
    ...issue(home, one),
    pull_request: undefined,
    draft: its.isDraft,
    merged: its.isMerged,
    merged_at: its.isMerged ? stamp(one.createdAt) : null,
    mergeable: its.mergeable === 'UNKNOWN' ? null : its.mergeable === 'MERGEABLE',
    mergeable_state: { MERGEABLE: 'clean', CONFLICTING: 'dirty', UNKNOWN: 'unknown' }[its.mergeable],
    head: side(headHome, its.headBranch, its.head),
    base: side(home, its.base, base),
  }
}

export const review = (home: Repository, thread: Issue, one: Review) => ({
  id: one.id,
  node_id: one.node,
  user: user(one.author),
  body: one.body === '' ? null : one.body,
  commit_id: one.commit,
  submitted_at: stamp(one.at),
  state: one.state.toLowerCase(),
  author_association: association(home, one.author),
  html_url: `${issueUrl(home, thread)}#pullrequestreview-${one.id}`,
  pull_request_url: `${issueUrl(home, thread)}.json`,
})

export const checkRun = (home: Repository, one: CheckRun) => ({
  id: one.id,
  node_id: one.node,
  name: one.name,
  head_sha: one.headSha,
  external_id: one.externalId,
  status: one.status,
  conclusion: one.conclusion,
  started_at: stamp(one.startedAt),
  completed_at: one.completedAt === null ? null : stamp(one.completedAt),
  details_url: one.detailsUrl,
  html_url: `${home.url}/runs/${one.id}`,
  output: {
    title: one.output?.title ?? null,
    summary: one.output?.summary ?? null,
    text: one.output?.text ?? null,
    annotations_count: one.annotations.length,
  },
  app: app(one.app),
  check_suite: { id: one.suite, head_sha: one.headSha, app: app(one.app), pull_requests: pullsAt(home, one.headSha) },
  pull_requests: pullsAt(home, one.headSha),
})

/** The open pull requests of the repository itself that stand on this commit: those from forks are not named. */
export const pullsAt = (home: Repository, sha: string) =>
  [...home.issues.values()]
    .filter((one) => one.state === 'open' && one.pull?.head === sha && one.pull.headRepository === home.id)
    .map((one) => {
      const side = (ref: string) => ({ ref, sha, repo: { id: home.id, name: home.name, url: home.url } })
      return { id: one.id, number: one.number, url: issueUrl(home, one), head: side(one.pull!.headBranch), base: side(one.pull!.base) }
    })

export const deployment = (one: Deployment) => ({
  id: one.id,
  node_id: one.node,
  ref: one.ref,
  sha: one.sha,
  task: one.task,
  payload: one.payload as Stated,
  environment: one.environment,
  original_environment: one.environment,
  description: one.description,
  creator: user(one.creator),
  performed_via_github_app: app(one.app),
  transient_environment: one.isTransient,
  production_environment: one.isProduction,
  created_at: stamp(one.createdAt),
  updated_at: stamp(one.statuses.at(-1)?.createdAt ?? one.createdAt),
})

export const deploymentStatus = (one: DeploymentStatus) => ({
  id: one.id,
  node_id: one.node,
  state: one.state,
  description: one.description,
  environment: one.environment,
  environment_url: one.environmentUrl || undefined,
  log_url: one.logUrl || undefined,
  target_url: one.logUrl || 'https://github.com/',
  creator: user(one.creator),
  created_at: stamp(one.createdAt),
  updated_at: stamp(one.createdAt),
})

export const installation = (one: Installation, identity: AppIdentity) => ({
  id: one.id,
  node_id: nodeId('INST', one.id),
  account: user(one.account),
  app_id: identity.id,
  app_slug: identity.slug,
  target_id: one.account.id,
  target_type: one.account.type,
  repository_selection: 'selected',
  permissions: Object.fromEntries(one.permissions),
})

export const installationLite = (one: Installation) => ({ id: one.id, node_id: nodeId('INST', one.id) })

export const commit = (home: Repository, sha: string) => {
  const one = home.commits.get(sha)!
  const author = { name: 'somebody', email: 'somebody@example.com', date: stamp(one.date) }
  return {
    sha,
    node_id: nodeId('C', sha),
    html_url: `${home.url}/commit/${sha}`,
    commit: { message: one.message, author, committer: author },
    author: one.author && user(one.author),
    parents: one.parents.map((parent) => ({ sha: parent, url: `${home.url}/commit/${parent}` })),
  }
}
