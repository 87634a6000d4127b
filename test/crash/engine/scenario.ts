import type { EnvironmentRules } from '../../../src/deploy/environment.ts'
import type { Death } from '../../world/crossings.ts'
import { Random } from '../../world/random.ts'
import type { Party } from './network.ts'
import type { Health, Simulated } from './target.ts'

export type Who = 'ada' | 'grace' | 'linus' | 'mallory'
export type Environment = 'staging' | 'production'

/** What somebody does, or what goes wrong: plain data, so that a failure can print the whole story. `nth`: of the deployments asked for. */
export type Act =
  | { readonly does: 'deploys'; readonly environment: Environment; readonly tag: string; readonly allowOlder: boolean }
  | { readonly does: 'rolls back'; readonly environment: Environment }
  | { readonly does: 'retries'; readonly nth: number; readonly environment: Environment }
  | { readonly does: 'cancels'; readonly nth: number }
  | { readonly does: 'approves' | 'rejects'; readonly nth: number }
  | { readonly does: 'locks'; readonly environment: Environment | '*'; readonly lasts: number; readonly takesOver: boolean }
  | { readonly does: 'unlocks'; readonly environment: Environment | '*' }
  | { readonly does: 'asks for the status'; readonly environment: Environment }
  | { readonly does: 'is made'; readonly role: 'read' | 'maintain' }
  | { readonly does: 'pushes' | 'edits the last comment' | 'closes the thread' | 'removes the App' }
  | { readonly does: 'moves the target by hand'; readonly environment: Environment }
  /** GitHub sends a command once more, with the same body. */
  | { readonly does: 'comes again'; readonly nth: number }
  | { readonly does: 'an image appears' | 'a tag is moved'; readonly tag: string }
  | { readonly does: 'leaves'; readonly party: Party; readonly lasts: number }
  | { readonly does: 'the clock jumps'; readonly by: number }
  | { readonly does: 'the process is killed' | 'the process is stopped' }

export interface Beat {
  readonly who: Who
  /** Milliseconds after the one before. */
  readonly after: number
  readonly act: Act
}

export interface Scenario {
  readonly seed: number
  readonly contract: Simulated
  readonly deaths: readonly Death[]
  readonly rules: { readonly [name in Environment]: Partial<EnvironmentRules> }
  /** How many workloads each environment has. */
  readonly workloads: number
  readonly images: { readonly [tag: string]: Health }
  /** These are not pushed yet. */
  readonly missing: readonly string[]
  /** The share of requests that something happens to, while the acts last. */
  readonly trouble: number
  readonly beats: readonly Beat[]
}

const TAGS = ['1', '2', '3', '4']
export const CONTRACTS: readonly Simulated[] = ['keyed', 'versioned', 'readable', 'blind']
const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** The same seed is the same scenario; another contract changes nothing else in it. */
export function scenarioOf(seed: number, contract?: Simulated): Scenario {
  const random = new Random(seed)
  const mine = random.pick(['keyed', 'keyed', 'versioned', 'versioned', 'readable', 'blind'] as const)
  const deaths = deathsOf(random)
  const environments: readonly Environment[] = random.chance(0.6) ? ['staging'] : ['staging', 'production']
  const count = 1 + random.below(6)
  const missing = random.chance(0.2) ? [random.pick(TAGS)] : []
  const pace = random.pick([300, 1_000, 4_000, 30_000])
  const beats = Array.from({ length: count }, (_, nth) => beatOf(deployOf(environments, nth, random), pace, random)).flatMap((beat) => [
    beat,
    ...Array.from({ length: random.below(3) }, () => beatOf(disturbanceOf(environments, count, missing, random), pace, random)),
  ])
  return {
    seed,
    contract: contract ?? mine,
    deaths,
    rules: {
      staging: rulesOf(random),
      production: { ...rulesOf(random), after: random.chance(0.2) ? { environment: 'staging', healthyFor: MINUTE } : null },
    },
    workloads: random.chance(0.3) ? 2 : 1,
    images: Object.fromEntries(
      TAGS.map((tag) => [tag, random.pick(['healthy', 'healthy', 'healthy', 'healthy', 'never', 'ill', 'no answer'] as const)]),
    ),
    missing,
    trouble: random.pick([0, 0, 0.03, 0.1, 0.3]),
    beats,
  }
}

/** A quarter of the worlds never dies, a quarter dies once, and the others up to three times; never all at one place. */
function deathsOf(random: Random): Death[] {
  const count = random.pick([0, 1, 2, 3])
  return Array.from({ length: count }, () => ({ at: 1 + random.below(random.pick([100, 300, 600])), side: random.pick(['before', 'after']) }))
}

function rulesOf(random: Random): Partial<EnvironmentRules> {
  const approvals = { count: 1 + random.below(2), by: [], not: random.chance(0.7) ? (['requester'] as const) : [], expire: 15 * MINUTE }
  return {
    queue: random.pick(['all', 'all', 'newest']),
    onFailure: random.pick(['rollback', 'rollback', 'rollback_and_lock', 'keep']),
    health: random.chance(0.4) ? { path: '/healthz', within: 20_000, times: 2 } : null,
    approvals: random.chance(0.25) ? approvals : null,
    freeze: random.chance(0.1) ? [LUNCH] : [],
  }
}

/** From half a minute after the world's beginning on. */
export const LUNCH = { from: { day: 1, minute: 12 * 60 + 1 }, to: { day: 1, minute: 12 * 60 + 4 }, zone: 'UTC' }

const beatOf = (act: Act, pace: number, random: Random): Beat => ({
  who: random.chance(0.05) ? 'mallory' : random.pick(['ada', 'ada', 'grace', 'grace', 'linus'] as const),
  after: Math.floor(random.next() * random.next() * 4 * pace),
  act,
})

function deployOf(environments: readonly Environment[], nth: number, random: Random): Act {
  const environment = random.pick(environments)
  const kind = random.next()
  if (nth > 1 && kind < 0.15) return { does: 'rolls back', environment }
  if (nth > 0 && kind < 0.3) return { does: 'retries', nth: random.below(nth), environment }
  return { does: 'deploys', environment, tag: random.pick(TAGS), allowOlder: random.chance(0.1) }
}

function disturbanceOf(environments: readonly Environment[], count: number, missing: readonly string[], random: Random): Act {
  const environment = random.pick(environments)
  const nth = random.below(count)
  const acts: readonly (() => Act)[] = [
    ...Array(4).fill(() => ({ does: 'cancels', nth })),
    ...Array(5).fill(() => ({ does: 'approves', nth })),
    () => ({ does: 'rejects', nth }),
    ...Array(2).fill(() => ({ does: 'comes again', nth: random.below(12) })),
    ...Array(2).fill(() => ({
      does: 'locks',
      environment: random.chance(0.2) ? '*' : environment,
      lasts: random.pick([20_000, 5 * MINUTE]),
      takesOver: random.chance(0.3),
    })),
    () => ({ does: 'unlocks', environment: random.chance(0.2) ? '*' : environment }),
    ...Array(2).fill(() => ({ does: 'asks for the status', environment })),
    () => ({ does: 'is made', role: random.pick(['read', 'maintain']) }),
    () => ({ does: random.pick(['pushes', 'edits the last comment', 'closes the thread', 'removes the App']) }),
    ...Array(2).fill(() => ({ does: 'moves the target by hand', environment })),
    () => (missing[0] === undefined ? { does: 'a tag is moved', tag: random.pick(TAGS) } : { does: 'an image appears', tag: missing[0] }),
    () => ({ does: 'leaves', party: random.pick(['github', 'registry', 'target', 'target']), lasts: random.pick([8_000, 50_000]) }),
    ...Array(2).fill(() => ({ does: 'the clock jumps', by: random.pick([-HOUR, HOUR]) })),
    ...Array(2).fill(() => ({ does: random.pick(['the process is killed', 'the process is stopped']) })),
  ]
  return random.pick(acts)()
}
