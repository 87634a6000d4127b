import type { Secret } from '../secret.ts'
import type { Person, Repository, Subject } from './deployment.ts'
import type { Party, Role } from './environment.ts'

/** Who somebody is, and what there is on GitHub, as it says now. Everything throws a `Failure` with a GITHUB_… code where it cannot be asked. */
export interface Directory {
  /** Whose token this is, where it was given to our own App; null for every other text. */
  identify(token: Secret): Promise<Person | null>
  /**
   * GitHub's page on which people let the App know who they are: it sends the browser to `redirect` with a code and the state, or with an
   * error and the state. `challenge`: S256 of a verifier (RFC 7636).
   */
  signInPage(wish: { readonly state: string; readonly challenge: string; readonly redirect: string }): string
  /**
   * Who came back with that code; null where GitHub does not take it: it is over, was used before, or belongs to another verifier or
   * `redirect`. A code can be tried once. **Nothing keeps the person's token**: it is given back to GitHub before this ends, however it
   * ends, and is in no answer, no `Failure` and no log.
   */
  signIn(came: { readonly code: string; readonly verifier: string; readonly redirect: string }): Promise<SignedIn | null>
  /** One on which the App is installed; null for every other one. */
  repository(owner: string, name: string): Promise<Repository | null>
  /** Whether what becomes of a repository is written down by this Gantry, and not by another of the same installation; left out where that cannot be. */
  isHere?(repository: Repository): boolean
  /** What a person may do there; `none` where they may not even see it. */
  role(person: Person, repository: Repository): Promise<Role>
  /** One with the App on it, by its login; null for every other one. */
  account(login: string): Promise<Account | null>
  /** Its owners administer an account, and whom `administrators` names: people, and teams of the account itself. */
  standing(person: Person, account: Account, administrators: readonly Party[]): Promise<Standing>
  /** An issue or a pull request; null where there is none of that number. */
  thread(repository: Repository, number: number): Promise<Subject | null>
  /** What `to` has and `from` has not; null where GitHub does not know one of the two, or they have nothing in common. */
  commits(repository: Repository, from: string, to: string): Promise<Commits | null>
}

/** Somebody, and what both they and the App may see at this moment: at most 100 accounts and 1,000 repositories. */
export interface SignedIn {
  readonly person: Person
  readonly accounts: readonly Account[]
  readonly repositories: readonly Repository[]
}

export interface Commits {
  /** How `to` stands to `from`. Behind it, it has nothing that `from` has not: what it lacks is asked for the other way round. */
  readonly status: 'ahead' | 'behind' | 'diverged' | 'identical'
  readonly total: number
  /**
   * Newest first, at most 20. `title`: the message's first line, in its author's words. `author`: the login of the account that the commit's
   * address belongs to, which nothing proves. `at`: milliseconds, by the clock of whoever committed; 0 where that is no time.
   */
  readonly commits: readonly { readonly sha: string; readonly title: string; readonly author: string | null; readonly at: number }[]
}

/** An organisation or a person with the App on it. */
export interface Account {
  readonly id: number
  readonly login: string
  readonly isOrganization: boolean
  readonly installation: number
}

/** What somebody is to an account: `member` of an organisation that they do not administer. */
export type Standing = 'administrator' | 'member' | 'stranger'
