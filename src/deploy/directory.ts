import type { Secret } from '../secret.ts'
import type { Person, Repository, Subject } from './deployment.ts'
import type { Role } from './environment.ts'

/** Who somebody is, and what there is on GitHub, as it says now. Everything throws a `Failure` with a GITHUB_… code where it cannot be asked. */
export interface Directory {
  /** Whose token this is, where it was given to our own App; null for every other text. */
  identify(token: Secret): Promise<Person | null>
  /** One on which the App is installed; null for every other one. */
  repository(owner: string, name: string): Promise<Repository | null>
  /** What a person may do there; `none` where they may not even see it. */
  role(person: Person, repository: Repository): Promise<Role>
  /** An issue or a pull request; null where there is none of that number. */
  thread(repository: Repository, number: number): Promise<Subject | null>
}
