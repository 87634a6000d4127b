import type { Awaitable } from './awaitable.ts'
import type { ConfigurationFile } from './configuration-check.ts'
import type { Problem } from '../errors.ts'
import type {
  Approval,
  Cancellation,
  DeployRequest,
  Deployment,
  EndState,
  Lock,
  Person,
  Repository,
  State,
  StepName,
  Verdict,
  Wait,
} from './deployment.ts'
import type { EnvironmentRules } from './environment.ts'
import type { Ended } from './figures.ts'
import type { Observation } from './target.ts'
import type { Plan } from './plan.ts'

/** The deployments of the repositories, as rows. Every method is one synchronous transaction: all of it is on disk when it returns. */
export interface Journal {
  /** Writes a new deployment under its request's key, or finds the one that stands there. */
  request(id: string, request: DeployRequest, now: number): { readonly deployment: Deployment; readonly isNew: boolean }
  find(id: string): Deployment | null
  /** The one that was written down under this request's key. */
  asked(key: string): Deployment | null
  /** Everything that has not ended, in order of arrival. */
  open(): readonly Deployment[]
  /** The last deployment that succeeded in the environment: by whose turn it was, for an older one may have been let in after a newer one. */
  lastSuccess(environment: string): Deployment | null
  /** The last success of each environment, by the environments' keys: so many of them, after this key. */
  successes(after: string, limit: number): readonly Deployment[]
  /** Of the newest so many that succeeded in the environment, the one that had its turn last comes first. */
  succeeded(environment: string, limit: number): readonly Deployment[]
  /**
   * Those that were asked for on a thread, newest first, without what nobody was told of: strangers could push everything else out of
   * sight. `environment`: all of the environment's, whoever asked where.
   */
  recent(of: { readonly repository: number; readonly subject: number } | { readonly environment: string }, limit: number): readonly Deployment[]
  /** A waiting or queued one for the environment that came later: the newest. */
  newer(environment: string, sequence: number): Deployment | null
  /** An open deployment of the same plan that came before this one, with no other plan for the environment between the two. */
  twin(id: string): Deployment | null
  /** How many deployments of the repository have passed their gates and not ended. */
  crowd(repository: number): number
  /** The same for all repositories of an account. */
  crowdOf(account: number): number
  /** How many of the repository's came before this one and have not ended, whether anybody has judged them yet or not. */
  ahead(id: string): number
  /** Waiting for the environment, in order of arrival. */
  queued(environment: string): readonly Deployment[]
  /**
   * Whose turn it is: the first in order of arrival that has passed its gates. Null while that one is still being resolved or
   * verified, while the environment is occupied, and where nobody waits.
   */
  turn(environment: string): Deployment | null
  /** Which deployment occupies the environment: applying, observing, putting back, or ended as `unknown` and not settled. */
  occupant(environment: string): Deployment | null
  /** Into another state; closes the running step and opens `step`. Throws where the deployment is not in state `from`. */
  move(id: string, from: State, to: State, change: Change): Deployment
  /** Into state `waiting`, or another reason to stay there. */
  wait(id: string, from: State, wait: Wait, change: Change): Deployment
  /** Somebody's word on a deployment: the last one of each person counts, in whatever order they arrive. */
  approve(approval: Approval): void
  /**
   * Somebody wants it stopped. `cancelled`: it had no effect yet, and has ended. `asked`: it is being applied, which is told to stop.
   * `too late`: the switch is done. `ended`: it had ended before.
   */
  cancel(id: string, cancellation: Cancellation): 'cancelled' | 'asked' | 'too late' | 'ended'
  /** From `applying` or `observing` to `restoring`: `why` is what the deployment will end with, and the fence rises once more. */
  restore(id: string, why: Problem, now: number): Deployment
  /** The fence of the putting back; null where nothing is put back. */
  restoring(id: string): { readonly fence: number } | null
  /** The last claim's (`fence.ts`); 0 where nobody ever claimed it and no backup was restored. */
  fence(environment: string): number
  /** The next claim is above this, too: a workload that comes from another environment carries that one's fence. */
  raise(environment: string, fence: number): void
  /**
   * Takes the environment for this queued deployment, if it is its turn: writes the intent (step `apply`) with what was
   * observed before, and raises the fence from `fence`, which was read before observing. `busy` where another one occupies the
   * environment, stands before this one, or has had its turn since. `older` where a later request has succeeded meanwhile;
   * for one that was missed, later is what was asked later, and within a second the later comment.
   */
  claim(id: string, before: readonly Observation[], fence: number, now: number): Deployment | 'busy' | 'older'
  /** What was observed when the environment was claimed. */
  before(id: string): readonly Observation[]
  end(id: string, state: EndState, change: Ending): Deployment
  /** An `unknown` outcome has been looked at: the environment is free again. */
  settle(environment: string, now: number): void
  log(id: string, line: string): void
}

/** What a repository's people look through. */
export interface History {
  /**
   * Newest first, at most so many of them; `before` is a place in the order of arrival, `next` where to go on: a page may be short, or
   * empty, and not be the last one. Without what nobody was told of.
   */
  page(
    of: { readonly repository: number; readonly environment: string | null; readonly state: State | null; readonly before: number | null },
    limit: number,
  ): { readonly deployments: readonly Deployment[]; readonly next: number | null }
  /** Those of an environment (`environmentKey`) that have ended, the last that was asked for first: at most so many. */
  ended(environment: string, limit: number): readonly Ended[]
}

export interface Change {
  readonly now: number
  readonly step?: StepName
  /** Said of the step that this closes. */
  readonly note?: string
  readonly environment?: string
  readonly plan?: Plan
  readonly planHash?: string
  readonly rules?: EnvironmentRules
  readonly verdicts?: readonly Verdict[]
  readonly built?: Deployment['built']
  readonly proved?: Deployment['proved']
}

export interface Ending {
  readonly now: number
  readonly note?: string
  readonly problem?: Problem
  readonly alreadyRunning?: boolean
  /** The step at which it ends did what it was for, whatever the deployment ends as. */
  readonly isStepDone?: boolean
  readonly isQuiet?: boolean
  readonly verdicts?: readonly Verdict[]
}

/** Who holds which environment. An expired lock is none. */
export interface Locks {
  /** Of exactly this place: `app/environment`, or `*` for every environment of the repository. */
  find(repository: number, environment: string, now: number): Lock | null
  /** What holds an environment (`app/environment`): its own lock, and that of the whole repository. */
  holding(repository: number, environment: string, now: number): readonly Lock[]
  /**
   * Takes the lock, or takes it over where `over` is the id of the one that stands. Null where another one stands. `cause`: of
   * one that Gantry takes by itself; the same cause locks once.
   */
  take(lock: Omit<Lock, 'id'>, options: { readonly over?: number; readonly cause?: string }): Lock | null
  /** Gives exactly this lock up and stores what is to be said of it, both or neither; nothing happens where it is gone, or another one stands there. */
  release(id: number, release: Release): void
  /** Those taken on a thread. */
  takenOn(repository: number, subject: number, now: number): readonly Lock[]
  /** Those that end before `until` and do not count as reminded. */
  due(until: number, now: number): readonly Lock[]
  /** From now on this one does. */
  reminded(id: number): void
}

export interface Release {
  /** Null: whoever closed the thread where that is nobody in particular, or Gantry itself. */
  readonly by: Person | null
  /** Milliseconds. */
  readonly at: number
  /** What asked for it, for the audit log. */
  readonly request: string | null
  readonly answer?: Answer | null
}

/** What webhooks told of pull requests' heads. */
export interface Heads {
  /** A push that is older than the one that is known changes nothing. `at`: GitHub's clock, milliseconds. */
  told(repository: number, pull: number, head: string, at: number): void
  find(repository: number, pull: number): { readonly head: string; readonly at: number } | null
}

/** What targets were seen to run that nobody deployed. */
export interface Drifts {
  /** The first time counts at which this was seen since the deployment succeeded. */
  noticed(environment: string, deployment: string, seen: string, now: number): void
  /** It runs again what it should. */
  gone(environment: string): void
  find(environment: string): { readonly deployment: string; readonly seen: string; readonly at: number } | null
}

/** Which environment a workload of a target belongs to; kept per account, because targets are the account's, and so maybe somewhere else. */
export interface Claims {
  /** Takes the workloads for the environment, all or none; answers with the environment that already holds one. */
  claim(
    target: string,
    workloads: readonly string[],
    environment: string,
    label: string,
  ): Awaitable<{ readonly environment: string; readonly takenBy: string; readonly workload: string } | null>
  /** Gives up what `environment` holds of this workload. */
  release(target: string, workload: string, environment: string): Awaitable<void>
}

/** A webhook delivery reduced to what it means (bot/intake.ts); stored before GitHub gets its 202. */
export interface Delivery {
  /** What the signed body means: dedupes redeliveries and replays under fresh delivery ids. */
  readonly key: string
  /** GitHub's `X-GitHub-Delivery`: not signed, kept for the log only. */
  readonly guid: string
  readonly event: string
  /** The few fields that handling needs, as JSON text. */
  readonly payload: string
  /** For one that was missed: when it was asked, by GitHub's clock. */
  readonly receivedAt: number
  readonly missed?: Missed
}

/**
 * What becomes of a delivery that never arrived and was fetched back: it is obeyed; it is too old for that, which is said; or it
 * had been obeyed before and is only remembered. A webhook has none of these.
 */
export type Missed = 'run' | 'tell' | 'done'

/** Where a delivery stands in the order of arrival. */
export interface Pending {
  readonly key: string
  readonly sequence: number
}

export interface Inbox {
  /** Stores all of them in one transaction; says for each whether it was new. */
  store(deliveries: readonly Delivery[]): readonly boolean[]
  /** Stored and not yet handled, in order of arrival: so many of them, after this place in that order. */
  pending(limit: number, after?: number): readonly Pending[]
  /** One that is not handled yet. */
  find(key: string): Delivery | null
  /** Whether a delivery of this meaning has ever been stored. */
  has(key: string): boolean
  handled(key: string, now: number): void
}

/** What the limits said to a delivery's commands: they are obeyed, refused with a comment, or refused with a reaction alone. */
export type Admission = 'within' | 'told' | 'quiet'

/** Each is given once: a delivery that is taken up again counts no second time, and hears the same. */
export interface Admissions {
  find(delivery: string): Admission | null
  give(delivery: string, admission: Exclude<Admission, 'told'>): void
  /** Whether this person has been told in this repository lately. */
  isTold(repository: number, person: number, now: number): boolean
  /** From now on they have been, until then. The answer is stored with that; null: nobody to talk to. */
  tell(delivery: string, person: { readonly repository: number; readonly id: number; readonly until: number }, answer: Answer | null): Admission
}

/** Where a missed delivery goes: into the inbox of its repository, which may be somewhere else. Its key begins with the repository's id. */
export interface MissedInbox {
  store(deliveries: readonly Delivery[]): Awaitable<readonly boolean[]>
  has(key: string): Awaitable<boolean>
}

/** Up to when GitHub's list of deliveries has been looked through for missed ones (milliseconds). */
export interface CaughtUp {
  /** Null where nobody ever did: a new database. */
  until(): Awaitable<number | null>
  isUntil(time: number): Awaitable<void>
}

/** What each installation has spent of GitHub's limits, so that a restart does not begin anew; kept per account, bounded by an hour. */
export interface SpentTokens {
  /** False where a token of this id has been spent before; it is remembered until it is over anyhow (milliseconds since 1970). */
  spend(id: string, until: number, now: number): boolean
}

export interface Spendings {
  /** What it has created on GitHub since then (milliseconds), oldest first. */
  spent(installation: number, since: number): readonly { readonly at: number; readonly creates: number }[]
  /** Notes so many creations; what any installation did before `forgets` is of no use any more. */
  spend(installation: number, at: number, creates: number, forgets: number): void
  /** Until when GitHub wants no calls; 0 where it never said so. */
  blockedUntil(installation: number): number
  block(installation: number, until: number): void
}

/** A short answer that is no deployment (help, status, "did you mean"): said once. */
export interface Answer {
  readonly key: string
  readonly repository: Repository
  readonly subject: { readonly number: number; readonly node: string }
  readonly markdown: string
  readonly createdAt: number
}

/** A pull request's head, on which a check run says what it makes of the configuration. What it says is asked when it is said. */
export interface HeadCheck {
  readonly key: string
  readonly repository: Repository
  readonly pull: number
  /** A commit. */
  readonly head: string
  /** Which file is looked at, where it is not the repository's own. */
  readonly file?: ConfigurationFile
  readonly createdAt: number
}

/** What has been said on GitHub about one deployment, answer or head: ids and hashes, so that a projection can be brought up to date and repeated. */
export interface Announcement {
  /** The deployment's id, or the key of the answer or head. */
  readonly key: string
  readonly comment: Said
  readonly check: Said
  readonly deployment: Said
}

export interface Said {
  /** GitHub's node id, once it exists. */
  readonly node: string | null
  /** GitHub's number, for REST. */
  readonly number: number | null
  /** Hash of what GitHub is known to show; null when nothing is known. */
  readonly hash: string | null
  /** Hash of what was being written when the last intent was recorded; differs from `hash` after a crash or a lost answer. */
  readonly intent: string | null
  /** When that was; null where there is no intent. */
  readonly intendedAt: number | null
  /** GitHub refused for good (comment deleted, issue gone): leave it. */
  readonly isGone: boolean
}

export type Surface = 'comment' | 'check' | 'deployment'

export interface Announcements {
  /** Stores what is to be said that is no deployment; nothing happens where its key is known. */
  answer(answer: Answer | HeadCheck): void
  findAnswer(key: string): Answer | HeadCheck | null
  find(key: string): Announcement
  /** Before the call: what is about to be written. */
  intend(key: string, writes: ReadonlyMap<Surface, string>, now: number): void
  /** After the call: what GitHub answered; an id that is null leaves the known one. */
  said(key: string, surface: Surface, said: { readonly node: string | null; readonly number: number | null; readonly hash: string }): void
  gone(key: string, surface: Surface): void
  /** Comments that still stand, of earlier deployments on the same issue for the same environment, whose last word has been said. */
  older(key: string): readonly { readonly key: string; readonly node: string }[]
  /** This key shows its final state everywhere: it need not be looked at again at start-up. */
  complete(key: string): void
  /** Deployments and answers whose last word has not been said: what start-up takes up. */
  incomplete(): readonly string[]
}
