import { Failure } from '../errors.ts'

/** Where GitHub says neither `retry-after` nor a reset: at least a minute (docs.github.com: "Rate limits for the REST API"). */
const UNSAID_WINDOW = 60_000

/** What an Octokit threw → a Failure whose cause keeps the status and nothing of the request: its body may hold anything. */
export function failureFrom(error: unknown, route: string, now: number): Failure {
  if (error instanceof Failure) return error
  const { status, headers, message } = partsOf(error)
  const cause = Object.assign(new Error(`${route}: ${status ?? 'no answer'}: ${message}`), { status })
  if (status === 429 || (status === 403 && saysLimit(headers, message))) return rateLimited(headers, now, cause)
  // Octokit gives 500 to what never got an answer.
  if (status === null || status >= 500 || status === 408) return unavailable(route, cause, status)
  return new Failure(
    'GITHUB_REFUSED',
    {
      sentence: REFUSED[status] ?? `GitHub refused a request with status ${status}.`,
      found: `${status} for ${route}`,
      wanted: 'the permissions that app.yml asks for, on this repository',
      next: "Check on GitHub that the App's installation includes this repository and that its permissions are accepted.",
    },
    cause,
  )
}

export const isRateLimit = (failure: Failure): boolean => failure.problem.code === 'GITHUB_RATE_LIMITED'

/** An answer of another shape than GitHub documents: a proxy's page, a cut body. Never taken for a decision. */
export const unexpectedAnswer = (route: string, cause: unknown): Failure =>
  new Failure(
    'GITHUB_UNAVAILABLE',
    {
      sentence: 'GitHub answered something that is not what it documents.',
      found: `an unreadable answer to ${route}`,
      next: 'Ask again in a minute.',
    },
    new Error(typeof cause === 'string' ? cause : 'the answer does not fit its shape'),
  )

const REFUSED: Readonly<Record<number, string>> = {
  401: "GitHub did not accept the App's credentials.",
  403: 'GitHub says that the App may not do this.',
  404: 'GitHub says that this does not exist, or that the App may not see it.',
  410: 'GitHub says that this is gone for good.',
  422: 'GitHub did not accept what the App sent.',
}

const unavailable = (route: string, cause: Error, status: number | null): Failure =>
  new Failure(
    'GITHUB_UNAVAILABLE',
    {
      sentence: 'GitHub did not answer.',
      found: `${status === null ? 'no answer' : `status ${status}`} for ${route}`,
      next: 'Ask again in a minute.',
    },
    cause,
  )

function rateLimited(headers: Headers, now: number, cause: Error): Failure {
  const after = Number(headers['retry-after'])
  const reset = Number(headers['x-ratelimit-reset']) * 1000 - now
  const said = after > 0 ? after * 1000 : headers['x-ratelimit-remaining'] === '0' && reset > 0 ? reset : UNSAID_WINDOW
  return new Failure(
    'GITHUB_RATE_LIMITED',
    {
      sentence: "GitHub's rate limit for this installation is used up.",
      next: 'Wait: Gantry goes on by itself when the limit ends.',
      retryAfter: Math.min(said, 3_600_000),
    },
    cause,
  )
}

const saysLimit = (headers: Headers, message: string): boolean =>
  headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0' || /rate limit|abuse detection/i.test(message)

type Headers = Readonly<Record<string, string | number | undefined>>

function partsOf(error: unknown): { status: number | null; headers: Headers; message: string } {
  if (!(error instanceof Error)) return { status: null, headers: {}, message: 'no answer' }
  const status = 'status' in error && typeof error.status === 'number' ? error.status : null
  const response = 'response' in error ? (error.response as { headers?: Headers } | undefined) : undefined
  return {
    status: response === undefined && (status ?? 500) >= 500 ? null : status,
    headers: response?.headers ?? {},
    message: error.message.slice(0, 300),
  }
}
