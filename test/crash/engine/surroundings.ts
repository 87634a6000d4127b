import { Failure } from '../../../src/errors.ts'
import type { Actor, DeployRequest } from '../../../src/deploy/deployment.ts'
import type { Configuration, Role } from '../../../src/deploy/environment.ts'
import type { Images } from '../../../src/deploy/images.ts'
import type { Facts, Look, Source } from '../../../src/deploy/source.ts'
import type { Digest } from '../../../src/registry/reference.ts'
import { HEAD, configuration, digestOf, facts, imageRule, pull, rules } from '../../unit/deploy/situation.ts'
import type { Crossings } from '../../world/crossings.ts'
import type { Network } from './network.ts'
import type { Environment, Scenario, Who } from './scenario.ts'
import type { Health } from './target.ts'
import type { Timeline } from './timeline.ts'

export const PEOPLE: { readonly [who in Who]: Actor } = {
  ada: { id: 1, login: 'ada', app: null },
  grace: { id: 2, login: 'grace', app: null },
  linus: { id: 3, login: 'linus', app: null },
  mallory: { id: 4, login: 'mallory', app: null },
}
export const ENVIRONMENTS: readonly Environment[] = ['staging', 'production']
const IMAGE_WAIT = 300_000

/** GitHub and the registry, as far as the engine asks them. */
export class Surroundings {
  readonly configuration: Configuration
  readonly roles = new Map<number, Role>([
    [1, 'write'],
    [2, 'maintain'],
    [3, 'write'],
    [4, 'read'],
  ])
  /** Ids of comments, and when they were. */
  readonly edited = new Map<number, number>()
  /** Since when somebody may not deploy any more. */
  readonly demoted = new Map<number, number>()
  readonly #timeline: Timeline
  readonly #health = new Map<Digest, Health>()
  readonly #tags = new Map<string, Digest>()
  #head = HEAD
  #headSince: number
  #pushes = 0
  #builds = 0

  constructor(scenario: Scenario, timeline: Timeline) {
    this.#timeline = timeline
    this.#headSince = timeline.now - 60_000
    this.configuration = configuration(
      ENVIRONMENTS.map((name) =>
        rules({ name, settings: { workloads: workloadsOf(name, scenario) }, url: `https://${name}.example.com`, ...scenario.rules[name] }),
      ),
      [imageRule({ tag: null, wait: IMAGE_WAIT })],
    )
    for (const [tag, health] of Object.entries(scenario.images)) if (!scenario.missing.includes(tag)) this.pushes(tag, health)
  }

  /** CI pushes an image like no other under that tag. */
  pushes(tag: string, health: Health): void {
    const digest = digestOf(`${tag} build ${(this.#builds += 1)}`)
    this.#tags.set(tag, digest)
    this.#health.set(digest, health)
  }

  /** Somebody is given another role. */
  makes({ id }: Actor, role: Role): void {
    this.roles.set(id, role)
    if (role !== 'read') this.demoted.delete(id)
    else if (!this.demoted.has(id)) this.demoted.set(id, this.#timeline.now)
  }

  edits(comment: number): void {
    if (!this.edited.has(comment)) this.edited.set(comment, this.#timeline.now)
  }

  health(digest: Digest): Health {
    return this.#health.get(digest) ?? 'healthy'
  }

  getsCommit(): string {
    this.#pushes += 1
    this.#head = this.#pushes.toString(16).padStart(40, 'c')
    this.#headSince = this.#timeline.now
    return this.#head
  }

  source(crossings: Crossings, network: Network): Source {
    return { look: (request, besides) => crossings.async('github', () => network.ask('github', () => this.#look(request, besides ?? {}))) }
  }

  images(crossings: Crossings, network: Network): Images {
    const ask = <T>(name: string, work: () => T): Promise<T> => crossings.async(name, () => network.ask('registry', work))
    return {
      resolve: ({ tag, digest }) => ask('resolve', () => ({ digest: digest ?? this.#resolve(tag ?? ''), as: 'anonymous' })),
      verify: () => ask('verify', () => ({ note: 'linux/amd64', revision: HEAD })),
      preflight: () => Promise.reject(new Error('nobody asks for a preflight alone here')),
      layers: () => ask('layers', () => ({ layers: [] })),
      credential: () => ask('credential', () => null),
    }
  }

  #resolve(tag: string): Digest {
    const digest = this.#tags.get(tag)
    if (digest === undefined) throw new Failure('TAG_NOT_FOUND', { sentence: `There is no tag ${tag}.`, next: 'Push it.' })
    return digest
  }

  #look({ actor, comment }: DeployRequest, { people = [] }: Look): Facts {
    const role = (id: number): Role => this.roles.get(id) ?? 'none'
    return facts({
      actor: { id: actor.id, login: actor.login, role: role(actor.id) },
      repository: { isPrivate: true, defaultBranch: 'main' },
      comment: comment !== null && this.edited.has(comment.id) ? 'edited' : 'unchanged',
      pull: pull({ head: this.#head, headSince: this.#headSince }),
      commit: { sha: this.#head, tree: 'tree-1', isSigned: true, checks: [] },
      roles: new Map(people.map(({ id }) => [id, role(id)])),
    })
  }
}

export const workloadsOf = (name: Environment, { workloads }: Pick<Scenario, 'workloads'>): string[] =>
  Array.from({ length: workloads }, (_, index) => `${name}-${index + 1}`)
