import type { RegistryRules } from '../../src/registry/client.ts'
import type { Doors } from '../../src/registry/doors.ts'
import { clientUnderTest } from './registry-client.ts'

type Answered = () => Response | Promise<Response>

/** One answer for each request, in order, the last one for all that come after it; what was asked is written down with its scheme, and in whole. */
export function scripted(answers: readonly Answered[], rules: RegistryRules = {}, over: Partial<Doors> = {}) {
  const asked: string[] = []
  const urls: URL[] = []
  const fetching: typeof fetch = async (input, init) => {
    const scheme = new Headers(init?.headers).get('authorization')?.split(' ')[0]
    const url = new URL(input as string)
    urls.push(url)
    asked.push(`${init?.method} ${url.pathname}${scheme === undefined ? '' : ` with ${scheme}`}`)
    return answers[Math.min(asked.length, answers.length) - 1]!()
  }
  return { ...clientUnderTest(rules, { fetch: fetching, ...over }), asked, urls }
}

export const says =
  (status: number, headers: Readonly<Record<string, string>> = {}, body: BodyInit | null = null): Answered =>
  () =>
    new Response(body, { status, headers })
export const denies = (challenge: string): Answered => says(401, { 'www-authenticate': challenge })
export const handsOut = (token: string, more: object = {}): Answered => says(200, {}, JSON.stringify({ token, ...more }))
export const throws =
  (error: unknown): Answered =>
  () =>
    Promise.reject(error)
/** What `fetch` throws where the system says why. */
export const networkError = (code: string): Error => new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
