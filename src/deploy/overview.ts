import type { Deployment } from './deployment.ts'

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
}

/**
 * What is recorded, without a word with GitHub or a target: however much it is, a look costs the same. A request that the gates refused
 * when it came has never had an environment and is found in the history alone.
 */
export interface Overview {
  /** Of these repositories those in which anything was ever deployed, the one with the newest deployment first. */
  active(repositories: readonly number[]): readonly number[]
  /** The environments that deployments of the repository have had: the hundred with the newest ones, newest first. */
  environments(repository: number): readonly EnvironmentRecord[]
  /** Everything of these repositories that waits for an approval, whatever else it waits for, oldest first: at most so many. */
  awaiting(repositories: readonly number[], limit: number): readonly Deployment[]
}
