import type { Problem } from '../errors.ts'
import type { Plan } from './plan.ts'

/** The named states of a deployment (docs/architecture.md draws them). */
export type State = 'requested' | 'gating' | 'resolving' | 'verifying' | 'queued' | 'applying' | 'observing' | EndState
export type EndState = 'success' | 'refused' | 'failure' | 'superseded' | 'unknown'

const ENDED: ReadonlySet<State> = new Set<EndState>(['success', 'refused', 'failure', 'superseded', 'unknown'])
export const hasEnded = (state: State): state is EndState => ENDED.has(state)

export interface Person {
  readonly id: number
  readonly login: string
}

export interface Repository {
  readonly id: number
  /** GitHub's global node id. */
  readonly node: string
  readonly owner: string
  readonly name: string
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

/** Who asked for what, where: everything is from the signed body, nothing has been looked up. */
export interface DeployRequest {
  /** What the signed body means; the same key is the same deployment, once. */
  readonly key: string
  readonly door: 'comment' | 'label'
  readonly repository: Repository
  readonly subject: Subject
  readonly actor: Person
  readonly comment: { readonly id: number; readonly node: string; readonly body: string; readonly url: string; readonly createdAt: number } | null
  /** The head commit inside the signed body (labels on pull requests have it, comments do not). */
  readonly headSeen: string | null
  readonly asks: {
    readonly app: string | null
    readonly environment: string | null
    /** `:tag`, `@digest` or `host/name:tag`, as typed. */
    readonly image: string | null
    /** A branch or tag of the repository. */
    readonly ref: string | null
  }
  /** For one that was missed: when it was asked. */
  readonly receivedAt: number
  /** GitHub could not deliver it, and it was fetched back later: it never overtakes what was asked after it. */
  readonly wasMissed?: true
}

export type StepName = 'gates' | 'resolve' | 'verify' | 'queue' | 'apply' | 'observe'

/** A step is written with `startedAt` before its effect and closed after it: an open one is an intent. */
export interface Step {
  readonly name: StepName
  readonly startedAt: number
  readonly endedAt: number | null
  readonly outcome: 'running' | 'done' | 'failed'
  /** A few words for people: the digest found, the place in the queue. */
  readonly note: string | null
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
  /** Rises with every claim of the environment; null until claimed. */
  readonly fence: number | null
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
