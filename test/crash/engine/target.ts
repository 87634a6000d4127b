import { Failure } from '../../../src/errors.ts'
import type { Digest } from '../../../src/registry/reference.ts'
import type { Contract, Hands, Observation, Operation, Target } from '../../../src/deploy/target.ts'
import type { Crossings } from '../../world/crossings.ts'
import type { Network } from './network.ts'
import type { Reached } from './reached.ts'

/** A switch of one workload to another image, as the target itself saw it. */
export interface Effect {
  readonly workload: string
  /** Null: a person's hand, past everybody. */
  readonly operation: string | null
  readonly fence: number
  /** Null: what ran before was nothing. */
  readonly digest: Digest | null
  /** The target put its own former image back: the new one never became healthy. */
  readonly isUndone: boolean
}

interface Running {
  readonly digest: Digest
  readonly operation: string | null
  readonly fence: number | null
}

interface Place {
  running: Running | null
  former: Running | null
  pending: string | null
  /** Rises with every change. */
  version: number
  /** The highest that anybody came with. */
  fence: number
  /** Operations that it has given up by itself, as unhealthy. */
  readonly undone: Set<string>
  /** Operations that it has taken: a keyed one remembers each. */
  readonly done: Set<string>
}

export type Simulated = Contract

/** What an image does once it runs. `never`: the target itself gives up on it. `ill`: only seen afterwards. */
export type Health = 'healthy' | 'never' | 'ill' | 'no answer'

export interface TargetDoors {
  readonly contract: Simulated
  readonly network: Network
  readonly reached: Reached
  health(digest: Digest): Health
  /** Called with each effect, before it is one. */
  taking(effect: Effect): void
}

/** One target with as many workloads as anybody names. It outlives every process that talks to it. */
export class SimulatedTarget {
  readonly #doors: TargetDoors
  readonly #places = new Map<string, Place>()

  constructor(doors: TargetDoors) {
    this.#doors = doors
  }

  runs(workload: string): Digest | null {
    return this.#place(workload).running?.digest ?? null
  }

  get pending(): string[] {
    return [...this.#places.values()].flatMap(({ pending }) => pending ?? [])
  }

  /** Whether it can tell whose request is whose. */
  get #isFenced(): boolean {
    return this.#doors.contract === 'keyed' || this.#doors.contract === 'versioned'
  }

  isMovedByHand(workload: string, digest: Digest): void {
    this.#effect(workload, { digest, operation: null, fence: null })
  }

  through(crossings: Crossings): Target {
    const ask = <T>(name: string, work: () => T): Promise<T> => crossings.async(name, () => this.#doors.network.ask('target', work))
    return {
      kind: 'simulated',
      contract: this.#doors.contract,
      platform: null,
      guarded: [],
      parse: (settings) => ({ settings: settings as Operation['settings'] }),
      workloads: ({ workloads }) => workloads as string[],
      images: () => ['main'],
      observe: ({ workloads }) => ask('target observe', () => (workloads as string[]).map((workload) => this.#seen(workload))),
      reach: async () => 'a simulation',
      apply: async (operation, hands) => {
        const [artifact] = operation.artifacts
        await hands.pull(artifact!)
        hands.log(`pulled ${artifact!.digest}`)
        for (const workload of operation.settings['workloads'] as string[]) await this.#apply({ workload, operation, hands, ask })
      },
    }
  }

  async #apply({ workload, operation, hands, ask }: Applying): Promise<void> {
    const { digest } = operation.artifacts[0]!
    const next: Running = { digest, operation: operation.id, fence: operation.fence }
    // A request on its way is never cut off: what has become of it could not be known.
    hands.signal.throwIfAborted()
    if (!this.#isFenced) return ask('target put', () => this.#effect(workload, next))
    const { version, isDone } = await ask('target begin', () => this.#begin(workload, next))
    if (isDone) return
    hands.signal.throwIfAborted()
    await ask('target switch', () => this.#switch(workload, next, version))
    if (this.#doors.contract !== 'keyed' || this.#doors.health(digest) !== 'never') return
    await ask('target undo', () => this.#undo(workload, next))
    throw unhealthy()
  }

  #begin(workload: string, { operation, fence, digest }: Running): { version: number; isDone: boolean } {
    const place = this.#place(workload)
    if ((fence ?? 0) < place.fence) this.#refuses('an older fence')
    if (place.undone.has(operation ?? '')) throw unhealthy()
    const { version, running } = place
    const isDone = (running?.operation === operation && running?.digest === digest) || place.done.has(operation ?? '')
    if (isDone) return { version, isDone }
    if (this.#doors.contract === 'versioned') return { version, isDone: false }
    place.fence = fence ?? 0
    if (place.pending !== operation) {
      place.pending = operation
      place.version += 1
    }
    return { version, isDone: false }
  }

  /** False where it was done before. */
  #switch(workload: string, next: Running, version: number): boolean {
    const place = this.#place(workload)
    const { running } = place
    if ((running?.operation === next.operation && running?.digest === next.digest) || place.done.has(next.operation ?? '')) return false
    if (place.undone.has(next.operation ?? '')) throw unhealthy()
    if (this.#doors.contract === 'versioned' ? place.version !== version : (next.fence ?? 0) < place.fence)
      this.#refuses(this.#doors.contract === 'versioned' ? 'another version' : 'an older fence')
    this.#effect(workload, next)
    return true
  }

  /** Puts back what ran before this operation, if it is still the one that runs. */
  #undo(workload: string, { operation, fence }: Running): boolean {
    const place = this.#place(workload)
    if (place.running?.operation !== operation || (fence ?? 0) < place.fence) return false
    this.#doors.taking({ workload, operation, fence: fence ?? 0, digest: place.former?.digest ?? null, isUndone: true })
    place.running = place.former
    place.version += 1
    place.pending = null
    place.undone.add(operation ?? '')
    place.done.delete(operation ?? '')
    return true
  }

  #effect(workload: string, next: Running): void {
    const place = this.#place(workload)
    const { operation, fence, digest } = next
    this.#doors.taking({ workload, operation, fence: fence ?? 0, digest, isUndone: false })
    // What is declared twice changes nothing.
    if (this.#doors.contract === 'readable' && place.running?.digest === digest) return
    place.former = place.running
    place.running = next
    place.version += 1
    place.fence = Math.max(place.fence, fence ?? 0)
    if (place.pending === operation) place.pending = null
    if (this.#doors.contract === 'keyed' && operation !== null) place.done.add(operation)
  }

  #seen(workload: string): Observation {
    const { running, pending, version } = this.#place(workload)
    const digest = running?.digest ?? null
    const healthy = digest !== null && !['never', 'ill'].includes(this.#doors.health(digest))
    if (this.#doors.contract === 'blind')
      return { workload, digest: null, operation: null, fence: null, healthy: false, pending: null, revision: 'none' }
    // All that can be read of such a target is which image it has.
    if (this.#doors.contract === 'readable')
      return { workload, digest, operation: null, fence: null, healthy, pending: null, revision: digest ?? 'none' }
    return { workload, digest, operation: running?.operation ?? null, fence: running?.fence ?? null, healthy, pending, revision: String(version) }
  }

  #refuses(what: string): never {
    this.#doors.reached.note(`the target refuses ${what}`)
    throw new Failure('TARGET_REFUSED', { sentence: `The target refuses ${what}.`, next: 'Ask again.' })
  }

  #place(workload: string): Place {
    const known = this.#places.get(workload) ?? {
      running: null,
      former: null,
      pending: null,
      version: 1,
      fence: 0,
      undone: new Set(),
      done: new Set(),
    }
    this.#places.set(workload, known)
    return known
  }
}

const unhealthy = (): Failure => new Failure('TARGET_UNHEALTHY', { sentence: 'It never became healthy.', next: 'Look at its log.' })

interface Applying {
  readonly workload: string
  readonly operation: Operation
  readonly hands: Hands
  ask<T>(name: string, work: () => T): Promise<T>
}
