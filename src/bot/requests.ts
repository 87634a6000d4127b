import type { DeployRequest, Repository } from '../deploy/deployment.ts'
import { readLabel, type CommentCreated, type IssueLabeled, type PullLabeled } from './intake.ts'

/** The request that stands behind every command of a comment; `asks` is for the command to fill. */
export function commentRequest(key: string, payload: CommentCreated, receivedAt: number): DeployRequest {
  const { comment, issue } = payload
  return {
    key,
    door: 'comment',
    repository: repositoryOf(payload),
    subject: { number: issue.number, node: issue.node_id, isPull: issue.pull_request != null },
    actor: { id: comment.user.id, login: comment.user.login },
    comment: { id: comment.id, node: comment.node_id, body: comment.body, url: comment.html_url, createdAt: Date.parse(comment.created_at) },
    headSeen: null,
    asks: { app: null, environment: null, image: null, ref: null },
    receivedAt,
  }
}

export function labelRequest(key: string, payload: IssueLabeled | PullLabeled, receivedAt: number): DeployRequest {
  const isPull = 'pull_request' in payload
  const thread = isPull ? payload.pull_request : payload.issue
  const place = readLabel(payload.label.name)
  if (place === null) throw new Error(`a label was stored that is none of ours: ${key}`)
  return {
    key,
    door: 'label',
    repository: repositoryOf(payload),
    subject: { number: thread.number, node: thread.node_id, isPull },
    actor: { id: payload.sender.id, login: payload.sender.login },
    comment: null,
    headSeen: isPull ? payload.pull_request.head.sha : null,
    asks: { ...place, image: null, ref: null },
    receivedAt,
  }
}

const repositoryOf = ({ repository, installation }: Pick<CommentCreated, 'repository' | 'installation'>): Repository => ({
  id: repository.id,
  node: repository.node_id,
  owner: repository.owner.login,
  name: repository.name,
  installation: installation.id,
})
