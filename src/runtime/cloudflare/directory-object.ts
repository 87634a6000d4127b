import { DurableObject } from 'cloudflare:workers'
import { accountAt, OPERATOR, type Bindings, type DirectoryDoor, type Found, type Home, type Named } from './bindings.ts'
import { durableSql } from './durable-sql.ts'
import { createNames } from './own-rows.ts'

/** Under which names below its login an account and its repositories are known. What it has not been told it asks of GitHub, and then keeps. */
export class DirectoryGantry extends DurableObject<Bindings> implements DirectoryDoor {
  readonly #names

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env)
    this.#names = createNames(durableSql(ctx.storage))
  }

  told(name: string, { repository, account }: Home): void {
    this.#note(name, { repository, account })
    this.#note(null, { repository: null, account })
  }

  async find(owner: string, name: string | null, address: string): Promise<Found> {
    const known = this.#names.find(keyOf(name))
    if (known !== null) return known
    const found = await accountAt(this.env, OPERATOR).lookUp(owner, name, address)
    if (found !== null && 'account' in found) this.#names.put(keyOf(name), found.repository, found.account)
    return found
  }

  /** With every deployment it is told the same again: that would be rows written, which cost more than anything else. */
  #note(name: string | null, { repository, account }: Named): void {
    const known = this.#names.find(keyOf(name))
    if (known?.repository !== repository || known.account !== account) this.#names.put(keyOf(name), repository, account)
  }

  forget(name: string | null): void {
    this.#names.drop(keyOf(name))
  }
}

/** No repository is called so. */
const keyOf = (name: string | null): string => (name === null ? '/' : name.toLowerCase())
