import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { GantryProcess } from './gantry-process.ts'
import { GitHub, PRIVATE_KEY } from './github/github.ts'
import { listen } from './github/listen.ts'
import type { Comment, Issue } from './github/state.ts'
import type { Delivery } from './github/webhooks.ts'

type Environment = Readonly<Record<string, string>>

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
  #looks: () => Promise<void> = () => Promise.resolve()

  constructor({ deployYml, operatorYml }: StageFiles) {
    // The pull request is an hour old: GitHub's times are whole seconds, and a comment in the second of a push proves no head.
    const clock = { past: 3_600_000, now: () => Date.now() - clock.past }
    this.github = new GitHub({ clock })
    this.github.has('.github/deploy.yml', deployYml)
    this.pull = this.github.people.ada.opensPullRequest()
    clock.past = 0
    writeFileSync(join(this.folder, 'gantry.yml'), operatorYml(this.github.repository.id))
  }

  async opens(environment: Environment = {}): Promise<void> {
    this.#api = await listen(async (request) => {
      const answer = await this.github.fetch(request)
      await this.isLookedAt()
      return answer
    })
    await this.starts(environment)
  }

  /** The variables that a right start needs. */
  get variables(): Environment {
    const { identity, webhookSecret } = this.github
    const api = this.#api?.url ?? ''
    return { APP_ID: String(identity.id), PRIVATE_KEY, WEBHOOK_SECRET: webhookSecret, GITHUB_API_URL: api, LOG_LEVEL: 'info' }
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

  /** After a death. GitHub sends nothing twice by itself: somebody presses the button for what nobody has acknowledged. */
  async startsAgain(environment: Environment = {}): Promise<void> {
    await this.starts(environment)
    const isAcknowledged = ({ attempts }: Delivery) => attempts.some(({ status }) => status >= 200 && status < 300)
    for (const delivery of this.github.webhooks.log) {
      if (delivery.attempts.length > 0 && !isAcknowledged(delivery)) this.github.redelivers(delivery)
    }
    await this.delivers()
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

  async isAlive(): Promise<boolean> {
    return (await fetch(new URL('/healthz', this.url)).catch(() => null))?.status === 200
  }

  async closes(): Promise<void> {
    await this.gantry.stops('SIGKILL')
    await this.#api?.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
