import { existsSync } from 'node:fs'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { CHROMIUM, openBrowser } from '../browser/looking.ts'
import { listen } from '../world/github/listen.ts'
import { comesToRest } from './asked.ts'
import { ATTRIBUTE, poison, poisons } from './poison.ts'
import type { Finding, Scenario } from './scenario.ts'
import { elementsOf } from '../world/elements.ts'
import { changeIn, crawl, formsIn, freePort, Visitor, withSite, type FormSeen, type Site } from './visiting.ts'

/** The process, and Chromium in which somebody has signed in: what only a browser decides. */
interface Stage {
  readonly site: Site
  readonly url: string
  readonly context: BrowserContext
  readonly page: Page
  /** What the browser complained of, and where it asked that is not ours. */
  readonly complaints: string[]
}

function inChromium(work: (stage: Stage) => Promise<string>): () => Promise<Finding> {
  return async () => {
    if (!existsSync(CHROMIUM)) return { outcome: `left out: no ${CHROMIUM} here; Debian’s package is chromium`, holds: null }
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const browser = await openBrowser()
    try {
      return await withSite((site) => signedIn(site, url, browser).then(work), { variables: { PORT: String(port), GANTRY_URL: url } })()
    } finally {
      await browser.close()
    }
  }
}

async function signedIn(site: Site, url: string, browser: Browser): Promise<Stage> {
  const { github } = site.grounds
  github.auth.callbacks.add(`${url}/login/callback`)
  const complaints: string[] = []
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } })
  context.setDefaultTimeout(10_000)
  // Runs in every page before anything of it: what the policy held back, and what ran.
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => console.error(`policy: ${violatedDirective} ${blockedURI}`))
    window.alert = () => console.error('a script ran')
  })
  const page = await context.newPage()
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`${url}/login`)
  await page.getByRole('button', { name: 'grace', exact: true }).click()
  await page.waitForURL(`${url}/`)
  page.on('request', (request) => request.url().startsWith(url) || complaints.push(`asked for ${request.url()}`))
  return { site, url, context, page, complaints }
}

/** Every record that a page shows, with the words in each place that is not ours; while nothing runs. */
function isPoisoned(site: Site): void {
  const { grounds } = site
  const columns = ['request', 'plan', 'problem', 'rules', 'wait', 'verdicts'] as const
  for (const row of grounds.rows('select sequence, state, request, plan, problem, rules, wait, verdicts from deployment where ended_at is not null'))
    for (const column of columns) {
      const value = row[column]
      if (typeof value !== 'string') continue
      const changed = JSON.stringify(JSON.parse(value), (key, one: unknown) =>
        typeof one === 'string' && FOREIGN.has(key) ? poison(key === 'url') : one,
      )
      grounds.rewrites(`update deployment set ${column} = ? where sequence = ?`, changed, Number(row['sequence']))
    }
  grounds.rewrites('update step set note = ? where outcome <> ?', poison(), 'running')
  grounds.rewrites('update log_line set line = ?', poison())
  grounds.rewrites('update approval set reason = ?, login = ?', poison(), poison())
  for (const row of grounds.rows('select id, lock from lock')) {
    const lock = JSON.parse(String(row['lock'])) as { readonly owner: object | null }
    grounds.rewrites(
      'update lock set lock = ? where id = ?',
      JSON.stringify({ ...lock, reason: poison(), url: poison(true), owner: { ...lock.owner, login: poison() } }),
      Number(row['id']),
    )
  }
}

/** What is somebody else's word, by the name of its field. Names of repositories are GitHub's, and lead to a page. */
const FOREIGN: ReadonlySet<string> = new Set([
  'login',
  'tag',
  'url',
  'branch',
  'commit',
  'sentence',
  'found',
  'wanted',
  'next',
  'override',
  'image',
  'ref',
  'body',
  'gate',
  'path',
  'headSeen',
  'environment',
  'app',
  'target',
  'digest',
])

const c10: Scenario = {
  id: 'C10',
  tried: `${poisons.length} kinds of poisoned words (markup, attributes, addresses that run, bidirectional marks, NUL, 3,000 letters) in every field of every record that pages show, in addresses and in what is typed; every page parsed, and shown in Chromium at 360 pixels`,
  run: inChromium(async ({ site, url, page, complaints }) => {
    const { checks, grounds } = site
    const { github } = grounds
    const { failure, waiting } = await site.isLivedIn()
    // As people send them: a lock's reason, and the reason of a rejection on the page.
    github.people.ada.comments(grounds.pull, `/lock staging "${poison().replaceAll(/["\\\n\0]/g, ' ')}"`)
    await grounds.delivers()
    await comesToRest(grounds)
    await page.goto(`${url}/d/${waiting}`)
    await page.getByText('Reject…').click()
    await page.getByRole('textbox').first().fill(poison().replaceAll('\0', '').slice(0, 480))
    await page.getByRole('button', { name: 'Reject', exact: true }).click()
    await page.waitForURL(`${url}/d/**`)
    await comesToRest(grounds)
    github.people.grace.pushes('main', { message: poison().replaceAll('\0', '') })
    let seen = await looks(site, url, page)
    seen += await types(site, url, page)
    await grounds.gantry.stops()
    isPoisoned(site)
    await grounds.starts({ ...grounds.apiVariables, GANTRY_URL: url, PORT: new URL(url).port })
    seen += await looks(site, url, page)
    for (const word of poisons)
      for (const path of [
        `/d/${encodeURIComponent(word)}`,
        `/r/${encodeURIComponent(word)}/${encodeURIComponent(word)}`,
        `/?page=${encodeURIComponent(word)}`,
        `/login/callback?state=${encodeURIComponent(word)}&error=${encodeURIComponent(word)}`,
        `/d/${failure}?x=${encodeURIComponent(word)}`,
      ]) {
        const text = await page.goto(`${url}${path}`).then((answer) => answer?.text() ?? '')
        isClean(site, path, text)
        seen += 1
      }
    // Chromium notes every answer that is none; nothing else may be noted.
    const real = complaints.filter((one) => !/^Failed to load resource: the server responded with a status of 4\d\d/.test(one))
    checks.that(real.length === 0, `the browser complains: ${real.slice(0, 3).join('; ')}`)
    return `${seen} pages: no element or attribute of the words’, nothing ran, the policy had nothing to hold back, and no page is wider than the screen`
  }),
}

/** Every page that links lead to, as it comes and as it is shown. */
async function looks(site: Site, url: string, page: Page): Promise<number> {
  const { checks } = site
  const [left, seen] = [['/', '/approvals', '/a'], new Set<string>()]
  for (let path = left.shift(); path !== undefined && seen.size < 60; path = left.shift()) {
    if (seen.has(path) || /^\/(?:docs|login|logout)/.test(path)) continue
    seen.add(path)
    const answer = await page.goto(`${url}${path}`)
    checks.that((answer?.status() ?? 0) < 500, `${path}: ${answer?.status()}`)
    isClean(site, path, (await answer?.text()) ?? '')
    await page.evaluate(() => [...document.querySelectorAll('details')].forEach((one) => (one.open = true)))
    const shown = await page.evaluate(
      (name) => ({
        width: document.documentElement.scrollWidth,
        marked: document.querySelectorAll(`[${name}]`).length,
        links: [...document.querySelectorAll('a')].map((one) => one.href),
      }),
      ATTRIBUTE,
    )
    checks.that(shown.width <= 360, `${path} is ${shown.width} pixels wide`)
    checks.that(shown.marked === 0, `${path} has an element of the words’`)
    for (const link of shown.links) {
      checks.that(/^https?:/.test(link), `${path} links to ${link.slice(0, 60)}`)
      const to = URL.parse(link)
      if (to?.origin === url) left.push(to.pathname + to.search)
    }
  }
  return seen.size
}

/** Every form of every page with the words in each of its fields: what is wrong is shown again as it was typed. */
async function types(site: Site, url: string, page: Page): Promise<number> {
  const cookie = (await page.context().cookies(url)).map(({ name, value }) => `${name}=${value}`).join('; ')
  const visitor = new Visitor(site.grounds)
  const forms = new Map<string, FormSeen>()
  for (const seen of (await crawl(visitor, undefined, 120, { cookie })).values())
    for (const form of formsIn(seen))
      if (form.method === 'post' && form.action !== '/logout') forms.set(`${form.action} ${Object.keys(form.fields).join()}`, form)
  for (const { action, fields } of forms.values()) {
    const typed = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, /^(?:form_token|nonce)$/.test(name) ? value : poison().slice(0, 2_000)]),
    )
    const answer = await visitor.posts(action, typed, { cookie, origin: url })
    site.checks.that(answer.status < 500, `${action}: ${answer.status}`)
    isClean(site, `POST ${action}`, answer.text)
  }
  return forms.size
}

function isClean({ checks }: Site, path: string, html: string): void {
  for (const { tagName = '', properties = {} } of elementsOf(html)) {
    checks.that(!('dataPoison' in properties), `${path}: <${tagName}> has an attribute of the words’`)
    for (const name of Object.keys(properties)) checks.that(!/^on|^style$|^srcdoc$/i.test(name), `${path}: <${tagName} ${name}>`)
    for (const name of ['href', 'src', 'action', 'formAction']) {
      const to = properties[name]
      if (typeof to === 'string') checks.that(/^(?:\/(?![/\\])|#|https?:\/\/)/.test(to), `${path}: <${tagName} ${name}="${to.slice(0, 60)}">`)
    }
  }
}

/** A page of somebody else's, which does with ours whatever a page can. */
const evil = (url: string, id: string): string => `<!doctype html><title>evil</title>
<iframe name="within" src="${url}/d/${id}"></iframe>
<form id="f" method="post" action="${url}/d/${id}/cancel"><input name="form_token" value=""></form>
<form id="g" method="post" action="${url}/logout" target="within"><input name="everywhere" value="1"></form>
<form id="h" method="post" enctype="text/plain" action="${url}/d/${id}/approve" target="within"><input name="form_token" value="x"></form>
<script src="${url}/d/${id}"></script><link rel="stylesheet" href="${url}/approvals"><img src="${url}/d/${id}/live"><img src="${url}/logout"><img src="${url}/d/${id}/cancel">
<script>
const tries = async () => {
  const read = []
  for (const path of ['/', '/d/${id}', '/d/${id}/live', '/approvals', '/assets/crane.svg'])
    for (const mode of ['cors', 'no-cors'])
      await fetch('${url}' + path, { mode, credentials: 'include' }).then(async (answer) => answer.type !== 'opaque' && read.push(path), () => {})
  for (const method of ['POST', 'PUT', 'DELETE'])
    await fetch('${url}/d/${id}/cancel', { method, mode: method === 'POST' ? 'no-cors' : 'cors', credentials: 'include', headers: { 'content-type': 'text/plain' }, body: 'form_token=x' }).catch(() => {})
  navigator.sendBeacon('${url}/d/${id}/cancel', new URLSearchParams({ form_token: 'x' }))
  g.submit(); h.submit()
  const opened = window.open('${url}/d/${id}', 'opened')
  await new Promise((go) => setTimeout(go, 1500))
  let held = 'nothing'
  try { held = opened === null || opened.closed ? 'nothing' : String(opened.location.href) } catch (error) { held = 'a window' }
  return { read, held }
}
</script>`

const f07: Scenario = {
  id: 'F07',
  tried:
    'in Chromium, pages of another site and of another port of the same host, while somebody is signed in: frames, windows, forms, beacons, scripts, styles, images and fetches of every page; a form of theirs sent by the person’s own press',
  run: inChromium(async ({ site, url, context, complaints }) => {
    const { checks, grounds } = site
    const { waiting } = await site.isLivedIn()
    const asked: string[] = []
    const foreign = await listen(async (request) => {
      asked.push(request.url)
      return new Response(evil(url, waiting), { headers: { 'content-type': 'text/html' } })
    })
    try {
      const before = site.written()
      // A cookie has no port: to another port of this host the browser is the same site, and sends ours along.
      for (const origin of [foreign.url, foreign.url.replace('127.0.0.1', 'localhost')]) {
        const page = await context.newPage()
        await page.goto(origin)
        const framed = page.frame('within')
        await page.waitForTimeout(300)
        checks.that(framed === null || !(await framed.content().catch(() => '')).includes('Gantry'), `${origin} shows a page in a frame`)
        const opening = context.waitForEvent('page')
        const { read, held } = await page.evaluate('tries()').then((came) => came as { readonly read: readonly string[]; readonly held: string })
        checks.that(read.length === 0, `${origin} reads ${read.join()}`)
        checks.that(held === 'nothing', `${origin} holds ${held} of ours`)
        const opened = await opening
        checks.that((await opened.evaluate('window.opener === null')) === true, `${origin} is the opener of a page`)
        checks.that(/waits for an approval/.test(await opened.innerText('main')), 'the page itself is not there')
        await opened.close()
        await page.evaluate('document.getElementById("f").submit()')
        await page.waitForURL(`${url}/d/${waiting}/cancel`)
        // Where the browser sent no cookie, it is refused for where it comes from, too.
        checks.that(
          /REQUEST_FORGED/.test(await page.innerText('main')),
          `${origin}: a form of theirs is answered with ${(await page.innerText('main')).slice(0, 100)}`,
        )
        await page.close()
      }
      const after = site.written()
      checks.that(after === before, `something has changed: ${changeIn(before, after)}`)
      checks.that(asked.length > 0, 'nobody was there')
      // The same person, on the page itself: all of that has taken nothing from them.
      const own = await context.newPage()
      await own.goto(`${url}/d/${waiting}`)
      await own.getByRole('button', { name: 'Cancel', exact: true }).click()
      await own.waitForURL(`${url}/d/${waiting}`)
      await comesToRest(grounds)
      checks.that(
        grounds.rows('select state from deployment where id = ?', waiting)[0]?.['state'] === 'cancelled',
        'the person’s own press does nothing',
      )
      const kept = (await context.cookies(url)).find(({ name }) => name === '__Host-gantry')
      checks.that(
        kept?.httpOnly === true && kept.secure && kept.sameSite === 'Lax' && kept.domain === '127.0.0.1',
        `the cookie is kept as ${JSON.stringify({ ...kept, value: '' })}`,
      )
      checks.that(!((await own.evaluate('document.cookie')) as string).includes('gantry'), 'a script reads the cookie')
      checks.that(complaints.length === 0, complaints.join('; '))
      return 'nothing framed, held, read or done from two other origins; the person’s own press does it'
    } finally {
      await foreign.close()
    }
  }),
}

export const pageWords: readonly Scenario[] = [c10]
export const pageBrowsers: readonly Scenario[] = [f07]
