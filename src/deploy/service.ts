import type { Code, Problem, Refusal } from '../errors.ts'
import type { AuditLog } from './audit.ts'
import { consider } from './consider.ts'
import { crowdIn } from './crowd.ts'
import { hasEnded, personIn, type Deployment, type DeployRequest, type Lock, type Repository } from './deployment.ts'
import { environmentKey, type Configuration } from './environment.ts'
import { estimate, type Estimate } from './estimate.ts'
import type { PreflightReport } from './images.ts'
import { happened, type Happening } from './happening.ts'
import type { Answer, Drifts } from './journal.ts'
import { maskedJournal, maskedLocks, type Mask } from './mask.ts'
import type { Notice } from './notice.ts'
import { rehearse, type Rehearsal } from './rehearsal.ts'
import { drive } from './rollout.ts'
import type { Facts } from './source.ts'
import { standings } from './standings.ts'
import { placesIn, statusOf, type EnvironmentStatus } from './status.ts'
import { accessOf, type RolloutDoors } from './step.ts'
import { formerly, newerThan } from './succession.ts'
import { createWatch, type Rounds } from './watch.ts'
import {
  approve,
  cancel,
  lock,
  mayApprove,
  named,
  placeOf,
  recentOn,
  unlock,
  type Approving,
  type Cancelling,
  type LockAsked,
  type Locking,
  type PlaceAsked,
} from './wishes.ts'

/** The one service behind every door. */
export interface Service {
  /** Writes the request down and starts it; the same key is the same deployment, once. */
  deploy(request: DeployRequest): Deployment
  /** Why a new deployment would be refused at once, because too many are on their way; null where it would not, or has been written down before. */
  full(request: DeployRequest): Problem | null
  find(id: string): Deployment | null
  /** What had succeeded in the same environment before this deployment had its turn; until then, what has succeeded so far. */
  formerly(deployment: Deployment): Deployment | null
  /** The newest that runs in the same environment, or has run there, and came after this one; null where there is none. */
  newerThan(deployment: Deployment): Deployment | null
  /** The deployment that was written down under this request's key. */
  asked(key: string): Deployment | null
  /** Who holds an environment now, and whether something runs there that nobody deployed: what is on record, for anybody who may see the repository. */
  held(repository: number, app: string, environment: string): { readonly locks: readonly Lock[]; readonly drift: ReturnType<Drifts['find']> }
  /** The deployment of this id, if it is the repository's. */
  named(id: string, request: DeployRequest): Deployment | Refusal
  /** What may be meant by whoever names none: asked for on the same thread and not later, the newest first. */
  recentOn(request: DeployRequest): readonly Deployment[]
  /** What runs in the configuration's environments that are meant; null means any. Settles an `unknown` outcome where the target could be observed. */
  status(repository: Repository, configuration: Configuration, meant: PlaceAsked): Promise<readonly EnvironmentStatus[]>
  /**
   * Every declared environment as it stands for whoever asks: what runs, and what a deployment by them would meet. Changes nothing, or with
   * `settles` what `status` does.
   */
  standings(request: DeployRequest, how?: { readonly settles?: boolean }): ReturnType<typeof standings>
  /** How long it will take, by how long earlier ones took in the same environment. */
  expected(deployment: Deployment): Estimate
  /** Whether the target of the request's environment could pull its images now. Passes the gates first, and changes nothing. */
  preflight(request: DeployRequest): Promise<Preflights | { readonly problem: Problem }>
  /**
   * A dry run: every gate, the preflight, and what would change. `showsHead`: who asks sees the head of the pull request in the
   * answer, which is a page that only shows, and is not noted in the audit log: what is begun from there is.
   */
  rehearse(request: DeployRequest, how?: { readonly showsHead?: boolean }): Promise<Rehearsal | { readonly problem: Problem }>
  /** A second person's word on a waiting deployment. */
  approve(request: DeployRequest, word: Parameters<typeof approve>[1]): Promise<Approving>
  /** What `approve` would refuse an approval of this deployment with now; null where it would count. Writes nothing. Throws what `Source.look` throws. */
  mayApprove(request: DeployRequest, id: string): Promise<Problem | null>
  cancel(request: DeployRequest, id: string | null): Promise<Cancelling>
  lock(request: DeployRequest, asked: LockAsked): Promise<Locking>
  /** `words`: the answer on the request's own thread. Whoever held it hears of it in any case: that is stored with the end of the lock. */
  unlock(request: DeployRequest, place: PlaceAsked | null, words?: (former: Lock) => string): ReturnType<typeof unlock>
  /** The rules of an environment, for anybody who may see the repository. */
  place(request: DeployRequest, place: PlaceAsked): ReturnType<typeof placeOf>
  /** Something happened on GitHub: what waits for it is looked at again. Throws what `Source.look` throws; may be repeated. */
  happened(event: Happening): Promise<void>
  /** The configuration that `facts` hold, parsed; null where the repository has none. */
  configuration(repository: Repository, facts: Facts): { readonly configuration: Configuration | null } | { readonly problem: Problem }
  /** Called after every change of a deployment, once it is on disk. */
  onChange(listener: (deployment: Deployment) => void): void
  /** Called for what has to be told and is no deployment: the same notice may come twice, under the same key. */
  onNotice(listener: (notice: Notice) => void): void
  /** At start: takes every open deployment up at its last step, and begins to watch targets and locks. */
  recover(): void
  /** Before the end of the process: each deployment finishes the step that it is at and takes no other; the next start goes on from there. */
  stop(): void
  /** Resolves when nothing runs; what waits for the clock goes on when its time comes. */
  idle(): Promise<void>
}

/** One report per image of the environment. */
export interface Preflights {
  readonly app: string
  readonly environment: string
  readonly reports: readonly PreflightReport[]
}

export interface ServiceDoors extends Omit<RolloutDoors, 'applying' | 'claimed' | 'startedAt'> {
  readonly audit: AuditLog
  readonly mask: Mask
  readonly rounds?: Rounds
  /** What a notice says, and on which thread; null where it belongs to none. */
  readonly noticeAnswer: (notice: Notice, now: number) => Answer | null
  /** Unguessable: at least 128 random bits, `[0-9a-z]`. */
  random(): string
}

const FULL_DISK = 60_000

export function createService(outside: ServiceDoors): Service {
  const doors: RolloutDoors = {
    ...outside,
    journal: maskedJournal(outside.journal, outside.mask),
    locks: maskedLocks(outside.locks, outside.mask),
    applying: new Map(),
    claimed: new Set(),
    startedAt: outside.clock.now(),
  }
  const { journal, clock, activity } = doors
  const changes = new Listeners<Deployment>(({ id }, error) => doors.incident(error, id))
  const notices = new Listeners<Notice>(({ key }, error) => doors.incident(error, key))
  const driver = createDriver(doors, (deployment) => changes.tell(deployment))
  const deploy = (request: DeployRequest): Deployment => {
    const { deployment, isNew } = journal.request(newId(request.repository.id, outside.random()), request, clock.now())
    if (isNew) driver.go(deployment.id)
    return deployment
  }
  const watch = createWatch({ ...doors, deploy }, (notice) => notices.tell(notice))
  /** Whatever has become of it, somebody hears of it, and it goes on where it can. */
  const touched = <T extends { readonly deployment: Deployment } | { readonly problem: Problem }>(result: T): T => {
    if ('deployment' in result) {
      changes.tell(result.deployment)
      driver.go(result.deployment.id)
      // Its last step may still be on its way; whoever comes next need not wait for that.
      if (hasEnded(result.deployment.state)) driver.wakeNext(result.deployment.environment)
    }
    return result
  }
  const noted = noting(outside)

  return {
    deploy,
    full: ({ key, repository }) => (journal.asked(key) === null ? crowdIn(repository, journal) : null),
    find: (id) => journal.find(id),
    formerly: (deployment) => formerly(deployment, journal),
    newerThan: (deployment) => newerThan(deployment, journal),
    asked: (key) => journal.asked(key),
    held: (repository, app, environment) => held(repository, app, environment, doors),
    named: (id, request) => named(id, request, journal),
    recentOn: (request) => recentOn(request, journal),
    status: (repository, configuration, meant) =>
      Promise.all(
        placesIn(configuration, meant).map((place) =>
          statusOf(repository, place, doors, { wakeNext: driver.wakeNext, settles: true, patience: null }),
        ),
      ),
    standings: (request, { settles = false } = {}) => activity.run(() => standings(request, doors, { wakeNext: driver.wakeNext, settles })),
    expected: (deployment) => expected(deployment, doors),
    preflight: async (request) => noted('preflight', request, await activity.run(() => preflightOf(request, doors))),
    rehearse: async (request, how = {}) => {
      const rehearsed = await activity.run(() => rehearse(request, doors, how))
      return how.showsHead === true ? rehearsed : noted('dry run', request, rehearsed)
    },
    approve: async (request, word) => touched(noted(word.isApproval ? 'approve' : 'reject', request, await approve(request, word, doors))),
    mayApprove: (request, id) => activity.run(() => mayApprove(request, id, doors)),
    cancel: async (request, id) => touched(noted('cancel', request, await cancel(request, id, doors))),
    lock: async (request, asked) => noted('lock', request, await lock(request, asked, doors)),
    unlock: async (request, place, words) => {
      const freed = noted('unlock', request, await unlock(request, place, doors, unlockAnswer(request, words, outside)))
      // Written down already: only said from here, and by the next process where this one ends before it is.
      const told = 'former' in freed ? givenUp(request, freed.former) : null
      if (told !== null) notices.tell(told)
      return freed
    },
    place: (request, place) => placeOf(request, place, doors),
    happened: (event) => activity.run(() => happened(event, { ...doors, go: driver.go, tell: (notice) => notices.tell(notice) })),
    configuration: (repository, facts) => configurationOf(repository, facts, doors),
    onChange: (listener) => changes.add(listener),
    onNotice: (listener) => notices.add(listener),
    recover: () => {
      driver.recover()
      watch()
    },
    stop: () => driver.stop(),
    idle: () => activity.idle(),
  }
}

const RECENT = 50

/** A deployment's refusal is its own end; of any other nothing would be left. */
const noting =
  ({ audit, clock }: Pick<ServiceDoors, 'audit' | 'clock'>) =>
  <T extends object>(what: string, { repository, actor, key }: DeployRequest, result: T): T => {
    const refusal = 'problem' in result ? (result.problem as Problem | null) : null
    if (refusal !== null && FOR_LACK_OF_RIGHTS.has(refusal.code)) {
      const entry = { at: clock.now(), by: personIn(actor), action: 'refused', subject: what, before: null, after: null } as const
      audit.note(repository.id, { ...entry, why: refusal.code, request: key })
    }
    return result
  }

const FOR_LACK_OF_RIGHTS: ReadonlySet<Code> = new Set<Code>(['PERMISSION_REQUIRED', 'ACTOR_CHANGED', 'APPROVAL_NOT_ALLOWED'])

const held = (repository: number, app: string, environment: string, { locks, drifts, clock }: RolloutDoors): ReturnType<Service['held']> => ({
  locks: locks.holding(repository, `${app}/${environment}`, clock.now()),
  drift: drifts.find(environmentKey(repository, app, environment)),
})

/** On the thread of the request what it is answered there; otherwise what its holder is told. */
const unlockAnswer =
  (request: DeployRequest, words: Parameters<Service['unlock']>[2], { clock, noticeAnswer }: Pick<ServiceDoors, 'clock' | 'noticeAnswer'>) =>
  (former: Lock): Answer | null => {
    const { key, repository, subject } = request
    if (words !== undefined && subject !== null) return { key, repository, subject, markdown: words(former), createdAt: clock.now() }
    const notice = givenUp(request, former)
    return notice === null ? null : noticeAnswer(notice, clock.now())
  }

/** To whoever held it. On the thread of the request its answer says so. */
function givenUp({ subject, actor }: DeployRequest, lock: Lock | null): Notice | null {
  if (lock === null || subject !== null || lock.owner?.id === actor.id) return null
  return { key: `n:${lock.repository.id}:lock:${lock.id}:given-up`, kind: 'lock given up', lock, by: personIn(actor) }
}

/** Where no gate has said yet which environment is meant, nothing is known. */
function expected(deployment: Deployment, { journal, clock }: RolloutDoors): Estimate {
  const { environment } = deployment
  return estimate(deployment, environment === null ? [] : journal.succeeded(environment, RECENT), clock.now())
}

/** One listener's mistake is nobody else's. */
class Listeners<T> {
  readonly #all: ((what: T) => void)[] = []
  readonly #failed: (what: T, error: unknown) => void

  constructor(failed: (what: T, error: unknown) => void) {
    this.#failed = failed
  }

  add(listener: (what: T) => void): void {
    this.#all.push(listener)
  }

  tell(what: T): void {
    for (const listener of this.#all) {
      try {
        listener(what)
      } catch (error) {
        this.#failed(what, error)
      }
    }
  }
}

interface Driver {
  stop(): void
  go(id: string): void
  /** Whose turn it is now in the environment. */
  readonly wakeNext: (environment: string | null) => void
  recover(): void
}

/** Takes deployments as far as they can go, each by one at a time. */
function createDriver(doors: RolloutDoors, changed: (deployment: Deployment) => void): Driver {
  const { journal, clock, activity } = doors
  /** Being driven; `true` where something happened meanwhile that it may not have seen. */
  const driving = new Map<string, boolean>()
  const alarms = new Map<string, () => void>()
  let isStopping = false

  const go = (id: string): void => {
    if (isStopping) return
    if (driving.has(id)) return void driving.set(id, true)
    driving.set(id, false)
    alarms.get(id)?.()
    alarms.delete(id)
    void activity.run(() => take(id))
  }
  const take = async (id: string): Promise<void> => {
    try {
      const lookAt = await drive(id, doors, changed, () => isStopping)
      const isAgain = driving.get(id) === true
      driving.delete(id)
      const environment = journal.find(id)?.environment ?? null
      if (lookAt !== null) wakes(id, lookAt)
      if (isAgain) go(id)
      makesWay(id)
      wakeNext(environment)
    } catch (error) {
      // Not even its end could be written (a full disk): it stays open until there is room.
      driving.delete(id)
      doors.incident(error, id)
      clock.after(FULL_DISK, () => go(id))
    }
  }
  /** Where only the newest is wanted, those that wait before it are done. */
  const makesWay = (id: string): void => {
    const newest = journal.find(id)
    if (newest?.rules?.queue !== 'newest' || (newest.state !== 'waiting' && newest.state !== 'queued')) return
    for (const { id: old, environment, state, sequence } of journal.open()) {
      if (environment === newest.environment && sequence < newest.sequence && (state === 'waiting' || state === 'queued')) go(old)
    }
  }
  /** Once the clock shows that time, or as long has passed as it seemed to be away: the clock may be set meanwhile. */
  const wakes = (id: string, at: number, left = Math.max(0, at - clock.now())): void => {
    const first = Math.min(left, LONGEST_ALARM)
    const ring = (): void => (at <= clock.now() || first === left ? go(id) : wakes(id, at, left - first))
    alarms.set(id, clock.after(first, ring))
  }
  const wakeNext = (environment: string | null): void => {
    const next = environment === null ? null : journal.turn(environment)
    if (next !== null) go(next.id)
  }
  return {
    stop: () => {
      isStopping = true
    },
    go,
    wakeNext,
    recover: () => {
      for (const { id, state, wait } of journal.open()) {
        // What waits for a time waits on; what waits for somebody may have been told while nobody was here.
        if (state === 'waiting' && wait !== null && wait.reason !== 'approval' && wait.lookAt > clock.now()) wakes(id, wait.lookAt)
        else go(id)
      }
    },
  }
}

/** A timer does not notice that the clock was set right: nobody is looked at later than this after their time. */
const LONGEST_ALARM = 5 * 60_000

const newId = (repositoryId: number, random: string): string => `${repositoryId.toString(36)}-${random}`

function configurationOf(repository: Repository, facts: Facts, doors: RolloutDoors): ReturnType<Service['configuration']> {
  const { configuration, account } = facts
  return configuration === null ? { configuration } : doors.readConfiguration(configuration.text, repository.name, account?.text ?? null)
}

async function preflightOf(request: DeployRequest, doors: RolloutDoors): ReturnType<Service['preflight']> {
  const considered = await consider(request, null, doors)
  if ('problem' in considered) return { problem: considered.problem }
  const { proposal, decision } = considered
  if ('refusal' in decision) return { problem: decision.refusal.problem }
  const { app, environment, placed, artifacts } = proposal
  const how = accessOf(placed, request.repository, environment)
  const reports = await Promise.all(artifacts.map((artifact) => doors.images.preflight(artifact, how)))
  return { app, environment, reports }
}
