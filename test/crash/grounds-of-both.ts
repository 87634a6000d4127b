import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DockerEngineSimulator } from '../world/docker-engine-simulator.ts'
import { startDockerEngine } from '../world/docker-engine.ts'
import { listen } from '../world/github/listen.ts'
import { startOciRegistry } from '../world/oci-registry.ts'
import { Stage } from '../world/stage.ts'

export type Place = 'staging' | 'production'
export type EngineKind = 'simulated' | 'real'

/** The real program with a site and a Docker engine to deploy to: the real one with a registry beside it, or for speed a simulated one over HTTP. */
export class GroundsOfBoth extends Stage {
  readonly #machine: Machine

  private constructor(machine: Machine) {
    super({ deployYml: deployYml(machine.registry), operatorYml: (id) => operatorYml(machine, id) })
    this.#machine = machine
  }

  static async open(versions: number, engine: EngineKind): Promise<GroundsOfBoth> {
    const grounds = new GroundsOfBoth(await (engine === 'real' ? realMachine(versions) : simulatedMachine(versions)))
    await grounds.opens()
    return grounds
  }

  override get variables(): Stage['variables'] {
    return { ...super.variables, REGISTRY_PASSWORD: this.#machine.password ?? '' }
  }

  /** The operation that put there what runs; null where nothing does. */
  async operationAt(place: Place): Promise<string | null> {
    if (place === 'staging') return this.#served()
    const running = (await this.#machine.containers()).filter(({ isRunning }) => isRunning)
    return running.length > 1 ? `${running.length} containers` : (running[0]?.operation ?? null)
  }

  /** What is there besides what runs. */
  async leftAt(place: Place): Promise<readonly string[]> {
    if (place === 'staging') return []
    return (await this.#machine.containers()).filter(({ isRunning }) => !isRunning).map(({ operation }) => operation ?? '')
  }

  /** What a simulated engine was asked that a real one would refuse, since it was asked last. */
  violations(): readonly string[] {
    return this.#machine.violations.splice(0)
  }

  override async closes(): Promise<void> {
    await super.closes()
    await this.#machine.stop()
  }

  #served(): string | null {
    try {
      return (JSON.parse(readFileSync(join(this.folder, 'data/targets/site/current'), 'utf8')) as { operation: string }).operation
    } catch {
      return null
    }
  }
}

/** A registry with `acme/shop:1`, `:2` and so on, each with a folder `/www`, and an engine that runs them. */
interface Machine {
  readonly registry: string
  readonly host: string
  /** Of the account `deploy` at the registry; null where everybody may pull. */
  readonly password: string | null
  readonly violations: string[]
  containers(): Promise<readonly { readonly isRunning: boolean; readonly operation: string | null }[]>
  stop(): Promise<void>
}

async function simulatedMachine(versions: number): Promise<Machine> {
  const registry = await startOciRegistry({ auth: 'open' })
  for (let version = 1; version <= versions; version++) await registry.has(`acme/shop:${version}`, { 'www/index.html': `version ${version}` })
  const engine = new DockerEngineSimulator((repository, digest) => ({
    ...{ repository, digest: digest as `sha256:${string}`, version: digest.slice(7, 19), behaviour: 'healthy' as const },
  }))
  const served = await listen(async (request) => {
    const body = await request.text()
    return engine.fetch(request.url, { method: request.method, headers: request.headers, ...(body !== '' && { body }) })
  })
  return {
    ...{ registry: registry.name('acme/shop').split('/')[0] ?? '', host: served.url.replace('http:', 'tcp:'), password: null },
    violations: engine.violations,
    containers: async () =>
      [...engine.containers.values()].map(({ state, labels }) => ({ isRunning: state === 'running', operation: labels['gantry.operation'] ?? null })),
    stop: async () => {
      await registry.goesDown()
      await served.close()
    },
  }
}

async function realMachine(versions: number): Promise<Machine> {
  const { credential, host, image, fetch, stop } = await startDockerEngine()
  for (let version = 1; version <= versions; version++) await image('acme/shop', String(version), 'healthy')
  return {
    ...{ registry: credential.registry, host, password: credential.password.reveal(), violations: [], stop },
    containers: async () => {
      const all = await (await fetch('http://localhost/containers/json?all=true')).json()
      return (all as { State: string; Labels: Record<string, string> }[]).map(({ State, Labels }) => ({
        isRunning: State === 'running',
        operation: Labels['gantry.operation'] ?? null,
      }))
    },
  }
}

const deployYml = (registry: string): string => `version: 1
app: shop
images:
  main: { repository: ${registry}/acme/shop, tag: "1" }
default: staging
environments:
  staging:
    target: site
    settings: { path: /www }
    url: https://staging.example.com
  production:
    target: engine
    settings: { container: shop }
    url: https://shop.example.com
`

function operatorYml({ registry, host, password }: Machine, repositoryId: number): string {
  const images = `images: ["${registry}/acme/*"]`
  const uses = password === null ? '' : '    credential: main\n'
  return `version: 1
${password === null ? '' : `credentials:\n  main: { registry: "${registry}", username: deploy, password: { env: REGISTRY_PASSWORD } }\n`}targets:
  site:
    kind: static
    listen: 127.0.0.1:0
${uses}    allow:
      - { repository: acme/shop, id: ${repositoryId}, environments: [staging], ${images} }
  engine:
    kind: docker
    host: ${host}
${uses}    allow:
      - { repository: acme/shop, id: ${repositoryId}, environments: [production], ${images}, settings: { container: shop } }
`
}
