import { hasEnded, type Deployment, type State } from '../../../src/deploy/deployment.ts'
import type { Finding, Found } from '../finding.ts'
import { LUNCH, type Environment } from './scenario.ts'
import { workloadsOf } from './surroundings.ts'
import type { Effect } from './target.ts'
import type { EngineWorld } from './world.ts'

interface Seen {
  readonly [column: string]: string | number | null
  readonly sequence: number
  readonly id: string
  readonly state: State
  readonly environment: string | null
  readonly fence: number | null
  readonly restore_fence: number | null
  readonly plan_hash: string | null
}

interface Held {
  readonly [column: string]: string | number | null
  readonly id: number
  readonly environment: string
  readonly lock: string
  readonly until: number | null
}

const OCCUPIES: ReadonlySet<State> = new Set<State>(['applying', 'observing', 'restoring'])

/** What must hold after every event, seen from outside: in the rows and at the target. */
export class Watcher {
  readonly findings: Finding[] = []
  /** Every switch, in order, by whom it may be. */
  readonly effects: Effect[] = []
  /** `3 applying`: every state that a row was seen in. */
  readonly states: string[] = []
  /** When the rows changed last, by the true clock. */
  changedAt = 0
  readonly #world: EngineWorld
  /** When each effect was taken. */
  readonly #tookAt: number[] = []
  /** When each deployment began to look what runs. */
  readonly #looksSince = new Map<string, number>()
  #before = new Map<string, Seen>()
  #locks: readonly Held[] = []
  #crossed = ''

  constructor(world: EngineWorld) {
    this.#world = world
  }

  readonly found: Found = (kind, what) => {
    this.findings.push({ kind, what })
  }

  look(): void {
    const { disk, process, crashes } = this.#world
    const crossed = `${crashes} ${process?.crossings.count}`
    if (crossed === this.#crossed) return
    this.#crossed = crossed
    const rows = disk.all<Seen>('select sequence, id, state, environment, fence, restore_fence, plan_hash from deployment order by sequence')
    const held = disk.all<Held>('select id, environment, lock, until from lock')
    for (const row of rows) this.#moved(row, this.#before.get(row.id), held)
    const working = rows.filter(({ state }) => OCCUPIES.has(state)).map(({ environment }) => environment)
    if (new Set(working).size < working.length) this.found('doubled', `two deployments are at work at once: ${working.join(', ')}`)
    this.#before = new Map(rows.map((row) => [row.id, row]))
    this.#locks = held
  }

  /** Before each effect: its intent is on disk, its turn is now, and whoever has to agree has agreed. */
  taking(effect: Effect): void {
    const { operation, fence, workload } = effect
    const isFenced = ['keyed', 'versioned'].includes(this.#world.scenario.contract)
    const newest = Math.max(0, ...this.effects.filter((one) => one.workload === workload).map((one) => one.fence))
    if (operation !== null) {
      this.#isIntended(effect, isFenced)
      if (fence < newest && isFenced) this.found('stale', `${workload}: ${operation} with fence ${fence} came after fence ${newest}`)
      if (fence < newest && !isFenced) this.#world.reached.note('a late request flaps a target without fences')
      const isRepeated = this.effects.some((one) => one.workload === workload && one.operation === operation && one.isUndone === effect.isUndone)
      if (isRepeated && this.#world.scenario.contract !== 'readable' && !this.isHandOn(workload))
        this.found('doubled', `${workload}: ${operation} took effect twice`)
    }
    this.effects.push(effect)
    this.#tookAt.push(this.#world.timeline.now)
  }

  /** Somebody's hand came between the last look of a process and what it then asked for: nobody could have seen that. */
  isHandOn(workload: string): boolean {
    const { now } = this.#world.timeline
    return this.effects.some((one, index) => one.workload === workload && one.operation === null && now - (this.#tookAt[index] ?? 0) < UNSEEN)
  }

  #isIntended({ operation, fence, digest, isUndone }: Effect, isFenced: boolean): void {
    const isBack = operation!.endsWith('-back')
    const id = isBack ? operation!.slice(0, -'-back'.length) : operation!
    const deployment = this.#world.journal.find(id)
    if (deployment === null) return this.found('broken', `${operation} is nobody's`)
    const { state, plan } = deployment
    const may: readonly State[] = isBack ? ['restoring', 'unknown'] : ['applying', 'restoring', 'unknown']
    // The target gives up on an image by itself, whenever it notices.
    if (isUndone) return
    if (!may.includes(state) && !(!isFenced && (hasEnded(state) || state === 'observing')))
      this.found('doubled', `${operation} took effect in state ${state}`)
    const intended = isBack ? this.#world.journal.restoring(id)?.fence : deployment.fence
    if (intended !== fence) this.found('broken', `${operation} came with fence ${fence}, and ${intended} was written down`)
    if (!isBack && !isUndone && plan?.artifacts[0]?.digest !== digest)
      this.found('broken', `${operation} brought ${digest}, which is not in its plan`)
    if (!isBack && !isUndone) this.#isApproved(id)
  }

  #isApproved(id: string): void {
    const { journal } = this.#world
    const deployment = journal.find(id)
    const wanted = deployment?.rules?.approvals ?? null
    if (deployment === null || wanted === null || deployment.request.asks.origin?.kind === 'rollback') return
    const { approvals, planHash, request } = deployment
    const counting = approvals.filter(
      (one) => one.isApproval && one.planHash === planHash && !(wanted.not.includes('requester') && one.by.id === request.actor.id),
    )
    if (counting.length < wanted.count) this.found('broken', `${id} took effect with ${counting.length} of ${wanted.count} approvals`)
  }

  #moved(row: Seen, before: Seen | undefined, held: readonly Held[]): void {
    const { id, state, sequence } = row
    if (before?.state === state) return
    this.changedAt = this.#world.timeline.now
    this.states.push(`${sequence} ${state}`)
    if (before === undefined) return
    if (hasEnded(before.state)) this.found('doubled', `${id} was ${before.state} and is ${state}`)
    if (state === 'restoring' || (state === 'applying' && before.state !== 'applying')) this.#rises(row)
    if (state === 'applying') this.#mayClaim(row, held)
    if (state === 'observing') this.#looksSince.set(id, this.#world.timeline.now)
    if (state === 'success' && before.state === 'observing') this.#isTrue(row)
    if (state === 'refused') this.#isReason(row, held)
  }

  /** What is called a success ran when somebody looked, healthy, and answered where the rules ask for that. */
  #isTrue({ id, environment }: Seen): void {
    const { journal, scenario, surroundings, target } = this.#world
    const deployment = journal.find(id)
    const digest = deployment?.plan?.artifacts[0]?.digest ?? null
    if (scenario.contract === 'blind' || deployment === null || digest === null || environment === null) return
    const since = this.#looksSince.get(id) ?? 0
    const workloads = workloadsOf(placeIn(environment), scenario)
    // Whoever moved it meanwhile is told of by the watch.
    if (this.effects.some((effect, index) => workloads.includes(effect.workload) && (this.#tookAt[index] ?? 0) >= since)) return
    const health = surroundings.health(digest)
    if (health === 'ill' || health === 'never' || (health === 'no answer' && deployment.rules?.health != null))
      this.found('broken', `${id} succeeded with an image that is ${health}`)
    for (const workload of workloads)
      if (target.runs(workload) !== digest) this.found('broken', `${id} succeeded, and ${workload} does not run its image`)
  }

  /** Nobody is told of a lock that is over. */
  #isReason({ id, environment }: Seen, held: readonly Held[]): void {
    const { journal, clock } = this.#world
    if (journal.find(id)?.problem?.code !== 'LOCKED') return
    const isInForce = ({ until }: Held): boolean => until === null || until > clock - JUST_NOW
    if (![...this.#locks, ...held].some(isInForce)) this.found('broken', `${id} was refused for a lock on ${environment} that is over`)
  }

  /** Nobody had lost the right to it, and its comment stood, when GitHub was last asked. */
  #isWelcome({ id, request }: Deployment): void {
    const { surroundings, timeline } = this.#world
    const isLongAgo = (at: number | undefined): boolean => at !== undefined && timeline.now - at > LAST_LOOK
    if (isLongAgo(surroundings.demoted.get(request.actor.id))) this.found('broken', `${id} had its turn, and ${request.actor.login} may not deploy`)
    if (isLongAgo(surroundings.edited.get(request.comment?.id ?? 0)) && request.door === 'comment')
      this.found('broken', `${id} had its turn, and its comment was edited`)
  }

  #rises({ id, environment, fence, restore_fence, state }: Seen): void {
    const mine = state === 'restoring' ? restore_fence : fence
    const others = [...this.#before.values()]
      .filter((one) => one.environment === environment)
      .flatMap((one) => [one.fence ?? 0, one.restore_fence ?? 0])
    if (mine === null || mine <= Math.max(0, ...others)) this.found('doubled', `${id} has fence ${mine} after ${Math.max(0, ...others)}`)
  }

  /** What stood on disk before this event and still stands, the claim had to heed. */
  #mayClaim({ id, sequence, environment }: Seen, held: readonly Held[]): void {
    const { clock, journal } = this.#world
    const deployment = journal.find(id)
    if (deployment === null) return
    const place = environment?.split(':').slice(1).join('/')
    for (const lock of this.#locks) {
      const owner = (JSON.parse(lock.lock) as { owner: { id: number } | null }).owner
      const isInForce = (lock.until === null || lock.until > clock) && held.some((one) => one.id === lock.id)
      if (isInForce && (lock.environment === '*' || lock.environment === place) && owner?.id !== deployment.request.actor.id)
        this.found('broken', `${id} had its turn in ${environment}, which was locked by ${owner?.id ?? 'Gantry'}`)
    }
    const earlier = [...this.#before.values()].find((one) => one.environment === environment && one.sequence < sequence && one.state === 'queued')
    if (earlier) this.found('broken', `${id} had its turn before ${earlier.id}, which came first`)
    this.#isWelcome(deployment)
    const newer = [...this.#before.values()].find((one) => one.environment === environment && one.sequence > sequence && one.state === 'success')
    if (newer && !deployment.request.asks.allowOlder) this.found('stale', `${id} had its turn after the newer ${newer.id} succeeded`)
    if ((deployment.rules?.freeze.length ?? 0) > 0 && deployment.request.asks.origin?.kind !== 'rollback' && isFrozen(clock))
      this.found('broken', `${id} had its turn while ${environment} was frozen`)
    if (deployment.cancellation !== null) this.found('broken', `${id} had its turn after it was cancelled`)
  }
}

/** The longest that a claim may come after the last look at GitHub: whatever a target does not answer for, and what is slow. */
const LAST_LOOK = 90_000
/** Between a look at the target and what is asked of it lies a pull. */
const UNSEEN = 15_000
/** Between the look at a lock and the row that says so. */
const JUST_NOW = 1_000

const placeIn = (environment: string): Environment => environment.split(':').at(-1) as Environment

/** The only window that scenarios know. */
function isFrozen(now: number): boolean {
  const time = new Date(now)
  const minute = time.getUTCHours() * 60 + time.getUTCMinutes()
  const { from, to } = LUNCH
  return time.getUTCDay() === from.day && minute >= from.minute && minute < to.minute
}
