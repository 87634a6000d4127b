import { Activity } from '../../src/deploy/activity.ts'
import type { Clock } from '../../src/deploy/clock.ts'
import type { DeployRequest } from '../../src/deploy/deployment.ts'
import { createService, type Service } from '../../src/deploy/service.ts'
import type { Observation, Operation } from '../../src/deploy/target.ts'
import type { Digest } from '../../src/registry/reference.ts'
import { openSqlite } from '../../src/runtime/sqlite.ts'
import { createClaims } from '../../src/store/claims.ts'
import { createJournal } from '../../src/store/deployments.ts'
import { createDrifts } from '../../src/store/drifts.ts'
import { createHeads } from '../../src/store/heads.ts'
import { createAuditLog } from '../../src/store/audit.ts'
import { createLocks } from '../../src/store/locks.ts'
import { migrateAccounts, migrateRepositories } from '../../src/store/migrations.ts'
import { HEAD, bound, configuration, digestOf, facts, idleTarget, placed, request, rules } from '../unit/deploy/situation.ts'
import { MAC } from '../world/mac.ts'

export const REPOSITORIES = 100
const PLACES = Array.from({ length: 100 }, (_, index) => `place-${index}`)
const NAMES = Array.from({ length: REPOSITORIES }, (_, index) => `shop-${index}`)
const CONFIGURATIONS = new Map(
  NAMES.map((name) => [name, configuration(PLACES.map((place) => rules({ name: place, settings: { path: `/srv/${name}/${place}` } })))]),
)

export const STALLS = ['github', 'resolve', 'verify', 'look', 'apply', 'answer', 'read back'] as const
/** Where a process never gets an answer. */
export type Stall = (typeof STALLS)[number]

interface Running {
  readonly operation: Operation
  readonly digest: Digest
}

/** The production engine over SQLite in a file, and nothing else that takes time: GitHub, registry and target answer at once, or never. */
export class EngineAlone {
  readonly sql
  readonly journal
  /** How often each operation took effect. */
  readonly effects = new Map<string, number>()
  /** By the request's key. */
  readonly stalls = new Map<string, Stall>()
  service: Service
  stalled = 0
  readonly #runs = new Map<string, Running>()
  #ids = 0

  constructor(path: string) {
    this.sql = openSqlite(path)
    migrateRepositories(this.sql)
    migrateAccounts(this.sql)
    this.journal = createJournal(this.sql, MAC)
    this.service = this.#assemble()
  }

  /** Ada wants a version in the nth of all environments: so many repositories, one environment of each after the other. */
  asks(nth: number, version: number, key: string): DeployRequest {
    const { repository, asks } = request()
    const [id, environment] = [nth % REPOSITORIES, PLACES[Math.floor(nth / REPOSITORIES)] as string]
    const name = NAMES[id] as string
    return request({ key, repository: { ...repository, id, name }, asks: { ...asks, environment, image: `:${version}` }, receivedAt: Date.now() })
  }

  /** Another process over the same rows, whose questions are answered; what the one before asked never is. */
  startsAgain(): void {
    this.stalls.clear()
    this.service = this.#assemble()
  }

  closes(): void {
    this.service.stop()
    this.sql.close()
  }

  #assemble(): Service {
    const { sql, journal } = this
    return createService({
      journal,
      claims: createClaims(sql),
      locks: createLocks(sql, MAC),
      audit: createAuditLog(sql, MAC),
      heads: createHeads(sql),
      drifts: createDrifts(sql),
      provenance: { prove: async () => ({ commit: HEAD }) },
      probe: async () => 200,
      source: { look: ({ key }) => this.#unless('github', key, () => facts()) },
      images: {
        resolve: ({ tag, digest }, _, id) =>
          this.#unless('resolve', this.#keyOf(id), () => ({ digest: digest ?? digestOf(tag ?? ''), as: 'anonymous' })),
        verify: (_, __, id) => this.#unless('verify', this.#keyOf(id), () => ({ note: 'linux/amd64', revision: HEAD })),
        preflight: () => Promise.reject(new Error('nobody asks for a preflight alone here')),
        layers: async () => ({ layers: [] }),
        credential: async () => null,
      },
      clock: CLOCK,
      activity: new Activity(CLOCK),
      readConfiguration: (_, name) => ({ configuration: CONFIGURATIONS.get(name) ?? configuration() }),
      targets: new Map([['cluster', placed({ target: this.#target(), bounds: NAMES.map((_, repositoryId) => bound({ repositoryId })) })]]),
      mask: (line) => line,
      noticeAnswer: () => null,
      incident: (error) => {
        throw error
      },
      random: () => `r${(this.#ids += 1)}`,
    })
  }

  #target() {
    return idleTarget({
      workloads: ({ path }) => [path as string],
      observe: ({ path }) => {
        const runs = this.#runs.get(path as string)
        if (runs === undefined) return this.#unless('look', path as string, () => [seen(path as string, runs)])
        return this.#unless('read back', this.#keyOf(runs.operation.id), () => [seen(path as string, runs)])
      },
      apply: async (operation) => {
        const key = this.#keyOf(operation.id)
        await this.#unless('apply', key, () => undefined)
        this.effects.set(operation.id, (this.effects.get(operation.id) ?? 0) + 1)
        this.#runs.set(operation.settings['path'] as string, { operation, digest: operation.artifacts[0]!.digest })
        await this.#unless('answer', key, () => undefined)
      },
    })
  }

  #keyOf(id: string): string {
    return this.sql.all<{ key: string }>('select key from deployment where id = ?', id)[0]?.key ?? ''
  }

  async #unless<T>(stall: Stall, key: string, answer: () => T): Promise<T> {
    if (this.stalls.get(key) !== stall) return answer()
    this.stalled += 1
    return new Promise(() => {})
  }
}

function seen(workload: string, runs: Running | undefined): Observation {
  const [operation, fence] = [runs?.operation.id ?? null, runs?.operation.fence ?? null]
  return { workload, digest: runs?.digest ?? null, operation, fence, healthy: true, pending: null, revision: operation ?? 'none' }
}

/** Nobody waits for a time here, and the watch would be measured too. */
const CLOCK: Clock = { now: () => Date.now(), after: () => () => {} }
