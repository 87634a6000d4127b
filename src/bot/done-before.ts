import * as z from 'zod'
import type { Repository } from '../deploy/deployment.ts'
import { unexpectedAnswer } from './github-failure.ts'
import type { GitHub, GitHubClient } from './github.ts'
import { gantryIn, isUs } from './ours.ts'

/** Where and when something was asked. */
interface Asked {
  readonly at: number
  readonly repository: Pick<Repository, 'id' | 'owner' | 'name' | 'installation'>
}

/**
 * Whether one of our GitHub Deployments carries this delivery's key: it was obeyed, maybe by a Gantry whose database is lost. Each
 * repository is asked once, for everything since the first command that was asked about.
 */
export function createDoneBefore(github: GitHub): (key: string, asked: Asked) => Promise<boolean> {
  const known = new Map<number, { readonly since: number; readonly keys: Promise<ReadonlySet<string>> }>()
  return async (key, asked) => {
    const before = known.get(asked.repository.id)
    const answer = before !== undefined && before.since <= asked.at ? before : { since: asked.at, keys: keysSince(github, asked) }
    known.set(asked.repository.id, answer)
    return (await answer.keys).has(key)
  }
}

/** Only our own App's Deployments count; everyone with write access can create one with any key in it. */
async function keysSince(github: GitHub, { at, repository }: Asked): Promise<ReadonlySet<string>> {
  const client = github.reading(repository)
  const keys = new Set<string>()
  for (let after: string | null = null; ;) {
    const { viewer, deployments } = await readPage(client, { owner: repository.owner, name: repository.name, after })
    const nodes = deployments.nodes.filter((one) => one !== null)
    for (const { payload, creator } of nodes) {
      const key = isUs(creator, viewer.login) ? gantryIn(payload)?.key : undefined
      if (key !== undefined) keys.add(deliveryOf(key))
    }
    after = deployments.pageInfo.endCursor
    const isOver = nodes.some(({ createdAt }) => Date.parse(createdAt) < at)
    if (isOver || !deployments.pageInfo.hasNextPage || after === null) return keys
  }
}

/**
 * A comment's commands carry their line behind the comment's own key, what a push or a package began its app and environment; once one
 * of them is done, the delivery was read.
 */
function deliveryOf(key: string): string {
  const parts = key.split(':')
  const more = parts[0] === 'c' ? parts.length - 3 : parts[0] === 'p' || parts[0] === 'r' ? 2 : 0
  return parts.slice(0, parts.length - more).join(':')
}

const QUERY = `query doneSince($owner: String!, $name: String!, $after: String) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    deployments(first: 100, after: $after, orderBy: { field: CREATED_AT, direction: DESC }) {
      nodes { payload createdAt creator { __typename login } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`

const shape = z.object({
  viewer: z.object({ login: z.string() }),
  repository: z.object({
    deployments: z.object({
      nodes: z.array(
        z
          .object({
            payload: z.string().nullable(),
            createdAt: z.string(),
            creator: z.object({ __typename: z.string(), login: z.string() }).nullable(),
          })
          .nullable(),
      ),
      pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
    }),
  }),
})

async function readPage(client: GitHubClient, variables: Readonly<Record<string, unknown>>) {
  const { data, errors } = await client.graphql(QUERY, variables)
  const parsed = shape.safeParse(data)
  // What cannot be read might have been done.
  if (errors[0] !== undefined) throw unexpectedAnswer('POST /graphql', errors[0].message)
  if (!parsed.success) throw unexpectedAnswer('POST /graphql', parsed.error)
  return { viewer: parsed.data.viewer, deployments: parsed.data.repository.deployments }
}
