import type { Awaitable } from './awaitable.ts'
import type { Deployment, Repository } from './deployment.ts'
import type { Service } from './service.ts'

/** What is recorded of one environment. The configuration may not declare it any more; what runs there now only the target knows. */
export interface EnvironmentRecord {
  /** `environmentKey` */
  readonly key: string
  readonly repository: number
  readonly app: string
  readonly environment: string
  /** The newest of all. */
  readonly newest: Deployment
  /** The last one that succeeded, by whose turn it was. */
  readonly last: Deployment | null
  readonly occupant: Deployment | null
  /** In order of arrival. */
  readonly queue: readonly Deployment[]
  /** For something else than its turn, newest first. */
  readonly waiting: readonly Deployment[]
  /** Who holds it now, and whether something runs there that nobody deployed. */
  readonly held: ReturnType<Service['held']>
}

/** Which repository, and at whose account it is looked for. */
export type Placed = Pick<Repository, 'id' | 'account'>

/**
 * What is recorded, without a word with GitHub or a target: however much it is, a look costs the same. A request that the gates refused
 * when it came has never had an environment and is found in the history alone. Each repository's are kept where it is, which may be
 * somewhere else.
 */
export interface Overview {
  /** The ids of those of these repositories in which anything was ever deployed, the one with the newest deployment first. */
  active(repositories: readonly Placed[]): Awaitable<readonly number[]>
  /** The environments that deployments of the repository have had: the hundred with the newest ones, newest first. */
  environments(repository: number): Awaitable<readonly EnvironmentRecord[]>
  /** Everything of these repositories that waits for an approval, whatever else it waits for, oldest first: at most so many. */
  awaiting(repositories: readonly Placed[], limit: number): Awaitable<readonly Deployment[]>
}
