import { Refusal } from '../../errors.ts'
import { matches } from '../environment.ts'
import { listed } from '../wording.ts'
import { judged, type Gate, type Situation } from './gate.ts'

/**
 * Where the commit belongs. Of a pull request that is the branch it is bound for: what the other one is called is chosen by whoever opens
 * it, and a fork's may be called `main`. Everywhere else it is the branch or tag that was named, or the default branch.
 */
export const branch: Gate = {
  name: 'branch',
  skippedBy: ['rollback', 'promote'],
  judge: (situation) => {
    const { facts, proposal } = situation
    const branches = proposal?.rules.from.branches ?? null
    if (facts === null || proposal === null || branches === null) return null
    const place = placeOf(situation)
    const wanted = listed(branches)
    if (place === null) return refused(proposal.environment, 'a commit of which nothing says where it belongs', wanted)
    if (branches.some((pattern) => matches(pattern, place.name))) return `${place.what} ${place.name} may be deployed here`
    return refused(proposal.environment, `${place.what} ${place.name}`, wanted)
  },
}

/** Null where a plan is tried again whose commit is no longer where this request looks. */
function placeOf(situation: Situation): { readonly what: string; readonly name: string } | null {
  const { request, facts, plan } = situation
  const isRepeated = plan === null && request.asks.origin !== null
  if (facts?.pull != null && request.asks.ref === null) {
    return isRepeated && facts.pull.head !== judged(situation) ? null : { what: 'a pull request for', name: facts.pull.base }
  }
  if (facts?.ref == null || (isRepeated && facts.ref.commit !== judged(situation))) return null
  return { what: 'the branch or tag', name: facts.ref.name }
}

const refused = (environment: string, found: string, wanted: string): Refusal =>
  new Refusal('BRANCH_REFUSED', {
    sentence: `${environment} is not deployed from there.`,
    found,
    wanted: `one of ${wanted}`,
    next: 'Deploy one of these branches, or ask whoever maintains these rules to add this one to from.branches.',
  })
