import { randomBytes } from 'node:crypto'
import { GitHub, PRIVATE_KEY } from './github/github.ts'
import { listen } from './github/listen.ts'
import type { Person } from './github/people.ts'
import type { Comment, Issue } from './github/state.ts'
import { startOciRegistry, type OciRegistry } from './oci-registry.ts'
import { startPlainWorkerd, type PlainWorkerd } from './plain-workerd.ts'
import { StoryEngine } from './story-engine.ts'

/** Where people open it; the story's proxy in front of the Worker stands for TLS. */
const ORIGIN = 'https://gantry.example'
export const PASSWORD = 'a-registry-password-of-the-stage'

/** Gantry as a Worker in plain workerd, with a simulated GitHub, a registry that wants tokens and a Docker engine around it: all over HTTP on loopback. */
export class WorkersStage {
  readonly github: GitHub
  readonly pull: Issue
  readonly registry: OciRegistry
  readonly engine: StoryEngine
  worker!: PlainWorkerd
  /** The Worker's variables and secrets. */
  environment: Readonly<Record<string, string>> = {}
  readonly #closers: (() => Promise<unknown>)[] = []
  #past = 3 * 3_600_000

  private constructor(registry: OciRegistry) {
    this.registry = registry
    this.engine = new StoryEngine(registry, () => PASSWORD)
    // The pull request is some hours old: GitHub's times are whole seconds, and a comment in the second of a push proves no head.
    this.github = new GitHub({ clock: { now: () => Date.now() - this.#past } })
    this.github.has('.github/deploy.yml', deployYml(registry))
    this.pull = this.github.people.ada.opensPullRequest()
    this.#past = 0
  }

  static async open(): Promise<WorkersStage> {
    const accounts = [{ name: 'gantry', password: PASSWORD, repositories: ['acme/*'] }]
    const registry = await startOciRegistry({ auth: 'bearer', accounts })
    const stage = new WorkersStage(registry)
    stage.#closers.push(() => registry.goesDown())
    await registry.has('acme/shop:1.2', { 'index.html': 'version 1.2' })
    const api = await listen((request) => stage.github.serves(request))
    const engine = await listen((request) => stage.#asksEngine(request))
    stage.#closers.push(api.close, engine.close)
    stage.github.isAt(api.url)
    stage.environment = stage.#variables(api.url, engine.url)
    await stage.opensAnother()
    return stage
  }

  /** An installation of its own, whose objects are empty, in the same world and with the same keys. */
  async opensAnother(): Promise<void> {
    const worker = await startPlainWorkerd({ environment: this.environment })
    this.worker = worker
    this.#closers.push(() => worker.stop())
  }

  /** The simulator reads what `fetch` was called with. */
  async #asksEngine({ url, method, headers, body }: Request): Promise<Response> {
    const text = body === null ? '' : await new Response(body).text()
    return this.engine.fetch(url, { method, headers, ...(text !== '' && { body: text }) })
  }

  #variables(api: string, engine: string): Record<string, string> {
    const { identity, webhookSecret, auth } = this.github
    return {
      ...{ APP_ID: String(identity.id), PRIVATE_KEY, WEBHOOK_SECRET: webhookSecret, GITHUB_API_URL: api, LOG_LEVEL: 'info' },
      ...{ GITHUB_CLIENT_ID: auth.client.id, GITHUB_CLIENT_SECRET: auth.client.secret, GANTRY_URL: ORIGIN },
      GANTRY_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      ...{ REGISTRY_PASSWORD: PASSWORD, GANTRY_YML: operatorYml(this.registry, new URL(engine).host, this.github.repository.id) },
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

const deployYml = (registry: OciRegistry): string => `version: 1
app: shop
images:
  main: { repository: ${registry.name('acme/shop')}, tag: "1.2" }
default: staging
environments:
  staging:
    target: engine
    settings: { container: shop, health: { wait: 5 } }
`

const operatorYml = (registry: OciRegistry, engine: string, repository: number): string => `version: 1
credentials:
  main: { registry: "${registry.host}", repositories: ["acme/*"], username: gantry, password: { env: REGISTRY_PASSWORD } }
targets:
  engine:
    kind: docker
    host: tcp://${engine}
    plain_http: true
    allow:
      - { repository: acme/shop, id: ${repository}, environments: ["*"], images: ["${registry.name('acme/*')}"] }
`
