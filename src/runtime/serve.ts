import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { Page, Site } from '../deploy/target.ts'

/** Of text, the charset is said too; anything else is downloaded. */
const TYPES = new Map([
  ...['html', 'css', 'csv', 'xml', 'markdown'].map((name) => [`.${name}`, `text/${name}; charset=utf-8`] as const),
  ...['.js', '.mjs'].map((extension) => [extension, 'text/javascript; charset=utf-8'] as const),
  ...['png', 'gif', 'webp', 'avif', 'jpeg', 'bmp'].map((name) => [`.${name}`, `image/${name}`] as const),
  ...['woff', 'woff2', 'ttf', 'otf'].map((name) => [`.${name}`, `font/${name}`] as const),
  ...['json', 'pdf', 'zip', 'wasm'].map((name) => [`.${name}`, `application/${name}`] as const),
  ['.htm', 'text/html; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.md', 'text/markdown; charset=utf-8'],
  ['.map', 'application/json'],
  ['.webmanifest', 'application/manifest+json'],
  ['.jpg', 'image/jpeg'],
  ['.svg', 'image/svg+xml'],
  ['.ico', 'image/x-icon'],
  ['.mp4', 'video/mp4'],
  ['.webm', 'video/webm'],
  ['.mp3', 'audio/mpeg'],
])

/** Listens for a target's site, on an origin of its own: no cookies, GET and HEAD only. A new release is served from the next request on. */
export async function serveSite(site: Site): Promise<{ readonly url: string; close(): Promise<void> }> {
  const [, host = '', port = '0'] = /^\[?(.*?)\]?:(\d+)$/.exec(site.listen) ?? []
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => void answer(site, request, response))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(Number(port), host, resolve))
  const { address, family, port: taken } = server.address() as AddressInfo
  return { url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`, close: () => closed(server) }
}

async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    response.setHeader('X-Content-Type-Options', 'nosniff')
    if (!isRead) return say(response.setHeader('Allow', 'GET, HEAD'), 405, 'Only GET and HEAD are answered here.')
    const [path = '/'] = (request.url ?? '/').split(/[?#]/)
    await show(await site.find(path), path, request, response)
  } catch {
    // Half a file must not look whole; before the headers there is still time to say so.
    if (response.headersSent) response.destroy()
    else say(response, 500, 'This site cannot be read at the moment.')
  }
}

async function show(page: Page, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (page.found === 'nothing') return say(response, 404, 'There is no such page.')
  if (page.found === 'folder') return say(response.setHeader('Location', `${path}/`), 308, 'This is a folder.')
  const etag = `"${page.release}"`
  response.setHeader('ETag', etag).setHeader('Cache-Control', 'no-cache').setHeader('X-Gantry-Digest', page.digest)
  const isKnown = (request.headers['if-none-match'] ?? '').split(',').some((known) => known.trim().replace(/^W\//, '') === etag)
  if (!isKnown) {
    response.setHeader('Content-Type', TYPES.get(extname(page.name).toLowerCase()) ?? 'application/octet-stream')
    response.setHeader('Content-Length', page.size)
  }
  response.statusCode = isKnown ? 304 : 200
  if (!isKnown && request.method === 'GET') return pipeline(Readable.fromWeb(page.content as NodeReadableStream<Uint8Array>), response)
  response.end()
  await page.content.cancel()
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
