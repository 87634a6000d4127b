import * as z from 'zod'
import type { Repository } from '../deploy/deployment.ts'
import type { Surface } from '../deploy/journal.ts'
import { unexpectedAnswer } from './github-failure.ts'
import type { GitHubClient } from './github.ts'
import { gantryIn, isUs } from './ours.ts'

/** What to look for after a crash or a lost answer, before anything is repeated. */
export interface Trace {
  readonly repository: Repository
  readonly number: number
  /** At the end of the comment. */
  readonly marker: string
  /** The check run's external id, and in the Deployment's payload: the deployment's id, or a head's key. Null for an answer. */
  readonly id: string | null
  readonly commit: string | null
  readonly environment: string | null
  /** The status that may have been written. */
  readonly status: { readonly state: string; readonly description: string } | null
  readonly appId: number
}

export interface Found {
  readonly node: string
  readonly number: number | null
}

export type Findings = Partial<Record<Surface | 'status', Found>>

/**
 * One query for all that is uncertain. Only what our own App made counts: anybody can copy a marker into a comment, and
 * everyone with write access can create a Deployment with our id in it.
 */
export async function look(client: GitHubClient, trace: Trace, wanted: ReadonlySet<Surface>): Promise<Findings> {
  const { repository, number, commit, environment, appId } = trace
  const { data, errors } = await client.graphql(QUERY, {
    owner: repository.owner,
    name: repository.name,
    number,
    commit: commit ?? '0'.repeat(40),
    environments: environment === null ? [] : [environment],
    appId,
    withComment: wanted.has('comment'),
    withCheck: wanted.has('check') && commit !== null,
    withDeployment: wanted.has('deployment') && environment !== null,
  })
  const parsed = shape.safeParse(data)
  // Not found is an answer; anything else that is missing would be written a second time.
  const unknown = errors.find(({ type }) => type !== 'NOT_FOUND')
  if (!parsed.success || unknown !== undefined) throw unexpectedAnswer('POST /graphql', unknown?.message ?? parsed.error)
  return findings(parsed.data, trace)
}

function findings(answer: z.infer<typeof shape>, trace: Trace): Findings {
  const comment = answer.repository?.issueOrPullRequest?.comments?.nodes.find(
    // At its end and nowhere else: what others wrote, our own comment may well repeat, but never last.
    (one) => one?.viewerDidAuthor === true && one.body.trimEnd().endsWith(trace.marker),
  )
  const check = answer.repository?.object?.checkSuites?.nodes
    // A commit may be deployed more than a hundred times. GitHub says nothing of their order: the newest are at one of the ends.
    .flatMap((suite) => [...(suite?.first?.nodes ?? []), ...(suite?.last?.nodes ?? [])])
    .find((run) => trace.id !== null && run?.externalId === trace.id)
  const deployment = answer.repository?.deployments?.nodes.find(
    (one) => trace.id !== null && gantryIn(one?.payload)?.id === trace.id && isUs(one?.creator, answer.viewer?.login),
  )
  const status = deployment?.statuses?.nodes.find((one) => one?.state === trace.status?.state && one?.description === trace.status?.description)
  return {
    ...(comment != null && { comment: foundOf(comment) }),
    ...(check != null && { check: foundOf(check) }),
    ...(deployment != null && { deployment: foundOf(deployment) }),
    ...(status != null && { status: { node: status.id, number: null } }),
  }
}

const QUERY = `query look(
  $owner: String!, $name: String!, $number: Int!, $commit: GitObjectID!, $environments: [String!], $appId: Int!,
  $withComment: Boolean!, $withCheck: Boolean!, $withDeployment: Boolean!
) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    issueOrPullRequest(number: $number) @include(if: $withComment) {
      ... on Issue { comments(last: 100) { nodes { id databaseId body viewerDidAuthor } } }
      ... on PullRequest { comments(last: 100) { nodes { id databaseId body viewerDidAuthor } } }
    }
    object(oid: $commit) @include(if: $withCheck) {
      ... on Commit {
        checkSuites(first: 20, filterBy: { appId: $appId }) {
          nodes {
            first: checkRuns(first: 100, filterBy: { appId: $appId, checkType: ALL }) { nodes { id databaseId externalId } }
            last: checkRuns(last: 100, filterBy: { appId: $appId, checkType: ALL }) { nodes { id databaseId externalId } }
          }
        }
      }
    }
    deployments(environments: $environments, first: 50, orderBy: { field: CREATED_AT, direction: DESC }) @include(if: $withDeployment) {
      nodes { id databaseId payload creator { __typename login } statuses(first: 20) { nodes { id state description } } }
    }
  }
}`

const nodes = <T extends z.ZodType>(one: T) => z.object({ nodes: z.array(one.nullable()) })
const numbered = { id: z.string(), databaseId: z.number().nullish() }
const runs = nodes(z.object({ ...numbered, externalId: z.string().nullable() })).nullish()
const shape = z.object({
  viewer: z.object({ login: z.string() }).nullish(),
  repository: z
    .object({
      issueOrPullRequest: z
        .object({ comments: nodes(z.object({ ...numbered, body: z.string(), viewerDidAuthor: z.boolean() })).nullish() })
        .nullish(),
      object: z
        .object({
          checkSuites: nodes(z.object({ first: runs, last: runs })).nullish(),
        })
        .nullish(),
      deployments: nodes(
        z.object({
          ...numbered,
          payload: z.string().nullable(),
          creator: z.object({ __typename: z.string(), login: z.string() }).nullable(),
          statuses: nodes(z.object({ id: z.string(), state: z.string(), description: z.string().nullable() })).nullish(),
        }),
      ).nullish(),
    })
    .nullable(),
})

const foundOf = ({ id, databaseId }: { id: string; databaseId?: number | null | undefined }): Found => ({ node: id, number: databaseId ?? null })
