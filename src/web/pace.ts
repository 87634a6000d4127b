import type { Clock } from '../deploy/clock.ts'
import { LIMITS, remaining, tooMany, type LimitName, type Limits, type Shortage } from '../deploy/limits.ts'
import { RequestRefused } from './problems.ts'

const MINUTE = 60_000

/** So many within a minute: whether this one is among them. */
export function atMost(most: number, clock: Clock): () => boolean {
  let [since, count] = [0, 0]
  return () => {
    const now = clock.now()
    // Also where the clock was set back: it is a minute at most until the next ones.
    if (now - since >= MINUTE || now < since) [since, count] = [now, 0]
    return (count += 1) <= most
  }
}

/** Takes one. Answers with what `RateLimit` says of it, or throws TOO_MANY_REQUESTS. */
export async function paced(limits: Limits, name: LimitName, key: string): Promise<string> {
  const taken = await limits.take(name, key)
  if (taken < 0) throw tooManyRequests({ name, wait: -taken })
  return leftIn(name, taken)
}

/** Takes so many from each or from none. Throws TOO_MANY_REQUESTS. */
export async function pacedBy(from: Parameters<Limits['takeAll']>[0], limits: Limits, count = 1): Promise<void> {
  const short = await limits.takeAll(from, count)
  if (short !== null) throw tooManyRequests(short)
}

/** What guesses from an address count by: of IPv6 the first 48 bits, because whoever is given one of those has 65,536 addresses of 64. */
export const guesserAt = (address: string): string => address.replace(/^((?:[\da-f]+:){3})[\da-f]+::\/64$/, '$1:/48')

/** `RateLimit` and `RateLimit-Policy` as draft-ietf-httpapi-ratelimit-headers-10 has them. */
export const RATE_LIMIT = 'ratelimit'
export const RATE_LIMIT_POLICY = 'ratelimit-policy'

export const POLICIES = Object.fromEntries(
  Object.entries(LIMITS).map(([name, { burst, per }]) => [name, `"${name}";q=${burst};w=${per / 1000}`]),
) as Record<LimitName, string>

function leftIn(name: LimitName, taken: number): string {
  const { left, seconds } = remaining(name, taken)
  return `"${name}";r=${left};t=${seconds}`
}

export const tooManyRequests = (short: Shortage): RequestRefused => {
  const { name, wait } = short
  const seconds = Math.ceil(wait / 1000)
  const details = { ...tooMany(short), next: `Ask again in ${seconds === 1 ? 'a second' : `${seconds} seconds`}.` }
  return new RequestRefused('TOO_MANY_REQUESTS', details, { [RATE_LIMIT]: leftIn(name, -wait), [RATE_LIMIT_POLICY]: POLICIES[name] })
}
