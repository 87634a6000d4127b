import type { DeployRequest } from '../../../src/deploy/deployment.ts'
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
export const ADA = { id: 1, login: 'ada' }
export const GRACE = { id: 2, login: 'grace' }

export const digestOf = (tag: string): Digest => `sha256:${Buffer.from(tag).toString('hex').padEnd(64, '0')}`

export type Asks = DeployRequest['asks']

export const asks = (different: Partial<Asks> = {}): Asks => ({ app: null, environment: 'staging', image: ':1.1', ref: null, ...different })

export const request = (different: Partial<DeployRequest> = {}): DeployRequest => ({
  key: 'c:42:1001',
  door: 'comment',
  repository: { id: 42, node: 'R_42', owner: 'acme', name: 'shop', installation: 9 },
  subject: { number: 7, node: 'PR_7', isPull: true },
  actor: ADA,
  comment: { id: 1001, node: 'IC_1001', body: '/deploy staging :1.1', url: 'https://github.com/acme/shop/pull/7#issuecomment-1001', createdAt: NOON },
  headSeen: null,
  asks: asks(),
  receivedAt: NOON + 500,
  ...different,
})

type Pull = NonNullable<Facts['pull']>

export const pull = (different: Partial<Pull> = {}): Pull => ({
  state: 'open',
  isFork: false,
  branch: 'feature',
  head: HEAD,
  headSince: NOON - 60_000,
  ...different,
})

export const facts = (different: Partial<Facts> = {}): Facts => ({
  actor: { ...ADA, role: 'write' },
  repository: { isPrivate: false, defaultBranch: 'main' },
  comment: 'unchanged',
  pull: pull(),
  ref: null,
  configuration: { blob: 'blob-1', text: 'as declared' },
  ...different,
})

export const rules = (different: Partial<EnvironmentRules> = {}): EnvironmentRules => ({
  name: 'staging',
  target: 'cluster',
  settings: { path: '/srv/shop' },
  url: 'https://staging.example.com',
  allow: { role: 'write' },
  from: { pullRequests: true, forks: false },
  ...different,
})

export const imageRule = (different: Partial<ImageRule> = {}): ImageRule => ({ name: 'main', repository: IMAGE, tag: 'sha-{sha}', ...different })

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
  ...different,
})

export const placed = (different: Partial<PlacedTarget> = {}): PlacedTarget => ({
  name: 'cluster',
  target: idleTarget(),
  revision: 'r1',
  bounds: [bound()],
  access: { pulls: 'credential', credential: null, platform: null, onlyFrom: () => null },
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
  commit: HEAD,
  configuration: 'blob-1',
  url: 'https://staging.example.com',
  ...different,
})
