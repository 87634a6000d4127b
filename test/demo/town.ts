import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GantryProcess } from '../world/gantry-process.ts'
import { GitHub, PRIVATE_KEY } from '../world/github/github.ts'
import { listen } from '../world/github/listen.ts'
import { give } from '../world/github/population.ts'
import type { Issue } from '../world/github/state.ts'
import type { SeenRequest } from '../world/oci-registry.ts'
import { deployYml, ENVIRONMENTS, operatorYml } from './configuration.ts'
import type { Environment, Sites } from './configuration.ts'
import { toldBy } from './happening.ts'
import type { Happening } from './happening.ts'
import { ShopRegistry } from './shop-registry.ts'
import { freePorts } from './free-ports.ts'

/** Milliseconds (real ones) that answers take, so that a person can follow the steps. */
export interface Pace {
  readonly github: number
  readonly registry: number
}

/** What an environment's site says of itself. */
export interface Served {
  readonly environment: Environment
  readonly url: URL
  /** Of the image, as last heard; null where nothing is deployed. */
  readonly digest: string | null
  /** Nobody answers there now. */
  readonly isAway: boolean
  /** Tags that stand for that digest at the registry. */
  readonly tags: readonly string[]
}

export const BRANCH = 'checkout'
const BOT_IS_DOWN = 1_200

/**
 * All that a deployment needs, on this machine's loopback: the real bot as a process of its own, with its database and files in a
 * folder that goes away again; GitHub simulated over HTTP with signed webhooks; a registry that wants a login.
 */
export class Town {
  readonly folder = mkdtempSync(join(tmpdir(), 'gantry-demo-'))
  readonly github: GitHub
  readonly registry: ShopRegistry
  readonly pull: Issue
  readonly sites: Sites
  readonly happenings: Happening[] = []
  /** Where Gantry's own pages are. */
  readonly page: string
  isBotDown = true
  /** What waits for its moment: at the next comment, in the middle of the next deployment. */
  readonly armed = { push: false, crash: false }
  readonly #pace: Pace
  readonly #frontPort: number
  readonly #keys = `demo:${randomBytes(32).toString('base64')}`
  readonly #listeners = new Set<() => void>()
  readonly #heard = new Map<Environment, string | null>()
  readonly #told = new Set<string>()
  #api: { readonly url: string; close(): Promise<void> } | null = null
  #bot: GantryProcess | null = null
  #isDelivering = false
  #toldPassword: string
  #isClosed = false

  private constructor(github: GitHub, registry: ShopRegistry, pace: Pace, ports: readonly number[]) {
    const [front = 0, ...sites] = ports
    this.github = github
    this.registry = registry
    this.#toldPassword = registry.password
    this.#pace = pace
    this.#frontPort = front
    this.page = `http://127.0.0.1:${front}`
    github.auth.callbacks.add(`${this.page}/login/callback`)
    this.sites = Object.fromEntries(ENVIRONMENTS.map((name, index) => [name, new URL(`http://127.0.0.1:${sites[index]}`)])) as Sites
    const { repository, people } = github
    // On a public repository a stranger gets a reaction and no words.
    repository.isPrivate = true
    give(repository, people.mallory.account, 'read')
    github.has('.github/deploy.yml', deployYml(registry.oci, this.sites))
    this.pull = people.ada.opensPullRequest({ branch: BRANCH, title: 'Checkout in two steps' })
    writeFileSync(join(this.folder, 'gantry.yml'), operatorYml(registry.oci, this.sites, repository.id))
  }

  static async opens(pace: Pace = { github: 0, registry: 0 }): Promise<Town> {
    const registry = await ShopRegistry.opens()
    // GitHub's times are whole seconds, and a comment in the second of a push proves no head: the pull request is an hour old.
    const clock = { past: 3_600_000, now: () => Date.now() - clock.past }
    const town = new Town(new GitHub({ clock }), registry, pace, await freePorts(1 + ENVIRONMENTS.length))
    clock.past = 0
    town.github.latency = pace.github
    // What was said while the pull request was opened is an hour old too, and nobody listened yet.
    town.github.webhooks.waiting.length = 0
    await town.#builds(town.pull.pull?.head ?? '')
    registry.oci.quirks.pause = (request) => town.#pauses(request)
    town.#api = await listen((request) => town.github.fetch(request).finally(() => town.stirs()))
    try {
      await town.#startsBot()
      return town
    } catch (error) {
      await town.closes()
      throw error
    }
  }

  /** Called whenever something may look different. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  comments(who: 'ada' | 'mallory', text: string): void {
    this.github.people[who].comments(this.pull.number, text)
    if (this.armed.push) {
      this.armed.push = false
      this.pushes()
    }
    this.stirs()
  }

  /** A button on a check run. */
  presses(who: 'ada' | 'mallory', check: number, label: string): void {
    const pressed = this.github.repository.checks.find(({ id }) => id === check)
    if (pressed !== undefined) this.github.people[who].presses(label, pressed)
    this.stirs()
  }

  labels(who: 'ada' | 'mallory', name: string): void {
    this.github.people[who].labels(this.pull.number, name)
    this.stirs()
  }

  /** A commit of ada's on the pull request's branch, whose image CI has ready at once. */
  pushes(): void {
    this.github.people.ada.pushes(BRANCH, { message: 'One more thing' })
    this.stirs()
  }

  async turnsRegistry(isDown: boolean): Promise<void> {
    await this.registry.turns(isDown)
    this.#happens('trouble', isDown ? 'The registry went **down**: it refuses connections.' : 'The registry is **back**.')
  }

  /** Whether the registry takes another password than the bot was told. */
  get isPasswordWrong(): boolean {
    return this.#toldPassword !== this.registry.password
  }

  changesPassword(): void {
    this.registry.changesPassword()
    this.#happens('trouble', "The registry's password was **changed**, and nobody told Gantry.")
  }

  /** As an operator does it: the new secret, and a start. */
  async tellsPassword(): Promise<void> {
    if (this.isBotDown) return
    this.isBotDown = true
    await this.#bot?.stops()
    if (this.#isClosed) return
    this.#toldPassword = this.registry.password
    await this.#startsBot()
    this.#happens('trouble', 'Gantry was told the **new password**, and started again.')
  }

  /** Whether a deployment is under way, as GitHub shows it. */
  get isDeploying(): boolean {
    return this.github.repository.checks.some(({ status }) => status !== 'completed')
  }

  /** `kill -9`; a new process takes up what the old one left, from the same folder. */
  async crashes(): Promise<void> {
    if (this.isBotDown) return
    this.armed.crash = false
    this.isBotDown = true
    await this.#bot?.stops('SIGKILL')
    this.#happens('bot', 'The bot was **killed** (`kill -9`). Nothing runs now but the registry and GitHub.')
    await new Promise((resolve) => setTimeout(resolve, BOT_IS_DOWN))
    if (this.#isClosed) return
    await this.#startsBot()
    this.#happens('bot', 'The bot was **started again**. It reads its journal, looks at what is there, and goes on.')
  }

  /** What each environment's site answers right now. */
  served(): Promise<readonly Served[]> {
    return Promise.all(ENVIRONMENTS.map((environment) => this.#served(environment, this.sites[environment])))
  }

  /** What the bot wrote to its log. */
  get log(): string {
    return this.#bot?.output ?? ''
  }

  /** For a process that is about to end, and cannot wait. */
  kills(): void {
    this.#bot?.child.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  async closes(): Promise<void> {
    this.#isClosed = true
    this.#listeners.clear()
    await this.#bot?.stops('SIGKILL')
    await this.#api?.close()
    await this.registry.closes()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #startsBot(): Promise<void> {
    const { identity, webhookSecret } = this.github
    const app = { APP_ID: String(identity.id), PRIVATE_KEY, WEBHOOK_SECRET: webhookSecret, GITHUB_API_URL: this.#api?.url ?? '' }
    const { client } = this.github.auth
    const front = { PORT: String(this.#frontPort), GANTRY_URL: this.page, GANTRY_KEYS: this.#keys }
    const oauth = { GITHUB_CLIENT_ID: client.id, GITHUB_CLIENT_SECRET: client.secret }
    this.#bot = new GantryProcess({
      folder: this.folder,
      environment: { ...app, ...front, ...oauth, REGISTRY_PASSWORD: this.#toldPassword, LOG_LEVEL: 'info' },
    })
    await this.#bot.listens()
    this.isBotDown = false
  }

  async #builds(commit: string): Promise<void> {
    const image = await this.registry.receives(commit)
    this.#happens('image', `CI pushed the image \`${image}\`.`)
  }

  /** Something may look different, and GitHub may have something to say: sent signed, over HTTP, one after the other. */
  stirs(): void {
    for (const listener of this.#listeners) listener()
    if (this.#isClosed || this.#isDelivering || this.github.webhooks.waiting.length === 0) return
    this.#isDelivering = true
    void this.github
      .deliver((request) => this.#receives(request))
      .finally(() => {
        this.#isDelivering = false
        this.stirs()
      })
  }

  async #receives(request: Request): Promise<Response> {
    const body = await request.text()
    this.#tells(request.headers.get('x-github-delivery') ?? '', body)
    return fetch(`${this.page}/api/github/webhooks`, { method: 'POST', headers: request.headers, body })
  }

  #tells(guid: string, body: string): void {
    const told = this.#told.has(guid) ? null : toldBy(body)
    this.#told.add(guid)
    if (told === null) return
    this.#happens(told.kind, told.text, told.who)
    if (told.pushed !== null) void this.#builds(told.pushed)
  }

  async #pauses({ path }: SeenRequest): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#pace.registry))
    // In the middle of pulling the image: the step is written down, and its effect is half done.
    if (this.armed.crash && path.includes('/blobs/')) void this.crashes()
  }

  async #served(environment: Environment, url: URL): Promise<Served> {
    const answer = await fetch(url, { method: 'HEAD' }).catch(() => null)
    if (answer !== null) this.#heard.set(environment, answer.headers.get('x-gantry-digest'))
    const digest = this.#heard.get(environment) ?? null
    const tags = digest === null ? [] : this.registry.oci.tagsOf('acme/shop', digest)
    return { environment, url, digest, isAway: answer === null, tags }
  }

  #happens(kind: Happening['kind'], text: string, who: string | null = null): void {
    this.happenings.push({ at: this.github.now(), who, kind, text })
    this.stirs()
  }
}
