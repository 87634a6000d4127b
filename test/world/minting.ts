import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { expect } from 'vitest'
import { Failure } from '../../src/errors.ts'
import type { Problem } from '../../src/errors.ts'
import { secretOf } from '../../src/registry/credential.ts'
import type { Doors, Operation } from '../../src/registry/doors.ts'
import { keychainFor } from '../../src/registry/keychains/index.ts'
import { mintBy } from '../../src/registry/minting.ts'
import { createTransport } from '../../src/registry/transport.ts'
import { Secret } from '../../src/secret.ts'
import { quickClock } from './registry-client.ts'

interface Asked {
  /** The family, where the registry's host does not tell. */
  readonly family?: string
  /** Milliseconds by which our own clock is ahead. */
  readonly ahead?: number
}

/** What comes of asking the vendor: `username:secret` and its lifetime, or the problem, in which none of `given`'s secrets may stand. */
export async function minted(
  registry: string,
  given: Readonly<Record<string, string>>,
  { family, ahead = 0 }: Asked = {},
): Promise<{ readonly login: string; readonly lifetime: number } | Problem> {
  const exchange = keychainFor(registry, family).exchange!
  const fields = Object.entries(given).map(([name, value]) => [
    name,
    exchange.fields[name]?.startsWith('secret') === true ? new Secret(value) : value,
  ])
  const waits: number[] = []
  const doors: Doors = {
    ...quickClock(waits),
    date: () => Date.now() + ahead,
    random: () => 1,
    fetch,
    publicFetch: fetch,
    hash: createHash,
    report: () => {},
  }
  const where = { registry, image: `${registry}/acme/shop:1`, grant: '' }
  const operation: Operation = { where, deadline: doors.now() + 30_000, signal: undefined, trail: { phase: 'credential', attempts: 0 } }
  const mint = mintBy(exchange, Object.fromEntries(fields) as Record<string, string | Secret>, registry, createTransport(doors, []), doors)
  const secrets = Object.entries(given).filter(([name]) => exchange.fields[name]?.startsWith('secret') === true)
  try {
    const { credential, lifetime } = await mint(operation)
    return { login: credential.kind === 'basic' ? `${credential.username}:${secretOf(credential)}` : credential.kind, lifetime }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const shown = [JSON.stringify(error), JSON.stringify(error.problem), inspect(error, { depth: 9 }), String(error.stack), String(error)].join('\n')
    for (const [name, value] of secrets) if (value !== '') expect(shown.includes(value), `${name} in ${shown}`).toBe(false)
    return error.problem
  }
}
