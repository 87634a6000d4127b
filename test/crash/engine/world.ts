import { Activity } from '../../../src/deploy/activity.ts'
import type { Notice } from '../../../src/deploy/notice.ts'
import { createService, type Service } from '../../../src/deploy/service.ts'
import { createClaims } from '../../../src/store/claims.ts'
import { createJournal } from '../../../src/store/deployments.ts'
import { createDrifts } from '../../../src/store/drifts.ts'
import { createHeads } from '../../../src/store/heads.ts'
import { createAuditLog } from '../../../src/store/audit.ts'
import { createLocks } from '../../../src/store/locks.ts'
import { HEAD, placed } from '../../unit/deploy/situation.ts'
import { Crossings, Dead, type Death } from '../../world/crossings.ts'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { Random } from '../../world/random.ts'
import { Network } from './network.ts'
import { Reached } from './reached.ts'
import type { Scenario } from './scenario.ts'
import { ENVIRONMENTS, Surroundings, workloadsOf } from './surroundings.ts'
import { SimulatedTarget } from './target.ts'
import { Timeline } from './timeline.ts'
import { Watcher } from './watcher.ts'
import { MAC } from '../../world/mac.ts'

/** The production engine over real rows, with GitHub, the registry and the target a few lines each and one clock for all. */
export class EngineWorld {
  readonly timeline = new Timeline()
  readonly disk = memoryDatabase()
  /** What is on disk, as nobody's process sees it. */
  readonly journal = createJournal(this.disk, MAC)
  readonly reached = new Reached()
  readonly scenario: Scenario
  readonly surroundings: Surroundings
  readonly network: Network
  readonly target: SimulatedTarget
  readonly watcher: Watcher
  readonly notices: Notice[] = []
  /** Everything that crossed a door of each process. */
  readonly log: string[] = []
  crashes = 0
  /** How far the process's clock is from the true one. */
  skew = 0
  /** Called once a new process is there. */
  onStart: (service: Service) => void = () => {}
  process: { readonly crossings: Crossings; readonly service: Service } | null = null
  /** Crossings of the first process that were worth dying at, by number. */
  readonly #random: Random
  readonly #deaths: Death[]
  #ids = 0

  constructor(scenario: Scenario, deaths: readonly Death[]) {
    this.scenario = scenario
    this.#deaths = [...deaths]
    this.#random = new Random(scenario.seed ^ 0x5eed)
    this.surroundings = new Surroundings(scenario, this.timeline)
    this.network = new Network(this.timeline, this.#random, this.reached)
    this.network.trouble = scenario.trouble
    this.watcher = new Watcher(this)
    this.target = new SimulatedTarget({
      contract: scenario.contract,
      network: this.network,
      reached: this.reached,
      health: (digest) => this.surroundings.health(digest),
      taking: (effect) => this.watcher.taking(effect),
    })
  }

  /** What the process believes that it is. */
  get clock(): number {
    return this.timeline.now + this.skew
  }

  starts(): void {
    const crossings = new Crossings(this.#deaths.shift() ?? null)
    const service = this.#assemble(crossings)
    this.process = { crossings, service }
    service.onNotice((notice) => this.notices.push(notice))
    untilDead(() => {
      service.recover()
      this.onStart(service)
    })
  }

  /** One event and what follows from it; false where nothing more comes before `until`. */
  async step(until: number): Promise<boolean> {
    if (!(await this.timeline.next(until))) return false
    this.watcher.look()
    if (this.process?.crossings.isDead) this.#dies(this.process.crossings)
    return true
  }

  /** As with `kill -9`, whatever it was doing. */
  kills(): void {
    this.process?.crossings.die()
  }

  end(): void {
    this.kills()
    this.disk.close()
  }

  #dies(crossings: Crossings): void {
    this.log.push(...crossings.log, 'dies')
    this.crashes += 1
    this.process = null
    for (const { state } of this.journal.open()) this.reached.note(`died in ${state}`)
    this.timeline.after(100 + this.#random.below(5_000), () => this.starts())
  }

  #assemble(crossings: Crossings): Service {
    const { network, surroundings } = this
    const sql = crossings.sql(this.disk)
    const clock = crossings.clock({ now: () => this.clock, after: (ms, work) => this.timeline.after(ms, work) })
    const target = this.target.through(crossings)
    return createService({
      journal: createJournal(sql, MAC),
      claims: createClaims(sql),
      locks: createLocks(sql, MAC),
      audit: createAuditLog(sql, MAC),
      heads: createHeads(sql),
      drifts: createDrifts(sql),
      provenance: { prove: async () => ({ commit: HEAD }) },
      probe: (url) => crossings.async('probe', () => network.ask('probe', () => this.#answer(url))),
      source: surroundings.source(crossings, network),
      images: surroundings.images(crossings, network),
      clock,
      activity: new Activity(clock),
      readConfiguration: () => ({ configuration: surroundings.configuration }),
      targets: new Map([['cluster', placed({ target })]]),
      mask: (line) => line,
      noticeAnswer: () => null,
      incident: (error) => {
        if (!(error instanceof Dead)) this.watcher.found('broken', `incident: ${error instanceof Error ? error.stack : String(error)}`)
        return 'i1'
      },
      random: () => `r${(this.#ids += 1)}`,
    })
  }

  #answer(url: string): number {
    const name = ENVIRONMENTS.find((environment) => url.includes(environment)) ?? 'staging'
    const digest = this.target.runs(workloadsOf(name, this.scenario)[0] ?? '')
    return digest !== null && this.surroundings.health(digest) === 'healthy' ? 200 : 503
  }
}

export function untilDead(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof Dead)) throw error
  }
}
