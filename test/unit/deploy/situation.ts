import { NOTHING_ASKED, type Actor, type DeployRequest, type Lock } from '../../../src/deploy/deployment.ts'
import type { Records, Situation } from '../../../src/deploy/gates/gate.ts'
import type { App, Bound, Configuration, EnvironmentRules, ImageRule } from '../../../src/deploy/environment.ts'
import type { Plan } from '../../../src/deploy/plan.ts'
import type { PlacedTarget, Proposal } from '../../../src/deploy/proposal.ts'
import type { Facts } from '../../../src/deploy/source.ts'
import type { Target } from '../../../src/deploy/target.ts'
import type { Digest } from '../../../src/registry/reference.ts'

/** Ada asks on pull request 7 of acme/shop for staging, where everything is in order: each test says only what is different. */

export const HEAD = 'a'.repeat(40)
export const OTHER = 'b'.repeat(40)
export const NOON = Date.UTC(2026, 10, 23, 12, 0, 0)
export const IMAGE = 'ghcr.io/acme/shop'
export const STAGING = '42:shop:staging'
export const ADA: Actor = { id: 1, login: 'ada', app: null }
export const GRACE: Actor = { id: 2, login: 'grace', app: null }

export const digestOf = (tag: string): Digest => `sha256:${Buffer.from(tag).toString('hex').padEnd(64, '0')}`

export type Asks = DeployRequest['asks']

export const asks = (different: Partial<Asks> = {}): Asks => ({ ...NOTHING_ASKED, environment: 'staging', image: ':1.1', ...different })

export const request = (different: Partial<DeployRequest> = {}): DeployRequest => ({
  key: 'c:42:1001',
  door: 'comment',
  repository: { id: 42, node: 'R_42', owner: 'acme', name: 'shop', installation: 9 },
  subject: { number: 7, node: 'PR_7', isPull: true },
  actor: ADA,
  comment: { id: 1001, node: 'IC_1001', body: '/deploy staging :1.1', url: 'https://github.com/acme/shop/pull/7#issuecomment-1001' },
  headSeen: null,
  asks: asks(),
  askedAt: NOON,
  receivedAt: NOON + 500,
  ...different,
})

type Pull = NonNullable<Facts['pull']>

export const pull = (different: Partial<Pull> = {}): Pull => ({
  state: 'open',
  isFork: false,
  isDraft: false,
  branch: 'feature',
  base: 'main',
  head: HEAD,
  headSince: NOON - 60_000,
  pusher: { id: 1, login: 'ada' },
  author: { id: 1, login: 'ada' },
  merge: 'clean',
  behind: 0,
  reviews: [],
  ...different,
})

export const facts = (different: Partial<Facts> = {}): Facts => ({
  actor: { id: 1, login: 'ada', role: 'write' },
  repository: { isPrivate: false, defaultBranch: 'main' },
  comment: 'unchanged',
  pull: pull(),
  ref: null,
  commit: { sha: HEAD, tree: 'tree-1', isSigned: true, checks: [] },
  trees: new Map(),
  members: new Map(),
  roles: new Map(),
  configuration: { blob: 'blob-1', text: 'as declared' },
  account: null,
  ...different,
})

export const rules = (different: Partial<EnvironmentRules> = {}): EnvironmentRules => ({
  name: 'staging',
  target: 'cluster',
  settings: { path: '/srv/shop' },
  url: 'https://staging.example.com',
  allow: { role: 'write', any: [] },
  from: { branches: null, pullRequests: true, forks: false, drafts: false },
  auto: null,
  queue: 'all',
  health: null,
  after: null,
  approvals: null,
  require: { checks: null, reviews: 0, upToDate: false, signed: false },
  verify: { commit: null, attestation: null },
  freeze: [],
  onFailure: 'rollback',
  parameters: {},
  ...different,
})

export const imageRule = (different: Partial<ImageRule> = {}): ImageRule => ({
  name: 'main',
  repository: IMAGE,
  tag: 'sha-{sha}',
  wait: null,
  ...different,
})

export function configuration(environments = [rules()], images = [imageRule()], byDefault = 'staging'): Configuration {
  const app: App = {
    name: 'shop',
    images: new Map(images.map((image) => [image.name, image])),
    default: byDefault,
    environments: new Map(environments.map((environment) => [environment.name, environment])),
  }
  return { apps: new Map([['shop', app]]) }
}

export const bound = (different: Partial<Bound> = {}): Bound => ({
  repositoryId: 42,
  owner: 'acme',
  environments: ['*'],
  images: ['ghcr.io/acme/*'],
  settings: new Map(),
  ...different,
})

/** A target that nobody applies anything to; `scripted-target.ts` has one that runs images. */
export const idleTarget = (different: Partial<Target> = {}): Target => ({
  kind: 'scripted',
  contract: 'keyed',
  platform: null,
  guarded: [],
  parse: (settings) => ({ settings: settings as Plan['settings'] }),
  workloads: () => ['shop'],
  images: () => ['main'],
  apply: () => Promise.reject(new Error('nobody applies here')),
  observe: () => Promise.resolve([]),
  reach: () => Promise.resolve('nothing at all'),
  ...different,
})

export const placed = (different: Partial<PlacedTarget> = {}): PlacedTarget => ({
  name: 'cluster',
  key: different.name ?? 'cluster',
  target: idleTarget(),
  revision: 'r1',
  bounds: [bound()],
  access: { account: 0, pulls: 'credential', credential: null, platform: null, onlyFrom: () => null },
  ...different,
})

export const proposal = (different: Partial<Proposal> = {}): Proposal => ({
  app: 'shop',
  environment: 'staging',
  rules: rules(),
  placed: placed(),
  settings: { path: '/srv/shop' },
  artifacts: [{ name: 'main', repository: IMAGE, tag: '1.1', digest: null }],
  commit: HEAD,
  source: { isPull: true, isFork: false, branch: 'main' },
  parameters: {},
  configuration: 'blob-1',
  holds: () => true,
  ...different,
})

export const plan = (different: Partial<Plan> = {}): Plan => ({
  repositoryId: 42,
  app: 'shop',
  environment: 'staging',
  target: 'cluster',
  targetRevision: 'r1',
  artifacts: [{ name: 'main', repository: IMAGE, tag: '1.1', digest: digestOf('1.1') }],
  settings: { path: '/srv/shop' },
  parameters: {},
  commit: HEAD,
  source: { isPull: true, isFork: false, branch: 'main' },
  configuration: 'blob-1',
  url: 'https://staging.example.com',
  ...different,
})

export const records = (different: Partial<Records> = {}): Records => ({
  lock: null,
  approvals: [],
  planHash: null,
  plannedAt: null,
  former: null,
  told: null,
  built: {},
  proved: {},
  ...different,
})

/** What the gates judge: everything is in order, and each test says what is not. */
export const situation = (different: Partial<Situation> = {}): Situation => ({
  request: request(),
  facts: facts(),
  proposal: proposal(),
  plan: null,
  records: records(),
  now: NOON + 1_000,
  ...different,
})

/** Held by GRACE since noon. */
export const lockOn = (environment: string, different: Partial<Lock> = {}): Lock => ({
  id: 1,
  repository: request().repository,
  environment,
  owner: { id: GRACE.id, login: GRACE.login },
  reason: 'a migration',
  since: NOON,
  askedAt: NOON,
  until: null,
  subject: null,
  url: null,
  ...different,
})
