import { createHash } from 'node:crypto'
import { createRegistryClient } from '../../src/registry/client.ts'
import type { RegistryClient, RegistryRules } from '../../src/registry/client.ts'
import type { Credential } from '../../src/registry/credential.ts'
import type { Doors } from '../../src/registry/doors.ts'
import { parseReference } from '../../src/registry/reference.ts'
import type { Reference } from '../../src/registry/reference.ts'
import { Refusal } from '../../src/errors.ts'
import { Secret } from '../../src/secret.ts'

/** A registry client over the real network, whose waits between attempts take no time, and what it asked for: `HEAD /v2/…`. */
export function clientUnderTest(rules: RegistryRules = {}, over: Partial<Doors> = {}): { client: RegistryClient; asked: string[]; waits: number[] } {
  const asked: string[] = []
  const waits: number[] = []
  const through =
    (open: typeof fetch): typeof fetch =>
    (input, init) => {
      asked.push(`${init?.method} ${new URL(input as string).pathname}`)
      return open(input, init)
    }
  const doors: Doors = {
    now: () => performance.now(),
    random: () => 1,
    after: realTimeouts(waits),
    hash: createHash,
    ...over,
    fetch: through(over.fetch ?? fetch),
    publicFetch: through(over.publicFetch ?? over.fetch ?? fetch),
  }
  return { client: createRegistryClient(doors, rules), asked, waits }
}

export const basic = (username: string, password: string): Credential => ({ kind: 'basic', username, password: new Secret(password) })

export function reference(text: string): Reference {
  const parsed = parseReference(text)
  if (parsed instanceof Refusal) throw new Error(parsed.problem.sentence)
  return parsed
}

/** Time limits (10 s and more) are real; the shorter waits before another attempt pass at once and are written down. */
const realTimeouts =
  (waits: number[]): Doors['after'] =>
  (ms, work) => {
    if (ms < 9_000) waits.push(ms)
    const timer = setTimeout(work, ms < 9_000 ? 0 : ms)
    return () => clearTimeout(timer)
  }
