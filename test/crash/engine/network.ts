import { Failure, type Problem } from '../../../src/errors.ts'
import type { Random } from '../../world/random.ts'
import type { Reached } from './reached.ts'
import type { Timeline } from './timeline.ts'

/** What may become of a request on its way. `late`: it is carried out after the client has given up, whoever lives by then. */
export const FAULTS = ['lost', 'answer lost', 'refused before', 'failed after', 'slow', 'late', 'limited'] as const
const AT_TARGETS = ['lost', 'answer lost', 'answer lost', 'refused before', 'failed after', 'slow', 'late', 'late'] as const
export type Fault = (typeof FAULTS)[number]

export type Party = 'github' | 'registry' | 'target' | 'probe'

const CODE: Record<Party, Problem['code']> = {
  github: 'GITHUB_UNAVAILABLE',
  registry: 'REGISTRY_UNAVAILABLE',
  target: 'TARGET_UNAVAILABLE',
  probe: 'TARGET_UNAVAILABLE',
}
const GIVES_UP = 10_000
/** How long after that a late request may be carried out. */
const LATEST = 240_000

/** The way between a process and everybody else. What is on it goes on when the process dies. */
export class Network {
  /** The share of requests that something happens to. */
  trouble = 0
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #reached: Reached
  readonly #away = new Set<Party>()

  constructor(timeline: Timeline, random: Random, reached: Reached) {
    this.#timeline = timeline
    this.#random = random
    this.#reached = reached
  }

  /** Answers nobody for a while. */
  leaves(party: Party): void {
    this.#away.add(party)
  }

  returns(party: Party): void {
    this.#away.delete(party)
  }

  /** The faults stop; what is on its way already still comes. */
  heals(): void {
    this.trouble = 0
    this.#away.clear()
  }

  /** `work` is what the other side does when the request arrives; what it throws is its answer. */
  ask<T>(party: Party, work: () => T): Promise<T> {
    const fault = this.#faultFor(party)
    if (fault !== null) this.#reached.note(`${party}: ${fault}`)
    const there = 5 + this.#random.below(200)
    const back = there + 5 + this.#random.below(100)
    if (fault === null) return this.#whole(work, there, back)
    if (fault === 'slow') return this.#whole(work, 3_000 + there, 3_000 + back + this.#random.below(3_000))
    const { promise, reject } = Promise.withResolvers<T>()
    const gives = (after: number, retryAfter?: number): void => {
      this.#timeline.after(after, () => reject(unavailable(party, fault, retryAfter)))
    }
    const unheard = (after: number): void => {
      this.#timeline.after(after, () => {
        const isDone = attempted(work)
        if (fault === 'late') this.#reached.note(`${party}: a late request was ${isDone ? 'taken' : 'turned away'}`)
      })
    }
    if (fault === 'answer lost' || fault === 'failed after') unheard(there)
    if (fault === 'late') unheard(GIVES_UP + 100 + this.#random.below(LATEST))
    if (fault === 'limited') gives(back, 1_000 + this.#random.below(20_000))
    else gives(fault === 'refused before' || fault === 'failed after' ? back : GIVES_UP)
    return promise
  }

  #faultFor(party: Party): Fault | null {
    if (this.#away.has(party)) return this.#random.chance(0.5) ? 'lost' : 'refused before'
    if (!this.#random.chance(this.trouble)) return null
    // Only what changes something can come too late.
    const fault = this.#random.pick(party === 'target' ? AT_TARGETS : FAULTS)
    return fault === 'late' && party !== 'target' ? 'lost' : fault
  }

  #whole<T>(work: () => T, there: number, back: number): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#timeline.after(there, () => {
      let answer: () => void
      try {
        const result = work()
        answer = () => resolve(result)
      } catch (error) {
        answer = () => reject(error)
      }
      this.#timeline.after(back - there, answer)
    })
    return promise
  }
}

function attempted(work: () => unknown): boolean {
  try {
    return work() !== false
  } catch {
    return false
  }
}

const unavailable = (party: Party, fault: Fault, retryAfter: number | undefined): Failure =>
  new Failure(fault === 'limited' && party === 'github' ? 'GITHUB_RATE_LIMITED' : CODE[party], {
    sentence: `The ${party} does not answer (${fault}).`,
    next: 'Ask again later.',
    retryAfter,
  })
