import type { Problem } from '../errors.ts'
import type { Deployment } from './deployment.ts'
import { artifactsOf } from './plan.ts'
import { patiently, planned, type RolloutDoors } from './step.ts'

/** The commit that a signed attestation proves for each image, where the rules demand one; the first problem where one does not. */
export async function prove(
  deployment: Deployment,
  doors: RolloutDoors,
): Promise<{ readonly commits: Deployment['proved'] } | { readonly problem: Problem }> {
  const attestation = deployment.rules?.verify.attestation ?? null
  if (attestation === null) return { commits: {} }
  const commits: Record<string, string> = {}
  for (const artifact of artifactsOf(planned(deployment, doors).plan)) {
    const proof = await patiently(doors, () => doors.provenance.prove(artifact, attestation, deployment.request.repository))
    if ('problem' in proof) return proof
    commits[artifact.name] = proof.commit
  }
  return { commits }
}
