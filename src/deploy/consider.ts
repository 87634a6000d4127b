import type { Problem } from '../errors.ts'
import { isPerson, type Deployment, type DeployRequest } from './deployment.ts'
import { decide, type Decision } from './gates/index.ts'
import { originIn } from './origin.ts'
import { propose, type Proposal } from './proposal.ts'
import { situationOf } from './situation.ts'
import { isStranger, type Facts } from './source.ts'
import { patiently, withMembers, type RolloutDoors } from './step.ts'

export type Considered =
  /** `request`: as it was judged. */
  | { readonly request: DeployRequest; readonly facts: Facts; readonly proposal: Proposal; readonly decision: Decision }
  /** `isQuiet`: whoever asks is nobody to talk to. */
  | { readonly problem: Problem; readonly isQuiet: boolean }

/**
 * Everything that is asked when a request arrives, the same for a deployment, a rehearsal and a preflight. Who it is comes first: nobody
 * learns from the configuration what they may not deploy. `deployment`: its own one, not yet planned. `showsHead`: the answer is what shows
 * them the head of the pull request, so that it is judged as seen. Throws what `Source.look` throws.
 */
export async function consider(
  asked: DeployRequest,
  deployment: Deployment | null,
  doors: RolloutDoors,
  { showsHead = false }: { readonly showsHead?: boolean } = {},
): Promise<Considered> {
  const first = await patiently(doors, () => doors.source.look(asked))
  const isShown = showsHead && first.pull !== null && asked.asks.ref === null && asked.asks.origin === null
  const request = isShown ? { ...asked, headSeen: first.pull?.head ?? null } : asked
  const stranger = decide(situationOf({ request, deployment, facts: first, proposal: null }, doors))
  if ('refusal' in stranger) return { problem: stranger.refusal.problem, isQuiet: isStranger(request, first) }
  const proposal = propose(request, first, doors, originIn(doors.journal, request))
  // An App is answered once a rule has been found that names it.
  if ('problem' in proposal) return { problem: proposal.problem, isQuiet: !isPerson(request.actor) }
  const facts = await withMembers(first, proposal.rules, request, doors)
  return { request, facts, proposal, decision: decide(situationOf({ request, deployment, facts, proposal }, doors)) }
}
