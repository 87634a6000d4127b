/** Check runs: https://docs.github.com/rest/checks/runs */
import type { Hub } from './hub.ts'
import { GitHubSays, invalid } from './refusal.ts'
import * as show from './render.ts'
import { newId, nodeId, stamp } from './state.ts'
import type { Account, AppIdentity, CheckAction, CheckAnnotation, CheckOutput, CheckRun, CommitStatus, Repository } from './state.ts'

/** What REST and GraphQL can both say of a check run; `undefined` leaves it as it is. */
export interface CheckFields {
  readonly name?: string | undefined
  readonly status?: string | undefined
  readonly conclusion?: string | undefined
  readonly output?: CheckOutput | undefined
  readonly actions?: readonly CheckAction[] | undefined
  readonly annotations?: readonly CheckAnnotation[] | undefined
  readonly externalId?: string | undefined
  readonly detailsUrl?: string | undefined
}

export function createCheck(hub: Hub, home: Repository, app: AppIdentity, headSha: string, fields: CheckFields): CheckRun {
  if (!home.commits.has(headSha)) throw new GitHubSays(422, `No commit found for SHA: ${headSha}`)
  refuse(fields)
  const id = newId(hub.state)
  const made: CheckRun = {
    id,
    node: nodeId('CR', id),
    suite: suiteOf(hub, home, app, headSha),
    name: fields.name ?? '',
    headSha,
    app,
    status: 'queued',
    conclusion: null,
    output: null,
    annotations: [],
    actions: [],
    externalId: null,
    detailsUrl: null,
    startedAt: hub.now(),
    completedAt: null,
    shown: [],
  }
  home.checks.push(made)
  hub.state.nodes.set(made.node, { kind: 'CheckRun', repository: home, check: made })
  apply(hub, made, fields)
  tell(hub, home, made, 'created')
  if (made.status === 'completed') tell(hub, home, made, 'completed')
  return made
}

export function updateCheck(hub: Hub, home: Repository, by: AppIdentity, check: CheckRun, fields: CheckFields): void {
  if (check.app.id !== by.id)
    throw new GitHubSays(403, `Invalid app_id \`${by.id}\` - check run can only be modified by the GitHub App that created it.`)
  refuse(fields)
  const wasCompleted = check.status === 'completed'
  apply(hub, check, fields)
  if (check.status === 'completed' && !wasCompleted) tell(hub, home, check, 'completed')
}

/** Somebody presses "Re-run", or one of the run's own buttons: told to the App that made the run, to no other. */
export function press(hub: Hub, home: Repository, check: CheckRun, by: Account, identifier: string | null): void {
  if (check.app.id !== hub.identity.id) return
  const check_run = show.checkRun(home, check)
  if (identifier === null) hub.send('check-run-rerequested', home, by, { action: 'rerequested', check_run })
  else hub.send('check-run-requested-action', home, by, { action: 'requested_action', check_run, requested_action: { identifier } })
}

/** GitHub makes a suite for every App that may write checks as soon as a commit is pushed. */
export function requestSuite(hub: Hub, home: Repository, by: Account, branch: string, before: string, sha: string): void {
  const id = suiteOf(hub, home, hub.identity, sha)
  const pull_requests = show.pullsAt(home, sha)
  const suite = { id, node_id: nodeId('CS', id), head_branch: branch, head_sha: sha, before, after: sha, app: show.app(hub.identity), pull_requests }
  hub.send('check-suite-requested', home, by, { check_suite: { ...suite, status: 'queued', conclusion: null } })
}

/**
 * Another App's CI says how far it is: `queued`, `in_progress`, or a conclusion. What has not ended goes on; what has is run once more.
 * Once every run of its suite has ended, so has the suite.
 */
export function reportCheck(hub: Hub, home: Repository, app: AppIdentity, sha: string, name: string, result: string): CheckRun {
  const open = home.checks.find((one) => one.headSha === sha && one.app.id === app.id && one.name === name && one.status !== 'completed')
  const fields = result === 'queued' || result === 'in_progress' ? { status: result } : { conclusion: result }
  if (open !== undefined) updateCheck(hub, home, app, open, fields)
  const check = open ?? createCheck(hub, home, app, sha, { name, ...fields })
  const runs = [...new Map(home.checks.filter((one) => one.suite === check.suite).map((one) => [one.name, one])).values()]
  if (runs.every(({ status }) => status === 'completed')) tellSuite(hub, home, check, runs)
  return check
}

/** A commit status, which needs no App: https://docs.github.com/rest/commits/statuses */
export function reportStatus(
  hub: Hub,
  home: Repository,
  by: Account,
  sha: string,
  { context, state }: Pick<CommitStatus, 'context' | 'state'>,
): void {
  const at = hub.now()
  home.contexts.set(sha, [...(home.contexts.get(sha) ?? []), { context, state, at }])
  const branches = [...home.branches].filter(([, tip]) => tip === sha).map(([name]) => ({ name, commit: { sha }, protected: false }))
  const times = { created_at: stamp(at), updated_at: stamp(at) }
  const about = { id: newId(hub.state), sha, name: `${home.owner.login}/${home.name}`, context, state, description: null, target_url: null }
  hub.send('status', home, by, { ...about, commit: show.commit(home, sha), branches, ...times })
}

function tellSuite(hub: Hub, home: Repository, { suite: id, headSha, app }: CheckRun, runs: readonly CheckRun[]): void {
  const isGood = runs.every(({ conclusion }) => ['success', 'neutral', 'skipped'].includes(conclusion ?? ''))
  const branch = [...home.branches].find(([, tip]) => tip === headSha)?.[0] ?? null
  const about = { id, node_id: nodeId('CS', id), head_branch: branch, head_sha: headSha, after: headSha, app: show.app(app) }
  const outcome = { status: 'completed', conclusion: isGood ? 'success' : 'failure', latest_check_runs_count: runs.length }
  hub.send('check-suite-completed', home, accountOf(hub, home, app), {
    check_suite: { ...about, ...outcome, pull_requests: show.pullsAt(home, headSha) },
  })
}

function apply(hub: Hub, check: CheckRun, fields: CheckFields): void {
  const { name, status, conclusion, output, annotations = [], actions, externalId, detailsUrl } = fields
  check.name = name ?? check.name
  check.output = output ?? check.output
  check.annotations.push(...annotations)
  check.actions = actions ?? check.actions
  check.externalId = externalId ?? check.externalId
  check.detailsUrl = detailsUrl ?? check.detailsUrl
  // "Providing `conclusion` will automatically set the `status` parameter to `completed`."
  const next = conclusion === undefined ? status : 'completed'
  if (next === 'queued' || next === 'in_progress' || next === 'completed') check.status = next
  check.conclusion = check.status === 'completed' ? (conclusion ?? check.conclusion) : null
  check.completedAt = check.status === 'completed' ? (check.completedAt ?? hub.now()) : null
  check.shown.push(`${check.conclusion ?? check.status}: ${check.output?.title ?? ''}`)
}

/** The description accepts what GitHub does not: limits are in its prose only, and GraphQL's schema has none. */
function refuse(fields: CheckFields): void {
  if (fields.status === 'completed' && fields.conclusion === undefined)
    throw invalid('CheckRun', 'conclusion', 'conclusion is required when status is completed')
  if (fields.conclusion === 'stale') throw invalid('CheckRun', 'conclusion', 'only GitHub can set stale')
  for (const text of [fields.output?.summary, fields.output?.text]) {
    if (text !== undefined && text !== null && text.length > 65_535) throw invalid('CheckRun', 'output', 'is too long (maximum is 65535 characters)')
  }
  if ((fields.annotations?.length ?? 0) > 50) throw invalid('CheckRun', 'annotations', 'exceeds a maximum quantity of 50')
  for (const { lines, columns, title, message } of fields.annotations ?? []) {
    if (lines[0] < 1 || lines[1] < lines[0] || (columns !== null && lines[0] !== lines[1]))
      throw invalid('CheckRun', 'annotations', 'is out of range')
    if ((title?.length ?? 0) > 255 || message.length === 0 || message.length > 65_536)
      throw invalid('CheckRun', 'annotations', 'is too long or empty')
  }
  if ((fields.actions?.length ?? 0) > 3) throw invalid('CheckRun', 'actions', 'exceeds a maximum quantity of 3')
  for (const { label, description, identifier } of fields.actions ?? []) {
    if (label.length > 20 || description.length > 40 || identifier.length > 20)
      throw invalid('CheckRun', 'actions', 'label 20, description 40, identifier 20')
  }
}

/** One suite for each commit and App. */
function suiteOf(hub: Hub, home: Repository, app: AppIdentity, sha: string): number {
  const key = `${app.id}:${sha}`
  const id = home.suites.get(key) ?? newId(hub.state)
  home.suites.set(key, id)
  return id
}

function tell(hub: Hub, home: Repository, check: CheckRun, action: 'created' | 'completed'): void {
  hub.send(`check-run-${action}`, home, accountOf(hub, home, check.app), { action, check_run: show.checkRun(home, check) })
}

const accountOf = (hub: Hub, home: Repository, app: AppIdentity): Account => hub.state.accounts.find((one) => one.app?.id === app.id) ?? home.owner
