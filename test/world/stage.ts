import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { GantryProcess } from './gantry-process.ts'
import { GitHub, PRIVATE_KEY } from './github/github.ts'
import { listen } from './github/listen.ts'
import type { Comment, Issue } from './github/state.ts'
import type { Delivery } from './github/webhooks.ts'

export type Environment = Readonly<Record<string, string>>

export interface StageFiles {
  readonly deployYml: string
  readonly operatorYml: (repositoryId: number) => string
}

/**
 * The real program in a process of its own, with nothing but addresses and variables between it and the world: GitHub simulated over
 * HTTP, real time. What images come from and run on is up to who sets the stage.
 */
export abstract class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'gantry-stage-'))
  readonly github: GitHub
  readonly pull: Issue
  gantry!: GantryProcess
  url!: URL
  #api: Awaited<ReturnType<typeof listen>> | undefined
  /** For what belongs to accounts. */
  readonly #keys = `k1:${randomBytes(32).toString('base64')}`
  #looks: () => Promise<void> = () => Promise.resolve()
  /** Milliseconds that GitHub's clock is behind ours. */
  #past = 0

  constructor({ deployYml, operatorYml }: StageFiles) {
    // The pull request is some hours old: GitHub's times are whole seconds, and a comment in the second of a push proves no head.
    this.#past = 3 * 3_600_000
    this.github = new GitHub({ clock: { now: () => Date.now() - this.#past } })
    this.github.has('.github/deploy.yml', deployYml)
    this.pull = this.github.people.ada.opensPullRequest()
    this.#past = 0
    writeFileSync(join(this.folder, 'gantry.yml'), operatorYml(this.github.repository.id))
  }

  async opens(environment: Environment = {}): Promise<void> {
    this.#api = await listen(async (request) => {
      const answer = await this.github.serves(request)
      await this.isLookedAt()
      return answer
    })
    this.github.isAt(this.#api.url)
    await this.starts(environment)
  }

  /** The variables that a right start needs. */
  get variables(): Environment {
    const { identity, webhookSecret } = this.github
    const api = this.#api?.url ?? ''
    return { APP_ID: String(identity.id), PRIVATE_KEY, WEBHOOK_SECRET: webhookSecret, GITHUB_API_URL: api, LOG_LEVEL: 'info' }
  }

  /** With these beside them it has the HTTP API, too. */
  get apiVariables(): Environment {
    const { id, secret } = this.github.auth.client
    return { GITHUB_CLIENT_ID: id, GITHUB_CLIENT_SECRET: secret, GANTRY_KEYS: this.#keys, GANTRY_BACKUPS: 'off' }
  }

  /** Something that happened so long ago on GitHub. */
  async ago(milliseconds: number, happens: () => unknown): Promise<void> {
    this.#past = milliseconds
    await happens()
    this.#past = 0
  }

  async starts(environment: Environment = {}): Promise<void> {
    this.gantry = new GantryProcess({ folder: this.folder, environment: { ...this.variables, ...environment } })
    this.url = await this.gantry.listens()
  }

  /**
   * `kill -9` as soon as it is so: looked at before any part of the world answers (GitHub has then done its work, and the bot does
   * not know it yet), and all the time between.
   */
  async isKilledOnce(isSo: () => boolean | Promise<boolean>, seconds = 20): Promise<void> {
    const { child, ended } = this.gantry
    const isRunning = () => child.exitCode === null && child.signalCode === null
    const until = Date.now() + seconds * 1000
    this.#looks = async () => {
      if (isRunning() && (await isSo())) child.kill('SIGKILL')
    }
    while (isRunning() && Date.now() < until) {
      await this.#looks()
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    this.#looks = () => Promise.resolve()
    if (isRunning()) throw new Error(`it never came to that:\n${this.gantry.output}`)
    await ended
  }

  /** For parts of the world to call before they answer. */
  isLookedAt(): Promise<void> {
    return this.#looks()
  }

  /** After a death. GitHub sends nothing twice: what nobody has acknowledged, the new process has to fetch. */
  async startsAgain(environment: Environment = {}): Promise<void> {
    await this.starts(environment)
    await this.delivers()
  }

  /** Where Prometheus would look, of a process that was started with METRICS_PORT. */
  async metrics(): Promise<string> {
    const [, url = ''] = await this.gantry.says(/"url":"(http:[^"]+\/metrics)"/)
    return url
  }

  get port(): number {
    return Number(this.url.port)
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
  async sends(delivery: Pick<Delivery, 'body' | 'headers'>, headers: Environment = {}): Promise<number> {
    const init = { method: 'POST', headers: { ...delivery.headers, ...headers }, body: delivery.body }
    return (await fetch(new URL('/api/github/webhooks', this.url), init)).status
  }

  /** The bot's comments on the thread that have not been deleted. */
  said(issue: Issue = this.pull): readonly Comment[] {
    return issue.comments.filter(({ author, isDeleted }) => author.id === this.github.bot.id && !isDeleted)
  }

  /** What the bot's database holds, whether it runs or not. */
  rows(query: string, ...values: (string | number)[]): readonly Readonly<Record<string, unknown>>[] {
    const database = new DatabaseSync(join(this.folder, 'data/gantry.db'), { readOnly: true, timeout: 1_000 })
    try {
      return database.prepare(query).all(...values)
    } finally {
      database.close()
    }
  }

  /** Changes the bot's database while it is stopped: a past that would take too long to live through. */
  rewrites(query: string, ...values: (string | number)[]): void {
    const database = new DatabaseSync(join(this.folder, 'data/gantry.db'))
    database.prepare(query).run(...values)
    database.close()
  }

  /** Somebody has deleted what stood in the folder of backups. */
  losesBackups(): void {
    rmSync(join(this.folder, 'data/backups'), { recursive: true, force: true })
  }

  /** Another program writes in the bot's database and does not come to its end, until it is closed. */
  holdsDatabase(): DatabaseSync {
    const database = new DatabaseSync(join(this.folder, 'data/gantry.db'), { timeout: 1_000 })
    database.exec('BEGIN IMMEDIATE')
    return database
  }

  async isAlive(): Promise<boolean> {
    return (await fetch(new URL('/healthz', this.url)).catch(() => null))?.status === 200
  }

  async closes(): Promise<void> {
    await this.gantry.stops('SIGKILL')
    await this.#api?.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
