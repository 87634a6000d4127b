/** What a REST route is given and what it answers. */
import type { Body } from '../body.ts'
import type { Stated } from '../description.ts'
import type { GitHub } from '../github.ts'
import { notFound } from '../refusal.ts'
import type { Account, Comment, Issue, Repository, State } from '../state.ts'

export interface Context {
  readonly github: GitHub
  /** What a read sees: an older copy where reads of this operation lag. */
  readonly seen: State
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: Body
  /** The App's own account, which everything is done as. */
  readonly bot: Account
}

export interface Answer {
  readonly status: number
  readonly stated?: Stated
  readonly headers?: Readonly<Record<string, string>>
  /** The answer's text as GitHub writes it, where JSON of ours cannot. */
  readonly spell?: (text: string) => string
}

export interface Route {
  /** The thread that the call is about decides which of two permissions it needs; null where it is not about one. */
  readonly thread?: (context: Context, home: Repository) => Issue | null
  readonly answer: (context: Context, home: Repository) => Answer
}

/** Routes outside of repositories: called as the App, by a person who has signed in, or by nobody. */
export type OpenRoute = (context: Context, request: Request) => Answer

/** One page, with GitHub's `Link` header where there is another: https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api */
export function page<T>(context: Context, items: readonly T[], by: 'page' | 'after' = 'page') {
  const size = Number(context.query.get('per_page') ?? 30)
  const start = by === 'page' ? (Number(context.query.get('page') ?? 1) - 1) * size : Number(context.query.get(by) ?? 0)
  const next = start + size
  if (next >= items.length) return { items: items.slice(start, next), headers: {} }
  return { items: items.slice(start, next), headers: nextPage(context, by, String(by === 'page' ? start / size + 2 : next)) }
}

export function nextPage(context: Context, by: string, value: string): { readonly link: string } {
  const query = new URLSearchParams(context.query)
  query.set(by, value)
  return { link: `<https://api.github.com/?${query.toString()}>; rel="next"` }
}

export function issueOf(context: Context, home: Repository): Issue {
  const issue = home.issues.get(Number(context.parameters['issue_number'] ?? context.parameters['pull_number']))
  if (issue === undefined) throw notFound()
  return issue
}

export function commentOf(context: Context, home: Repository): { readonly issue: Issue; readonly comment: Comment } {
  const id = Number(context.parameters['comment_id'])
  for (const issue of home.issues.values()) {
    const comment = issue.comments.find((one) => one.id === id && !one.isDeleted)
    if (comment !== undefined) return { issue, comment }
  }
  throw notFound()
}
