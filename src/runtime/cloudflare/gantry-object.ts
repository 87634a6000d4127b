import { DurableObject } from 'cloudflare:workers'
import type { Gantry, Outside, Secrets, Shared } from '../../assemble.ts'
import type { Operator } from '../../config/operator.ts'
import { Failure } from '../../errors.ts'
import { noteOperator } from '../../store/audit.ts'
import { instanceId } from '../../store/instance.ts'
import { migrateAccounts, migrateRepositories } from '../../store/migrations.ts'
import { dropCopy } from '../../store/vault/copying.ts'
import { entropy, newId } from '../entropy.ts'
import type { Log } from '../log.ts'
import { hmac, remembered } from '../mac.ts'
import type { Machine as Reading } from '../operator-text.ts'
import { createRedactor, hiding, secretsOf } from '../redact.ts'
import type { Bindings } from './bindings.ts'
import { configured, type Configured } from './configured.ts'
import type { ObjectClock } from './durable-clock.ts'
import { durableSql, type DurableSql } from './durable-sql.ts'
import { notBegun, problemAnswer } from './answers.ts'
import { createConsoleLog } from './log.ts'
import { noDockerConfig, type Machine } from './machine.ts'
import { createNotes } from './own-rows.ts'
import { assets } from './page-assets.ts'

/** Whoever has begun something is woken after so long at the latest, and whatever was left is taken up. */
const WATCHDOG = 10_000
/** What falls due within that is waited for: the object would be gone, and have to be made anew. */
const SOON = 60_000
const AHEAD = 500
/** An alarm may run for 15 minutes (developers.cloudflare.com, "Durable Objects limits"). */
const LONGEST = 10 * 60_000
/** Locks that end soon, and targets that run something else: the object sleeps in between. */
const WATCH_EVERY = 15 * 60_000
const LOOKED = 'looked around'
/** Milliseconds in which an answer leaves. */
const LAST_ANSWER = 50
/** After something went wrong that is nobody's but ours or the network's. */
const AGAIN = 60_000

/** Whose the registry tokens are that are kept here, beside the copies of what accounts keep: nobody's on GitHub, and they leave with the object. */
const THIS_OBJECT = Number.MAX_SAFE_INTEGER

/** One life of the object: from its first use until it is evicted, aborted, or its process dies. */
export interface Life {
  readonly gantry: Gantry
  readonly secrets: Secrets
  readonly configured: Configured
  readonly reading: Reading
  readonly outside: Outside
  readonly operator: Operator
  readonly whole: Whole
}

type Whole = typeof import('./whole.ts')

/**
 * A Gantry over one object's storage. Everything is driven by its alarm: whoever changes a row sets the watchdog in the same turn, the alarm
 * assembles the Gantry where nobody has, lets it take up what is written down, and waits until nothing runs. A crash anywhere is then the same
 * as an eviction, and both are what a start is on Node.
 */
export abstract class GantryObject extends DurableObject<Bindings> {
  protected readonly machine: Machine
  protected readonly clock: ObjectClock
  protected readonly sql: DurableSql
  #life: Promise<Life> | null = null
  #log: Log | null = null
  #watchedUntil = 0
  /** Ends the wait of the alarm that runs; null while none does. */
  #hurry: (() => void) | null = null
  /** There is something that the alarm which runs may not have seen. */
  #isRoused = false
  #isMigrated = false
  /** Nothing is begun any more: it would be by the life that has ended. */
  #isEnding = false
  /** Something else is declared than what the life was told. */
  #isOutdated = false
  #redeclaring: Promise<void> | null = null

  constructor(ctx: DurableObjectState, env: Bindings, machine: Machine) {
    super(ctx, env)
    this.machine = machine
    this.clock = machine.clock()
    this.sql = durableSql(ctx.storage, () => this.#watch())
  }

  /** Takes up what others keep for this object: sealed rows, and who it is. True where something of it is new. */
  protected abstract fetchCopies(): Promise<boolean>
  /** From what is this object's own to what is used instead, where it belongs to others. */
  protected abstract shares(here: Shared): Shared
  /** Once in each life. */
  protected abstract recover(life: Life): void
  /** After everything has come to rest: what others are told. */
  protected async report(_life: Life): Promise<void> {}
  /** Whether anything here has to be looked after when nobody asks, besides what is written down and not done yet. */
  protected abstract isNeeded(): boolean
  /** Whether anybody has told this object whose it is: nothing begins before. */
  protected abstract isKnown(): boolean

  /** The tables, whichever call comes first: a delivery is stored before anything is assembled. */
  protected migrate(): void {
    if (this.#isMigrated) return
    migrateRepositories(this.sql)
    migrateAccounts(this.sql)
    this.#isMigrated = true
  }

  async fetch(request: Request): Promise<Response> {
    try {
      const { web } = (await this.current()).gantry
      return web === null ? problemAnswer(404, NO_APP) : await web.fetch(request, request.headers.get(ADDRESS))
    } catch (error) {
      if (!this.#isEnding) this.#trouble(error)
      return await notBegun(error)
    }
  }

  /** The Gantry of this life, with what is declared now. */
  protected async current(): Promise<Life> {
    if (this.#isEnding) throw beginsAnew()
    const isBegun = this.#life !== null
    const life = await (this.#life ??= this.#begin().catch((error: unknown) => {
      this.#life = null
      throw error
    }))
    if (isBegun && (await this.fetchCopies())) this.#isOutdated = true
    // Until it has been told: whoever comes meanwhile, or after it went wrong, does not go on with what was taken away.
    while (this.#isOutdated || this.#redeclaring !== null)
      await (this.#redeclaring ??= this.#redeclare(life).finally(() => (this.#redeclaring = null)))
    return life
  }

  /**
   * What it was assembled from does not hold any more: the object ends, and the next call or its alarm begins a new one, as after an eviction. Two lives over
   * the same rows would do everything twice. Whoever waits for an answer of this one gets it first.
   */
  protected endLife(): void {
    this.#watch()
    if (this.#life === null) return
    this.#isEnding = true
    void this.#life.then(
      ({ gantry }) => this.#ends(gantry),
      () => (this.#isEnding = false),
    )
  }

  #ends({ service }: Gantry): void {
    this.#isEnding = true
    service.stop()
    setTimeout(() => this.ctx.abort('it begins anew'), LAST_ANSWER)
  }

  /** There is something new to take up, and it is on disk. */
  protected rouse(): void {
    this.#isRoused = true
    if (this.#hurry === null) this.machine.wakes(this.ctx.storage, this.clock.now())
    else this.#hurry()
  }

  async alarm(): Promise<void> {
    this.#watchedUntil = 0
    if (!this.isKnown()) return this.machine.wakes(this.ctx.storage, null)
    if (this.#isEnding) return this.machine.wakes(this.ctx.storage, this.clock.now() + 2 * LAST_ANSWER)
    this.#watch()
    try {
      const life = await this.current()
      await this.#work(life)
      this.#rest()
    } catch (error) {
      // Six failures, and an alarm is gone for good.
      if (!this.#isEnding) this.#trouble(error)
      this.machine.wakes(this.ctx.storage, this.clock.now() + (this.#isEnding ? 2 * LAST_ANSWER : AGAIN))
    } finally {
      this.#hurry = null
    }
  }

  #trouble(error: unknown): void {
    if (this.#log !== null) return this.#log.error({ err: error }, 'an object could not do its work, and tries again')
    // Nobody knows yet which secrets there are: nothing is repeated but a name.
    console.error(JSON.stringify({ level: 50, msg: 'an object cannot begin', type: error instanceof Error ? error.name : typeof error }))
  }

  async #begin(): Promise<Life> {
    this.migrate()
    const [its, whole] = await Promise.all([configured(this.env), import('./whole.ts')])
    const redactor = createRedactor()
    for (const secret of secretsOf(its.settings)) redactor.register(secret.reveal())
    const log = (this.#log = createConsoleLog(its.settings.logLevel, redactor, this.machine.write))
    const reading: Reading = { environment: its.environment, redactor, log }
    this.#dropTokensUnder(its.settings.keys.map(({ id }) => id))
    await this.fetchCopies()
    const doors = this.#outside(reading)
    const secrets = await whole.openSecrets(its.settings, doors)
    instanceId(this.sql, newId)
    const operator = whole.readOperator(its.operator, reading, await secrets.declarations.all())
    const outside: Outside = { ...doors, shares: (here) => this.shares(here) }
    const gantry = whole.assemble(its.settings, operator, secrets, outside)
    const life = { gantry, secrets, configured: its, reading, outside, operator, whole }
    try {
      this.recover(life)
    } catch (error) {
      // Something of it runs already, and the next try would run beside it.
      this.#ends(gantry)
      throw error
    }
    void this.#takeUpNewKey(life)
    return life
  }

  /** They can be had again: an old key that is gone must not keep the object from beginning for their sake. */
  #dropTokensUnder(known: readonly string[]): void {
    const keys = this.sql.all<{ kek: string }>('select kek from vault_key where account = ?', THIS_OBJECT)
    if (keys.some(({ kek }) => !known.includes(kek))) this.sql.transaction(() => dropCopy(this.sql, THIS_OBJECT))
  }

  /** A new key in front of `GANTRY_KEYS`, beside everything else; what is broken off here the next life takes up. */
  async #takeUpNewKey({ gantry, secrets, reading }: Life): Promise<void> {
    const note = (subject: string, after: string): void =>
      noteOperator(this.sql, secrets.mac, { at: this.clock.now(), action: 'keys rotated', subject, after })
    try {
      const { problems } = await gantry.vault.rotate({ note })
      for (const problem of problems) reading.log.error({ problem }, 'the vault cannot read a part of what it keeps')
    } catch (error) {
      reading.log.error({ err: error }, 'the vault could not take up a new key; the next life of the object tries again')
    }
  }

  #outside({ redactor, log }: Reading): Outside {
    const { machine, clock, sql } = this
    return {
      ...{ repositories: sql, accounts: sql, clock, log, hmac, entropy, assets },
      ...{ fetch: machine.fetch, siteFetch: machine.siteFetch, registry: machine.registry(clock, log), targets: machine.targets(clock) },
      dockerConfig: noDockerConfig,
      hide: (secret, whose) => hiding(redactor, secret, whose),
      mask: (text, account) => redactor.clean(text, account),
      hash: remembered,
      random: newId,
      tokensOf: THIS_OBJECT,
      rounds: this.#rounds(),
    }
  }

  /** Of the watch: the object sleeps in between, and is another one when it wakes. */
  #rounds(): NonNullable<Outside['rounds']> {
    const notes = createNotes(this.sql)
    return { every: WATCH_EVERY, last: () => Number(notes.find(LOOKED)) || null, made: (at) => notes.put(LOOKED, String(at)) }
  }

  async #redeclare({ gantry, configured: its, reading, outside, whole }: Life): Promise<void> {
    this.#isOutdated = false
    try {
      const { declarations } = await whole.openSecrets(its.settings, outside)
      gantry.redeclare(whole.readOperator(its.operator, reading, await declarations.all()))
    } catch (error) {
      this.#isOutdated = true
      throw error
    }
  }

  /** Until nothing runs and nothing falls due soon, or for as long as an alarm may. */
  async #work(life: Life): Promise<void> {
    const { gantry } = life
    for (const until = this.clock.now() + LONGEST; this.clock.now() < until; await this.current()) {
      const { promise: roused, resolve } = Promise.withResolvers<void>()
      this.#hurry = resolve
      this.#isRoused = false
      gantry.bot.work()
      const late = setTimeout(resolve, until - this.clock.now())
      await Promise.race([Promise.all([gantry.bot.idle(), gantry.service.idle()]), roused]).finally(() => clearTimeout(late))
      if (this.#isRoused || this.clock.now() >= until) continue
      await this.report(life)
      const next = this.clock.next()
      if (this.#isRoused) continue
      if (next === null || next - this.clock.now() > SOON) return
      const left = Math.max(0, next - this.clock.now())
      // What the timer begins is to find what is declared then: that is looked for before it rings.
      await this.#wait(left > AHEAD ? left - AHEAD : left, roused)
    }
    // It still runs: the next alarm waits on.
    this.#isRoused = true
  }

  #wait(ms: number, roused: Promise<void>): Promise<void> {
    const due = Promise.withResolvers<void>()
    const cancel = this.clock.after(ms, due.resolve)
    return Promise.race([due.promise, roused]).finally(cancel)
  }

  /** The next alarm: what falls due, or none where nothing is to be looked after. */
  #rest(): void {
    if (this.#isEnding) return this.machine.wakes(this.ctx.storage, this.clock.now() + 2 * LAST_ANSWER)
    const next = this.clock.next()
    const left = this.#isLeft() ? (next ?? this.clock.now() + WATCH_EVERY) : null
    this.#watchedUntil = 0
    this.machine.wakes(this.ctx.storage, this.#isRoused ? this.clock.now() : (left ?? (this.isNeeded() ? next : null)))
  }

  /** Something that is written down is tried again later, by a timer that ends with this life. */
  #isLeft(): boolean {
    return ['delivery where handled_at is null', 'announcement where is_complete = 0'].some(
      (rows) => this.sql.all(`select 1 from ${rows} limit 1`).length > 0,
    )
  }

  /** With each change, in its turn. Once within the watchdog's time is enough. */
  #watch(): void {
    const now = this.clock.now()
    if (this.#watchedUntil - now > WATCHDOG / 2) return
    this.#watchedUntil = now + WATCHDOG
    this.machine.wakes(this.ctx.storage, this.#watchedUntil)
  }
}

const beginsAnew = (): Failure => new Failure('OBJECT_UNAVAILABLE', { sentence: 'This part of Gantry begins anew.', next: 'Ask again in a second.' })

/** Of whoever sends a request, as it is counted; only our own Worker sets it. */
export const ADDRESS = 'x-gantry-address'

const NO_APP = 'Nobody can sign in here: this App has no GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET.'

/** In an answer: nobody has ever told this object whose it is, and so there is nothing in it. */
export const NOBODY = 'x-gantry-nobody'
export const nobodyHere = (): Response => new Response(null, { status: 404, headers: { [NOBODY]: '1' } })
