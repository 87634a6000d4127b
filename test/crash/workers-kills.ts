import { eventually } from '../world/grounds.ts'
import { Random } from '../world/random.ts'
import { PLACES, WorkersStage, type Home } from '../world/workers-stage.ts'
import type { Found } from './finding.ts'
import { asks, changesCredentials, digestOf, listed, withVersions, workloadIn, type Asked, type Believed } from './workers-load.ts'

export interface WorkersKilled {
  readonly kills: number
  /** Deliveries and changes of credentials that had their answer. */
  readonly acknowledged: { readonly deliveries: number; readonly credentials: number }
  /** Kills that came while something that was acknowledged had not had its whole answer on GitHub: what only an alarm takes up. */
  readonly armed: number
  /** Milliseconds from the last start to the answer of all that had been acknowledged, for each of those. */
  readonly answered: readonly number[]
}

export interface WorkersKills {
  readonly count: number
  readonly seed: number
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const isStored = ({ delivery }: Asked): boolean => delivery.attempts.at(-1)?.status === 202

/** GitHub shows how each of them ended. */
const isShown = ({ repository: { checks, deployments } }: Home): boolean =>
  checks.every(({ conclusion }) => conclusion !== null) && deployments.every(({ statuses }) => statuses.some(({ state }) => state === 'success'))

const OTHERS = ['admin', 'docs']
/** Milliseconds: what a round takes where nobody is killed. */
const MOMENT = 2_500
/** Milliseconds: nothing is deployed and told within that. */
const SOON = 300
/** A process that has just begun is killed once more, so often and so soon. */
const AGAIN = { share: 0.3, within: 600 }
/** Seconds. The watchdog of an alarm that was running is ten seconds away. */
const PATIENCE = 120

/**
 * `kill -9` of plain workerd, so many times, each at a random moment while people deploy in several repositories and an administrator changes credentials. What was
 * acknowledged is then waited for while nobody sends anything.
 */
export async function killsOfWorkers(
  { count, seed }: WorkersKills,
  found: Found,
  progress: (done: number) => void = () => {},
): Promise<WorkersKilled> {
  const random = new Random(seed)
  const stage = await WorkersStage.open(OTHERS)
  const rounds = new Rounds(stage, random, found)
  try {
    await withVersions(stage)
    while (rounds.kills < count) {
      await rounds.plays(count)
      progress(rounds.kills)
    }
    rounds.ends()
  } catch (error) {
    found('broken', `${String(error)}\n${stage.worker.log.slice(-4_000)}`)
  } finally {
    await stage.closes()
  }
  return rounds
}

class Rounds implements WorkersKilled {
  kills = 0
  armed = 0
  readonly acknowledged = { deliveries: 0, credentials: 0 }
  readonly answered: number[] = []
  readonly #stage: WorkersStage
  readonly #random: Random
  readonly #found: Found
  readonly #believed: Believed = new Map()
  #round = 0
  #readers = 0

  constructor(stage: WorkersStage, random: Random, found: Found) {
    this.#stage = stage
    this.#random = random
    this.#found = found
  }

  /** So many rounds as there are places to deploy to, each with a process that begins where the one before it was killed; then everything has to have happened. */
  async plays(most: number): Promise<void> {
    const before = this.#round
    const all: Asked[] = []
    while (this.#round - before < PLACES.length && this.kills < most) {
      // One is left for the load.
      if (all.length > 0) await this.#begins(most - 1)
      // GitHub's limits are counted by installation, and this is more than one may show.
      this.#stage.github.reinstalls()
      this.#round++
      const asked = asks(this.#stage, this.#round)
      all.push(...asked)
      const isLast = this.#round - before === PLACES.length || this.kills + 1 >= most
      await this.#underLoad(isLast ? () => this.#soonAfterTheFirst(asked) : () => wait(this.#random.next() * MOMENT))
      this.acknowledged.deliveries += asked.filter(isStored).length
    }
    const stored = all.filter(isStored)
    if (stored.some((asked) => !this.#isAnswered(asked))) this.armed++
    await this.#begins(most)
    const started = performance.now()
    if (!(await this.#answers(stored))) this.#tells(stored, 'acknowledged')
    this.answered.push(performance.now() - started)
    // Whoever asks for anything wakes the operator's object, which fetches back what GitHub could not deliver.
    if (!(await this.#compares())) this.#found('broken', `round ${this.#round}: nobody answers`)
    if (!(await this.#answers(all))) this.#tells(all, 'fetched back')
    this.#happenedOnce(all)
  }

  async #begins(most: number): Promise<void> {
    await this.#stage.worker.starts()
    // One is left for the load that follows.
    for (; this.kills + 1 < most && this.#random.chance(AGAIN.share); this.kills++) {
      await wait(this.#random.next() * AGAIN.within)
      await this.#stage.worker.restart()
    }
  }

  /** So that something is left which only an alarm takes up. */
  async #soonAfterTheFirst(asked: readonly Asked[]): Promise<void> {
    await eventually(() => asked.some(isStored))
    await wait(this.#random.next() * SOON)
  }

  /** What had not been sent by then is sent into the void, as GitHub does it. */
  async #underLoad(moment: () => Promise<unknown>): Promise<void> {
    const { github, worker } = this.#stage
    const sending = github.deliver((request) => this.#stage.receives(request), { together: true })
    const changing = this.#changes()
    await moment()
    await worker.kill9()
    this.kills++
    await Promise.all([sending, changing])
  }

  /** After what was acknowledged before is found to be as it was. */
  async #changes(): Promise<void> {
    if (!(await this.#compares())) return
    const round = { stage: this.#stage, nth: this.#round, random: this.#random }
    this.acknowledged.credentials += await changesCredentials(round, this.#believed, this.#refused)
  }

  readonly #refused = (what: string): void => this.#found('broken', `round ${this.#round}: ${what}`)

  #isAnswered({ home, issue, isDeploy }: Asked): boolean {
    const [said] = this.#stage.said(issue)
    if (said === undefined || !isDeploy) return said !== undefined
    return said.body.startsWith('✅') && isShown(home)
  }

  #answers(asked: readonly Asked[]): Promise<boolean> {
    return eventually(() => asked.every((one) => this.#isAnswered(one)), PATIENCE)
  }

  #tells(asked: readonly Asked[], how: string): void {
    for (const one of asked.filter((each) => !this.#isAnswered(each))) {
      const { attempts } = one.delivery
      const said = this.#stage.said(one.issue).map(({ body }) => body.split('\n')[0])
      const what = `${one.isDeploy ? 'a deployment' : 'a question'} in ${one.home.repository.name}, ${how} (${attempts.map(({ status }) => status).join()})`
      this.#found('lost', `round ${this.#round}: ${what}: ${said.join(' | ') || 'nothing is said'}`)
    }
  }

  /** False where nobody answered. */
  async #compares(): Promise<boolean> {
    const names = await listed(this.#stage, ++this.#readers, this.#refused)
    if (names === null) return false
    for (const [name, believed] of this.#believed) {
      const isThere = names.has(name)
      if (believed === 'there' && !isThere) this.#found('lost', `round ${this.#round}: the credential ${name} was put`)
      if (believed === 'absent' && isThere) this.#found('lost', `round ${this.#round}: the removal of the credential ${name}`)
      this.#believed.set(name, isThere ? 'there' : 'absent')
    }
    return true
  }

  /** One answer for each command, one Deployment, one check run and one container for each that deploys, and the newest runs. */
  #happenedOnce(all: readonly Asked[]): void {
    for (const { issue, home } of all) {
      const { length } = this.#stage.said(issue)
      if (length > 1) this.#found('doubled', `round ${this.#round}: ${length} answers to one command in ${home.repository.name}`)
    }
    for (const home of this.#stage.homes) {
      const { checks, deployments, name } = home.repository
      const counts = { checks: checks.length, deployments: deployments.length, containers: this.#stage.begun(name) }
      for (const [what, seen] of Object.entries(counts))
        if (seen !== this.#round) this.#found(seen < this.#round ? 'lost' : 'doubled', `${seen} ${what} in ${name} of ${this.#round}`)
      for (const { nth, workload } of this.#newest(home, all))
        if (this.#stage.engine.runs(workload) !== digestOf(this.#stage, nth))
          this.#found('stale', `${workload} does not run what was asked for in round ${nth}`)
    }
  }

  #newest(home: Home, all: readonly Asked[]) {
    return all.filter((asked) => asked.home === home && asked.isDeploy).map(({ nth }) => ({ nth, workload: workloadIn(home, nth) }))
  }

  ends(): void {
    const { worker, engine, github } = this.#stage
    for (const line of worker.log.split('\n').filter((each) => /"level":(?:50|60)/.test(each))) this.#found('broken', line)
    for (const violation of engine.simulator.violations) this.#found('broken', violation)
    github.verdict()
  }
}
