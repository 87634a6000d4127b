import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serve } from '../demo/live.ts'
import { Town } from '../demo/town.ts'

const CHROMIUM = '/usr/bin/chromium'
// Without these it looks for its maker's servers at every start, which a machine without internet refuses.
const QUIET = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

const isMissing = !existsSync(CHROMIUM) && process.env['CI'] !== 'true'

describe.skipIf(isMissing)(isMissing ? 'the demo in a browser (left out: no /usr/bin/chromium here)' : 'the demo in a browser', () => {
  let browser: Browser
  let town: Town
  let page: Page
  let url: string

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', ...QUIET] })
    town = await Town.opens({ github: 5, registry: 5 })
    ;({ url } = await serve(town, 0))
    page = await browser.newPage()
    await page.goto(url)
  })
  afterAll(async () => {
    await browser?.close()
    town?.kills()
  })

  const comments = async (as: 'ada' | 'mallory', text: string): Promise<void> => {
    await page.locator(`input[name=as][value=${as}]`).check({ force: true })
    await page.locator('textarea').fill(text)
    await page.locator('textarea').press('Control+Enter')
  }

  test('ada types a command, and the page moves on to success without a reload', async () => {
    await page.evaluate(() => Object.assign(window, { isTheSame: true }))
    await comments('ada', '/deploy staging :1.1')
    await page.getByText('deployed').first().waitFor()
    expect(await page.locator('main').innerText()).toContain('deploy staging')
    expect(await page.evaluate(() => 'isTheSame' in window)).toBe(true)
  })

  test('mallory is refused in words', async () => {
    await comments('mallory', '/deploy staging :1.0')
    await page.getByText('mallory may not deploy here.').waitFor()
  })

  test('nothing is wider than a phone, by day and in the dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const phone = await browser.newPage({ viewport: { width: 390, height: 800 }, colorScheme })
      await phone.goto(url)
      expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
      await phone.close()
    }
  })

  test('without JavaScript the thread can still be read', async () => {
    const plain = await browser.newPage({ javaScriptEnabled: false })
    await plain.goto(url)
    expect(await plain.locator('main').innerText()).toContain('mallory may not deploy here.')
    await plain.close()
  })

  test('everything that can be pressed or filled in has a name', async () => {
    const nameless = await page.locator('button, textarea, input:not([type=hidden])').evaluateAll(
      (all) =>
        all.filter((one) => {
          const labels = (one as HTMLInputElement).labels
          return !one.textContent?.trim() && !one.getAttribute('aria-label') && !(labels && labels.length > 0)
        }).length,
    )
    expect(nameless).toBe(0)
  })
})
