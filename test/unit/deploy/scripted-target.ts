import { Failure } from '../../../src/errors.ts'
import type { Artifact, Contract, Observation, Operation, Target } from '../../../src/deploy/target.ts'
import type { Digest } from '../../../src/registry/reference.ts'
import type { Crossings } from '../../world/crossings.ts'

export type Trouble = 'refuses' | 'hears nothing' | 'unhealthy' | 'stays unhealthy' | 'loses the answer' | 'goes away' | 'runs another' | 'is a bug'

interface Running {
  readonly digest: Digest
  readonly operation: string | null
  readonly fence: number | null
}

/** A keyed target with one workload per `settings.path`, which outlives the process that talks to it. */
export class ScriptedTarget {
  /** Every switch to another image, by anyone. */
  readonly effects: { readonly id: string; readonly fence: number; readonly digest: Digest }[] = []
  isHealthy = true
  contract: Contract = 'keyed'
  /** How often it was asked to begin something. */
  heard = 0
  /** How many of the next observations fail. */
  unreachable = 0
  /** Called with every observation, which waits for it. */
  observes: (() => void | Promise<void>) | null = null
  /** An `apply` waits, before it switches, until it is told to stop. */
  waitsForAbort = false
  readonly #began = Promise.withResolvers<void>()
  #running: Running | null = null
  #pending: string | null = null
  #revision = 1
  #trouble: Trouble[] = []

  has(...trouble: Trouble[]): void {
    this.#trouble.push(...trouble)
  }

  /** Somebody deploys past us. */
  isMovedTo(digest: Digest): void {
    this.#running = { digest, operation: null, fence: null }
    this.#revision += 1
  }

  /** Once one has begun. */
  isApplying(): Promise<void> {
    return this.#began.promise
  }

  get runs(): Digest | null {
    return this.#running?.digest ?? null
  }

  get pending(): string | null {
    return this.#pending
  }

  through(crossings: Crossings): Target {
    return {
      kind: 'scripted',
      contract: this.contract,
      platform: null,
      guarded: [],
      parse: (settings) => ({ settings: settings as { path: string } }),
      workloads: ({ path }) => [path as string],
      images: () => ['main'],
      observe: () => crossings.async('target observe', () => this.#observe()),
      reach: async () => 'a script',
      apply: async (operation, hands) => {
        const [artifact] = operation.artifacts as [Artifact]
        await hands.pull(artifact)
        hands.log(`pulled ${artifact.repository} with hunter2`)
        const trouble = this.#trouble.shift()
        await crossings.async('target begin', async () => this.#begin(operation, trouble))
        if (this.waitsForAbort) await this.#waits(hands.signal, trouble)
        await crossings.async('target switch', async () => this.#switch(operation, artifact, trouble))
      },
    }
  }

  async #waits(signal: AbortSignal, trouble: Trouble | undefined): Promise<void> {
    this.#began.resolve()
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    // Its answer is on the way already.
    if (trouble === 'loses the answer') return
    this.#pending = null
    throw signal.reason
  }

  async #observe(): Promise<Observation[]> {
    const told = this.observes?.()
    if (this.unreachable > 0) {
      this.unreachable -= 1
      throw away()
    }
    const now = this.#running ?? { digest: null, operation: null, fence: null }
    const seen = { workload: 'shop', ...now, healthy: this.isHealthy, pending: this.#pending, revision: String(this.#revision) }
    await told
    return [seen]
  }

  #begin({ id, fence }: Operation, trouble: Trouble | undefined): void {
    this.heard += 1
    if (fence < (this.#running?.fence ?? 0)) throw new Failure('TARGET_REFUSED', { sentence: 'That turn is over.', next: 'Ask again.' })
    if (trouble === 'refuses') throw new Failure('TARGET_REFUSED', { sentence: 'The target will not.', next: 'Ask its administrator.' })
    if (trouble === 'hears nothing') throw away()
    if (trouble === 'is a bug') throw new TypeError('undefined is not a function')
    this.#pending = id
    this.#revision += 1
  }

  #switch({ id, fence }: Operation, { digest }: Artifact, trouble: Trouble | undefined): void {
    if (trouble === 'goes away') {
      this.unreachable = Infinity
      throw away()
    }
    this.#pending = null
    this.#revision += 1
    if (trouble === 'unhealthy') throw unhealthy()
    this.effects.push({ id, fence, digest })
    this.#running = { digest: trouble === 'runs another' ? `sha256:${'f'.repeat(64)}` : digest, operation: id, fence }
    if (trouble === 'stays unhealthy') throw unhealthy()
    if (trouble === 'loses the answer') throw away()
  }
}

const away = (): Failure => new Failure('TARGET_UNAVAILABLE', { sentence: 'The target does not answer.', next: 'Ask again later.' })
const unhealthy = (): Failure => new Failure('TARGET_UNHEALTHY', { sentence: 'It never became healthy.', next: 'Look at its log.' })
