import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { goesThrough, violations, weigh } from './inspecting.ts'
import { CHROMIUM, openBrowser } from './looking.ts'
import { kept, keep } from './screenshots.ts'
import { ServedWorld } from './served-world.ts'
import { makeSituations, SITUATIONS, type Deployments, type Situation } from './situations.ts'
import { visitorOf, type Visitor, type VisitorOptions } from './visitors.ts'

const isHere = existsSync(CHROMIUM)
if (!isHere) console.warn(`left out: the pages in a browser (no ${CHROMIUM} here; Debian's package is chromium)`)

if (!isHere && process.env['CI'] === 'true') test('with CI=true there is a browser', () => expect(isHere).toBe(true))

const WIDTHS = [360, 1280] as const
const HEIGHT = 800
/** Bytes over the wire of what comes before anything is pressed. */
const MOST = 60 * 1024
/** Bytes of all screenshots. */
const MOST_KEPT = 1.5 * 1024 * 1024
/** Besides every page and state in the light. */
const IN_THE_DARK: readonly string[] = ['overview', 'deploying']

describe.skipIf(!isHere)('every page in every state', () => {
  let served: ServedWorld
  let browser: Browser
  let deployments: Deployments
  const cookies = new Map<Situation['by'], string>()
  const weights: [name: string, bytes: number][] = []

  beforeAll(async () => {
    served = await ServedWorld.opens()
    deployments = await makeSituations(served)
    const { people, state } = served.world.github
    const newcomer = state.accounts.find(({ login }) => login === 'newcomer')
    if (newcomer !== undefined) cookies.set('newcomer', await served.signsIn({ account: newcomer }))
    for (const by of ['ada', 'grace', 'mallory'] as const) cookies.set(by, await served.signsIn(people[by]))
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await served?.closes()
  })

  const pathOf = ({ at }: Situation): string => (at in deployments ? `/d/${deployments[at as keyof Deployments]}` : at)

  async function looks({ by, status }: Pick<Situation, 'by' | 'status'>, options: VisitorOptions = {}): Promise<Visitor> {
    const isExpected = (words: string) => status !== undefined && words.includes(`status of ${status}`)
    const common = { cookie: cookies.get(by), isExpected, viewport: { width: 1280, height: HEIGHT } }
    const visitor = await visitorOf(browser, served.origin, { ...common, ...options })
    onTestFinished(() => visitor.context.close())
    return visitor
  }

  /** Each request has a number of its own. */
  const textOf = async ({ page }: Visitor): Promise<string> => {
    // What stands on a line of its own is the stylesheet's word.
    await page.waitForLoadState('load')
    return (await page.getByRole('main').innerText()).replace(/Request p\S+/, 'Request')
  }

  test.each(SITUATIONS)('$name: everybody can read and use it, at every width, in both themes, with and without the script', async (situation) => {
    const { name, says, state, status, isAlike = false } = situation
    const visitor = await looks(situation, { now: served.world.time.now() })
    const { page, complaints } = visitor
    const weight = await weigh(page)
    const answer = await page.goto(served.origin + pathOf(situation))
    if (situation.does === undefined) expect(answer?.status()).toBe(status ?? 200)
    await situation.does?.(page)
    const text = await textOf(visitor)
    expect(text).toContain(says)
    if (state !== undefined) expect(await page.locator('#hero').getAttribute('data-state')).toBe(state)
    for (const one of situation.shows ?? []) expect([one, await page.locator(one).count()]).toEqual([one, 1])
    await expect.poll(() => weight.parts.size).toBeGreaterThanOrEqual(4)
    if (situation.does === undefined) weights.push([name, weight.total()])

    const [all, came] = await goesThrough(page)
    expect(came.map((one) => one.name)).toEqual(all)
    expect(came.filter(({ isSeen }) => !isSeen)).toEqual([])
    await page.evaluate(() => (document.activeElement as HTMLElement).blur())

    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT })
      for (const colorScheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme })
        expect(await violations(page)).toEqual([])
        if (isAlike) continue
        if (colorScheme === 'light') await keep(page, `${name}-${width}`)
        else if (IN_THE_DARK.includes(name)) await keep(page, `${name}-${width}-dark`)
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    }
    expect(complaints).toEqual([])

    if (situation.isOnce) return
    const without = await looks(situation, { javaScriptEnabled: false })
    await without.page.goto(served.origin + pathOf(situation))
    await situation.does?.(without.page)
    expect(await textOf(without)).toBe(text)
  })

  test.each([
    ['light', 'dark'],
    ['dark', 'light'],
  ] as const)('what is wrong in the %s alone, and has nothing to do with colours, is found there', async (wrong, right) => {
    const { page } = await looks({ by: 'ada' })
    await page.goto(served.origin)
    await page.evaluate((theme) => {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(`@media (prefers-color-scheme: ${theme}) { h1 { display: none } }`)
      document.adoptedStyleSheets.push(sheet)
    }, wrong)
    await page.emulateMedia({ colorScheme: right })
    expect(await violations(page)).toEqual([])
    await page.emulateMedia({ colorScheme: wrong })
    expect(await violations(page)).toEqual([expect.stringContaining('page-has-heading-one')])
  })

  test('while nobody answers, one page asks later and later, and not before it is wanted', async () => {
    const { page } = await looks({ by: 'ada' })
    await page.clock.install()
    await page.goto(served.origin)
    const asked: string[] = []
    const headers = { 'retry-after': '0' }
    let isAnswered: Promise<unknown> = Promise.resolve()
    await page.route('**/*', (route) => {
      asked.push(route.request().url())
      return (isAnswered = route.fulfill({ status: 503, headers }))
    })
    const passes = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second += 1) {
        await page.clock.runFor(1_000)
        await page.evaluate(() => null)
        await isAnswered
        await page.evaluate(() => null)
      }
    }
    await passes(120)
    await page.getByText('The connection to Gantry is lost. Trying again…').waitFor()
    expect(asked.length).toBeGreaterThan(5)
    expect(asked.length).toBeLessThan(20)
    headers['retry-after'] = '60'
    asked.length = 0
    for (let second = 0; second < 60 && asked.length === 0; second += 1) await passes(1)
    // That one was told how long to wait.
    expect(asked).toHaveLength(1)
    asked.length = 0
    await passes(50)
    expect(asked).toEqual([])
    await page.unroute('**/*')
    await passes(15)
    await page.getByText('The connection to Gantry is lost. Trying again…').waitFor({ state: 'detached' })
  })

  test('without JavaScript a form does what it does with it', async () => {
    const { page } = await looks({ by: 'ada' }, { javaScriptEnabled: false })
    await page.goto(`${served.origin}/d/${deployments.deploying}`)
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(new URL(page.url()).pathname).toBe(`/d/${deployments.deploying}`)
    expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0)
  })

  test('with the keyboard alone: to the content, then a rejection with its reason', async () => {
    const { page, complaints } = await looks({ by: 'grace' }, { now: served.world.time.now() })
    await page.goto(`${served.origin}/d/${deployments.waiting}`)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
    const names = async (): Promise<string> => page.evaluate(() => document.activeElement?.textContent.trim() ?? '')
    while ((await names()) !== 'Reject…') await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    await page.keyboard.type('not before the weekend')
    await page.keyboard.press('Enter')
    await page.getByText('grace rejected').first().waitFor()
    expect(await page.getByRole('main').innerText()).toContain('not before the weekend')
    expect(complaints).toEqual([])
  })

  test('no first view weighs more than 60 KB', () => {
    const table = weights.map(([name, bytes]) => `${(bytes / 1024).toFixed(1).padStart(6)} KB  ${name}`).join('\n')
    if (process.env['GANTRY_WEIGHTS'] !== undefined) console.log(table)
    expect(
      weights.filter(([, bytes]) => bytes > MOST),
      table,
    ).toEqual([])
  })

  test('each has its screenshots, for people to look at', () => {
    const wanted = SITUATIONS.filter(({ isAlike }) => isAlike !== true).flatMap(({ name }) => WIDTHS.map((width) => `${name}-${width}.png`))
    const dark = IN_THE_DARK.flatMap((name) => WIDTHS.map((width) => `${name}-${width}-dark.png`))
    expect([...wanted, ...dark].filter((one) => !kept().has(one))).toEqual([])
    expect([...kept().values()].reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(MOST_KEPT)
  })
})
