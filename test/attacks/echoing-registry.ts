import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What it does with a request of whom it knows the secret; `echo` is the secret in many spellings. */
type Mischief = (response: ServerResponse, about: About) => void

interface About {
  readonly secret: string
  readonly echo: string
  readonly path: string
  readonly isToken: boolean
  readonly isSignedIn: boolean
  readonly host: string
}

const JSON_TYPE = { 'content-type': 'application/json' }
const errors = (echo: string): string => JSON.stringify({ errors: [{ code: 'DENIED', message: echo, detail: { given: echo } }], details: echo })
const answers = (response: ServerResponse, status: number, body: string, headers: Readonly<Record<string, string>> = {}): void =>
  void response.writeHead(status, { ...JSON_TYPE, ...headers }).end(body)
const asksForToken = (response: ServerResponse, realm: string, more = ''): void =>
  answers(response, 401, '{}', { 'www-authenticate': `Bearer realm="${realm}",service="test"${more}` })
/** Once signed in; before that, the registry asks for the password as registries do. */
const then =
  (does: Mischief): Mischief =>
  (response, about) =>
    about.isSignedIn ? does(response, about) : answers(response, 401, '{}', { 'www-authenticate': 'Basic realm="test"' })
/** The same at the token server, which the registry sends everybody to. */
const atTokenServer =
  (does: Mischief): Mischief =>
  (response, about) =>
    about.isToken ? does(response, about) : asksForToken(response, `http://${about.host}/token`, `,scope="repository:${about.path}:pull"`)
const says = (status: number, headers: Readonly<Record<string, string>> = {}, type = 'application/json'): Mischief =>
  then((response, { echo, secret }) =>
    answers(response, status, type === 'application/json' ? errors(echo) : `<html><title>${echo}</title>${echo}</html>`, {
      ...headers,
      'content-type': type,
      'x-given': inHeader(secret),
      'retry-after': '1',
    }),
  )

/** What of it may stand in a header: some of its spellings always. */
const inHeader = (secret: string): string =>
  [
    ...(/^[\x20-\x7e]{1,2000}$/.test(secret) ? [secret.replaceAll(/["\\]/g, '\\$&')] : []),
    encodeURIComponent(secret).slice(0, 2_000),
    Buffer.from(secret).toString('base64').slice(0, 2_000),
  ].join(' ')

/** What becomes of whoever signs in, or is about to. */
export const MISCHIEF: Readonly<Record<string, Mischief>> = {
  '401 with the secret in body and realm': then((response, { echo, secret }) =>
    answers(response, 401, errors(echo), { 'www-authenticate': `Basic realm="${inHeader(secret)}"` }),
  ),
  '403': says(403),
  '404': says(404),
  '429': says(429),
  '500': says(500),
  'a page for 503': says(503, {}, 'text/html'),
  'a redirect with the secret in its address': then((response, { secret }) =>
    answers(response, 307, '', {
      location: `http://ada:${encodeURIComponent(secret)}@127.0.0.1:9/${encodeURIComponent(secret).slice(0, 2_000)}?p=${encodeURIComponent(secret).slice(0, 2_000)}`,
    }),
  ),
  'a redirect in a circle': then((response, { path, host }) => answers(response, 307, '', { location: `http://${host}${path}` })),
  'a realm on another host with the secret in its address': (response, { secret }) =>
    asksForToken(
      response,
      `https://tokens.example.com/${encodeURIComponent(secret).slice(0, 2_000)}?x=${encodeURIComponent(secret).slice(0, 2_000)}`,
    ),
  'TLS that fails': (response, { host }) => asksForToken(response, `https://${host}/token`),
  'a name that does not exist': (response) => asksForToken(response, `${NOWHERE}/token`),
  'a token server’s 401': atTokenServer((response, { echo, secret }) =>
    answers(response, 401, errors(echo), { 'www-authenticate': `Basic realm="${inHeader(secret)}"` }),
  ),
  'a token server’s 403': atTokenServer((response, { echo }) => answers(response, 403, errors(echo))),
  'a token server’s 500': atTokenServer((response, { echo }) => answers(response, 500, errors(echo))),
  'a token server’s answer that is no JSON': atTokenServer((response, { echo }) => answers(response, 200, `<p>${echo}`)),
  'the secret as a token, which is refused': (response, about) =>
    about.isToken
      ? answers(response, 200, JSON.stringify({ token: about.secret, expires_in: about.echo }))
      : answers(response, 401, errors(about.echo), {
          'www-authenticate': `Bearer realm="http://${about.host}/token",service="test",scope="repository:${about.path}:pull",error="${inHeader(about.secret)}"`,
        }),
  'the secret as a digest': then((response, { secret, echo }) =>
    answers(response, 200, JSON.stringify({ schemaVersion: 2, note: echo }), {
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'docker-content-digest': `sha256:${inHeader(secret)}`,
    }),
  ),
  'the secret as a manifest': then((response, { echo }) =>
    answers(response, 200, echo, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }),
  ),
  'the secret as a media type': then((response, { echo, secret }) =>
    answers(
      response,
      200,
      JSON.stringify({ schemaVersion: 2, mediaType: echo, config: { mediaType: echo, digest: echo, size: echo }, layers: [echo] }),
      {
        'content-type': `application/${Buffer.from(secret).toString('hex').slice(0, 2_000)}`,
      },
    ),
  ),
  'headers that are too large': then((response, { secret }) =>
    answers(response, 200, '{}', Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`x-${at}`, inHeader(secret).padEnd(2_000, '.')]))),
  ),
  'half an answer': then((response, { echo }) => {
    response.writeHead(200, { 'content-type': 'application/vnd.oci.image.index.v1+json', 'content-length': '1000000' })
    response.write(echo, () => response.destroy())
  }),
  'a connection that breaks': then((response) => void response.destroy()),
  'no answer at all': then(() => {}),
}

const spellingsOf = (secret: string): string => {
  const base64 = Buffer.from(secret).toString('base64')
  const basic = Buffer.from(`ada:${secret}`).toString('base64')
  const html = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
  const all = [
    secret,
    base64,
    basic,
    Buffer.from(secret).toString('base64url'),
    encodeURIComponent(secret),
    JSON.stringify(secret),
    Buffer.from(secret).toString('hex'),
    html,
  ]
  return `given ${all.join(' | ')} ${encodeURIComponent(base64)}`
}

const loginIn = ({ headers }: Pick<IncomingMessage, 'headers'>): string =>
  Buffer.from(/^basic (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '', 'base64').toString()

/** A registry that knows whose secret each repository's is, and says it wherever it can; `acme/c7` belongs to the seventh. */
export async function startEchoingRegistry(what: string, secrets: readonly string[]) {
  const seen = new Set<string>()
  const others: string[] = []
  const server = createServer((request, response) => {
    const about = aboutOf(request)
    if (about.isSignedIn) seen.add(about.secret)
    others.push(`${request.url} ${about.isSignedIn ? '' : loginIn(request)}`)
    MISCHIEF[what]?.(response, about)
  })

  function aboutOf({ url = '/', headers }: IncomingMessage): About {
    const named = /acme(?:\/|%2F)c(\d+)/i.exec(url)?.[1]
    const secret = secrets[Number(named ?? 0)] ?? ''
    const isSignedIn = loginIn({ headers }) === `ada:${secret}`
    return { secret, echo: spellingsOf(secret), path: url.split('?')[0] ?? '', isToken: url.startsWith('/token'), isSignedIn, host: host() }
  }

  const host = (): string => `127.0.0.1:${(server.address() as AddressInfo).port}`
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    what,
    host: host(),
    /** How many secrets have reached it. */
    reached: () => seen.size,
    /** What it was asked for and shown, but for each secret at the one repository that it is for. */
    others,
    async stops() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Nothing has that name. */
export const NOWHERE = 'https://gantry-canary.invalid'
