import { randomBytes } from 'node:crypto'
import { GitHub, PRIVATE_KEY } from './github/github.ts'
import { listen } from './github/listen.ts'
import { Dropped } from './github/trouble.ts'
import type { Person } from './github/people.ts'
import { createRepository, give } from './github/population.ts'
import type { Comment, Issue, Repository } from './github/state.ts'
import { startOciRegistry, type OciRegistry } from './oci-registry.ts'
import { startPlainWorkerd, type PlainWorkerd } from './plain-workerd.ts'
import { StoryEngine } from './story-engine.ts'
import type { WorkerBundle } from './worker-bundle.ts'

/** Where people open it; the story's proxy in front of the Worker stands for TLS. */
const ORIGIN = 'https://gantry.example'
export const PASSWORD = 'a-registry-password-of-the-stage'

/** Gantry as a Worker in plain workerd, with a simulated GitHub, a registry that wants tokens and a Docker engine around it: all over HTTP on loopback. */
export class WorkersStage {
  readonly github: GitHub
  readonly pull: Issue
  /** `acme/shop`, and the others that it was opened with. Each has a workload of its own name. */
  readonly homes: readonly Home[]
  readonly registry: OciRegistry
  readonly engine: StoryEngine
  worker!: PlainWorkerd
  /** The Worker's variables and secrets. */
  environment: Readonly<Record<string, string>> = {}
  /** What the Worker asks of GitHub, the registry and the engine comes by here before it is served; false: it is not served. */
  crosses: (what: string) => Promise<boolean> = () => Promise.resolve(true)
  readonly #begun = new Map<string, number>()
  readonly #closers: (() => Promise<unknown>)[] = []
  #past = 3 * 3_600_000

  private constructor(registry: OciRegistry, others: readonly string[]) {
    this.registry = registry
    this.engine = new StoryEngine(registry, () => PASSWORD)
    // The pull request is some hours old: GitHub's times are whole seconds, and a comment in the second of a push proves no head.
    this.github = new GitHub({ clock: { now: () => Date.now() - this.#past } })
    const repositories = [this.github.repository, ...others.map((name) => this.#founds(name))]
    this.homes = repositories.map((repository) => this.#opens(repository))
    this.pull = this.homes[0]!.pull
    this.#past = 0
  }

  /** `others`: names of more repositories of acme's. `bundle`: Gantry's own where it is left out. */
  static async open(others: readonly string[] = [], bundle?: WorkerBundle): Promise<WorkersStage> {
    const accounts = [{ name: 'gantry', password: PASSWORD, repositories: ['acme/*'] }]
    const registry = await startOciRegistry({ auth: 'bearer', accounts })
    const stage = new WorkersStage(registry, others)
    stage.#closers.push(() => registry.goesDown())
    await registry.has('acme/shop:1.2', { 'index.html': 'version 1.2' })
    registry.quirks.pause = async ({ method, path }) => {
      if (!(await stage.crosses(`registry ${method} ${path}`))) await new Promise(() => {})
    }
    const api = await listen((request) => stage.#serves('github', request, () => stage.github.serves(request)))
    const engine = await listen((request) => stage.#serves('engine', request, () => stage.#asksEngine(request)))
    stage.#closers.push(api.close, engine.close)
    stage.github.isAt(api.url)
    stage.environment = stage.#variables(api.url, engine.url)
    await stage.opensAnother(bundle)
    return stage
  }

  /** An installation of its own, whose objects are empty, in the same world and with the same keys. */
  async opensAnother(bundle?: WorkerBundle): Promise<void> {
    const worker = await startPlainWorkerd({ environment: this.environment, ...(bundle && { bundle }) })
    this.worker = worker
    this.#closers.push(() => worker.stop())
  }

  /** What `acme/shop` declares. */
  get configuration(): string {
    return deployYml(this.registry, this.github.repository.name)
  }

  #founds(name: string): Repository {
    const { state, repository, installation, people } = this.github
    const made = createRepository(state, repository.owner, { name }, this.github.now())
    give(made, people.ada.account, 'write')
    give(made, people.grace.account, 'admin')
    installation.repositories.add(made.id)
    return made
  }

  #opens(repository: Repository): Home {
    this.github.has('.github/deploy.yml', deployYml(this.registry, repository.name), repository)
    return { repository, pull: this.github.people.ada.at(repository).opensPullRequest() }
  }

  async #serves(who: string, { method, url }: Request, serve: () => Promise<Response>): Promise<Response> {
    if (!(await this.crosses(`${who} ${method} ${new URL(url).pathname}`))) throw new Dropped()
    return serve()
  }

  /** The repository's configuration is another from now on: with these lines more for `production`. */
  declares(lines: readonly string[], { repository } = this.homes[0]!): void {
    const text = lines.map((line) => `    ${line}\n`).join('')
    this.github.has('.github/deploy.yml', `${deployYml(this.registry, repository.name)}${text}`, repository)
  }

  /** The simulator reads what `fetch` was called with. */
  async #asksEngine({ url, method, headers, body }: Request): Promise<Response> {
    const text = body === null ? '' : await new Response(body).text()
    const answer = await this.engine.fetch(url, { method, headers, ...(text !== '' && { body: text }) })
    if (method === 'POST' && url.includes('/containers/create') && answer.status === 201) this.#begins(JSON.parse(text) as Creation)
    return answer
  }

  #begins({ Labels: { 'gantry.workload': workload = '' } }: Creation): void {
    const [repository = ''] = workload.split('-')
    this.#begun.set(repository, this.begun(repository) + 1)
  }

  /** How many containers the engine has made of that repository's workloads. */
  begun(repository: string): number {
    return this.#begun.get(repository) ?? 0
  }

  #variables(api: string, engine: string): Record<string, string> {
    const { identity, webhookSecret, auth } = this.github
    return {
      ...{ APP_ID: String(identity.id), PRIVATE_KEY, WEBHOOK_SECRET: webhookSecret, GITHUB_API_URL: api, LOG_LEVEL: 'info' },
      ...{ GITHUB_CLIENT_ID: auth.client.id, GITHUB_CLIENT_SECRET: auth.client.secret, GANTRY_URL: ORIGIN },
      GANTRY_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      ...{ REGISTRY_PASSWORD: PASSWORD, GANTRY_YML: operatorYml(this.registry, new URL(engine).host, this.homes) },
    }
  }

  delivers() {
    return this.github.deliver((request) => this.receives(request))
  }

  async receives(request: Request): Promise<Response> {
    const headers = Object.fromEntries(request.headers)
    return fetch(new URL('/api/github/webhooks', this.worker.origin), { method: 'POST', headers, body: await request.text() })
  }

  /** As a program with a token of that person's asks the API. */
  calls(person: Person): (method: string, path: string, body?: object) => Promise<{ readonly status: number; readonly body: unknown }> {
    const authorization = `Bearer ${this.github.auth.signsIn(person.account)}`
    return async (method, path, body) => {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) }
      const headers = { authorization, 'content-type': 'application/json' }
      const answer = await fetch(`${this.worker.origin}${path}`, { method, headers, ...sent })
      const text = await answer.text()
      return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
    }
  }

  /** Signs somebody in; what comes of it opens pages with their cookie. */
  async signsIn(person: Person): Promise<(path: string) => Promise<string>> {
    const cookies = new Map<string, string>()
    const open = async (path: string): Promise<Response> => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await fetch(`${this.worker.origin}${path}`, { redirect: 'manual', headers: { cookie } })
      for (const line of answer.headers.getSetCookie()) cookies.set(line.split('=')[0] ?? '', (line.split(';')[0] ?? '').replace(/^[^=]*=/, ''))
      return answer
    }
    const began = await open('/login?to=%2F')
    const back = this.github.auth.authorizes(person.account, { url: began.headers.get('location') ?? '' })
    await open(back.slice(ORIGIN.length))
    return async (path) => (await open(path)).text()
  }

  said(issue: Issue = this.pull): readonly Comment[] {
    return issue.comments.filter(({ author, isDeleted }) => author.id === this.github.bot.id && !isDeleted)
  }

  async closes(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close()
  }
}

interface Creation {
  readonly Labels: Readonly<Record<string, string>>
}

export interface Home {
  readonly repository: Repository
  readonly pull: Issue
}

/** Where each of the repositories can be deployed to. */
export const PLACES = ['staging', 'checks', 'preview', 'production'] as const
export type Place = (typeof PLACES)[number]
export const workloadOf = (repository: string, place: Place): string => (place === 'staging' ? repository : `${repository}-${place}`)

const deployYml = (registry: OciRegistry, name: string): string => `version: 1
app: ${name}
images:
  main: { repository: ${registry.name('acme/shop')}, tag: "1.2" }
default: staging
environments:
${PLACES.map((place) => `  ${place}:\n    target: engine\n    settings: { container: ${workloadOf(name, place)}, health: { wait: 5 } }`).join('\n')}
`

const operatorYml = (registry: OciRegistry, engine: string, homes: readonly Home[]): string => `version: 1
credentials:
  main: { registry: "${registry.host}", repositories: ["acme/*"], username: gantry, password: { env: REGISTRY_PASSWORD } }
targets:
  engine:
    kind: docker
    host: tcp://${engine}
    plain_http: true
    allow:
${homes.map(({ repository: { name, id } }) => `      - { repository: acme/${name}, id: ${id}, environments: ["*"], images: ["${registry.name('acme/*')}"] }`).join('\n')}
`
