import { randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Failure } from '../errors.ts'
import { webOrigin, type Settings } from '../settings.ts'
import { addToEnvironmentFile } from './environment-file.ts'
import { convert, manifestOf } from './manifest.ts'
import { askPage, donePage, handOverPage, html, page } from './setup-pages.ts'

export interface SetupDoors {
  readonly settings: Settings
  readonly fetch: typeof globalThis.fetch
  /** The text of `app.yml`. */
  readonly appYml: string
  /** The file that the App's variables are written to. */
  readonly environmentFile: string
  /** A line for the terminal. */
  say(line: string): void
}

export interface Setup {
  readonly url: string
  /** Resolves once an App is registered and its variables are written, and the page says so. */
  readonly done: Promise<void>
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: string
  /** The last page: set-up is over. */
  readonly isLast?: boolean
}

const LARGEST_FORM = 8 * 1024

/**
 * Registers the App through GitHub's manifest flow. Listens on 127.0.0.1 alone and asks for a token that only the terminal
 * shows; each token and each `state` works once.
 */
export async function startSetup(doors: SetupDoors): Promise<Setup> {
  const { settings } = doors
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 })
  server.listen(settings.port, '127.0.0.1')
  await once(server, 'listening').catch((error: unknown) => {
    const details = { sentence: 'The set-up page cannot listen on 127.0.0.1 and PORT.', next: 'Set PORT to a free one, and start again.' }
    throw new Failure('SETTING_INVALID', details, error)
  })
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const flow = createFlow(doors, url)
  const done = new Promise<void>((resolve) => {
    server.on('request', (request, response) => {
      void handle(flow, url, request).then((answer) => {
        send(response, answer, webOrigin(settings.githubApiUrl))
        if (answer.isLast) response.once('close', resolve)
      })
    })
  })
  flow.showToken()
  return {
    url,
    done,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function handle(flow: Flow, url: string, request: IncomingMessage): Promise<Answer> {
  // A page elsewhere may point a name of its own at 127.0.0.1, and then read our answers: the Host header gives it away.
  if (![url, url.replace('127.0.0.1', 'localhost')].includes(`http://${request.headers.host}`)) return notFound
  const { pathname, searchParams } = new URL(request.url ?? '/', url)
  try {
    if (request.method === 'GET' && (pathname === '/' || pathname === '/setup')) return flow.ask('')
    if (request.method === 'POST' && pathname === '/setup') return flow.handOver(new URLSearchParams(await readForm(request)))
    if (request.method === 'GET' && pathname === '/setup/registered') return await flow.registered(searchParams)
    return notFound
  } catch (error) {
    if (error instanceof Failure)
      return { status: 502, body: page('That did not work', html`<p>${error.problem.sentence} ${error.problem.next}</p>`) }
    return { status: 500, body: page('That did not work', html`<p>Start Gantry again and open the set-up page once more.</p>`) }
  }
}

const notFound: Answer = { status: 404, body: page('There is nothing here', html`<p><a href="/setup">To the set-up page</a></p>`) }

type Flow = ReturnType<typeof createFlow>

function createFlow({ settings, fetch, appYml, environmentFile, say }: SetupDoors, url: string) {
  let token = unguessable()
  let expected: { readonly state: string; readonly home: string } | null = null
  const ask = (complaint: string): Answer => ({
    status: complaint ? 400 : 200,
    body: askPage(settings.url, settings.webhookProxyUrl !== null, complaint),
  })
  const showToken = () => say(`To register a GitHub App, open ${url}/setup and enter this token: ${token}`)

  return {
    ask,
    showToken,
    handOver(form: URLSearchParams): Answer {
      if (!isSame(form.get('token') ?? '', token)) return ask('That is not the token that the terminal shows.')
      const organization = form.get('organization')?.trim() ?? ''
      if (!/^[\w-]{0,100}$/.test(organization)) return ask('That is not the name of an organization.')
      const home = originOf(settings.webhookProxyUrl ?? form.get('home') ?? '')
      if (home === null) return ask('The public address must be an origin such as https://gantry.example.com.')
      token = unguessable()
      showToken()
      expected = { state: unguessable(), home }
      const hook = settings.webhookProxyUrl
      // Through the proxy come webhooks only: a browser reaches what listens here.
      const pages = hook === null ? home : (settings.url ?? url)
      const manifest = manifestOf(appYml, { home, hook, redirect: `${url}/setup/registered`, pages })
      const owner = organization ? `/organizations/${organization}` : ''
      return { status: 200, body: handOverPage(`${webOrigin(settings.githubApiUrl)}${owner}/settings/apps/new?state=${expected.state}`, manifest) }
    },
    async registered(query: URLSearchParams): Promise<Answer> {
      const awaited = expected
      expected = null
      if (awaited === null || !isSame(query.get('state') ?? '', awaited.state))
        return ask('GitHub’s answer does not belong to this set-up. Begin again.')
      const app = await convert(fetch, settings.githubApiUrl, query.get('code') ?? '')
      const left = addToEnvironmentFile(environmentFile, {
        APP_ID: String(app.id),
        PRIVATE_KEY: app.pem,
        WEBHOOK_SECRET: app.webhook_secret,
        GITHUB_CLIENT_ID: app.client_id,
        GITHUB_CLIENT_SECRET: app.client_secret,
        ...(settings.webhookProxyUrl === null && { GANTRY_URL: awaited.home }),
      })
      say('The App is registered and its keys are written. Start Gantry again.')
      return { status: 200, body: donePage(`${app.html_url}/installations/new`, left), isLast: true }
    },
  }
}

function originOf(text: string): string | null {
  const url = URL.parse(text.trim())
  return url?.protocol === 'https:' && url.username === '' ? url.origin : null
}

function send(response: ServerResponse, { status, body }: Answer, github: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; form-action 'self' ${github}; frame-ancestors 'none'; base-uri 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  })
  response.end(body)
}

async function readForm(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if ((size += chunk.length) > LARGEST_FORM) throw new Error('the form is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

const unguessable = (): string => randomBytes(24).toString('base64url')

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given.trim()), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
