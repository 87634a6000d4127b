import type { Problem } from '../errors.ts'
import type { EnvironmentRules } from './environment.ts'
import type { Plan } from './plan.ts'

/** The named states of a deployment (docs/architecture.md draws them). `restoring`: after a failure the former image is put back. */
export type State = 'requested' | 'gating' | 'resolving' | 'verifying' | 'waiting' | 'queued' | 'applying' | 'observing' | 'restoring' | EndState
export type EndState = 'success' | 'refused' | 'failure' | 'cancelled' | 'superseded' | 'unknown'

const ENDED: ReadonlySet<State> = new Set<EndState>(['success', 'refused', 'failure', 'cancelled', 'superseded', 'unknown'])
export const hasEnded = (state: State): state is EndState => ENDED.has(state)

export interface Person {
  readonly id: number
  readonly login: string
}

export interface Actor extends Person {
  /** The App that wrote the comment with a token of its own, by the signed body; null for a person. */
  readonly app: { readonly id: number; readonly slug: string } | null
  /** A program that called the API with a token of its own; left out for everybody else. `id` and `login` are then of whoever started or made it. */
  readonly program?: Program
}

/** What the rules may name besides people and Apps. */
export type Program =
  /** A run of GitHub Actions in the repository itself. `environment`: the one of GitHub's that its job runs in. */
  | {
      readonly kind: 'workflow'
      readonly file: string
      readonly ref: string
      readonly environment: string | null
      readonly run: number
      /** From 1 on. Who runs it again is told to nobody: its actor is still whoever began it. */
      readonly attempt: number
    }
  /** An API token of the repository's account. `environments`: patterns for `matches`. */
  | { readonly kind: 'token'; readonly id: string; readonly name: string; readonly environments: readonly string[] }

/** Somebody with a role. Apps and programs have none: what they may do is said by the rules that name them. */
export const isPerson = ({ app, program }: Actor): boolean => app === null && program === undefined

/** As it is said of them. */
export const personIn = (actor: Actor): Person => ({ id: actor.id, login: actor.program === undefined ? actor.login : actorName(actor) })

/** `the App robot`, `the workflow release.yml on refs/heads/main`, `the token ci`; a person by their login. */
export function actorName({ login, app, program }: Actor): string {
  if (program?.kind === 'workflow') return `the workflow ${program.file} on ${program.ref}`
  if (program?.kind === 'token') return `the token ${program.name}`
  return app === null ? login : `the App ${app.slug}`
}

export interface Repository {
  readonly id: number
  /** GitHub's global node id. */
  readonly node: string
  readonly owner: string
  readonly name: string
  /** GitHub's id of the owner; records of older versions do not have it. */
  readonly account?: number
  /** The account's installation of the App, whose rights GitHub is asked with. */
  readonly installation: number
}

/** The issue or pull request on which somebody asked. */
export interface Subject {
  readonly number: number
  /** GitHub's global node id. */
  readonly node: string
  readonly isPull: boolean
}

/** What a command, a label or an event asks for, as it was said. */
export interface Asks {
  readonly app: string | null
  readonly environment: string | null
  /** `:tag`, `@digest` or `host/name:tag`, as typed. */
  readonly image: string | null
  /** A branch or tag of the repository. */
  readonly ref: string | null
  /** Where the plan comes from, when not from the configuration and these words. */
  readonly origin: Origin | null
  /** A whole commit, a whole digest, or a plan that was shown (`expectedPlan`): nothing else is deployed. */
  readonly expect: string | null
  /** Checks that still run are waited for. */
  readonly whenGreen: boolean
  /** Why an administrator wants the rules set aside that may be (`Gate.skippedBy`). */
  readonly override: string | null
  /** Not superseded by what succeeds meanwhile. */
  readonly allowOlder: boolean
  /** As typed. */
  readonly parameters: { readonly [name: string]: string }
}

/** Another deployment's plan: an older one of this environment, what runs in another, or a failed one's once more. Ids as typed. */
export type Origin =
  | { readonly kind: 'rollback'; readonly to: string | null }
  | { readonly kind: 'promote'; readonly from: string }
  | { readonly kind: 'retry'; readonly of: string | null }

export const NOTHING_ASKED: Asks = {
  app: null,
  environment: null,
  image: null,
  ref: null,
  origin: null,
  expect: null,
  whenGreen: false,
  override: null,
  allowOlder: false,
  parameters: {},
}

/** By somebody, who is judged: a person, or a program. `button`: one on a check run, "Re-run" among them; `page`: of our own web pages. */
const BY_SOMEBODY = ['comment', 'label', 'button', 'page', 'api'] as const

/** How a request came: from somebody, begun by itself because the configuration says so (`auto`), or to undo what a late request did (`watch`). */
export const DOORS = [...BY_SOMEBODY, 'push', 'checks', 'package', 'watch'] as const
export type Door = (typeof DOORS)[number]

const JUDGED: ReadonlySet<Door> = new Set(BY_SOMEBODY)

/** Nobody is judged as the actor of these: the configuration itself allows them. */
export const isAutomatic = (door: Door): boolean => !JUDGED.has(door)

/** Who asked for what, where: everything is from the signed body, nothing has been looked up. */
export interface DeployRequest {
  /** What the signed body means; the same key is the same deployment, once. */
  readonly key: string
  readonly door: Door
  readonly repository: Repository
  /** Null where nobody asked on a thread (`auto`). */
  readonly subject: Subject | null
  /** Of an automatic one: who pushed. */
  readonly actor: Actor
  readonly comment: { readonly id: number; readonly node: string; readonly body: string; readonly url: string } | null
  /** The commit inside the signed body (labels on pull requests and pushes have it, comments do not). */
  readonly headSeen: string | null
  readonly asks: Asks
  /** By GitHub's clock, in whole seconds, where the body says it: what came later its author cannot have meant. Milliseconds. */
  readonly askedAt: number
  /** For one that was missed: when it was asked. */
  readonly receivedAt: number
  /** By what the signed body says of whoever asked: limits count them apart. It is no right, and tells of none. */
  readonly isOutsider?: true
  /** GitHub could not deliver it, and it was fetched back later: it never overtakes what was asked after it. */
  readonly wasMissed?: true
}

export type StepName = 'gates' | 'resolve' | 'verify' | 'wait' | 'queue' | 'apply' | 'observe' | 'restore'

/** A step is written with `startedAt` before its effect and closed after it: an open one is an intent. */
export interface Step {
  readonly name: StepName
  readonly startedAt: number
  readonly endedAt: number | null
  readonly outcome: 'running' | 'done' | 'failed'
  /** A few words for people: the digest found, the place in the queue. */
  readonly note: string | null
}

/** What a deployment that is `waiting` waits for. */
export type WaitReason = 'approval' | 'checks' | 'image' | 'freeze' | 'soak'

export interface Wait {
  readonly reason: WaitReason
  /** One plain sentence: "2 checks still run." */
  readonly sentence: string
  /** It is given up then (milliseconds). */
  readonly until: number
  /** When looking again may help, though nobody has told us anything. */
  readonly lookAt: number
}

/** What one gate said, in the order of the gates. */
export interface Verdict {
  readonly gate: string
  readonly outcome: 'passed' | 'waits' | 'refused' | 'skipped'
  readonly sentence: string
}

/** A second person's word on a waiting deployment, about exactly one plan. */
export interface Approval {
  readonly deployment: string
  readonly planHash: string
  readonly by: Person
  readonly isApproval: boolean
  readonly reason: string | null
  /** When it was said (`DeployRequest.askedAt`): the last word of each person counts. */
  readonly at: number
}

/** Somebody's wish that it stops. */
export interface Cancellation {
  /** Of the request that wished it. */
  readonly key: string
  readonly by: Person
  readonly at: number
}

/** An environment that is held; `environment` is `*` where all of the repository's are. */
export interface Lock {
  /** Tells this lock from any before and after it. */
  readonly id: number
  readonly repository: Repository
  readonly environment: string
  /** Null: Gantry itself, after an automatic rollback. */
  readonly owner: Person | null
  readonly reason: string
  readonly since: number
  /** When it was asked for (`DeployRequest.askedAt`): what was said before that does not mean this lock. */
  readonly askedAt: number
  readonly until: number | null
  /** The thread it was taken on: closing that gives it up. */
  readonly subject: Subject | null
  /** The comment that took it. */
  readonly url: string | null
  /** Whom it was taken over from. */
  readonly former?: Person
}

/** The journalled record that takes one plan through named states. Nothing else has a life cycle. */
export interface Deployment {
  /** Unguessable; its first part is the repository's id, so that whoever holds the id finds the repository's record. */
  readonly id: string
  /** Order of arrival in the repository. */
  readonly sequence: number
  readonly request: DeployRequest
  readonly state: State
  /** `environmentKey`, once the gates know which; null before, and for refusals that never found out. */
  readonly environment: string | null
  readonly plan: Plan | null
  /** Of the plan once its digests are known; null before. */
  readonly planHash: string | null
  /** Rises with every claim of the environment; null until claimed. */
  readonly fence: number | null
  /** The rules that were in force when the gates first let it pass; null before. */
  readonly rules: EnvironmentRules | null
  /** What it waits for in state `waiting`; null otherwise. */
  readonly wait: Wait | null
  /** What the gates said the last time that all of them were asked. */
  readonly verdicts: readonly Verdict[]
  /** Which commit each of its images says it was built from, by the artifact's name; null where one says nothing. */
  readonly built: { readonly [artifact: string]: string | null }
  /** Which commit a signed attestation proves for each, where the rules ask for one. */
  readonly proved: { readonly [artifact: string]: string }
  readonly approvals: readonly Approval[]
  /** Null where nobody wants it stopped. */
  readonly cancellation: Cancellation | null
  readonly steps: readonly Step[]
  /** At most 200 lines, masked. */
  readonly log: readonly string[]
  readonly problem: Problem | null
  /** Said beside a success: nothing had to change. */
  readonly alreadyRunning: boolean
  /** A stranger's request: answered by a reaction alone, never by a comment. */
  readonly isQuiet: boolean
  readonly createdAt: number
  readonly endedAt: number | null
}
