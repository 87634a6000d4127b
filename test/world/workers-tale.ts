import { isDeepStrictEqual } from 'node:util'
import type { Death } from './crossings.ts'
import type { Person } from './github/people.ts'
import { eventually } from './grounds.ts'
import { spoken } from './spoken.ts'
import type { WorkerBundle } from './worker-bundle.ts'
import { WorkersStage, workloadOf } from './workers-stage.ts'

/** A story about production, told to a Worker of its own. */
export interface WorkersTale {
  readonly name: string
  /** What production says more in the repository's configuration. */
  readonly declares?: readonly string[]
  /** What has happened before the story begins: nobody dies of it. */
  before?(scene: WorkersScene): Promise<void>
  tells(scene: WorkersScene): Promise<void>
  /** What has to be the same, too, wherever the Worker has died. */
  also?(scene: WorkersScene): unknown
  /** Where nobody dies. */
  readonly ends: Omit<Ending, 'said' | 'reactions' | 'overview'>
  /** Whoever takes up an image that has failed, and whose failure nobody had written down, tries it once more, as on Node. */
  readonly isTriedAgain?: true
}

/** How a story ended, without what differs from one telling to the next. */
export interface Ending {
  readonly said: readonly string[]
  readonly reactions: readonly (readonly string[])[]
  /** Of each GitHub Deployment: its last state, and how often it succeeded. */
  readonly deployments: readonly (readonly [string | undefined, number])[]
  readonly checks: readonly (string | null)[]
  /** The tag of what the engine runs. */
  readonly runs: string | undefined
  /** Containers that the engine has made. */
  readonly made: number
  readonly overview: readonly string[]
  readonly also: unknown
}

export interface Told {
  readonly ending: Ending
  /** What the Worker asked of the world, in that order. */
  readonly crossings: readonly string[]
  /** False where the story had ended before. */
  readonly hasDied: boolean
}

/** Seconds. What was begun on GitHub and cannot be seen there is waited for half a minute. */
const PATIENCE = 90

/**
 * Tells it, with a death at that crossing where one is given: workerd is killed with every object in it, and started again over the same files.
 * `wanted`: how it has to end, which is waited for.
 */
export async function tellWorker(tale: WorkersTale, bundle: WorkerBundle, death: Death | null = null, wanted: Ending | null = null): Promise<Told> {
  const stage = await WorkersStage.open([], bundle)
  const scene = new WorkersScene(stage)
  try {
    if (tale.declares !== undefined) stage.declares(tale.declares)
    await tale.before?.(scene)
    scene.awaits(death)
    await tale.tells(scene)
    await scene.isShown()
    const { crossings, hasDied } = scene.survives()
    await scene.rests()
    // What follows is taken up after everything before it, and says what is on record.
    await scene.comments(stage.github.people.grace, '/status production')
    await scene.until(() => stage.said().some(({ body }) => body.startsWith('**`production`**')), 'the status')
    const looks = async () => endingOf(scene, tale)
    let ending = await looks()
    if (wanted !== null) await eventually(async () => isDeepStrictEqual((ending = await looks()), wanted), 5)
    scene.verdict()
    return { ending, crossings, hasDied }
  } catch (error) {
    const where = death === null ? 'without a death' : `died ${death.side} crossing ${death.at}, ${scene.crossings[death.at - 1]}`
    const said = stage.said().map(({ body }) => body)
    const parts = [`${tale.name}: ${where}: ${String(error)}`, ...said, ...scene.crossings, stage.worker.log.slice(-3_000)]
    throw new Error(parts.join('\n'), { cause: error })
  } finally {
    await stage.closes()
  }
}

/** The Worker with the people around it. */
export class WorkersScene {
  readonly stage: WorkersStage
  readonly crossings: string[] = []
  #death: Death | null = null
  #isCounting = false
  #isDead = false
  #rising: Promise<void> = Promise.resolve()
  #sending: Promise<unknown> = Promise.resolve()

  constructor(stage: WorkersStage) {
    this.stage = stage
    stage.crosses = (what) => this.#crosses(what)
  }

  /** Counts from here. */
  awaits(death: Death | null): void {
    this.#death = death
    this.#isCounting = true
  }

  /** From here on nobody dies any more. */
  survives(): { readonly crossings: readonly string[]; readonly hasDied: boolean } {
    this.#isCounting = false
    return { crossings: this.crossings, hasDied: this.#death !== null && this.crossings.length >= this.#death.at }
  }

  /** On the pull request; GitHub has sent it when it is done. */
  comments(person: Person, text: string): Promise<void> {
    person.comments(this.stage.pull.number, text)
    return this.#sends()
  }

  /** Throws where it does not become so. */
  async until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const isReached = await eventually(async () => {
      await this.#rising
      await this.#sends()
      return isSo()
    }, PATIENCE)
    if (!isReached) throw new Error(`it does not come to this: ${what}`)
  }

  hears(beginning: string): Promise<void> {
    return this.until(() => this.stage.said().some(({ body }) => body.startsWith(beginning)), beginning)
  }

  /** GitHub shows how everything that was asked for has ended. */
  isShown(): Promise<void> {
    const { checks, deployments } = this.stage.github.repository
    return this.until(
      () =>
        checks.every(({ conclusion }) => conclusion !== null) && deployments.every(({ statuses }) => statuses.some(({ state }) => ENDS.has(state))),
      'the end of everything on GitHub',
    )
  }

  /** The API shows so, too. */
  rests(): Promise<void> {
    return this.until(async () => (await this.#listed()).every(({ ended_at }) => ended_at !== null), 'the end of everything on record')
  }

  /** Throws where GitHub's description or the engine's was broken, or the Worker has logged an error. */
  verdict(): void {
    const { github, engine, worker } = this.stage
    github.verdict()
    const errors = worker.log.split('\n').filter((line) => /"level":(?:50|60)/.test(line))
    const found = [...engine.simulator.violations, ...errors]
    if (found.length > 0) throw new Error(found.join('\n'))
  }

  async #crosses(what: string): Promise<boolean> {
    if (!this.#isCounting) return true
    this.crossings.push(what)
    if (this.crossings.length !== this.#death?.at) return true
    const { side } = this.#death
    this.#isDead = true
    const killed = this.stage.worker.kill9()
    this.#rising = killed.then(() => this.#rises(side))
    // Whoever waits for something hears of it.
    this.#rising.catch(() => {})
    await killed
    return side === 'after'
  }

  /** What nobody has acknowledged is delivered once more, or left to be fetched; and somebody looks at what became of theirs. */
  async #rises(side: Death['side']): Promise<void> {
    await this.stage.worker.starts()
    await this.#sending
    this.#isDead = false
    const { webhooks } = this.stage.github
    if (side === 'before') for (const delivery of webhooks.log.filter(({ attempts }) => attempts.at(-1)?.status === 0)) webhooks.redelivers(delivery)
    await this.#sends()
    await this.#listed()
  }

  #sends(): Promise<unknown> & Promise<void> {
    const deliver = () =>
      this.stage.github.deliver((request) => (this.#isDead ? Promise.reject(new Error('nobody listens')) : this.stage.receives(request)))
    return (this.#sending = this.#sending.then(deliver)) as Promise<void>
  }

  async #listed(): Promise<readonly Listed[]> {
    const { status, body } = await this.stage.calls(this.stage.github.people.ada)('GET', '/deployments?repository=acme/shop')
    if (status !== 200) throw new Error(`deployments are not listed: ${status} ${JSON.stringify(body)}`)
    return (body as { readonly deployments: readonly Listed[] }).deployments
  }
}

const ENDS: ReadonlySet<string> = new Set(['success', 'failure', 'error', 'inactive'])

interface Listed {
  readonly ended_at: string | null
}

async function endingOf(scene: WorkersScene, { also, ends, isTriedAgain }: WorkersTale): Promise<Ending> {
  const { stage } = scene
  const made = stage.begun('shop')
  const { github, pull, registry, engine } = stage
  const ada = await stage.signsIn(github.people.ada)
  const ofPeople = pull.comments.filter(({ author }) => author.id !== github.bot.id)
  return {
    said: stage
      .said()
      .map(({ body }) => withoutTimes(spoken(body, pull.pull?.head)).replaceAll(registry.host, 'registry'))
      .toSorted(),
    reactions: ofPeople.map(({ reactions }) => reactions.map(({ content }) => content).toSorted()),
    deployments: github.repository.deployments.map(({ statuses }) => [
      statuses.at(-1)?.state,
      statuses.filter(({ state }) => state === 'success').length,
    ]),
    checks: github.repository.checks.map(({ conclusion }) => conclusion),
    runs: registry.tagsOf('acme/shop', engine.runs(workloadOf('shop', 'production')) ?? '')[0],
    made: isTriedAgain === true && made === ends.made + 1 ? ends.made : made,
    overview: [...new Set((await ada('/')).match(/shop:[\w.]+/g))],
    also: await also?.(scene),
  }
}

const withoutTimes = (text: string): string =>
  text
    .replaceAll(/<details>\n<summary>Log<.*?<\/details>\n*/gs, '') // who takes up a step does not know all that was done
    .replaceAll(/s1-[0-9a-f]{32,}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '<then>')
    .replaceAll(/\d+ min(?: \d+ s)?|\d+(?:\.\d+)? s\b/g, '<a while>')
