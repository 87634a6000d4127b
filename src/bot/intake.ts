import * as z from 'zod'
import type { Repository } from '../deploy/deployment.ts'
import type { Delivery } from '../deploy/journal.ts'
import type { Offer, Press } from '../deploy/offers.ts'
import { readPlace } from './parse.ts'
import { botLogin, id, installation, login, node, repository, repositoryOf, sha, time } from './payload.ts'
import { PASSING, STORED, type Passing, type Tiding } from './tidings.ts'

/**
 * A webhook's body reduced to what it means: a key made of signed fields only, and the few fields that handling needs. Pure, and
 * never throws: the body may be anything that JSON can hold.
 */
export interface Intake {
  /** What has to be on disk before GitHub gets its answer; null for what is none of our business. `receivedAt`: milliseconds. */
  readDelivery(event: string, guid: string, payload: unknown, receivedAt: number): Delivery | null
  /** What is told at once and not stored; null for everything else. */
  readPassing(event: string, payload: unknown): Passing | null
}

/** `ownApp`: the App's id, whose own comments and check runs mean nothing to us. */
export function createIntake(ownApp: number): Intake {
  return {
    readDelivery: (event, guid, payload, receivedAt) => {
      const meaning = meaningOf(nameOf(event, payload), payload, receivedAt, ownApp)
      if (meaning === null) return null
      return { key: meaning.key, guid: guid.slice(0, 100), event, payload: JSON.stringify(meaning.payload), receivedAt }
    },
    readPassing: (event, payload) => PASSING.get(nameOf(event, payload))?.(payload, ownApp) ?? null,
  }
}

const person = z.object({ id, login, type: z.literal('User') })
const bot = z.object({ id, login: botLogin, type: z.literal('Bot') })
const common = { installation, repository, sender: person }
const thread = { number: id, node_id: node }
const label = z.object({ id, name: z.string().max(100) })

const comment = z.object({
  id,
  node_id: node,
  body: z.string().max(70_000),
  html_url: z.url({ protocol: /^https?$/ }).max(500),
  created_at: time,
  // Of older versions it is not stored.
  author_association: z.string().max(40).optional(),
})
const commented = { ...common, action: z.literal('created'), issue: z.object({ ...thread, pull_request: z.object({}).nullish() }) }
// Comments that an App writes in a person's name are the App's, and nobody's command.
const byPerson = z.object({ ...commented, comment: comment.extend({ user: person, performed_via_github_app: z.null().optional() }) })
const byApp = z.object({
  ...commented,
  sender: bot,
  comment: comment.extend({ user: bot, performed_via_github_app: z.object({ id, slug: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,99}$/) }) }),
})
const commentCreated = z.union([byPerson, byApp])
/** Identifiers as the check run's buttons have them (projection.ts). */
const OFFERS = ['cancel', 'retry', 'deploy', 'rollback'] as const satisfies readonly Offer[]
const ownRun = z.object({
  id,
  head_sha: sha,
  app: z.object({ id }),
  // As deployments are called: a check run about a configuration is called by its key, and nothing can be done about it by a button.
  external_id: z.string().regex(/^[0-9a-z]{1,16}-[0-9a-z]{16,64}$/),
})
const actionRequested = z.object({
  ...common,
  action: z.literal('requested_action'),
  check_run: ownRun,
  requested_action: z.object({ identifier: z.enum(OFFERS) }),
})
const rerunRequested = z.object({ ...common, action: z.literal('rerequested'), check_run: ownRun })
const pressed = z.union([actionRequested, rerunRequested])

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
  pull_request: z.object({ ...thread, updated_at: time, head: z.object({ sha }) }),
})

/** What handling a comment needs of `issue_comment.created`, in the places where GitHub puts it. */
export type CommentCreated = Omit<z.infer<typeof byPerson>, 'action'> | Omit<z.infer<typeof byApp>, 'action'>
/** What handling a label needs: `pull_request` or `issue`, as the event has it. */
export type IssueLabeled = Omit<z.infer<typeof issueLabeled>, 'action'>
export type PullLabeled = Omit<z.infer<typeof pullLabeled>, 'action'>
/** What handling a button of a check run needs. `at`: when it came, because no time stands in it (milliseconds). */
export type ButtonPressed = (Omit<z.infer<typeof actionRequested>, 'action'> | Omit<z.infer<typeof rerunRequested>, 'action'>) & {
  readonly at: number
}
/** What is stored of any other delivery. `action`: by which Probot tells events apart. */
export type TidingCame = Tiding & { readonly action?: string; readonly at: number }

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

/** What somebody asks for. `edited` and `deleted` never start anything: the gates look at the comment as it is by then. */
const COMMANDS: ReadonlyMap<string, (payload: unknown, ownApp: number, receivedAt: number) => Meaning | null> = new Map([
  ['issue_comment.created', readComment],
  ['check_run.requested_action', readPress],
  ['check_run.rerequested', readPress],
  ['issues.labeled', readIssueLabel],
  ['pull_request.labeled', readPullLabel],
])

/** Everything that is stored: of GitHub's list of deliveries that did not arrive, these are fetched back. */
export const FETCHED_BACK: ReadonlySet<string> = new Set([...COMMANDS.keys(), ...STORED.keys()])

/** Everything that is read at all. */
export const EVENTS: readonly string[] = [...FETCHED_BACK, ...PASSING.keys()]

/** Whether a stored delivery is a comment, a label or a button: somebody waits for its answer. */
export const isCommand = ({ key }: Pick<Delivery, 'key'>): boolean => /^[clb]:/.test(key)

/** The same by the names that GitHub's list of deliveries has. */
export const isNamedCommand = (name: string): boolean => COMMANDS.has(name)

/**
 * What a stored delivery says of when it was asked, by GitHub's clock (milliseconds), and where; null for what only tells the engine
 * something, which is never too late.
 */
export function askedIn({ key, payload }: Delivery): { readonly at: number; readonly repository: Repository } | null {
  const stored: unknown = JSON.parse(payload)
  if (!isCommand({ key })) return triggered(stored as TidingCame)
  const read = stored as CommentCreated | IssueLabeled | PullLabeled | ButtonPressed
  if ('check_run' in read) return { at: read.at, repository: repositoryOf(read) }
  const said = 'comment' in read ? read.comment.created_at : 'pull_request' in read ? read.pull_request.updated_at : read.issue.updated_at
  return { at: Date.parse(said), repository: repositoryOf(read) }
}

function triggered(came: TidingCame): { readonly at: number; readonly repository: Repository } | null {
  if (came.is === 'happening') return null
  return { at: came.at, repository: (came.is === 'push' ? came.push : came.published).repository }
}

/** `pull_request.closed`; the event alone where it has no actions. */
function nameOf(event: string, payload: unknown): string {
  const action = payload !== null && typeof payload === 'object' && Object.hasOwn(payload, 'action') ? (payload as { action: unknown }).action : null
  return typeof action === 'string' ? `${event}.${action}` : event
}

function meaningOf(name: string, payload: unknown, receivedAt: number, ownApp: number): Meaning | null {
  const command = COMMANDS.get(name)
  if (command !== undefined) return command(payload, ownApp, receivedAt)
  const told = STORED.get(name)?.(payload) ?? null
  if (told === null) return null
  const [, action] = name.split('.')
  const came: TidingCame = { ...told.tiding, at: told.at ?? receivedAt, ...(action !== undefined && { action }) }
  return { key: told.key, payload: came }
}

function readComment(payload: unknown, ownApp: number): Meaning | null {
  const read = commentCreated.safeParse(payload)
  if (!read.success) return null
  const { comment: said, repository: home, sender } = read.data
  if (said.user.id !== sender.id || said.performed_via_github_app?.id === ownApp) return null
  if (!/^\s{0,3}\//m.test(said.body)) return null
  return { key: `c:${home.id}:${said.id}`, payload: read.data }
}

/**
 * Nothing that GitHub signs tells two presses of one button by one person apart, so they are one: a replay under another delivery id is
 * the same as well. A retry has a check run of its own, with its own buttons.
 */
function readPress(payload: unknown, ownApp: number, receivedAt: number): Meaning | null {
  const read = pressed.safeParse(payload)
  if (!read.success) return null
  const { check_run: run, repository: home, sender } = read.data
  if (run.app.id !== ownApp) return null
  return { key: `b:${home.id}:${run.id}:${readButton(read.data)}:${sender.id}`, payload: { ...read.data, at: receivedAt } }
}

export const readButton = (came: ButtonPressed | z.infer<typeof pressed>): Press =>
  'requested_action' in came ? came.requested_action.identifier : 're-run'

function readIssueLabel(payload: unknown): Meaning | null {
  const read = issueLabeled.safeParse(payload)
  if (!read.success) return null
  const { issue, label: added, repository: home } = read.data
  // GitHub tells of a pull request's labels as `pull_request`, which carries the head.
  if (issue.pull_request != null || readLabel(added.name) === null) return null
  return { key: `l:${home.id}:${issue.number}:${added.id}:-:${issue.updated_at}`, payload: read.data }
}

function readPullLabel(payload: unknown): Meaning | null {
  const read = pullLabeled.safeParse(payload)
  if (!read.success) return null
  const { pull_request: pull, label: added, repository: home } = read.data
  if (readLabel(added.name) === null) return null
  return { key: `l:${home.id}:${pull.number}:${added.id}:${pull.head.sha}:${pull.updated_at}`, payload: read.data }
}
