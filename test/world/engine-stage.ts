import type { Artifact } from '../../src/deploy/target.ts'
import type { DockerEngine } from './docker-engine.ts'
import { Stage } from './stage.ts'

export interface RunningContainer {
  readonly name: string
  readonly state: string
  readonly digest: string
  readonly operation: string
}

interface Listed {
  readonly Names: readonly string[]
  readonly State: string
  readonly Labels: Readonly<Record<string, string>>
}

/** Published in the engine's own network, and so free on every machine. */
const ADDRESS = '127.0.0.1:18080'

/** The real program beside the real engine and the real registry. */
export class EngineStage extends Stage {
  readonly #engine: DockerEngine

  private constructor(engine: DockerEngine) {
    super({ deployYml: deployYml(engine), operatorYml: (id) => operatorYml(engine, id) })
    this.#engine = engine
  }

  static async open(engine: DockerEngine): Promise<EngineStage> {
    const stage = new EngineStage(engine)
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"Name":"web"}' }
    await engine.fetch('http://localhost/networks/create', init)
    await stage.opens()
    return stage
  }

  override starts(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    return super.starts({ REGISTRY_PASSWORD: this.password, ...environment })
  }

  get password(): string {
    return this.#engine.credential.password.reveal()
  }

  /** `/deploy staging …` for that image, by its tag. */
  asksFor({ repository }: Artifact, tag: string): void {
    this.github.people.ada.comments(this.pull.number, `/deploy staging ${repository}:${tag}`)
  }

  /** What answers at the published port; null where nothing does. */
  serves(): string | null {
    try {
      return this.#engine.run('/usr/bin/busybox', 'wget', '-qO-', `http://${ADDRESS}/`)
    } catch {
      return null
    }
  }

  /** Every container that there is, running or not. */
  async containers(): Promise<readonly RunningContainer[]> {
    const all = (await (await this.#engine.fetch('http://localhost/containers/json?all=true')).json()) as Listed[]
    return all.map(({ Names, State, Labels }) => ({
      name: Names.join(),
      state: State,
      digest: Labels['gantry.digest'] ?? '',
      operation: Labels['gantry.operation'] ?? '',
    }))
  }
}

const deployYml = ({ credential }: DockerEngine): string => `version: 1
app: shop
images:
  main: { repository: ${credential.registry}/acme/shop, tag: "{branch}" }
default: staging
environments:
  staging:
    target: engine
    settings: { container: shop, network: web, ports: ["${ADDRESS}:80"], health: { wait: 20 } }
    url: https://staging.example.com
`

const operatorYml = ({ credential, host }: DockerEngine, repositoryId: number): string => `version: 1
credentials:
  main: { registry: "${credential.registry}", username: ${credential.username}, password: { env: REGISTRY_PASSWORD } }
targets:
  engine:
    kind: docker
    host: ${host}
    allow:
      - repository: acme/shop
        id: ${repositoryId}
        environments: [staging]
        images: ["${credential.registry}/acme/*"]
        settings: { container: shop, network: web, ports: "${ADDRESS}:80" }
`
