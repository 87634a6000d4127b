/** Reads: every field that `fixtures/github-graphql.txt` names, of what the simulator knows. */
import { authorize, neededFor, reaches } from '../auth.ts'
import { permissions } from '../contract.ts'
import { findCommit } from '../git.ts'
import { GitHubSays } from '../refusal.ts'
import * as show from '../render.ts'
import { blobId, findRepository, fullName, nodeId, stamp } from '../state.ts'
import type { Issue, Node, Reaction, Repository } from '../state.ts'
import { commitsOf, comparison, opinionatedReviews, organization, rollup, team } from './judged.ts'
import { account, commit, connection, within } from './sources.ts'
import type { AccountSource, Args, Asked, BlobSource, CommitSource, NodeOf, RefSource, Resolvers, TagSource } from './sources.ts'

/** GraphQL's name of a reaction → REST's. */
export const REACTIONS: Readonly<Record<string, string>> = {
  THUMBS_UP: '+1',
  THUMBS_DOWN: '-1',
  LAUGH: 'laugh',
  HOORAY: 'hooray',
  CONFUSED: 'confused',
  HEART: 'heart',
  ROCKET: 'rocket',
  EYES: 'eyes',
}

const PERMISSIONS = permissions('github-graphql.txt')
/** Longer texts are cut: https://docs.github.com/graphql/reference/objects#blob */
const LONGEST_TEXT = 512 * 1000

/** Refuses what the App may not do to this thread, where issue and pull request need different permissions. */
export function allow(asked: Asked, field: string, node: { readonly repository: Repository; readonly issue?: Issue }): void {
  const permission = PERMISSIONS.get(field) ?? []
  authorize(asked.token, asked.seen, node.repository, neededFor({ permission }, node.issue === undefined ? null : node.issue.pull !== null))
}

/** What a node id names, as far as the token reaches. */
export function nodeOf(asked: Asked, id: unknown): Node {
  const found = asked.seen.nodes.get(String(id))
  const installation = asked.github.state.installations.get(asked.token.installation)
  if (found === undefined || installation === undefined || !reaches(asked.token, installation, found.repository)) {
    throw new GitHubSays(404, `Could not resolve to a node with the global id of '${String(id)}'`)
  }
  return found
}

const READS: Readonly<Record<Node['kind'], string>> = {
  Repository: 'metadata:read',
  Issue: 'issues:read|pull_requests:read',
  IssueComment: 'issues:read|pull_requests:read',
  CheckRun: 'checks:read',
  Deployment: 'deployments:read',
}

const thread = {
  id: ({ issue }: NodeOf<'Issue'>) => issue.node,
  databaseId: ({ issue }: NodeOf<'Issue'>) => issue.id,
  number: ({ issue }: NodeOf<'Issue'>) => issue.number,
  title: ({ issue }: NodeOf<'Issue'>) => issue.title,
  body: () => '',
  locked: () => false,
  url: ({ repository, issue }: NodeOf<'Issue'>) => show.issueUrl(repository, issue),
  author: ({ issue }: NodeOf<'Issue'>) => account(issue.author),
  repository: ({ repository }: NodeOf<'Issue'>) => home(repository),
  reactionGroups: ({ issue }: NodeOf<'Issue'>, _: Args, asked: Asked) => groups(issue.reactions, asked),
  labels: ({ repository, issue }: NodeOf<'Issue'>, args: Args) =>
    connection(
      [...issue.labels].map((name) => label(repository, name)),
      args,
    ),
  comments: ({ repository, issue }: NodeOf<'Issue'>, args: Args) => {
    const shown = issue.comments.filter((one) => !one.isDeleted)
    const ordered = within(args, 'orderBy', 'direction') === 'DESC' ? shown.toReversed() : shown
    return connection(
      ordered.map((comment): NodeOf<'IssueComment'> => ({ kind: 'IssueComment', repository, issue, comment })),
      args,
    )
  },
}

const someone = {
  id: ({ account: { node } }: AccountSource) => node,
  databaseId: ({ account: { id } }: AccountSource) => id,
  url: ({ account: { url } }: AccountSource) => url,
  // REST says `gantry[bot]`, GraphQL says `gantry`: only the viewer keeps its suffix.
  login: ({ account: { login }, isViewer }: AccountSource) => (isViewer ? login : login.replace(/\[bot\]$/, '')),
}

export const queries: Resolvers = {
  Query: {
    repository: (_, { owner, name }, asked) => {
      const found = findRepository(asked.seen, String(owner), String(name))
      const installation = asked.github.state.installations.get(asked.token.installation)
      // What is public is shown to every token.
      if (found === null || installation === undefined || (found.isPrivate && !reaches(asked.token, installation, found))) {
        throw new GitHubSays(404, `Could not resolve to a Repository with the name '${String(owner)}/${String(name)}'.`)
      }
      return home(found)
    },
    node: (_, { id }, asked) => {
      const found = nodeOf(asked, id)
      const issue = 'issue' in found ? found.issue : null
      authorize(asked.token, asked.seen, found.repository, neededFor({ permission: READS[found.kind].split('|') }, issue && issue.pull !== null))
      return found
    },
    organization: (_, args, asked) => organization(args, asked),
    viewer: (_, __, { github }): AccountSource => ({ kind: 'Account', account: github.bot, isViewer: true }),
    rateLimit: (_, __, { github }) => ({ cost: 1, limit: 5000, remaining: 5000, used: 0, resetAt: stamp(github.now() + 3_600_000) }),
  },

  Repository: {
    id: ({ repository }) => repository.node,
    databaseId: ({ repository }) => repository.id,
    name: ({ repository }) => repository.name,
    nameWithOwner: ({ repository }) => fullName(repository),
    owner: ({ repository }) => account(repository.owner),
    isPrivate: ({ repository }) => repository.isPrivate,
    isFork: ({ repository }) => repository.parent !== null,
    isArchived: () => false,
    visibility: ({ repository }) => (repository.isPrivate ? 'PRIVATE' : 'PUBLIC'),
    url: ({ repository }) => repository.url,
    defaultBranchRef: ({ repository }) => ref(repository, repository.defaultBranch),
    ref: ({ repository }, { qualifiedName }) => ref(repository, String(qualifiedName)),
    object: ({ repository }, { expression, oid }) => object(repository, expression, oid),
    issue: ({ repository }, { number }, asked) => issue(asked, repository, number, 'issue'),
    pullRequest: ({ repository }, { number }, asked) => issue(asked, repository, number, 'pullRequest'),
    issueOrPullRequest: ({ repository }, { number }, asked) => issue(asked, repository, number, 'issueOrPullRequest'),
    deployments: ({ repository }, args) => {
      const wanted = Array.isArray(args['environments']) ? args['environments'].map(String) : null
      const shown = repository.deployments.filter((one) => wanted === null || wanted.includes(one.environment))
      const ordered = within(args, 'orderBy', 'direction') === 'DESC' ? shown.toReversed() : shown
      return connection(
        ordered.map((deployment): NodeOf<'Deployment'> => ({ kind: 'Deployment', repository, deployment })),
        args,
      )
    },
  },

  Issue: { ...thread, state: ({ issue }) => issue.state.toUpperCase() },

  PullRequest: {
    ...thread,
    state: ({ issue: { pull, state } }) => (pull?.isMerged ? 'MERGED' : state.toUpperCase()),
    isDraft: ({ issue }) => issue.pull?.isDraft,
    mergeable: ({ issue }) => issue.pull?.mergeable,
    commits: commitsOf,
    latestOpinionatedReviews: opinionatedReviews,
    baseRef: ({ repository, issue }) => ref(repository, `refs/heads/${issue.pull?.base}`),
    merged: ({ issue }) => issue.pull?.isMerged,
    closed: ({ issue }) => issue.state === 'closed',
    isCrossRepository: ({ repository, issue }) => issue.pull?.headRepository !== repository.id,
    headRefName: ({ issue }) => issue.pull?.headBranch,
    headRefOid: ({ issue }) => issue.pull?.head,
    headRepository: ({ issue }, _, asked) => headHome(issue, asked),
    headRepositoryOwner: ({ issue }, _, asked) => {
      const found = headHome(issue, asked)
      return found && account(found.repository.owner)
    },
    baseRefName: ({ issue }) => issue.pull?.base,
    baseRefOid: ({ repository, issue }) => repository.branches.get(issue.pull?.base ?? ''),
  },

  IssueComment: {
    id: ({ comment }) => comment.node,
    databaseId: ({ comment }) => comment.id,
    fullDatabaseId: ({ comment }) => String(comment.id),
    body: ({ comment }) => comment.body,
    createdAt: ({ comment }) => stamp(comment.createdAt),
    updatedAt: ({ comment }) => stamp(comment.updatedAt),
    lastEditedAt: ({ comment }) => (comment.editedAt === null ? null : stamp(comment.editedAt)),
    editor: ({ comment }) => comment.editor && account(comment.editor),
    author: ({ comment }) => account(comment.author),
    authorAssociation: ({ repository, comment }) => show.association(repository, comment.author),
    viewerDidAuthor: ({ comment }, _, { github }) => comment.author.id === github.bot.id,
    isMinimized: ({ comment }) => comment.minimized !== null,
    minimizedReason: ({ comment }) => comment.minimized,
    url: ({ repository, issue: its, comment }) => show.commentUrl(repository, its, comment),
    issue: ({ repository, issue: its }): NodeOf<'Issue'> => ({ kind: 'Issue', repository, issue: its }),
    pullRequest: ({ repository, issue: its }) => (its.pull === null ? null : { kind: 'Issue', repository, issue: its }),
    reactionGroups: ({ comment }, _, asked) => groups(comment.reactions, asked),
    repository: ({ repository }) => home(repository),
  },

  Ref: {
    id: ({ repository, prefix, name }) => nodeId('REF', `${repository.id}:${prefix}${name}`),
    name: ({ name }) => name,
    prefix: ({ prefix }) => prefix,
    target: ({ repository, sha }) => commit(repository, sha) ?? tag(repository, sha),
    compare: comparison,
  },

  Commit: {
    id: ({ commit: { sha } }) => nodeId('C', sha),
    oid: ({ commit: { sha } }) => sha,
    abbreviatedOid: ({ commit: { sha } }) => sha.slice(0, 7),
    message: ({ commit: { message } }) => message,
    messageHeadline: ({ commit: { message } }) => message.split('\n')[0],
    committedDate: ({ commit: { date } }) => stamp(date),
    tree: ({ commit: { tree } }) => ({ kind: 'Tree', id: nodeId('T', tree), oid: tree, abbreviatedOid: tree.slice(0, 7) }),
    signature: ({ commit: { isSigned } }) => (isSigned ? { kind: 'GpgSignature', isValid: true } : null),
    statusCheckRollup: rollup,
    checkSuites: ({ repository, commit: { sha } }, args) => {
      const appId = within(args, 'filterBy', 'appId')
      const runs = repository.checks.filter((one) => one.headSha === sha && (appId === undefined || one.app.id === appId))
      const suites = [...Map.groupBy(runs, (one) => one.suite)]
      return connection(
        suites.map(([id, its]) => ({ kind: 'CheckSuite', repository, id, app: its[0]?.app, runs: its })),
        args,
      )
    },
  },

  Tag: {
    id: ({ sha }) => nodeId('TA', sha),
    oid: ({ sha }) => sha,
    abbreviatedOid: ({ sha }) => sha.slice(0, 7),
    target: ({ repository, commit: { sha } }) => commit(repository, sha),
  },

  Blob: {
    id: ({ text }) => nodeId('B', blobId(text)),
    oid: ({ text }) => blobId(text),
    abbreviatedOid: ({ text }) => blobId(text).slice(0, 7),
    text: ({ text }) => text.slice(0, LONGEST_TEXT),
    isTruncated: ({ text }) => text.length > LONGEST_TEXT,
    isBinary: () => false,
    byteSize: ({ text }) => Buffer.byteLength(text),
  },

  User: someone,
  Bot: someone,
  Organization: { ...someone, team },
}

const home = (repository: Repository): NodeOf<'Repository'> => ({ kind: 'Repository', repository })

const label = (repository: Repository, name: string) => ({ kind: 'Label', id: nodeId('LA', `${repository.id}:${name}`), name })

function groups(reactions: readonly Reaction[], { github }: Asked) {
  return Object.entries(REACTIONS).map(([content, name]) => {
    return { content, viewerHasReacted: reactions.some((one) => one.content === name && one.user.id === github.bot.id) }
  })
}

function headHome({ pull }: Issue, { seen }: Asked): NodeOf<'Repository'> | null {
  const found = pull?.headRepository ? seen.repositories.get(pull.headRepository) : undefined
  return found ? home(found) : null
}

function issue(asked: Asked, repository: Repository, number: unknown, field: 'issue' | 'pullRequest' | 'issueOrPullRequest'): NodeOf<'Issue'> {
  const found = repository.issues.get(Number(number))
  const isWanted = found && (field === 'issueOrPullRequest' || (field === 'pullRequest') === (found.pull !== null))
  const called = { issue: 'an Issue', pullRequest: 'a PullRequest', issueOrPullRequest: 'an issue or pull request' }[field]
  if (!isWanted) throw new GitHubSays(404, `Could not resolve to ${called} with the number of ${String(number)}.`)
  allow(asked, `Repository.${field}`, { repository, issue: found })
  return { kind: 'Issue', repository, issue: found }
}

function ref(repository: Repository, qualified: string): RefSource | null {
  const [, kind, bare = ''] = /^(?:refs\/)?(?:(heads|tags)\/)?(.+)$/.exec(qualified) ?? []
  const head = kind === 'tags' ? undefined : repository.branches.get(bare)
  if (head !== undefined) return { kind: 'Ref', repository, prefix: 'refs/heads/', name: bare, sha: head }
  const tag = kind === 'heads' ? undefined : repository.tags.get(bare)
  return tag === undefined ? null : { kind: 'Ref', repository, prefix: 'refs/tags/', name: bare, sha: tag }
}

function tag(repository: Repository, sha: string): TagSource | null {
  const found = repository.commits.get(repository.annotated.get(sha) ?? '')
  return found === undefined ? null : { kind: 'Tag', repository, sha, commit: found }
}

/** `HEAD:path`, `REF:path`, or a commit; by `oid` a commit or any file's content that was ever committed. */
function object(repository: Repository, expression: unknown, oid: unknown): CommitSource | TagSource | BlobSource | null {
  if (typeof oid === 'string')
    return (
      commit(repository, oid) ??
      tag(repository, oid) ??
      blob([...repository.commits.values()].flatMap((one) => [...one.files.values()]).find((text) => blobId(text) === oid))
    )
  const [revision = '', path] = String(expression).split(/:(.*)/s)
  const found = findCommit(repository, revision)
  if (found === null) return null
  return path === undefined ? { kind: 'Commit', repository, commit: found } : blob(found.files.get(path))
}

const blob = (text: string | undefined): BlobSource | null => (text === undefined ? null : { kind: 'Blob', text })
