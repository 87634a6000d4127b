import { startOciRegistry } from '../world/oci-registry.ts'
import type { OciRegistry } from '../world/oci-registry.ts'
import { commitPage, RELEASES, shopPage } from './images.ts'

/** The registry with the shop's images: it wants a login, and hands out tokens for it. */
export class ShopRegistry {
  readonly oci: OciRegistry
  isDown = false
  readonly #account: { password: string }
  #passwords = 0

  private constructor(oci: OciRegistry, account: { password: string }) {
    this.oci = oci
    this.#account = account
  }

  static async opens(): Promise<ShopRegistry> {
    const account = { name: 'gantry', password: passwordOf(0), repositories: ['acme/*'] }
    const oci = await startOciRegistry({ auth: 'bearer', accounts: [account] })
    for (const release of RELEASES) await oci.has(`acme/shop:${release.version}`, shopPage(release))
    await oci.has('acme/shop:broken', { 'readme.txt': 'This image has no folder /site.' })
    return new ShopRegistry(oci, account)
  }

  /** CI builds an image of the commit and pushes it; returns its name. */
  async receives(commit: string): Promise<string> {
    const name = `acme/shop:sha-${commit.slice(0, 7)}`
    await this.oci.has(name, commitPage(commit))
    return name
  }

  async turns(isDown: boolean): Promise<void> {
    this.isDown = isDown
    await (isDown ? this.oci.goesDown() : this.oci.comesBack())
  }

  /** What it takes now. */
  get password(): string {
    return this.#account.password
  }

  changesPassword(): void {
    this.#account.password = passwordOf((this.#passwords += 1))
    this.oci.revokesTokens()
  }

  async closes(): Promise<void> {
    if (!this.isDown) await this.turns(true)
  }
}

const passwordOf = (number: number): string => `password-${number}-of-the-demo`
