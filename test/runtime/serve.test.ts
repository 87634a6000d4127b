import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Site } from '../../src/deploy/target.ts'
import { serveSite } from '../../src/runtime/serve.ts'

const DIGEST = `sha256:${'a'.repeat(64)}` as const
let pages: Map<string, string>
let cancelled: string[]
let release: string
let server: { readonly url: string; close(): Promise<void> }

const site: Site = {
  listen: '127.0.0.1:0',
  async find(path) {
    if (path === '/broken') throw new Error('secret of the disk')
    const name = path.endsWith('/') ? `${path}index.html` : path
    const text = pages.get(name)
    if (text === undefined) return { found: pages.has(`${path}/index.html`) ? 'folder' : 'nothing' }
    const content = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text))
        if (text === 'half') controller.error(new Error('cut'))
        else controller.close()
      },
      cancel: () => void cancelled.push(path),
    })
    return { found: 'file', name: name.slice(1), digest: DIGEST, release, size: Buffer.byteLength(text) + (text === 'half' ? 10 : 0), content }
  },
}

beforeEach(async () => {
  pages = new Map([
    ['/index.html', '<h1>hello</h1>'],
    ['/app.mjs', 'export {}'],
    ['/logo.SVG', '<svg/>'],
    ['/LICENSE', 'text'],
    ['/docs/index.html', 'docs'],
    ['/half', 'half'],
  ])
  cancelled = []
  release = 'abc'
  server = await serveSite(site)
})
afterEach(() => server.close())

const get = (path: string, init?: RequestInit) => fetch(server.url + path, { redirect: 'manual', ...init })

test('a page, with its type, the digest of its image, and no cookie', async () => {
  const response = await get('/?utm=x')
  expect([response.status, await response.text()]).toEqual([200, '<h1>hello</h1>'])
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-length': '14',
    'x-content-type-options': 'nosniff',
    'x-gantry-digest': DIGEST,
    etag: '"abc"',
    'cache-control': 'no-cache',
  })
  expect(response.headers.get('set-cookie')).toBeNull()
})

test.each([
  ['/app.mjs', 'text/javascript; charset=utf-8'],
  ['/logo.SVG', 'image/svg+xml'],
  ['/LICENSE', 'application/octet-stream'],
])('%s is %s', async (path, type) => expect((await get(path)).headers.get('content-type')).toBe(type))

test('HEAD has the headers and no body', async () => {
  const response = await get('/', { method: 'HEAD' })
  expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '14', ''])
})

test.each(['"abc"', 'W/"abc"', '"old", "abc"'])('what the browser has already (%s) is not sent again', async (known) => {
  const response = await get('/', { headers: { 'if-none-match': known } })
  expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([304, '"abc"', ''])
})

test('after a deployment the browser is told the new page without a restart', async () => {
  pages.set('/index.html', 'new')
  release = 'def'
  expect(await (await get('/', { headers: { 'if-none-match': '"abc"' } })).text()).toBe('new')
})

test('a folder leads to its slash', async () => {
  const response = await get('/docs')
  expect([response.status, response.headers.get('location')]).toEqual([308, '/docs/'])
})

describe('what is not served', () => {
  test('what is not there', async () => expect((await get('/nothing')).status).toBe(404))

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s', async (method) => {
    const response = await get('/', { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('why the disk failed', async () => {
    const response = await get('/broken')
    expect([response.status, await response.text()]).toEqual([500, 'This site cannot be read at the moment.\n'])
  })

  test('half a file as a whole one', async () => {
    await expect(get('/half').then((response) => response.text())).rejects.toThrow()
  })
})

test('a browser that goes away does not keep the file open', async () => {
  pages.set('/large', 'x'.repeat(8 * 2 ** 20))
  await new Promise<void>((resolve) => {
    const asked = request(`${server.url}/large`, (response) => response.once('data', () => asked.destroy())).on('close', () => resolve())
    asked.on('error', () => {}).end()
  })
  expect((await get('/')).status).toBe(200)
})
