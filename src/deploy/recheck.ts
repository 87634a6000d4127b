import { problem, type Problem } from '../errors.ts'
import type { Deployment } from './deployment.ts'
import { decide } from './gates/index.ts'
import type { Plan } from './plan.ts'
import { propose, type PlacedTarget } from './proposal.ts'
import { patiently, planned, type RolloutDoors } from './step.ts'

/**
 * The gates once more, just before the effect: by the facts of now, with the rules of then and of now. What is judged is the
 * plan, because the plan is what will be applied; what the request's words would mean by now is of no interest.
 */
export async function recheck(deployment: Deployment, doors: RolloutDoors): Promise<Problem | null> {
  const { plan } = planned(deployment, doors)
  const { app, environment, settings, artifacts } = plan
  const request = { ...deployment.request, asks: { ...deployment.request.asks, app, environment } }
  const facts = await patiently(doors, () => doors.source.look(request, 'settled'))
  const stranger = decide({ request, facts, proposal: null, plan })
  if ('refusal' in stranger) return stranger.refusal.problem
  const proposal = propose(request, facts, doors)
  if ('problem' in proposal) return proposal.problem
  const { placed } = proposal
  if (placed.name !== plan.target || placed.revision !== plan.targetRevision) return targetChanged(plan, placed)
  const decision = decide({ request, facts, proposal: { ...proposal, settings, artifacts }, plan })
  return 'refusal' in decision ? decision.refusal.problem : null
}

const targetChanged = (plan: Plan, placed: PlacedTarget): Problem =>
  problem('TARGET_NOT_ALLOWED', {
    sentence: `The target of ${plan.environment} changed after this deployment was planned.`,
    found: placed.name === plan.target ? `another declaration of target ${placed.name}` : `target ${placed.name}`,
    wanted: `target ${plan.target} as it was declared then`,
    next: 'Ask again: the new deployment is planned by the new declaration.',
  })
