import { STATUS_CODES } from 'node:http'
import { Failure, type Code } from '../../errors.ts'
import { HEADERS } from '../../web/headers.ts'
import type { RequestRefused } from '../../web/problems.ts'

/** RFC 9457 problem details: a sentence and nothing from inside. */
export const problemAnswer = (status: number, detail: string, headers: Readonly<Record<string, string>> = {}): Response =>
  answered(status, { type: 'about:blank', title: STATUS_CODES[status], status, detail }, headers)

/** What the API says where the Worker itself refuses, before any object is asked. `origin`: where people reach this Gantry. */
export async function refusal(why: (words: typeof import('./whole.ts')) => RequestRefused, origin: string | null): Promise<Response> {
  const words = await import('./whole.ts')
  const { problem, headers } = why(words)
  const requestId = `w${crypto.randomUUID().slice(0, 8)}`
  const body = words.problemBody(problem, origin === null ? null : `${origin}/docs`, requestId)
  const again = body.retryAfter === undefined ? {} : { 'retry-after': String(body.retryAfter) }
  return answered(body.status, body, { 'x-request-id': requestId, ...again, ...headers })
}

const answered = (status: number, body: object, headers: Readonly<Record<string, string>>): Response =>
  new Response(JSON.stringify(body), { status, headers: { ...HEADERS, 'content-type': 'application/problem+json', ...headers } })

/** Where Gantry cannot begin at all: which of the Worker's variables to look at, by its name alone. What is wrong with it is for the log. */
export async function notBegun(error: unknown): Promise<Response> {
  const names = error instanceof Failure ? await variablesBehind(error) : []
  if (names.length === 0) return problemAnswer(503, 'Gantry cannot begin its work here; its log says why.')
  const which = names.length === 1 ? 'The variable or secret' : 'The variables or secrets'
  return problemAnswer(503, `This Gantry is not set up yet. ${which} to look at: ${names.join(', ')}. Its log says what is wrong.`)
}

const BEHIND: Readonly<Partial<Record<Code, readonly string[]>>> = {
  OPERATOR_FILE_INVALID: ['GANTRY_YML'],
  VAULT_KEY_MISSING: ['GANTRY_KEYS'],
  VAULT_KEY_WRONG: ['GANTRY_KEYS'],
}

async function variablesBehind({ problem: { code, sentence } }: Failure): Promise<readonly string[]> {
  const { VARIABLES } = await import('../../settings.ts')
  const words = new Set(sentence.match(/\w+/g))
  return code === 'SETTING_INVALID' ? VARIABLES.filter((name) => words.has(name)) : (BEHIND[code] ?? [])
}
