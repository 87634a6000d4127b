import { existsSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { missingDockerEngine } from '../world/docker-engine.ts'
import { eventually } from '../world/grounds.ts'
import { CHROMIUM, openBrowser } from './looking.ts'
import { isMarked, marks, PagesStage, type Seat } from './stage.ts'

const missing = existsSync(CHROMIUM) ? missingDockerEngine() : `no ${CHROMIUM} here; Debian's package is chromium`
if (missing !== null) console.warn(`left out: deploying in a browser (${missing})`)

if (missing !== null && process.env['CI'] === 'true') test('with CI=true there is a browser, and an engine', () => expect(missing).toBeNull())

/** One day of ada's and grace's, in its order: each part goes on where the one before it has ended. */
describe.skipIf(missing !== null)('deploying by pressing something and watching it', { timeout: 60_000 }, () => {
  let stage: PagesStage
  let browser: Browser
  let ada: Seat
  let grace: Seat
  beforeAll(async () => {
    ;[stage, browser] = await Promise.all([PagesStage.open(), openBrowser()])
    // The account's own administrators are its owners.
    stage.github.member(stage.github.people.ada, 'admin')
    for (const version of ['1', '2', '3', '4', 'checkout']) await stage.image(version)
  })
  afterAll(async () => {
    await browser?.close()
    await stage?.closes()
  })

  const says = (page: Page): Promise<string> => page.getByRole('main').innerText()
  const heading = async (page: Page): Promise<string> => (await page.locator('h1').innerText()).replaceAll(/\s+/g, ' ')
  const ends = (page: Page, state: string): Promise<void> => page.locator(`#hero[data-state=${state}]`).waitFor()
  const logOf = (page: Page): Promise<string> => page.locator('#log').innerText()
  const siteSays = async (): Promise<string> => (await fetch(stage.site)).text()

  /** As one page would show it that is loaded now: what the script has put together must be the same. */
  async function isWhole(page: Page, by: Seat): Promise<void> {
    expect(await isMarked(page)).toBe(true)
    const anew = await by.opens(new URL(page.url()).pathname)
    expect(await logOf(page)).toBe(await logOf(anew))
    expect(await page.locator('#steps').innerText()).toBe(await anew.locator('#steps').innerText())
    expect(await heading(page)).toBe(await heading(anew))
    await anew.close()
  }

  /** From the repository's page over the one that shows what would happen, to its own. */
  async function deploys(by: Seat, environment: string, image: string): Promise<Page> {
    const page = await by.opens('/r/acme/shop')
    const place = page.locator(`[id="place-shop:${environment}"]`)
    await place.getByRole('textbox', { name: /^Image/ }).fill(image)
    await place.getByRole('button', { name: 'Deploy', exact: true }).click()
    await page.getByRole('button', { name: /^Deploy shop/ }).click()
    await page.locator('#hero').waitFor()
    await marks(page)
    return page
  }

  test('ada signs in, and connects the registry: a wrong token shows which row fails and how to put it right, and is kept nowhere', async () => {
    onTestFailed(() => console.log(stage.gantry.output))
    ada = await stage.signsIn('ada', browser)
    const page = await ada.opens('/a/acme/connect?family=generic')
    const { registry, password } = stage.engine.credential
    const field = (name: RegExp) => page.getByRole('textbox', { name })
    await field(/^Name/).fill('own')
    await field(/^Registry/).fill(registry)
    await field(/^User name/).fill('deploy')
    await field(/^Image$/).fill(`${registry}/acme/shop:1`)
    const tries = async (secret: string): Promise<void> => {
      await page.getByLabel(/^Token or password/).fill(secret)
      await page.getByRole('button', { name: 'Try it, and keep it' }).click()
    }
    await tries('a-token-that-is-wrong')
    await page.getByText('Not signed in').waitFor()
    expect(await says(page)).toContain(`Renew the credential for ${registry}`)
    expect(await page.content()).not.toContain('a-token-that-is-wrong')
    expect(await (await ada.opens('/a/acme/credentials')).locator('tbody').count()).toBe(0)
    // What was typed is still there, but for the secret.
    expect(await field(/^User name/).inputValue()).toBe('deploy')
    await tries(password?.reveal() ?? '')
    await page.getByRole('heading', { name: 'The registry is connected' }).waitFor()
    expect(await page.content()).not.toContain(password?.reveal())
  })

  test('she sees what would happen, deploys to the site, and watches it without loading the page again', async () => {
    const page = await deploys(ada, 'staging', ':1')
    await ends(page, 'success')
    expect(await heading(page)).toMatch(/^ada deployed .*acme\/shop:1 \(sha256:[0-9a-f]{12}\) to (shop\/)?staging in /)
    await page.getByText(/^serving sha256:[0-9a-f]{64} from \/www$/m).waitFor()
    await isWhole(page, ada)
    expect(await siteSays()).toBe('1')
    // Her own comment is not needed: the check run, and what GitHub shows as deployed, say the same.
    await eventually(() => stage.github.repository.deployments[0]?.statuses.at(-1)?.state === 'success')
    expect(stage.github.repository.deployments[0]?.statuses.at(-1)?.state).toBe('success')
  })

  test('production waits for grace, who approves in her own browser, and ada’s page goes on by itself', async () => {
    const page = await deploys(ada, 'production', ':1')
    await ends(page, 'waiting')
    expect(await says(page)).toContain('You may not approve it')
    grace = await stage.signsIn('grace', browser, '/approvals')
    const approvals = grace.context.pages()[0]
    await approvals?.getByRole('button', { name: 'Approve' }).click()
    await ends(page, 'success')
    expect(await says(page)).toContain('grace approved')
    await isWhole(page, ada)
    expect(stage.shop()).toBe('1')
  })

  test('what failed says how to put it right, and Retry does it once that is done', async () => {
    const page = await ada.opens('/r/acme/shop')
    // Asked for in a comment: the page before a deployment would not let her.
    stage.github.people.ada.comments(stage.pull.number, '/deploy staging :5')
    await stage.delivers()
    await page.goto(`${stage.origin}/`)
    await page.getByRole('link', { name: /:5$/ }).click({ timeout: 20_000 })
    await ends(page, 'failure')
    expect(await says(page)).toContain('TAG_NOT_FOUND')
    expect(await says(page)).toContain('in a comment')
    await stage.image('5')
    await page.getByRole('button', { name: 'Retry' }).click()
    await ends(page, 'success')
    expect(await heading(page)).toMatch(/^ada deployed once more .*:5/)
    expect(await siteSays()).toBe('5')
  })

  test('an image that never becomes healthy fails, with its last words, and what ran before goes on', async () => {
    await stage.image('sick', 'never healthy')
    const page = await deploys(ada, 'production', ':sick')
    const hers = await grace.opens(new URL(page.url()).pathname)
    await hers.getByRole('button', { name: 'Approve' }).click()
    await ends(page, 'failure')
    await ends(hers, 'failure')
    expect(await says(page)).toContain('TARGET_UNHEALTHY')
    expect(await logOf(page)).toContain('version sick starts')
    await isWhole(page, ada)
    expect(stage.shop()).toBe('1')
  })

  test('what waits is cancelled, and nothing was changed', async () => {
    const page = await deploys(ada, 'production', ':2')
    await ends(page, 'waiting')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await ends(page, 'cancelled')
    expect(await page.getByRole('button', { name: 'Deploy again' }).count()).toBe(1)
    expect(stage.shop()).toBe('1')
  })

  test('she rolls back from the page of what runs, and sees first what that brings back', async () => {
    const page = await deploys(ada, 'staging', ':2')
    await ends(page, 'success')
    expect(await siteSays()).toBe('2')
    await page.getByRole('link', { name: 'Roll back' }).click()
    await page.getByRole('heading', { name: 'Roll staging back to shop:5' }).waitFor()
    await page.getByRole('button', { name: 'Roll staging back to shop:5' }).click()
    await ends(page, 'success')
    expect(await heading(page)).toContain('rolled staging back')
    expect(await siteSays()).toBe('5')
  })

  test('the server is killed in the middle: both of her tabs say so, go on by themselves, and miss nothing', async () => {
    const page = await deploys(ada, 'production', ':3')
    await ends(page, 'waiting')
    const path = new URL(page.url()).pathname
    const second = await ada.opens(path)
    await marks(second)
    const id = path.slice('/d/'.length)
    const isAtIt = (): boolean =>
      stage.rows(`select 1 from step join deployment on deployment.sequence = step.deployment where id = ? and name = 'apply'`, id).length > 0
    const killing = stage.isKilledOnce(isAtIt)
    await (await grace.opens(path)).getByRole('button', { name: 'Approve' }).click({ noWaitAfter: true })
    await killing
    for (const tab of [page, second]) await tab.getByText('The connection to Gantry is lost. Trying again…').waitFor()
    expect(await page.locator('#hero').getAttribute('data-state')).not.toBe('success')
    await stage.startsAgain()
    for (const tab of [page, second]) {
      await ends(tab, 'success')
      await expect.poll(() => tab.locator('#connection').innerText()).toBe('')
      await isWhole(tab, ada)
    }
    expect(await says(second)).toBe(await says(page))
    expect(stage.shop()).toBe('3')
  })

  test('a bookmark shows afterwards what became of it: address, digest, commit, how long it took, the log, and what is next', async () => {
    const [last] = stage.rows(`select id from deployment order by sequence desc limit 1`)
    const page = await ada.opens(`/d/${String(last?.['id'])}`)
    const about = await page.locator('#about').innerText()
    for (const what of ['https://shop.example.com', 'acme/shop:3', 'Commit', 'Took', 'The check run']) expect(about).toContain(what)
    expect(about).toMatch(/sha256:[0-9a-f]{12}/)
    expect(await page.getByRole('link', { name: 'Open production' }).getAttribute('href')).toBe('https://shop.example.com')
    expect(await page.getByRole('link', { name: 'Roll back' }).count()).toBe(1)
    expect((await logOf(page)).length).toBeGreaterThan(0)
  })

  test('what is asked for by a label and by a button of the check run appears on the overview, while she looks at it', async () => {
    const overview = await ada.opens('/')
    await marks(overview)
    const staging = overview.locator('li', { has: overview.getByRole('heading', { name: 'staging' }) })
    stage.github.people.ada.labels(stage.pull.number, 'deploy')
    await stage.delivers()
    await staging.getByRole('link', { name: 'shop:checkout' }).waitFor({ timeout: 25_000 })
    expect(await isMarked(overview)).toBe(true)
    await staging.getByRole('link', { name: 'shop:checkout' }).click()
    await ends(overview, 'success')
    expect(await says(overview)).toContain('by label')

    const check = stage.github.repository.checks.at(-1)
    const hasButton = (): boolean => check?.actions.some(({ label }) => label === 'Roll back') === true
    expect(await eventually(hasButton)).toBe(true)
    await overview.goBack()
    await marks(overview)
    if (check !== undefined) stage.github.people.ada.presses('Roll back', check)
    await stage.delivers()
    await expect.poll(siteSays, { timeout: 10_000 }).toBe('5')
    // She comes back to this tab, and does not wait.
    await overview.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await staging.getByRole('link', { name: 'shop:5' }).waitFor()
    expect(await isMarked(overview)).toBe(true)
  })

  test('nobody’s page complained, and GitHub has nothing to object to', () => {
    const isOfTheDeath = (words: string): boolean =>
      /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE/.test(words)
    const isOurAnswer = (words: string): boolean => /status of (401|422)/.test(words)
    expect([...ada.complaints, ...grace.complaints].filter((words) => !isOfTheDeath(words) && !isOurAnswer(words))).toEqual([])
    stage.github.verdict()
    expect(stage.gantry.output).not.toMatch(/"level":(50|60)/)
  })
})
