import type { Digest } from '../../src/registry/reference.ts'
import { DockerEngineSimulator, type PullAnswer, type PullAuth, type SimulatedBehaviour } from './docker-engine-simulator.ts'
import type { OciRegistry } from './oci-registry.ts'

/** The world's Docker engine: pulls from the world's registry, and what an image does once it runs is a fact of the story. */
export class StoryEngine {
  readonly simulator: DockerEngineSimulator
  readonly #behaviours = new Map<string, SimulatedBehaviour>()
  readonly #registry: OciRegistry
  readonly #password: () => string

  constructor(registry: OciRegistry, password: () => string) {
    this.#registry = registry
    this.#password = password
    this.simulator = new DockerEngineSimulator((repository, digest, auth) => this.#pull(repository, digest, auth))
  }

  get fetch(): typeof globalThis.fetch {
    return this.simulator.fetch
  }

  /** Containers of this image never become healthy, or stop, or take long. */
  finds(digest: Digest, behaviour: SimulatedBehaviour): void {
    this.#behaviours.set(digest, behaviour)
  }

  /** The digest that runs as this container; null where nothing does. */
  runs(container: string): Digest | null {
    return this.#running(container)?.image.digest ?? null
  }

  /** Changes with every container that takes its place. */
  identity(container: string): string | null {
    return this.#running(container)?.id ?? null
  }

  #running(container: string) {
    const running = [...this.simulator.containers.values()].filter(
      ({ labels, state }) => labels['gantry.workload'] === container && state === 'running',
    )
    if (running.length > 1) throw new Error(`${container} runs ${running.length} times`)
    return running[0]
  }

  #pull(repository: string, digest: string, auth: PullAuth | null): PullAnswer {
    if (auth?.password !== this.#password()) return { status: 500, message: 'unauthorized: authentication required' }
    const name = repository.slice(repository.indexOf('/') + 1)
    if (!this.#registry.hasDigest(name, digest)) return { status: 404, message: `manifest for ${repository}@${digest} not found` }
    return { repository, digest: digest as Digest, version: digest.slice(7, 19), behaviour: this.#behaviours.get(digest) ?? 'healthy' }
  }
}
