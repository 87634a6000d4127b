/** Issues, pull requests, comments, labels and reactions: what changes, and the webhook that tells of it. */
import type { Hub } from './hub.ts'
import { invalid } from './refusal.ts'
import * as show from './render.ts'
import { newId, nodeId } from './state.ts'
import type { Account, AppIdentity, Comment, Issue, Pull, Reaction, Repository } from './state.ts'

/** https://docs.github.com/graphql/reference/mutations#addcomment: longer ones are refused. */
const LONGEST_COMMENT = 65_536

export interface Opening {
  readonly title: string
  readonly author: Account
  readonly pull: Pull | null
}

export function open(hub: Hub, home: Repository, opening: Opening): Issue {
  const id = newId(hub.state)
  const number = Math.max(0, ...home.issues.keys()) + 1
  const node = nodeId(opening.pull ? 'PR' : 'I', id)
  const rest = { labels: new Set<string>(), comments: [], reactions: [], createdAt: hub.now(), updatedAt: hub.now(), state: 'open' as const }
  const issue: Issue = { id, node, number, ...opening, ...rest }
  home.issues.set(number, issue)
  hub.state.nodes.set(node, { kind: 'Issue', repository: home, issue })
  if (issue.pull) hub.send('pull-request-opened', home, issue.author, pullPayload(hub, home, issue))
  return issue
}

export function comment(hub: Hub, home: Repository, issue: Issue, author: Account, body: string, app: AppIdentity | null = author.app): Comment {
  refuseText(body)
  const id = newId(hub.state)
  const now = hub.now()
  const dates = { createdAt: now, updatedAt: now, editedAt: null, editor: null }
  const made: Comment = {
    id,
    node: nodeId('IC', id),
    author,
    app,
    body,
    bodies: [body],
    ...dates,
    isDeleted: false,
    minimized: null,
    reactions: [],
  }
  issue.comments.push(made)
  issue.updatedAt = now
  hub.state.nodes.set(made.node, { kind: 'IssueComment', repository: home, issue, comment: made })
  hub.send('issue-comment-created', home, author, commentPayload(home, issue, made))
  return made
}

export function edit(hub: Hub, home: Repository, issue: Issue, changed: Comment, editor: Account, body: string): void {
  refuseText(body)
  const from = changed.body
  changed.body = body
  changed.bodies.push(body)
  changed.updatedAt = hub.now()
  changed.editedAt = hub.now()
  changed.editor = editor
  hub.send('issue-comment-edited', home, editor, { ...commentPayload(home, issue, changed), changes: { body: { from } } })
}

export function remove(hub: Hub, home: Repository, issue: Issue, gone: Comment, by: Account): void {
  gone.isDeleted = true
  hub.state.nodes.delete(gone.node)
  hub.send('issue-comment-deleted', home, by, commentPayload(home, issue, gone))
}

/** Reacting twice with the same is one reaction. */
export function react(
  hub: Hub,
  to: { readonly reactions: Reaction[] },
  user: Account,
  content: string,
): { readonly reaction: Reaction; readonly isNew: boolean } {
  const known = to.reactions.find((one) => one.user.id === user.id && one.content === content)
  if (known !== undefined) return { reaction: known, isNew: false }
  const reaction = { id: newId(hub.state), user, content }
  to.reactions.push(reaction)
  return { reaction, isNew: true }
}

export function unreact(to: { readonly reactions: Reaction[] }, user: Account, content: string): Reaction | null {
  const index = to.reactions.findIndex((one) => one.user.id === user.id && one.content === content)
  return index === -1 ? null : (to.reactions.splice(index, 1)[0] ?? null)
}

export function addLabel(hub: Hub, home: Repository, issue: Issue, by: Account, name: string): void {
  if (issue.labels.has(name)) return
  issue.labels.add(name)
  issue.updatedAt = hub.now()
  sayLabel(hub, home, issue, by, name, 'labeled')
}

/** False where the issue does not carry the label. */
export function removeLabel(hub: Hub, home: Repository, issue: Issue, by: Account, name: string): boolean {
  if (!issue.labels.delete(name)) return false
  issue.updatedAt = hub.now()
  sayLabel(hub, home, issue, by, name, 'unlabeled')
  return true
}

export function setState(hub: Hub, home: Repository, issue: Issue, by: Account, state: Issue['state']): void {
  if (issue.state === state) return
  issue.state = state
  issue.updatedAt = hub.now()
  if (issue.pull) hub.send(state === 'open' ? 'pull-request-reopened' : 'pull-request-closed', home, by, pullPayload(hub, home, issue))
  else if (state === 'closed') hub.send('issues-closed', home, by, { issue: { ...show.issue(home, issue), state } })
}

export function setDraft(hub: Hub, home: Repository, issue: Issue, by: Account, isDraft: boolean): void {
  if (issue.pull === null || issue.pull.isDraft === isDraft) return
  issue.pull.isDraft = isDraft
  issue.updatedAt = hub.now()
  hub.send(isDraft ? 'pull-request-converted-to-draft' : 'pull-request-ready-for-review', home, by, pullPayload(hub, home, issue))
}

export function setBase(hub: Hub, home: Repository, issue: Issue, by: Account, base: string): void {
  if (issue.pull === null || issue.pull.base === base) return
  const from = { ref: { from: issue.pull.base }, sha: { from: home.branches.get(issue.pull.base) ?? '' } }
  issue.pull.base = base
  issue.updatedAt = hub.now()
  hub.send('pull-request-edited', home, by, { ...pullPayload(hub, home, issue), changes: { base: from } })
}

/** Open pull requests whose head branch was pushed to get the new head, and say so. */
export function synchronize(hub: Hub, pushed: Repository, branch: string, after: string, by: Account): void {
  for (const home of hub.state.repositories.values()) {
    for (const issue of home.issues.values()) {
      const pull = issue.pull
      if (pull === null || issue.state !== 'open' || pull.headRepository !== pushed.id || pull.headBranch !== branch) continue
      const before = pull.head
      pull.head = after
      issue.updatedAt = hub.now()
      hub.send('pull-request-synchronize', home, by, { ...pullPayload(hub, home, issue), before, after })
    }
  }
}

function sayLabel(hub: Hub, home: Repository, issue: Issue, by: Account, name: string, what: 'labeled' | 'unlabeled'): void {
  const label = show.label(name)
  // GitHub tells of a pull request's labels as `pull_request`, never as `issues`.
  if (issue.pull) hub.send(`pull-request-${what}`, home, by, { ...pullPayload(hub, home, issue), label })
  else hub.send(`issues-${what}`, home, by, { issue: show.issue(home, issue), label })
}

function pullPayload(hub: Hub, home: Repository, issue: Issue) {
  return { number: issue.number, pull_request: show.pull(hub.state, home, issue, issue.pull!) }
}

function commentPayload(home: Repository, issue: Issue, one: Comment) {
  return { issue: show.issue(home, issue), comment: show.comment(home, issue, one) }
}

function refuseText(body: string): void {
  if (body.trim() === '') throw invalid('IssueComment', 'body', 'Body cannot be blank')
  if (body.length > LONGEST_COMMENT) throw invalid('IssueComment', 'body', `Body is too long (maximum is ${LONGEST_COMMENT} characters)`)
}
