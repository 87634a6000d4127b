import type { Shared } from '../../assemble.ts'
import type { Deployment, DeployRequest, Repository } from '../../deploy/deployment.ts'
import type { Happening } from '../../deploy/happening.ts'
import type { Delivery } from '../../deploy/journal.ts'
import type { EnvironmentRecord } from '../../deploy/overview.ts'
import { Failure, type Problem } from '../../errors.ts'
import { auditPage, type AuditRecord } from '../../store/audit.ts'
import { createSpendings } from '../../store/budget.ts'
import { createInbox } from '../../store/inbox.ts'
import { keepCopy, dropCopy } from '../../store/vault/copying.ts'
import { accountAt, directoryAt, OPERATOR, type Bindings, type Home, type RepositoryDoor } from './bindings.ts'
import { through } from './rpc.ts'
import { sharing } from './shared.ts'
import { configured } from './configured.ts'
import { GantryObject, nobodyHere, type Life } from './gantry-object.ts'
import type { Machine } from './machine.ts'
import { readPart, takePart } from './moving.ts'
import { createHome, createNotes } from './own-rows.ts'

/** What is declared is looked for again after so long, however much is asked meanwhile. */
const COPY_EVERY = 1_000
const HOUR = 3_600_000
const ENROLLED = 'enrolled'

/** One repository: its deliveries, queue, deployments and announcements. Whose credentials it uses it knows from its account's object, sealed. */
export class RepositoryGantry extends GantryObject implements RepositoryDoor {
  readonly #home
  readonly #notes
  #copiedAt = -Infinity
  #copying: Promise<boolean> | null = null
  #here: Shared | null = null
  #learn: Life['gantry']['learn'] | null = null

  constructor(ctx: DurableObjectState, env: Bindings, machine: Machine) {
    super(ctx, env, machine)
    this.#home = createHome(this.sql)
    this.#notes = createNotes(this.sql)
  }

  deliver(home: Home, deliveries: readonly Delivery[], isLate = false): readonly boolean[] {
    this.migrate()
    if (!isLate || !this.isKnown()) this.#isAt(home)
    const stored = createInbox(this.sql).store(deliveries)
    this.rouse()
    return stored
  }

  has(key: string): boolean {
    if (!this.isKnown()) return false
    this.migrate()
    return createInbox(this.sql).has(key)
  }

  async happened(home: Home, event: Happening): Promise<void> {
    // Told by the account's object, to whatever it ever had: one that belongs to somebody else now is none of its business.
    if (event.kind === 'gone' && this.#home.find()?.account !== home.account) return
    this.migrate()
    this.#isAt(home)
    // CI reports a great deal to which nobody listens: nothing is assembled for that.
    if (event.kind !== 'head' && event.kind !== 'closed' && this.sql.all(`select 1 from deployment where ended_at is null limit 1`).length === 0)
      return
    const { gantry } = await this.current()
    await through(() => gantry.service.happened(event))
  }

  async environments(): Promise<readonly EnvironmentRecord[]> {
    const home = this.#home.find()
    return home === null ? [] : (await this.#shared()).overview.environments(home.repository)
  }

  async awaiting(limit: number): Promise<readonly Deployment[]> {
    const home = this.#home.find()
    return home === null ? [] : (await this.#shared()).overview.awaiting([{ id: home.repository }], limit)
  }

  async mayApprove(request: DeployRequest, id: string): Promise<Problem | null> {
    const { mayApprove } = await this.#shared()
    return through(() => Promise.resolve(mayApprove(request, id)))
  }

  auditPage(before: number | null, limit: number): readonly AuditRecord[] {
    const home = this.#home.find()
    if (home === null) return []
    this.migrate()
    return auditPage(this.sql, 'repository_audit', home.repository, before, limit)
  }

  async readPart(): Promise<ReadableStream<Uint8Array> | null> {
    const home = this.#home.find()
    if (home === null) return null
    const { configured: its } = await this.current()
    return readPart(this.sql, { kind: 'repository', id: home.repository }, its, this.clock.now())
  }

  async writePart(repository: number, stream: ReadableStream<Uint8Array>, instead: boolean): ReturnType<RepositoryDoor['writePart']> {
    this.migrate()
    await this.#copy(OPERATOR)
    const received = await takePart(this.sql, { kind: 'repository', id: repository }, stream, instead, await configured(this.env), this.clock.now())
    const [newest] = this.sql.all<{ request: string }>('select request from deployment order by sequence desc limit 1')
    const account = newest === undefined ? undefined : (JSON.parse(newest.request) as { readonly repository: Repository }).repository.account
    // Whose it is says the next delivery, where nothing of it does.
    if (account !== undefined) {
      this.#isAt({ repository, account })
      this.rouse()
    }
    this.endLife()
    return received
  }

  override async fetch(request: Request): Promise<Response> {
    const told = request.headers.get(HOME)?.split(':').map(Number)
    // A name may be told of long after the repository was given away: that says GitHub, in a delivery or when it is asked.
    if (told !== undefined && !this.isKnown()) this.#isAt({ repository: told[0] ?? 0, account: told[1] ?? 0 })
    return this.isKnown() ? super.fetch(request) : nobodyHere()
  }

  protected override shares(here: Shared): Shared {
    this.#here = here
    const { repository: own, account } = this.#mustHome()
    const { claims, sessions, apiTokens, limits } = sharing(this.env, here, { account, repository: own })
    const repository: Shared['names']['repository'] = async (owner, name) => {
      const found = await here.names.repository(owner, name)
      if (found?.id === own && found.account !== undefined && found.account !== account) {
        this.#isAt({ repository: own, account: found.account })
        throw isMoving()
      }
      if (found === null || found.id === own) return found
      // Another one has that name now: whoever asks again is led to it.
      await directoryAt(this.env, owner).forget(name)
      return null
    }
    return { ...here, claims, sessions, apiTokens, limits, names: { ...here.names, repository, isHere: ({ id }) => id === own } }
  }

  protected override recover({ gantry }: Life): void {
    this.#learn = gantry.learn
    void gantry.recoverTokens()
    gantry.service.recover()
    gantry.bot.recover()
    gantry.service.onChange(() => this.rouse())
  }

  protected override isKnown(): boolean {
    return this.#home.find() !== null
  }

  protected override isNeeded(): boolean {
    return this.sql.all('select 1 from deployment limit 1').length > 0 || this.sql.all('select 1 from lock limit 1').length > 0
  }

  /** The operator's rows once in a life, the account's whenever they are others. Whoever comes meanwhile waits for the same. */
  protected override fetchCopies(): Promise<boolean> {
    return (this.#copying ??= this.#fetchCopies().finally(() => (this.#copying = null)))
  }

  async #fetchCopies(): Promise<boolean> {
    const { account } = this.#mustHome()
    const now = this.clock.now()
    if (now - this.#copiedAt < COPY_EVERY) return false
    if (this.#copiedAt === -Infinity) {
      await this.#copy(OPERATOR)
      await this.#enroll()
    }
    await this.#spend(now)
    const isNew = account !== OPERATOR && (await this.#copy(account))
    // Not before it is here: what could not be fetched is fetched by whoever comes next.
    if (this.#mustHome().account === account) this.#copiedAt = now
    return isNew
  }

  /** So that whoever moves or backs up the whole installation, or is told that the App was taken off the account, finds this object. */
  async #enroll(): Promise<void> {
    const { repository, account } = this.#mustHome()
    if (this.#notes.find(ENROLLED) === String(account)) return
    await accountAt(this.env, account).enroll(account, repository)
    this.#notes.put(ENROLLED, String(account))
  }

  /** GitHub counts by installation, which many repositories share. */
  async #spend(now: number): Promise<void> {
    const [newest] = this.sql.all<{ installation: number }>('select installation from github_creation order by at desc limit 1')
    if (newest === undefined) return
    const { repository, account } = this.#mustHome()
    const { spent, blockedUntil } = createSpendings(this.sql)
    const { installation } = newest
    const own = { installation, created: spent(installation, now - HOUR), until: blockedUntil(installation) }
    const { created, until } = await accountAt(this.env, account).spent(account, repository, own)
    this.#learn?.(installation, created, until)
  }

  /** For the overview of whoever may see it. */
  protected override async report(): Promise<void> {
    const { repository, account } = this.#mustHome()
    const [newest] = this.sql.all<{ created_at: number; request: string }>(
      'select created_at, request from deployment where is_quiet = 0 order by sequence desc limit 1',
    )
    if (newest === undefined) return
    const [{ n: waiting } = { n: 0 }] = this.sql.all<{ n: number }>(`select count(*) as n from deployment where state = 'waiting'`)
    const { repository: its } = JSON.parse(newest.request) as { readonly repository: Repository }
    const noted = { newest: newest.created_at, isWaiting: waiting > 0 }
    const note = JSON.stringify([account, its.owner, its.name, noted])
    if (this.#notes.find('noted') === note) return
    await accountAt(this.env, account).noted(account, repository, noted)
    await this.#tellName(its)
    this.#notes.put('noted', note)
  }

  /** Once of each name: it may be another one's by the time that something else becomes of the same deployment. */
  async #tellName({ owner, name }: Repository): Promise<void> {
    const { repository, account } = this.#mustHome()
    const called = JSON.stringify([account, owner, name])
    if (this.#notes.find('called') === called) return
    await directoryAt(this.env, owner).told(name.toLowerCase(), { repository, account })
    this.#notes.put('called', called)
  }

  async #shared(): Promise<Shared> {
    await this.current()
    if (this.#here === null) throw new Error('a repository without its Gantry')
    return this.#here
  }

  async #copy(from: number): Promise<boolean> {
    const name = `copy of ${from}`
    const { instance, copy } = await accountAt(this.env, from).copy(from, this.#notes.find(name))
    this.sql.all('insert into instance (only, id) values (1, ?) on conflict do nothing', instance)
    // It was given away while this was on its way.
    if (copy === null || (from !== OPERATOR && from !== this.#home.find()?.account)) return false
    keepCopy(this.sql, from, copy)
    this.#notes.put(name, copy.version)
    return true
  }

  /** A repository may be given to another account: from then on it has that one's credentials, and not the former's. */
  #isAt(home: Home): void {
    const former = this.#home.find()
    if (former !== null && former.repository !== home.repository) throw new Error('an object that is told that it is another repository')
    if (!this.#home.is(home) || former === null) return
    this.migrate()
    this.sql.transaction(() => dropCopy(this.sql, former.account))
    this.#notes.drop(`copy of ${former.account}`)
    this.#copiedAt = -Infinity
    this.endLife()
  }

  #mustHome(): Home {
    const home = this.#home.find()
    if (home === null) throw new Error('an object that nobody has told which repository it is')
    return home
  }
}

const isMoving = (): Failure =>
  new Failure('OBJECT_UNAVAILABLE', {
    sentence: 'This repository has been given to another account, whose credentials are being fetched.',
    next: 'Ask again in a few seconds.',
  })

/** Which repository a request is for; only our own Worker sets it. */
export const HOME = 'x-gantry-home'
