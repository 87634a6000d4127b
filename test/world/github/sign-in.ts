/**
 * The website's part of signing in with the App (docs.github.com: "Generating a user access token for a GitHub App"): a page on which one
 * says who one is, a code for the way back, and a token for the code.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Auth } from './auth.ts'
import { isObject } from './description.ts'
import type { Account, State } from './state.ts'

interface Code {
  readonly account: Account
  readonly redirect: string
  /** S256 of a verifier; null where none was asked for. */
  readonly challenge: string | null
  readonly until: number
}

/** "The code expires after 10 minutes." */
const CODE_LASTS = 10 * 60_000
const TOKEN_LASTS = 8 * 60 * 60 // seconds

export class SignIns {
  readonly #auth: Auth
  readonly #state: State
  readonly #now: () => number
  readonly #codes = new Map<string, Code>()

  constructor(auth: Auth, state: State, now: () => number) {
    this.#auth = auth
    this.#state = state
    this.#now = now
  }

  /** `null`: no address of this part. */
  answer(request: Request, body: string): Response | null {
    const { pathname, searchParams } = new URL(request.url)
    if (request.method === 'GET' && pathname === '/login/oauth/authorize') return this.#authorize(searchParams)
    if (request.method === 'POST' && pathname === '/login/oauth/access_token') return this.#exchange(request, fieldsOf(body))
    return null
  }

  /** Nobody is signed in on GitHub's own pages: every browser is asked who it is, each time. */
  #authorize(query: URLSearchParams): Response {
    const { client, callbacks } = this.#auth
    if (query.get('client_id') !== client.id) return page(404, '<p>This is not the web page you are looking for.</p>')
    const redirect = query.get('redirect_uri') ?? [...callbacks][0] ?? ''
    if (!callbacks.has(redirect)) return page(400, '<p>The redirect_uri is not associated with this application.</p>')
    const challenge = query.get('code_challenge')
    if (challenge !== null && !(query.get('code_challenge_method') === 'S256' && /^[\w-]{43}$/.test(challenge)))
      return page(400, '<p>The code_challenge is not one of S256.</p>')
    const state = query.get('state')
    const back = (said: Readonly<Record<string, string>>): Response => {
      const location = new URL(redirect)
      for (const [name, value] of Object.entries({ ...said, ...(state !== null && { state }) })) location.searchParams.set(name, value)
      return new Response(null, { status: 302, headers: { location: location.href } })
    }
    if (query.has('cancel')) return back({ error: 'access_denied', error_description: 'The user has denied your application access.' })
    const account = this.#people().find(({ login }) => login === query.get('as'))
    if (account === undefined) return page(200, this.#choice(query))
    const code = randomBytes(10).toString('hex')
    this.#codes.set(code, { account, redirect, challenge, until: this.#now() + CODE_LASTS })
    return back({ code })
  }

  #people(): readonly Account[] {
    return this.#state.accounts.filter(({ type }) => type === 'User')
  }

  #choice(query: URLSearchParams): string {
    const kept = [...query]
      .filter(([name]) => name !== 'as')
      .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    const buttons = this.#people().map(({ login }) => `<button name="as" value="${escaped(login)}">${escaped(login)}</button>`)
    return `<p>Gantry wants to know who you are. Who are you?</p>
<form>${kept.join('')}
${buttons.join('\n')}
<button name="cancel" value="yes">Cancel</button>
</form>`
  }

  // Every one of these is a 200: docs.github.com, "Troubleshooting OAuth app access token request errors".
  #exchange(request: Request, given: ReadonlyMap<string, string>): Response {
    const isJson = /json/.test(request.headers.get('accept') ?? '')
    const say = (said: Readonly<Record<string, string | number>>): Response => {
      const written = new URLSearchParams(Object.entries(said).map(([name, value]) => [name, String(value)]))
      return isJson ? Response.json(said) : new Response(written)
    }
    const no = (error: string, description: string): Response => say({ error, error_description: description, error_uri: 'https://docs.github.com/' })
    const { client } = this.#auth
    if (given.get('client_id') !== client.id || given.get('client_secret') !== client.secret)
      return no('incorrect_client_credentials', 'The client_id and/or client_secret passed are incorrect.')
    const code = this.#codes.get(given.get('code') ?? '')
    this.#codes.delete(given.get('code') ?? '')
    if (code === undefined || code.until <= this.#now() || !isAnswered(code.challenge, given.get('code_verifier')))
      return no('bad_verification_code', 'The code passed is incorrect or expired.')
    if ((given.get('redirect_uri') ?? code.redirect) !== code.redirect)
      return no('redirect_uri_mismatch', 'The redirect_uri MUST match the registered callback URL for this application.')
    const refresh = { refresh_token: `ghr_${randomBytes(38).toString('hex')}`, refresh_token_expires_in: 15_897_600 }
    return say({ access_token: this.#auth.signsIn(code.account), expires_in: TOKEN_LASTS, ...refresh, token_type: 'bearer', scope: '' })
  }
}

const isAnswered = (challenge: string | null, verifier: string | undefined): boolean =>
  challenge === null || (verifier !== undefined && createHash('sha256').update(verifier).digest('base64url') === challenge)

/** As JSON or as a form: GitHub takes both. */
function fieldsOf(body: string): ReadonlyMap<string, string> {
  if (!body.startsWith('{')) return new Map(new URLSearchParams(body))
  const value: unknown = JSON.parse(body)
  return new Map(Object.entries(isObject(value) ? value : {}).map(([name, field]) => [name, String(field)]))
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

function page(status: number, body: string): Response {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Sign in to GitHub (simulated)</title>
<style>
:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }
body { max-width: 24rem; margin: 4rem auto; padding: 0 1rem }
form { display: grid; gap: .5rem }
button { font: inherit; padding: .5rem }
</style>
<main>
<h1>GitHub, simulated</h1>
${body}
</main>
</html>
`
  return new Response(html, { status, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } })
}
