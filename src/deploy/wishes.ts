import { Refusal, type Problem } from '../errors.ts'
import { interpretAsk } from './ask.ts'
import { actorName, hasEnded, isPerson, NOTHING_ASKED, personIn, type Deployment, type DeployRequest, type Lock, type State } from './deployment.ts'
import { asksForApprovals, atLeast, environmentKey, partiesOf, type App, type EnvironmentRules } from './environment.ts'
import { APPROVALS } from './gates/index.ts'
import { locked } from './locked.ts'
import type { Answer, Journal } from './journal.ts'
import { mayApproveThere, mayNot } from './may-approve.ts'
import { changedActor, mayDeploy, mayDeployThere } from './may-deploy.ts'
import { changedComment } from './may-obey.ts'
import { readRules } from './proposal.ts'
import { plannedAt } from './situation.ts'
import type { Facts } from './source.ts'
import { patiently, withMembers, type RolloutDoors } from './step.ts'
import { listed, quoted } from './wording.ts'

/**
 * What people may want besides a deployment: a word on one, its end, an environment to themselves. Everybody is judged by the same
 * rules as somebody who deploys there; every answer is a value.
 */

/** An environment, as typed; null: the default one. */
export interface PlaceAsked {
  readonly app: string | null
  readonly environment: string | null
}

export interface Standing {
  readonly app: App
  readonly rules: EnvironmentRules
  /** `environmentKey`. */
  readonly key: string
  readonly facts: Facts
  /** What holds it now: its own lock, and that of the whole repository. */
  readonly locks: readonly Lock[]
}

/** The place that is meant and its rules, for whoever may deploy there; for anybody else why not. */
export async function standingOf(request: DeployRequest, place: PlaceAsked, doors: RolloutDoors): Promise<Standing | { readonly problem: Problem }> {
  const found = await placeOf(request, place, doors)
  if ('problem' in found) return found
  return mayDeployThere(request, found.facts, found.rules) ?? changedComment(found.facts) ?? found
}

/** The place that is meant and its rules, for anybody. */
export async function placeOf(request: DeployRequest, place: PlaceAsked, doors: RolloutDoors): Promise<Standing | { readonly problem: Problem }> {
  const asked = { ...request, asks: { ...NOTHING_ASKED, ...place } }
  const facts = await patiently(doors, () => doors.source.look(asked, { commit: null }))
  const read = readRules(request, facts, doors)
  if ('problem' in read) return read
  const meant = interpretAsk(asked.asks, read.configuration)
  if (meant instanceof Refusal) return meant
  const { app, environment: rules } = meant
  const complete = await withMembers(facts, rules, asked, doors)
  const { id } = request.repository
  const locks = doors.locks.holding(id, `${app.name}/${rules.name}`, doors.clock.now())
  return { app, rules, key: environmentKey(id, app.name, rules.name), facts: complete, locks }
}

export type Approving = { readonly deployment: Deployment } | { readonly problem: Problem }

interface Word {
  readonly id: string | null
  readonly isApproval: boolean
  readonly reason: string | null
}

/** Writes down somebody's word on a waiting deployment: the one that is named, or the only one that waits for approval on the thread. */
export async function approve(request: DeployRequest, word: Word, doors: RolloutDoors): Promise<Approving> {
  const judged = await judgeWord(request, word, doors)
  if ('problem' in judged || judged.isSaid) return judged
  const { deployment, planHash } = judged
  const late = tooLate(deployment, doors)
  if (late !== null) return late
  const { isApproval, reason } = word
  doors.journal.approve({ deployment: deployment.id, planHash, by: personIn(request.actor), isApproval, reason, at: request.askedAt })
  return { deployment: doors.journal.find(deployment.id) as Deployment }
}

/** What an approval of this deployment would be refused with; null where it would count. */
export async function mayApprove(request: DeployRequest, id: string, doors: RolloutDoors): Promise<Problem | null> {
  const judged = await judgeWord(request, { id, isApproval: true, reason: null }, doors)
  if ('problem' in judged) return judged.problem
  return judged.isSaid ? null : (tooLate(judged.deployment, doors)?.problem ?? null)
}

/** Asking took a while. */
function tooLate({ id }: Deployment, { journal }: RolloutDoors): Refusal | null {
  const now = journal.find(id)
  return now !== null && isOver(now.state) ? notWaiting(now) : null
}

/** `isSaid`: a crash came between the word and its answer. */
type Judged =
  | { readonly problem: Problem }
  | { readonly deployment: Deployment; readonly isSaid: true }
  | { readonly deployment: Deployment; readonly isSaid: false; readonly planHash: string }

async function judgeWord(request: DeployRequest, { id, isApproval }: Word, doors: RolloutDoors): Promise<Judged> {
  const hasWord = ({ approvals }: Deployment): boolean =>
    approvals.some((word) => word.by.id === request.actor.id && word.isApproval === isApproval && word.at === request.askedAt)
  const deployment = pick(request, id, awaitsApproval, hasWord, doors)
  if (deployment instanceof Refusal) return deployment
  if (!isPerson(request.actor)) return mayNot(actorName(request.actor), 'a program', 'a second person')
  if (hasWord(deployment)) return { deployment, isSaid: true }
  const { planHash, plan, rules } = deployment
  if (isOver(deployment.state) || planHash === null || plan === null || rules === null) return notWaiting(deployment)
  if (isApproval && isOlderThanPlan(request, deployment))
    return mayNot(request.actor.login, 'a comment that is older than the plan', 'a look at the plan')
  // Judged is the thread of the deployment: its author and whoever pushed there may not approve.
  const about = { ...request, subject: deployment.request.subject, asks: { ...NOTHING_ASKED, app: plan.app, environment: plan.environment } }
  const found = await placeOf(about, about.asks, doors)
  if ('problem' in found) return found
  const facts = await patiently(doors, () => doors.source.look(about, { parties: [...partiesOf(rules), ...partiesOf(found.rules)] }))
  if (facts.actor.id !== request.actor.id) return changedActor(request, facts)
  const by = { ...request.actor, role: facts.actor.role }
  const refusal = mayNotApprove(by, deployment.request, withPusher(facts), [rules, found.rules]) ?? changedComment(facts)
  return refusal ?? { deployment, isSaid: false, planHash }
}

/** Also where it waits for something else that ends earlier: the word may come meanwhile. */
const awaitsApproval = ({ state, wait, verdicts }: Deployment): boolean =>
  state === 'waiting' && (wait?.reason === 'approval' || verdicts.some(({ gate, outcome }) => gate === APPROVALS && outcome === 'waits'))

/** Nobody's word is asked for any more once it has begun. */
const isOver = (state: State): boolean => hasEnded(state) || state === 'applying' || state === 'observing' || state === 'restoring'

/** By the rules of then and of now: by each of them that asks for approvals, and there has to be one. */
function mayNotApprove(
  by: Parameters<typeof mayApproveThere>[0],
  request: DeployRequest,
  facts: Facts,
  all: readonly EnvironmentRules[],
): Refusal | null {
  const asking = all.filter(asksForApprovals)
  const refusals = (asking.length === 0 ? all : asking).map((rules) => mayApproveThere(by, request, facts, rules))
  return refusals.find((refusal) => refusal !== null) ?? null
}

/** Where nothing tells who pushed, the author counts for that. */
const withPusher = (facts: Facts): Facts =>
  facts.pull === null ? facts : { ...facts, pull: { ...facts.pull, pusher: facts.pull.pusher ?? facts.pull.author } }

/** A missed comment is fetched back minutes later. The two times are of different clocks. */
const isOlderThanPlan = ({ askedAt }: DeployRequest, deployment: Deployment): boolean => (plannedAt(deployment) ?? 0) > askedAt + SKEW

const SKEW = 60_000

export type Cancelling =
  | { readonly deployment: Deployment; readonly outcome: 'cancelled' | 'asked' | 'too late' | 'ended' }
  | { readonly problem: Problem }

/** Stops a deployment: the one that is named, or the only one of the thread that has not ended. Its requester may, and whoever may deploy there. */
export async function cancel(request: DeployRequest, id: string | null, doors: RolloutDoors): Promise<Cancelling> {
  const isStopped = ({ cancellation }: Deployment): boolean => cancellation?.key === request.key
  const deployment = pick(request, id, ({ state }) => !hasEnded(state), isStopped, doors)
  if (deployment instanceof Refusal) return deployment
  // A crash came between the wish and its answer.
  if (isStopped(deployment)) return { deployment, outcome: deployment.fence === null ? 'cancelled' : 'asked' }
  const refusal = await mayStop(request, deployment, doors)
  if (refusal !== null) return refusal
  const outcome = doors.journal.cancel(deployment.id, { key: request.key, by: personIn(request.actor), at: doors.clock.now() })
  if (outcome === 'asked') doors.applying.get(deployment.id)?.abort()
  return { deployment: doors.journal.find(deployment.id) as Deployment, outcome }
}

async function mayStop(
  request: DeployRequest,
  { plan, request: stopped }: Deployment,
  doors: RolloutDoors,
): Promise<{ readonly problem: Problem } | null> {
  const place = plan ?? stopped.asks
  const found = await standingOf(request, { app: place.app, environment: place.environment }, doors)
  if (!('problem' in found)) return null
  // Whoever began it may end it, if they still are who they were and may do anything here at all.
  if (request.actor.id !== stopped.actor.id || found.problem.code === 'ACTOR_CHANGED') return found
  const facts = await patiently(doors, () => doors.source.look({ ...request, asks: NOTHING_ASKED }, { commit: null }))
  return facts.actor.id === request.actor.id && atLeast(facts.actor.role, 'write') ? changedComment(facts) : found
}

export type Locking = { readonly lock: Lock } | { readonly problem: Problem }

export interface LockAsked {
  /** Null: every environment of the repository. */
  readonly place: PlaceAsked | null
  readonly reason: string
  /** Milliseconds. */
  readonly lasts: number
  /** Whether somebody else's lock may be taken over. */
  readonly takesOver: boolean
}

/** Takes an environment, or the whole repository; one's own lock is renewed. */
export async function lock(request: DeployRequest, asked: LockAsked, doors: RolloutDoors): Promise<Locking> {
  const held = await heldBy(request, asked.place, doors)
  if ('problem' in held) return held
  const now = doors.clock.now()
  const former = doors.locks.find(request.repository.id, held.environment, now)
  const isOwn = former?.owner?.id === request.actor.id
  // A crash came between the lock and its answer.
  if (former !== null && isOwn && former.url !== null && former.url === request.comment?.url && former.reason === asked.reason)
    return { lock: former }
  if (former !== null && !isOwn && !asked.takesOver) return isHeld(former)
  const taken = doors.locks.take(
    {
      repository: request.repository,
      environment: held.environment,
      owner: personIn(request.actor),
      reason: asked.reason,
      since: now,
      askedAt: request.askedAt,
      until: now + asked.lasts,
      subject: request.subject,
      url: request.comment?.url ?? null,
      ...(former?.owner != null && !isOwn && { former: former.owner }),
    },
    former === null ? {} : { over: former.id },
  )
  // Somebody was faster: theirs stands.
  if (taken === null) return isHeld(doors.locks.find(request.repository.id, held.environment, now) as Lock)
  return { lock: taken }
}

/** Gives an environment free, whoever holds it; a lock that was asked for after the command stands. `answerTo`: what is to be said of it, stored in the same transaction. */
export async function unlock(
  request: DeployRequest,
  place: PlaceAsked | null,
  doors: RolloutDoors,
  answerTo: (former: Lock) => Answer | null,
): Promise<{ readonly former: Lock | null } | { readonly problem: Problem }> {
  const held = await heldBy(request, place, doors)
  if ('problem' in held) return held
  const former = doors.locks.find(request.repository.id, held.environment, doors.clock.now())
  if (former === null || former.askedAt > request.askedAt) return { former: null }
  doors.locks.release(former.id, { by: personIn(request.actor), at: doors.clock.now(), request: request.key, answer: answerTo(former) })
  return { former }
}

async function heldBy(
  request: DeployRequest,
  place: PlaceAsked | null,
  doors: RolloutDoors,
): Promise<{ readonly environment: string } | { readonly problem: Problem }> {
  if (place !== null) {
    const found = await standingOf(request, place, doors)
    return 'problem' in found ? found : { environment: `${found.app.name}/${found.rules.name}` }
  }
  const facts = await patiently(doors, () => doors.source.look({ ...request, asks: NOTHING_ASKED }, { commit: null }))
  const may = mayDeploy(request, facts, { allow: { role: 'maintain', any: [] } })
  return may instanceof Refusal ? may : (changedComment(facts) ?? { environment: '*' })
}

const isHeld = (held: Lock): Refusal => locked(held, 'add --take-over: then they are told')

/**
 * The deployment that is named, or else the only one on the thread for which this has been `done` already, by the same words, or that
 * fits.
 */
function pick(
  request: DeployRequest,
  id: string | null,
  fits: (deployment: Deployment) => boolean,
  done: (deployment: Deployment) => boolean,
  { journal }: RolloutDoors,
): Deployment | Refusal {
  if (id !== null) return named(id, request, journal)
  const all = recentOn(request, journal)
  const found = all.some(done) ? all.filter(done) : all.filter(fits)
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return only
  return only === undefined ? nothingHere() : ambiguous(found)
}

const RECENT = 50

/** What may be meant by whoever names none: asked for on the same thread and not later, the newest first. */
export const recentOn = ({ repository, subject, askedAt }: DeployRequest, { recent }: Pick<Journal, 'recent'>): readonly Deployment[] =>
  subject === null ? [] : recent({ repository: repository.id, subject: subject.number }, RECENT).filter(({ request }) => request.askedAt <= askedAt)

/** The deployment of this id, if it is the repository's. */
export function named(id: string, { repository }: DeployRequest, { find }: Pick<Journal, 'find'>): Deployment | Refusal {
  const found = find(id)
  if (found?.request.repository.id === repository.id) return found
  return new Refusal('DEPLOYMENT_UNKNOWN', {
    sentence: `There is no deployment ${quoted(id)} in this repository.`,
    found: id,
    wanted: "the id at the end of a deployment's comment",
    next: 'Write the command with the right id in a new comment.',
  })
}

const nothingHere = (): Refusal =>
  new Refusal('DEPLOYMENT_UNKNOWN', {
    sentence: 'Nothing on this thread waits for that.',
    wanted: 'a deployment that was asked for here, or an id',
    next: "Name the deployment by the id at the end of its comment, or type the command on that deployment's thread.",
  })

const ambiguous = (found: readonly Deployment[]): Refusal =>
  new Refusal('DEPLOYMENT_AMBIGUOUS', {
    sentence: 'Several deployments on this thread may be meant.',
    found: listed(
      found.map(({ id, plan }) => `${id}${plan === null ? '' : ` (${plan.environment})`}`),
      5,
    ),
    wanted: 'one of their ids',
    next: 'Write the command with the id in a new comment.',
  })

const notWaiting = ({ id, state }: Deployment): Refusal =>
  new Refusal('DEPLOYMENT_ENDED', {
    sentence: 'That deployment does not wait for an approval.',
    found: `${id}, ${state}`,
    wanted: 'a deployment that waits for an approval',
    next: hasEnded(state) ? 'Nothing.' : `Type "/cancel ${id}" if it should be stopped.`,
  })
