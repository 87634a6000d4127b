import type { SimulatedBehaviour } from '../world/docker-engine-simulator.ts'
import type { Death } from '../world/crossings.ts'
import { Random } from '../world/random.ts'

export type Who = 'ada' | 'grace' | 'trent' | 'mallory'

/** What somebody does, or what goes wrong: plain data, so that a failure can print the whole story. */
export type Act =
  | { readonly does: 'comments'; readonly who: Who; readonly on: 'pull' | 'issue'; readonly text: string }
  | { readonly does: 'labels'; readonly who: Who; readonly on: 'pull' | 'issue'; readonly name: string }
  | { readonly does: 'edits' | 'deletes' }
  /** To the pull request's branch; CI builds it, or has not yet. */
  | { readonly does: 'pushes'; readonly isBuilt: boolean }
  /** The tag stands for another image from now on. */
  | { readonly does: 'moves the tag'; readonly version: number }
  | { readonly does: 'redelivers' | 'replays'; readonly nth: number }
  | { readonly does: 'GitHub answers' | 'GitHub drops'; readonly to: string; readonly times: number; readonly isDone: boolean }
  | { readonly does: 'GitHub fails'; readonly field: string }
  | { readonly does: 'GitHub limits'; readonly seconds: number }
  | { readonly does: 'registry answers'; readonly status: number; readonly to: string; readonly times: number }
  | { readonly does: 'engine leaves' | 'engine returns' | 'the process is killed' }

export interface Beat {
  readonly act: Act
  /** Seconds that pass first: nothing else can label twice. */
  readonly after: number
  /** How many things may happen before the next beat; null until the world has come to rest. */
  readonly steps: number | null
  /** The order in which GitHub sends what it has to say; null for the natural one. */
  readonly shuffle: number | null
}

export interface Scenario {
  readonly seed: number
  readonly deaths: readonly Death[]
  /** What the images 1, 2, 3 do once they run as containers. */
  readonly images: readonly SimulatedBehaviour[]
  readonly beats: readonly Beat[]
}

export const VERSIONS = 3

const WRITES = [
  'POST /repos/{owner}/{repo}/deployments',
  'addComment',
  'createCheckRun',
  'createDeploymentStatus',
  'updateIssueComment',
  'updateCheckRun',
  'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions',
  'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}',
]
const READS = [
  'query',
  'GET /repos/{owner}/{repo}/collaborators/{username}/permission',
  'GET /repos/{owner}/{repo}/activity',
  'POST /app/installations/{installation_id}/access_tokens',
]
const FIELDS = ['addComment', 'createCheckRun', 'createDeploymentStatus', 'updateIssueComment', 'updateCheckRun', 'minimizeComment']
const BEHAVIOURS: readonly SimulatedBehaviour[] = ['healthy', 'healthy', 'healthy', 'no healthcheck', 'needs long', 'never healthy', 'stops']
const PEOPLE: readonly Who[] = ['ada', 'ada', 'ada', 'grace', 'grace', 'trent', 'mallory']

/** One to four commands of several people on one or two environments, and what may go wrong between them. */
export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed)
  const environments = random.pick([['staging'], ['production'], ['staging', 'production']])
  const images = Array.from({ length: VERSIONS }, () => random.pick(BEHAVIOURS))
  const commands = 1 + random.below(4)
  const beats: Beat[] = []
  for (let command = 0; command < commands; command++) {
    while (random.chance(0.45)) beats.push(beatOf(troubleOf(random), random))
    beats.push(beatOf(commandOf(environments, random), random))
    while (random.chance(0.35)) beats.push(beatOf(disturbanceOf(random), random))
  }
  return { seed, deaths: deathsOf(commands, random), images, beats }
}

/** A third of the worlds has none: it has to go well without, too. */
function deathsOf(commands: number, random: Random): Death[] {
  const count = random.pick([0, 0, 1, 1, 1, 2])
  const death = (most: number): Death => ({ at: 1 + random.below(most), side: random.pick(['before', 'after']) })
  return [death(20 + 150 * commands), death(150)].slice(0, count)
}

const beatOf = (act: Act, random: Random): Beat => ({
  act,
  after: random.pick([2, 5, 61]),
  steps: random.chance(0.3) ? null : random.below(25),
  shuffle: random.chance(0.3) ? random.below(1_000) : null,
})

function commandOf(environments: readonly string[], random: Random): Act {
  const [who, environment] = [random.pick(PEOPLE), random.pick(environments)]
  if (random.chance(0.2)) {
    return { does: 'labels', who: who === 'mallory' ? 'trent' : who, on: random.pick(['pull', 'pull', 'issue']), name: `deploy:${environment}` }
  }
  const line = (place: string): string => `/deploy ${place}${random.chance(0.8) ? ` :${1 + random.below(VERSIONS)}` : ''}`
  const lines = random.chance(0.1) ? [line(environment), line(random.pick(environments))] : [line(environment)]
  return { does: 'comments', who, on: random.pick(['pull', 'pull', 'issue']), text: lines.join('\n\n') }
}

function disturbanceOf(random: Random): Act {
  const kinds = ['edits', 'deletes', 'pushes', 'moves the tag', 'redelivers', 'redelivers', 'replays', 'replays', 'the process is killed'] as const
  const does = random.pick(kinds)
  if (does === 'pushes') return { does, isBuilt: random.chance(0.7) }
  if (does === 'moves the tag') return { does, version: 1 + random.below(VERSIONS) }
  if (does === 'redelivers' || does === 'replays') return { does, nth: random.below(20) }
  return { does }
}

function troubleOf(random: Random): Act {
  const kinds = ['GitHub answers', 'GitHub answers', 'GitHub drops', 'GitHub fails', 'GitHub limits', 'registry answers', 'engine'] as const
  const does = random.pick(kinds)
  const times = 1 + random.below(3)
  if (does === 'GitHub fails') return { does, field: random.pick(FIELDS) }
  if (does === 'GitHub limits') return { does, seconds: 60 + random.below(120) }
  if (does === 'registry answers') return { does, status: random.pick([500, 503, 429, 404]), to: random.pick(['manifests', 'token', 'blobs']), times }
  if (does === 'engine') return { does: random.pick(['engine leaves', 'engine returns']) }
  return { does, to: random.pick(random.chance(0.7) ? WRITES : READS), times, isDone: random.chance(0.5) }
}
