import { Failure } from '../errors.ts'

/** Where GitHub says neither `retry-after` nor a reset: at least a minute (docs.github.com: "Rate limits for the REST API"). */
export const UNSAID_WINDOW = 60_000
/** Longer than GitHub's longest, which is an hour: what says more is wrong, and must not silence an installation for a day. */
export const LONGEST_WINDOW = 3_600_000

/** What an Octokit threw → a Failure whose cause keeps the status and nothing of the request: its body may hold anything. */
export function failureFrom(error: unknown, route: string, now: number): Failure {
  if (error instanceof Failure) return error
  const { status, headers, message } = partsOf(error)
  const cause = Object.assign(new Error(`${route}: ${status ?? 'no answer'}: ${message}`), { status })
  if (status === 429 || (status === 403 && saysLimit(headers, message))) return rateLimited(windowSaid(headers, now) ?? UNSAID_WINDOW, cause)
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

export const rateLimited = (retryAfter: number, cause?: Error): Failure =>
  new Failure(
    'GITHUB_RATE_LIMITED',
    {
      sentence: "GitHub's rate limit for this installation is used up.",
      next: 'Wait: Gantry goes on by itself when the limit ends.',
      retryAfter: Math.ceil(retryAfter),
    },
    cause,
  )

/** For how long an answer asks to be left alone, in milliseconds; null where it does not. `retry-after` is seconds or a date (RFC 9110). */
export function windowSaid(headers: Headers, now: number): number | null {
  const after = headers['retry-after']
  const span = Number(after) > 0 ? Number(after) * 1000 : Number.isNaN(Number(after)) ? Date.parse(String(after)) - now : 0
  const reset = headers['x-ratelimit-remaining'] === '0' ? Number(headers['x-ratelimit-reset']) * 1000 - now : 0
  const said = span > 0 ? span : reset > 0 ? reset : null
  return said === null ? null : Math.min(said, LONGEST_WINDOW)
}

const saysLimit = (headers: Headers, message: string): boolean =>
  headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0' || /rate limit|abuse detection/i.test(message)

export type Headers = Readonly<Record<string, string | number | undefined>>

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
