import * as z from 'zod'
import { Failure } from '../errors.ts'
import { partyName } from '../deploy/environment.ts'
import { unexpectedAnswer } from './github-failure.ts'
import type { GraphqlAnswer, GraphqlError } from './github.ts'
import { rollupShape } from './check-results.ts'
import type { Question } from './facts-query.ts'

const blob = z.object({ oid: z.string(), text: z.string().nullable(), isTruncated: z.boolean(), isBinary: z.boolean().nullable() })
/** GitHub's answer where none of the types that were asked about is there. */
const nothing = z
  .object({})
  .strict()
  .transform(() => null)

/** A commit, or an annotated tag of one. What a judged one has more is there only where it was asked for. */
const gitObject = z.object({
  __typename: z.string(),
  oid: z.string(),
  tree: z.object({ oid: z.string() }).optional(),
  signature: z.object({ isValid: z.boolean() }).nullish(),
  statusCheckRollup: rollupShape.nullish(),
})
const tip = z.object({ target: gitObject.extend({ target: gitObject.optional() }).nullable() })

const review = z.object({
  state: z.string(),
  commit: z.object({ oid: z.string() }).nullable(),
  authorCanPushToRepository: z.boolean(),
  author: z.object({ __typename: z.string(), login: z.string(), databaseId: z.number().nullish() }).nullable(),
})
const pull = z.object({
  state: z.enum(['OPEN', 'CLOSED', 'MERGED']),
  isCrossRepository: z.boolean(),
  isDraft: z.boolean(),
  headRefName: z.string(),
  headRefOid: z.string(),
  baseRefName: z.string(),
  mergeable: z.string(),
  /** Of an App: nothing. */
  author: z.union([z.object({ databaseId: z.number(), login: z.string() }), nothing]).nullable(),
  baseRef: z.object({ compare: z.object({ behindBy: z.number(), headTarget: z.object({ oid: z.string() }) }).nullable() }).nullish(),
  latestOpinionatedReviews: z.object({ nodes: z.array(review.nullable()), pageInfo: z.object({ hasNextPage: z.boolean() }) }).nullish(),
  commits: z.object({ nodes: z.array(z.object({ commit: gitObject }).nullable()) }).optional(),
})
const repository = z.object({
  databaseId: z.number(),
  isPrivate: z.boolean(),
  defaultBranchRef: tip.extend({ name: z.string() }).nullable(),
  object: z.union([blob, nothing]).nullable(),
  issueOrPullRequest: z.union([pull, nothing]).nullish(),
  branch: tip.nullish(),
  tag: tip.nullish(),
  named: gitObject.nullish(),
  judged: gitObject.nullish(),
})
/** Null where the token does not show the repository: there is none, or a private one. */
export const defaultsShape = z.object({ object: z.union([blob, nothing]).nullable() }).nullish()
const answerShape = z.object({
  repository,
  account: defaultsShape,
  comment: z.object({ body: z.string(), lastEditedAt: z.string().nullable() }).nullish(),
})
const builtShape = z.object({ oid: z.string(), tree: z.object({ oid: z.string() }).optional() }).nullish()
const membersShape = z.object({
  nodes: z.array(z.object({ databaseId: z.number().nullable() }).nullable()),
  pageInfo: z.object({ hasNextPage: z.boolean() }),
})
const teamShape = z.object({ team: z.record(z.string(), membersShape).nullable() }).nullish()

export type GitObject = z.infer<typeof gitObject>
export type RepositoryFacts = z.infer<typeof repository>
export type PullFacts = z.infer<typeof pull>
export type BlobFacts = z.infer<typeof blob>
export type DefaultsFacts = z.infer<typeof defaultsShape>
export type CommentFacts = z.infer<typeof answerShape>['comment']

/** The parts that a rule may do without: what cannot be read there becomes null, and whoever needs it says no. */
export type Optional = 'statusCheckRollup' | 'latestOpinionatedReviews' | 'compare'
const OPTIONAL: readonly Optional[] = ['statusCheckRollup', 'latestOpinionatedReviews', 'compare']

export interface FactsAnswer {
  readonly repository: RepositoryFacts
  readonly account: DefaultsFacts
  readonly comment: CommentFacts
  /** Whether anything below a field of this name went wrong. */
  isUnreadable(part: Optional): boolean
  /** The trees of the commits in `Question.built` that this repository has. */
  readonly trees: ReadonlyMap<string, string>
}

/** What is missing may be missing for good (`NOT_FOUND`); any other error means that we do not know, but for parts that may be forbidden. */
export function readFacts({ data, errors }: GraphqlAnswer, { request, built }: Question): FactsAnswer {
  const unknown = errors.find((error) => !isOfTeam(error) && !isBearable(error))
  if (unknown !== undefined) throw unexpectedAnswer('POST /graphql', unknown.message)
  const isKnown = data['repository'] != null
  const parsed = answerShape.safeParse(data)
  if (isKnown && !parsed.success) throw unexpectedAnswer('POST /graphql', parsed.error)
  // Names are given up and taken by others: the id in the signed body is the repository that is meant.
  if (!parsed.success || parsed.data.repository.databaseId !== request.repository.id) throw renamed(request.repository)
  return {
    repository: parsed.data.repository,
    account: parsed.data.account,
    comment: parsed.data.comment,
    isUnreadable: (part) => errors.some((error) => lies(error, part)),
    trees: new Map(built.flatMap((sha, index) => treeOf(sha, (data['repository'] as Record<string, unknown>)[`built${index}`]))),
  }
}

const lies = ({ path }: GraphqlError, part: Optional): boolean => path?.includes(part) ?? false

const isBearable = (error: GraphqlError): boolean =>
  error.type === 'NOT_FOUND' || (error.type === 'FORBIDDEN' && OPTIONAL.some((part) => lies(error, part)))

const isOfTeam = ({ path }: GraphqlError): boolean => /^team\d+$/.test(String(path?.[0]))

function treeOf(sha: string, object: unknown): [string, string][] {
  const tree = builtShape.safeParse(object).data?.tree
  return tree === undefined ? [] : [[sha, tree.oid]]
}

const renamed = ({ owner, name, id }: Question['request']['repository']): Failure =>
  new Failure('GITHUB_REFUSED', {
    sentence: `The repository is no longer called ${owner}/${name}, or the App may not see it.`,
    wanted: `repository id ${id}`,
    next: 'Ask again in a new comment.',
  })

/**
 * By the party's name: the ids of those people who belong to the team. A team that does not exist has no members; one that cannot be
 * read is a Failure where somebody asked for it, and left out where it was only remembered.
 */
export function readMembers(
  { data, errors }: GraphqlAnswer,
  { teams, people }: Question,
  isAsked: (name: string) => boolean,
): Map<string, readonly number[]> {
  const members = new Map<string, readonly number[]>()
  for (const [index, team] of teams.entries()) {
    const [name, alias] = [partyName(team), `team${index}`]
    const error = errors.find(({ path, type }) => path?.[0] === alias && type !== 'NOT_FOUND')
    const parsed = teamShape.safeParse(data[alias])
    const found = error === undefined && parsed.success ? parsed.data?.team : undefined
    const isMissing = error === undefined && parsed.success && found == null
    const ids = isMissing ? [] : people.map(({ id }, who) => belongs(id, found?.[`who${who}`]))
    const known = ids.filter((id) => id !== 'unknown')
    if (known.length === ids.length)
      members.set(
        name,
        known.filter((id) => id !== null),
      )
    else if (isAsked(name)) throw unreadable(name, error)
  }
  return members
}

/** The search is by words: the id decides. More hits than fit on a page, without the one that is looked for, tell nothing. */
function belongs(id: number, found: z.infer<typeof membersShape> | undefined): number | null | 'unknown' {
  if (found === undefined) return 'unknown'
  if (found.nodes.some((one) => one?.databaseId === id)) return id
  return found.pageInfo.hasNextPage ? 'unknown' : null
}

function unreadable(name: string, error: GraphqlError | undefined): Failure {
  if (error?.type !== 'FORBIDDEN') return unexpectedAnswer('POST /graphql', error?.message ?? `the members of ${name}`)
  return new Failure('GITHUB_REFUSED', {
    sentence: `GitHub does not tell who belongs to ${name}.`,
    found: 'a team that the App may not read',
    wanted: 'a team of the organisation that the App is installed in, and the permission members: read',
    next: "Check on GitHub that the App's permissions are accepted, and the name in .github/deploy.yml.",
  })
}
