import * as z from 'zod'
import { Refusal } from '../errors.ts'
import { canonicalRepository, parseReference } from '../registry/reference.ts'
import { ROLES } from '../deploy/environment.ts'
import { templateProblem } from '../deploy/tag-template.ts'
import { later, name, named, text } from './shape.ts'

/**
 * `.github/deploy.yml`, whole. `later()` marks what is known and not enforced in this version; enforcing it means giving it a
 * schema and a place in `EnvironmentRules`.
 */

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `90s` → 90000; NaN for what is no duration. */
function milliseconds(value: string): number {
  const [, amount, unit] = /^([1-9]\d{0,4})([smhd])$/.exec(value) ?? []
  return Number(amount) * (UNITS[unit as keyof typeof UNITS] ?? NaN)
}

/** → milliseconds. */
const duration = (most: string) =>
  text((value) => {
    if (Number.isNaN(milliseconds(value))) return 'a duration such as 90s, 10m or 4h'
    return milliseconds(value) > milliseconds(most) ? `at most ${most}` : null
  }).transform(milliseconds)

const words = z.array(z.string().min(1)).min(1)
export const branches = z.array(text(branchProblem)).min(1).max(50)
const PARTY = /^(team:[\w.-]+\/[\w.-]+|user:[\w-]+|app:[\w-]+|workflow:[\w.-]+\.ya?ml(@[\w./*-]+)?|token:[a-z0-9][a-z0-9-]{0,62})$/
const party = z
  .string()
  .regex(PARTY, 'team:ORGANISATION/TEAM, user:LOGIN, app:NAME-OR-ID, workflow:FILE.yml or workflow:FILE.yml@BRANCH, or token:NAME')
// GitHub is asked about each team and each person at once.
export const parties = z.array(party).min(1).max(50)
export const role = z.enum(['write', 'maintain', 'admin'], {
  error: ({ input }) =>
    `write, maintain or admin${(ROLES as readonly unknown[]).includes(input) ? ': the file can only tighten who may deploy' : ''}`,
})

const image = z.strictObject({
  repository: text(repositoryProblem),
  tag: text(templateProblem).optional(),
  wait: duration('24h').optional(),
})

export const approvals = z.strictObject({
  count: z.int().min(1).max(10),
  by: parties.default([]),
  not: z.array(z.enum(['requester', 'author', 'pusher'])).default(['requester', 'author', 'pusher']),
  expire: duration('7d').prefault('4h'),
})
const check = z.strictObject({
  name: z.string().min(1),
  app: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, "an App's slug, such as github-actions")
    .optional(),
})
/** GitHub tells of so many at once, and where a commit has more of them none counts as green. */
const MOST_CHECKS = 100
export const requirements = z.strictObject({
  checks: z
    .union([z.literal('all'), z.array(check).min(1).max(MOST_CHECKS)], {
      error: ({ input }) =>
        Array.isArray(input) && input.length > MOST_CHECKS
          ? `a list of at most ${MOST_CHECKS}`
          : 'all, or a list such as [{ name: build, app: github-actions }]',
    })
    .optional(),
  reviews: z.int().min(1).max(10).optional(),
  up_to_date: z.boolean().default(false),
  signed: z.boolean().default(false),
})
const attestation = z.strictObject({
  repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'a repository as owner/name'),
  workflow: z.string().regex(/^\.github\/workflows\/[\w.-]+\.ya?ml$/, 'a path such as .github/workflows/release.yml'),
  ref: z.string().startsWith('refs/', 'a whole ref such as refs/heads/main').optional(),
})
export const proof = z.enum(['claimed', 'proved'])
const verification = z.strictObject({ commit: proof.optional(), attestation: attestation.optional() })
const moment = z.string().regex(/^(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):[0-5]\d$/, 'a day and time such as "fri 15:00"')
const window = z.strictObject({ from: moment, to: moment, zone: text(zoneProblem) })
export const freeze = z.array(window).min(1).max(20)
const parameter = z.strictObject({
  type: z.enum(['enum', 'string', 'number', 'boolean']),
  of: words.optional(),
  default: z.union([z.string(), z.number(), z.boolean()], { error: 'a text, a number or true or false' }).optional(),
})
/** What `{name}` in the settings can be. */
const parameterName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, 'at most 63 letters, digits, "_" and "-", beginning with a letter')

const environment = z.strictObject({
  target: name,
  settings: z.record(z.string(), z.unknown()).default({}),
  url: text(addressProblem).optional(),
  allow: z.strictObject({ role: role.default('write'), any: parties.default([]) }).prefault({}),
  from: z
    .strictObject({
      branches: branches.optional(),
      pull_requests: z.boolean().default(true),
      forks: z.boolean().default(false),
      drafts: z.boolean().default(false),
    })
    .prefault({}),
  auto: z.strictObject({ push: branches.optional(), checks: z.literal('green').optional(), package: z.literal('published').optional() }).optional(),
  queue: z.enum(['newest', 'all']).default('all'),
  health: z
    .strictObject({
      path: z.string().startsWith('/', 'a path that begins with /'),
      within: duration('1h').prefault('60s'),
      times: z.int().min(1).max(100).default(1),
    })
    .optional(),
  after: z.strictObject({ environment: name, healthy_for: duration('30d').default(0) }).optional(),
  approvals: approvals.optional(),
  require: requirements.prefault({}),
  verify: verification.prefault({}),
  freeze: freeze.default([]),
  on_failure: z.enum(['rollback', 'rollback_and_lock', 'keep']).default('rollback'),
  parameters: z.record(parameterName, parameter).default({}),
  before: later(),
  preview: later(),
})

const app = z.strictObject({ images: named(image), default: name.optional(), environments: named(environment) })

/** Everything may stand at the top for a single app, or below `apps`; `repository-file.ts` sees to it that it is one of the two. */
export const repositorySchema = z.strictObject({
  version: z.literal(1),
  app: name.optional(),
  apps: named(app).optional(),
  ...app.partial().shape,
})

export type RepositoryDocument = z.output<typeof repositorySchema>
export type AppDocument = z.output<typeof app>
export type EnvironmentDocument = z.output<typeof environment>
export type ParameterDocument = z.output<typeof parameter>

function repositoryProblem(value: string): string | null {
  const reference = parseReference(value)
  if (reference instanceof Refusal) return 'an image repository such as ghcr.io/acme/shop'
  if (reference.tag !== null || reference.digest !== null) return 'an image repository without tag or digest; the tag has a key of its own'
  const canonical = canonicalRepository(reference)
  return canonical === value ? null : `written in full: ${canonical}`
}

/** It stands in every comment and check run of the environment, and GitHub bounds those. */
const LONGEST_ADDRESS = 500

function addressProblem(value: string): string | null {
  if (value.length > LONGEST_ADDRESS) return `an address of at most ${LONGEST_ADDRESS} characters`
  const wanted = 'an https:// address, or an http:// one on loopback, without user name and password'
  const url = URL.parse(value)
  if (url === null || url.username !== '' || url.password !== '') return wanted
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback) ? null : wanted
}

// As long as a file's name can be, and so a branch.
const LONGEST_BRANCH = 255

/** Branches are named as people name them; a pattern is one for `matches`. */
function branchProblem(value: string): string | null {
  if (value.length > LONGEST_BRANCH) return `at most ${LONGEST_BRANCH} characters`
  if (value === '' || /\s/.test(value)) return 'a branch or a pattern such as release/*'
  return value.startsWith('refs/') ? `a branch without refs/: ${value.replace(/^refs\/(heads\/)?/, '') || 'main'}` : null
}

function zoneProblem(value: string): string | null {
  // An offset such as +02:00 knows nothing of daylight saving.
  return /^[A-Za-z]/.test(value) && isZone(value) ? null : 'a time zone such as Europe/Berlin or UTC'
}

function isZone(value: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
