import { Refusal } from '../errors.ts'
import type { Deployment } from './deployment.ts'
import { decide, type Decision } from './gates/index.ts'
import { partiesOf } from './environment.ts'
import { propose, type PlacedTarget } from './proposal.ts'
import type { Plan } from './plan.ts'
import { judge, situationOf } from './situation.ts'
import type { Look } from './source.ts'
import { patiently, planned, type RolloutDoors, withMembers } from './step.ts'

/**
 * The gates once more, just before the effect: by the facts of now, with the rules of then and of now. What is judged is the
 * plan, because the plan is what will be applied; what the request's words would mean by now is of no interest.
 */
export async function recheck(deployment: Deployment, doors: RolloutDoors): Promise<Decision> {
  const { plan } = planned(deployment, doors)
  const { app, environment, settings, artifacts, commit, source, parameters } = plan
  const asks = { ...deployment.request.asks, app, environment, origin: null, parameters: {}, image: null }
  const request = { ...deployment.request, asks }
  const asked = besides(deployment, plan)
  const facts = await patiently(doors, () => doors.source.look(request, asked))
  const stranger = decide(situationOf({ request, deployment, facts, proposal: null }, doors))
  if ('refusal' in stranger) return stranger
  const proposal = propose(request, facts, { ...doors, settled: { settings, artifacts, commit, source, parameters } })
  if ('problem' in proposal) return refused(proposal.problem)
  const { placed } = proposal
  if (placed.key !== plan.target || placed.revision !== plan.targetRevision) return refused(targetChanged(plan, placed).problem)
  // The rules of now may name teams that those of then did not.
  const all = await withMembers(facts, proposal.rules, request, doors, asked.people)
  // Judged is the request as it was made: what it may skip depends on its words.
  return judge({ request: deployment.request, deployment, facts: all, proposal }, doors)
}

function besides({ rules, built, proved, approvals }: Deployment, { commit }: Plan): Look {
  const others = [...Object.values(built), ...Object.values(proved)].filter((one) => one !== null && one !== commit) as string[]
  return {
    commit,
    ...(others.length > 0 && { built: others }),
    ...(rules !== null && { parties: partiesOf(rules) }),
    ...(approvals.length > 0 && { people: approvals.map(({ by }) => by) }),
  }
}

const refused = (problem: Refusal['problem']): Decision => ({ verdicts: [], refusal: { problem } })

const targetChanged = (plan: Plan, placed: PlacedTarget): Refusal =>
  new Refusal('TARGET_NOT_ALLOWED', {
    sentence: `The target of ${plan.environment} changed after this deployment was planned.`,
    found: placed.key === plan.target ? `another declaration of target ${placed.name}` : `target ${placed.name}`,
    wanted: `target ${plan.target} as it was declared then`,
    next: 'Ask again: the new deployment is planned by the new declaration.',
  })
