import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { problemComment } from '../../src/bot/comments.ts'
import { CODES, problem } from '../../src/errors.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { docsRoutes } from '../../src/runtime/docs.ts'
import { createFront } from '../../src/runtime/front.ts'
import { createLog } from '../../src/runtime/log.ts'
import { createRedactor } from '../../src/runtime/redact.ts'
import { Secret } from '../../src/secret.ts'

const folder = fileURLToPath(new URL('../../docs', import.meta.url))
const routes = docsRoutes(folder, { hasApi: true })
let server: Server
let origin: string

beforeAll(async () => {
  server = createFront({
    intake: { events: new Set(), read: () => null, store: () => null, kick: () => {} },
    webhookSecrets: [new Secret('a-webhook-secret-that-signs-nothing-here')],
    isHealthy: () => true,
    clock: systemClock,
    log: createLog('silent', createRedactor()),
    routes,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

test('the link in a comment leads to the paragraph of its code, served by the process that said it', async () => {
  const why = problem('TAG_NOT_FOUND', { sentence: 'There is no such tag.', next: 'Push it.' })
  const [, link = ''] = /\(<([^>]+)>\)/.exec(problemComment(why, { docs: `${origin}/docs` })) ?? []
  expect(link).toBe(`${origin}/docs/troubleshooting#tag_not_found`)
  expect(await (await fetch(link)).text()).toContain('<h2 id="tag_not_found">')
  expect(problemComment(why, { docs: null })).toContain('- **Code:** `TAG_NOT_FOUND`')
})

test('every code has its paragraph', async () => {
  const page = await (await fetch(`${origin}/docs/troubleshooting`)).text()
  const ids = new Set([...page.matchAll(/<h2 id="([^"]+)"/g)].map(([, id]) => id))
  for (const code of Object.keys(CODES)) expect(ids).toContain(code.toLowerCase())
  expect(page).toContain('<title>Troubleshooting · Gantry</title>')
})

test('a page can do nothing but be read', async () => {
  const response = await fetch(`${origin}/docs/troubleshooting`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  const policy = response.headers.get('content-security-policy')
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; /)
  const page = await response.text()
  expect(page).not.toMatch(/<script|<img|<iframe|<form|style="|onclick|javascript:/i)
})

test('every link of every page leads to a page and a heading, or out', async () => {
  const pages = new Map<string, string>()
  for (const route of routes.keys()) {
    const path = route.replace('GET ', '')
    pages.set(path, await (await fetch(`${origin}${path}`)).text())
  }
  expect([...pages.keys()]).toEqual(expect.arrayContaining(['/docs', '/docs/tour', '/docs/architecture', '/docs/configuration', '/docs/commands']))
  const broken = [...pages].flatMap(([path, page]) =>
    [...page.matchAll(/href="([^"]*)"/g)]
      .map(([, href = '']) => href)
      // The description of the API is the API's own answer (docs-api.test.ts follows it there).
      .filter((href) => !/^https?:/.test(href) && href !== '/openapi.json')
      .filter((href) => {
        const [to = '', fragment] = href.split('#')
        const target = pages.get(to === '' ? path : to)
        return target === undefined || (fragment !== undefined && !target.includes(`id="${fragment}"`))
      })
      .map((href) => `${path} → ${href}`),
  )
  expect(broken).toEqual([])
})

test('the schema that editors fetch is served as it stands', async () => {
  const response = await fetch(`${origin}/docs/deploy.schema.json`)
  expect(response.headers.get('content-type')).toBe('application/schema+json')
  expect(await response.json()).toMatchObject({ title: '.github/deploy.yml of Gantry', additionalProperties: false })
})

test('what is not documentation is not there', async () => {
  for (const path of ['/docs/', '/docs/nothing', '/docs/troubleshooting.md', '/docs/../package.json', '/docs/%2e%2e/package.json']) {
    expect((await fetch(`${origin}${path}`)).status, path).toBe(404)
  }
})
