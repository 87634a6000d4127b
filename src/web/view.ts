import { z } from '@hono/zod-openapi'
import { CODES, type Code, type Problem, type Who } from '../errors.ts'
import { hasEnded, type Deployment, type State, type StepName } from '../deploy/deployment.ts'
import { headline, steps as stepWords, WHO, type Word } from '../deploy/words.ts'

/** What the API shows of a deployment: the record's own facts, and the words that the comment has. */

const time = z.iso.datetime().openapi({ example: '2026-11-26T09:30:00.000Z' })
const codes = Object.keys(CODES) as [Code, ...Code[]]

/** What did not work; the same members as in an answer that is a problem. */
export const problemSchema = z
  .object({
    code: z.enum(codes),
    detail: z.string(),
    found: z.string().optional(),
    wanted: z.string().optional(),
    who: z.enum(Object.keys(WHO) as [Who, ...Who[]]).openapi({ description: 'Who can put it right.' }),
    fix: z.string().openapi({ description: 'The one next step.' }),
    retryable: z.boolean(),
    retryAfter: z.int().optional().openapi({ description: 'Seconds.' }),
  })
  .openapi('Problem')

const STATES: readonly State[] = [
  ...(['requested', 'gating', 'resolving', 'verifying', 'waiting', 'queued', 'applying', 'observing', 'restoring'] as const),
  ...(['success', 'refused', 'failure', 'cancelled', 'superseded', 'unknown'] as const),
]
export const stateSchema = z.enum(STATES as [State, ...State[]])
const STEPS: readonly StepName[] = ['gates', 'resolve', 'verify', 'wait', 'queue', 'apply', 'observe', 'restore']

export const deploymentSchema = z
  .object({
    id: z.string().openapi({ description: 'Unguessable; its first part is the repository’s.' }),
    repository: z.string().openapi({ example: 'acme/shop' }),
    app: z.string().nullable(),
    environment: z.string().nullable(),
    state: stateSchema,
    isFinal: z.boolean(),
    headline: z.string().openapi({ description: 'The first line of the comment, as plain text.' }),
    progress: z.object({ current: z.int(), total: z.int(), percentage: z.int().min(0).max(100) }),
    steps: z.array(
      z.object({
        name: z.enum(STEPS as [StepName, ...StepName[]]),
        words: z.string(),
        outcome: z.enum(['running', 'done', 'failed']),
        note: z.string().nullable(),
        startedAt: time,
        endedAt: time.nullable(),
      }),
    ),
    images: z.array(z.object({ name: z.string(), repository: z.string(), tag: z.string().nullable(), digest: z.string().nullable() })),
    commit: z.string().nullable(),
    url: z.string().nullable().openapi({ description: 'Where the environment is reached, by its configuration.' }),
    wait: z.object({ reason: z.enum(['approval', 'checks', 'image', 'freeze', 'soak']), sentence: z.string(), until: time }).nullable(),
    problem: z.union([problemSchema, z.null()]),
    requestedBy: z.object({
      id: z.int(),
      login: z.string().openapi({ description: 'Of a workflow: who started it; of a token: who made it.' }),
      program: z.object({ kind: z.enum(['workflow', 'token']), name: z.string() }).nullable(),
    }),
    requestedThrough: z.enum(['comment', 'label', 'api', 'push', 'checks', 'package', 'watch']),
    requestedAt: time,
    endedAt: time.nullable(),
    links: z.object({
      self: z.string(),
      events: z.string(),
      logs: z.string(),
      asked: z.string().nullable().openapi({ description: 'The comment that asked.' }),
      comment: z.string().nullable(),
      check: z.string().nullable(),
    }),
  })
  .openapi('Deployment')

export type DeploymentBody = z.input<typeof deploymentSchema>

export interface ViewDoors {
  /** What GitHub has been told of it: the numbers of its comment and check run there. */
  said(id: string): { readonly comment: number | null; readonly check: number | null }
  /** GitHub's pages: `https://github.com`. */
  readonly github: string
}

export function deploymentBody(deployment: Deployment, doors: ViewDoors): DeploymentBody {
  const { id, request, plan, state, wait, problem } = deployment
  return {
    id,
    repository: `${request.repository.owner}/${request.repository.name}`,
    app: plan?.app ?? request.asks.app,
    environment: plan?.environment ?? request.asks.environment,
    state,
    isFinal: hasEnded(state),
    headline: plain(headline(deployment).words),
    progress: progressOf(deployment),
    steps: stepsOf(deployment),
    images: (plan?.artifacts ?? []).map(({ name, repository, tag, digest }) => ({ name, repository, tag, digest })),
    commit: plan?.commit ?? null,
    url: plan?.url ?? null,
    wait: wait === null ? null : { reason: wait.reason, sentence: wait.sentence, until: stamp(wait.until) },
    problem: problem === null ? null : problemOf(problem),
    requestedBy: requesterOf(request),
    requestedThrough: request.door,
    requestedAt: stamp(deployment.createdAt),
    endedAt: deployment.endedAt === null ? null : stamp(deployment.endedAt),
    links: linksOf(deployment, doors),
  }
}

const requesterOf = ({ actor: { id, login, program } }: Deployment['request']): DeploymentBody['requestedBy'] => ({
  ...{ id, login },
  program: program === undefined ? null : { kind: program.kind, name: program.kind === 'token' ? program.name : program.file },
})

export function problemOf({ code, sentence, found, wanted, who, next, retryable, retryAfter }: Problem): z.input<typeof problemSchema> {
  return {
    ...{ code, detail: sentence, who, fix: next, retryable },
    ...(found !== undefined && { found }),
    ...(wanted !== undefined && { wanted }),
    ...(retryAfter !== undefined && { retryAfter: Math.ceil(retryAfter / 1000) }),
  }
}

/** The words without their markup: nobody is notified here. */
export const plain = (words: readonly Word[]): string =>
  words.map((word) => (typeof word === 'string' ? word : (Object.values(word)[0] ?? ''))).join('')

export const stamp = (at: number): string => new Date(at).toISOString()

/** Of the steps that every deployment takes; one that waits or puts back takes more. */
const USUAL: readonly StepName[] = ['gates', 'resolve', 'verify', 'queue', 'apply', 'observe']

function progressOf({ state, steps }: Deployment): DeploymentBody['progress'] {
  const names = new Set([...USUAL, ...steps.map(({ name }) => name)])
  const done = new Set(steps.flatMap(({ name, outcome }) => (outcome === 'done' ? [name] : [])))
  const current = state === 'success' ? names.size : done.size
  return { current, total: names.size, percentage: Math.floor((current / names.size) * 100) }
}

function stepsOf(deployment: Deployment): DeploymentBody['steps'] {
  const words = stepWords(deployment)
  return deployment.steps.map(({ name, outcome, note, startedAt, endedAt }, index) => ({
    ...{ name, words: words[index]?.word ?? name, outcome, note },
    ...{ startedAt: stamp(startedAt), endedAt: endedAt === null ? null : stamp(endedAt) },
  }))
}

function linksOf({ id, request }: Deployment, { said, github }: ViewDoors): DeploymentBody['links'] {
  const { comment, check } = said(id)
  const home = `${github}/${request.repository.owner}/${request.repository.name}`
  return {
    self: `/deploy/status/${id}`,
    events: `/deploy/status/${id}/events`,
    logs: `/deploy/status/${id}/logs`,
    asked: request.comment?.url ?? null,
    comment: comment === null || request.subject === null ? null : `${home}/issues/${request.subject.number}#issuecomment-${comment}`,
    check: check === null ? null : `${home}/runs/${check}`,
  }
}
