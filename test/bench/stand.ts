import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSqlite } from '../../src/runtime/sqlite.ts'
import { GantryProcess } from '../world/gantry-process.ts'
import { GitHub, PRIVATE_KEY } from '../world/github/github.ts'
import { listen } from '../world/github/listen.ts'
import type { Comment } from '../world/github/state.ts'
import { startOciRegistry } from '../world/oci-registry.ts'
import type { OciRegistry } from '../world/oci-registry.ts'

/** A call to GitHub as the bot's side saw it: milliseconds on this process's clock. */
export interface TimedCall {
  readonly what: string
  readonly from: number
  readonly until: number
}

const PASSWORD = 'a-password-for-the-measurement'
const ENVIRONMENTS = Array.from({ length: 10 }, (_, index) => `place-${index}`)
const VERSIONS = 2
/** Where people would reach its pages. */
export const ORIGIN = 'https://gantry.example'

/** The real program, to be measured while it works: GitHub simulated over HTTP, a registry with token login, ten static targets. */
export class Stand {
  readonly github: GitHub
  readonly calls: TimedCall[] = []
  readonly #folder: string
  readonly #registry: OciRegistry
  readonly #closers: (() => Promise<void>)[] = []
  readonly #listeners = new Set<() => void>()
  readonly #asked = new Map<number, number>()
  #gantry!: GantryProcess
  #front = ''
  #api = ''

  private constructor(folder: string, registry: OciRegistry) {
    // A pull request that is an hour old: GitHub's times are whole seconds, and a comment in the second of a push proves no head.
    const clock = { past: 3_600_000, now: () => Date.now() - clock.past }
    this.#folder = folder
    this.#registry = registry
    this.github = new GitHub({ clock })
    this.github.has('.github/deploy.yml', this.#configuration())
    this.github.people.ada.opensPullRequest()
    this.github.webhooks.waiting.length = 0
    clock.past = 0
    writeFileSync(join(folder, 'gantry.yml'), this.#operator())
  }

  static async opens(folder: string): Promise<Stand> {
    const registry = await startOciRegistry({ auth: 'bearer', accounts: [{ name: 'gantry', password: PASSWORD, repositories: ['acme/*'] }] })
    const stand = new Stand(folder, registry)
    for (let version = 1; version <= VERSIONS; version++) {
      await registry.has(`${registry.host}/acme/shop:${version}`, { 'site/index.html': `version ${version}` })
    }
    const api = await listen((request) => stand.#answers(request))
    stand.#api = api.url
    stand.#closers.push(() => registry.goesDown(), api.close)
    await stand.starts()
    return stand
  }

  get port(): number {
    return Number(new URL(this.#front).port)
  }

  get memory(): ReturnType<GantryProcess['memory']> {
    return this.#gantry.memory()
  }

  /** The id of the deployment that was asked for last, once it is written down. */
  async newest(): Promise<string> {
    let id: string | undefined
    await this.#until(() => {
      // What is read is of one moment.
      const sql = readSqlite(this.database)
      id = sql.all<{ id: string }>('select id from deployment where ended_at is null order by sequence desc limit 1')[0]?.id
      sql.close()
      return id !== undefined
    })
    return id ?? ''
  }

  get database(): string {
    return join(this.#folder, 'data', 'gantry.db')
  }

  async starts(): Promise<void> {
    const environment = {
      APP_ID: String(this.github.identity.id),
      PRIVATE_KEY,
      WEBHOOK_SECRET: this.github.webhookSecret,
      GITHUB_API_URL: this.#api,
      GITHUB_CLIENT_ID: this.github.auth.client.id,
      GITHUB_CLIENT_SECRET: this.github.auth.client.secret,
      GANTRY_URL: ORIGIN,
      REGISTRY_PASSWORD: PASSWORD,
      LOG_LEVEL: 'info',
    }
    this.#gantry = new GantryProcess({ folder: this.#folder, environment })
    this.#front = new URL('/api/github/webhooks', await this.#gantry.listens()).href
  }

  async stops(): Promise<void> {
    await this.#gantry.stops()
  }

  async closes(): Promise<void> {
    await this.stops()
    for (const close of this.#closers) await close()
    this.github.verdict()
  }

  /** Ada asks for the other version in an environment, on the pull request; nothing is sent yet. */
  asks(environment: number): Comment {
    const asked = (this.#asked.get(environment) ?? 0) + 1
    this.#asked.set(environment, asked)
    return this.github.people.ada.comments(1, `/deploy ${ENVIRONMENTS[environment]} :${1 + (asked % VERSIONS)}`)
  }

  /** Sends what GitHub has to say, all of it at once. */
  async sends(): Promise<void> {
    await this.github.deliver((request) => request.text().then((body) => fetch(this.#front, { method: 'POST', headers: request.headers, body })), {
      together: true,
    })
  }

  /** Resolves once GitHub shows so many deployments that ended well. */
  async succeeded(count: number): Promise<void> {
    const isOver = () => this.github.repository.checks.filter(({ conclusion }) => conclusion !== null).length >= count
    await this.#until(isOver)
    const failed = this.github.repository.checks.find(({ conclusion }) => conclusion !== null && conclusion !== 'success')
    if (failed !== undefined) throw new Error(`a deployment ended otherwise: ${failed.output?.title}\n${failed.output?.summary}`)
  }

  /** Resolves once so many comments say that a deployment ended well. In a burst their check runs may come a minute later. */
  async said(count: number): Promise<void> {
    await this.#until(() => this.ends >= count)
  }

  /** How many comments say that a deployment ended well. */
  get ends(): number {
    const comments = [...this.github.repository.issues.values()].flatMap((issue) => issue.comments)
    return comments.filter(({ author, body }) => author.id === this.github.bot.id && body.startsWith('✅')).length
  }

  async reacted(comments: readonly Comment[]): Promise<void> {
    await this.#until(() => comments.every(({ reactions }) => reactions.length > 0))
  }

  /** CPU time of the program so far, in milliseconds, of all its threads (proc(5), `stat`: ticks of 10 ms). */
  cpu(): number {
    const [, rest = ''] = /\) (.*)$/s.exec(readFileSync(`/proc/${this.#gantry.child.pid}/stat`, 'utf8')) ?? []
    const fields = rest.split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  }

  async #answers(request: Request): Promise<Response> {
    const from = performance.now()
    const answer = await this.github.fetch(request)
    const call = this.github.calls.at(-1)
    const path = new URL(request.url).pathname
    this.calls.push({ what: `${request.method} ${path === '/graphql' ? (call?.fields.join() ?? '') : path}`, from, until: performance.now() })
    for (const listener of this.#listeners) listener()
    return answer
  }

  async #until(isOver: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => void (isOver() && resolve())
    this.#listeners.add(look)
    look()
    await Promise.race([promise, this.#gantry.ended.then((code) => Promise.reject(new Error(`ended with ${code}:\n${this.#gantry.output}`)))])
    this.#listeners.delete(look)
  }

  #configuration(): string {
    const image = this.#registry.name('acme/shop')
    const places = ENVIRONMENTS.map((name) => `  ${name}: { target: ${name}, settings: { path: /site } }`)
    return `version: 1\napp: shop\nimages:\n  main: { repository: "${image}" }\nenvironments:\n${places.join('\n')}\n`
  }

  #operator(): string {
    const { host } = this.#registry
    const targets = ENVIRONMENTS.map(
      (name) => `  ${name}:
    kind: static
    listen: 127.0.0.1:0
    allow: [{ repository: acme/shop, id: ${this.github.repository.id}, environments: [${name}], images: ["${host}/acme/*"] }]`,
    )
    return `version: 1
credentials:
  main: { registry: "${host}", repositories: ["acme/*"], username: gantry, password: { env: REGISTRY_PASSWORD } }
targets:
${targets.join('\n')}
`
  }
}
