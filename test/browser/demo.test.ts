import { existsSync } from 'node:fs'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { serve } from '../demo/live.ts'
import { Town } from '../demo/town.ts'
import { CHROMIUM, colours, contrast, luminance, nameless, openBrowser } from './looking.ts'

/** Slow enough that the states in between are there to be seen. */
const PACE = { github: 60, registry: 400 }

const isHere = existsSync(CHROMIUM)
if (!isHere) console.warn(`left out: the demo in a browser (no ${CHROMIUM} here; Debian's package is chromium)`)

if (!isHere && process.env['CI'] === 'true') test('with CI=true there is a browser', () => expect(isHere).toBe(true))

describe.skipIf(!isHere)('the demo in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())

  /** A town of its own, somebody before its page, and nothing that the page complained of. */
  async function visit(options: BrowserContextOptions = {}): Promise<{ page: Page; town: Town; url: string }> {
    const town = await Town.opens(PACE)
    const { url, close } = await serve(town, 0)
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options })
    context.setDefaultTimeout(15_000)
    const complaints: string[] = []
    const page = await context.newPage()
    page.on('console', (message) => {
      // What GitHub does not take is said in the page, and noted by Chromium too.
      if (!message.text().includes('status of 422')) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith('http://127.0.0.1:')) complaints.push(`asked for ${request.url()}`)
    })
    onTestFinished(async () => {
      await context.close()
      close()
      await town.closes()
      expect(complaints).toEqual([])
    })
    await page.goto(url)
    return { page, town, url }
  }

  test('ada deploys, and sees comment, check run, deployment and site change before her eyes', async () => {
    const { page, town } = await visit()
    await page.evaluate(() => document.body.setAttribute('data-loaded', 'once'))
    await page.getByRole('button', { name: '/deploy staging', exact: true }).click()
    await page.getByRole('button', { name: 'Comment', exact: true }).click()

    const answer = page.locator('.by-bot').first()
    await answer.getByText('is deploying').waitFor()
    await page.locator('#checks').getByText('in progress').waitFor()
    await page.locator('#deployments').getByText('in progress', { exact: true }).waitFor()

    await answer
      .getByText('✅ ada deployed')
      .or(answer.getByText(/deployed .* to staging in/))
      .first()
      .waitFor()
    await page.locator('#checks').getByText('success', { exact: true }).waitFor()
    await page.locator('#deployments').getByText('created → in progress').getByText('→ success').waitFor()
    const digest = town.registry.oci.digestOf(`acme/shop:sha-${(town.pull.pull?.head ?? '').slice(0, 7)}`)
    expect(await page.locator('#site-staging').innerText()).toContain(digest.slice(0, 19))
    await page.frameLocator('#frame-staging iframe').getByRole('heading', { name: 'Checkout in two steps' }).waitFor()
    expect(await page.getByRole('status').innerText()).toMatch(/^gantry: ✅ ada deployed/)
    expect(await page.locator('body').getAttribute('data-loaded')).toBe('once')

    const opening = page.waitForEvent('popup')
    await answer.getByRole('link', { name: 'Open it' }).click()
    const site = await opening
    await site.getByRole('heading', { name: 'Checkout in two steps' }).waitFor()
    expect(new URL(site.url()).origin).toBe(town.sites.staging.origin)
  })

  test('ada goes over to Gantry’s own pages, signs in there, and finds what she deployed', async () => {
    const { page, town } = await visit()
    town.comments('ada', '/deploy staging :1.2')
    const opening = page.waitForEvent('popup')
    await page.getByRole('link', { name: "Gantry's own pages" }).click()
    const pages = await opening
    await pages.getByRole('link', { name: 'Sign in with GitHub' }).click()
    await pages.getByRole('button', { name: 'ada' }).click()
    await pages.getByRole('link', { name: 'shop:1.2' }).first().click()
    await pages.getByRole('heading', { name: /^ada deployed .*shop:1\.2/ }).waitFor()
    await pages.getByRole('link', { name: 'The comment' }).waitFor()
    await page.locator('#checks').getByRole('button', { name: 'Roll back' }).waitFor()
  })

  test('mallory is refused, in words, and may not label either', async () => {
    const { page } = await visit()
    await page.getByRole('radio', { name: /mallory/ }).check({ force: true })
    await page.getByRole('textbox', { name: 'Comment' }).fill('/deploy staging')
    await page.getByRole('button', { name: 'Comment', exact: true }).click()
    const answer = page.locator('.by-bot')
    await answer.getByText('mallory may not deploy here.').waitFor()
    await answer.getByRole('link', { name: 'PERMISSION_REQUIRED' }).waitFor()
    expect(await page.locator('#deployments').innerText()).toBe('None yet.')
    await page.getByRole('button', { name: /Add the label/ }).click()
    await page.getByRole('alert').getByText('GitHub does not take that: mallory may not label').waitFor()
  })

  test('a label deploys too, and is taken off', async () => {
    const { page } = await visit()
    await page.getByRole('button', { name: /Add the label/ }).click()
    await page.getByText('gantry took the label deploy off again').waitFor()
    await page
      .locator('.by-bot')
      .getByText(/deployed .* to staging in/)
      .waitFor()
    expect(await page.locator('.title .label').count()).toBe(0)
  })

  test('trouble is pressed, seen, and over', async () => {
    const { page } = await visit()
    const password = page.locator('#trouble-password')
    await password.click()
    await page.locator('#trouble-password[aria-pressed=true]').waitFor()
    await page.getByRole('textbox').fill('/deploy staging :1.1')
    await page.keyboard.press('Control+Enter')
    await page.getByRole('link', { name: 'CREDENTIALS_INVALID' }).waitFor()
    await password.click()
    await page.locator('#trouble-push').click()
    await page.getByRole('textbox').fill('/deploy staging')
    await page.keyboard.press('Control+Enter')
    await page.getByRole('link', { name: 'HEAD_MOVED' }).waitFor()
    await page.locator('#trouble-crash').click()
    await page.getByRole('textbox').fill('/deploy staging :1.2')
    await page.keyboard.press('Control+Enter')
    await page.getByText('the bot is down').waitFor()
    await page.getByText('the bot is running').waitFor()
    await page
      .locator('.by-bot')
      .last()
      .getByText(/deployed .* to staging in/)
      .waitFor()
    await page.frameLocator('#frame-staging iframe').getByText('version 1.2').waitFor()
  })

  test('with the keyboard alone', async () => {
    const { page } = await visit()
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Skip to the comment box')
    await page.keyboard.press('Enter')
    expect(await focused(page)).toBe('Comment')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Shift+Tab')
    expect(await focused(page)).toBe('/status')
    await page.keyboard.press('Enter')
    expect(await page.getByRole('textbox').inputValue()).toBe('/status')
    expect(await focused(page)).toBe('Comment')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('.by-bot').getByText('Nothing has been deployed here yet.').first().waitFor()
  })

  test.each(['light', 'dark'] as const)('everything has a name, and text stands out from what is behind it, in the %s', async (colorScheme) => {
    const { page } = await visit({ colorScheme })
    await page.getByRole('textbox').fill('/deploy stagign')
    await page.keyboard.press('Control+Enter')
    await page.getByRole('link', { name: 'ENVIRONMENT_UNKNOWN' }).waitFor()
    const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(luminance(back) > 0.5).toBe(colorScheme === 'light')
    expect(await page.evaluate(nameless)).toEqual([])
    for (const role of ['banner', 'main', 'complementary'] as const) expect(await page.getByRole(role).count()).toBe(1)
    const all = await page.evaluate(colours)
    expect(all.length).toBeGreaterThan(50)
    const pale = all.filter(({ ink, paper }) => contrast(ink, paper) < 4.5)
    expect(pale).toEqual([])
  })

  test('on a phone nothing stands out at the side', async () => {
    const { page } = await visit({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })
    const width = () => page.evaluate(() => document.documentElement.scrollWidth)
    expect(await width()).toBe(390)
    // Whoever types has the whole width for it.
    for (const control of [page.getByLabel('Comment', { exact: true }), page.getByRole('button', { name: 'Comment', exact: true })])
      expect((await control.boundingBox())?.width).toBeGreaterThan(300)
    await page.getByRole('button', { name: '/deploy staging', exact: true }).tap()
    await page.getByRole('button', { name: 'Comment', exact: true }).tap()
    await page
      .locator('.by-bot')
      .getByText(/deployed .* to staging in/)
      .waitFor()
    await page.locator('.by-bot summary').click()
    expect(await width()).toBe(390)
  })
})

/** The name of what has the focus. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement
    return (element.labels?.[0]?.textContent ?? element.textContent).trim()
  })
