import type { Digest } from '../registry/reference.ts'
import type { Artifact, Json, TargetSettings } from './target.ts'

/** An image as the plan names it: complete once `digest` is known. */
export interface PlannedArtifact {
  readonly name: string
  /** Canonical name without tag or digest: `ghcr.io/acme/shop`. */
  readonly repository: string
  /** What the person named or the template gave: `1.2`, or null where a digest was named. */
  readonly tag: string | null
  readonly digest: Digest | null
  /** How long to wait for it to appear (milliseconds since it was asked for), only while the digest is not known. */
  readonly wait?: number
}

/** Where a commit was asked for from. */
export interface PlanSource {
  readonly isPull: boolean
  readonly isFork: boolean
  /** Of a pull request the branch it is for, else the branch or tag that was named, or the default branch. */
  readonly branch: string
}

/** What a deployment would do: immutable and hashed. Approval, retry and rollback are about a plan, never about "what the file says now". */
export interface Plan {
  readonly repositoryId: number
  readonly app: string
  readonly environment: string
  readonly target: string
  /** Changes when the operator changes the target's declaration. */
  readonly targetRevision: string
  readonly artifacts: readonly PlannedArtifact[]
  /** With the parameters filled in. */
  readonly settings: TargetSettings
  /** What was said with `key=value`, and the defaults: as text, by name. */
  readonly parameters: { readonly [name: string]: string }
  /** The commit that check run and GitHub Deployment stand on. */
  readonly commit: string
  /** Where the commit came from when it was first planned; null where an older version did not note it. */
  readonly source: PlanSource | null
  /** The configuration's blob id on the default branch; with a `+` that of the account's defaults, where there are any. */
  readonly configuration: string
  readonly url: string | null
}

/** The plan's images, each with its digest: to be called once they are resolved. */
export const artifactsOf = (plan: Plan): Artifact[] =>
  plan.artifacts.map(({ name, repository, digest }) => {
    if (digest === null) throw new Error(`${name} has no digest yet`)
    return { name, repository, digest }
  })

/** SHA-256 over the canonical JSON (keys sorted, no white space) of the plan, in hex. */
export async function hashPlan(plan: Plan): Promise<string> {
  return sha256(canonical(plan as unknown as Json))
}

/** As `--expect` where exactly the plan that somebody was shown is meant: images, settings, commit and configuration. */
export const expectedPlan = (planHash: string): string => `plan:${planHash}`

/** What is there once it has succeeded, without where it came from and by which rules: two plans of the same text change nothing between them. */
export const whatRuns = ({ settings, target, artifacts }: Plan): string =>
  canonical({ settings, target, artifacts: artifacts.map(({ name, digest }) => [name, digest]) })

/** JSON with sorted keys: the same value gives the same text on every machine. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`
}

export async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
