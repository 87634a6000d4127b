import * as z from 'zod'
import type { CheckResult } from '../deploy/source.ts'

const checkRun = z.object({
  __typename: z.literal('CheckRun'),
  databaseId: z.number().nullable(),
  name: z.string(),
  status: z.string(),
  conclusion: z.string().nullable(),
  startedAt: z.string().nullable(),
  checkSuite: z.object({ databaseId: z.number().nullish(), app: z.object({ databaseId: z.number().nullable(), slug: z.string() }).nullable() }),
})
const statusContext = z.object({
  __typename: z.literal('StatusContext'),
  context: z.string(),
  state: z.string(),
  createdAt: z.string(),
})
const context = z.discriminatedUnion('__typename', [checkRun, statusContext])

/** `Commit.statusCheckRollup`, with one page of its contexts. */
export const rollupShape = z.object({ contexts: z.object({ nodes: z.array(context.nullable()), pageInfo: z.object({ hasNextPage: z.boolean() }) }) })

interface Reported extends CheckResult {
  /** Whose: the App's number, or that it is a status. */
  readonly reporter: string
  /** The check suite: each run of a workflow has one, also where all are GitHub Actions'. */
  readonly suite: number
  readonly at: number
  readonly id: number
}

/**
 * The newest result of each name in each suite of each reporter, without our own check runs (a gate would wait for itself). A job of the same
 * name in another workflow, which a pull request can bring along, does not stand for the one that failed. A commit without a rollup has
 * no checks; null where there are more than one page holds, or one of them cannot be read: what is unknown is never green.
 */
export function checkResults(rollup: z.infer<typeof rollupShape> | null, appId: number): readonly CheckResult[] | null {
  const { nodes, pageInfo } = rollup?.contexts ?? { nodes: [], pageInfo: { hasNextPage: false } }
  const contexts = nodes.filter((node) => node !== null)
  if (pageInfo.hasNextPage || contexts.length < nodes.length) return null
  const newest = new Map<string, Reported>()
  for (const one of contexts.map(reported)) {
    const key = `${one.reporter} ${one.suite} ${one.name}`
    const known = newest.get(key)
    if (one.reporter !== `app ${appId}` && (known === undefined || isNewer(one, known))) newest.set(key, one)
  }
  return [...newest.values()].map(({ name, app, outcome, state }) => ({ name, app, outcome, state }))
}

/** GitHub's times are whole seconds; its numbers rise. */
const isNewer = (one: Reported, known: Reported): boolean => one.at > known.at || (one.at === known.at && one.id > known.id)

/**
 * "Required status checks must have a successful, skipped, or neutral status before collaborators can make changes to a protected branch":
 * https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
 */
const GREEN: ReadonlySet<string> = new Set(['SUCCESS', 'NEUTRAL', 'SKIPPED'])

function reported(one: z.infer<typeof context>): Reported {
  if (one.__typename === 'StatusContext') {
    const isPending = one.state === 'PENDING' || one.state === 'EXPECTED'
    const outcome = one.state === 'SUCCESS' ? 'success' : isPending ? 'pending' : 'failure'
    return { name: one.context, app: null, outcome, state: one.state, reporter: 'status', suite: 0, at: Date.parse(one.createdAt), id: 0 }
  }
  const { app, databaseId: suite } = one.checkSuite
  const isDone = one.status === 'COMPLETED'
  const state = isDone ? (one.conclusion ?? 'UNKNOWN') : one.status
  const outcome = !isDone ? 'pending' : GREEN.has(state) ? 'success' : 'failure'
  // What has not begun yet is the newest of all.
  const at = one.startedAt === null ? (isDone ? 0 : Infinity) : Date.parse(one.startedAt)
  return {
    name: one.name,
    app: app?.slug ?? null,
    outcome,
    state,

    reporter: `app ${app?.databaseId}`,
    suite: suite ?? 0,
    at,
    id: one.databaseId ?? 0,
  }
}
