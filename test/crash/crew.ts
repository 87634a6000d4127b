import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { EngineJob, EngineOutcome } from './engine/worlds.ts'
import type { Job, Outcome } from './worlds.ts'

/** Plays worlds in threads, one at a time in each. */
export class Crew {
  readonly #workers: Worker[]

  constructor(size: number) {
    this.#workers = Array.from({ length: size }, () => new Worker(new URL('worker.ts', import.meta.url)))
  }

  /** Reports each outcome as it comes; with the place of its job, because they come in any order. */
  each(jobs: Iterable<Job>, report: (outcome: Outcome, index: number) => void): Promise<void>
  each(jobs: Iterable<EngineJob>, report: (outcome: EngineOutcome, index: number) => void): Promise<void>
  async each(jobs: Iterable<unknown>, report: (outcome: never, index: number) => void): Promise<void> {
    const queue = Iterator.from(jobs)
    let next = 0
    const work = async (worker: Worker): Promise<void> => {
      for (const job of queue) {
        const index = next++
        worker.postMessage(job)
        const [outcome] = (await once(worker, 'message')) as [never]
        report(outcome, index)
      }
    }
    await Promise.all(this.#workers.map(work))
  }

  async goesHome(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}
