import * as z from 'zod'
import { Failure } from '../errors.ts'
import { hasEnded, type Deployment, type Repository } from '../deploy/deployment.ts'
import type { AuditHead } from '../deploy/audit.ts'
import type { Clock } from '../deploy/clock.ts'
import type { CompareConfigurations } from '../deploy/configuration-check.ts'
import type { Announcement, Announcements, Answer, HeadCheck, Said, Surface } from '../deploy/journal.ts'
import { deep, maskedAnswer, maskedDeployment, maskFor, type Mask } from '../deploy/mask.ts'
import { writes } from './budget/cost.ts'
import type { Place } from './budget/queue.ts'
import type { Need } from './budget/room.ts'
import { isSurface, write, type Mutation, type Written } from './batch.ts'
import { answerComment, answerMarker, marker, type Links } from './comments.ts'
import { readConfigurationChange } from './configuration-change.ts'
import { configurationCheck } from './configuration-words.ts'
import { isUninstalled } from './gone.ts'
import { react, statusOf, type GitHub, type GitHubClient } from './github.ts'
import { isRateLimit } from './github-failure.ts'
import { look, type Trace } from './look.ts'
import { isSpoken } from './requests.ts'
import { commitOf, newDeployment, project, projectAnswer, projectCheck, type Projection, type Shown } from './projection.ts'

export interface ShowDoors {
  readonly findDeployment: (id: string) => Deployment | null
  /** What had succeeded there before its turn. */
  readonly formerly: (deployment: Deployment) => Deployment | null
  readonly announcements: Announcements
  readonly compareConfigurations: CompareConfigurations
  readonly clock: Clock
  readonly github: GitHub
  readonly links: Links
  readonly mask: Mask
  readonly appId: number
  /** Says in each GitHub Deployment which Gantry made it. */
  readonly instance: string
  /** So far: each GitHub Deployment carries it, so that it is noticed when the audit log is cut off before it. */
  readonly auditHead: () => AuditHead
}

/** `failed`: something was not written and has to be looked for, then repeated. */
export type Shows = 'complete' | 'in progress' | 'failed'

/**
 * Brings comment, check run and GitHub Deployment to what the record says, with one request for all of them. What is about to be
 * written is noted before and the answer after it: where the answer was lost, what was noted is looked for before it is repeated.
 */
export async function show(key: string, turn: WritingTurn, doors: ShowDoors): Promise<Shows> {
  try {
    return await bring(key, turn, doors)
  } catch (error) {
    if (!isUninstalled(error)) throw error
    // Nobody can be told there any more.
    doors.announcements.complete(key)
    return 'complete'
  }
}

async function bring(key: string, turn: WritingTurn, doors: ShowDoors): Promise<Shows> {
  const said = subjectOf(key, doors)
  if (said === null) return 'complete'
  const client = doors.github.writing(said.repository)
  if (said.deployment?.isQuiet === true) return reactOnly(key, said.deployment, client, doors)
  if (said.check !== null) return bringCheck(said.check, said, client, turn, doors)
  const projection = await projectionOf(said, doors)
  const ledger = doors.announcements.find(key)
  const due = dueOf(projection, ledger)
  if (due.size === 0) return finish(key, projection, doors)
  const stage = client.isShort() ? stageOf(due, ledger, projection) : due
  if (stage.size === 0) return 'in progress'
  const need = needOf(said, projection, ledger, stage)
  if (!turn.isDue(need, client)) return 'in progress'
  const place = turn.place(need, client)
  if (!place.isFree) return 'in progress'
  const isWritten = await writeStage(key, said, { ...projection, surfaces: stage }, client, place, doors)
  place.leave()
  if (!isWritten) return 'failed'
  return stage.size < due.size ? bring(key, turn, doors) : finish(key, projection, doors)
}

/** The queries, one for what may have been lost, and the check run. */
const CHECK_NEED = { points: writes(1, 0).points + 4, creates: 1, urgency: 'unasked' } as const

/** Whoever opened the pull request has asked for nothing, so it has its turn last, and for the question already. */
async function bringCheck(check: HeadCheck, said: Subject, client: GitHubClient, turn: WritingTurn, doors: ShowDoors): Promise<Shows> {
  const { announcements, compareConfigurations, links, mask } = doors
  const { key } = check
  const place = turn.place({ ...CHECK_NEED, since: check.createdAt }, client)
  if (!place.isFree) return 'in progress'
  const isSaid = announcements.find(key).check.hash !== null
  const change = isSaid ? null : await readConfigurationChange(client, check, place)
  if (change !== null) {
    const projection = await projectCheck(key, deep(configurationCheck(check, change, compareConfigurations, links), maskFor(mask, check.repository)))
    if (!(await writeStage(key, said, projection, client, place, doors))) return 'failed'
  }
  place.leave()
  announcements.complete(key)
  return 'complete'
}

/** When it is this one's turn to write. */
export interface WritingTurn {
  /** False where it waits for more to come. */
  isDue(need: Need, client: GitHubClient): boolean
  /** In the budget's queue; once it is free all of this is done again. */
  place(need: Need, client: GitHubClient): Place
}

/**
 * Where GitHub's limits are near: first the comment, because people wait for it; then what creates nothing; last the rest. States in
 * between make no statuses then.
 */
function stageOf(due: ReadonlyMap<Surface, Shown>, ledger: Announcement, { isFinal }: Projection): ReadonlyMap<Surface, Shown> {
  const only = (isMeant: (surface: Surface) => boolean) => new Map([...due].filter(([surface]) => isMeant(surface)))
  const isThere = (surface: Surface): boolean => ledger[surface].node !== null
  const stages = [
    only((surface) => surface === 'comment' && !isThere(surface)),
    only((surface) => surface !== 'deployment' && isThere(surface)),
    only((surface) => surface !== 'deployment' || isFinal || !isThere(surface)),
  ]
  return stages.find(({ size }) => size > 0) ?? new Map()
}

/** What has to be written, at most, and how urgent that is. */
function needOf({ deployment, answer }: Subject, { isFinal }: Projection, ledger: Announcement, stage: ReadonlyMap<Surface, Shown>): Need {
  const creates = [...stage.keys()].map((surface) => (surface === 'deployment' ? 1 : 0) + (ledger[surface].node === null ? 1 : 0))
  const isRecorded = !stage.has('deployment') || ledger.deployment.node !== null
  const isGood = deployment === null || deployment.state === 'success' || deployment.state === 'superseded'
  const urgency = isFinal ? (isGood ? 'end' : 'failure') : ledger.comment.hash === null ? 'first' : 'progress'
  const cost = writes(
    isRecorded ? 1 : 2,
    creates.reduce((sum, count) => sum + count, 0),
  )
  // The comment says it already.
  const isRest = !stage.has('comment') && cost.creates > 0
  return { ...cost, urgency: isRest ? 'rest' : urgency, since: deployment?.createdAt ?? answer?.createdAt ?? 0 }
}

/** False where something was not written. */
async function writeStage(key: string, said: Subject, stage: Projection, client: GitHubClient, place: Place, doors: ShowDoors): Promise<boolean> {
  await findLost(key, said, stage, client, doors)
  const isRecorded = await record(key, said, stage, client, place, doors)
  const isWritten = await writeDue(key, said, stage, client, place, doors)
  return isRecorded && isWritten
}

/** What an announcement is about: a deployment, an answer that is none, or a pull request's head. */
interface Subject {
  readonly repository: Repository
  /** That a check run stands on; null where there is none. */
  readonly commit: string | null
  /** The thread; null where nobody asked on one. */
  readonly thread: { readonly number: number; readonly node: string } | null
  readonly deployment: Deployment | null
  readonly answer: Answer | null
  readonly check: HeadCheck | null
}

function subjectOf(key: string, { findDeployment, announcements }: ShowDoors): Subject | null {
  const deployment = findDeployment(key)
  if (deployment !== null) {
    const { repository, subject: thread } = deployment.request
    return { repository, commit: commitOf(deployment), thread, deployment, answer: null, check: null }
  }
  const found = announcements.findAnswer(key)
  if (found === null) return null
  const { repository } = found
  if ('head' in found) return { repository, commit: found.head, thread: null, deployment: null, answer: null, check: found }
  return { repository, commit: null, thread: found.subject, deployment: null, answer: found, check: null }
}

/** Everything that GitHub is told of them comes through here, where no secret passes. */
function projectionOf({ deployment, answer }: Subject, { links, mask, formerly }: ShowDoors): Promise<Projection> {
  if (deployment !== null) {
    const former = deployment.request.asks.origin?.kind === 'rollback' ? formerly(deployment) : null
    return project(maskedDeployment(deployment, mask), links, former === null ? null : maskedDeployment(former, mask).plan)
  }
  const { key, markdown } = maskedAnswer(answer as Answer, mask)
  return projectAnswer(answerComment(key, markdown))
}

const dueOf = ({ surfaces }: Projection, ledger: Announcement): Map<Surface, Shown> =>
  new Map([...surfaces].filter(([surface, { hash }]) => !ledger[surface].isGone && ledger[surface].hash !== hash))

function finish(key: string, { isFinal }: Projection, { announcements }: ShowDoors): Shows {
  if (!isFinal) return 'in progress'
  announcements.complete(key)
  return 'complete'
}

/** A stranger hears nothing but this, and only where they spoke themselves; reacting twice is one reaction, so nothing has to be remembered. */
async function reactOnly(key: string, { request, state }: Deployment, client: GitHubClient, { announcements }: ShowDoors): Promise<Shows> {
  if (!hasEnded(state)) return 'in progress'
  if (request.subject !== null && isSpoken(request))
    await react(client, { repository: request.repository, number: request.subject.number, comment: request.comment?.id ?? null }, 'confused')
  announcements.complete(key)
  return 'complete'
}

/** GitHub's lists may not show for so long what was made (milliseconds): until then nobody knows that it was not. */
const LAG = 30_000

const notYetSeen = (retryAfter: number): Failure =>
  new Failure('GITHUB_UNAVAILABLE', {
    sentence: 'Whether GitHub has made what was asked of it cannot be seen yet.',
    next: 'Nothing: Gantry looks again.',
    retryAfter,
  })

/** Creations that were begun and whose answer nobody has: an edit may be repeated, a creation may not. */
async function findLost(
  key: string,
  said: Subject,
  projection: Projection,
  client: GitHubClient,
  { announcements, appId, clock }: ShowDoors,
): Promise<void> {
  const ledger = announcements.find(key)
  const lost = new Set(
    [...dueOf(projection, ledger)].filter(([surface, { hash }]) => isLost(surface, ledger[surface], hash)).map(([surface]) => surface),
  )
  if (lost.size === 0) return
  const found = await look(client, traceOf(key, said, projection, appId), lost)
  let missing = 0
  for (const surface of lost) {
    const { node, intent } = ledger[surface]
    const object = surface === 'deployment' && node !== null ? found.status : found[surface]
    if (object === undefined) {
      const since = clock.now() - (ledger[surface].intendedAt ?? 0)
      if (since < LAG) missing = Math.max(missing, LAG - since)
      continue
    }
    // It shows what was noted when it was created, which may be old by now.
    announcements.said(key, surface, { ...(node === null ? object : { node: null, number: null }), hash: intent ?? '' })
  }
  if (missing > 0) throw notYetSeen(missing)
}

function isLost(surface: Surface, { node, hash, intent }: Said, wanted: string): boolean {
  if (intent === null || intent === hash) return false
  return node === null || (surface === 'deployment' && intent === wanted)
}

function traceOf(key: string, { repository, commit, thread, deployment, check }: Subject, { surfaces }: Projection, appId: number): Trace {
  const { state, description } = surfaces.get('deployment')?.input ?? {}
  return {
    repository,
    number: thread?.number ?? 0,
    appId,
    marker: deployment === null ? answerMarker(key) : marker(key),
    id: deployment?.id ?? check?.key ?? null,
    commit,
    environment: deployment?.plan?.environment ?? null,
    status: typeof state === 'string' && typeof description === 'string' ? { state, description } : null,
  }
}

const CREATED = 'created'
const created = z.object({ id: z.number(), node_id: z.string() })
/** The commit is not there, the App may not, or the repository is gone: there will be none. */
const NO_DEPLOYMENT: ReadonlySet<number> = new Set([403, 404, 409, 410, 422])

/** The GitHub Deployment, by REST: GraphQL's `createDeployment` takes no commit. False where it is not known whether it was made. */
async function record(
  key: string,
  { repository, deployment }: Subject,
  projection: Projection,
  client: GitHubClient,
  place: Place,
  { announcements, instance, auditHead, clock }: ShowDoors,
): Promise<boolean> {
  const { node, isGone } = announcements.find(key).deployment
  if (deployment === null || !projection.surfaces.has('deployment') || node !== null || isGone) return true
  announcements.intend(key, new Map([['deployment', CREATED]]), clock.now())
  try {
    const params = { owner: repository.owner, repo: repository.name, ...newDeployment(deployment, instance, auditHead()) }
    const made = await client.rest('POST /repos/{owner}/{repo}/deployments', params, created, [], place)
    if (made !== null) announcements.said(key, 'deployment', { node: made.node_id, number: made.id, hash: CREATED })
    return true
  } catch (error) {
    if (!(error instanceof Failure) || isRateLimit(error) || isUninstalled(error)) throw error
    if (!NO_DEPLOYMENT.has(statusOf(error) ?? 0)) return false
    announcements.gone(key, 'deployment')
    return true
  }
}

/** False where something was not written. */
async function writeDue(
  key: string,
  said: Subject,
  projection: Projection,
  client: GitHubClient,
  place: Place,
  { announcements, clock }: ShowDoors,
): Promise<boolean> {
  const ledger = announcements.find(key)
  const due = dueOf(projection, ledger)
  // Without its Deployment a status has nowhere to stand.
  if (ledger.deployment.node === null) due.delete('deployment')
  if (due.size === 0) return true
  const older = said.deployment === null ? [] : announcements.older(key)
  const mutations = [...[...due].map(([surface, shown]) => mutationOf(surface, shown, ledger, said)), ...older.map(minimize)]
  announcements.intend(key, new Map([...due].map(([surface, { hash }]) => [surface, hash])), clock.now())
  const results = await write(client, mutations, place)
  for (const [index, { key: old }] of older.entries()) if (results.get(`older${index}`) !== 'failed') announcements.gone(old, 'comment')
  return [...results]
    .map(([alias, result]) => !isSurface(alias) || note(key, alias, result, due.get(alias)?.hash ?? '', announcements))
    .every(Boolean)
}

function mutationOf(surface: Surface, { input }: Shown, ledger: Announcement, { repository, commit, thread }: Subject): Mutation {
  const known = ledger[surface].node
  const repositoryId = repository.node
  const make = (field: Mutation['field'], ids: Mutation['input']): Mutation => ({ alias: surface, field, input: { ...ids, ...input } })
  if (surface === 'deployment') return make('createDeploymentStatus', { deploymentId: known })
  if (surface === 'comment') return known === null ? make('addComment', { subjectId: thread?.node }) : make('updateIssueComment', { id: known })
  if (known === null) return make('createCheckRun', { repositoryId, headSha: commit })
  return make('updateCheckRun', { repositoryId, checkRunId: known })
}

const minimize = ({ node }: { readonly node: string }, index: number): Mutation => ({
  alias: `older${index}`,
  field: 'minimizeComment',
  input: { subjectId: node, classifier: 'OUTDATED' },
})

function note(key: string, surface: Surface, result: Written, hash: string, announcements: Announcements): boolean {
  if (result === 'failed') return false
  if (result === 'gone') announcements.gone(key, surface)
  // A status is an object of its own; the ledger keeps the Deployment's ids.
  else announcements.said(key, surface, { ...(surface === 'deployment' ? { node: null, number: null } : result.done), hash })
  return true
}
