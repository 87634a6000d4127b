import { createHash } from 'node:crypto'
import { assemble, noteOperator, openSecrets, type Gantry, type Outside } from '../../src/assemble.ts'
import { EVENTS } from '../../src/bot/intake.ts'
import { secretsIn } from '../../src/config/declarations.ts'
import { readOperatorFile } from '../../src/config/operator-file.ts'
import type { SecretReference } from '../../src/config/operator-schema.ts'
import { exchanges, families } from '../../src/registry/forms.ts'
import { toPkcs8 } from '../../src/runtime/private-key.ts'
import { ownerOf } from '../../src/accounts/hidden.ts'
import { createRedactor, hiding, secretsOf } from '../../src/runtime/redact.ts'
import { Secret } from '../../src/secret.ts'
import type { AppSettings, Settings } from '../../src/settings.ts'
import type { Sql } from '../../src/store/sql.ts'
import { targetKinds } from '../../src/targets/index.ts'
import { Crossings, type Death } from './crossings.ts'
import { GitHub, PRIVATE_KEY } from './github/github.ts'
import type { Person } from './github/people.ts'
import { give } from './github/population.ts'
import type { Issue, Role } from './github/state.ts'
import type { Disk, Door, Host } from './host.ts'
import { MemoryFiles } from './memory-files.ts'
import { startOciRegistry, type OciRegistry, type OciRegistryOptions } from './oci-registry.ts'
import type { Pace } from './pace.ts'
import { StoryEngine } from './story-engine.ts'
import { Time } from './time.ts'
import { HMAC, MAC } from './mac.ts'
import { randomBytes, type KeyPair } from './vault.ts'

/** The registry under the name that everybody in the world calls it by, whatever port it has today. */
export const REGISTRY = 'registry.test'
export const PASSWORD = 'a-registry-password-of-the-story'
/** The App's key as every runtime hands it on. */
export const APP_KEY = toPkcs8(PRIVATE_KEY) ?? ''
const ENGINE = 'unix:///run/engine.sock'

export interface WorldOptions {
  readonly registry?: OciRegistryOptions
  /** The first process of the world dies there. */
  readonly death?: Death | null
  /** The vault's, from the first start on. */
  readonly keys?: readonly KeyPair[]
  /** The public origin, where the story needs one. */
  readonly url?: string
  /** Where the first process dies, the second, and so on. */
  readonly deaths?: readonly Death[]
  /** Without one, everything takes its natural time. */
  readonly pace?: Pace
  /** Without one, this process. */
  readonly host?: Host
  /** What of the account's is kept by somebody else. */
  readonly shares?: NonNullable<Outside['shares']>
}

/** One process of Gantry: everything in it ends with its death, and what its doors did stays. */
export interface Life {
  readonly crossings: Crossings
  readonly gantry: Gantry
  readonly door: Door
}

/**
 * Gantry as it runs, with a world around it: GitHub simulated over signed webhooks, REST and GraphQL, a registry over real HTTP, an
 * engine, a disk. Facts go in through its parts, facts come out of them.
 */
export class World {
  readonly time = new Time(() => this.settle())
  readonly github = new GitHub({ clock: this.time })
  readonly registry: OciRegistry
  readonly engine: StoryEngine
  disk: Disk
  readonly files = new MemoryFiles()
  /** What the process logged at `error`, as JSON lines: a story that does not expect them fails. */
  readonly errors: string[] = []
  /** All that any process logged, as JSON lines. */
  readonly logged: string[] = []
  /** Ada's pull request, older than anything that is said on it. */
  readonly pull: Issue
  /** The operator file of the next start. */
  operator: string
  /** The vault's keys of the next start: with one, tokens outlive the process. */
  keys: readonly KeyPair[] = []
  /** The public origin that the next start is told of. */
  url: string | null = null
  lives = 0
  /** The crossings of every process there was, one after the other. */
  readonly processes: Crossings[] = []
  /** Somebody on the line to each of them: sees every request, and answers it instead where it returns an answer. */
  readonly wire: Partial<Record<'github' | 'registry' | 'engine', (request: Request) => Promise<Response | null>>> = {}
  /** What environments' own addresses answer, by host: a status for each image that runs there, or for whatever does. */
  readonly web = new Map<string, () => number>()
  /** What the registry takes from `gantry`. */
  readonly registryPassword: string
  /** Crossings of all processes so far. */
  crossed = 0
  #life: Life | null = null
  /** What the process that runs now knows of secrets: the one before has told it nothing. */
  #redactor = createRedactor()
  readonly #deaths: Death[]
  readonly #pace: Pace | null
  readonly #host: Host
  readonly #shares: Pick<Outside, 'shares'>
  #ids = 0

  private constructor(
    registry: OciRegistry,
    host: Host,
    { death = null, deaths = [], keys = [], pace, url, shares, registry: { accounts = [] } = {} }: WorldOptions,
  ) {
    this.#host = host
    this.disk = host.newDisk()
    this.keys = keys
    this.url = url ?? null
    this.registry = registry
    this.registryPassword = accounts[0]?.password ?? PASSWORD
    this.registry.quirks.realm = `https://${REGISTRY}/token`
    this.engine = new StoryEngine(registry, () => this.registryPassword)
    this.operator = operatorFile(this.github.repository.id)
    this.#deaths = death === null ? [...deaths] : [death]
    this.#pace = pace ?? null
    this.#shares = shares === undefined ? {} : { shares }
    // Octokit looks at the machine's clock to see whether a token is still good, the simulator at the story's.
    this.github.auth.lifetime = Infinity
    this.github.has('.github/deploy.yml', DEPLOY_YML)
    this.pull = this.github.people.ada.opensPullRequest()
  }

  static async begin(options: WorldOptions = {}): Promise<World> {
    const accounts = [{ name: 'gantry', password: PASSWORD, repositories: ['acme/*'] }]
    const host = options.host ?? (await import('./host-here.ts')).nodeHost
    const world = new World(await startOciRegistry({ auth: 'bearer', accounts, ...options.registry }), host, options)
    await world.time.passes('1 hour')
    await world.start()
    return world
  }

  get life(): Life {
    if (this.#life === null) throw new Error('no process is running')
    return this.#life
  }

  /** A process starts over what the disk holds. */
  async start(): Promise<void> {
    const crossings = new Crossings(this.#deaths.shift() ?? null, this.#pace)
    this.lives += 1
    this.processes.push(crossings)
    this.#redactor = createRedactor()
    for (const secret of [...secretsOf(this.#settings()), new Secret(PASSWORD)]) this.#redactor.register(secret.reveal())
    const gantry = await Promise.race([this.#assemble(crossings).catch((error: unknown) => unlessDead(crossings, error)), crossings.died])
    if (gantry === undefined) return this.start()
    const { inbox, bot, service, renewals, recoverTokens } = gantry
    const door = await this.#host.opensDoor({
      intake: { events: new Set(EVENTS), read: bot.readDelivery, store: (all) => inbox.store(all), kick: () => bot.work() },
      secrets: [new Secret(this.github.webhookSecret)],
      clock: this.time,
      log: this.#log(crossings),
    })
    this.#life = { crossings, gantry, door }
    this.#guard(() => {
      void recoverTokens()
      renewals.recover()
      service.recover()
      bot.recover()
      bot.catchUp()
    })
    await this.settle()
  }

  /** Where this process dies, counted from here, and where those after it do. */
  dooms([first, ...others]: readonly Death[]): void {
    if (first !== undefined) this.life.crossings.awaits(first)
    this.#deaths.push(...others)
  }

  /** `kill -9`, and a new start. A death that was meant for later is the next process's. */
  async dies(): Promise<void> {
    this.#stops()
    await this.#restart()
  }

  /** Killed, and started again after so long. What happens meanwhile GitHub tries to deliver once, to nobody. */
  async isAway(span: string, happens: () => unknown): Promise<void> {
    this.#stops()
    await happens()
    await this.github.webhooks.loses()
    await this.time.passes(span)
    await this.#restart()
  }

  /** The volume with the database is gone; what targets hold is not. For while the process is away. */
  losesDatabase(): void {
    this.disk.close()
    this.disk = this.#host.newDisk()
  }

  #stops(): void {
    const { unspent } = this.life.crossings
    if (unspent !== null) this.#deaths.unshift(unspent)
    this.life.crossings.die()
    this.time.forget()
  }

  /** As a program asks the API. Where the process dies meanwhile, it asks again. */
  async calls(
    method: string,
    path: string,
    body: object | undefined,
    headers: Readonly<Record<string, string>>,
    address: string | null = null,
  ): Promise<Called> {
    const sent = body === undefined ? { headers } : { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
    return calledOf(await this.asks(`https://gantry.example${path}`, { method, ...sent }, address))
  }

  /** A request of somebody's. Where the process dies meanwhile, they send it again. */
  async asks(url: string, sent: RequestInit, address: string | null = null): Promise<Response> {
    for (;;) {
      const { crossings, gantry } = this.life
      const answer = gantry.web?.fetch(new Request(url, sent), address)
      const came = await Promise.race([answer, crossings.died])
      if (came instanceof Response && !crossings.isDead) return came
      await this.settle()
    }
  }

  /** Delivers what GitHub has to say and lets everything come to rest; a process that dies on the way is started again. */
  async settle(): Promise<void> {
    for (let round = 0; round < 100; round++) {
      const { crossings, gantry } = this.life
      await this.github.deliver((request) => this.receive(request))
      if (!crossings.isDead) await Promise.race([atRest(gantry), crossings.died])
      if (crossings.isDead) return this.#restart()
      if (this.github.webhooks.waiting.length === 0) return
    }
    throw new Error('the world does not come to rest: is the bot answering itself?')
  }

  /** As GitHub delivers, to whatever process runs now. */
  async receive(request: Request): Promise<Response> {
    const { door, crossings } = this.life
    const send = () => door.receive(request)
    const response = await (this.#pace === null ? send() : this.#pace.alone(send))
    // The answer of a process that died while answering never arrives.
    if (crossings.isDead) throw new Error('the connection broke')
    return response
  }

  /** Somebody's role on the repository is another one from now on. */
  demotes(person: Person, role: Role): void {
    give(this.github.repository, person.account, role)
  }

  /** Somebody renames the account, which frees the login for others. */
  givesUp(person: Person, login: string): void {
    person.account.login = login
  }

  /** Nothing is left over: no broken contract with GitHub, no error in the log, nothing open, held or unsaid. */
  isQuiet(): void {
    this.crossed += this.life.crossings.count
    this.github.verdict()
    const rows = (query: string): unknown[] => this.disk.all(query)
    const leftovers = [
      ...this.errors,
      ...this.engine.simulator.violations,
      ...rows(`select 'open deployment' as left, id, state from deployment where ended_at is null`),
      ...rows(`select 'held environment' as left, id from deployment where state = 'unknown' and settled_at is null`),
      ...rows(`select 'unhandled delivery' as left, key from delivery where handled_at is null`),
      ...rows(`select 'unsaid' as left, key from announcement where is_complete = 0`),
    ]
    if (leftovers.length > 0) throw new Error(`left over:\n${leftovers.map((left) => JSON.stringify(left)).join('\n')}`)
  }

  async end(): Promise<void> {
    this.#life?.crossings.die()
    this.#life?.door.close()
    await this.registry.goesDown()
    this.disk.close()
  }

  async #restart(): Promise<void> {
    this.crossed += this.life.crossings.count
    this.life.door.close()
    this.time.forget()
    // GitHub delivers nothing again by itself: what nobody has acknowledged, the new process has to fetch.
    await this.start()
    // What it had begun to say and cannot see is not said again before GitHub's lists would show it.
    if (this.disk.all('select 1 from said where intended_at is not null and intent is not hash and is_gone = 0 limit 1').length > 0)
      await this.time.passes('31 seconds')
  }

  async #assemble(crossings: Crossings): Promise<Gantry> {
    const sql: Sql = crossings.sql(this.disk)
    const kinds = new Map(targetKinds.map((kind) => [kind.kind, kind]))
    const secret = (reference: SecretReference) => ('env' in reference && reference.env === 'REGISTRY_PASSWORD' ? PASSWORD : undefined)
    const internet = crossings.fetch('fetch', (input, init) => this.#internet(input, init))
    const doors: Outside = {
      repositories: sql,
      accounts: sql,
      ...this.#shares,
      fetch: internet,
      siteFetch: internet,
      registry: {
        fetch: internet,
        publicFetch: internet,
        now: () => this.time.now(),
        date: () => this.time.now(),
        random: () => 0.5,
        // Time limits belong to the story's clock; waits between attempts pass at once.
        after: (ms, work) => (ms >= 5_000 ? this.time.after(ms, work) : this.time.atOnce.after(ms, work)),
        hash: createHash,
        report: () => {},
      },
      dockerConfig: async () => null,
      hide: (secret, whose) => hiding(this.#redactor, secret, whose),
      targets: {
        fetch: () => crossings.fetch('engine', (input, init) => this.#toEngine(input, init)),
        files: (name) => crossings.files(this.files.under(name)),
        clock: this.time.atOnce,
      },
      clock: crossings.clock(this.time),
      log: this.#log(crossings),
      mask: (text, account) => this.#redactor.clean(text, account),
      hmac: HMAC,
      hash: MAC.of,
      random: () =>
        createHash('sha256')
          .update(`id ${this.#ids++}`)
          .digest('hex')
          .slice(0, 32),
      entropy: randomBytes,
      assets: this.#host.assets,
    }
    const secrets = await openSecrets(this.#settings(), doors)
    const kept = await secrets.declarations.all()
    for (const one of kept) for (const value of secretsIn(one)) this.#redactor.register(value, ownerOf(one))
    const read = readOperatorFile(this.operator, kinds, secret, { exchanges, families }, kept)
    if ('problem' in read) throw new Error(`${read.problem.sentence} ${read.problem.found}`)
    noteOperator(read.operator, secrets, doors)
    return assemble(this.#settings(), read.operator, secrets, doors)
  }

  #settings(): Settings & { readonly app: AppSettings } {
    const app = {
      id: this.github.identity.id,
      privateKey: new Secret(APP_KEY),
      webhookSecrets: [new Secret(this.github.webhookSecret)],
      oauth: { clientId: this.github.auth.client.id, clientSecret: new Secret(this.github.auth.client.secret) },
    }
    const rest = {
      url: this.url,
      host: '127.0.0.1',
      port: 0,
      trustedProxies: 0,
      metrics: null,
      logLevel: 'error' as const,
      data: '',
      config: '',
      keys: this.keys,
      webhookProxyUrl: null,
    }
    const backups = { every: null, keep: 1, folder: '' }
    return { ...rest, backups, app, githubApiUrl: 'https://api.github.com' }
  }

  async #internet(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    // workerd knows no `redirect: 'error'`, and nobody here sends anybody on who asks with it.
    const request = new Request(input, init?.redirect === 'error' ? { ...init, redirect: 'manual' } : init)
    const url = new URL(request.url)
    const isGitHub = url.host === 'api.github.com' || url.host === 'github.com'
    const intercepted = await this.wire[isGitHub ? 'github' : 'registry']?.(request.clone())
    if (intercepted) return intercepted
    if (isGitHub) return this.github.fetch(request)
    if (request.url.startsWith(`${this.github.actions.issuer}/`)) return (await this.github.actions.answer(request)) as Response
    const status = this.web.get(url.host)?.()
    if (status !== undefined) return new Response(null, { status })
    if (url.host !== REGISTRY) throw new TypeError('fetch failed', { cause: Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }) })
    // Real HTTP from here on; the story's name for it stands for TLS and DNS.
    const answer = fetch(new Request(`${this.registry.origin}${url.pathname}${url.search}`, request))
    return this.#pace === null ? answer : answer.then(arrived)
  }

  async #toEngine(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    return (await this.wire.engine?.(new Request(input, init))) ?? this.engine.fetch(input, init)
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!this.life.crossings.isDead) throw error
    }
  }

  // What a process says after its death is heard by nobody.
  #log(crossings: Crossings) {
    const hear = (line: string): void => {
      this.logged.push(line)
      if (line.startsWith('{"level":50') || line.startsWith('{"level":60')) this.errors.push(line)
    }
    return this.#host.log('debug', this.#redactor, (line) => void (crossings.isDead || hear(line)))
  }
}

function unlessDead(crossings: Crossings, error: unknown): undefined {
  if (!crossings.isDead) throw error
}

/** All of it at once: a body that comes in pieces comes in its own time. */
async function arrived(response: Response): Promise<Response> {
  const body = await response.arrayBuffer()
  return new Response(body.byteLength === 0 ? null : body, { status: response.status, headers: response.headers })
}

/** Nothing runs any more; what waits for the clock may go on waiting. */
async function atRest({ bot, service }: Gantry): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet++) {
    await new Promise((resolve) => setImmediate(resolve))
    await bot.idle()
    await service.idle()
  }
}

export const DEPLOY_YML = `version: 1
app: shop
images:
  main: { repository: ${REGISTRY}/acme/shop, tag: "sha-{short_sha}" }
default: staging
environments:
  staging:
    target: site
    settings: { path: /site }
    url: https://staging.example.com
  production:
    target: engine
    settings: { container: shop }
    url: https://shop.example.com
`

/** The same where a second person approves for production. */
export const FOUR_EYES = `${DEPLOY_YML}    approvals: { count: 1, not: [requester], expire: 4h }\n`

const operatorFile = (repositoryId: number): string => `version: 1
credentials:
  main: { registry: ${REGISTRY}, repositories: ["acme/*"], username: gantry, password: { env: REGISTRY_PASSWORD } }
targets:
  site:
    kind: static
    listen: 127.0.0.1:0
    allow:
      - { repository: acme/shop, id: ${repositoryId}, environments: ["*"], images: ["${REGISTRY}/acme/*"] }
  engine:
    kind: docker
    host: ${ENGINE}
    allow:
      - { repository: acme/shop, id: ${repositoryId}, environments: ["*"], images: ["${REGISTRY}/acme/*"] }
`

/** What came of a call of the API. */
export interface Called {
  readonly status: number
  readonly headers: Headers
  /** JSON where it was that, and text otherwise. */
  readonly body: any
}

async function calledOf(answer: Response): Promise<Called> {
  const { status, headers } = answer
  const isJson = /json/.test(headers.get('content-type') ?? '')
  return { status, headers, body: isJson ? await answer.json() : await answer.text() }
}
