import type { Comment, Issue } from '../world/github/state.ts'
import type { Trouble } from '../world/github/trouble.ts'
import { tagOf } from '../world/facts.ts'
import type { Pace } from '../world/pace.ts'
import type { World } from '../world/world.ts'
import type { Asked } from './checks.ts'
import { unfinished, unsettled } from './recorded.ts'
import { VERSIONS, type Act, type Beat, type Scenario } from './scenario.ts'

/** Plays a scenario in a world; afterwards nothing goes wrong any more, and time passes until everything has ended. */
export class Play {
  readonly #world: World
  readonly #pace: Pace
  readonly #issue: Issue
  readonly #commands = new Map<number, number>()
  readonly #comments: Comment[] = []
  readonly #troubles: Trouble[] = []
  #mayLackReactions = false
  #built = 0

  constructor(world: World, pace: Pace) {
    this.#world = world
    this.#pace = pace
    this.#issue = world.github.people.grace.opensIssue()
  }

  get asked(): Asked {
    return { comments: this.#commands, mayLackReactions: this.#mayLackReactions }
  }

  async plays({ beats, images }: Scenario): Promise<void> {
    for (let version = 1; version <= VERSIONS; version++) {
      const digest = await this.#build(String(version))
      this.#world.engine.finds(digest, images[version - 1] ?? 'healthy')
    }
    await this.#build(tagOf(this.#world))
    for (const beat of beats) await this.#beat(beat)
    await this.#rest()
  }

  /** The faults stop. Resolves once everything has ended, or after so many minutes. */
  async heals(minutes: number): Promise<void> {
    for (const trouble of this.#troubles) trouble.over()
    this.#world.engine.simulator.comesBack()
    await this.#rest()
    await this.#endsWithin(minutes)
    // Whoever asks what runs in an environment whose state is unknown sees it, and frees it.
    for (let times = 0; times < 5 && unsettled(this.#world).length > 0; times++) {
      for (const environment of unsettled(this.#world)) this.#world.github.people.ada.comments(this.#issue.number, `/status ${environment}`)
      await this.#rest()
      await this.#endsWithin(minutes)
    }
  }

  async #endsWithin(minutes: number): Promise<void> {
    const isOver = (): boolean => unfinished(this.#world).length === 0
    for (let minute = 0; minute < minutes && !isOver(); minute++) await this.#world.time.passes('1 minute')
  }

  async #beat({ act, after, steps, shuffle }: Beat): Promise<void> {
    if (after < 60) this.#world.time.moves(after * 1_000)
    else {
      await this.#rest()
      await this.#world.time.passes(`${after} seconds`)
    }
    await this.#act(act)
    const { github } = this.#world
    if (shuffle !== null) await github.deliver((request) => this.#world.receive(request), { shuffled: shuffle })
    if (steps === null) return this.#rest()
    await github.deliver((request) => this.#world.receive(request))
    await this.#pace.steps(steps)
    if (this.#world.life.crossings.isDead) await this.#rest()
  }

  async #rest(): Promise<void> {
    this.#pace.goesOn()
    await this.#world.settle()
  }

  async #act(act: Act): Promise<void> {
    const { github, registry, engine } = this.#world
    switch (act.does) {
      case 'comments':
        return this.#command(act)
      case 'labels':
        return github.people[act.who].labels(this.#threadOf(act.on), act.name)
      case 'edits':
      case 'deletes':
        return this.#meddles(act.does)
      case 'pushes':
        github.people.grace.pushes('checkout')
        if (act.isBuilt) await this.#build(tagOf(this.#world))
        return
      case 'moves the tag':
        return void (await this.#build(String(act.version)))
      case 'redelivers':
      case 'replays':
        return this.#again(act.does, act.nth)
      case 'GitHub answers':
      case 'GitHub drops':
        return this.#fails(act)
      case 'GitHub fails':
        return void this.#troubles.push(github.fails(act.field))
      case 'GitHub limits':
        this.#mayLackReactions = true
        return void github.rateLimits(act.seconds)
      case 'registry answers':
        return void registry.answers(act.status).to(new RegExp(act.to)).times(act.times)
      case 'engine leaves':
        return engine.simulator.goesAway()
      case 'engine returns':
        return engine.simulator.comesBack()
      case 'the process is killed':
        this.#pace.goesOn()
        return this.#world.dies()
    }
  }

  #command({ who, on, text }: Extract<Act, { does: 'comments' }>): void {
    const comment = this.#world.github.people[who].comments(this.#threadOf(on), text)
    this.#comments.push(comment)
    this.#commands.set(comment.id, text.split('\n\n').length)
  }

  #meddles(does: 'edits' | 'deletes'): void {
    const comment = this.#comments.at(-1)
    if (comment === undefined || comment.isDeleted) return
    if (does === 'deletes') this.#world.github.people.grace.deletes(comment)
    else this.#world.github.people.grace.edits(comment, `${comment.body} and so on`)
  }

  #again(does: 'redelivers' | 'replays', nth: number): void {
    const { github } = this.#world
    const commands = github.webhooks.log.filter(({ event, action }) => action === 'labeled' || `${event}.${action}` === 'issue_comment.created')
    const delivery = commands[nth % Math.max(1, commands.length)]
    if (delivery === undefined) return
    if (does === 'redelivers') github.redelivers(delivery)
    else github.replaysWithFreshId(delivery)
  }

  #fails({ does, to, times, isDone }: Extract<Act, { does: 'GitHub answers' | 'GitHub drops' }>): void {
    const { github } = this.#world
    const trouble = (does === 'GitHub drops' ? github.drops() : github.answers(502)).to(to).times(times)
    if (isDone) trouble.afterDoingTheWork()
    if (/reactions|access_tokens/.test(to)) this.#mayLackReactions = true
    this.#troubles.push(trouble)
  }

  #threadOf(on: 'pull' | 'issue'): number {
    return on === 'pull' ? this.#world.pull.number : this.#issue.number
  }

  /** CI pushes an image like no other. */
  #build(tag: string) {
    return this.#world.registry.has(`acme/shop:${tag}`, { 'site/index.html': `build ${(this.#built += 1)}` })
  }
}
