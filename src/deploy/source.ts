import type { DeployRequest } from './deployment.ts'
import type { Role } from './environment.ts'

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
    readonly branch: string
    readonly head: string
    /** When the head became this commit, by GitHub's clock (milliseconds); null where nothing proves it. */
    readonly headSince: number | null
  } | null
  /** The commit that `--ref` names, or the default branch's head on a plain issue; null where the ref does not exist. */
  readonly ref: { readonly name: string; readonly commit: string } | null
  /** `.github/deploy.yml` on the default branch; null where there is none. */
  readonly configuration: { readonly blob: string; readonly text: string } | null
}

/** The one question the engine asks about people and commits: asked when a request arrives, and again before its effect. */
export interface Source {
  /**
   * Throws a `Failure` with a GITHUB_… or PERMISSION_UNREADABLE code: what cannot be read is never assumed. Where the commit is
   * settled, `headSince` is not asked for, which saves a call.
   */
  look(request: DeployRequest, commit?: 'settled'): Promise<Facts>
}

/**
 * Somebody without standing: on a public repository anybody has the role read, and a comment for each of them would let
 * strangers make the bot talk. They get a reaction.
 */
export const isStranger = ({ actor }: DeployRequest, facts: Facts): boolean =>
  !facts.repository.isPrivate && (facts.actor.id !== actor.id || facts.actor.role === 'none' || facts.actor.role === 'read')
