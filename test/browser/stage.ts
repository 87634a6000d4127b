import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Behaviour } from '../world/docker-images.ts'
import { startDockerEngine, type DockerEngine } from '../world/docker-engine.ts'
import { Stage, type Environment } from '../world/stage.ts'

/** Published in the engine's own network, and so free on every machine. */
const SHOP = '127.0.0.1:18080'

interface Ports {
  readonly front: number
  readonly site: number
}

/**
 * The real program with its pages, beside a real engine and the registry of CNCF, which wants a password. Both targets run the same images. No
 * credential is declared: who needs one connects the registry on the pages.
 */
export class PagesStage extends Stage {
  readonly engine: DockerEngine
  readonly #ports: Ports

  private constructor(engine: DockerEngine, ports: Ports) {
    super({ deployYml: deployYml(engine, ports), operatorYml: (id) => operatorYml(engine, id, ports) })
    this.engine = engine
    this.#ports = ports
    const { owner } = this.github.repository
    appendFileSync(join(this.folder, 'gantry.yml'), `accounts: { ${owner.login}: { id: ${owner.id}, this_machine: true } }\n`)
    this.github.auth.callbacks.add(`${this.origin}/login/callback`)
  }

  static async open(): Promise<PagesStage> {
    const engine = await startDockerEngine()
    const stage = new PagesStage(engine, { front: await freePort(), site: await freePort() })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"Name":"web"}' }
    await engine.fetch('http://localhost/networks/create', init)
    await stage.opens()
    return stage
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#ports.front}`
  }

  /** Where the static target serves what was deployed last. */
  get site(): string {
    return `http://127.0.0.1:${this.#ports.site}/`
  }

  /** Always on the same port: to a browser it is the same Gantry. */
  override starts(environment: Environment = {}): Promise<void> {
    return super.starts({ ...this.apiVariables, GANTRY_URL: this.origin, PORT: String(this.#ports.front), ...environment })
  }

  image(version: string, behaviour: Behaviour = 'healthy'): Promise<{ readonly digest: string }> {
    return this.engine.image('acme/shop', version, behaviour)
  }

  /** What answers at the container's published port; null where nothing does. */
  shop(): string | null {
    try {
      return this.engine.run('/usr/bin/busybox', 'wget', '-qO-', `http://${SHOP}/`)
    } catch {
      return null
    }
  }

  /** A browser of their own, in which they sign in on GitHub's own page. */
  async signsIn(login: string, browser: Browser, path = '/'): Promise<Seat> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 } })
    context.setDefaultTimeout(10_000)
    const seat = new Seat(context, this.origin, this.variables['GITHUB_API_URL'] ?? '')
    const page = await seat.opens(path)
    await page.getByRole('link', { name: 'Sign in with GitHub' }).click()
    await page.getByRole('button', { name: login, exact: true }).click()
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    return seat
  }

  override async closes(): Promise<void> {
    await super.closes()
    await this.engine.stop()
  }
}

/** Somebody's browser, and what its pages complained of. */
export class Seat {
  readonly context: BrowserContext
  readonly complaints: string[] = []
  readonly #origin: string
  readonly #github: string

  constructor(context: BrowserContext, origin: string, github: string) {
    this.context = context
    this.#origin = origin
    this.#github = github
  }

  /** In a tab of its own, which is marked: a page that was loaded anew has no mark. */
  async opens(path: string): Promise<Page> {
    const page = await this.context.newPage()
    page.on('console', (message) => this.complaints.push(message.text()))
    page.on('pageerror', (error) => this.complaints.push(error.message))
    page.on('request', (request) => {
      const { origin } = new URL(request.url())
      if (origin !== this.#origin && origin !== this.#github) this.complaints.push(`asked for ${request.url()}`)
    })
    await page.goto(this.#origin + path)
    return page
  }
}

export const marks = (page: Page): Promise<void> => page.evaluate(() => document.body.setAttribute('data-loaded', 'once'))

/** Whether it is still the document that was marked. */
export const isMarked = async (page: Page): Promise<boolean> => (await page.locator('body').getAttribute('data-loaded')) === 'once'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const deployYml = ({ credential }: DockerEngine, { site }: Ports): string => `version: 1
app: shop
images:
  main: { repository: ${credential.registry}/acme/shop, tag: "{branch}" }
default: staging
environments:
  staging:
    target: site
    settings: { path: /www }
    url: http://127.0.0.1:${site}
  production:
    target: engine
    settings: { container: shop, network: web, ports: ["${SHOP}:80"], health: { wait: 20 } }
    url: https://shop.example.com
    approvals: { count: 1, not: [requester], expire: 4h }
`

const operatorYml = ({ credential, host }: DockerEngine, repositoryId: number, { site }: Ports): string => {
  const allowed = `repository: acme/shop, id: ${repositoryId}, images: ["${credential.registry}/acme/*"]`
  return `version: 1
targets:
  site:
    kind: static
    listen: 127.0.0.1:${site}
    allow:
      - { ${allowed}, environments: [staging] }
  engine:
    kind: docker
    host: ${host}
    allow:
      - { ${allowed}, environments: [production], settings: { container: shop, network: web, ports: "${SHOP}:80" } }
`
}
