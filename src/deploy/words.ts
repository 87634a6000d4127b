import type { Who } from '../errors.ts'
import { hasEnded, isAutomatic, type Deployment, type EndState, type State, type Step, type StepName, type WaitReason } from './deployment.ts'
import type { Plan, PlannedArtifact } from './plan.ts'
import { shortDigest } from './wording.ts'

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

/** The first line: who, what, where, and what became of it. `former`: what ran before, for a rollback. */
export function headline(deployment: Deployment, former: Plan | null = null): Headline {
  const { state, request, wait } = deployment
  const person = asker(request)
  const mention = { mention: request.actor.login }
  const what = whatWords(deployment, former)
  if (!hasEnded(state)) {
    // Somebody has to be found who says yes, and whoever asked is the one to look for them.
    const asksForHelp = state === 'waiting' && wait?.reason === 'approval' && isSomebodys(request)
    const words = asksForHelp
      ? [mention, ', ', ...what.doing, ' waits for an approval.']
      : [person, ' is ', ...what.doing, because(request), `: ${doingWords(deployment)}.`]
    return { mark: MARKS[state], words }
  }
  const where = whereWords(deployment)
  const words: Record<typeof state, readonly Word[]> = {
    success: deployment.alreadyRunning
      ? [...capital(imageWords(deployment)), ' already runs in ', ...where, ', so nothing had to change for ', person, '.']
      : [person, ' ', ...what.done, because(request), ` in ${duration(tookMs(deployment))}.`],
    refused: [person, ' asked to ', ...what.todo, because(request), ': refused.'],
    failure: !isSomebodys(request)
      ? [...capital(what.doing), ' failed', ...(isAutomatic(request.door) ? ['. It had begun', because(request)] : [' for ', person]), '.']
      : [mention, ', ', ...what.doing, ' failed.'],
    cancelled: [
      ...cancelledBy(deployment),
      ' cancelled ',
      ...what.doing,
      ...(isOwnEnd(deployment) ? ['.'] : [', which ', person, ' had asked for.']),
    ],
    superseded: [person, ' asked to ', ...what.todo, because(request), ': superseded.'],
    unknown: !isSomebodys(request)
      ? ['It is not known what runs in ', ...where, ' after ', ...what.doing, because(request), '.']
      : [mention, ', it is not known what runs in ', ...where, ' after ', ...what.doing, '.'],
  }
  return { mark: MARKS[state], words: words[state] }
}

/** Who is said to have done it. */
function asker({ door, actor: { login, program } }: Deployment['request']): Word {
  if (isAutomatic(door)) return 'Gantry'
  if (program === undefined) return { person: login }
  return { prose: program.kind === 'token' ? `the token ${program.name}` : `${login}'s workflow ${program.file}` }
}

/** Whether there is somebody who wants it now: whoever once made a token does not. */
const isSomebodys = ({ door, actor }: Deployment['request']): boolean => !isAutomatic(door) && actor.program?.kind !== 'token'

/** The same in a few words that stay the same while the deployment runs. */
export function summary(deployment: Deployment): readonly Word[] {
  const { state, plan, request } = deployment
  if (hasEnded(state)) return headline(deployment).words
  return [asker(request), ' is deploying ', { name: plan === null ? 'an image' : shortImages(plan) }, ' to ', ...whereWords(deployment), '.']
}

/** `shop:1.2, worker:1.2`: for lines that have no room for more. */
export function shortImages({ artifacts }: Plan): string {
  const names = artifacts.slice(0, MOST_IMAGES).map(({ repository, tag }) => `${repository.split('/').at(-1)}${tag === null ? '' : `:${tag}`}`)
  return [...names, ...(artifacts.length > MOST_IMAGES ? [`${artifacts.length - MOST_IMAGES} more`] : [])].join(', ')
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

/** `0.4 s`, `4 s`, `1 min 12 s`, `2 h 5 min`, `4 h`. */
export function duration(ms: number): string {
  if (ms < 950) return `${(Math.max(0, Math.round(ms / 100)) / 10).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.floor((seconds % 3600) / 60)
  return `${Math.floor(seconds / 3600)} h${minutes === 0 ? '' : ` ${minutes} min`}`
}

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

/** What stands behind "waiting". */
const WAITED_FOR: Record<WaitReason, string> = {
  approval: 'for an approval',
  checks: 'for checks',
  image: 'for the image',
  freeze: 'for the end of a freeze',
  soak: 'until it has been healthy elsewhere for long enough',
}

function doingWords({ state, wait, cancellation }: Deployment): string {
  if (state === 'waiting' && wait !== null) return `waiting ${WAITED_FOR[wait.reason]}`
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

type Wanted = Pick<Deployment, 'plan' | 'request'>

/** `deploying IMAGE to PLACE`, `rolling PLACE back from IMAGE to IMAGE`, and the same in the past and the infinitive. */
function whatWords(wanted: Wanted, former: Plan | null): What {
  const { origin } = wanted.request.asks
  const [image, where] = [imageWords(wanted), whereWords(wanted)]
  const rest =
    origin?.kind === 'rollback'
      ? [...where, ' back', ...(former === null ? [] : [` from `, ...formerWords(former, wanted.plan)]), ' to ', ...image]
      : [...image, ...(origin?.kind === 'promote' ? [` from `, { place: origin.from }] : []), ' to ', ...where]
  const [doing, done, todo] = VERBS[origin?.kind ?? 'deploy'].map((verb): readonly Word[] => [`${verb} `, ...rest])
  return { doing, done, todo } as What
}

/** By its tag, if that tells the two apart. */
function formerWords({ artifacts }: Plan, plan: Plan | null): readonly Word[] {
  const names = artifacts.slice(0, MOST_IMAGES).map(({ name, repository, tag, digest }) => {
    const isTold = tag !== null && plan?.artifacts.find((one) => one.name === name)?.tag !== tag
    return `${repository.split('/').at(-1)}${isTold || digest === null ? `:${tag}` : `@${shortDigest(digest)}`}`
  })
  return [{ name: names.join(', ') }]
}

/** What a dry run found out, in one line. */
export function rehearsed(wanted: Wanted, outcome: 'goes' | 'waits' | 'refused' | 'fails', former: Plan | null): Headline {
  const person = asker(wanted.request)
  const { doing, todo } = whatWords(wanted, former)
  const all: Record<typeof outcome, Headline> = {
    goes: { mark: 'done', words: [person, ' would ', ...todo] },
    waits: { mark: 'waiting', words: [person, ' would ', ...todo, ', but not yet'] },
    refused: { mark: 'refused', words: [person, ', asking to ', ...todo, ', would be refused'] },
    fails: { mark: 'failed', words: [...capital(doing), ' would fail for ', person] },
  }
  const { mark, words } = all[outcome]
  return { mark, words: [...words, '; nothing was changed.'] }
}

/** Why it began by itself. */
function because({ door, actor }: Deployment['request']): Word {
  if (door === 'push' || door === 'package') return { prose: `, because ${actor.login} ${door === 'push' ? 'pushed' : 'published it'}` }
  if (door === 'watch') return ', because something else ran there'
  return door === 'checks' ? ', because every check is green' : ''
}

const isOwnEnd = ({ cancellation, request, problem }: Deployment): boolean => cancellation?.by.id === request.actor.id && problem?.code !== 'RESTORED'

function cancelledBy({ cancellation, problem }: Deployment): readonly Word[] {
  if (problem?.code === 'RESTORED') return ['Restoring a backup']
  return [cancellation === null ? 'Somebody' : { person: cancellation.by.login }]
}

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

const stepWords = (step: Step, deployment: Deployment): StepWords => ({
  mark: stepMark(step, deployment),
  word: stepWord(step, deployment),
  note: step.note,
  took: step.endedAt === null ? null : duration(step.endedAt - step.startedAt),
})

/** In them nothing is at work, and nothing is asked of a target or registry. */
const WAITS: ReadonlySet<StepName> = new Set<StepName>(['wait', 'queue'])

function stepMark({ name, outcome }: Step, { state }: Deployment): Mark {
  if (outcome === 'running') return WAITS.has(name) ? 'waiting' : 'running'
  return outcome === 'done' ? 'done' : FAILED_MARKS[state]
}

function stepWord({ name, outcome }: Step, { alreadyRunning, wait }: Deployment): string {
  if (name === 'apply' && alreadyRunning) return 'Nothing had to change'
  if (outcome === 'running' && name === 'wait' && wait !== null) return `Waiting ${WAITED_FOR[wait.reason]}`
  return outcome === 'done' ? STEPS[name].done : STEPS[name].doing
}

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

function imageWords({ plan, request }: Wanted): readonly Word[] {
  if (plan === null) return request.asks.image === null ? ['an image'] : [{ name: request.asks.image }]
  const shown = plan.artifacts.slice(0, MOST_IMAGES).flatMap((artifact, index) => [...(index === 0 ? [] : [', ']), ...artifactWords(artifact)])
  const left = plan.artifacts.length - MOST_IMAGES
  return left > 0 ? [...shown, ` and ${left} more`] : shown
}

const artifactWords = ({ repository, tag, digest }: PlannedArtifact): readonly Word[] => [
  { name: tag === null ? repository : `${repository}:${tag}` },
  ...(digest === null ? [] : [' (', { name: shortDigest(digest) }, ')']),
]

function whereWords({ plan, request }: Wanted): readonly Word[] {
  const { app, environment } = request.asks
  const name = plan?.environment ?? environment
  if (name === null) return ['the default environment']
  return [{ place: app === null ? name : `${app}/${name}` }]
}

const capital = ([first, ...rest]: readonly Word[]): readonly Word[] =>
  typeof first === 'string' ? [`${first.slice(0, 1).toUpperCase()}${first.slice(1)}`, ...rest] : first === undefined ? rest : [first, ...rest]
