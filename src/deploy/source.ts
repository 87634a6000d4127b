import { isPerson, type DeployRequest } from './deployment.ts'
import type { Party, Role } from './environment.ts'

/** A person or an App as a rule may mean it. */
export interface Somebody {
  readonly id: number
  readonly login: string
}

/** The newest result that one reporter gave under one name. Our own check runs are never among them. */
export interface CheckResult {
  readonly name: string
  /** The slug of the App that reported it; null for a commit status, which anybody with write access can set. */
  readonly app: string | null
  readonly outcome: 'success' | 'pending' | 'failure'
  /** As GitHub has it, for people: `IN_PROGRESS`, `TIMED_OUT`. */
  readonly state: string
}

/** Somebody's last word on the pull request. */
export interface Review {
  readonly author: Somebody
  readonly isApproval: boolean
  /** The commit that was looked at. */
  readonly commit: string
  /** An App's, or of somebody without write access: counts for nothing. */
  readonly counts: boolean
}

/** What GitHub says at one moment about a request; `bot/` gathers it, the gates judge it. */
export interface Facts {
  readonly actor: {
    /** The id that the login belongs to now; null when nobody has that login any more. */
    readonly id: number | null
    readonly login: string
    readonly role: Role
  }
  readonly repository: { readonly isPrivate: boolean; readonly defaultBranch: string }
  /** `none` where the request came without a comment. */
  readonly comment: 'none' | 'unchanged' | 'edited' | 'deleted'
  /** The pull request as it is now; null on a plain issue. */
  readonly pull: {
    readonly state: 'open' | 'closed' | 'merged'
    readonly isFork: boolean
    readonly isDraft: boolean
    readonly branch: string
    readonly base: string
    readonly head: string
    /** When the head became this commit, by GitHub's clock (milliseconds); null where nothing proves it. */
    readonly headSince: number | null
    /** Who pushed it there; null where nothing tells. */
    readonly pusher: Somebody | null
    readonly author: Somebody | null
    readonly merge: 'clean' | 'conflicting' | 'unknown'
    /** Commits of the base branch that the head lacks; null where it cannot be told. */
    readonly behind: number | null
    /** One per author: the last that says yes or no. Null where they cannot be read. */
    readonly reviews: readonly Review[] | null
  } | null
  /** The commit that `--ref` names, or the default branch's head on a plain issue; null where the ref does not exist. */
  readonly ref: {
    readonly name: string
    readonly commit: string
    /** When a branch's head became this commit, by GitHub's clock (milliseconds); null where nothing tells. Left out for anything but a branch. */
    readonly since?: number | null
    /** A commit that was named whole and is in the history of the pull request alone, which may be a fork's. */
    readonly isOfPull?: true
  } | null
  /** Of the commit that is judged (the plan's, the ref's, or the pull request's head); null where GitHub does not know it. */
  readonly commit: {
    readonly sha: string
    readonly tree: string
    readonly isSigned: boolean
    /** Null where they cannot be read: what cannot be read is never green. */
    readonly checks: readonly CheckResult[] | null
  } | null
  /** The tree of each commit that was asked about besides (`Look.built`), where this repository has it. */
  readonly trees: ReadonlyMap<string, string>
  /** Of the parties that were asked about, by `partyName`: the ids of those of `Look.people` (and the actor) who belong to it. */
  readonly members: ReadonlyMap<string, readonly number[]>
  /** The role now of each of `Look.people`, by id. */
  readonly roles: ReadonlyMap<number, Role>
  /** `.github/deploy.yml` on the default branch; null where there is none. */
  readonly configuration: { readonly blob: string; readonly text: string } | null
  /** `.github/deploy-defaults.yml` of the account's repository `.github`; null where there is none, or the App is not installed there. */
  readonly account: { readonly blob: string; readonly text: string } | null
}

/** What is asked besides; everything that can be is asked at once. */
export interface Look {
  /**
   * The commit that was settled before: its checks are read, and `headSince` is not asked for, which saves a call. Null: no commit
   * matters, only people and the configuration.
   */
  readonly commit?: string | null
  /** Commits whose trees are compared with the judged one's: an image's commit, before a squash. */
  readonly built?: readonly string[]
  /** Teams whose members are asked for. The source remembers those of the last look for each repository and asks for them unasked. */
  readonly parties?: readonly Party[]
  /** Whose role and membership besides the actor's: who approved. */
  readonly people?: readonly Somebody[]
}

/** The one question the engine asks about people and commits: asked when a request arrives, and again before its effect. */
export interface Source {
  /**
   * Throws a `Failure` with a GITHUB_… or PERMISSION_UNREADABLE code: what cannot be read is never assumed. HEAD_UNSETTLED
   * where GitHub's own sources disagree about the head (its list of pushes lags, or its API does): asking again soon may help.
   */
  look(request: DeployRequest, besides?: Look): Promise<Facts>
}

/**
 * Somebody without standing: on a public repository anybody has the role read, and a comment for each of them would let
 * strangers make the bot talk. They get a reaction, and so does every App that no rule has named yet: two bots that answer each other
 * would never end.
 */
export const isStranger = ({ actor }: DeployRequest, facts: Facts): boolean =>
  !isPerson(actor) || (!facts.repository.isPrivate && (facts.actor.id !== actor.id || facts.actor.role === 'none' || facts.actor.role === 'read'))
