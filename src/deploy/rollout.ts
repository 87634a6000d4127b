import { Failure, problem, type Problem } from '../errors.ts'
import { consider } from './consider.ts'
import { crowdIn, MOST_UNJUDGED, queueFull } from './crowd.ts'
import { hasEnded, isPerson, type Deployment, type EndState, type State, type Verdict, type Wait, type WaitReason } from './deployment.ts'
import { apply, observe } from './effect.ts'
import { environmentKey } from './environment.ts'
import { type Decision } from './gates/index.ts'
import { isNotYet, notYetThere } from './images.ts'
import type { Ending } from './journal.ts'
import { artifactsOf, canonical, hashPlan, type PlannedArtifact } from './plan.ts'
import { planOf, type Proposal } from './proposal.ts'
import { prove } from './proof.ts'
import { restore } from './restore.ts'
import { unknown } from './seen.ts'
import { judge, proposalOf } from './situation.ts'
import { recheck } from './recheck.ts'
import { claimWorkloads } from './workloads.ts'
import type { Json } from './target.ts'
import { patiently, planned, problemOf, type Progress, type RolloutDoors, type Step } from './step.ts'
import { shortDigest } from './wording.ts'

/**
 * The whole life of a deployment, one function per state. Each writes what it is about to do before doing it, and does
 * nothing twice when it is called again in the same state: that is why starting after a crash is the same as going on.
 */
const steps: Record<Exclude<State, EndState>, Step> = {
  requested: async (deployment, doors) => {
    const { journal, clock } = doors
    // Nobody knows yet who it is: a flood is answered by reactions alone.
    if (journal.ahead(deployment.id) >= MOST_UNJUDGED) return refuse(deployment, doors, queueFull('repository', MOST_UNJUDGED), { isQuiet: true })
    journal.move(deployment.id, 'requested', 'gating', { now: clock.now(), step: 'gates' })
    return 'again'
  },
  gating,
  resolving,
  verifying,
  waiting,
  queued,
  applying: apply,
  observing: observe,
  restoring: restore,
}

/** Takes the deployment as far as it can go now. Resolves when it has ended, or waits for something else: with the time of the next look, where there is one. */
export async function drive(
  id: string,
  doors: RolloutDoors,
  changed: (deployment: Deployment) => void,
  isStopping: () => boolean,
): Promise<number | null> {
  for (;;) {
    const deployment = doors.journal.find(id)
    if (deployment === null) throw new Error(`no deployment ${id}`)
    changed(deployment)
    if (hasEnded(deployment.state) || isStopping()) return null
    try {
      const progress = await steps[deployment.state](deployment, doors)
      if (progress === 'blocked') return null
      if (progress !== 'again') return progress.lookAt
    } catch (error) {
      fail(deployment, error, doors)
    }
  }
}

/** How long GitHub's sources may disagree about the head (a webhook, its list of pushes, its API) before the answer is no. */
const UNSETTLED = 60_000
const LOOK_AGAIN = 10_000

async function gating(deployment: Deployment, doors: RolloutDoors): Promise<Progress> {
  const { request } = deployment
  const considered = await consider(request, deployment, doors)
  if ('problem' in considered) return refuse(deployment, doors, considered.problem, { isQuiet: considered.isQuiet })
  const { proposal, decision } = considered
  const { verdicts } = decision
  const environment = environmentKey(request.repository.id, proposal.app, proposal.environment)
  const plan = planOf(request, proposal)
  const { rules } = proposal
  if ('refusal' in decision && decision.refusal.problem.code === 'HEAD_UNSETTLED' && doors.clock.now() - deployment.createdAt < UNSETTLED) {
    await doors.activity.pause(LOOK_AGAIN)
    return 'again'
  }
  if ('refusal' in decision) return refuse(deployment, doors, decision.refusal.problem, { verdicts, isQuiet: isUnnamed(request, verdicts) })
  const crowded = () => crowdIn(request.repository, doors.journal)
  // Asked twice: while workloads are claimed, others may come, and nothing is between the second answer and the row.
  const against = crowded() ?? (await claimWorkloads(request, proposal, environment, doors))?.problem ?? crowded()
  if (against !== null) return refuse(deployment, doors, against, { verdicts })
  const change = { now: doors.clock.now(), environment, plan, rules, verdicts }
  if ('wait' in decision) {
    doors.journal.wait(deployment.id, 'gating', decision.wait, { ...change, step: 'wait' })
    return 'again'
  }
  doors.journal.move(deployment.id, 'gating', 'resolving', { ...change, step: 'resolve' })
  return 'again'
}

/** It is answered once a rule has been found that names it. */
const isUnknownApp = ({ request, plan }: Deployment): boolean => !isPerson(request.actor) && plan === null

const isUnnamed = ({ actor }: Deployment['request'], verdicts: readonly Verdict[]): boolean =>
  !isPerson(actor) && verdicts.some(({ gate, outcome }) => gate === 'person' && outcome === 'refused')

const ASK_FOR_IMAGE = 15_000

async function resolving(deployment: Deployment, doors: RolloutDoors): Promise<Progress> {
  const { plan, access } = planned(deployment, doors)
  const artifacts: PlannedArtifact[] = []
  const notes: string[] = []
  for (const { wait, ...artifact } of plan.artifacts) {
    try {
      const { digest, as } = await doors.images.resolve(artifact, access, deployment.id)
      artifacts.push({ ...artifact, digest })
      notes.push(`${shortDigest(digest)} as ${as}`)
    } catch (error) {
      if (!(error instanceof Failure) || !isNotYet(error.problem) || wait === undefined || doors.clock.now() >= deployment.createdAt + wait)
        throw error
      return waitForImage(deployment, artifact, deployment.createdAt + wait, doors)
    }
  }
  const complete = { ...plan, artifacts }
  const planHash = await hashPlan(complete)
  const change = { now: doors.clock.now(), step: 'verify', note: notes.join(', '), plan: complete, planHash } as const
  doors.journal.move(deployment.id, 'resolving', 'verifying', change)
  return 'again'
}

const setsAside = ({ request: { asks } }: Deployment): boolean => asks.override !== null || asks.origin?.kind === 'rollback'

function waitForImage({ id }: Deployment, image: PlannedArtifact, until: number, { journal, clock }: RolloutDoors): Progress {
  const wait: Wait = { reason: 'image', sentence: notYetThere(image), until, lookAt: clock.now() + ASK_FOR_IMAGE }
  journal.wait(id, 'resolving', wait, { now: clock.now(), step: 'wait', note: 'not there yet' })
  return 'again'
}

async function verifying(deployment: Deployment, doors: RolloutDoors): Promise<Progress> {
  const { plan, access } = planned(deployment, doors)
  const { journal, clock } = doors
  const notes: string[] = []
  const built: Record<string, string | null> = {}
  for (const artifact of artifactsOf(plan)) {
    const { note, revision } = await doors.images.verify(artifact, access, deployment.id)
    notes.push(note)
    built[artifact.name] = revision
  }
  const twin = journal.twin(deployment.id)
  // Whoever sets rules aside does not wait with one that does not.
  if (twin !== null && !(twin.state === 'waiting' && setsAside(deployment) && !setsAside(twin))) {
    return supersede(deployment, doors, `The same plan is already on its way, asked for by ${twin.request.actor.login}.`, 'Follow that deployment.')
  }
  const proved = await prove(deployment, doors)
  if ('problem' in proved) return refuse(deployment, doors, proved.problem)
  const known = { ...deployment, built, proved: proved.commits }
  const decision = judge({ request: deployment.request, deployment: known, facts: null, proposal: proposalOf(deployment, doors) }, doors)
  const verdicts = merged(deployment, decision)
  if ('refusal' in decision) return refuse(deployment, doors, decision.refusal.problem, { verdicts })
  const change = { now: clock.now(), note: notes.join(', '), built, proved: proved.commits, verdicts }
  if ('wait' in decision) journal.wait(deployment.id, 'verifying', decision.wait, { ...change, step: 'wait' })
  else journal.move(deployment.id, 'verifying', 'queued', { ...change, step: 'queue' })
  return 'again'
}

/** Holds nothing. Our own records are asked first; only when they have nothing against it is GitHub. */
async function waiting(deployment: Deployment, doors: RolloutDoors): Promise<Progress> {
  const { wait, plan } = deployment
  const { journal, clock } = doors
  if (wait === null || plan === null) throw new Error(`deployment ${deployment.id} waits for nothing`)
  if (isOutdated(deployment, doors)) return supersedeByNewest(deployment, doors)
  if (wait.reason === 'image') return awaitImage(deployment, wait, doors)
  const ours = judge({ request: deployment.request, deployment, facts: null, proposal: proposalOf(deployment, doors) }, doors)
  const decision = 'allowed' in ours ? await recheck(deployment, doors) : ours
  const verdicts = merged(deployment, decision)
  if ('refusal' in decision) return refuse(deployment, doors, decision.refusal.problem, { verdicts })
  if ('wait' in decision) {
    const { reason, until } = wait
    const heard = doors.startedAt + UNTIL_HEARD
    if (decision.wait.reason === reason && clock.now() >= until) {
      // A clock that was set back behind the start says nothing of how long that was ago.
      if (clock.now() >= doors.startedAt && clock.now() < heard) return { lookAt: heard }
      return refuse(deployment, doors, expired(wait), { verdicts })
    }
    if (canonical(decision.wait as unknown as Json) !== canonical(wait as unknown as Json))
      journal.wait(deployment.id, 'waiting', decision.wait, { now: clock.now(), verdicts })
    return { lookAt: Math.max(decision.wait.lookAt, clock.now() + SOONEST) }
  }
  const next = plan.artifacts.some(({ digest }) => digest === null) ? 'resolving' : 'queued'
  journal.move(deployment.id, 'waiting', next, { now: clock.now(), step: next === 'queued' ? 'queue' : 'resolve', verdicts })
  return 'again'
}

/** What was said while the process was away is fetched at its start and a minute later; nothing is given up before it has been heard. */
const UNTIL_HEARD = 120_000

/** Nothing that is only looked at again is looked at more often. */
const SOONEST = 5_000

async function awaitImage(deployment: Deployment, wait: Wait, doors: RolloutDoors): Promise<Progress> {
  const { journal, clock } = doors
  const missing = clock.now() < wait.until ? await firstMissing(deployment, doors) : null
  if (missing !== null) return { lookAt: Math.min(clock.now() + ASK_FOR_IMAGE, wait.until) }
  // Where its time is over, this says what is missing as any other deployment does.
  journal.move(deployment.id, 'waiting', 'resolving', { now: clock.now(), step: 'resolve' })
  return 'again'
}

async function firstMissing(deployment: Deployment, doors: RolloutDoors): Promise<PlannedArtifact | null> {
  const { plan, access } = planned(deployment, doors)
  for (const artifact of plan.artifacts) {
    try {
      await doors.images.resolve(artifact, access, deployment.id)
    } catch (error) {
      // Any other trouble with the registry may pass as well, before the time is over.
      if (error instanceof Failure) return artifact
      throw error
    }
  }
  return null
}

async function queued(deployment: Deployment, doors: RolloutDoors): Promise<Progress> {
  const { journal, clock } = doors
  const environment = deployment.environment as string
  if (isOutdated(deployment, doors)) return supersedeByNewest(deployment, doors)
  if (journal.turn(environment)?.id !== deployment.id) return 'blocked'
  const fence = journal.fence(environment)
  const against = heeded(deployment, await recheck(deployment, doors), doors)
  if (against !== null) return against
  const { plan, placed } = planned(deployment, doors)
  const before = await patiently(doors, () => placed.target.observe(plan.settings))
  // While it held nothing, the configuration may have given its workloads to another environment.
  const taken = await claimWorkloads(deployment.request, proposalOf(deployment, doors) as Proposal, environment, doors)
  if (taken !== null) return refuse(deployment, doors, taken.problem)
  // Somebody may have locked it or taken their word back meanwhile: our own rows once more, with nothing between them and the claim.
  const now = journal.find(deployment.id) ?? deployment
  const since = heeded(now, judge({ request: now.request, deployment: now, facts: null, proposal: proposalOf(now, doors) }, doors), doors)
  if (since !== null) return since
  const claimed = journal.claim(deployment.id, before, fence, clock.now())
  if (typeof claimed !== 'string') doors.claimed.add(deployment.id)
  if (claimed === 'older') return supersede(deployment, doors, 'A newer deployment has succeeded here meanwhile.', 'Nothing: the newer one runs.')
  return 'again'
}

/** At the front of the queue: what is to be done where the gates do not let it pass; null where they do. */
function heeded(deployment: Deployment, decision: Decision, doors: RolloutDoors): Progress | null {
  const verdicts = merged(deployment, decision)
  if ('refusal' in decision) return refuse(deployment, doors, decision.refusal.problem, { verdicts })
  if (!('wait' in decision)) return null
  doors.journal.wait(deployment.id, 'queued', decision.wait, { now: doors.clock.now(), step: 'wait', verdicts })
  return 'again'
}

const isOutdated = ({ rules, environment, sequence }: Deployment, { journal }: RolloutDoors): boolean =>
  rules?.queue === 'newest' && environment !== null && journal.newer(environment, sequence) !== null

const supersedeByNewest = (deployment: Deployment, doors: RolloutDoors): Progress =>
  supersede(deployment, doors, 'A newer deployment waits for the same environment, and only the newest is wanted there.', 'Follow that deployment.')

/** What the gates said lately: those that were not asked this time keep their word. */
function merged({ verdicts: before }: Deployment, { verdicts }: Decision): readonly Verdict[] {
  const now = new Map(verdicts.map((verdict) => [verdict.gate, verdict]))
  const kept = before.map((verdict) => now.get(verdict.gate) ?? verdict)
  return [...kept, ...verdicts.filter(({ gate }) => !before.some((verdict) => verdict.gate === gate))]
}

const WAITED: Record<WaitReason, string> = {
  approval: 'Nobody who may approve this deployment did so in time.',
  checks: 'The checks were not green in time.',
  image: 'The image did not appear in time.',
  freeze: 'The freeze did not end in time.',
  soak: 'The environment before this one did not stay healthy for long enough in time.',
}

const expired = ({ reason, sentence, until }: Wait): Problem =>
  problem('WAIT_EXPIRED', {
    sentence: WAITED[reason],
    found: sentence,
    wanted: `until ${new Date(until).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    next: 'Ask again when it can be had.',
  })

function refuse({ id }: Deployment, { journal, clock }: RolloutDoors, why: Problem, more: Partial<Ending> = {}): Progress {
  journal.end(id, 'refused', { now: clock.now(), problem: why, ...more })
  return 'again'
}

function supersede({ id }: Deployment, { journal, clock }: RolloutDoors, sentence: string, next: string): Progress {
  journal.end(id, 'superseded', { now: clock.now(), problem: problem('SUPERSEDED', { sentence, next }) })
  return 'again'
}

function fail({ id }: Deployment, error: unknown, doors: RolloutDoors): void {
  const { journal, clock } = doors
  const deployment = journal.find(id)
  // Somebody else may have ended it while this step ran (a cancellation); what is recorded stands.
  if (deployment === null || hasEnded(deployment.state)) return
  const why = problemOf(error, id, doors)
  const isQuiet = isUnknownApp(deployment)
  if (why.code === 'HEAD_UNSETTLED') refuse(deployment, doors, why, { isQuiet })
  else if (deployment.fence !== null) unknown(deployment, doors, why)
  else journal.end(id, 'failure', { now: clock.now(), problem: why, isQuiet })
}
