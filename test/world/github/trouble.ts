/** Trouble is a fact: what GitHub will do wrong, to which calls, how often. */
import { GitHubSays } from './refusal.ts'
import type { State } from './state.ts'

/** A call by all its names: `POST /graphql`, `mutation`, `addComment`; or `POST /repos/{owner}/{repo}/deployments`. */
export type Names = readonly string[]

type Kind = 'answers' | 'drops' | 'hangs' | 'fails'

/** `github.answers(502).to('POST /repos/{owner}/{repo}/deployments').times(2).afterDoingTheWork()`; once, where nothing else is said. */
export class Trouble {
  readonly kind: Kind
  readonly status: number
  readonly body: unknown
  #names: Names | null = null
  #left = 1
  isAfterTheWork = false

  constructor(kind: Kind, status = 0, body?: unknown) {
    this.kind = kind
    this.status = status
    this.body = body
  }

  /** An operation, a GraphQL field (`addComment`), `query` or `mutation`; several are alternatives. Without this: every call. */
  to(...names: Names): this {
    this.#names = names
    return this
  }

  times(count: number): this {
    this.#left = count
    return this
  }

  always(): this {
    return this.times(Infinity)
  }

  over(): void {
    this.#left = 0
  }

  /** The work is done, and only the answer is lost: what makes repeating dangerous. */
  afterDoingTheWork(): this {
    this.isAfterTheWork = true
    return this
  }

  /** Whether it strikes this call; counts. */
  strikes(names: Names): boolean {
    if (this.#left <= 0 || (this.#names !== null && !this.#names.some((one) => names.includes(one)))) return false
    this.#left -= 1
    return true
  }
}

/** The connection breaks: as `fetch` says it. */
export class Dropped extends TypeError {
  constructor() {
    super('fetch failed', { cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }) })
  }
}

/** A window in which calls are refused: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
export interface Limit {
  readonly until: number
  readonly names: Names | null
  /** Calls made inside the window after the first refusal: "continuing to make requests may result in the banning of your integration". */
  ignored: number
  isTold: boolean
}

/** Reads that see the state as it was when they began to lag. */
export interface Lag {
  readonly names: Names
  readonly until: number
  readonly state: State
}

export class Troubles {
  readonly #all: Trouble[] = []
  readonly lags: Lag[] = []
  readonly limits: Limit[] = []

  add(trouble: Trouble): Trouble {
    this.#all.push(trouble)
    return trouble
  }

  /** The first trouble that strikes this call. */
  striking(names: Names): Trouble | null {
    return this.#all.find((one) => one.kind !== 'fails' && one.strikes(names)) ?? null
  }

  /** What one field of a GraphQL request is told while its neighbours work. */
  failing(field: string): GitHubSays | null {
    const found = this.#all.find((one) => one.kind === 'fails' && one.strikes([field]))
    return found === undefined ? null : new GitHubSays(found.status, String(found.body))
  }

  /** Refuses the call where a limit's window is open. */
  limit(names: Names, now: number): void {
    const open = this.limits.find((one) => now < one.until && (one.names === null || one.names.some((name) => names.includes(name))))
    if (open === undefined) return
    if (open.isTold) open.ignored += 1
    open.isTold = true
    const seconds = Math.ceil((open.until - now) / 1000)
    throw new GitHubSays(403, 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.', { retryAfter: seconds })
  }
}
