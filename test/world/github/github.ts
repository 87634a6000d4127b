/**
 * GitHub, simulated: state behind REST, GraphQL and webhooks, held to GitHub's own description (`contract.ts`). A story states
 * facts and lets people act; the bot finds out over HTTP. Nothing here knows the bot.
 */
import { createHash, randomBytes } from 'node:crypto'
import { attest, stored } from './attestations.ts'
import { Actions } from './actions.ts'
import { Auth, PRIVATE_KEY } from './auth.ts'
import { ContractViolation, Referee } from './contract.ts'
import type { Json, Stated } from './description.ts'
import { reportCheck, reportStatus } from './checks.ts'
import { push } from './git.ts'
import * as graphql from './graphql/index.ts'
import type { Hub } from './hub.ts'
import { Person } from './people.ts'
import { createRepository, found, join } from './population.ts'
import { GitHubSays } from './refusal.ts'
import * as show from './render.ts'
import { answerRest } from './rest/index.ts'
import { installationOf, newId, newSha, newState } from './state.ts'
import type { Account, AppIdentity, CheckRun, CommitStatus, Installation, Issue, Pull, Repository, State } from './state.ts'
import { listen } from './listen.ts'
import { Dropped, Trouble, Troubles } from './trouble.ts'
import type { Names } from './trouble.ts'
import { eventOf, Webhooks } from './webhooks.ts'
import type { Delivery, Order, Receiver } from './webhooks.ts'

export { PRIVATE_KEY }

/** The App's permissions and events as `app.yml` would ask for them: what is not here is refused or not sent. */
export const PERMISSIONS: Readonly<Record<string, 'read' | 'write'>> = {
  metadata: 'read',
  contents: 'read',
  statuses: 'read',
  attestations: 'read',
  members: 'read',
  issues: 'write',
  pull_requests: 'write',
  checks: 'write',
  deployments: 'write',
}
const EVENTS: readonly string[] = [
  'issue_comment',
  'issues',
  'pull_request',
  'push',
  'check_run',
  'check_suite',
  'status',
  'pull_request_review',
  'deployment',
  'deployment_status',
  'installation',
  'installation_repositories',
]

export interface Options {
  readonly clock: { now(): number }
  readonly webhookSecret?: string
  readonly permissions?: Readonly<Record<string, 'read' | 'write'>>
  readonly events?: readonly string[]
}

/** What an App is registered with, as far as it matters here. */
export interface Manifest {
  readonly name: string
  readonly callback_urls?: readonly string[]
}

const OWN_ISSUER = '/_services/token'

/** A call that the simulated GitHub received, in order. */
export interface Call {
  readonly at: number
  readonly method: string
  /** `/repos/acme/shop/deployments`, or `/graphql`. */
  readonly path: string
  /** As in the list of operations; `POST /graphql`. */
  operation: string
  /** GraphQL's root fields, by name: `addComment`. */
  fields: readonly string[]
  /** What it costs of the secondary limit: a read 1, a write 5. */
  points: number
  /** What was answered; 0 where the connection was dropped. */
  status: number
}

export class GitHub implements Hub {
  readonly state: State = newState()
  readonly identity: AppIdentity = { id: 4711, slug: 'gantry', name: 'Gantry' }
  readonly referee = new Referee()
  readonly auth: Auth
  readonly webhooks: Webhooks
  readonly webhookSecret: string
  readonly calls: Call[] = []
  /** What the App is sent; a story may add what `app.yml` leaves out. */
  readonly events: Set<string>
  readonly manifests = new Map<string, Manifest>()
  /** The account that the App acts as: `gantry[bot]`. */
  readonly bot: Account
  /** `acme/shop`: where everything happens unless a story says otherwise. */
  readonly repository: Repository
  readonly installation: Installation
  readonly actions: Actions
  readonly people: Readonly<Record<'ada' | 'grace' | 'mallory' | 'trent' | 'eve' | 'robot', Person>>
  /** What the App asks accounts for; what each has agreed to is its installation's. */
  readonly permissions: Map<string, 'read' | 'write'>
  /** Where GitHub sends what it has to say, and how. */
  hook: { readonly url?: string; readonly content_type: string; readonly insecure_ssl: string } = {
    url: 'https://gantry.example/api/github/webhooks',
    content_type: 'json',
    insecure_ssl: '0',
  }
  /** Milliseconds (real ones) that every answer takes; for measurements. */
  latency = 0
  readonly #clock: { now(): number }
  readonly #troubles = new Troubles()

  constructor({ clock, webhookSecret = randomBytes(32).toString('hex'), permissions = PERMISSIONS, events = EVENTS }: Options) {
    this.#clock = clock
    this.webhookSecret = webhookSecret
    this.events = new Set(events)
    this.permissions = new Map(Object.entries(permissions))
    this.auth = new Auth(this.referee, this.identity.id, this.state, () => this.now())
    this.webhooks = new Webhooks(webhookSecret, this.identity.id, () => this.now())
    const { bot, repository, installation, accounts } = found(this.state, this.identity, permissions, this.now())
    this.bot = bot
    this.repository = repository
    this.installation = installation
    this.actions = new Actions(repository, () => this.now())
    const person = (account: Account): Person => new Person(this, account, repository)
    const { ada, grace, mallory, trent, eve, robot } = accounts
    this.people = { ada: person(ada), grace: person(grace), mallory: person(mallory), trent: person(trent), eve: person(eve), robot: person(robot) }
  }

  now(): number {
    return this.#clock.now()
  }

  /** A file on the default branch, as a fact: nobody is told. */
  has(path: string, text: string | null, repository = this.repository): void {
    push(this.state, repository, repository.defaultBranch, repository.owner, this.now(), { files: { [path]: text }, message: `Change ${path}` })
  }

  /** Somebody's fork of the repository, where the App is not installed. */
  forks(person: Person, parent = this.repository): Repository {
    return createRepository(this.state, person.account, { name: parent.name, isPrivate: parent.isPrivate, parent }, this.now())
  }

  /** A new account with that login. */
  joins(login: string): Person {
    return new Person(this, join(this.state, login), this.repository)
  }

  /** A commit status that somebody else's CI reported, as a fact. */
  reports(sha: string, context: string, state: CommitStatus['state'], repository = this.repository): void {
    repository.contexts.set(sha, [...(repository.contexts.get(sha) ?? []), { context, state, at: this.now() }])
  }

  /**
   * Another App's check on a commit: `queued`, `in_progress` or a conclusion; again for its next result, or once more.
   * `app` is a slug; null: a commit status, which everybody with write access may set. Told to the bot, as is the end of the App's suite.
   */
  checks(
    sha: string,
    name: string,
    result: string,
    { app = 'github-actions', repository = this.repository }: { readonly app?: string | null; readonly repository?: Repository } = {},
  ): CheckRun | null {
    if (app !== null) return reportCheck(this, repository, this.app(app), sha, name, result)
    reportStatus(this, repository, repository.owner, sha, { context: name, state: result as CommitStatus['state'] })
    return null
  }

  /** Another App by its slug; it has an account of its own. */
  app(slug: string): AppIdentity {
    const known = this.state.accounts.find((one) => one.app?.slug === slug)?.app
    if (known) return known
    const identity = { id: newId(this.state), slug, name: slug }
    join(this.state, `${slug}[bot]`, 'Bot', identity)
    return identity
  }

  /** The branch's rules require these checks, by name. */
  requires(names: readonly string[], branch = this.repository.defaultBranch, repository = this.repository): void {
    repository.required.set(branch, new Set(names))
  }

  /** Whether the head merges cleanly into its base; GitHub finds that out a while after each push. */
  mergeable(issue: Issue, now: Pull['mergeable']): void {
    if (issue.pull !== null) issue.pull.mergeable = now
  }

  /** `acme/releasers`: who is in it now; `parent` is the name of the team above, whose members they are too. */
  team(name: string, members: readonly Person[], parent: string | null = null): void {
    this.state.teams.set(name, { members: new Set(members.map(({ id }) => id)), parent })
  }

  /** What somebody is in the organisation from now on; null for nothing. */
  member({ id }: { readonly id: number }, role: 'admin' | 'member' | null, organization: Account = this.repository.owner): void {
    const members = this.state.members.get(organization.id) ?? new Map<number, 'admin' | 'member'>()
    this.state.members.set(organization.id, members)
    if (role === null) members.delete(id)
    else members.set(id, role)
  }

  /** A tag on a commit; an annotated one is an object of its own. */
  tags(name: string, sha: string, { isAnnotated = false, repository = this.repository } = {}): void {
    const object = isAnnotated ? newSha(this.state) : sha
    if (isAnnotated) repository.annotated.set(object, sha)
    repository.tags.set(name, object)
  }

  /** A workflow's attestation of that digest, as a fact; the newest is listed first. */
  hasAttestation(digest: string, bundle: unknown, repository = this.repository): void {
    attest(this.state, repository, digest, bundle)
  }

  /** Where bundles are kept: another host, which knows nobody and is to be told nothing. In troubles it is called `storage`. */
  readonly storage: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    if (request.headers.has('authorization')) this.referee.violate(`the bot sent its token to ${new URL(request.url).host}`)
    if (request.redirect !== 'manual') this.referee.violate('the bot would follow the storage wherever it leads')
    return this.#troubled(request, ['storage'], () => stored(this.state, request.url))
  }

  /** The manifest flow's temporary code. */
  takesManifest(manifest: Manifest): string {
    const code = randomBytes(20).toString('hex')
    this.manifests.set(code, manifest)
    return code
  }

  send(hook: string, repository: Repository, sender: Account, stated: Readonly<Record<string, Stated>>): void {
    const installation = installationOf(this.state, repository)
    const { event, action } = eventOf(hook)
    if (installation === null || installation.isSuspended || !this.events.has(event)) return
    const about = { repository: show.repository(repository), sender: show.user(sender), installation: show.installationLite(installation) }
    const payload = this.referee.webhook(hook, { ...(action !== null && { action }), ...about, ...stated })
    this.webhooks.enqueue(hook, payload, installation.id, repository.id)
  }

  /**
   * The App is installed once more, beside before, and from now on webhooks name this installation: GitHub's limits are counted anew, for
   * tests with more deployments in a minute than one installation may show.
   */
  reinstalls(): void {
    const others = [...this.state.installations]
    const id = Math.max(...others.map(([key]) => key)) + 1
    this.state.installations.clear()
    for (const [key, one] of [[id, { ...this.installation, id }] as const, ...others]) this.state.installations.set(key, one)
  }

  /** The App is installed, suspended or removed by the account's administrators. */
  installs(what: 'created' | 'suspend' | 'deleted', installation = this.installation): void {
    const repositories = [...installation.repositories].flatMap((id) => this.state.repositories.get(id) ?? []).map(show.repository)
    const its = { ...show.installation(installation, this.identity), events: [], suspended_at: null }
    const payload = this.referee.webhook(`installation-${what}`, {
      action: what,
      installation: its,
      repositories,
      sender: show.user(installation.account),
    })
    if (what === 'deleted') this.state.installations.delete(installation.id)
    else this.state.installations.set(installation.id, Object.assign(installation, { isSuspended: what === 'suspend' }))
    this.webhooks.enqueue(`installation-${what}`, payload, installation.id, null)
  }

  pings(): void {
    const payload = this.referee.webhook('ping', {
      zen: 'Design for failure.',
      hook_id: 4712,
      hook: { type: 'App', app_id: this.identity.id, active: true },
    })
    this.webhooks.enqueue('ping', payload, null, null)
  }

  /** Sends what waits (and what comes to wait meanwhile) to the bot. */
  deliver(to: Receiver, order: Order = {}): Promise<readonly Delivery[]> {
    return this.webhooks.deliver(to, order)
  }

  redelivers(delivery: Delivery): void {
    this.webhooks.redelivers(delivery)
  }

  replaysWithFreshId(delivery: Delivery): Delivery {
    return this.webhooks.replaysWithFreshId(delivery)
  }

  /** `github.answers(502).to('addComment').times(2).afterDoingTheWork()`: see `trouble.ts`. */
  answers(status: number, body?: unknown): Trouble {
    return this.#troubles.add(new Trouble('answers', status, body))
  }

  /** The connection breaks. */
  drops(): Trouble {
    return this.#troubles.add(new Trouble('drops'))
  }

  /** No answer comes until the caller gives up. */
  hangs(): Trouble {
    return this.#troubles.add(new Trouble('hangs'))
  }

  /** One field of a GraphQL request fails, wherever it stands, while its neighbours work: `github.fails('updateCheckRun')`. */
  fails(field: string, message = 'Something went wrong while executing your query.', status = 500): Trouble {
    return this.#troubles.add(new Trouble('fails', status, message)).to(field)
  }

  /** Refuses calls (all, or those named) for so many seconds; returns the window, which counts who does not listen. */
  rateLimits(seconds: number, ...names: Names) {
    const limit = { until: this.now() + seconds * 1000, names: names.length === 0 ? null : names, ignored: 0, isTold: false }
    this.#troubles.limits.push(limit)
    return limit
  }

  /** For so long, reads by these names see GitHub as it is now, whatever happens: REST lags behind webhooks. */
  lags(milliseconds: number, ...names: Names): void {
    this.#troubles.lags.push({ names, until: this.now() + milliseconds, state: structuredClone(this.state) })
  }

  /** What a read sees. */
  seenBy(names: Names): State {
    const now = this.now()
    return this.#troubles.lags.find((one) => now < one.until && one.names.some((name) => names.includes(name)))?.state ?? this.state
  }

  /** The same over real HTTP on a free port of the loopback; `url` is the base that REST calls are made under. */
  async serve(): Promise<{ readonly url: string; close(): Promise<void> }> {
    const served = await listen((request) => this.serves(request))
    this.isAt(served.url)
    return served
  }

  /** A server of one's own: its issuer is below its origin, and the runners' addresses are, too. */
  isAt(origin: string): void {
    this.actions.issuer = `${origin}${OWN_ISSUER}`
  }

  async serves(request: Request): Promise<Response> {
    const isOfActions = new URL(request.url).pathname.startsWith(`${OWN_ISSUER}/`)
    return (isOfActions ? await this.actions.answer(request) : null) ?? this.fetch(request)
  }

  /** Throws if anything broke GitHub's description, even if the bot swallowed it. */
  verdict(): void {
    this.referee.verdict()
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const { pathname } = new URL(request.url)
    // GitHub Enterprise has its API below the site: /api/v3/repos/…, /api/graphql.
    const path = pathname.replace(/^\/api\/v3/, '').replace(/^\/api\/graphql$/, '/graphql')
    const points = request.method === 'GET' ? 1 : 5
    const call: Call = { at: this.now(), method: request.method, path, operation: `${request.method} ${path}`, fields: [], points, status: 0 }
    this.calls.push(call)
    const text = await request.clone().text()
    if (this.latency > 0) await new Promise((resolve) => setTimeout(resolve, this.latency))
    const response = path.startsWith('/login/oauth/') ? await this.#site(request, call, text) : await this.#api(request, call, text)
    call.status = response.status
    return response
  }

  /** The website's part that people sign in by. */
  #site(request: Request, call: Call, text: string): Promise<Response> | Response {
    return this.#refusing(() =>
      this.#troubled(request, [call.operation], () => this.auth.signIns.answer(request, text) ?? new Response('Not Found', { status: 404 })),
    )
  }

  async #api(request: Request, call: Call, text: string): Promise<Response> {
    const body = text === '' ? undefined : (JSON.parse(text) as Json)
    return this.#refusing(() => (call.path === '/graphql' ? this.#graphql(request, call, body) : this.#rest(request, call, body)))
  }

  async #refusing(answer: () => Promise<Response>): Promise<Response> {
    try {
      return await answer()
    } catch (error) {
      if (!(error instanceof GitHubSays) || error instanceof ContractViolation) throw error
      const { retryAfter, ...details } = error.details
      const stated = { message: error.message, documentation_url: 'https://docs.github.com/rest', status: String(error.status), ...details }
      return this.#json(error.status, stated, retryAfter === undefined ? {} : { 'retry-after': `${Number(retryAfter)}` })
    }
  }

  async #rest(request: Request, call: Call, body: Json | undefined): Promise<Response> {
    const operation = this.referee.operation(request.method, call.path)
    call.operation = operation.name
    this.referee.request(operation, new URL(request.url).searchParams, body)
    return this.#troubled(request, [operation.name], () => {
      const { status, stated, headers, spell = (text) => text } = answerRest(this, operation, request, body)
      const answer = this.referee.answer(operation, status, stated)
      return this.#cacheable(request, this.#json(status, answer, headers, spell), JSON.stringify(answer))
    })
  }

  async #graphql(request: Request, call: Call, body: Json | undefined): Promise<Response> {
    const question = graphql.read(this.referee, body)
    const names = ['POST /graphql', question.kind, ...question.fields]
    Object.assign(call, { operation: 'POST /graphql', fields: question.fields, points: question.kind === 'query' ? 1 : 5 })
    const token = this.auth.token(request)
    return this.#troubled(request, names, async () => {
      const seen = question.kind === 'query' ? this.seenBy(names) : this.state
      const answer = await graphql.answer({ github: this, token, seen }, question, (field) => this.#troubles.failing(field))
      return this.#json(200, answer)
    })
  }

  async #troubled(request: Request, names: Names, work: () => Response | Promise<Response>): Promise<Response> {
    this.#troubles.limit(names, this.now())
    const trouble = this.#troubles.striking(names)
    if (trouble === null) return work()
    if (trouble.isAfterTheWork) await work()
    return this.#strike(trouble, request)
  }

  #strike({ kind, status, body }: Trouble, request: Request): Promise<Response> | Response {
    if (kind === 'drops') throw new Dropped()
    if (kind === 'hangs') return aborted(request.signal)
    // GitHub's own 5xx are pages, not JSON.
    if (body === undefined && status >= 500)
      return new Response('<html><body>Unicorn!</body></html>', { status, headers: { 'content-type': 'text/html' } })
    if (typeof body === 'string') return new Response(body, { status, headers: { 'content-type': 'text/html' } })
    return this.#json(status, body ?? { message: `Simulated ${status}`, documentation_url: 'https://docs.github.com/rest' })
  }

  #json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}, spell = (text: string): string => text): Response {
    const common = {
      'content-type': 'application/json; charset=utf-8',
      'x-github-request-id': `0:${this.calls.length}`,
      date: new Date(this.now()).toUTCString(),
    }
    return new Response(body === undefined ? null : spell(JSON.stringify(body)), { status, headers: { ...common, ...headers } })
  }

  /** "Conditional requests that answer 304 do not count": https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api */
  #cacheable(request: Request, response: Response, text: string | undefined): Response {
    if (request.method !== 'GET') return response
    const etag = `"${createHash('sha256')
      .update(text ?? '')
      .digest('hex')}"`
    if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers: { etag } })
    response.headers.set('etag', etag)
    return response
  }
}

/** Never resolves; rejects as `fetch` does once the caller gives up. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const give = (): void => reject(signal.reason as Error)
    if (signal.aborted) give()
    else signal.addEventListener('abort', give)
  })
}
