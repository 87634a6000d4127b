import type { Awaitable } from './awaitable.ts'
import type { Person, Repository } from './deployment.ts'
import type { Account } from './directory.ts'

/** Somebody who has signed in with GitHub, and what they could see then. What they may do is asked of GitHub whenever they do it. */
export interface Session {
  readonly person: Person
  readonly accounts: readonly Account[]
  /** At most `MOST_REPOSITORIES` of them. */
  readonly repositories: readonly Repository[]
  /** Every form of the session carries this: what another site sends in somebody's name does not. */
  readonly formToken: string
  /** Milliseconds since 1970, as `until`: it ends then, whatever is done with it. */
  readonly since: number
  readonly until: number
}

/** Kept where the person's account is, which may be somewhere else. */
export interface Sessions {
  /**
   * What the cookie holds: `<person id, base 36>.<at least 256 random bits>`; of it only a hash is kept. It begins with the person,
   * because whoever looks for the session has to know first where it is kept. A person has at most 20; the oldest gives way.
   */
  begin(session: Omit<Session, 'formToken' | 'since' | 'until'>, now: number): Awaitable<string>
  /** Null for every text that is no cookie of a session now, for whatever reason. */
  find(cookie: string, now: number): Awaitable<Session | null>
  /** Nothing happens where there is none. */
  end(cookie: string): Awaitable<void>
  /** All of a person's. */
  endAll(person: number): Awaitable<void>
}

/** Whoever sees more finds the others by their names. */
export const MOST_REPOSITORIES = 1_000
