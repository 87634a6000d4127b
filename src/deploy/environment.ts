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
  /** How long a deployment waits for it to appear (milliseconds); null where a missing image is a failure at once. */
  readonly wait: number | null
}

/**
 * Somebody that a rule names: a team of an organisation, a user by login, a GitHub App by its slug or its id, a workflow of the
 * repository by its file, or an API token of the account by its name.
 */
export type Party =
  | { readonly kind: 'team'; readonly organisation: string; readonly slug: string }
  | { readonly kind: 'user'; readonly login: string }
  | { readonly kind: 'app'; readonly app: string | number }
  /** `ref`: a pattern for branches, or for whole refs where it begins with `refs/`; null: the default branch. */
  | { readonly kind: 'workflow'; readonly file: string; readonly ref: string | null }
  | { readonly kind: 'token'; readonly name: string }

/** As the configuration writes it: `team:acme/releasers`, `user:ada`, `app:release-bot`, `workflow:release.yml@release/*`, `token:ci`. */
export function partyName(party: Party): string {
  if (party.kind === 'team') return `team:${party.organisation}/${party.slug}`
  if (party.kind === 'user') return `user:${party.login}`
  if (party.kind === 'app') return `app:${party.app}`
  return party.kind === 'token' ? `token:${party.name}` : `workflow:${party.file}${party.ref === null ? '' : `@${party.ref}`}`
}

/** No App and no other program has a role: they are let in by being named, and have no say in approvals. */
export const isProgram = ({ kind }: Party): boolean => kind !== 'team' && kind !== 'user'

/** A moment of the week in a time zone. */
export interface WeekMoment {
  /** 0 is Sunday, as `Date.getDay` has it. */
  readonly day: number
  /** Minutes since midnight. */
  readonly minute: number
}

/** Nothing is deployed between the two moments of each week. */
export interface FreezeWindow {
  readonly from: WeekMoment
  readonly to: WeekMoment
  /** An IANA time zone: `Europe/Berlin`. */
  readonly zone: string
}

/** What people may set with `key=value`. */
export interface Parameter {
  readonly type: 'enum' | 'string' | 'number' | 'boolean'
  /** For an enum: what it may be. */
  readonly of: readonly string[]
  /** As text; null where it must be said. */
  readonly default: string | null
}

/** What the configuration says of one environment, every rule in force. Times are milliseconds. JSON, because a deployment keeps the rules it began with. */
export interface EnvironmentRules {
  readonly name: string
  readonly target: string
  readonly settings: unknown
  readonly url: string | null
  /** The role, and where `any` is not empty one of those as well. */
  readonly allow: { readonly role: Role; readonly any: readonly Party[] }
  /** `branches`: patterns for `matches`; null where any branch will do. */
  readonly from: {
    readonly branches: readonly string[] | null
    readonly pullRequests: boolean
    readonly forks: boolean
    /** Whether a draft may be deployed. */
    readonly drafts: boolean
  }
  readonly auto: {
    /** Patterns for branches. */
    readonly push: readonly string[]
    /** Once every check on the commit is green; without `push` on the default branch. */
    readonly checks: boolean
    /** When a tag of one of its images is published on GitHub Packages. */
    readonly package: boolean
  } | null
  /** `newest`: a newer deployment supersedes those that still wait. */
  readonly queue: 'newest' | 'all'
  /** Healthy is, besides the target's own word: this path at `url` answers 2xx so many times running. */
  readonly health: { readonly path: string; readonly within: number; readonly times: number } | null
  /** The same digests must run there, healthy for so long. */
  readonly after: { readonly environment: string; readonly healthyFor: number } | null
  readonly approvals: {
    readonly count: number
    /** Empty: anybody with the role. */
    readonly by: readonly Party[]
    readonly not: readonly ('requester' | 'author' | 'pusher')[]
    readonly expire: number
  } | null
  readonly require: {
    /** `all`: every check that reports on the commit; null where checks do not matter. `app`: a slug; null where any App may report it. */
    readonly checks: readonly { readonly name: string; readonly app: string | null }[] | 'all' | null
    readonly reviews: number
    readonly upToDate: boolean
    readonly signed: boolean
  }
  readonly verify: {
    /** That the image was built from the commit: `claimed` by its label, `proved` by a signed attestation; null where nothing says so. */
    readonly commit: 'claimed' | 'proved' | null
    readonly attestation: { readonly repository: string; readonly workflow: string; readonly ref: string | null } | null
  }
  readonly freeze: readonly FreezeWindow[]
  /** After the switch: put the former image back, the same and lock the environment, or leave it. */
  readonly onFailure: 'rollback' | 'rollback_and_lock' | 'keep'
  /** By name. */
  readonly parameters: { readonly [name: string]: Parameter }
  /** What the account's defaults demand besides; left out where they demand nothing. */
  readonly also?: readonly Demands[]
}

/** One entry of the account's defaults, for one environment: what it leaves out is the environment's own. */
export type Demands = Pick<EnvironmentRules, 'allow' | 'approvals' | 'require' | 'freeze' | 'from'>

/** The rules as the repository has them, then once more with each of the account's demands in their place: all of them have to let it pass. */
export const everyRules = (own: EnvironmentRules): readonly EnvironmentRules[] => [
  own,
  ...(own.also ?? []).map((demands) => ({ ...own, ...demands })),
]

export const asksForApprovals = (own: EnvironmentRules): boolean => everyRules(own).some(({ approvals }) => approvals !== null)

/** The teams whose members have to be known before the rules can be judged. */
export const partiesOf = (own: EnvironmentRules): readonly Party[] =>
  everyRules(own).flatMap(({ allow, approvals }) => [...allow.any, ...(approvals?.by ?? [])].filter(({ kind }) => kind === 'team'))

/** How an image has to be tied to its commit: as a rule says, or as others make necessary. */
export function proofDemanded({ verify, require }: Pick<EnvironmentRules, 'verify' | 'require'>): EnvironmentRules['verify']['commit'] {
  const isJudged = require.checks !== null || require.reviews > 0 || require.signed
  return verify.commit ?? (isJudged ? 'claimed' : null)
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

/**
 * A configuration's text → what it says, or the first problem with line, column and nearest key in `found`. `defaults`: the text of the
 * account's; null where it has none.
 */
export type ReadConfiguration = (
  text: string,
  repositoryName: string,
  defaults: string | null,
) => { readonly configuration: Configuration } | { readonly problem: Problem }

/** The name of a lock and a queue: keyed by the repository's id, never by its name. */
export const environmentKey = (repositoryId: number, app: string, environment: string): string => `${repositoryId}:${app}:${environment}`

/** A repository that the account's administrators mean: by GitHub's id, because a name can be given up and taken by somebody else. */
export interface Admitted {
  readonly repositoryId: number
  /** The account that it belonged to when they said so: whoever it is transferred to has not been asked for. */
  readonly owner: string
}

export const isAdmitted = ({ repositoryId, owner }: Admitted, now: { readonly id: number; readonly owner: string }): boolean =>
  repositoryId === now.id && owner.toLowerCase() === now.owner.toLowerCase()

/**
 * What an account's administrators allow one repository on one target (the operator file's `allow`); nothing is allowed without one.
 * The texts are patterns for `matches`.
 */
export interface Bound extends Admitted {
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
export const matches = (pattern: string, text: string): boolean => fitting(text)(pattern)

/** `matches` for one text and many patterns. */
export function fitting(text: string): (pattern: string) => boolean {
  if (text.split('/').some((segment) => segment === '.' || segment === '..')) return (pattern) => pattern === text
  // Places in the text as a number: bit i is the place behind its first i characters. All of them move on at once and none ever
  // comes back, so no pattern makes a text slow.
  const everywhere = (2n << BigInt(text.length)) - 1n
  const behind = new Map<string, bigint>()
  for (const [index, character] of text.split('').entries()) behind.set(character, (behind.get(character) ?? 0n) | (2n << BigInt(index)))
  const withoutSlash = everywhere & ~1n & ~(behind.get('/') ?? 0n)

  const after = (piece: string, places: bigint): bigint => {
    if (piece === '**') return everywhere & -(places & -places)
    const next = places << 1n
    if (piece !== '*') return next & (behind.get(piece) ?? 0n)
    const begun = next & withoutSlash
    // The carry of the addition runs from each place through the ones before the next slash.
    return places | ((((begun + withoutSlash) ^ withoutSlash) | begun) & withoutSlash)
  }
  return (pattern) => {
    let places = 1n
    for (const piece of pattern.match(/\*\*|[^]/g) ?? []) places = after(piece, places)
    return places >> BigInt(text.length) === 1n
  }
}
