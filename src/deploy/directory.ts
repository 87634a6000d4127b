import type { Secret } from '../secret.ts'
import type { Person, Repository, Subject } from './deployment.ts'
import type { Party, Role } from './environment.ts'

/** Who somebody is, and what there is on GitHub, as it says now. Everything throws a `Failure` with a GITHUB_… code where it cannot be asked. */
export interface Directory {
  /** Whose token this is, where it was given to our own App; null for every other text. */
  identify(token: Secret): Promise<Person | null>
  /** One on which the App is installed; null for every other one. */
  repository(owner: string, name: string): Promise<Repository | null>
  /** What a person may do there; `none` where they may not even see it. */
  role(person: Person, repository: Repository): Promise<Role>
  /** One with the App on it, by its login; null for every other one. */
  account(login: string): Promise<Account | null>
  /** Its owners administer an account, and whom `administrators` names: people, and teams of the account itself. */
  standing(person: Person, account: Account, administrators: readonly Party[]): Promise<Standing>
  /** An issue or a pull request; null where there is none of that number. */
  thread(repository: Repository, number: number): Promise<Subject | null>
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
