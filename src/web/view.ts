import '@hono/zod-openapi'
import * as z from 'zod'
import { CODES, type Code, type Problem, type Who } from '../errors.ts'
import { DOORS, hasEnded, type Deployment, type State, type StepName } from '../deploy/deployment.ts'
import { headline, steps as stepWords, WHO, type Word } from '../deploy/words.ts'
import { DEPLOYMENT, PROBLEM } from './examples.ts'

/** What the API shows of a deployment: the record's own facts, and the words that the comment has. */

const time = z.iso.datetime().openapi({ example: '2026-11-26T09:30:00.000Z' })
const codes = Object.keys(CODES) as [Code, ...Code[]]

/** What did not work; the same members as in an answer that is a problem. */
export const problemSchema = z
  .object({
    code: z.enum(codes).describe('Stable: what a program looks at.'),
    detail: z.string().describe('One plain sentence.'),
    found: z.string().optional().describe('What there was.'),
    wanted: z.string().optional().describe('What there should have been.'),
    who: z.enum(Object.keys(WHO) as [Who, ...Who[]]).describe('Who can put it right.'),
    fix: z.string().describe('The one next step.'),
    retryable: z.boolean().describe('Whether the same request may succeed later.'),
    retryAfter: z.int().min(0).optional().describe('Seconds until then, where they are known.'),
  })
  .openapi('Problem', { example: PROBLEM })

const STATES: readonly State[] = [
  ...(['requested', 'gating', 'resolving', 'verifying', 'waiting', 'queued', 'applying', 'observing', 'restoring'] as const),
  ...(['success', 'refused', 'failure', 'cancelled', 'superseded', 'unknown'] as const),
]
export const stateSchema = z.enum(STATES as [State, ...State[]]).describe('Where it stands; the last six are final.')
const STEPS: readonly StepName[] = ['gates', 'resolve', 'verify', 'wait', 'queue', 'apply', 'observe', 'restore']

const stepSchema = z.object({
  name: z.enum(STEPS as [StepName, ...StepName[]]).describe('Which step.'),
  words: z.string().describe('The same in words.'),
  outcome: z.enum(['running', 'done', 'failed']).describe('What became of it; one that waits is `running`, and its words say for what.'),
  note: z.string().nullable().describe('What it found.'),
  startedAt: time.describe('When it began.'),
  endedAt: time.nullable().describe('When it ended; null while it runs.'),
})

/** What is waited for. */
export const waitSchema = z.object({
  reason: z.enum(['approval', 'checks', 'image', 'freeze', 'soak']).describe('The kind of it.'),
  sentence: z.string().describe('The same in words.'),
  until: time.describe('When it is waited for no longer.'),
})

export const deploymentSchema = z
  .object({
    id: z.string().describe('Unguessable; its first part is the repository’s.'),
    repository: z.string().openapi({ example: 'acme/shop', description: 'As `owner/name`.' }),
    app: z.string().nullable().describe('Which of the repository’s apps; null until the configuration has been read.'),
    environment: z.string().nullable().describe('Null where the default one is meant and the configuration has not been read.'),
    state: stateSchema,
    isFinal: z.boolean().describe('Whether it has ended.'),
    headline: z.string().describe('The first line of the comment, as plain text.'),
    progress: z
      .object({
        current: z.int().min(0).describe('Steps that are done.'),
        total: z.int().min(0).describe('Steps that there are, as far as is known.'),
        percentage: z.int().min(0).max(100).describe('The one of the other.'),
      })
      .describe('How far it is.'),
    steps: z.array(stepSchema).describe('What has begun, in its order.'),
    images: z
      .array(
        z.object({
          name: z.string().describe('As the configuration calls it.'),
          repository: z.string().describe('With its registry.'),
          tag: z.string().nullable().describe('The one that was asked for; null where it was a digest.'),
          digest: z.string().nullable().describe('What is deployed; null until it has been found.'),
        }),
      )
      .describe('What is deployed.'),
    commit: z.string().nullable().describe('The commit that it is deployed for; null until it has been found.'),
    url: z.string().nullable().describe('Where the environment is reached, by its configuration.'),
    wait: waitSchema.nullable().describe('What it waits for.'),
    problem: z.union([problemSchema, z.null()]).describe('Why it did not come to success.'),
    requestedBy: z
      .object({
        id: z.int().describe('GitHub’s number of the account.'),
        login: z.string().describe('Its name then. Of a workflow: who started it; of a token: who made it.'),
        program: z
          .object({ kind: z.enum(['workflow', 'token']).describe('What it is.'), name: z.string().describe('Its name.') })
          .nullable()
          .describe('The program that asked; null where it was a person.'),
      })
      .describe('Who asked.'),
    requestedThrough: z.enum(DOORS).describe('The door that they came through.'),
    requestedAt: time.describe('When it was written down.'),
    endedAt: time.nullable().describe('When it ended.'),
    links: z
      .object({
        self: z.string().describe('This, as it stands then.'),
        events: z.string().describe('What happens to it, as it happens.'),
        logs: z.string().describe('Its log.'),
        asked: z.string().nullable().describe('The comment that asked.'),
        comment: z.string().nullable().describe('The comment that tells of it.'),
        check: z.string().nullable().describe('Its check run.'),
      })
      .describe('Addresses: paths of this API, and pages of GitHub’s.'),
  })
  .openapi('Deployment', { example: DEPLOYMENT })

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
