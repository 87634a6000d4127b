import type { Probot } from 'probot'
import { createGitHub, type GitHub, type GitHubClient } from '../../../src/bot/github.ts'
import { createSpendings } from '../../../src/store/budget.ts'
import * as z from 'zod'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { Time } from '../../world/time.ts'

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds until the call arrives. */
  readonly travels?: number
  /** Milliseconds from then until the answer comes. */
  readonly after?: number
}

/** One call as it arrives at GitHub. */
export interface Arrival {
  readonly at: number
  readonly installation: number
  readonly route: string
  readonly document: string
}

/** The line to GitHub: what arrives is written down, and the test says what is answered. */
export class Line {
  readonly time: Time = new Time(() => this.settle())
  readonly sql = memoryDatabase()
  readonly arrived: Arrival[] = []
  answers: (call: Arrival) => Answer = () => ({ status: 200 })
  /** Called as an answer arrives. */
  answered: (answer: Answer) => void = () => {}
  /** On their way now. */
  under = 0
  github: GitHub = this.starts()

  /** A process begins over what the database holds. What another one waited for never comes. */
  starts(): GitHub {
    this.time.forget()
    this.under = 0
    this.github = createGitHub(this.#probot(), this.time, createSpendings(this.sql))
    return this.github
  }

  as(installation = 1): GitHubClient {
    return this.github.writing({ installation, id: 1 })
  }

  /** Makes a call, and says how it went. */
  async gets(installation = 1, route = 'GET /repos/{owner}/{repo}'): Promise<string> {
    return outcomeOf(this.as(installation).rest(route, {}, z.unknown()))
  }

  reacts(installation = 1): Promise<string> {
    return this.gets(installation, 'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions')
  }

  creates(installation = 1): Promise<string> {
    return this.gets(installation, 'POST /repos/{owner}/{repo}/deployments')
  }

  async settle(): Promise<void> {
    for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve))
  }

  #probot(): Pick<Probot, 'auth'> {
    const request = (route: string, params: Record<string, unknown>, token: string | null) => this.#request(route, params, token)
    class Octokit {
      readonly #token: string | null
      constructor(options: { auth?: { token: string } } = {}) {
        this.#token = options.auth?.token ?? null
      }
      request(route: string, params: Record<string, unknown>) {
        return request(route, params, this.#token)
      }
    }
    return { auth: async () => new Octokit() } as unknown as Pick<Probot, 'auth'>
  }

  async #request(route: string, params: Record<string, unknown>, token: string | null) {
    if (token === null) {
      const expires = new Date(this.time.now() + 3_600_000).toISOString()
      return { status: 201, headers: {}, data: { token: String(params['installation_id']), expires_at: expires } }
    }
    const { query } = params
    const call = { at: this.time.now(), installation: Number(token), route, document: typeof query === 'string' ? query : '' }
    const answer = this.answers(call)
    const { status, headers = {}, travels = 0, after = 0 } = answer
    this.under += 1
    if (travels > 0) await new Promise<void>((resolve) => void this.time.after(travels, resolve))
    this.arrived.push({ ...call, at: this.time.now() })
    // Never in the same moment: there is a network between.
    await (after > 0 ? new Promise<void>((resolve) => void this.time.after(after, resolve)) : new Promise((resolve) => setImmediate(resolve)))
    this.under -= 1
    this.answered(answer)
    if (status < 400) return { status, headers, data: { data: {} } }
    throw Object.assign(new Error(`simulated ${status}`), { status, response: { headers } })
  }
}

/** `done`, or a Failure's code. */
export async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'done'
  } catch (error) {
    return (error as { problem?: { code: string } }).problem?.code ?? String(error)
  }
}
