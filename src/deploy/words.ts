import type { Who } from '../errors.ts'
import { hasEnded, type Deployment, type State, type Step, type StepName } from './deployment.ts'
import type { PlannedArtifact } from './plan.ts'

/**
 * What Gantry says of a deployment, once for every door. The comment, the check run, the page and the API render these words
 * in their own way; whatever stands in `name`, `place` or `prose` was written by others and is theirs to escape.
 */
export type Word =
  | string
  /** Who asked: shown, never notified. */
  | { readonly person: string }
  /** Who asked, and should look now: notified where the door can. */
  | { readonly mention: string }
  | { readonly place: string }
  | { readonly name: string }
  /** A sentence with foreign names in it. */
  | { readonly prose: string }

export type Mark = 'running' | 'waiting' | 'done' | 'failed' | 'refused' | 'skipped' | 'unknown'

export interface Headline {
  readonly mark: Mark
  readonly words: readonly Word[]
}

/** The first line: who, what, where, and what became of it. */
export function headline(deployment: Deployment): Headline {
  const { state, request } = deployment
  const person = { person: request.actor.login }
  const mention = { mention: request.actor.login }
  const [image, where] = [imageWords(deployment), whereWords(deployment)]
  if (!hasEnded(state)) return { mark: MARKS[state], words: [person, ' is deploying ', ...image, ' to ', ...where, `: ${DOING[state]}.`] }
  const words: Record<typeof state, readonly Word[]> = {
    success: deployment.alreadyRunning
      ? [...capital(image), ' already runs in ', ...where, ', so nothing had to change for ', person, '.']
      : [person, ' deployed ', ...image, ' to ', ...where, ` in ${duration(tookMs(deployment))}.`],
    refused: [person, ' asked to deploy ', ...image, ' to ', ...where, ': refused.'],
    failure: [mention, ', deploying ', ...image, ' to ', ...where, ' failed.'],
    superseded: [person, ' asked to deploy ', ...image, ' to ', ...where, ': superseded.'],
    unknown: [mention, ', it is not known what runs in ', ...where, ' after deploying ', ...image, '.'],
  }
  return { mark: MARKS[state], words: words[state] }
}

/** The same in a few words that stay the same while the deployment runs. */
export function summary(deployment: Deployment): readonly Word[] {
  const { state, plan, request } = deployment
  if (hasEnded(state)) return headline(deployment).words
  const images = plan?.artifacts.map(({ repository, tag }) => `${repository.split('/').at(-1)}${tag === null ? '' : `:${tag}`}`) ?? []
  return [{ person: request.actor.login }, ' is deploying ', { name: images.join(', ') || 'an image' }, ' to ', ...whereWords(deployment), '.']
}

export interface StepWords {
  readonly mark: Mark
  readonly word: string
  /** A few words that may hold foreign names. */
  readonly note: string | null
  /** `4 s`; null while the step runs. */
  readonly took: string | null
}

/** The steps in order, each with a word, a mark and its time. */
export const steps = (deployment: Deployment): readonly StepWords[] => deployment.steps.map((step) => stepWords(step, deployment))

/** `0.4 s`, `4 s`, `1 min 12 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 950) return `${(Math.max(0, Math.round(ms / 100)) / 10).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

/** The digest's first twelve characters, as people compare them. */
export const shortDigest = (digest: string): string => digest.replace(/^([a-z0-9]+):([0-9a-f]{12})[0-9a-f]+$/, '$1:$2')

export const shortCommit = (commit: string): string => commit.slice(0, 7)

/** Who can put a problem right, as the end of "… can put this right". */
export const WHO: Record<Who, string> = {
  requester: 'whoever asked',
  repository: 'someone who can change this repository or its configuration',
  account: "the account's administrators",
  registry: 'whoever runs the registry',
  target: 'whoever runs the target',
  github: 'GitHub',
  gantry: 'whoever runs Gantry',
}

const MARKS: Record<State, Mark> = {
  requested: 'running',
  gating: 'running',
  resolving: 'running',
  verifying: 'running',
  queued: 'waiting',
  applying: 'running',
  observing: 'running',
  success: 'done',
  refused: 'refused',
  failure: 'failed',
  superseded: 'skipped',
  unknown: 'unknown',
}

const DOING: Record<Exclude<State, 'success' | 'refused' | 'failure' | 'superseded' | 'unknown'>, string> = {
  requested: 'about to begin',
  gating: 'checking who may deploy what',
  resolving: 'finding the image',
  verifying: 'checking that the image can be pulled',
  queued: 'waiting for its turn',
  applying: 'starting the image',
  observing: 'reading back what runs',
}

const STEPS: Record<StepName, { readonly doing: string; readonly done: string }> = {
  gates: { doing: 'Permission and rules', done: 'Permission and rules checked' },
  resolve: { doing: 'Finding the image', done: 'Image found' },
  verify: { doing: 'Checking that the image can be pulled', done: 'Image can be pulled' },
  queue: { doing: 'Waiting for its turn', done: 'Had its turn' },
  apply: { doing: 'Starting the image', done: 'Image started' },
  observe: { doing: 'Reading back what runs', done: 'Read back what runs' },
}

const stepWords = ({ name, outcome, note, startedAt, endedAt }: Step, { state, alreadyRunning }: Deployment): StepWords => ({
  mark: outcome === 'done' ? 'done' : outcome === 'running' ? 'running' : FAILED_MARKS[state],
  word: name === 'apply' && alreadyRunning ? 'Nothing had to change' : outcome === 'done' ? STEPS[name].done : STEPS[name].doing,
  note,
  took: endedAt === null ? null : duration(endedAt - startedAt),
})

// The step at which a deployment ended is marked as the deployment is.
const FAILED_MARKS: Record<State, Mark> = {
  ...MARKS,
  requested: 'failed',
  gating: 'failed',
  resolving: 'failed',
  verifying: 'failed',
  queued: 'failed',
}

const tookMs = ({ createdAt, endedAt }: Deployment): number => (endedAt ?? createdAt) - createdAt

const MOST_IMAGES = 3

function imageWords({ plan, request }: Deployment): readonly Word[] {
  if (plan === null) return request.asks.image === null ? ['an image'] : [{ name: request.asks.image }]
  const shown = plan.artifacts.slice(0, MOST_IMAGES).flatMap((artifact, index) => [...(index === 0 ? [] : [', ']), ...artifactWords(artifact)])
  const left = plan.artifacts.length - MOST_IMAGES
  return left > 0 ? [...shown, ` and ${left} more`] : shown
}

const artifactWords = ({ repository, tag, digest }: PlannedArtifact): readonly Word[] => [
  { name: tag === null ? repository : `${repository}:${tag}` },
  ...(digest === null ? [] : [' (', { name: shortDigest(digest) }, ')']),
]

function whereWords({ plan, request }: Deployment): readonly Word[] {
  const { app, environment } = request.asks
  const name = plan?.environment ?? environment
  if (name === null) return ['the default environment']
  return [{ place: app === null ? name : `${app}/${name}` }]
}

const capital = ([first, ...rest]: readonly Word[]): readonly Word[] =>
  typeof first === 'string' ? [`${first.slice(0, 1).toUpperCase()}${first.slice(1)}`, ...rest] : first === undefined ? rest : [first, ...rest]
