import { Grounds } from '../world/grounds.ts'

/** One row of the threat model, tried on the real process from outside. */
export interface Scenario {
  readonly id: string
  readonly tried: string
  /** Null: the feature that it attacks comes later; `outcome` says which. */
  run(): Promise<Finding>
}

export interface Finding {
  /** What was seen, in words. */
  readonly outcome: string
  /** Null where it was left out. */
  readonly holds: boolean | null
}

/** On grounds of its own, which are cleared away afterwards. */
export function onGrounds(work: (grounds: Grounds) => Promise<Finding>): () => Promise<Finding> {
  return async () => {
    const grounds = await Grounds.open()
    try {
      return await work(grounds)
    } finally {
      await grounds.closes()
    }
  }
}

/** Collects what did not turn out as it should. */
export class Checks {
  readonly #wrong: string[] = []
  #count = 0

  that(holds: boolean, otherwise: string): void {
    this.#count += 1
    if (!holds) this.#wrong.push(otherwise)
  }

  /** Nothing was done for the attacker: no call to GitHub, no word, no deployment; and the process is the same and answers. */
  async nothingHappened(grounds: Grounds): Promise<void> {
    const { repository } = grounds.github
    // Whether anything was missed is asked at every start.
    const calls = grounds.github.calls.filter(({ operation }) => operation !== 'GET /app/hook/deliveries')
    this.that(calls.length === 0, `GitHub was called ${calls.length} times`)
    this.that(repository.deployments.length === 0, 'a deployment was made')
    await this.isAlive(grounds)
  }

  async isAlive(grounds: Grounds): Promise<void> {
    this.that(await grounds.isAlive(), 'the process does not answer /healthz')
    this.that(grounds.gantry.child.exitCode === null, 'the process has ended')
    this.that(!/"level":(50|60)/.test(grounds.gantry.output), `the log has errors: ${grounds.gantry.output.slice(-500)}`)
  }

  finding(outcome: string): Finding {
    const holds = this.#wrong.length === 0
    return { holds, outcome: holds ? `${outcome} (${this.#count} checks)` : this.#wrong.slice(0, 5).join('; ') }
  }
}

export const leftOut = (id: string, tried: string, why: string): Scenario => ({
  id,
  tried,
  run: () => Promise.resolve({ outcome: `left out: ${why}`, holds: null }),
})
