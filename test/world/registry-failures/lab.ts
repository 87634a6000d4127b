import { Agent, fetch } from 'undici'
import { publicFetch, registryFetch } from '../../../src/runtime/egress.ts'
import { createAuthority } from '../test-authority.ts'
import type { Authority, Certificate } from '../test-authority.ts'
import { startDockerRegistry } from '../docker-registry.ts'
import type { DockerRegistry, DockerRegistryOptions } from '../docker-registry.ts'
import { startFaultServer } from '../fault-server.ts'
import type { Fault } from '../fault-server.ts'
import { buildImage, pushImage } from '../image.ts'
import type { Image } from '../image.ts'
import { startNginx } from '../nginx.ts'
import type { FrontOptions } from '../nginx.ts'
import type { Account } from '../registry-accounts.ts'
import { startScriptedServer } from '../scripted-server.ts'
import type { Rule } from '../scripted-server.ts'
import type { TokenServer } from '../token-server.ts'
import { startVendor } from '../vendors/vendor.ts'
import type { VendorSetup } from '../vendors/vendor.ts'

export const PASSWORD = 'correct-horse-battery'

const ACCOUNTS: readonly Account[] = [
  { name: 'alice', password: PASSWORD, repositories: ['acme/*'] },
  { name: 'bob', password: PASSWORD, repositories: ['acme/shop'] },
]

type Fetch = typeof globalThis.fetch

/** Real registries with the same images in each mode, and whatever else a cause needs in order to happen. */
export class Lab {
  readonly open: DockerRegistry
  readonly basic: DockerRegistry
  readonly bearer: DockerRegistry
  readonly tokens: TokenServer
  readonly authority: Authority
  /** Of `acme/shop:1.2`: an index for two platforms. */
  readonly shop: Image
  #afterwards: (() => unknown)[] = []

  private constructor([open, basic, bearer]: readonly DockerRegistry[], authority: Authority, shop: Image) {
    this.open = open!
    this.basic = basic!
    this.bearer = bearer!
    this.tokens = bearer!.tokens!
    this.authority = authority
    this.shop = shop
  }

  static async opens(): Promise<Lab> {
    const start = (auth: DockerRegistryOptions['auth']) => startDockerRegistry({ auth, accounts: ACCOUNTS, public: ['acme/open'] })
    const registries = await Promise.all([start('none'), start('htpasswd'), start('token')])
    const shop = await buildImage({ 'index.html': 'hello' }, { platforms: ['linux/amd64', 'linux/arm64/v8'] })
    const lab = new Lab(registries, createAuthority(), shop)
    for (const registry of registries) await lab.fills(registry)
    return lab
  }

  /** `acme/shop:1.2` is an index, `acme/single:1.0`, `acme/secret:1.0` (not bob's) and `acme/open:1.0` (everybody's) are single images. */
  async fills(registry: DockerRegistry): Promise<void> {
    const single = await buildImage({ 'index.html': 'single' })
    await this.pushes(registry, 'acme/shop', '1.2', this.shop)
    for (const repository of ['acme/single', 'acme/secret', 'acme/open']) await this.pushes(registry, repository, '1.0', single)
  }

  pushes(registry: DockerRegistry, repository: string, tag: string, image: Image): Promise<void> {
    return pushImage(`http://${registry.host}`, repository, tag, image, registry.pushAuthorization(repository))
  }

  /** Done at the end of the case, the last first. */
  afterwards(work: () => unknown): void {
    this.#afterwards.push(work)
  }

  /** Everything is again as it was before the case. */
  async calmsDown(): Promise<void> {
    for (const work of this.#afterwards.splice(0).toReversed()) await work()
    for (const name of Object.keys(this.tokens.quirks) as (keyof TokenServer['quirks'])[]) delete this.tokens.quirks[name]
    this.tokens.requests.length = 0
  }

  async closes(): Promise<void> {
    await this.calmsDown()
    await Promise.all([this.open, this.basic, this.bearer].map((registry) => registry.stop()))
    this.authority.stop()
  }

  /** Another docker-registry, without images, for this case. */
  async registry(options: Partial<DockerRegistryOptions>): Promise<DockerRegistry> {
    const registry = await startDockerRegistry({ auth: 'none', accounts: ACCOUNTS, public: ['acme/open'], ...options })
    this.afterwards(() => registry.stop())
    return registry
  }

  /** nginx, in front of something. Its host. */
  async front(options: FrontOptions): Promise<string> {
    const front = await startNginx(options)
    this.afterwards(() => front.stop())
    return front.host
  }

  /** A server that says what no registry says on purpose. Its host. */
  async says(...rules: readonly Rule[]): Promise<string> {
    const server = await startScriptedServer(rules)
    this.afterwards(() => server.stop())
    return new URL(server.origin).host
  }

  /** A server that breaks off. Its host. */
  async breaks(fault: Fault): Promise<string> {
    const server = await startFaultServer(fault)
    this.afterwards(() => server.stop())
    return server.host
  }

  /** A cloud's API. Its origin. */
  async vendor(setup: VendorSetup): Promise<string> {
    const vendor = await startVendor(setup)
    this.afterwards(() => vendor.stop())
    return vendor.origin
  }

  certificate(wishes: Parameters<Authority['issues']>[0]): Certificate {
    return this.authority.issues(wishes)
  }
}

/** As the product fetches, on this machine and elsewhere. */
export const productFetch: Fetch = registryFetch()
export const productPublicFetch: Fetch = publicFetch()

/** As the product fetches, where every name leads to this machine and `authority` is known. */
export function fetchHere(authority?: Authority): Fetch {
  const here = [{ address: '127.0.0.1', family: 4 as const }]
  const agent = new Agent({
    connect: { ...(authority && { ca: authority.certificate }), lookup: (_host, _options, callback) => callback(null, here) },
  })
  const reach: typeof fetch = (input, init) => fetch(input, { redirect: 'manual', ...init, dispatcher: agent })
  return reach as unknown as Fetch
}

/** Some origins lead to others: `{ 'https://registry.cloudflare.com': 'http://127.0.0.1:5000' }`. */
export function leading(to: Readonly<Record<string, string>>): Fetch {
  return (input, init) => {
    const { origin, pathname, search } = new URL(input as string)
    return productFetch(`${to[origin] ?? origin}${pathname}${search}`, init)
  }
}
