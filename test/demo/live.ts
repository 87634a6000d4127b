import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { iconFile } from './icons.ts'
import { pageOf, STYLES } from './page.ts'
import { panels } from './panels.ts'
import { lastSaid, timeline } from './thread.ts'
import type { Region } from './thread.ts'
import type { Town } from './town.ts'
import { troubles } from './troubles.ts'

/** Milliseconds in which several changes become one. */
const JOIN = 40
const LONGEST_FORM = 65_536

/** One who looks at the page, and what they have seen of it. */
interface Onlooker {
  readonly response: ServerResponse
  readonly seen: Map<string, string>
}

/** The town's page on 127.0.0.1, live: `/` is whole without JavaScript, `/events` sends what looks different since. */
export async function serve(town: Town, port: number): Promise<{ readonly url: string; close(): void }> {
  const onlookers = new Set<Onlooker>()
  const assets = new Map([
    ...STYLES.map((path) => asset(path, 'text/css')),
    asset('/page.js', 'text/javascript'),
    ['/crane.svg', { type: 'image/svg+xml', text: iconFile('crane') }],
  ])
  const look = async (): Promise<readonly Region[]> => [...timeline(town), ...(await panels(town))]
  let isDue = false
  const show = async (): Promise<void> => {
    isDue = false
    const regions = await look()
    for (const onlooker of onlookers) tell(onlooker, regions, lastSaid(town))
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = request.url ?? '/'
    const file = assets.get(url)
    if (!isOurs(request)) return say(response, 403, 'This page is for this machine only.')
    if (request.method === 'POST') return act(town, url, await formOf(request), request, response)
    if (request.method !== 'GET') return say(response, 405, 'Only GET and POST are answered here.')
    if (file) return void response.writeHead(200, { ...HEADERS, 'content-type': `${file.type}; charset=utf-8` }).end(file.text)
    if (url === '/events') return watch(onlookers, response, await look(), lastSaid(town))
    if (url !== '/') return say(response, 404, 'There is nothing here.')
    response.writeHead(200, { ...HEADERS, ...policy(town), 'content-type': 'text/html; charset=utf-8' }).end(pageOf(town, await look()))
  }
  const server = createServer((request, response) => void answer(request, response).catch((error: unknown) => say(response, 500, String(error))))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const unlisten = town.onChange(() => {
    if (!isDue) setTimeout(() => void show(), JOIN)
    isDue = true
  })
  const close = (): void => {
    unlisten()
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin' }

const policy = ({ sites }: Town) => ({
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'",
    `frame-src ${Object.values(sites)
      .map(({ origin }) => origin)
      .join(' ')}`,
    "base-uri 'none'; frame-ancestors 'none'",
  ].join('; '),
})

const asset = (path: string, type: string) => [path, { type, text: readFileSync(new URL(`.${path}`, import.meta.url), 'utf8') }] as const

/** Neither by another name for this machine, nor from another page. */
function isOurs({ headers }: IncomingMessage): boolean {
  const host = headers.host ?? ''
  return /^(127\.0\.0\.1|localhost):\d+$/.test(host) && (headers.origin === undefined || headers.origin === `http://${host}`)
}

function watch(onlookers: Set<Onlooker>, response: ServerResponse, regions: readonly Region[], said: string): void {
  const onlooker = { response, seen: new Map<string, string>() }
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' })
  onlookers.add(onlooker)
  response.on('close', () => onlookers.delete(onlooker))
  tell(onlooker, regions, said)
}

function tell({ response, seen }: Onlooker, all: readonly Region[], said: string): void {
  const regions = all.filter(({ id, html }) => seen.get(id) !== html)
  if (regions.length === 0) return
  for (const { id, html } of regions) seen.set(id, html)
  response.write(`data: ${JSON.stringify({ regions, said })}\n\n`)
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LONGEST_FORM) throw new Error('The form is too large.')
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString())
}

/** A form's post: back to the page, or a bare answer to the page's script. What GitHub would refuse is said in words. */
async function act(town: Town, url: string, form: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const who = form.get('as') === 'mallory' ? 'mallory' : 'ada'
  try {
    if (url === '/comment') town.comments(who, form.get('text') ?? '')
    else if (url === '/label') town.labels(who, form.get('label') ?? '')
    else if (url === '/press') town.presses(who, Number(form.get('check')), form.get('button') ?? '')
    else if (url === '/trouble') await troubles.find(({ name }) => name === form.get('name'))?.press(town)
    else return say(response, 404, 'There is nothing here.')
    town.stirs()
  } catch (error) {
    return say(response, 422, `GitHub does not take that: ${(error as Error).message}.`)
  }
  if (request.headers['x-live'] === undefined) response.writeHead(303, { location: '/#composer' }).end()
  else response.writeHead(204).end()
}

function say(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return void response.destroy()
  response.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}
