import { NOTHING_ASKED, type DeployRequest, type Repository } from '../deploy/deployment.ts'
import type { Delivery } from '../deploy/journal.ts'
import { readLabel, type CommentCreated, type IssueLabeled, type PullLabeled } from './intake.ts'

/** The request that stands behind every command of a comment; `asks` is for the command to fill. */
export function commentRequest(delivery: Stored, payload: CommentCreated): DeployRequest {
  const { comment, issue } = payload
  return {
    ...common(delivery),
    door: 'comment',
    repository: repositoryOf(payload),
    subject: { number: issue.number, node: issue.node_id, isPull: issue.pull_request != null },
    actor: { id: comment.user.id, login: comment.user.login, app: null },
    comment: { id: comment.id, node: comment.node_id, body: comment.body, url: comment.html_url, createdAt: Date.parse(comment.created_at) },
    headSeen: null,
    asks: NOTHING_ASKED,
  }
}

export function labelRequest(delivery: Stored, payload: IssueLabeled | PullLabeled): DeployRequest {
  const isPull = 'pull_request' in payload
  const thread = isPull ? payload.pull_request : payload.issue
  const place = readLabel(payload.label.name)
  if (place === null) throw new Error(`a label was stored that is none of ours: ${delivery.key}`)
  return {
    ...common(delivery),
    door: 'label',
    repository: repositoryOf(payload),
    subject: { number: thread.number, node: thread.node_id, isPull },
    actor: { id: payload.sender.id, login: payload.sender.login, app: null },
    comment: null,
    headSeen: isPull ? payload.pull_request.head.sha : null,
    asks: { ...NOTHING_ASKED, ...place },
  }
}

type Stored = Pick<Delivery, 'key' | 'receivedAt' | 'missed'>

const common = ({ key, receivedAt, missed }: Stored) => ({ key, receivedAt, ...(missed !== undefined && { wasMissed: true as const }) })

const repositoryOf = ({ repository, installation }: Pick<CommentCreated, 'repository' | 'installation'>): Repository => ({
  id: repository.id,
  node: repository.node_id,
  owner: repository.owner.login,
  name: repository.name,
  installation: installation.id,
})
