import { NOTHING_ASKED, type Deployment, type DeployRequest } from '../deploy/deployment.ts'
import type { Delivery } from '../deploy/journal.ts'
import { readLabel, type ButtonPressed, type CommentCreated, type IssueLabeled, type PullLabeled } from './intake.ts'
import { repositoryOf } from './payload.ts'

/** The request that stands behind every command of a comment; `asks` is for the command to fill. */
export function commentRequest(delivery: Stored, payload: CommentCreated): DeployRequest {
  const { comment, issue } = payload
  return {
    ...missedOrNot(delivery),
    door: 'comment',
    askedAt: Date.parse(comment.created_at),
    repository: repositoryOf(payload),
    subject: { number: issue.number, node: issue.node_id, isPull: issue.pull_request != null },
    actor: { id: comment.user.id, login: comment.user.login, app: comment.performed_via_github_app ?? null },
    comment: { id: comment.id, node: comment.node_id, body: comment.body, url: comment.html_url },
    headSeen: null,
    asks: NOTHING_ASKED,
    ...(isOutsider(payload) && { isOutsider: true }),
  }
}

const INSIDERS: ReadonlySet<string | undefined> = new Set(['OWNER', 'MEMBER', 'COLLABORATOR', undefined])

/**
 * A relationship, which costs no question, and no right: whoever hides their membership has none here. Apps are there because somebody has
 * installed them.
 */
const isOutsider = ({ comment }: CommentCreated): boolean => comment.performed_via_github_app == null && !INSIDERS.has(comment.author_association)

export function labelRequest(delivery: Stored, payload: IssueLabeled | PullLabeled): DeployRequest {
  const isPull = 'pull_request' in payload
  const thread = isPull ? payload.pull_request : payload.issue
  const place = readLabel(payload.label.name)
  if (place === null) throw new Error(`a label was stored that is none of ours: ${delivery.key}`)
  return {
    ...missedOrNot(delivery),
    door: 'label',
    askedAt: Date.parse(thread.updated_at),
    repository: repositoryOf(payload),
    subject: { number: thread.number, node: thread.node_id, isPull },
    actor: { id: payload.sender.id, login: payload.sender.login, app: null },
    comment: null,
    headSeen: isPull ? payload.pull_request.head.sha : null,
    asks: { ...NOTHING_ASKED, ...place },
  }
}

/** On the thread of the deployment whose check run it is. As a label does, it carries the commit that the person saw. */
export function pressRequest(delivery: Stored, payload: ButtonPressed, { request: { subject } }: Deployment): DeployRequest {
  const { sender, check_run: run } = payload
  return {
    ...missedOrNot(delivery),
    ...{
      door: 'button',
      askedAt: payload.at,
      repository: repositoryOf(payload),
      subject,
      comment: null,
      headSeen: run.head_sha,
      asks: NOTHING_ASKED,
    },
    actor: { id: sender.id, login: sender.login, app: null },
  }
}

/** Whether somebody spoke on the thread themselves, so that a reaction can stand there. */
export const isSpoken = ({ door }: Pick<DeployRequest, 'door'>): boolean => door === 'comment' || door === 'label'

type Stored = Pick<Delivery, 'key' | 'receivedAt' | 'missed'>

/** What a delivery says of every request that stands in it. */
export const missedOrNot = ({ key, receivedAt, missed }: Stored) => ({ key, receivedAt, ...(missed !== undefined && { wasMissed: true as const }) })
