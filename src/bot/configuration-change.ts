import * as z from 'zod'
import type { ConfigurationFile } from '../deploy/configuration-check.ts'
import type { HeadCheck } from '../deploy/journal.ts'
import { unexpectedAnswer } from './github-failure.ts'
import type { Place } from './budget/queue.ts'
import type { GitHubClient, GraphqlAnswer } from './github.ts'

const fileOf = ({ file = '.github/deploy.yml' }: HeadCheck): ConfigurationFile => file

/** What a pull request does to the configuration, as its page on GitHub shows it: against where its branch left the base. */
export interface ConfigurationChange {
  readonly file: ConfigurationFile
  /** The branch whose file counts, and the one that the pull request goes to. */
  readonly defaultBranch: string
  readonly base: string
  /** Null where there was no such file; empty where it is none that can be read. */
  readonly before: string | null
  /** Null where the file is gone. */
  readonly after: { readonly text: string | null } | null
}

/**
 * Null where there is nothing to say: the file is the one that counts already, the branch has only not caught up with its base, or the pull
 * request is no longer open. One query where the pull request has the file that counts; two calls more where it has another one.
 */
export async function readConfigurationChange(client: GitHubClient, check: HeadCheck, place: Place): Promise<ConfigurationChange | null> {
  const found = await lookAtHead(client, check, place)
  if (found === null || found.pullRequest.state !== 'OPEN' || found.counts?.oid === found.head?.oid) return null
  const { pullRequest, defaultBranchRef } = found
  const base = pullRequest.baseRef?.target?.oid
  if (base === undefined) return null
  const { before, after } = await readFiles(client, check, await forkPoint(client, check, base, place), place)
  if (before?.oid === after?.oid) return null
  return {
    file: fileOf(check),
    defaultBranch: defaultBranchRef?.name ?? '',
    base: pullRequest.baseRefName,
    before: before === null ? null : (before.text ?? ''),
    after: after === null ? null : { text: after.text ?? null },
  }
}

const LOOK = `query head($owner: String!, $name: String!, $number: Int!, $commit: GitObjectID!, $counts: String!, $file: String!) {
  repository(owner: $owner, name: $name, followRenames: false) {
    databaseId
    defaultBranchRef { name }
    pullRequest(number: $number) { state baseRefName baseRef { target { oid } } }
    commit: object(oid: $commit) { oid }
    counts: object(expression: $counts) { oid }
    head: object(expression: $file) { oid }
  }
}`

const some = z.object({ oid: z.string() })
const headShape = z.object({
  repository: z.object({
    databaseId: z.number(),
    defaultBranchRef: z.object({ name: z.string() }).nullable(),
    pullRequest: z.object({ state: z.string(), baseRefName: z.string(), baseRef: z.object({ target: some.nullable() }).nullable() }),
    commit: some.nullable(),
    counts: some.nullable(),
    head: some.nullable(),
  }),
})

/** Null where nobody can be told: the repository, the pull request or the right to see them is gone. */
async function lookAtHead(client: GitHubClient, check: HeadCheck, place: Place): Promise<z.infer<typeof headShape>['repository'] | null> {
  const { repository, pull, head } = check
  const variables = {
    owner: repository.owner,
    name: repository.name,
    number: pull,
    commit: head,
    counts: `HEAD:${fileOf(check)}`,
    file: `${head}:${fileOf(check)}`,
  }
  const answer = await client.graphql(LOOK, variables, place)
  const parsed = headShape.safeParse(dataOf(answer))
  if (!parsed.success) {
    if (answer.errors.length > 0) return null
    throw unexpectedAnswer('POST /graphql', parsed.error)
  }
  const found = parsed.data.repository
  // Names are given up and taken by others.
  if (found.databaseId !== repository.id) return null
  // Told by a webhook, and not there yet.
  if (found.commit === null) throw unexpectedAnswer('POST /graphql', `no commit ${head}`)
  return found
}

/** What is missing or forbidden is so for good; anything else that went wrong may pass. */
function dataOf({ data, errors }: GraphqlAnswer): GraphqlAnswer['data'] {
  const passing = errors.find(({ type }) => type !== 'NOT_FOUND' && type !== 'FORBIDDEN')
  if (passing !== undefined) throw unexpectedAnswer('POST /graphql', passing.message)
  return data
}

const compared = z.object({ merge_base_commit: z.object({ sha: z.string() }) })

/** The last commit that both have; null where they have nothing in common. */
async function forkPoint(client: GitHubClient, { repository, head }: HeadCheck, base: string, place: Place): Promise<string | null> {
  const params = { owner: repository.owner, repo: repository.name, basehead: `${base}...${head}`, per_page: 1 }
  const answer = await client.rest('GET /repos/{owner}/{repo}/compare/{basehead}', params, compared, [404], place)
  return answer?.merge_base_commit.sha ?? null
}

const FILES = `query files($owner: String!, $name: String!, $before: String!, $after: String!) {
  repository(owner: $owner, name: $name, followRenames: false) {
    before: object(expression: $before) { oid ... on Blob { text } }
    after: object(expression: $after) { oid ... on Blob { text } }
  }
}`

/** Of what is no text, and of a folder of that name, there is none. */
const file = some.extend({ text: z.string().nullish() }).nullable()
const filesShape = z.object({ repository: z.object({ before: file, after: file }) })

async function readFiles(
  client: GitHubClient,
  check: HeadCheck,
  before: string | null,
  place: Place,
): Promise<z.infer<typeof filesShape>['repository']> {
  const { owner, name } = check.repository
  const at = (commit: string): string => `${commit}:${fileOf(check)}`
  const answer = await client.graphql(FILES, { owner, name, before: at(before ?? '0'.repeat(40)), after: at(check.head) }, place)
  const parsed = filesShape.safeParse(dataOf(answer))
  if (!parsed.success) throw unexpectedAnswer('POST /graphql', parsed.error)
  return parsed.data.repository
}
