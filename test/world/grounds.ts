import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GantryProcess } from './gantry-process.ts'
import { GitHub, PRIVATE_KEY } from './github/github.ts'
import type { Delivery } from './github/webhooks.ts'
import type { Comment, Issue } from './github/state.ts'
import { startOciRegistry } from './oci-registry.ts'
import type { OciRegistry } from './oci-registry.ts'

/**
 * The real program in a process of its own, with nothing but addresses and variables between it and the world: GitHub simulated over
 * HTTP, a registry, real time. For what the stories cannot see: attacks, benchmarks, starting and stopping.
 */
export class Grounds {
  readonly folder = mkdtempSync(join(tmpdir(), 'gantry-grounds-'))
  readonly github: GitHub
  readonly registry: OciRegistry
  readonly pull: Issue
  readonly #apiUrl: string
  readonly #closers: (() => unknown)[]
  gantry!: GantryProcess
  url!: URL

  private constructor(registry: OciRegistry, github: GitHub, api: { readonly url: string; close(): unknown }) {
    this.registry = registry
    this.github = github
    this.#apiUrl = api.url
    this.#closers = [() => api.close(), () => registry.goesDown(), () => rmSync(this.folder, { recursive: true, force: true })]
    const { repository, people } = this.github
    this.github.has('.github/deploy.yml', deployYml(registry))
    this.pull = people.ada.opensPullRequest()
    writeFileSync(join(this.folder, 'gantry.yml'), operatorYml(registry, repository.id))
  }

  static async open(environment: Readonly<Record<string, string>> = {}): Promise<Grounds> {
    const registry = await startOciRegistry({ auth: 'open' })
    // The pull request is an hour old: GitHub's times are whole seconds, and a comment in the second of a push proves no head.
    const clock = { past: 3_600_000, now: () => Date.now() - clock.past }
    const github = new GitHub({ clock })
    const grounds = new Grounds(registry, github, await github.serve())
    clock.past = 0
    await registry.has('acme/shop:1.2', { 'site/index.html': 'version 1.2' })
    await grounds.starts(environment)
    return grounds
  }

  /** The variables that a right start needs. */
  get variables(): Readonly<Record<string, string>> {
    const { identity, webhookSecret } = this.github
    return { APP_ID: String(identity.id), PRIVATE_KEY, WEBHOOK_SECRET: webhookSecret, GITHUB_API_URL: this.#apiUrl, LOG_LEVEL: 'info' }
  }

  async starts(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    this.gantry = new GantryProcess({ folder: this.folder, environment: { ...this.variables, ...environment } })
    this.url = await this.gantry.listens()
  }

  get port(): number {
    return Number(this.url.port)
  }

  /** Where the static target serves what was deployed last. */
  async site(): Promise<string> {
    const [, url = ''] = await this.gantry.says(/"target":"site","url":"(http:[^"]+)"/)
    return url
  }

  /** Sends what GitHub has to say. */
  async delivers(): Promise<readonly Delivery[]> {
    return this.github.deliver((request) => this.receives(request))
  }

  async receives(request: Request): Promise<Response> {
    const headers = Object.fromEntries(request.headers)
    return fetch(new URL('/api/github/webhooks', this.url), { method: 'POST', headers, body: await request.text() })
  }

  /** The same signed body once more, under another delivery id where one is given. */
  async sends(delivery: Pick<Delivery, 'body' | 'headers'>, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const init = { method: 'POST', headers: { ...delivery.headers, ...headers }, body: delivery.body }
    return (await fetch(new URL('/api/github/webhooks', this.url), init)).status
  }

  /** The bot's comments on the thread that have not been deleted. */
  said(issue: Issue = this.pull): readonly Comment[] {
    return issue.comments.filter(({ author, isDeleted }) => author.id === this.github.bot.id && !isDeleted)
  }

  async isAlive(): Promise<boolean> {
    return (await fetch(new URL('/healthz', this.url)).catch(() => null))?.status === 200
  }

  async closes(): Promise<void> {
    await this.gantry.stops('SIGKILL')
    for (const close of this.#closers) await close()
  }
}

/** Asks until it is so; what has not happened after `seconds` does not happen. */
export async function eventually(isSo: () => boolean | Promise<boolean>, seconds = 15): Promise<boolean> {
  const until = Date.now() + seconds * 1000
  while (Date.now() < until) {
    if (await isSo()) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return isSo()
}

const deployYml = (registry: OciRegistry): string => `version: 1
app: shop
images:
  main: { repository: ${registry.name('acme/shop')}, tag: "1.2" }
default: staging
environments:
  staging:
    target: site
    settings: { path: /site }
    url: https://staging.example.com
`

const operatorYml = (registry: OciRegistry, repositoryId: number): string => `version: 1
targets:
  site:
    kind: static
    listen: 127.0.0.1:0
    allow:
      - { repository: acme/shop, id: ${repositoryId}, environments: ["*"], images: ["${registry.name('acme/*')}"] }
`
