import type { Probot } from 'probot'
import * as z from 'zod'
import type { Clock } from '../deploy/clock.ts'
import type { Spendings } from '../deploy/journal.ts'
import { Failure } from '../errors.ts'
import { createBudgets, type Budget } from './budget/budget.ts'
import { costOf, urgencyOf } from './budget/cost.ts'
import type { Place } from './budget/queue.ts'
import { createInstallations, type Installations, type Reach, type Reply } from './installations.ts'
import { failureFrom, rateLimited, unexpectedAnswer, UNSAID_WINDOW, windowSaid } from './github-failure.ts'

/** GitHub, for one repository of an installation of the App at a time. Every call is made once: what may be repeated is the caller's to know. */
export interface GitHub {
  /** To look only. */
  reading(where: Where): GitHubClient
  /** To say and record something, and to see what has been said. */
  writing(where: Where): GitHubClient
  /** To see who belongs to an organisation and its teams, and nothing else. */
  members(installation: number): GitHubClient
  /** The App was taken off the account, or suspended: every call with its rights fails at once, until GitHub is asked again after a while. */
  forget(installation: number): void
  /** It is not suspended any more. */
  welcome(installation: number): void
  /** As `Budget.learn`. */
  learn(installation: number, ...what: Parameters<Budget['learn']>): void
}

/** `id`: GitHub's of the repository, or, of one that is only named, the name below its owner. */
export interface Where {
  readonly installation: number
  readonly id: number | string
}

export interface GitHubClient {
  /**
   * `route` is one of `fixtures/github-operations.txt`. The answer must fit `shape`. Throws a `Failure` with a GITHUB_… code;
   * null for the statuses in `none`. Without a place in the budget's queue it is made at once or throws GITHUB_RATE_LIMITED.
   */
  rest<T>(
    route: string,
    params: Readonly<Record<string, unknown>>,
    shape: z.ZodType<T>,
    none?: readonly number[],
    place?: Place | null,
  ): Promise<T | null>
  /** Parts fail singly: what went wrong stands in `errors`, each with the path of its part. */
  graphql(document: string, variables: Readonly<Record<string, unknown>>, place?: Place | null): Promise<GraphqlAnswer>
  /** As `Budget.queue`: for those that wait for their turn to write. */
  readonly queue: Budget['queue']
  /** Little is left of the limits: what can wait had better do so. */
  isShort(): boolean
}

export interface GraphqlAnswer {
  readonly data: Readonly<Record<string, unknown>>
  readonly errors: readonly GraphqlError[]
}

export type GraphqlError = z.infer<typeof graphqlError>

const graphqlError = z.object({
  message: z.string(),
  type: z.string().optional(),
  path: z.array(z.union([z.string(), z.number()])).optional(),
})
const graphqlAnswer = z.object({ data: z.record(z.string(), z.unknown()).nullish(), errors: z.array(graphqlError).nullish() })

export function createGitHub(probot: Pick<Probot, 'auth'>, clock: Clock, spendings: Spendings): GitHub {
  const budgets = createBudgets(spendings, clock)
  const installations = createInstallations(probot, clock)
  const client = (reach: Reach): GitHubClient => {
    const budget = budgets(reach.installation)
    const call = within(budget, installations, clock, reach)
    return {
      rest: (route, params, shape, none = [], place = null) => rest(call(place), route, params, shape, none),
      graphql: (document, variables, place = null) => graphql(call(place), document, variables),
      queue: budget.queue,
      isShort: () => budget.isShort,
    }
  }
  return {
    forget: installations.forget,
    welcome: installations.welcome,
    learn: (installation, ...what) => budgets(installation).learn(...what),
    reading: ({ installation, id: repository }) => client({ installation, repository, access: 'read' }),
    writing: ({ installation, id: repository }) => client({ installation, repository, access: 'write' }),
    members: (installation) => client({ installation, repository: null, access: 'members' }),
  }
}

const FIRST_RETRY = 1_000
const LONGEST_RETRY = 300_000

/** Milliseconds before the next try, doubling up to five minutes; spread by what is tried, so that not all come back at once. */
export function retryIn(tries: number, key: string): number {
  const spread = Array.from(key).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7) / 997
  return Math.round(Math.min(FIRST_RETRY * 2 ** (tries - 1), LONGEST_RETRY) * (0.75 + spread / 2))
}

/** Reacting twice with the same is one reaction, so this may be repeated. Nothing happens where the thread is gone or locked. */
export async function react(client: GitHubClient, to: Reactable, content: 'eyes' | 'confused'): Promise<void> {
  const { owner, name: repo } = to.repository
  const [route, id] =
    to.comment === null
      ? ['POST /repos/{owner}/{repo}/issues/{issue_number}/reactions', { issue_number: to.number }]
      : ['POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', { comment_id: to.comment }]
  await client.rest(route, { owner, repo, ...id, content }, z.unknown(), [404, 410, 422])
}

export interface Reactable {
  readonly repository: { readonly owner: string; readonly name: string }
  readonly number: number
  /** The comment's number; null for the issue itself. */
  readonly comment: number | null
}

type Call = (route: string, params: Readonly<Record<string, unknown>>) => Promise<Reply>

/** Asking again inside a rate limit's window may get the App banned: nothing leaves but through the budget. */
const within =
  (budget: Budget, installations: Installations, clock: Clock, reach: Reach) =>
  (place: Place | null): Call =>
  (route, params) => {
    const cost = costOf(route, params)
    return budget.call({ cost, urgency: urgencyOf(route, cost), place }, async (leave) => {
      try {
        const reply = await installations.request(reach, route, params, leave)
        if (route === 'POST /graphql' && saysRateLimited(reply.data)) throw rateLimited(windowSaid(reply.headers, clock.now()) ?? UNSAID_WINDOW)
        const window = windowSaid(reply.headers, clock.now())
        // The last one that there was.
        if (window !== null) budget.block(clock.now() + window)
        return reply
      } catch (error) {
        throw failureFrom(error, route, clock.now())
      }
    })
  }

async function rest<T>(
  call: Call,
  route: string,
  params: Readonly<Record<string, unknown>>,
  shape: z.ZodType<T>,
  none: readonly number[],
): Promise<T | null> {
  try {
    const parsed = shape.safeParse((await call(route, params)).data)
    if (parsed.success) return parsed.data
    throw unexpectedAnswer(route, parsed.error)
  } catch (error) {
    if (none.includes(statusOf(error) ?? 0)) return null
    throw error
  }
}

async function graphql(call: Call, query: string, variables: Readonly<Record<string, unknown>>): Promise<GraphqlAnswer> {
  const { data } = await call('POST /graphql', { query, variables })
  const parsed = graphqlAnswer.safeParse(data)
  if (!parsed.success) throw unexpectedAnswer('POST /graphql', parsed.error)
  const errors = parsed.data.errors ?? []
  if (parsed.data.data == null && errors.length > 0) throw unexpectedAnswer('POST /graphql', errors.map(({ message }) => message).join('; '))
  return { data: parsed.data.data ?? {}, errors }
}

// GraphQL says it with status 200 (docs.github.com: "Rate limits and query limits for the GraphQL API").
const saysRateLimited = (data: unknown): boolean => graphqlAnswer.safeParse(data).data?.errors?.some(({ type }) => type === 'RATE_LIMITED') ?? false

/** The HTTP status that a Failure came from. */
export function statusOf(error: unknown): number | null {
  const cause: unknown = error instanceof Failure ? error.cause : null
  return cause instanceof Error && 'status' in cause && typeof cause.status === 'number' ? cause.status : null
}
