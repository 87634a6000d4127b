import type { Deployment, DeployRequest, Person, Repository } from './deployment.ts'
import type { Configuration } from './environment.ts'
import type { Facts } from './source.ts'
import type { Observation } from './target.ts'
import type { Problem } from '../errors.ts'

export interface EnvironmentStatus {
  readonly app: string
  readonly environment: string
  readonly url: string | null
  /** What the target says now; the problem where it cannot be asked. */
  readonly observed: readonly Observation[] | { readonly problem: Problem }
  /** The last deployment that succeeded here. */
  readonly last: Deployment | null
  readonly occupant: Deployment | null
  readonly queue: readonly Deployment[]
}

/** The one service behind every door. */
export interface Service {
  /** Writes the request down and starts it; the same key is the same deployment, once. */
  deploy(request: DeployRequest): Deployment
  find(id: string): Deployment | null
  /** Reads the configuration in `facts` and asks the targets what runs. Settles an `unknown` outcome where the target could be observed. */
  status(repository: Repository, facts: Facts, environment: string | null): Promise<readonly EnvironmentStatus[] | { readonly problem: Problem }>
  /** The configuration that `facts` hold, parsed; for help and "did you mean". */
  configuration(repository: Repository, facts: Facts): { readonly configuration: Configuration } | { readonly problem: Problem }
  /** Called after every change of a deployment, once it is on disk. */
  onChange(listener: (deployment: Deployment) => void): void
  /** At start: takes every open deployment up at its last step. */
  recover(): void
  /** Resolves when nothing is running that could still change something. */
  idle(): Promise<void>
}

export type { Person }
