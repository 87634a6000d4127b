/** What an answer says of trying again: `registry.md`, R48–R51. */

const PASSING = new Set([408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524])

/** Whether an answer with this status may be another one in a moment. */
export const isPassing = (status: number): boolean => PASSING.has(status)

/** A 500 that is a no: Docker Hub's to a Bearer at its token server (renovate#28228). */
export const isFinal = (response: Response, text: string): boolean => response.status === 500 && /unsupported authentication scheme/i.test(text)

/** A limit over hours, as Docker Hub's on pulls: waiting for it in here helps nobody. */
export function isUsedUp(response: Response, text: string): boolean {
  if (response.status !== 429 || response.headers.has('retry-after')) return false
  return /^0\b/.test(response.headers.get('ratelimit-remaining') ?? '') || /pull rate limit|increase-rate-limit|data limit exceeded/i.test(text)
}

/**
 * How long the other side asks to wait, in milliseconds: `Retry-After` as seconds or as a date (RFC 9110, 10.2.3), which is read against
 * the answer's own `Date`, so that no local clock is needed; else what GHCR writes into its message, a Go duration.
 */
export function retryAfter(response: Response, text = ''): number | undefined {
  const header = response.headers.get('retry-after')?.trim() ?? ''
  if (/^\d+$/.test(header)) return Math.min(Number(header) * 1000, LONGEST)
  // Runtimes read a year into "1.5" too; a date begins with its day.
  const until = /^[a-z]{3,9},? /i.test(header) ? Date.parse(header) - Date.parse(response.headers.get('date') ?? '') : Number.NaN
  if (!Number.isNaN(until)) return Math.min(LONGEST, Math.max(0, until))
  return goDuration(/retry-after:\s{0,5}([\d.a-zµμ]{1,40})(?![\d.a-zµμ])/i.exec(text)?.[1] ?? '')
}

/** Longer than anybody waits, and short enough to be a number in JSON. */
const LONGEST = 7 * 24 * 3_600_000

const LIMIT = [
  ['ratelimit-limit', 'limit'],
  ['ratelimit-remaining', 'left'],
  ['docker-ratelimit-source', 'counted for'],
] as const

/** What Docker Hub says of its limit (R51), in headers, because the answer to a HEAD has no words: `limit 100;w=21600, left 0;w=21600`. */
export function limitOf({ headers }: Response): string {
  return LIMIT.flatMap(([name, word]) => (headers.has(name) ? [`${word} ${headers.get(name)}`] : [])).join(', ')
}

const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `1m2.5s`, `985.86µs` (pkg.go.dev/time, "ParseDuration") in milliseconds, rounded up. */
function goDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g)]
  if (text === '' || parts.map(([part]) => part).join('') !== text) return undefined
  return Math.ceil(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit!]!, 0))
}
