import { z } from 'zod'
import type { Delivery } from '../deploy/journal.ts'
import { readPlace } from './parse.ts'

/**
 * A webhook's body reduced to what it means: a key made of signed fields only, and the few fields that handling needs, in the
 * places where GitHub puts them. Pure, and never throws: the body may be anything that JSON can hold.
 */
export function readDelivery(event: string, guid: string, payload: unknown, receivedAt: number): Delivery | null {
  const action = actionOf(payload)
  const read = action === null ? undefined : READERS.get(`${event}.${action}`)
  const meaning = read?.(payload)
  if (meaning == null) return null
  return { key: meaning.key, guid: guid.slice(0, 100), event, payload: JSON.stringify(meaning.payload), receivedAt }
}

/** GitHub's ids are integers that JSON can hold; a larger one would be rounded into somebody else's. */
const id = z.number().int().positive().max(Number.MAX_SAFE_INTEGER)
const node = z.string().min(1).max(200)
const login = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/)
const time = z.iso.datetime({ offset: true })
const person = z.object({ id, login, type: z.literal('User') })
const common = {
  installation: z.object({ id }),
  repository: z.object({
    id,
    node_id: node,
    name: z.string().regex(/^[A-Za-z0-9._-]{1,100}$/),
    owner: z.object({ login }),
  }),
  sender: person,
}
const thread = { number: id, node_id: node }
const label = z.object({ id, name: z.string().max(100) })

const commentCreated = z.object({
  ...common,
  action: z.literal('created'),
  issue: z.object({ ...thread, pull_request: z.object({}).nullish() }),
  comment: z.object({
    id,
    node_id: node,
    body: z.string().max(70_000),
    html_url: z.url({ protocol: /^https?$/ }).max(500),
    created_at: time,
    user: person,
    performed_via_github_app: z.unknown().optional(),
  }),
})
const issueLabeled = z.object({
  ...common,
  action: z.literal('labeled'),
  label,
  issue: z.object({ ...thread, updated_at: time, pull_request: z.unknown().optional() }),
})
const pullLabeled = z.object({
  ...common,
  action: z.literal('labeled'),
  label,
  pull_request: z.object({ ...thread, updated_at: time, head: z.object({ sha: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/) }) }),
})

/** What handling a comment needs of `issue_comment.created`. */
export type CommentCreated = Omit<z.infer<typeof commentCreated>, 'action'>
/** What handling a label needs: `pull_request` or `issue`, as the event has it. */
export type IssueLabeled = Omit<z.infer<typeof issueLabeled>, 'action'>
export type PullLabeled = Omit<z.infer<typeof pullLabeled>, 'action'>

/** Which environment a label asks for; null where it is none of ours. `deploy` asks for the default one. */
export function readLabel(name: string): ReturnType<typeof readPlace> | null {
  const [, place] = /^deploy(?::(.+))?$/.exec(name.trim()) ?? [null, null]
  if (place === null) return null
  if (place === undefined) return readPlace(null)
  return /^[^/]+(?:\/[^/]+)?$/.test(place.trim()) ? readPlace(place.trim()) : null
}

interface Meaning {
  readonly key: string
  readonly payload: unknown
}

/** The events that are read at all. `edited` and `deleted` never start anything: the gates look at the comment as it is by then. */
const READERS: ReadonlyMap<string, (payload: unknown) => Meaning | null> = new Map([
  ['issue_comment.created', readComment],
  ['issues.labeled', readIssueLabel],
  ['pull_request.labeled', readPullLabel],
])

export const EVENTS: readonly string[] = [...READERS.keys()]

/** What a stored payload says of when it was asked, by GitHub's clock (milliseconds), and where. */
export function askedIn({ payload }: Delivery): {
  readonly at: number
  readonly repository: CommentCreated['repository']
  readonly installation: number
} {
  const read = JSON.parse(payload) as CommentCreated | IssueLabeled | PullLabeled
  const time = 'comment' in read ? read.comment.created_at : 'pull_request' in read ? read.pull_request.updated_at : read.issue.updated_at
  return { at: Date.parse(time), repository: read.repository, installation: read.installation.id }
}

function actionOf(payload: unknown): string | null {
  if (payload === null || typeof payload !== 'object' || !Object.hasOwn(payload, 'action')) return null
  const { action } = payload as { action: unknown }
  return typeof action === 'string' ? action : null
}

function readComment(payload: unknown): Meaning | null {
  const read = commentCreated.safeParse(payload)
  if (!read.success) return null
  const { comment, repository, sender } = read.data
  // Comments that an App writes in a person's name are the App's.
  if (comment.performed_via_github_app != null || comment.user.id !== sender.id) return null
  if (!/^\s{0,3}\//m.test(comment.body)) return null
  return { key: `c:${repository.id}:${comment.id}`, payload: read.data }
}

function readIssueLabel(payload: unknown): Meaning | null {
  const read = issueLabeled.safeParse(payload)
  if (!read.success) return null
  const { issue, label: added, repository } = read.data
  // GitHub tells of a pull request's labels as `pull_request`, which carries the head.
  if (issue.pull_request != null || readLabel(added.name) === null) return null
  return { key: `l:${repository.id}:${issue.number}:${added.id}:-:${issue.updated_at}`, payload: read.data }
}

function readPullLabel(payload: unknown): Meaning | null {
  const read = pullLabeled.safeParse(payload)
  if (!read.success) return null
  const { pull_request: pull, label: added, repository } = read.data
  if (readLabel(added.name) === null) return null
  return { key: `l:${repository.id}:${pull.number}:${added.id}:${pull.head.sha}:${pull.updated_at}`, payload: read.data }
}
