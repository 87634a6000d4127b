import type { DeployRequest } from '../deploy/deployment.ts'
import type { Party } from '../deploy/environment.ts'
import type { Somebody } from '../deploy/source.ts'

export type Team = Extract<Party, { readonly kind: 'team' }>

/** Which commit is judged: an exact one, the pull request's head, the tip of the ref that was named or of the default branch; null where none matters. */
export type Judged = { readonly oid: string } | 'head' | 'ref' | 'default' | null

/** What one query asks for. */
export interface Question {
  readonly request: DeployRequest
  readonly judged: Judged
  /** Whole commit ids whose trees are asked for besides. */
  readonly built: readonly string[]
  readonly teams: readonly Team[]
  /** Whose membership in each of those is asked for. */
  readonly people: readonly Somebody[]
}

/** A whole commit id. Whatever else people type is a name, and a name of this form is never a branch or tag. */
export const isCommitId = (text: string): boolean => /^[0-9a-f]{40}$/.test(text)

const NO_COMMIT = '0'.repeat(40)

/** The account's defaults, of its repository `.github`. */
export const DEFAULTS_FRAGMENT = `fragment defaults on Repository {
  object(expression: "HEAD:.github/deploy-defaults.yml") { ... on Blob { oid text isTruncated isBinary } }
}`

/**
 * The document for so many commits, teams and people. `HEAD:` is the default branch, whatever its name. A ref is looked up as a branch
 * or a tag by its full name and never as a revision expression, which could name a commit that only a fork has. The pull request's last
 * commit, and not its `headRef`'s target: that one belongs to the fork, whose checks are others. `refs/pull/N/head` is there for forks too.
 */
export function factsDocument(built: number, teams: number, people: number): string {
  const each = (count: number, part: (index: number) => string): string => Array.from({ length: count }, (_, index) => part(index)).join('')
  return `query facts(
  $owner: String!, $name: String!, $number: Int!, $pullRef: String!, $branch: String!, $tag: String!, $comment: ID!
  $judged: GitObjectID!, $named: GitObjectID!, $hasComment: Boolean!, $isPull: Boolean!, $hasRef: Boolean!, $hasNamed: Boolean!
  $judges: Boolean!, $judgesCommit: Boolean!, $judgesHead: Boolean!, $judgesRef: Boolean!, $judgesDefault: Boolean!
  ${each(built, (index) => `$built${index}: GitObjectID! `)}${each(people, (index) => `$login${index}: String! `)}
  ${each(teams, (index) => `$organisation${index}: String! $slug${index}: String! `)}
) {
  repository(owner: $owner, name: $name, followRenames: false) {
    databaseId
    isPrivate
    defaultBranchRef { name target { __typename oid ...judged @include(if: $judgesDefault) } }
    object(expression: "HEAD:.github/deploy.yml") { ... on Blob { oid text isTruncated isBinary } }
    issueOrPullRequest(number: $number) @include(if: $isPull) {
      ... on PullRequest {
        state isCrossRepository isDraft headRefName headRefOid baseRefName mergeable
        author { ... on User { databaseId login } }
        baseRef @include(if: $judges) { compare(headRef: $pullRef) { behindBy headTarget { oid } } }
        latestOpinionatedReviews(first: 100) @include(if: $judges) {
          nodes { state commit { oid } authorCanPushToRepository author { __typename login ... on User { databaseId } ... on Bot { databaseId } } }
          pageInfo { hasNextPage }
        }
        commits(last: 1) @include(if: $judgesHead) { nodes { commit { ...judged } } }
      }
    }
    branch: ref(qualifiedName: $branch) @include(if: $hasRef) { target { __typename oid ...judged @include(if: $judgesRef) } }
    tag: ref(qualifiedName: $tag) @include(if: $hasRef) {
      target { __typename oid ...judged @include(if: $judgesRef) ... on Tag { target { __typename oid ...judged @include(if: $judgesRef) } } }
    }
    named: object(oid: $named) @include(if: $hasNamed) { __typename oid }
    judged: object(oid: $judged) @include(if: $judgesCommit) { ...judged }
    ${each(built, (index) => `built${index}: object(oid: $built${index}) { oid ... on Commit { tree { oid } } } `)}
  }
  account: repository(owner: $owner, name: ".github", followRenames: false) { ...defaults }
  comment: node(id: $comment) @include(if: $hasComment) { ... on IssueComment { body lastEditedAt } }
  ${each(
    teams,
    (team) =>
      `team${team}: organization(login: $organisation${team}) { team(slug: $slug${team}) { ${each(
        people,
        (one) => `who${one}: members(query: $login${one}, first: 100, membership: ALL) { nodes { databaseId } pageInfo { hasNextPage } } `,
      )}} } `,
  )}
}
${DEFAULTS_FRAGMENT}
fragment judged on GitObject {
  __typename
  oid
  ... on Commit {
    tree { oid }
    signature { isValid }
    statusCheckRollup {
      contexts(first: 100) {
        nodes {
          __typename
          ... on CheckRun {
            databaseId name status conclusion startedAt checkSuite { databaseId app { databaseId slug } }
          }
          ... on StatusContext { context state createdAt }
        }
        pageInfo { hasNextPage }
      }
    }
  }
}`
}

/** One variable for each hole of the document. */
export function factsVariables({ request, judged, built, teams, people }: Question): Readonly<Record<string, unknown>> {
  const { repository, subject, comment, asks } = request
  const isPull = subject?.isPull === true
  const isNamed = asks.ref !== null && isCommitId(asks.ref)
  return {
    owner: repository.owner,
    name: repository.name,
    number: subject?.number ?? 0,
    pullRef: `refs/pull/${subject?.number ?? 0}/head`,
    branch: `refs/heads/${asks.ref ?? ''}`,
    tag: `refs/tags/${asks.ref ?? ''}`,
    comment: comment?.node ?? '',
    judged: judged !== null && typeof judged === 'object' ? judged.oid : NO_COMMIT,
    named: isNamed ? asks.ref : NO_COMMIT,
    hasComment: comment !== null,
    isPull,
    hasRef: asks.ref !== null && !isNamed,
    hasNamed: isNamed,
    judges: judged !== null,
    judgesCommit: judged !== null && typeof judged === 'object',
    judgesHead: judged === 'head',
    judgesRef: judged === 'ref',
    judgesDefault: judged === 'default',
    ...numbered('built', built),
    ...numbered(
      'login',
      people.map(({ login }) => login),
    ),
    ...numbered(
      'organisation',
      teams.map(({ organisation }) => organisation),
    ),
    ...numbered(
      'slug',
      teams.map(({ slug }) => slug),
    ),
  }
}

const numbered = (name: string, values: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(values.map((value, index) => [`${name}${index}`, value]))
