import { CODES, Failure, problem, type Code, type Problem, type ProblemDetails } from '../errors.ts'
import { problemOf } from './view.ts'

/** Thrown by a route where the request itself is refused: becomes the answer. */
export class RequestRefused extends Error {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
  /** Further members of the answer. */
  readonly more: object

  constructor(code: Code, details: ProblemDetails, headers: Readonly<Record<string, string>> = {}, more: object = {}) {
    super(code)
    this.problem = problem(code, details)
    this.headers = headers
    this.more = more
  }
}

/** `found`: what came instead of a token that counts, without repeating it. */
export const unauthenticated = (found: string): RequestRefused =>
  new RequestRefused(
    'AUTHENTICATION_REQUIRED',
    {
      sentence: 'Nobody knows who asks.',
      found,
      wanted: 'Authorization: Bearer, with a user token of this GitHub App, a token of GitHub Actions for this Gantry, or an API token',
      next: 'See docs/api for how to get one, and send it in the Authorization header.',
    },
    { 'www-authenticate': 'Bearer realm="Gantry"' },
  )

/** The same for what the service answered: a refusal's problem. */
export function refusedWith(problem: Problem): Failure {
  return new Failure(problem.code, problem)
}

/** RFC 9457, with the members that every problem of Gantry's has. */
export interface ProblemBody extends ReturnType<typeof problemOf> {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly requestId: string
}

/** `docs`: where the documentation is served; null where nobody knows the public address. */
export function problemBody(problem: Problem, docs: string | null, requestId: string): ProblemBody {
  const { code } = problem
  return {
    type: docs === null ? 'about:blank' : `${docs}/troubleshooting#${code.toLowerCase()}`,
    ...{ title: titleOf(code), status: CODES[code].status },
    ...problemOf(problem),
    requestId,
  }
}

/** `TARGET_NOT_ALLOWED` → `Target not allowed`: the same for every problem of its code. */
const titleOf = (code: Code): string => code.charAt(0) + code.slice(1).toLowerCase().replaceAll('_', ' ')
