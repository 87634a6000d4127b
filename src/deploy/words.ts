import type { Who } from '../errors.ts'
import { hasEnded, isAutomatic, type Deployment, type EndState, type State, type Step, type StepName, type WaitReason } from './deployment.ts'
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
  const [person, mention] = isAutomatic(request.door) ? ['Gantry', 'Gantry'] : [{ person: request.actor.login }, { mention: request.actor.login }]
  const what = whatWords(deployment)
  if (!hasEnded(state)) return { mark: MARKS[state], words: [person, ' is ', ...what.doing, because(request), `: ${doingWords(deployment)}.`] }
  const where = whereWords(deployment)
  const words: Record<typeof state, readonly Word[]> = {
    success: deployment.alreadyRunning
      ? [...capital(imageWords(deployment)), ' already runs in ', ...where, ', so nothing had to change for ', person, '.']
      : [person, ' ', ...what.done, because(request), ` in ${duration(tookMs(deployment))}.`],
    refused: [person, ' asked to ', ...what.todo, because(request), ': refused.'],
    failure: [mention, ', ', ...what.doing, because(request), ' failed.'],
    cancelled: [...cancelledBy(deployment), ' cancelled ', ...what.doing, ', which ', person, ' had asked for.'],
    superseded: [person, ' asked to ', ...what.todo, because(request), ': superseded.'],
    unknown: [mention, ', it is not known what runs in ', ...where, ' after ', ...what.doing, '.'],
  }
  return { mark: MARKS[state], words: words[state] }
}

/** The same in a few words that stay the same while the deployment runs. */
export function summary(deployment: Deployment): readonly Word[] {
  const { state, plan, request } = deployment
  if (hasEnded(state)) return headline(deployment).words
  const images = plan?.artifacts.map(({ repository, tag }) => `${repository.split('/').at(-1)}${tag === null ? '' : `:${tag}`}`) ?? []
  const person = isAutomatic(request.door) ? 'Gantry' : { person: request.actor.login }
  return [person, ' is deploying ', { name: images.join(', ') || 'an image' }, ' to ', ...whereWords(deployment), '.']
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
  waiting: 'waiting',
  queued: 'waiting',
  applying: 'running',
  observing: 'running',
  restoring: 'running',
  success: 'done',
  refused: 'refused',
  failure: 'failed',
  cancelled: 'skipped',
  superseded: 'skipped',
  unknown: 'unknown',
}

const DOING: Record<Exclude<State, EndState>, string> = {
  requested: 'about to begin',
  gating: 'checking who may deploy what',
  resolving: 'finding the image',
  verifying: 'checking that the image can be pulled',
  waiting: 'waiting',
  queued: 'waiting for its turn',
  applying: 'starting the image',
  observing: 'reading back what runs',
  restoring: 'putting back what ran before',
}

const WAITING: Record<WaitReason, string> = {
  approval: 'waiting for an approval',
  checks: 'waiting for checks',
  image: 'waiting for the image',
  freeze: 'waiting for the end of a freeze',
  soak: 'waiting until it has been healthy elsewhere for long enough',
}

function doingWords({ state, wait, cancellation }: Deployment): string {
  if (state === 'waiting' && wait !== null) return WAITING[wait.reason]
  if (cancellation !== null && state === 'applying') return 'stopping, because it was cancelled'
  return DOING[state as keyof typeof DOING]
}

const VERBS = {
  deploy: ['deploying', 'deployed', 'deploy'],
  promote: ['promoting', 'promoted', 'promote'],
  retry: ['deploying once more', 'deployed once more', 'deploy once more'],
  rollback: ['rolling', 'rolled', 'roll'],
} as const

interface What {
  readonly doing: readonly Word[]
  readonly done: readonly Word[]
  readonly todo: readonly Word[]
}

/** `deploying IMAGE to PLACE`, `rolling PLACE back to IMAGE`, and the same in the past and the infinitive. */
function whatWords(deployment: Deployment): What {
  const kind = deployment.request.asks.origin?.kind ?? 'deploy'
  const [image, where] = [imageWords(deployment), whereWords(deployment)]
  const rest = kind === 'rollback' ? [...where, ' back to ', ...image] : [...image, ' to ', ...where]
  const [doing, done, todo] = VERBS[kind].map((verb): readonly Word[] => [`${verb} `, ...rest])
  return { doing, done, todo } as What
}

/** Why it began by itself. */
function because({ door, actor }: Deployment['request']): Word {
  if (door === 'push' || door === 'package') return { prose: `, because ${actor.login} ${door === 'push' ? 'pushed' : 'published it'}` }
  if (door === 'watch') return ', because something else ran there'
  return door === 'checks' ? ', because every check is green' : ''
}

const cancelledBy = ({ cancellation }: Deployment): readonly Word[] => [cancellation === null ? 'Somebody' : { person: cancellation.by.login }]

const STEPS: Record<StepName, { readonly doing: string; readonly done: string }> = {
  gates: { doing: 'Permission and rules', done: 'Permission and rules checked' },
  resolve: { doing: 'Finding the image', done: 'Image found' },
  verify: { doing: 'Checking that the image can be pulled', done: 'Image can be pulled' },
  wait: { doing: 'Waiting', done: 'Waited' },
  queue: { doing: 'Waiting for its turn', done: 'Had its turn' },
  apply: { doing: 'Starting the image', done: 'Image started' },
  observe: { doing: 'Reading back what runs', done: 'Read back what runs' },
  restore: { doing: 'Putting back what ran before', done: 'Put back what ran before' },
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
  waiting: 'failed',
  queued: 'failed',
  restoring: 'failed',
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
