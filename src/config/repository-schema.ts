import { z } from 'zod'
import { Refusal } from '../errors.ts'
import { canonicalRepository, parseReference } from '../registry/reference.ts'
import { ROLES } from '../deploy/environment.ts'
import { templateProblem } from '../deploy/tag-template.ts'
import { later, name, named, text } from './shape.ts'

/**
 * `.github/deploy.yml`, whole. `later(…)` marks the rules that are checked but not enforced in this version; enforcing one
 * means taking the mark away and giving the rule a place in `EnvironmentRules`.
 */

const duration = z.string().regex(/^[1-9]\d{0,4}[smhd]$/, 'a duration such as 90s, 10m or 4h')
const repository = z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'a repository as owner/name')
const words = z.array(z.string().min(1)).min(1)
const person = z.string().regex(/^(team:[\w.-]+\/[\w.-]+|user:[\w-]+|app:[\w-]+)$/, 'team:ORGANISATION/TEAM, user:LOGIN or app:NAME')
const role = z.enum(['write', 'maintain', 'admin'], {
  error: ({ input }) =>
    `write, maintain or admin${(ROLES as readonly unknown[]).includes(input) ? ': the file can only tighten who may deploy' : ''}`,
})

const image = z.strictObject({
  repository: text(repositoryProblem),
  tag: text(templateProblem).optional(),
  wait: later(duration),
})

const approvals = z.strictObject({
  count: z.int().min(1),
  by: z.array(person).min(1).optional(),
  not: z.array(z.enum(['requester', 'author', 'pusher'])).optional(),
  expire: duration.optional(),
})
const requirements = z.strictObject({
  checks: z
    .array(z.strictObject({ name: z.string().min(1), app: z.string().min(1).optional() }))
    .min(1)
    .optional(),
  reviews: z.int().min(1).optional(),
  up_to_date: z.boolean().optional(),
  signed: z.boolean().optional(),
})
const verification = z.strictObject({
  commit: z.enum(['claimed', 'proved']).optional(),
  attestation: z.strictObject({ repository, workflow: z.string().min(1), ref: z.string().min(1).optional() }).optional(),
})
const moment = z.string().regex(/^(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):[0-5]\d$/, 'a day and time such as "fri 15:00"')
const parameter = z.strictObject({
  type: z.enum(['enum', 'string', 'number', 'boolean']),
  of: words.optional(),
  default: z.union([z.string(), z.number(), z.boolean()], { error: 'a text, a number or true or false' }).optional(),
})

const environment = z.strictObject({
  target: name,
  settings: z.record(z.string(), z.unknown()).default({}),
  url: text(addressProblem).optional(),
  allow: z.strictObject({ role: role.optional(), any: later(z.array(person).min(1)) }).default({}),
  from: z
    .strictObject({ branches: later(words), pull_requests: z.boolean().default(true), forks: z.boolean().default(false) })
    .default({ pull_requests: true, forks: false }),
  auto: later(z.strictObject({ push: words.optional(), checks: z.literal('green').optional(), package: z.literal('published').optional() })),
  queue: later(z.enum(['newest', 'all']), 'all'),
  health: later(
    z.strictObject({ path: z.string().startsWith('/', 'a path that begins with /'), within: duration.optional(), times: z.int().min(1).optional() }),
  ),
  after: later(z.strictObject({ environment: name, healthy_for: duration.optional() })),
  approvals: later(approvals),
  require: later(requirements),
  verify: later(verification),
  freeze: later(z.array(z.strictObject({ from: moment, to: moment, zone: z.string().min(1) })).min(1)),
  on_failure: later(z.enum(['rollback', 'rollback_and_lock', 'keep'])),
  parameters: later(named(parameter)),
  before: later(z.unknown()),
  preview: later(z.unknown()),
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
