import type { Digest } from '../registry/reference.ts'
import type { PlannedArtifact } from './plan.ts'
import type { Artifact, Layer, PullCredential } from './target.ts'

/** An image as the registry knows it now. */
export interface ResolvedImage {
  readonly digest: Digest
  /** Which credential answered, in words: `anonymous`, `credential ghcr`. Never a value. */
  readonly as: string
}

/** The registries, as the engine sees them. Failures are thrown with the registry's codes. */
export interface Images {
  /** Authenticates with the credential that the target will use, and fixes the tag to a digest. */
  resolve(artifact: PlannedArtifact, target: TargetAccess): Promise<ResolvedImage>
  /** Proves that the digest can be pulled for the platform. */
  verify(artifact: Artifact, target: TargetAccess): Promise<{ readonly note: string }>
  layers(artifact: Artifact, target: TargetAccess): Promise<{ readonly layers: readonly Layer[] }>
  /** What the target is handed for its own pull; null for an anonymous one. */
  credential(artifact: Artifact, target: TargetAccess): Promise<PullCredential | null>
}

/** How a target reaches registries, from the operator's declaration. */
export interface TargetAccess {
  readonly pulls: 'credential' | 'ambient' | 'none'
  /** A credential by name; null: the one whose registry and repositories match the image. */
  readonly credential: string | null
  readonly platform: string | null
}
