import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DockerEngineSimulator } from '../world/docker-engine-simulator.ts'
import { listen } from '../world/github/listen.ts'
import { startOciRegistry, type OciRegistry } from '../world/oci-registry.ts'
import { Stage } from '../world/stage.ts'

export type Place = 'staging' | 'production'

/** The real program with a site and a Docker engine to deploy to; the engine is simulated over HTTP, so that it can be killed beside quickly. */
export class GroundsOfBoth extends Stage {
  readonly registry: OciRegistry
  readonly engine: DockerEngineSimulator
  readonly #closers: (() => Promise<void>)[] = []

  private constructor(registry: OciRegistry, engine: DockerEngineSimulator, host: string) {
    super({ deployYml: deployYml(registry), operatorYml: (id) => operatorYml(registry, host, id) })
    this.registry = registry
    this.engine = engine
  }

  static async open(versions: number): Promise<GroundsOfBoth> {
    const registry = await startOciRegistry({ auth: 'open' })
    for (let version = 1; version <= versions; version++) await registry.has(`acme/shop:${version}`, { 'site/index.html': `version ${version}` })
    const engine = new DockerEngineSimulator((repository, digest) => ({
      ...{ repository, digest: digest as `sha256:${string}`, version: digest.slice(7, 19), behaviour: 'healthy' as const },
    }))
    const served = await listen(async (request) => {
      const body = await request.text()
      return engine.fetch(request.url, { method: request.method, headers: request.headers, ...(body !== '' && { body }) })
    })
    const grounds = new GroundsOfBoth(registry, engine, served.url.replace('http:', 'tcp:'))
    grounds.#closers.push(() => registry.goesDown(), served.close)
    await grounds.opens()
    return grounds
  }

  /** The operation that put there what runs; null where nothing does. */
  operationAt(place: Place): string | null {
    return place === 'staging' ? this.#served() : this.#running()
  }

  /** What is there besides what runs. */
  leftAt(place: Place): string[] {
    if (place === 'staging') return []
    return [...this.engine.containers.values()].filter(({ state }) => state !== 'running').map(({ labels }) => labels['gantry.operation'] ?? '')
  }

  override async closes(): Promise<void> {
    await super.closes()
    for (const close of this.#closers) await close()
  }

  #running(): string | null {
    const running = [...this.engine.containers.values()].filter(({ state }) => state === 'running')
    return running.length > 1 ? `${running.length} containers` : (running[0]?.labels['gantry.operation'] ?? null)
  }

  #served(): string | null {
    try {
      return (JSON.parse(readFileSync(join(this.folder, 'data/targets/site/current'), 'utf8')) as { operation: string }).operation
    } catch {
      return null
    }
  }
}

const deployYml = (registry: OciRegistry): string => `version: 1
app: shop
images:
  main: { repository: ${registry.name('acme/shop')}, tag: "1" }
default: staging
environments:
  staging:
    target: site
    settings: { path: /site }
    url: https://staging.example.com
  production:
    target: engine
    settings: { container: shop }
    url: https://shop.example.com
`

const operatorYml = (registry: OciRegistry, host: string, repositoryId: number): string => `version: 1
targets:
  site:
    kind: static
    listen: 127.0.0.1:0
    allow:
      - { repository: acme/shop, id: ${repositoryId}, environments: [staging], images: ["${registry.name('acme/*')}"] }
  engine:
    kind: docker
    host: ${host}
    allow:
      - { repository: acme/shop, id: ${repositoryId}, environments: [production], images: ["${registry.name('acme/*')}"], settings: { container: shop } }
`
