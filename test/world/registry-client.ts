import { createHash } from 'node:crypto'
import { createRegistryClient } from '../../src/registry/client.ts'
import type { RegistryClient, RegistryRules } from '../../src/registry/client.ts'
import type { Credential } from '../../src/registry/credential.ts'
import type { Doors, FailureEvent } from '../../src/registry/doors.ts'
import { parseReference } from '../../src/registry/reference.ts'
import type { Reference } from '../../src/registry/reference.ts'
import { Refusal } from '../../src/errors.ts'
import { Secret } from '../../src/secret.ts'

/** A registry client over the real network, whose waits between attempts take no time, and what it asked for: `HEAD /v2/…`. */
export function clientUnderTest(
  rules: RegistryRules = {},
  over: Partial<Doors> = {},
): { client: RegistryClient; doors: Doors; asked: string[]; waits: number[]; reports: FailureEvent[] } {
  const asked: string[] = []
  const reports: FailureEvent[] = []
  const waits: number[] = []
  const clock = quickClock(waits)
  const through =
    (open: typeof fetch): typeof fetch =>
    (input, init) => {
      asked.push(`${init?.method} ${new URL(input as string).pathname}`)
      return open(input, init)
    }
  const doors: Doors = {
    now: clock.now,
    date: () => Date.now(),
    report: (event) => void reports.push(event),
    random: () => 1,
    after: clock.after,
    hash: createHash,
    ...over,
    fetch: through(over.fetch ?? fetch),
    publicFetch: through(over.publicFetch ?? over.fetch ?? fetch),
  }
  return { client: createRegistryClient(doors, rules), doors, asked, waits, reports }
}

export const basic = (username: string, password: string): Credential => ({ kind: 'basic', username, password: new Secret(password) })

export function reference(text: string): Reference {
  const parsed = parseReference(text)
  if (parsed instanceof Refusal) throw new Error(parsed.problem.sentence)
  return parsed
}

/** Time limits (9 s and more) are real; the shorter waits before another attempt pass at once on this clock, and are written down. */
export function quickClock(waits: number[]): Pick<Doors, 'now' | 'after'> {
  let ahead = 0
  return {
    now: () => performance.now() + ahead,
    after(ms, work) {
      if (ms >= 9_000) {
        const timer = setTimeout(work, ms)
        return () => clearTimeout(timer)
      }
      waits.push(ms)
      const timer = setTimeout(() => ((ahead += ms), work()), 0)
      return () => clearTimeout(timer)
    },
  }
}
