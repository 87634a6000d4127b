import type { Problem } from '../errors.ts'
import { crowdIn } from './crowd.ts'
import { NOTHING_ASKED, type DeployRequest, type Verdict, type Wait } from './deployment.ts'
import { partiesOf, type App, type EnvironmentRules } from './environment.ts'
import { decide, FORBIDS } from './gates/index.ts'
import { mayDeployThere } from './may-deploy.ts'
import { propose, readRules } from './proposal.ts'
import { situationOf } from './situation.ts'
import type { Facts } from './source.ts'
import { placesIn, recordedOf, statusOf, type EnvironmentStatus, type Looking, type Place } from './status.ts'
import { patiently, withParties, type RolloutDoors } from './step.ts'

/** An environment as it stands for one person: what runs there, and what they would meet if they deployed to it now. */
export interface EnvironmentStanding {
  readonly app: App
  readonly rules: EnvironmentRules
  /** `observed` is empty and `drift` null for whoever may not deploy there. */
  readonly status: EnvironmentStatus
  /**
   * Of a deployment that names nothing but the environment: every gate, before any image is looked at. The problem is IMAGE_REQUIRED or
   * another of what was asked where it has to name more, and then there are no verdicts.
   */
  readonly decision: { readonly problem: Problem | null; readonly wait: Wait | null; readonly verdicts: readonly Verdict[] }
}

/** How long a target has for each answer: whoever looks at all environments waits for none of them. */
const PATIENCE = 5_000

/**
 * Every environment that the configuration declares, by one look at GitHub, and judged as `consider` judges. Of what the request asks for
 * only `whenGreen` counts. The problem where there is no configuration to go by. Throws what `Source.look` throws.
 */
export async function standings(
  asked: DeployRequest,
  doors: RolloutDoors,
  looking: Pick<Looking, 'wakeNext' | 'settles'>,
): Promise<readonly EnvironmentStanding[] | { readonly problem: Problem }> {
  const request = { ...asked, asks: { ...NOTHING_ASKED, whenGreen: asked.asks.whenGreen } }
  const first = await patiently(doors, () => doors.source.look(request))
  const stranger = decide(situationOf({ request, deployment: null, facts: first, proposal: null }, doors))
  const read = readRules(request, first, doors)
  if ('problem' in read) return 'refusal' in stranger ? stranger.refusal : read
  const places = placesIn(read.configuration, { app: null, environment: null })
  if ('refusal' in stranger) {
    const decision = { problem: stranger.refusal.problem, wait: null, verdicts: stranger.verdicts }
    return places.map((place) => ({ ...place, status: unseen(request, place, doors), decision }))
  }
  const parties = places.flatMap(({ rules }) => partiesOf(rules))
  const facts = await withParties(first, parties, request, doors)
  const around = { ...doors, readConfiguration: () => read }
  return Promise.all(
    places.map(async (place) => {
      const { isForbidden, ...decision } = meets(request, place, facts, around)
      const status = isForbidden
        ? unseen(request, place, doors)
        : await statusOf(request.repository, place, doors, { ...looking, patience: PATIENCE })
      return { ...place, status, decision }
    }),
  )
}

/** What is on record, for whoever is shown nothing of what a target runs. */
const unseen = ({ repository }: DeployRequest, place: Place, doors: RolloutDoors): EnvironmentStatus => ({
  ...recordedOf(repository, place, doors),
  observed: [],
  drift: null,
})

function meets(
  request: DeployRequest,
  { app, rules }: Place,
  facts: Facts,
  doors: RolloutDoors,
): EnvironmentStanding['decision'] & { readonly isForbidden: boolean } {
  const own = { ...request, asks: { ...request.asks, app: app.name, environment: rules.name } }
  const proposal = propose(own, facts, doors)
  if ('problem' in proposal) {
    // Whoever may not deploy there need not learn what they would have to name.
    const may = mayDeployThere(own, facts, rules)
    return { problem: may?.problem ?? proposal.problem, wait: null, verdicts: [], isForbidden: may !== null }
  }
  const decision = decide(situationOf({ request: own, deployment: null, facts, proposal }, doors))
  const { verdicts } = decision
  const isForbidden = verdicts.some(({ gate, outcome }) => outcome === 'refused' && FORBIDS.has(gate))
  if ('refusal' in decision) return { problem: decision.refusal.problem, wait: null, verdicts, isForbidden }
  return { problem: crowdIn(own.repository, doors.journal), wait: 'wait' in decision ? decision.wait : null, verdicts, isForbidden }
}
