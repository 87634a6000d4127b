import type { Problem } from '../errors.ts'

/** A person's role on a repository, weakest first (GitHub: "repository roles"). */
export const ROLES = ['none', 'read', 'triage', 'write', 'maintain', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Whether `role` includes what `needed` may do. */
export const atLeast = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed)

/** An image that the repository's configuration declares; people name its tags, nothing else can be deployed. */
export interface ImageRule {
  readonly name: string
  /** Canonical: `ghcr.io/acme/shop`. */
  readonly repository: string
  /** A template with `{sha} {short_sha} {branch} {pr}`; null where a tag must be named. */
  readonly tag: string | null
}

/** What the configuration says of one environment, every rule in force. */
export interface EnvironmentRules {
  readonly name: string
  readonly target: string
  readonly settings: unknown
  readonly url: string | null
  readonly allow: { readonly role: Role }
  readonly from: { readonly pullRequests: boolean; readonly forks: boolean }
}

export interface App {
  readonly name: string
  readonly images: ReadonlyMap<string, ImageRule>
  /** The environment meant when a command names none. */
  readonly default: string | null
  readonly environments: ReadonlyMap<string, EnvironmentRules>
}

/** `.github/deploy.yml`, validated. */
export interface Configuration {
  readonly apps: ReadonlyMap<string, App>
}

/** A configuration's text → what it says, or the first problem with line, column and nearest key in `found`. */
export type ReadConfiguration = (text: string, repositoryName: string) => { readonly configuration: Configuration } | { readonly problem: Problem }

/** The name of a lock and a queue: keyed by the repository's id, never by its name. */
export const environmentKey = (repositoryId: number, app: string, environment: string): string => `${repositoryId}:${app}:${environment}`
