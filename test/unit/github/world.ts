/** A GitHub with a clock that stands still, and a caller that has the App's rights. */
import { createSign } from 'node:crypto'
import { GitHub, PRIVATE_KEY } from '../../world/github/github.ts'
import type { Options } from '../../world/github/github.ts'
import { isObject } from '../../world/github/description.ts'

export const START = Date.UTC(2026, 0, 5, 12)

export function newGitHub(options: Partial<Options> = {}) {
  const clock = {
    time: START,
    now: (): number => clock.time,
    passes: (milliseconds: number): void => {
      clock.time += milliseconds
    },
  }
  const github = new GitHub({ clock, ...options })
  const token = github.auth.issue(github.installation, { repositoryIds: null, repositoryNames: null, permissions: null }, github.state).text
  return { github, clock, token, ...caller(github, token) }
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

export function caller(github: GitHub, token: string) {
  const call = async (operation: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answered> => {
    const [method = '', path = ''] = operation.split(' ')
    const sent = { method, headers: { authorization: `token ${token}`, ...headers }, ...(body !== undefined && { body: JSON.stringify(body) }) }
    const response = await github.fetch(`https://api.github.com${path}`, sent)
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text }
  }
  const ask = async (query: string, variables: object = {}): Promise<unknown> => (await call('POST /graphql', { query, variables })).body
  return { call, ask }
}

/** A JWT of the App, as its library makes it. */
export function jwt(claims: object = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode({ iss: 4711, iat: now - 30, exp: now + 570, ...claims })}`
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(PRIVATE_KEY, 'base64url')}`
}

/** One field of a JSON answer, by its path: `at(body, 'errors', 0, 'type')`. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (Array.isArray(inner) ? (inner as unknown[])[Number(key)] : isObject(inner) ? inner[key] : undefined),
    value,
  )
}
