import { Activity } from '../../../src/deploy/activity.ts'
import type { Actor, Deployment, DeployRequest, State } from '../../../src/deploy/deployment.ts'
import type { Configuration } from '../../../src/deploy/environment.ts'
import type { Images } from '../../../src/deploy/images.ts'
import type { Claims, Journal } from '../../../src/deploy/journal.ts'
import type { PlacedTarget } from '../../../src/deploy/proposal.ts'
import { createService, type Service } from '../../../src/deploy/service.ts'
import type { Facts } from '../../../src/deploy/source.ts'
import type { EnvironmentStatus } from '../../../src/deploy/status.ts'
import { createClaims } from '../../../src/store/claims.ts'
import { createDrifts } from '../../../src/store/drifts.ts'
import { createHeads } from '../../../src/store/heads.ts'
import { createAuditLog } from '../../../src/store/audit.ts'
import { createLocks } from '../../../src/store/locks.ts'
import { createJournal } from '../../../src/store/deployments.ts'
import type { Sql } from '../../../src/store/sql.ts'
import { Failure, type Problem } from '../../../src/errors.ts'
import { Crossings, Dead, type Death } from '../../world/crossings.ts'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { Time } from '../../world/time.ts'
import { ScriptedTarget } from './scripted-target.ts'
import { ADA, GRACE, HEAD, STAGING, type Asks, asks, configuration, digestOf, facts, placed, request, rules } from './situation.ts'
import { MAC } from '../../world/mac.ts'

interface Asked {
  /** What the command says besides. */
  more?: Partial<Asks>
  by?: Actor
  /** Null for a command that names none. */
  environment?: string | null
}

/** The engine with a GitHub, a registry and a target of a few lines each, over a real SQLite that outlives its processes. */
export class SmallWorld {
  readonly time = new Time(() => this.settles())
  readonly disk = memoryDatabase()
  readonly target = new ScriptedTarget()
  /** What is on disk, as nobody's process sees it. */
  readonly journal: Journal = createJournal(this.disk, MAC)
  readonly incidents: unknown[] = []
  /** `1 success`: every change that was told, by number of the deployment. */
  readonly told: string[] = []
  github: Partial<Facts> = {}
  configuration: Configuration = configuration([rules(), rules({ name: 'production', settings: { path: '/srv/production' } })])
  placed: Partial<PlacedTarget> = {}
  isTargetDeclared = true
  /** What the environment's own address answers. */
  answers = 200
  /** The commit that images say they were built from. */
  revision: string | null = HEAD
  /** What happens before the answer comes: on Workers another object has the claims. */
  whileClaimed: (() => void) | null = null
  crossings = new Crossings(null)
  service!: Service
  #troubles = new Map<'github' | 'resolve' | 'verify', (Error | Promise<void>)[]>()
  #requests: DeployRequest[] = []
  #ids = 0
  #words = 0

  constructor(death: Death | null = null) {
    this.starts(death)
  }

  /** A new process over the same disk, which takes up what is open and what was asked for. */
  starts(death: Death | null = null): void {
    this.time.forget()
    this.crossings = new Crossings(death)
    this.service = this.#assemble(this.crossings)
    this.service.onChange(({ sequence, state }) => this.told.push(`${sequence} ${state}`))
    untilDead(() => {
      this.service.recover()
      for (const asked of this.#requests) this.service.deploy(asked)
    })
  }

  /** Somebody types `/deploy`; kept by the inbox, so that the next process gets it again. */
  asks(image: string | null, { by = ADA, environment = 'staging', more = {} }: Asked = {}): number {
    const number = this.#requests.length + 1
    const asked = request({ key: keyOf(number), actor: by, asks: asks({ image, environment, ...more }), receivedAt: this.time.now() })
    this.#requests.push(asked)
    untilDead(() => this.service.deploy(asked))
    return number
  }

  /** Somebody types another command, on the same thread. */
  says(by: Actor = GRACE): DeployRequest {
    const now = this.time.now()
    return request({ key: `c:42:${1_000 + (this.#words += 1)}`, actor: by, askedAt: now, receivedAt: now })
  }

  idOf(number: number): string {
    return this.deployment(number).id
  }

  /** Next time somebody asks there, it goes wrong in this way: at once, or once the promise is settled. */
  trouble(at: 'github' | 'resolve' | 'verify', ...troubles: (Error | Promise<void>)[]): void {
    this.#troubles.set(at, [...(this.#troubles.get(at) ?? []), ...troubles])
  }

  /** Until nothing runs, or the process is dead. */
  async settles(): Promise<void> {
    await Promise.race([this.service.idle(), this.crossings.died])
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Until deployment `number` is in that state. */
  async reaches(number: number, state: State): Promise<void> {
    const until = performance.now() + 4_000
    while (this.deployment(number).state !== state) {
      if (performance.now() > until) throw new Error(`deployment ${number} stays ${this.deployment(number).state}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Until nothing waits for the clock any more but what looks after targets and locks. */
  async rests(): Promise<void> {
    await this.settles()
    for (let minute = 0; minute < 60 && this.journal.open().length > 0 && !this.crossings.isDead; minute++) await this.time.passes('1 minute')
  }

  deployment(number: number): Deployment {
    const row = this.disk.all<{ id: string }>('select id from deployment where key = ?', keyOf(number))[0]
    if (row === undefined) throw new Error(`no deployment ${number}`)
    return this.journal.find(row.id) as Deployment
  }

  /** What became of everything that was asked for, in order. */
  get states(): string[] {
    return this.#requests.map((_, index) => this.deployment(index + 1).state)
  }

  get occupant(): number | null {
    return this.journal.occupant(STAGING)?.sequence ?? null
  }

  async status(environment = 'staging'): Promise<EnvironmentStatus> {
    const [only] = await this.service.status(request().repository, this.configuration, { app: null, environment })
    if (only === undefined) throw new Error('no such environment')
    return only
  }

  #assemble(crossings: Crossings): Service {
    const sql = crossings.sql(this.disk)
    const clock = crossings.clock(this.time)
    return createService({
      journal: createJournal(sql, MAC),
      claims: this.#claims(sql),
      locks: createLocks(sql, MAC),
      audit: createAuditLog(sql, MAC),
      heads: createHeads(sql),
      drifts: createDrifts(sql),
      provenance: { prove: async () => ({ commit: HEAD }) },
      probe: () => crossings.async('probe', async () => this.answers),
      source: { look: (asked) => crossings.async('github', () => this.#look(asked)) },
      images: this.#images(crossings),
      clock,
      activity: new Activity(clock),
      readConfiguration: () => ({ configuration: this.configuration }),
      targets: this.#targets(crossings),
      mask: (line) => line.replace('hunter2', '***'),
      noticeAnswer: () => null,
      incident: (error) => (error instanceof Dead ? 'none' : `i${this.incidents.push(error)}`),
      random: () => `r${(this.#ids += 1)}`,
    })
  }

  #claims(sql: Sql): Claims {
    const { claim, release } = createClaims(sql)
    return {
      claim: async (...asked) => {
        const taken = claim(...asked)
        this.whileClaimed?.()
        return taken
      },
      release,
    }
  }

  // `other` is declared in exactly the same way, so that only its name tells them apart.
  #targets(crossings: Crossings): Map<string, PlacedTarget> {
    const cluster = placed({ target: this.target.through(crossings), ...this.placed })
    return new Map(this.isTargetDeclared ? ['cluster', 'other'].map((name) => [name, { ...cluster, name, key: name }]) : [])
  }

  async #look({ actor }: DeployRequest): Promise<Facts> {
    await this.#meets('github')
    return facts({ actor: { id: actor.id, login: actor.login, role: 'write' }, ...this.github })
  }

  #images(crossings: Crossings): Images {
    return {
      resolve: ({ tag, digest }) =>
        crossings.async('resolve', async () => {
          await this.#meets('resolve')
          return { digest: digest ?? digestOf(tag ?? ''), as: 'anonymous' }
        }),
      verify: () =>
        crossings.async('verify', async () => {
          await this.#meets('verify')
          return { note: 'linux/amd64', revision: this.revision }
        }),
      preflight: () => Promise.reject(new Error('nobody asks for a preflight alone here')),
      layers: () => crossings.async('layers', async () => ({ layers: [] })),
      credential: () => crossings.async('credential', async () => null),
    }
  }

  async #meets(at: 'github' | 'resolve' | 'verify'): Promise<void> {
    const trouble = this.#troubles.get(at)?.shift()
    if (trouble instanceof Error) throw trouble
    await trouble
  }
}

export const failure = (code: Problem['code'], retryAfter?: number): Failure =>
  new Failure(code, { sentence: 'It does not work.', next: 'Try again.', retryAfter })

const keyOf = (number: number): string => `c:42:${number}`

function untilDead(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof Dead)) throw error
  }
}
