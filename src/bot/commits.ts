import * as z from 'zod'
import type { Repository } from '../deploy/deployment.ts'
import type { Commits } from '../deploy/directory.ts'
import type { GitHub } from './github.ts'

const ROUTE = 'GET /repos/{owner}/{repo}/compare/{basehead}'
const MOST = 20
const LARGEST_PAGE = 100
const LONGEST_TITLE = 200

const signature = z.object({ date: z.string().nullish() }).nullish()
const shape = z.object({
  status: z.enum(['ahead', 'behind', 'diverged', 'identical']),
  total_commits: z.int().nonnegative(),
  commits: z.array(
    z.object({
      sha: z.string(),
      commit: z.object({ message: z.string(), author: signature, committer: signature }),
      // Null, or without anything in it, where the address in the commit is no account's.
      author: z.object({ login: z.string().optional() }).nullish(),
    }),
  ),
})

type Compared = z.infer<typeof shape>

/** What `to` has and `from` has not. */
export async function readCommits(github: GitHub, { owner, name: repo, ...where }: Repository, from: string, to: string): Promise<Commits | null> {
  const client = github.reading(where)
  const basehead = `${from}...${to}`
  const ask = (perPage: number, page: number): Promise<Compared | null> =>
    client.rest(ROUTE, { owner, repo, basehead, per_page: perPage, page }, shape, [404])
  const first = await ask(MOST, 1)
  if (first === null) return null
  const { total_commits: total, status } = first
  const perPage = pageWithTheNewest(total)
  const last = total <= MOST ? first : await ask(perPage, Math.ceil(total / perPage))
  if (last === null) return null
  return { status, total, commits: last.commits.slice(-MOST).toReversed().map(inShort) }
}

/** GitHub lists the oldest first. So many on a page that the last one holds all that are wanted: one more request, not two. */
export function pageWithTheNewest(total: number): number {
  for (let size = MOST; size < LARGEST_PAGE; size += 1) if (total % size === 0 || total % size >= MOST) return size
  return LARGEST_PAGE
}

function inShort({ sha, commit, author }: Compared['commits'][number]): Commits['commits'][number] {
  const title = (/^.*/.exec(commit.message)?.[0] ?? '').trim().slice(0, LONGEST_TITLE).toWellFormed()
  const at = Date.parse(commit.committer?.date ?? commit.author?.date ?? '')
  return { sha, title, author: author?.login ?? null, at: Number.isNaN(at) ? 0 : at }
}
