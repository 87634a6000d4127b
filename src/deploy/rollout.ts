import { problem, type Problem } from '../errors.ts'
import { hasEnded, type Deployment, type EndState, type State } from './deployment.ts'
import { apply, observe, unknown } from './effect.ts'
import { environmentKey } from './environment.ts'
import { decide } from './gates/index.ts'
import type { Ending } from './journal.ts'
import { hashPlan } from './plan.ts'
import { planOf, propose } from './proposal.ts'
import { isStranger } from './source.ts'
import { recheck } from './recheck.ts'
import { claimWorkloads } from './workloads.ts'
import { access, patiently, planned, problemOf, type Progress, type RolloutDoors, type Step } from './step.ts'

/**
 * The whole life of a deployment, one function per state. Each writes what it is about to do before doing it, and does
 * nothing twice when it is called again in the same state: that is why starting after a crash is the same as going on.
 */
const steps: Record<Exclude<State, EndState>, Step> = {
  requested: async (deployment, { journal, clock }) => {
    journal.move(deployment.id, 'requested', 'gating', { now: clock.now(), step: 'gates' })
    return 'again'
  },
  gating,
  resolving,
  verifying,
  queued,
  applying: apply,
  observing: observe,
}

/** Takes the deployment as far as it can go now. Resolves when it has ended, or waits for another one to end. */
export async function drive(id: string, doors: RolloutDoors, changed: (deployment: Deployment) => void): Promise<void> {
  for (;;) {
    const deployment = doors.journal.find(id)
    if (deployment === null) throw new Error(`no deployment ${id}`)
    changed(deployment)
    if (hasEnded(deployment.state)) return
    try {
      if ((await steps[deployment.state](deployment, doors)) === 'blocked') return
    } catch (error) {
      fail(deployment, error, doors)
    }
  }
}

async function gating(deployment: Deployment, doors: RolloutDoors): Promise<Progress> {
  const { request } = deployment
  const facts = await patiently(doors, () => doors.source.look(request))
  const stranger = decide({ request, facts, proposal: null, plan: null })
  if ('refusal' in stranger) return refuse(deployment, doors, stranger.refusal.problem, { isQuiet: isStranger(request, facts) })
  const proposal = propose(request, facts, doors)
  if ('problem' in proposal) return refuse(deployment, doors, proposal.problem)
  const decision = decide({ request, facts, proposal, plan: null })
  if ('refusal' in decision) return refuse(deployment, doors, decision.refusal.problem)
  const environment = environmentKey(request.repository.id, proposal.app, proposal.environment)
  const taken = claimWorkloads(request, proposal, environment, doors)
  if (taken !== null) return refuse(deployment, doors, taken.problem)
  const plan = planOf(request, proposal)
  doors.journal.move(deployment.id, 'gating', 'resolving', { now: doors.clock.now(), step: 'resolve', environment, plan })
  return 'again'
}

async function resolving(deployment: Deployment, doors: RolloutDoors): Promise<Progress> {
  const { plan, placed } = planned(deployment, doors)
  const artifacts = []
  const notes: string[] = []
  for (const artifact of plan.artifacts) {
    const { digest, as } = await doors.images.resolve(artifact, access(placed), deployment.id)
    artifacts.push({ ...artifact, digest })
    notes.push(`${digest.slice(0, 19)} as ${as}`)
  }
  const complete = { ...plan, artifacts }
  const planHash = await hashPlan(complete)
  doors.journal.move(deployment.id, 'resolving', 'verifying', {
    now: doors.clock.now(),
    step: 'verify',
    note: notes.join(', '),
    plan: complete,
    planHash,
  })
  return 'again'
}

async function verifying(deployment: Deployment, doors: RolloutDoors): Promise<Progress> {
  const { plan, placed } = planned(deployment, doors)
  const notes: string[] = []
  for (const artifact of plan.artifacts) {
    if (artifact.digest === null) throw new Error('verifying a plan without digests')
    const { note } = await doors.images.verify({ ...artifact, digest: artifact.digest }, access(placed), deployment.id)
    notes.push(note)
  }
  const twin = doors.journal.twin(deployment.id)
  if (twin !== null) {
    return supersede(deployment, doors, `The same plan is already on its way, asked for by ${twin.request.actor.login}.`, 'Follow that deployment.')
  }
  doors.journal.move(deployment.id, 'verifying', 'queued', { now: doors.clock.now(), step: 'queue', note: notes.join(', ') })
  return 'again'
}

async function queued(deployment: Deployment, doors: RolloutDoors): Promise<Progress> {
  const { journal, clock } = doors
  const environment = deployment.environment as string
  if (journal.turn(environment)?.id !== deployment.id) return 'blocked'
  const fence = journal.fence(environment)
  const refusal = await recheck(deployment, doors)
  if (refusal !== null) return refuse(deployment, doors, refusal)
  const { plan, placed } = planned(deployment, doors)
  const before = await patiently(doors, () => placed.target.observe(plan.settings))
  const claimed = journal.claim(deployment.id, before, fence, clock.now())
  if (claimed === 'older') return supersede(deployment, doors, 'A newer deployment has succeeded here meanwhile.', 'Nothing: the newer one runs.')
  return 'again'
}

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
  // Somebody else may have ended it while this step ran; what is recorded stands.
  if (deployment === null || hasEnded(deployment.state)) return
  const why = problemOf(error, id, doors)
  if (deployment.state === 'applying' || deployment.state === 'observing') unknown(deployment, doors, why)
  else journal.end(id, 'failure', { now: clock.now(), problem: why })
}
