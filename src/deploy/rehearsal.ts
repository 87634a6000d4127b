import type { Problem } from '../errors.ts'
import { consider } from './consider.ts'
import type { DeployRequest, Verdict, Wait } from './deployment.ts'
import { environmentKey } from './environment.ts'
import { decide, FORBIDS } from './gates/index.ts'
import { isNotYet, notYetThere, type PreflightReport } from './images.ts'
import { canonical, hashPlan, type Plan } from './plan.ts'
import { planOf, type Proposal } from './proposal.ts'
import { situationOf } from './situation.ts'
import { accessOf, problemOf, type RolloutDoors } from './step.ts'
import type { Json, Observation } from './target.ts'

/** What a deployment would come to: every gate, the preflight, and what would change. Nothing was changed. */
export interface Rehearsal {
  readonly plan: Plan
  /** Null while a digest is not known: a deployment would have another plan. */
  readonly planHash: string | null
  readonly verdicts: readonly Verdict[]
  /** The first refusal; null where nothing stands against it. */
  readonly problem: Problem | null
  readonly wait: Wait | null
  readonly reports: readonly PreflightReport[]
  /** Per workload: what runs, and what would. The problem where the target cannot be asked. */
  readonly changes: readonly Change[] | { readonly problem: Problem }
  /** The plan that runs by our records; null where none does. */
  readonly former: Plan | null
  /** Names of the settings that would be others. */
  readonly settings: readonly string[]
}

export interface Change {
  readonly workload: string
  readonly from: string | null
  /** Null where the digest could not be found. */
  readonly to: string | null
}

/** Asks everything that a deployment would ask, in the same order and by the same rules. A stranger learns nothing from it. */
export async function rehearse(
  asked: DeployRequest,
  doors: RolloutDoors,
  options: Parameters<typeof consider>[3] = {},
): Promise<Rehearsal | { readonly problem: Problem }> {
  const considered = await consider(asked, null, doors, options)
  if ('problem' in considered) return { problem: considered.problem }
  const { request, facts, proposal, decision: early } = considered
  // Whoever may not deploy there hears why, and is not shown what a target runs.
  const isForbidden = early.verdicts.some(({ gate, outcome }) => outcome === 'refused' && FORBIDS.has(gate))
  if ('refusal' in early && isForbidden) return { problem: early.refusal.problem }
  const how = accessOf(proposal.placed, request.repository, proposal.environment)
  const reports = await Promise.all(proposal.artifacts.map((artifact) => doors.images.preflight(artifact, how)))
  const plan = withDigests(planOf(request, proposal), reports)
  // Without a plan: nothing was fixed before, so that the gates judge as they do when a command arrives.
  const planHash = await hashPlan(plan)
  const known = { plan: null, planHash, approvals: [], built: builtOf(plan, reports), proved: {}, steps: [] }
  const decision = decide(situationOf({ request, deployment: known, facts, proposal: { ...proposal, artifacts: plan.artifacts } }, doors))
  const awaited = awaitedImage(proposal, reports, doors)
  const failed = awaited === null ? (reports.flatMap(({ rows }) => rows).find(({ problem }) => problem !== null)?.problem ?? null) : null
  return {
    plan,
    planHash: plan.artifacts.every(({ digest }) => digest !== null) ? planHash : null,
    verdicts: decision.verdicts,
    problem: 'refusal' in decision ? decision.refusal.problem : failed,
    wait: 'wait' in decision ? decision.wait : awaited,
    reports,
    changes: await changesOf(plan, proposal, doors),
    ...comparedWith(plan, request, doors),
  }
}

/** What a deployment would wait for, where the only thing that is wrong with its images is that one is not there yet. */
function awaitedImage({ artifacts }: Proposal, reports: readonly PreflightReport[], { clock }: RolloutDoors): Wait | null {
  const problems = reports.map(({ rows }) => rows.find(({ problem }) => problem !== null)?.problem ?? null)
  if (problems.some((problem, index) => problem !== null && (!isNotYet(problem) || artifacts[index]?.wait === undefined))) return null
  const artifact = artifacts[problems.findIndex((problem) => problem !== null)]
  if (artifact === undefined) return null
  return { reason: 'image', sentence: notYetThere(artifact), until: clock.now() + (artifact.wait ?? 0), lookAt: clock.now() }
}

const withDigests = (plan: Plan, reports: readonly PreflightReport[]): Plan => ({
  ...plan,
  artifacts: plan.artifacts.map(({ name, repository, tag, digest }, index) => ({
    name,
    repository,
    tag,
    digest: digest ?? reports[index]?.digest ?? null,
  })),
})

const builtOf = ({ artifacts }: Plan, reports: readonly PreflightReport[]): Record<string, string | null> =>
  Object.fromEntries(artifacts.map(({ name }, index) => [name, reports[index]?.revision ?? null]))

async function changesOf(plan: Plan, { placed, settings }: Proposal, doors: RolloutDoors): Promise<Rehearsal['changes']> {
  try {
    const now = await placed.target.observe(settings)
    return now.map((seen) => ({ workload: seen.workload, from: seen.digest, to: digestFor(seen, plan) }))
  } catch (error) {
    return { problem: problemOf(error, plan.environment, doors) }
  }
}

/** Targets do not say which image a workload has; with several, the one that is not there already. */
const digestFor = ({ digest }: Observation, { artifacts }: Plan): string | null =>
  artifacts.find((artifact) => artifact.digest !== null && artifact.digest === digest)?.digest ??
  artifacts.find((one) => one.digest !== null)?.digest ??
  null

function comparedWith(plan: Plan, { repository }: DeployRequest, { journal }: RolloutDoors): Pick<Rehearsal, 'former' | 'settings'> {
  const last = journal.lastSuccess(environmentKey(repository.id, plan.app, plan.environment))?.plan ?? null
  if (last === null) return { former: null, settings: [] }
  const names = new Set([...Object.keys(last.settings), ...Object.keys(plan.settings)])
  const text = (value: Json | undefined): string => (value === undefined ? '' : canonical(value))
  return { former: last, settings: [...names].filter((name) => text(last.settings[name]) !== text(plan.settings[name])) }
}
