import { createHash } from 'node:crypto'
import { NOTHING_ASKED, type Asks, type DeployRequest } from '../../../src/deploy/deployment.ts'
import type { Happening } from '../../../src/deploy/happening.ts'
import type { Service } from '../../../src/deploy/service.ts'
import { digestOf, request } from '../../unit/deploy/situation.ts'
import { untilDead, type EngineWorld } from './world.ts'
import type { Act, Beat } from './scenario.ts'
import { PEOPLE, workloadsOf } from './surroundings.ts'

type Command = Extract<Act, { does: 'deploys' | 'rolls back' | 'retries' }>
type Wish = Extract<Act, { does: 'cancels' | 'approves' | 'rejects' | 'locks' | 'unlocks' | 'asks for the status' }>

/** Something that came from GitHub and is kept until a process has dealt with it. */
export interface Received {
  readonly request: DeployRequest
  readonly act: Command | Wish
  isHandled: boolean
}

/** Does what the scenario says, and hands every command to whichever process is there, until one has dealt with it. */
export class Play {
  readonly inbox: Received[] = []
  /** What became of cancellations, by deployment. */
  readonly cancelled = new Map<string, string>()
  readonly #world: EngineWorld
  #comments = 0

  constructor(world: EngineWorld) {
    this.#world = world
    world.onStart = () => {
      for (const received of this.inbox) if (!received.isHandled) this.#handle(received)
    }
  }

  /** Those that ask for a deployment, in the order in which they were said. */
  get asked(): Received[] {
    return this.inbox.filter(({ act }) => isCommand(act))
  }

  does({ who, act }: Beat): void {
    const { surroundings, target, network, timeline, scenario } = this.#world
    const { repository } = request()
    switch (act.does) {
      case 'is made':
        return surroundings.makes(PEOPLE[who], act.role)
      case 'pushes':
        return this.#happens({ kind: 'head', repository, pull: 7, head: surroundings.getsCommit(), at: timeline.now })
      case 'closes the thread':
        return this.#happens({ kind: 'closed', repository, subject: 7, at: timeline.now, by: PEOPLE[who] })
      case 'removes the App':
        return this.#happens({ kind: 'gone', installation: repository.installation })
      case 'edits the last comment':
        return surroundings.edits(this.#comments)
      case 'moves the target by hand':
        return target.isMovedByHand(workloadsOf(act.environment, scenario)[0]!, digestOf(`by hand ${timeline.happened}`))
      case 'comes again':
        return this.#again(act.nth)
      case 'an image appears':
      case 'a tag is moved':
        surroundings.pushes(act.tag, 'healthy')
        return this.#happens({ kind: 'image', repository })
      case 'leaves':
        network.leaves(act.party)
        return void timeline.after(act.lasts, () => network.returns(act.party))
      case 'the clock jumps':
        this.#world.skew += act.by
        return
      case 'the process is killed':
        return this.#world.kills()
      case 'the process is stopped':
        return this.#stops()
      default:
        return this.says(who, act)
    }
  }

  says(who: keyof typeof PEOPLE, act: Command | Wish): void {
    const number = (this.#comments += 1)
    const { now } = this.#world.timeline
    const asked = request({
      key: `c:42:${number}`,
      actor: PEOPLE[who],
      comment: { id: number, node: `IC_${number}`, body: act.does, url: `https://github.com/acme/shop/pull/7#issuecomment-${number}` },
      asks: this.#asks(act),
      askedAt: Math.floor(now / 1_000) * 1_000,
      receivedAt: now,
    })
    const received = { request: asked, act, isHandled: false }
    this.inbox.push(received)
    // Webhooks do not keep their order.
    this.#world.timeline.after(now % 700, () => this.#handle(received))
  }

  #asks(act: Command | Wish): Asks {
    const place = { ...NOTHING_ASKED, environment: 'environment' in act ? act.environment : null }
    if (act.does === 'deploys') return { ...place, image: `:${act.tag}`, allowOlder: act.allowOlder }
    if (act.does === 'rolls back') return { ...place, origin: { kind: 'rollback', to: null } }
    if (act.does === 'retries') return { ...place, origin: { kind: 'retry', of: this.#idOf(act.nth) } }
    return place
  }

  #again(nth: number): void {
    const received = this.inbox[nth % Math.max(1, this.inbox.length)]
    if (received === undefined || !isCommand(received.act)) return
    this.#world.reached.note('a command comes again')
    this.#world.timeline.after(10, () => this.#handle({ ...received }))
  }

  #handle(received: Received): void {
    const { process } = this.#world
    // GitHub keeps it until somebody takes it.
    if (process === null || process.crossings.isDead) return
    const { service } = process
    if (isCommand(received.act)) {
      untilDead(() => {
        service.deploy(received.request)
        received.isHandled = true
      })
      return
    }
    const isDone = (): void => {
      received.isHandled = true
    }
    void this.#wish(service, received.request, received.act).then(isDone, isDone)
  }

  async #wish(service: Service, asked: DeployRequest, act: Wish): Promise<void> {
    const { reached, surroundings } = this.#world
    if (act.does === 'asks for the status') {
      await service.status(asked.repository, surroundings.configuration, { app: null, environment: act.environment })
      return
    }
    if (act.does === 'locks' || act.does === 'unlocks') {
      const place = act.environment === '*' ? null : { app: null, environment: act.environment }
      const answer =
        act.does === 'unlocks'
          ? await service.unlock(asked, place)
          : await service.lock(asked, { place, reason: 'a migration', lasts: act.lasts, takesOver: act.takesOver })
      reached.note('problem' in answer ? `${act.does}: ${answer.problem.code}` : act.does)
      return
    }
    const id = this.#idOf(act.nth)
    if (id === null) return
    if (act.does === 'cancels') {
      const answer = await service.cancel(asked, id)
      const outcome = 'problem' in answer ? answer.problem.code : answer.outcome
      reached.note(`cancel: ${outcome}`)
      // What was said first counts: asked again by the next process, the same cancellation finds its own end.
      if (!this.cancelled.has(id)) this.cancelled.set(id, outcome)
      return
    }
    const answer = await service.approve(asked, { id, isApproval: act.does === 'approves', reason: null })
    reached.note('problem' in answer ? `${act.does}: ${answer.problem.code}` : act.does)
  }

  #happens(event: Happening): void {
    const { process, reached } = this.#world
    if (process === null) return
    reached.note(event.kind)
    process.service.happened(event).catch(() => {})
  }

  /** Politely: it ends what it is at, and the next one goes on. */
  #stops(): void {
    const { process, timeline } = this.#world
    if (process === null) return
    process.service.stop()
    const dies = (): void => process.crossings.die()
    void process.service.idle().then(dies)
    timeline.after(60_000, dies)
  }

  #idOf(nth: number): string | null {
    const key = this.asked[nth]?.request.key
    const row = key === undefined ? undefined : this.#world.disk.all<{ id: string }>('select id from deployment where key = ?', key)[0]
    return row?.id ?? null
  }
}

const isCommand = (act: Command | Wish): act is Command => act.does === 'deploys' || act.does === 'rolls back' || act.does === 'retries'

/** Hash of everything that happened, in order. */
export const traceOf = ({ log, watcher, target, timeline }: EngineWorld): string =>
  createHash('sha256')
    .update(JSON.stringify([log, watcher.states, watcher.effects, target.pending, timeline.now, timeline.happened]))
    .digest('hex')
    .slice(0, 16)
