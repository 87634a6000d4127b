import { startOciRegistry } from './oci-registry.ts'
import type { OciRegistry } from './oci-registry.ts'
import { Stage, type Environment } from './stage.ts'

/**
 * The real program beside a registry in this process, with a site to deploy to. For what the stories cannot see: attacks,
 * benchmarks, starting and stopping.
 */
export class Grounds extends Stage {
  readonly registry: OciRegistry

  private constructor(registry: OciRegistry) {
    super({ deployYml: deployYml(registry), operatorYml: (id) => operatorYml(registry, id) })
    this.registry = registry
  }

  static async open(environment: Environment | ((grounds: Grounds) => Environment) = {}): Promise<Grounds> {
    const registry = await startOciRegistry({ auth: 'open' })
    const grounds = new Grounds(registry)
    registry.quirks.pause = () => grounds.isLookedAt()
    await registry.has('acme/shop:1.2', { 'site/index.html': 'version 1.2' })
    await grounds.opens(typeof environment === 'function' ? environment(grounds) : environment)
    return grounds
  }

  /** Where the static target serves what was deployed last. */
  async site(): Promise<string> {
    const [, url = ''] = await this.gantry.says(/"target":"site","url":"(http:[^"]+)"/)
    return url
  }

  /** Whether a second person has to approve, from now on. */
  asksForApproval(isSo: boolean): void {
    const text = deployYml(this.registry)
    this.github.has('.github/deploy.yml', isSo ? text.replace('    url:', '    approvals: { count: 1 }\n    url:') : text)
  }

  override async closes(): Promise<void> {
    await super.closes()
    await this.registry.goesDown()
  }
}

/** Asks until it is so; what has not happened after `seconds` does not happen. */
export async function eventually(isSo: () => boolean | Promise<boolean>, seconds = 15): Promise<boolean> {
  const until = Date.now() + seconds * 1000
  while (Date.now() < until) {
    if (await isSo()) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return isSo()
}

const deployYml = (registry: OciRegistry): string => `version: 1
app: shop
images:
  main: { repository: ${registry.name('acme/shop')}, tag: "1.2" }
default: staging
environments:
  staging:
    target: site
    settings: { path: /site }
    url: https://staging.example.com
`

const operatorYml = (registry: OciRegistry, repositoryId: number): string => `version: 1
targets:
  site:
    kind: static
    listen: 127.0.0.1:0
    allow:
      - { repository: acme/shop, id: ${repositoryId}, environments: ["*"], images: ["${registry.name('acme/*')}"] }
`
