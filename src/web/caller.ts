import type { Action } from '../deploy/api-token.ts'
import type { Actor, Repository } from '../deploy/deployment.ts'
import type { Secret } from '../secret.ts'

/** Who calls the API: how they proved it is over once there is one. */
export interface Caller {
  /** Tells this caller from every other, for good: an `Idempotency-Key` is its own. `[0-9A-Za-z./_-]` */
  readonly key: string
  /** What limits count by: all the workflows of a repository are one, because their files cost nothing to make. */
  readonly countedBy: string
  /** In whose name everything is that they ask for. */
  readonly actor: Actor
  readonly actions: readonly Action[]
  /** Whether they may know of the repository: as it was up to a minute ago. */
  sees(repository: Repository): boolean | Promise<boolean>
  /**
   * Whether they may no more than read there, as it was up to a minute ago: what they ask for counts apart from what its people do.
   * Programs have none: they see only where they belong.
   */
  isStranger?(repository: Repository): Promise<boolean>
  /** Of a workflow: the one repository that it may know of, as `owner/name` when its token was signed. GitHub is asked about no other. */
  readonly home?: string
  /** Of somebody who has signed in: one that they were seen to see then. Nobody has to be asked which one its name means. */
  knows?(owner: string, name: string): Repository | null
  /** Of an API token that was made for that: the account whose credentials and targets it may keep. */
  readonly configures?: number
  /**
   * Of a token that is good for one change: it is one from now on. Called before anything is done, and after what comes is within the
   * limits: it is written down. Throws AUTHENTICATION_REQUIRED where it has been one before.
   */
  spend?(): void
  /** The branch or tag and the commit that a workflow runs for: meant where its request names none. */
  readonly runsFor?: { readonly ref: string; readonly commit: string }
}

/** One way to prove who calls. */
export interface Proof {
  /** Which tokens are of this kind, by their form alone. */
  readonly form: RegExp
  /**
   * `address`: where the request comes from, null where nobody knows. Throws AUTHENTICATION_REQUIRED, TOO_MANY_REQUESTS where there were
   * too many guesses, or a `Failure` where nobody can be asked.
   */
  identify(token: Secret, address: string | null): Promise<Caller>
}
