import * as z from 'zod'
import type { Surface } from '../deploy/journal.ts'
import type { Place } from './budget/queue.ts'
import type { GitHubClient, GraphqlAnswer } from './github.ts'

/** One write within a request of several: they run in order and fail singly. */
export interface Mutation {
  /** The surface, or anything else that tells this write apart: letters and digits. */
  readonly alias: string
  readonly field: keyof typeof SELECTIONS
  readonly input: Readonly<Record<string, unknown>>
}

/** `done` with the object's ids; `gone` where GitHub will never take it; `failed` where nobody knows, so that it is looked for before it is repeated. */
export type Written = { readonly done: { readonly node: string | null; readonly number: number | null } } | 'gone' | 'failed'

const SELECTIONS = {
  addComment: 'commentEdge { node { id databaseId } }',
  updateIssueComment: 'issueComment { id databaseId }',
  minimizeComment: 'clientMutationId',
  createCheckRun: 'checkRun { id databaseId }',
  updateCheckRun: 'checkRun { id databaseId }',
  createDeploymentStatus: 'deploymentStatus { id }',
} as const

const INPUTS: Record<Mutation['field'], string> = {
  addComment: 'AddCommentInput',
  updateIssueComment: 'UpdateIssueCommentInput',
  minimizeComment: 'MinimizeCommentInput',
  createCheckRun: 'CreateCheckRunInput',
  updateCheckRun: 'UpdateCheckRunInput',
  createDeploymentStatus: 'CreateDeploymentStatusInput',
}

/** All of it in one call. Throws only where the call as a whole failed: then nothing is known of any of them. */
export async function write(client: GitHubClient, mutations: readonly Mutation[], place: Place): Promise<ReadonlyMap<string, Written>> {
  const inputs = Object.fromEntries(mutations.map(({ alias, input }) => [alias, input]))
  const answer = await client.graphql(documentOf(mutations), inputs, place)
  return new Map(mutations.map(({ alias }) => [alias, writtenOf(alias, answer)]))
}

function documentOf(mutations: readonly Mutation[]): string {
  const variables = mutations.map(({ alias, field }) => `$${alias}: ${INPUTS[field]}!`).join(', ')
  const fields = mutations.map(({ alias, field }) => `  ${alias}: ${field}(input: $${alias}) { ${SELECTIONS[field]} }`)
  return [`mutation announce(${variables}) {`, ...fields, '}'].join('\n')
}

const written = z.object({ id: z.string(), databaseId: z.number().nullish() })
const payload = z.object({
  commentEdge: z.object({ node: written }).nullish(),
  issueComment: written.nullish(),
  checkRun: written.nullish(),
})

// A deleted comment, a deleted or locked issue, an object that the App may not write: asking again changes nothing.
const FOR_GOOD: ReadonlySet<string> = new Set(['NOT_FOUND', 'FORBIDDEN', 'UNPROCESSABLE', 'UNAUTHORIZED', 'LOCKED'])

function writtenOf(alias: string, { data, errors }: GraphqlAnswer): Written {
  const error = errors.find(({ path }) => path?.[0] === alias)
  if (error !== undefined) return FOR_GOOD.has(error.type ?? '') ? 'gone' : 'failed'
  const parsed = payload.safeParse(data[alias])
  if (!parsed.success) return 'failed'
  const { commentEdge, issueComment, checkRun } = parsed.data
  const object = commentEdge?.node ?? issueComment ?? checkRun
  return { done: { node: object?.id ?? null, number: object?.databaseId ?? null } }
}

export const isSurface = (alias: string): alias is Surface => alias === 'comment' || alias === 'check' || alias === 'deployment'
