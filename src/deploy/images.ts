import type { Problem } from '../errors.ts'
import type { Digest } from '../registry/reference.ts'
import type { PlannedArtifact } from './plan.ts'
import type { Artifact, Layer, PullCredential } from './target.ts'

/** An image as the registry knows it now. */
export interface ResolvedImage {
  readonly digest: Digest
  /** Which credential answered, in words: `anonymous`, `credential ghcr`. Never a value. */
  readonly as: string
}

/** What the preflight looks at, in this order. */
export type PreflightRowName = 'target' | 'credential' | 'challenge' | 'token' | 'manifest' | 'platform' | 'config' | 'size' | 'lifetime'

export interface PreflightRow {
  readonly name: PreflightRowName
  /** `skipped`: something before it failed. */
  readonly outcome: 'passed' | 'warned' | 'failed' | 'skipped'
  readonly note: string
  readonly problem: Problem | null
}

/** Whether a target will be able to pull an image. */
export interface PreflightReport {
  /** The commit that the image says it was built from; null where it says nothing, or was not read. */
  readonly revision: string | null
  /** The whole canonical name. */
  readonly image: string
  readonly rows: readonly PreflightRow[]
  readonly isPullable: boolean
  readonly digest: Digest | null
  /** `ambient`: the target pulls with an identity of its own, which nobody here can try. */
  readonly as: string
  readonly isProved: boolean
}

/** The registries, as the engine sees them. Failures are thrown with the registry's codes; `correlation`: the deployment, for the log. */
export interface Images {
  /** Authenticates with the credential that the target will use, and fixes the tag to a digest. */
  resolve(artifact: PlannedArtifact, target: TargetAccess, correlation: string): Promise<ResolvedImage>
  /**
   * Proves that the digest can be pulled for the platform, by the whole preflight. `note` is for people; `revision` is the commit that
   * the image says it was built from (`org.opencontainers.image.revision`), null where it says nothing.
   */
  verify(artifact: Artifact, target: TargetAccess, correlation: string): Promise<{ readonly note: string; readonly revision: string | null }>
  /** The preflight alone, row by row: nothing is thrown for what does not work. */
  preflight(artifact: PlannedArtifact, target: TargetAccess): Promise<PreflightReport>
  layers(artifact: Artifact, target: TargetAccess, correlation: string): Promise<{ readonly layers: readonly Layer[] }>
  /** What the target is handed for its own pull, and outlives it; null for an anonymous one. */
  credential(artifact: Artifact, target: TargetAccess): Promise<PullCredential | null>
}

/** How a target reaches registries, from the operator's declaration. */
export interface TargetAccess {
  /** Whose target it is (`Declaration.account`). */
  readonly account: number
  /** Declared by the account itself: whatever is asked for it reaches no private address. */
  readonly isConfined?: boolean
  /** By the account itself, wherever it may reach: it is handed what the account has declared itself, and nothing that the operator has put there. */
  readonly isOwn?: boolean
  readonly pulls: 'credential' | 'ambient' | 'none'
  /** A credential by name; null: the one whose registry and repositories match the image. */
  readonly credential: string | null
  readonly platform: string | null
  /** For whom it is: a credential may be kept for some of them only. */
  readonly user: { readonly id: number; readonly owner: string; readonly account: number | undefined; readonly environment: string }
  /** Where the target cannot pull from this registry: from which it can, in words; null where it can. */
  onlyFrom(registry: string): string | null
}

/** The registry does not have it, which may only mean that nobody has pushed it yet. */
export const isNotYet = ({ code }: Problem): boolean => code === 'TAG_NOT_FOUND' || code === 'REPOSITORY_NOT_FOUND'

export const notYetThere = ({ repository, tag }: PlannedArtifact): string => `The registry does not have ${repository}:${tag} yet.`
