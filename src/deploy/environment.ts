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

/**
 * What an account's administrators allow one repository on one target (the operator file's `allow`); nothing is allowed without one.
 * The texts are patterns for `matches`.
 */
export interface Bound {
  /** GitHub's id: a name can be given up and taken by somebody else. */
  readonly repositoryId: number
  readonly environments: readonly string[]
  /** Canonical repositories: `ghcr.io/acme/*`. */
  readonly images: readonly string[]
  /** By the name of the setting; its value must be a string that matches. */
  readonly settings: ReadonlyMap<string, string>
}

/**
 * Whether the whole of `text` fits `pattern`, in which `*` stands for any characters but `/`, and `**` for any at all.
 * A text with a `.` or `..` segment fits only itself: `/srv/*` must not allow `/srv/..`.
 */
export function matches(pattern: string, text: string): boolean {
  if (text.split('/').some((segment) => segment === '.' || segment === '..')) return pattern === text
  // `fits[i]`: the pieces so far match the first i characters. Never backtracks, so no pattern makes a text slow.
  let fits = Array.from({ length: text.length + 1 }, (_, index) => index === 0)
  for (const piece of pattern.match(/\*\*|[^]/g) ?? []) fits = extend(fits, piece, text)
  return fits[text.length] ?? false
}

function extend(fits: readonly boolean[], piece: string, text: string): boolean[] {
  const next: boolean[] = []
  for (const [index, fit] of fits.entries()) {
    const before = text[index - 1]
    const grows = index > 0 && (next[index - 1] ?? false)
    if (piece === '**') next.push(fit || grows)
    else if (piece === '*') next.push(fit || (grows && before !== '/'))
    else next.push(before === piece && (fits[index - 1] ?? false))
  }
  return next
}
