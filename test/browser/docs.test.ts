import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { docsRoutes } from '../../src/runtime/docs.ts'
import { violations } from './inspecting.ts'
import { CHROMIUM, colours, contrast, nameless, openBrowser } from './looking.ts'

const isHere = existsSync(CHROMIUM)
if (!isHere) console.warn(`left out: the documentation in a browser (no ${CHROMIUM} here; Debian's package is chromium)`)

if (!isHere && process.env['CI'] === 'true') test('with CI=true there is a browser', () => expect(isHere).toBe(true))

describe.skipIf(!isHere)('the documentation in a browser', () => {
  const routes = docsRoutes(fileURLToPath(new URL('../../docs', import.meta.url)), { hasApi: true })
  let browser: Browser
  let server: Server
  beforeAll(async () => {
    browser = await openBrowser()
    server = createServer((request, response) => {
      const answer = routes.get(`${request.method} ${request.url}`)
      if (answer === undefined) response.writeHead(404).end()
      else answer(request, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(async () => {
    await browser?.close()
    server?.closeAllConnections()
    server?.close()
  })

  async function visit(path: string, width: number, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme })
    context.setDefaultTimeout(15_000)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    onTestFinished(async () => {
      await context.close()
      expect(complaints.filter((one) => !one.includes('status of 404'))).toEqual([])
    })
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)
    return page
  }

  test('where there is room, the headings stand beside a page, and lead to what they name', async () => {
    const page = await visit('/docs/api', 1280)
    await page.getByRole('navigation', { name: 'On this page' }).getByRole('link', { name: 'POST /deploy/{id}/approve' }).click()
    const heading = page.getByRole('heading', { name: 'POST /deploy/{id}/approve' })
    expect((await heading.boundingBox())?.y).toBeLessThan(100)
    expect(new URL(page.url()).hash).toBe('#post-deployidapprove')
  })

  test.each(['/docs', '/docs/api', '/docs/troubleshooting', '/docs/configuration'])('%s: on a phone nothing stands out at the side', async (path) => {
    const page = await visit(path, 360)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    expect(await page.getByRole('navigation', { name: 'On this page' }).isVisible()).toBe(false)
  })

  test.each(['light', 'dark'] as const)('everything has a name, and text stands out from what is behind it, in the %s', async (colorScheme) => {
    for (const path of ['/docs', '/docs/api', '/docs/api#post-deploy', '/docs/troubleshooting']) {
      const page = await visit(path, 1280, colorScheme)
      expect(await page.evaluate(nameless)).toEqual([])
      const all = await page.evaluate(colours)
      expect(all.length).toBeGreaterThan(20)
      expect(all.filter(({ ink, paper }) => contrast(ink, paper) < 4.5)).toEqual([])
      // Somewhere else on the same page.
      if (path.includes('#')) continue
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 })
        expect(await violations(page)).toEqual([])
      }
    }
  })
})
