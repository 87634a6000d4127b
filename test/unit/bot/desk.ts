import { pino } from 'pino'
import { createBot, type Bot } from '../../../src/bot/app.ts'
import { createGitHub } from '../../../src/bot/github.ts'
import { createProbot } from '../../../src/bot/probot.ts'
import { createSource, type GitHubSource } from '../../../src/bot/source.ts'
import { compareConfigurations } from '../../../src/config/repository-file.ts'
import type { Deployment } from '../../../src/deploy/deployment.ts'
import type { Admissions, Announcements, CaughtUp, Inbox, Journal, Spendings } from '../../../src/deploy/journal.ts'
import type { Notice } from '../../../src/deploy/notice.ts'
import type { Plan } from '../../../src/deploy/plan.ts'
import type { Service } from '../../../src/deploy/service.ts'
import { newerThan } from '../../../src/deploy/succession.ts'
import { named, recentOn } from '../../../src/deploy/wishes.ts'
import type { GitHub as GitHubDoor } from '../../../src/bot/github.ts'
import { problem } from '../../../src/errors.ts'
import { Secret } from '../../../src/secret.ts'
import { createLimits } from '../../../src/deploy/limits.ts'
import { createAdmissions } from '../../../src/store/admissions.ts'
import { createAnnouncements } from '../../../src/store/announcements.ts'
import { createSpendings } from '../../../src/store/budget.ts'
import { createCaughtUp } from '../../../src/store/caught-up.ts'
import { createInbox } from '../../../src/store/inbox.ts'
import { createJournal } from '../../../src/store/deployments.ts'
import { GitHub, PRIVATE_KEY } from '../../world/github/github.ts'
import type { Comment, Issue } from '../../world/github/state.ts'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { Time } from '../../world/time.ts'
import { MAC } from '../../world/mac.ts'

export const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}` as const
export const LINKS = { docs: 'https://docs.example.com', pages: null }

/**
 * The bot with the real store and the simulated GitHub, and an engine that does nothing by itself: the test moves deployments by
 * hand and sees what the bot makes of it.
 */
export class Desk {
  readonly time: Time = new Time(() => this.settle())
  readonly github = new GitHub({ clock: this.time })
  readonly journal: Journal
  readonly announcements: Announcements
  readonly inbox: Inbox
  readonly admissions: Admissions
  readonly caughtUp: CaughtUp
  readonly spendings: Spendings
  readonly pull: Issue
  readonly incidents: unknown[] = []
  readonly warnings: string[] = []
  bot: Bot
  door!: GitHubDoor
  source!: GitHubSource
  /** What `service.status` and `service.configuration` answer. */
  status: Awaited<ReturnType<Service['status']>> = []
  preflights: Awaited<ReturnType<Service['preflight']>> = { app: 'shop', environment: 'staging', reports: [] }
  configuration: ReturnType<Service['configuration']> = { configuration: null }
  /** What the engine does with a wish; each test that needs one says so. */
  wishes: Partial<Pick<Service, 'rehearse' | 'approve' | 'cancel' | 'lock' | 'unlock' | 'place'>> = {}
  /** Tells the bot what nobody asked about. */
  notices: (notice: Notice) => void = () => {}
  #changed: (deployment: Deployment) => void = () => {}
  #count = 0

  constructor() {
    const sql = memoryDatabase()
    this.journal = createJournal(sql, MAC)
    this.announcements = createAnnouncements(sql)
    this.inbox = createInbox(sql)
    this.admissions = createAdmissions(sql)
    this.caughtUp = createCaughtUp(sql)
    this.spendings = createSpendings(sql)
    this.pull = this.github.people.ada.opensPullRequest()
    // Older than the App: nobody was told.
    this.github.webhooks.waiting.length = 0
    this.bot = this.starts()
  }

  /** A process begins over what the store holds. */
  starts(): Bot {
    const log = pino({ level: 'warn' }, { write: (line: string) => void this.warnings.push(line) })
    const { id: appId } = this.github.identity
    const secret = new Secret(this.github.webhookSecret)
    const options = {
      appId,
      privateKey: new Secret(PRIVATE_KEY),
      webhookSecret: secret,
      apiUrl: 'https://api.github.com',
      fetch: this.github.fetch,
      clock: this.time,
      log,
    }
    const probot = createProbot(options)
    this.door = createGitHub(probot, this.time, this.spendings)
    this.source = createSource(this.door, appId, this.time)
    this.bot = createBot({
      ...{
        probot,
        github: this.door,
        source: this.source,
        service: this.#service(),
        inbox: this.inbox,
        admissions: this.admissions,
        // Nothing is kept, so that nothing of theirs waits for the clock.
        limits: createLimits({
          rows: { all: () => [], write: () => {} },
          clock: { now: () => this.time.now(), after: () => () => {} },
          trouble: () => {},
        }),
        announcements: this.announcements,
        compareConfigurations,
        caughtUp: this.caughtUp,
        missedInbox: this.inbox,
      },
      ...{
        clock: this.time,
        links: LINKS,
        appId,
        instance: 'here',
        auditHead: () => ({ number: 7, mac: 'abc' }),
        log,
        mask: (text) => text.replaceAll('hunter2', '[secret]'),
      },
      incident: (error) => {
        this.incidents.push(error)
        return 'i1'
      },
    })
    return this.bot
  }

  #service(): Service {
    return {
      deploy: (request) => {
        const { deployment } = this.journal.request(`d-${++this.#count}`, request, this.time.now())
        this.#changed(deployment)
        return deployment
      },
      full: () => null,
      find: (id) => this.journal.find(id),
      held: () => ({ locks: [], drift: null }),
      status: async () => this.status,
      standings: notHere,
      expected: () => {
        throw new Error('nobody waits for its end here')
      },
      mayApprove: notHere,
      preflight: async () => this.preflights,
      newerThan: (deployment) => newerThan(deployment, this.journal),
      asked: (key) => this.journal.asked(key),
      named: (id, request) => named(id, request, this.journal),
      recentOn: (request) => recentOn(request, this.journal),
      formerly: ({ id, environment }) =>
        this.journal.recent({ environment: environment ?? '' }, 50).find((one) => one.state === 'success' && one.id !== id) ?? null,
      rehearse: (request) => (this.wishes.rehearse ?? notHere)(request),
      approve: (request, word) => (this.wishes.approve ?? notHere)(request, word),
      cancel: (request, id) => (this.wishes.cancel ?? notHere)(request, id),
      lock: (request, asked) => (this.wishes.lock ?? notHere)(request, asked),
      unlock: (request, place, tell) => (this.wishes.unlock ?? notHere)(request, place, tell),
      place: (request, place) => (this.wishes.place ?? notHere)(request, place),
      happened: async () => {},
      onNotice: (listener) => {
        this.notices = listener
      },
      stop: () => {},
      configuration: () => this.configuration,
      onChange: (listener) => {
        this.#changed = listener
      },
      recover: () => {},
      idle: async () => {},
    }
  }

  /** Lets webhooks arrive and everything that runs come to rest. */
  async settle(): Promise<void> {
    for (let round = 0; round < 20; round++) {
      await this.github.deliver(async (request) => this.#receive(request))
      await this.bot.idle()
      await new Promise((resolve) => setImmediate(resolve))
      if (this.github.webhooks.waiting.length === 0) return
    }
    throw new Error('the bot answers itself')
  }

  async #receive(request: Request): Promise<Response> {
    const [event, guid] = ['x-github-event', 'x-github-delivery'].map((name) => request.headers.get(name) ?? '')
    const delivery = this.bot.readDelivery(event ?? '', guid ?? '', await request.json(), this.time.now())
    if (delivery !== null) this.inbox.store([delivery])
    this.bot.work()
    return new Response(null, { status: 202 })
  }

  async comments(text: string, who = this.github.people.ada, on = this.pull): Promise<Comment> {
    const comment = who.comments(on.number, text)
    await this.settle()
    return comment
  }

  only(): Deployment {
    const [deployment, ...others] = this.journal.open()
    if (deployment === undefined || others.length > 0) throw new Error(`${others.length + (deployment === undefined ? 0 : 1)} open deployments`)
    return deployment
  }

  plan(more: Partial<Plan> = {}): Plan {
    return {
      ...{ repositoryId: this.github.repository.id, app: 'shop', environment: 'staging', target: 'site', targetRevision: '1' },
      artifacts: [{ name: 'main', repository: 'ghcr.io/acme/shop', tag: '1.2', digest: null }],
      ...{
        settings: {},
        parameters: {},
        source: null,
        commit: this.pull.pull?.head ?? '',
        configuration: 'blob',
        url: 'https://staging.example.com',
      },
      ...more,
    }
  }

  /** The gates allow it: the first thing that GitHub is told. */
  allows({ id }: Deployment, plan = this.plan()): void {
    const now = this.time.now()
    if (this.journal.find(id)?.state === 'requested') this.journal.move(id, 'requested', 'gating', { now, step: 'gates' })
    const environment = `${plan.repositoryId}:${plan.app}:${plan.environment}`
    this.#tell(this.journal.move(id, 'gating', 'resolving', { now, step: 'resolve', environment, plan }))
  }

  resolves({ id }: Deployment): void {
    const [now, plan] = [this.time.now(), this.journal.find(id)?.plan ?? this.plan()]
    const complete = { ...plan, artifacts: plan.artifacts.map((artifact) => ({ ...artifact, digest: DIGEST })) }
    this.#tell(this.journal.move(id, 'resolving', 'verifying', { now, step: 'verify', note: 'anonymous', plan: complete, planHash: 'hash' }))
    this.#tell(this.journal.move(id, 'verifying', 'queued', { now, step: 'queue', note: 'can be pulled for linux/amd64' }))
  }

  applies({ id, environment }: Deployment): void {
    const key = environment ?? this.journal.find(id)?.environment ?? ''
    const claimed = this.journal.claim(id, [], this.journal.fence(key), this.time.now())
    if (typeof claimed === 'string') throw new Error(claimed)
    this.#tell(claimed)
  }

  succeeds({ id }: Deployment): void {
    const now = this.time.now()
    this.#tell(this.journal.move(id, 'applying', 'observing', { now, step: 'observe' }))
    this.#tell(this.journal.end(id, 'success', { now, note: `site runs ${DIGEST.slice(0, 19)}` }))
  }

  refuses({ id, state }: Deployment, isQuiet = false): void {
    const now = this.time.now()
    if (state === 'requested') this.journal.move(id, 'requested', 'gating', { now, step: 'gates' })
    const why = problem('PERMISSION_REQUIRED', {
      sentence: 'mallory may not deploy here.',
      found: 'role read',
      wanted: 'role write or higher on this repository',
      next: 'Ask someone with the role write to deploy.',
    })
    this.#tell(this.journal.end(id, 'refused', { now, problem: why, isQuiet }))
  }

  fails({ id }: Deployment, log: readonly string[] = []): void {
    for (const line of log) this.journal.log(id, line)
    const why = problem('TAG_NOT_FOUND', {
      sentence: 'The repository ghcr.io/acme/shop has no tag "1.2".',
      found: '1.0, 1.1',
      wanted: '1.2',
      next: 'Push the tag, or name another one.',
    })
    this.#tell(this.journal.end(id, 'failure', { now: this.time.now(), problem: why }))
  }

  /** The whole way, each step at once. */
  async deploys(text = '/deploy staging'): Promise<Deployment> {
    await this.comments(text)
    const deployment = this.only()
    this.allows(deployment)
    await this.settle()
    this.resolves(deployment)
    this.applies(deployment)
    this.succeeds(deployment)
    await this.settle()
    return this.journal.find(deployment.id) as Deployment
  }

  /** The bot's comments on the pull request. */
  said(on = this.pull): readonly Comment[] {
    return on.comments.filter(({ author, isDeleted }) => author.id === this.github.bot.id && !isDeleted)
  }

  /** Calls to GitHub, those for a token aside: `POST /graphql addComment createCheckRun`. */
  calls(withTokens = false): readonly string[] {
    return this.github.calls
      .filter(({ operation }) => withTokens || !operation.includes('access_tokens'))
      .map(({ operation, fields }) => [operation, ...fields].join(' '))
  }

  #tell(deployment: Deployment): void {
    this.#changed(deployment)
  }
}

const notHere = (): Promise<never> => Promise.reject(new Error('the desk has no engine'))
