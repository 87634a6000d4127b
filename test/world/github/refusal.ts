/** GitHub's own no: an HTTP status with its sentence, and for GraphQL the type of the error. */
export class GitHubSays extends Error {
  override readonly name = 'GitHubSays'
  readonly status: number
  /** Further fields of the answer's body. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(status: number, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.status = status
    this.details = details
  }

  /** As GraphQL calls it: https://docs.github.com/graphql/guides/forming-calls-with-graphql#handling-errors-in-graphql */
  get type(): string {
    return { 401: 'FORBIDDEN', 403: 'FORBIDDEN', 404: 'NOT_FOUND', 422: 'UNPROCESSABLE' }[this.status] ?? 'INTERNAL'
  }
}

/** What an installation token is told where the App lacks the permission. */
export const notAccessible = (): GitHubSays => new GitHubSays(403, 'Resource not accessible by integration')

export const notFound = (): GitHubSays => new GitHubSays(404, 'Not Found')

export function invalid(resource: string, field: string, message: string): GitHubSays {
  return new GitHubSays(422, `Validation Failed: ${message}`, { errors: [{ resource, field, code: 'custom', message }] })
}
