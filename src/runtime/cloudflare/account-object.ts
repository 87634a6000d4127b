import type { Shared } from '../../assemble.ts'
import type { ApiToken } from '../../deploy/api-token.ts'
import type { Directory } from '../../deploy/directory.ts'
import type { Claims, Delivery } from '../../deploy/journal.ts'
import type { LimitName, Shortage } from '../../deploy/limits.ts'
import type { Session, Sessions } from '../../deploy/session.ts'
import { Secret } from '../../secret.ts'
import { createInbox } from '../../store/inbox.ts'
import { instanceId } from '../../store/instance.ts'
import { isOperators } from '../../store/moving/parts.ts'
import { localKeys } from '../../store/vault/local-keys.ts'
import { keepCopy, sealedCopy } from '../../store/vault/copying.ts'
import { entropy, newId } from '../entropy.ts'
import {
  accountAt,
  directoryAt,
  OPERATOR,
  type AccountDoor,
  type Bindings,
  type Copied,
  type Found,
  type Named,
  type Noted,
  type Spending,
  type Taken,
} from './bindings.ts'
import { beginBackup, continueBackup, type BackupDoors } from './backups.ts'
import { configured } from './configured.ts'
import { GantryObject, nobodyHere, type Life } from './gantry-object.ts'
import type { Machine } from './machine.ts'
import { partsIn, readPart, takePart } from './moving.ts'
import { createKnownAccounts, createKnownRepositories, createNotes, createSpentElsewhere } from './own-rows.ts'
import { through } from './rpc.ts'
import { sharing, tellAll } from './shared.ts'

/**
 * One account, of an organisation or a person: its credentials and targets, API tokens, the sessions of the person, limits, claims of workloads, and
 * which of its repositories were ever deployed. Account 0 is the operator's own: what there is once for the whole installation.
 */
export class AccountGantry extends GantryObject implements AccountDoor {
  readonly #notes
  readonly #repositories
  readonly #spent
  readonly #accounts
  #here: Shared | null = null
  #hasOperators = false
  /** When a backup wants the next alarm; 0 where none does, or this one has not taken its slice yet. */
  #sliceAt = 0

  constructor(ctx: DurableObjectState, env: Bindings, machine: Machine) {
    super(ctx, env, machine)
    this.#notes = createNotes(this.sql)
    this.#repositories = createKnownRepositories(this.sql)
    this.#spent = createSpentElsewhere(this.sql)
    this.#accounts = createKnownAccounts(this.sql)
  }

  deliver(account: number, deliveries: readonly Delivery[]): readonly boolean[] {
    this.#is(account)
    const stored = createInbox(this.sql).store(deliveries)
    this.rouse()
    return stored
  }

  async copy(account: number, known: string | null): Promise<Copied> {
    this.#is(account)
    // What there is once for all is made with the operator's first life.
    if (account === OPERATOR) await this.current()
    return { instance: account === OPERATOR ? instanceId(this.sql, newId) : '', copy: sealedCopy(this.sql, account, known) }
  }

  spent(account: number, repository: number, spending: Spending): Spending {
    this.#is(account)
    return this.#spent.noted(repository, spending, this.clock.now())
  }

  async claim(account: number, claim: Parameters<Claims['claim']>): Promise<Awaited<ReturnType<Claims['claim']>>> {
    return (await this.#shared(account)).claims.claim(...claim)
  }

  async release(account: number, release: Parameters<Claims['release']>): Promise<void> {
    await (await this.#shared(account)).claims.release(...release)
  }

  async beginSession(session: Parameters<Sessions['begin']>[0], now: number): Promise<string> {
    return (await this.#shared(session.person.id)).sessions.begin(session, now)
  }

  async findSession(person: number, cookie: string, now: number): Promise<Session | null> {
    // A cookie that somebody has made up begins nothing.
    if (!this.isKnown()) return null
    return (await this.#shared(person)).sessions.find(cookie, now)
  }

  async endSession(person: number, cookie: string): Promise<void> {
    if (!this.isKnown()) return
    await (await this.#shared(person)).sessions.end(cookie)
  }

  async endSessions(person: number): Promise<void> {
    await (await this.#shared(person)).sessions.endAll(person)
  }

  async findToken(account: number, secret: string, now: number): Promise<ApiToken | null> {
    if (!this.isKnown()) return null
    return (await this.#shared(account)).apiTokens.find(new Secret(secret), now)
  }

  async isRevoked(account: number, id: string): Promise<boolean> {
    return (await this.#shared(account)).apiTokens.isRevoked(id, account)
  }

  async take(account: number, from: Taken, count: number): Promise<Shortage | null> {
    return (await this.#shared(account)).limits.takeAll(from, count)
  }

  async takeOne(account: number, name: LimitName, key: string, count: number): Promise<number> {
    return (await this.#shared(account)).limits.take(name, key, count)
  }

  async giveBack(account: number, from: Taken, count: number): Promise<void> {
    const { limits } = await this.#shared(account)
    for (const [name, key] of from) await limits.giveBack(name, key, count)
  }

  noted(account: number, repository: number, state: Noted): void {
    this.#is(account)
    this.#repositories.noted(repository, state)
  }

  active(repositories: readonly number[]): readonly { readonly repository: number; readonly at: number }[] {
    return this.#repositories.active(repositories)
  }

  waiting(repositories: readonly number[]): readonly number[] {
    return this.#repositories.waiting(repositories)
  }

  enroll(account: number, repository: number): void {
    this.#is(account)
    this.#repositories.enrolled(repository)
  }

  repositories(): readonly number[] {
    return this.#repositories.ids()
  }

  enrollAccount(account: number): void {
    this.#is(OPERATOR)
    this.#accounts.enroll(account)
  }

  enrolled(): readonly number[] {
    return this.#accounts.ids()
  }

  async readPart(account: number): Promise<ReadableStream<Uint8Array> | null> {
    if (!this.isKnown()) return null
    const { configured } = await this.current()
    return readPart(this.sql, { kind: 'account', id: account }, configured, this.clock.now())
  }

  async writePart(account: number, stream: ReadableStream<Uint8Array>, instead: boolean): ReturnType<AccountDoor['writePart']> {
    this.#is(account)
    await this.fetchCopies()
    const received = await takePart(this.sql, { kind: 'account', id: account }, stream, instead, await configured(this.env), this.clock.now())
    await this.#enroll()
    this.endLife()
    this.rouse()
    return received
  }

  lookUp(owner: string, name: string | null, address = ''): Promise<Found> {
    return through(() => this.#lookUp(owner, name, address))
  }

  async #lookUp(owner: string, name: string | null, address: string): Promise<Found> {
    const { limits } = await this.#shared(OPERATOR)
    // Nobody has proved anything yet: names that are made up count as misses (web/lookups.ts), and leave the others their questions.
    const by = (name: LimitName): Taken => (address === '' ? [] : [[name, address]])
    const misses: Taken = [...by('miss'), ['misses', '']]
    const short = await limits.takeAll([...by('lookup'), ['lookups', ''], ...misses], name === null ? 2 : 1)
    if (short !== null) return short
    const { directory } = (await this.current()).gantry
    const found = directory === null ? null : await named(owner, name, directory)
    if (found !== null) for (const [limit, key] of misses) await limits.giveBack(limit, key, name === null ? 2 : 1)
    return found
  }

  wake(): void {
    this.#is(OPERATOR)
    this.rouse()
  }

  async backUp(): Promise<void> {
    this.#is(OPERATOR)
    const { configured: its, reading } = await this.current()
    if (its.settings.backups.every === null) return
    if (this.env.BACKUPS === undefined) return reading.log.warn({ fix: 'docs/workers.md' }, 'nothing is backed up: this Worker has no bucket BACKUPS')
    beginBackup({ ...this.#known(), log: reading.log })
    this.rouse()
  }

  override async alarm(): Promise<void> {
    this.#sliceAt = 0
    await super.alarm()
    const [next, set] = [this.#sliceAt, await this.ctx.storage.getAlarm()]
    if (next > 0 && (set === null || set > next)) this.machine.wakes(this.ctx.storage, next)
  }

  #known() {
    return { sql: this.sql, now: () => this.clock.now(), accounts: () => this.#accounts.ids() }
  }

  #backsUpWith(bucket: R2Bucket, { configured: its, reading, secrets }: Life): BackupDoors {
    const { backups, keys } = its.settings
    const { read } = partsIn(this.env)
    return {
      ...this.#known(),
      ...{ bucket, keep: backups.keep, instance: instanceId(this.sql, newId), mac: secrets.mac, source: localKeys(keys, entropy), log: reading.log },
      repositories: async (account) => (account === OPERATOR ? this.#repositories.ids() : accountAt(this.env, account).repositories()),
      read: (part) => (isOperators(part) ? this.readPart(OPERATOR) : read(part)),
    }
  }

  override async fetch(request: Request): Promise<Response> {
    const account = request.headers.get(ACCOUNT)
    if (account !== null) this.#is(Number(account))
    return this.isKnown() ? super.fetch(request) : nobodyHere()
  }

  protected override shares(here: Shared): Shared {
    this.#here = here
    const account = this.#must()
    const byLogin: Shared['names']['account'] = async (login) => {
      const found = await here.names.account(login)
      if (found === null || found.id === account || account === OPERATOR) return found
      await directoryAt(this.env, login).forget(null)
      return null
    }
    const happened: Shared['happened'] = async (event) => {
      if (event.kind === 'gone') await tellAll(this.env, account, this.#repositories.ids(), event, this.#notes)
    }
    const shared = sharing(this.env, here, { account, repository: null })
    // A name that nobody could be asked about leads to the operator's object: nothing is deployed there.
    const isHere: Shared['names']['isHere'] = (repository) => account !== OPERATOR && repository.account === account
    const repository: Shared['names']['repository'] = async (owner, name) => {
      const found = await here.names.repository(owner, name)
      return found !== null && isHere(found) ? found : null
    }
    return { ...shared, names: { account: byLogin, repository, isHere }, ...(account !== OPERATOR && { happened }) }
  }

  protected override recover(life: Life): void {
    const { gantry, secrets, outside, operator, whole } = life
    gantry.bot.work()
    if (this.#must() !== OPERATOR) return gantry.expiries()
    whole.noteOperator(operator, secrets, outside)
    gantry.bot.catchUp()
  }

  /** A slice of a backup for each alarm: what one of them may ask of others is limited. */
  protected override async report(life: Life): Promise<void> {
    if (this.#must() !== OPERATOR || this.env.BACKUPS === undefined || this.#sliceAt > 0) return
    this.#sliceAt = (await continueBackup(this.#backsUpWith(this.env.BACKUPS, life))) ?? 0
  }

  protected override isNeeded(): boolean {
    return this.#must() === OPERATOR || this.sql.all(`select 1 from vault_record where kind = 'credential' limit 1`).length > 0
  }

  protected override isKnown(): boolean {
    return this.#notes.find(ITSELF) !== null
  }

  /** Of the operator's rows what everybody needs: the instance's id, and the key of the audit log. */
  protected override async fetchCopies(): Promise<boolean> {
    if (this.#must() === OPERATOR || this.#hasOperators) return false
    const { instance, copy } = await accountAt(this.env, OPERATOR).copy(OPERATOR, this.#notes.find(COPY))
    this.sql.all('insert into instance (only, id) values (1, ?) on conflict do nothing', instance)
    if (copy !== null) {
      keepCopy(this.sql, OPERATOR, copy)
      this.#notes.put(COPY, copy.version)
    }
    await this.#enroll()
    this.#hasOperators = true
    return false
  }

  /** So that whoever moves or backs up the whole installation finds this object. */
  async #enroll(): Promise<void> {
    const account = this.#must()
    if (account === OPERATOR || this.#notes.find(ENROLLED) !== null) return
    await accountAt(this.env, OPERATOR).enrollAccount(account)
    this.#notes.put(ENROLLED, '1')
  }

  async #shared(account: number): Promise<Shared> {
    this.#is(account)
    await this.current()
    if (this.#here === null) throw new Error('an account without its Gantry')
    return this.#here
  }

  #is(account: number): void {
    this.migrate()
    const known = this.#notes.find(ITSELF)
    if (known === null) this.#notes.put(ITSELF, String(account))
    else if (known !== String(account)) throw new Error('an object that is told that it is another account')
  }

  #must(): number {
    const known = this.#notes.find(ITSELF)
    if (known === null) throw new Error('an object that nobody has told which account it is')
    return Number(known)
  }
}

async function named(owner: string, name: string | null, directory: Pick<Directory, 'account' | 'repository'>): Promise<Named | null> {
  if (name === null) {
    const found = await directory.account(owner)
    return found && { repository: null, account: found.id }
  }
  const found = await directory.repository(owner, name)
  return found?.account === undefined ? null : { repository: found.id, account: found.account }
}

const ITSELF = 'account'
const ENROLLED = 'enrolled'
const COPY = `copy of ${OPERATOR}`

/** Which account a request is for; only our own Worker sets it. */
export const ACCOUNT = 'x-gantry-account'
