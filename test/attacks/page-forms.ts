import { talk } from '../world/wire.ts'
import type { Scenario } from './scenario.ts'
import { isOf, pathOf, routes } from './routes.ts'
import { changeIn, formsIn, ORIGIN, withSite, type FormSeen, type Seen, type Site, type Visitor } from './visiting.ts'

type Headed = Readonly<Record<string, string>>

/** What browsers say of a page that is not ours; `null`: they leave the header out. */
const ELSEWHERE: readonly (readonly [what: string, headers: Readonly<Record<string, string | null>>])[] = [
  ['no Origin', { origin: null, 'sec-fetch-site': null }],
  ['no Origin, but Sec-Fetch-Site', { origin: null }],
  ['no Origin, but a Referer', { origin: null, referer: `${ORIGIN}/` }],
  ['Origin null', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ['Origin null of our own', { origin: 'null' }],
  ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['another site that claims to be ours', { origin: 'https://evil.example' }],
  ['a subdomain', { origin: 'https://evil.gantry.example', 'sec-fetch-site': 'same-site' }],
  ['a domain that ends as ours', { origin: 'https://evilgantry.example' }],
  ['a domain that begins as ours', { origin: `${ORIGIN}.evil.example` }],
  ['another port', { origin: `${ORIGIN}:8443`, 'sec-fetch-site': 'same-site' }],
  ['another scheme', { origin: 'http://gantry.example', 'sec-fetch-site': 'cross-site' }],
  ['two origins', { origin: `${ORIGIN}, https://evil.example` }],
  ['cross-site', { 'sec-fetch-site': 'cross-site' }],
  ['same-site', { 'sec-fetch-site': 'same-site' }],
  ['by itself', { 'sec-fetch-site': 'none' }],
  ['the host of the attacker', { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }],
]
const FORM = 'application/x-www-form-urlencoded'

/** Every POST that the site's router knows, as the form that a page shows for it, or one made up where none does now. */
function formsOf(seen: readonly Seen[], known: Headed, token: string): readonly FormSeen[] {
  const shown = seen.flatMap(formsIn).filter(({ method }) => method === 'post')
  return routes()
    .filter(({ method }) => method === 'POST')
    .map(({ path }) => {
      const found = shown.find(({ action }) => isOf(path, action))
      return found ?? { secrets: [], method: 'post', action: pathOf(path, known), fields: { form_token: token, reason: 'x', nonce: 'x' } }
    })
}

async function isSent(visitor: Visitor, { action, fields }: FormSeen, change: Readonly<Record<string, string | null>>, body?: string): Promise<Seen> {
  const own: Readonly<Record<string, string | null>> = { origin: ORIGIN, 'sec-fetch-site': 'same-origin', 'content-type': FORM, ...change }
  const headers = Object.fromEntries(Object.entries(own).filter((one): one is [string, string] => one[1] !== null))
  return visitor.asks('POST', action, headers, body ?? new URLSearchParams(fields).toString())
}

/** Not Gantry's mark of success, and its problem page. */
function isRefused({ checks }: Site, what: string, { status, text, headers }: Seen, wanted: readonly number[]): void {
  checks.that(wanted.includes(status), `${what}: ${status} ${headers.get('location') ?? ''} ${text.slice(0, 80)}`)
  checks.that(headers.getSetCookie().length === 0, `${what}: makes a cookie`)
  checks.that(
    /<code>(REQUEST_FORGED|CONTENT_TYPE_UNSUPPORTED|METHOD_NOT_ALLOWED|AUTHENTICATION_REQUIRED)<|Sign in to see this/.test(text),
    `${what}: ${text.slice(-300)}`,
  )
}

const asMultipart = (fields: Headed): string =>
  [...Object.entries(fields).map(([name, value]) => `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`), '--x--\r\n'].join(
    '',
  )

const f06: Scenario = {
  id: 'F06',
  tried: `every POST of every page's router, with somebody's cookie: ${ELSEWHERE.length} origins that are not ours, no token, another session's, one from before signing in again, text/plain, multipart, JSON, other methods and headers and fields that name one; then a crawl of every link; the database before and after`,
  run: withSite(async (site) => {
    const { checks, grounds } = site
    const { success, waiting } = await site.isLivedIn()
    const known = { id: waiting, owner: 'acme', name: 'shop', repo: 'shop', account: 'acme', login: 'acme', environment: 'staging' }
    const ada = await site.signsIn(site.owner('root0'))
    const pages = [...(await site.crawls(ada)).values()]
    const forms = formsOf(pages, known, await ada.formToken())
    const before = site.written()
    let tries = 0
    for (const form of forms)
      for (const [what, headers] of ELSEWHERE) {
        isRefused(site, `${form.action} from ${what}`, await isSent(ada, form, headers), [403])
        tries += 1
      }
    checks.that(site.written() === before, 'another site has changed something')
    // None of it has used up what the person may do: one form of their own is taken still.
    checks.that((await isSent(ada, { ...forms[0]!, fields: {} }, {})).status === 403, 'forgeries use up what the person may do')

    // From here on each counts for whoever sends it: somebody else for each form.
    for (const [nth, form] of forms.entries()) {
      const login = `root${nth + 1}`
      const person = site.owner(login)
      const [one, other] = [await site.signsIn(person), await site.signsIn(person)]
      const [token, others] = [await one.formToken(), await other.formToken()]
      const fields = { ...form.fields, form_token: token }
      const written = site.written()
      const { action } = form
      const former = new Map(one.cookies)
      const wrong: readonly (readonly [what: string, sent: Promise<Seen>, wanted: readonly number[]])[] = [
        ['without a token', isSent(one, { ...form, fields: { ...fields, form_token: '' } }, {}), [403]],
        ['another session’s token', isSent(one, { ...form, fields: { ...fields, form_token: others } }, {}), [403]],
        ['the token in the address', isSent(one, { ...form, action: `${action}?form_token=${token}`, fields: {} }, {}), [403]],
        ['the token in a header', isSent(one, { ...form, fields: {} }, { 'x-csrf-token': token, 'x-form-token': token }), [403]],
        ['text/plain', isSent(one, form, { 'content-type': 'text/plain' }, new URLSearchParams(fields).toString()), [415]],
        ['multipart', isSent(one, form, { 'content-type': 'multipart/form-data; boundary=x' }, asMultipart(fields)), [415]],
        ['JSON', isSent(one, form, { 'content-type': 'application/json' }, JSON.stringify(fields)), [415]],
        ['no type', isSent(one, form, { 'content-type': null }, new URLSearchParams(fields).toString()), [415]],
        ['nobody’s cookie', isSent(site.newVisitor(), { ...form, fields }, {}), [401]],
        [
          'a token of the API as a cookie',
          site.newVisitor().posts(action, fields, { cookie: `__Host-gantry=${grounds.github.auth.signsIn(person.account)}` }),
          [401],
        ],
        [
          'a token of the API',
          site.newVisitor().posts(action, fields, { authorization: `Bearer ${grounds.github.auth.signsIn(person.account)}` }),
          [401],
        ],
      ]
      for (const [what, sent, wanted] of wrong) isRefused(site, `${action}: ${what}`, await sent, wanted)
      const overrides: Headed = { 'x-http-method-override': 'POST', 'x-http-method': 'POST', 'x-method-override': 'POST' }
      const query = new URLSearchParams({ ...fields, _method: 'POST' }).toString()
      const asked = await one.gets(`${action}?${query}`, overrides)
      checks.that([200, 404, 405].includes(asked.status), `GET ${action}: ${asked.status}`)
      for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])
        isRefused(site, `${method} ${action}`, await one.asks(method, action, { origin: ORIGIN, 'content-type': FORM, ...overrides }, query), [405])
      checks.that(site.written() === written, `${action}: something changed: ${changeIn(written, site.written())}`)
      await one.signsIn(person)
      const again = site.written()
      isRefused(site, `${action}: the token from before signing in again`, await isSent(one, { ...form, fields }, {}), [403])
      const old = await site
        .newVisitor()
        .asks(
          'POST',
          action,
          { cookie: [...former].map((pair) => pair.join('=')).join('; '), origin: ORIGIN, 'content-type': FORM },
          new URLSearchParams(fields).toString(),
        )
      isRefused(site, `${action}: the session from before signing in again`, old, [401])
      checks.that(site.written() === again, `${action}: something changed by an old form`)
      tries += wrong.length + 8
    }

    // No GET changes anything: every link of every page, by somebody who may do everything.
    const owner = await site.signsIn(site.owner('crawler'))
    const untouched = site.written()
    const crawled = await site.crawls(owner)
    for (const { path } of routes().filter(({ method }) => method === 'POST')) await owner.gets(pathOf(path, known))
    for (const { path } of routes().filter(({ method, path: its }) => method === 'GET' && !its.endsWith('/live') && !its.startsWith('/login')))
      for (const method of ['GET', 'HEAD']) await owner.asks(method, pathOf(path, known))
    checks.that(site.written() === untouched, 'a GET has changed something')
    checks.that(
      [...crawled.values()].every(({ status }) => status < 500),
      'a link leads to an error of ours',
    )

    // What was tried in vain would have worked: the same forms, sent as they should be.
    const right = formsIn(await owner.gets(`/d/${waiting}`)).find(({ action }) => action.endsWith('/cancel'))
    const done = right === undefined ? null : await isSent(owner, right, {})
    checks.that(done?.status === 303, `the right form does nothing: ${done?.status}`)
    checks.that(grounds.rows('select state from deployment where id = ?', waiting)[0]?.['state'] === 'cancelled', 'the right form has not stopped it')
    checks.that((await owner.gets(`/d/${success}`)).status === 200, 'its page is not there')
    return `${forms.length} forms, ${tries} forgeries refused with 401, 403, 405 or 415, nothing written; ${crawled.size} pages crawled, nothing written`
  }),
}

const PAGE_HEADERS: readonly (readonly [name: string, wanted: RegExp])[] = [
  [
    'content-security-policy',
    /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'[^;]*; base-uri 'none'; frame-ancestors 'none'$/,
  ],
  ['x-content-type-options', /^nosniff$/],
  ['referrer-policy', /^same-origin$/],
  ['cross-origin-opener-policy', /^same-origin$/],
  ['cross-origin-resource-policy', /^same-origin$/],
  ['strict-transport-security', /^max-age=(?:3[2-9]|[4-9]\d)\d{6,}$/],
  ['permissions-policy', /camera=\(\)/],
]

/** Of a page: whatever runs, draws or loads is in a file of our own. */
function isInert({ checks }: Site, what: string, html: string): void {
  for (const [tag] of html.matchAll(/<(?:script|style|iframe|object|embed|base|meta)\b[^>]*>/gi))
    checks.that(/^<script src="\/assets\/gantry-[0-9a-z]+\.js" defer(?:="")?>$|^<meta (?:charset|name)=/.test(tag), `${what} has ${tag}`)
  for (const [tag] of html.matchAll(/<[a-z][^>]*\s(?:on\w+|style|srcdoc)\s*=[^>]*>/gi)) checks.that(false, `${what} has ${tag}`)
  for (const [, address = ''] of html.matchAll(/\s(?:src|action|formaction|poster|data)="([^"]*)"/gi))
    checks.that(/^\/(?!\/)/.test(address), `${what} asks for ${address}`)
}

const f07: Scenario = {
  id: 'F07',
  tried:
    'every page, form, asset and error of the pages, with and without a session: what may be framed, opened, sniffed, kept or run; whether another origin may read any',
  run: withSite(async (site) => {
    const { checks } = site
    const { waiting } = await site.isLivedIn()
    const known = { id: waiting, owner: 'acme', name: 'shop', repo: 'shop', account: 'acme', login: 'acme', environment: 'staging' }
    const owner = await site.signsIn(site.owner('root'))
    const paths = [...(await site.crawls(owner)).keys()]
    const assets = [...(await owner.gets('/')).text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path)
    const others = [
      '/login',
      '/login/callback',
      '/login/callback?code=x&state=y',
      '/logout',
      '/r',
      '/d/none',
      `/d/${waiting}/none`,
      '/assets/none.js',
      '/approvals/x',
      '/a/none',
      '/r/acme/none',
    ]
    const routed = routes().map(({ path }) => pathOf(path, known))
    let seen = 0
    for (const path of new Set([...paths, ...others, ...routed, ...assets]))
      for (const visitor of [owner, site.newVisitor()])
        for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
          if (path.endsWith('/live') && method !== 'POST') continue
          const answer = await visitor.asks(method, path, { origin: 'https://evil.example' }, method === 'POST' ? 'x=y' : undefined)
          const what = `${method} ${path} (${answer.status})`
          for (const [name, wanted] of PAGE_HEADERS)
            checks.that(wanted.test(answer.headers.get(name) ?? ''), `${what}: ${name} is ${answer.headers.get(name)}`)
          const isAsset = assets.includes(path) && answer.status === 200
          checks.that(
            answer.headers.get('cache-control') === (isAsset ? 'public, max-age=31536000, immutable' : 'no-store'),
            `${what} is kept: ${answer.headers.get('cache-control')}`,
          )
          checks.that(
            [...answer.headers.keys()].every((name) => !name.startsWith('access-control-')),
            `${what} may be read by another origin`,
          )
          checks.that(!isAsset || answer.headers.getSetCookie().length === 0, `${what}: a cookie in what is kept`)
          checks.that(answer.status < 500, `${what}: ${answer.text.slice(0, 200)}`)
          if (answer.headers.get('content-type')?.startsWith('text/html') === true) isInert(site, what, answer.text)
          seen += 1
        }
    return `${seen} answers, each with all of its headers; nothing inline, nothing of another origin`
  }),
}

const f15: Scenario = {
  id: 'F15',
  tried:
    'pages under names that caches keep (.css, .js, ;, encoded, with queries), and requests with other Hosts, forwarded hosts and addresses in the request line',
  run: withSite(async (site) => {
    const { checks, grounds } = site
    const { success } = await site.isLivedIn()
    const ada = await site.signsIn()
    const bait = `shop:1.2`
    let tries = 0
    const pages = ['/', '/approvals', `/d/${success}`, '/a', '/a/acme', '/r/acme/shop']
    const endings = [
      '/x.css',
      '.css',
      ';.css',
      ';x.js',
      '%2fx.css',
      '/%2e%2e/assets/x.css',
      '%3b.png',
      '%00.css',
      '/..%2fassets/x.js',
      '%0a.css',
      '/assets/x.css',
      '/x.woff2',
      '%23.css',
      '%3f.css',
    ]
    for (const page of pages)
      for (const ending of endings) {
        const answer = await ada.gets(`${page === '/' ? '' : page}${ending}`)
        checks.that(answer.headers.get('cache-control') === 'no-store', `${page}${ending} (${answer.status}): ${answer.headers.get('cache-control')}`)
        checks.that(
          answer.status !== 200 || !/\.(?:css|js|png|woff2)$/.test(ending) || answer.headers.get('cache-control') === 'no-store',
          `${page}${ending} is a page`,
        )
        checks.that(
          ![...answer.text.matchAll(/name="form_token"/g)].length || answer.headers.get('cache-control') === 'no-store',
          `${page}${ending}: a token that is kept`,
        )
        tries += 1
      }
    for (const headers of [
      { host: 'evil.example' },
      { host: 'evil.example', 'x-forwarded-host': 'evil.example' },
      { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' },
      { 'x-original-url': '/approvals', 'x-rewrite-url': '/approvals' },
    ] as readonly Headed[])
      for (const path of ['/', '/login?to=/approvals', `/d/${success}`, '/none', '/login/callback?state=x']) {
        const lines = Object.entries({ host: 'gantry.example', cookie: ada.cookie, ...headers }).map(([name, value]) => `${name}: ${value}`)
        const text = await raw(grounds.port, `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`)
        const isEchoed = /evil\.example/.test(text)
        checks.that(
          !isEchoed,
          `${path} with ${JSON.stringify(headers)} repeats the host: ${text.slice(Math.max(0, text.indexOf('evil') - 80), text.indexOf('evil') + 40)}`,
        )
        if (path.startsWith('/login?'))
          checks.that(text.includes(encodeURIComponent(`${ORIGIN}/login/callback`)), `the way back is another: ${text.slice(0, 400)}`)
        tries += 1
      }
    for (const line of [
      `GET http://evil.example/d/${success} HTTP/1.1`,
      `GET //evil.example/d/${success} HTTP/1.1`,
      `GET /\\evil.example HTTP/1.1`,
      'GET /login?to=//evil.example HTTP/1.1',
    ]) {
      const text = await raw(grounds.port, `${line}\r\nhost: gantry.example\r\ncookie: ${ada.cookie}\r\nconnection: close\r\n\r\n`)
      checks.that(!/^location: (?:https?:)?\/\/evil/im.test(text) && !/href="(?:https?:)?\/\/evil/i.test(text), `${line}: ${text.slice(0, 300)}`)
      checks.that(/^cache-control: no-store/im.test(text) || text.startsWith('HTTP/1.1 4'), `${line} is kept`)
      tries += 1
    }
    const page = await ada.gets(`/d/${success}`)
    checks.that(page.status === 200 && page.text.includes(bait), 'the page itself is not there')
    // What is answered by the cookie is not one answer for all.
    checks.that(page.headers.get('cache-control') === 'no-store', 'the page is kept')
    return `${tries} tries: nothing of a person may be kept, and no address comes from a Host`
  }),
}

/** Everything that comes until the server closes. */
function raw(port: number, bytes: string): Promise<string> {
  return talk(port, bytes).closed
}

export const pageForms: readonly Scenario[] = [f06, f07, f15]
