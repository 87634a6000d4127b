import type { Person } from '../world/github/people.ts'
import { Grounds } from '../world/grounds.ts'
import { statusOf, talk } from '../world/wire.ts'
import { Checks, type Finding } from './scenario.ts'

export interface Called {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export type Headed = Readonly<Record<string, string>>

/** The process with the HTTP API, and who calls it. */
export class Api {
  readonly grounds: Grounds
  readonly checks = new Checks()

  constructor(grounds: Grounds) {
    this.grounds = grounds
  }

  token({ account }: Person = this.grounds.github.people.ada): string {
    return `Bearer ${this.grounds.github.auth.signsIn(account)}`
  }

  async calls(method: string, path: string, headers: Headed, body?: string): Promise<Called> {
    const init = {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body }),
    }
    const answer = await fetch(new URL(path, this.grounds.url), init)
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }

  deploys(headers: Headed, body: object = DEPLOY): Promise<Called> {
    return this.calls('POST', '/deploy', headers, JSON.stringify(body))
  }

  /** Bytes as they are; the status of the first answer, 0 where there was none. */
  async says(bytes: string): Promise<{ readonly status: number; readonly text: string }> {
    const { answers, socket } = talk(this.grounds.port, bytes)
    const text = await answers().catch(() => '')
    socket.destroy()
    return { status: statusOf(text), text }
  }

  /** A problem of ours, with all that every answer has, and nothing from inside. */
  isProblem(what: string, { status, headers, text }: Called, wanted: readonly number[]): void {
    this.checks.that(wanted.includes(status), `${what}: ${status} ${text.slice(0, 100)}`)
    this.checks.that(headers.get('content-type') === 'application/problem+json', `${what}: ${headers.get('content-type')}`)
    this.checks.that(
      headers.get('cache-control') === 'no-store' && headers.get('x-content-type-options') === 'nosniff',
      `${what}: without its headers`,
    )
    this.checks.that(!/\bat \w+ \(|node_modules|file:\/\/|\/src\//.test(text), `${what}: shows where it stands: ${text.slice(0, 200)}`)
  }

  nothingDeployed(): void {
    const rows = this.grounds.rows('select 1 from deployment')
    this.checks.that(rows.length === 0, `${rows.length} deployments were written down`)
    this.checks.that(this.grounds.github.repository.deployments.length === 0, 'a deployment was made on GitHub')
  }
}

export const DEPLOY = { repository: 'acme/shop', environment: 'staging', image: ':1.2' }

/** `variables`: of the process, beside those that the API needs. */
export const withApi =
  (work: (api: Api) => Promise<string>, { variables = {} }: { readonly variables?: Headed } = {}) =>
  async (): Promise<Finding> => {
    const grounds = await Grounds.open((on) => ({ ...on.apiVariables, ...variables }))
    try {
      const api = new Api(grounds)
      const seen = await work(api)
      await api.checks.isAlive(grounds)
      grounds.github.referee.verdict()
      return api.checks.finding(seen)
    } finally {
      await grounds.closes()
    }
  }
