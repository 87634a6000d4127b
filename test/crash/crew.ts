import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Job, Outcome } from './worlds.ts'

/** Plays worlds in threads, one at a time in each. */
export class Crew {
  readonly #workers: Worker[]
  readonly #report: (outcome: Outcome) => void

  constructor(size: number, report: (outcome: Outcome) => void) {
    this.#workers = Array.from({ length: size }, () => new Worker(new URL('worker.ts', import.meta.url)))
    this.#report = report
  }

  /** Resolves with the outcomes in the order of the jobs; reports each as it comes. */
  async play(jobs: readonly Job[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    let next = 0
    const work = async (worker: Worker): Promise<void> => {
      while (next < jobs.length) {
        const index = next++
        worker.postMessage(jobs[index])
        const [outcome] = (await once(worker, 'message')) as [Outcome]
        outcomes[index] = outcome
        this.#report(outcome)
      }
    }
    await Promise.all(this.#workers.map(work))
    return outcomes
  }

  async goesHome(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}
