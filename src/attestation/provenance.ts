import type { Attestations, Provenance } from '../deploy/provenance.ts'
import type { Repository } from '../deploy/deployment.ts'
import { Refusal } from '../errors.ts'
import type { Code, Problem } from '../errors.ts'
import { publicGoodRoot, type TrustedRoot } from './roots.ts'
import { missing, verifyAttestation } from './verify.ts'

/** Anybody with write access may add attestations, so one that proves nothing takes nothing from another. */
export function createProvenance(attestations: Attestations, roots: readonly TrustedRoot[] = [publicGoodRoot()]): Provenance {
  return {
    async prove({ digest }, wanted, asker) {
      const demand = { ...wanted, digest, repositoryId: idOf(wanted.repository, asker) }
      const problems: Problem[] = []
      for await (const bundle of attestations.bundlesOf(wanted.repository, digest, asker)) {
        const proof = verifyAttestation(bundle, demand, roots)
        if (!(proof instanceof Refusal)) return { commit: proof.commit }
        problems.push(proof.problem)
      }
      return { problem: tellingOf(problems) ?? missing(demand, 'no attestation').problem }
    },
  }
}

/** Who asks says which number its name has; of other repositories nobody here knows it. */
const idOf = (repository: string, asker: Repository): number | null =>
  repository.toLowerCase() === `${asker.owner}/${asker.name}`.toLowerCase() ? asker.id : null

/** The one that came nearest, of however many. */
const NEARNESS: readonly Code[] = ['ATTESTATION_OTHER', 'ATTESTATION_INVALID', 'ATTESTATION_MISSING']

function tellingOf(problems: readonly Problem[]): Problem | undefined {
  const [nearest, ...others] = problems.toSorted((a, b) => NEARNESS.indexOf(a.code) - NEARNESS.indexOf(b.code))
  if (nearest === undefined || others.length === 0) return nearest
  const more = `${others.length} more attestation${others.length === 1 ? '' : 's'} that did not count`
  return { ...nearest, found: nearest.found === undefined ? `this one and ${more}` : `${nearest.found}, and ${more}` }
}
