import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'

/** Somebody before a page, and what the page complained of: to the console, or by asking anybody but us for something. */
export interface Visitor {
  readonly context: BrowserContext
  readonly page: Page
  readonly complaints: string[]
}

export interface VisitorOptions extends BrowserContextOptions {
  /** Of whoever has signed in: `name=value`. */
  readonly cookie?: string | undefined
  /** What their clock shows, where the world has a time of its own (milliseconds since 1970). */
  readonly now?: number
  /** Complaints that are meant to be: a status that is an answer, and that Chromium writes to the console all the same. */
  readonly isExpected?: (complaint: string) => boolean
}

export async function visitorOf(browser: Browser, origin: string, { cookie, now, isExpected, ...options }: VisitorOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options })
  context.setDefaultTimeout(15_000)
  if (cookie !== undefined) {
    const [name = '', value = ''] = cookie.split('=')
    // A cookie of this kind is set for https, or by an answer of this machine's own.
    await context.addCookies([{ name, value, url: origin.replace('http:', 'https:'), secure: true, httpOnly: true, sameSite: 'Lax' }])
  }
  if (now !== undefined) await context.clock.setFixedTime(now)
  const complaints: string[] = []
  const complain = (words: string): void => void (isExpected?.(words) === true || complaints.push(words))
  const page = await context.newPage()
  page.on('console', (message) => complain(message.text()))
  page.on('pageerror', (error) => complain(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) complain(`asked for ${request.url()}`)
  })
  return { context, page, complaints }
}
