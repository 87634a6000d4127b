import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scenario } from './scenario.ts'
import { filesIn } from './sealed.ts'
import { ORIGIN, SESSION, SIGNING_IN, withSite, type Seen, type Site, type Visitor } from './visiting.ts'

const BEHIND_ONE = { TRUSTED_PROXIES: '1' }
const from = (address: string) => ({ 'x-forwarded-for': address })

/** Refused in words, and nobody is somebody by it. */
function isRefused({ checks }: Site, what: string, { status, text, headers }: Seen, visitor: Visitor, wanted: readonly number[] = [403]): void {
  checks.that(wanted.includes(status), `${what}: ${status} ${headers.get('location') ?? ''} ${text.slice(0, 100)}`)
  checks.that(
    headers.getSetCookie().every((line) => !line.startsWith(`${SESSION}=`) || /max-age=0/i.test(line)),
    `${what}: makes a session`,
  )
  checks.that(!visitor.cookies.has(SESSION), `${what}: there is a session`)
}

/** Who the site takes the visitor for; null for nobody. */
const whoIs = async (visitor: Visitor): Promise<string | null> => /title="Signed in as ([^"]+)"/.exec((await visitor.gets('/')).text)?.[1] ?? null

const sessions = ({ grounds }: Site): number => grounds.rows('select 1 from session').length

const AWAY = [
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/%09/evil.example',
  '/%5cevil.example',
  '///evil.example',
  '/.//evil.example',
  '/..//evil.example',
  'javascript:alert(1)',
  ' //evil.example',
  '/ /evil.example',
  '@evil.example',
  '.evil.example',
  ':443@evil.example',
  '/\n/evil.example',
  '/\r\nset-cookie: x=y',
  '/https://evil.example',
  '//evil.example/..',
  '/\u2028/evil.example',
  `/${'a'.repeat(700)}`,
  '/?to=//evil.example',
  '/#//evil.example',
  '/d/x?next=https://evil.example',
  'http:evil.example',
  '/%2f%2fevil.example',
] as const

const states: (site: Site) => Promise<void> = async (site) => {
  const { ada, mallory } = site.grounds.github.people
  const { checks } = site
  const came = async (what: string, visitor: Visitor, path: string, wanted?: readonly number[]) =>
    isRefused(site, what, await visitor.gets(path), visitor, wanted)

  const begun = site.newVisitor()
  const url = await begun.begins()
  const back = new URL(begun.agrees(ada, url), ORIGIN)
  const kept = begun.cookies.get(SIGNING_IN) ?? ''
  const again = (): Visitor => {
    const visitor = site.newVisitor()
    visitor.cookies.set(SIGNING_IN, kept)
    return visitor
  }
  const withQuery = (change: Readonly<Record<string, string | null>>): string => {
    const changed = new URL(back)
    for (const [name, value] of Object.entries(change))
      if (value === null) changed.searchParams.delete(name)
      else changed.searchParams.set(name, value)
    return changed.pathname + changed.search
  }
  await came('no state', again(), withQuery({ state: null }))
  await came('an empty state', again(), withQuery({ state: '' }))
  await came('another state', again(), withQuery({ state: 'a'.repeat(64) }))
  await came('a prefix of the state', again(), withQuery({ state: (back.searchParams.get('state') ?? '').slice(0, 40) }))
  await came('no code', again(), withQuery({ code: null }))
  await came('a browser that has not begun it', site.newVisitor(), withQuery({}))
  for (const cookie of [
    '',
    'x',
    '..',
    `${'a'.repeat(64)}.${'b'.repeat(64)}./`,
    kept.slice(0, -1),
    `${kept}%00`,
    kept.split('.').toReversed().join('.'),
  ]) {
    const visitor = site.newVisitor()
    visitor.cookies.set(SIGNING_IN, cookie)
    if (cookie !== kept.slice(0, -1) && !cookie.startsWith(kept)) await came(`the cookie ${cookie.slice(0, 20)}`, visitor, withQuery({}))
  }
  await came('a refusal on GitHub', again(), withQuery({ code: null, error: 'access_denied' }))
  const said = await again().gets(withQuery({ code: null, error: '<script>alert(1)</script>', error_description: 'canary-words' }))
  checks.that(!/canary-words|alert\(1\)/.test(said.text), 'the page repeats what came with the error')

  // Login CSRF: mallory has the victim follow a way back that mallory began, or that the victim began, with mallory's code.
  const mallorys = site.newVisitor()
  const mallorysBack = mallorys.agrees(mallory, await mallorys.begins())
  await came('a way back that somebody else began', site.newVisitor(), mallorysBack)
  const victim = site.newVisitor()
  await victim.begins()
  await came('a way back that somebody else began, while one is open here', victim, mallorysBack)
  const foreign = new URL(mallorysBack, ORIGIN).searchParams.get('code') ?? ''
  await came('somebody else’s code under the own state', again(), withQuery({ code: foreign }))
  await came('a code that nobody gave', again(), withQuery({ code: 'canary-code' }))

  // Of the same verifier two codes; each way back is good once. The state was spent by what came before.
  const first = site.newVisitor()
  const where = await first.begins()
  const cookie = first.cookies.get(SIGNING_IN) ?? ''
  const [one, two] = [first.agrees(ada, where), first.agrees(ada, where)]
  checks.that((await first.gets(one)).status === 303 && (await whoIs(first)) === 'ada', 'nobody can sign in')
  for (const [what, path] of [
    ['the way back once more', one],
    ['another code for the same verifier', two],
  ] as const) {
    const visitor = site.newVisitor()
    visitor.cookies.set(SIGNING_IN, cookie)
    await came(what, visitor, path)
  }
  // A code that was used, under a new state.
  const later = site.newVisitor()
  const laterBack = new URL(later.agrees(ada, await later.begins()), ORIGIN)
  laterBack.searchParams.set('code', new URL(one, ORIGIN).searchParams.get('code') ?? '')
  await came('a code that was used', later, laterBack.pathname + laterBack.search)
}

const redirects: (site: Site) => Promise<void> = async (site) => {
  const { checks, grounds } = site
  for (const to of AWAY) {
    const visitor = site.newVisitor()
    const came = await visitor.gets(visitor.agrees(grounds.github.people.eve, await visitor.begins(to)))
    const location = came.headers.get('location') ?? 'none'
    checks.that(came.status === 303 && location.startsWith('/'), `to ${to}: ${came.status} ${location}`)
    checks.that(new URL(location, `${ORIGIN}/login/callback`).origin === ORIGIN, `to ${to}: it leads to ${location}`)
    checks.that(
      came.headers.getSetCookie().every((line) => line.startsWith('__Host-')),
      `to ${to}: ${came.headers.getSetCookie().join()}`,
    )
  }
}

const cookies: (site: Site) => Promise<void> = async (site) => {
  const { checks, grounds } = site
  const { ada, mallory } = grounds.github.people
  const visitor = site.newVisitor()
  const begun = await visitor.gets('/login')
  const came = await visitor.gets(visitor.agrees(ada, new URL(begun.headers.get('location') ?? '')))
  const lines = [...begun.headers.getSetCookie(), ...came.headers.getSetCookie()]
  checks.that(lines.length === 3, `${lines.length} cookies`)
  for (const line of lines)
    checks.that(
      line.startsWith('__Host-') &&
        /; Path=\/(?:;|$)/.test(line) &&
        /; Secure(?:;|$)/.test(line) &&
        /; HttpOnly(?:;|$)/.test(line) &&
        /; SameSite=Lax(?:;|$)/.test(line) &&
        !/; Domain/i.test(line) &&
        /; Max-Age=\d+/.test(line),
      `a cookie is ${line.replace(/=[^;]+/, '=…')}`,
    )

  // Fixation: what was planted before is nobody's afterwards, whoever's it was.
  const mallorys = await site.signsIn(mallory)
  for (const planted of ['1.planted', `1.${'a'.repeat(64)}`, mallorys.cookies.get(SESSION) ?? '']) {
    const victim = site.newVisitor()
    victim.cookies.set(SESSION, planted)
    await victim.signsIn(ada)
    checks.that(victim.cookies.get(SESSION) !== planted && (await whoIs(victim)) === 'ada', 'a planted cookie is a session')
    const attacker = site.newVisitor()
    attacker.cookies.set(SESSION, planted)
    checks.that((await whoIs(attacker)) === null, 'the planted cookie is somebody’s')
  }

  // A stolen cookie lives as long as the session does, and a session is one person's.
  const [home, phone, thief] = [await site.signsIn(ada), await site.signsIn(ada), site.newVisitor()]
  const stolen = home.cookies.get(SESSION) ?? ''
  thief.cookies.set(SESSION, stolen)
  checks.that((await whoIs(thief)) === 'ada', 'the cookie is not the session')
  checks.that((await home.gets('/logout')).status !== 303 && (await whoIs(home)) === 'ada', 'GET /logout signs out')
  const out = await home.posts('/logout', { form_token: await home.formToken() })
  checks.that(out.status === 303 && !home.cookies.has(SESSION) && (await whoIs(thief)) === null, 'a stolen cookie outlives signing out')
  checks.that((await whoIs(phone)) === 'ada', 'signing out here signs out elsewhere')
  const [tablet, graces] = [await site.signsIn(ada), await site.signsIn(grounds.github.people.grace)]
  await phone.posts('/logout', { form_token: await phone.formToken(), everywhere: '1' })
  checks.that((await whoIs(tablet)) === null && (await whoIs(graces)) === 'grace', 'signing out everywhere is not everywhere, or is of others too')

  // Somebody else's number before the same bits, other spellings, and a cookie without its prefix.
  const graces2 = graces.cookies.get(SESSION) ?? ''
  const [, bits = ''] = graces2.split('.')
  for (const cookie of [
    `${ada.account.id.toString(36)}.${bits}`,
    bits,
    graces2.toUpperCase(),
    `${graces2}x`,
    `${graces2}.`,
    graces2.slice(0, -1),
    ` ${graces2} x`,
    `"${graces2}`,
  ]) {
    const guesser = site.newVisitor()
    guesser.cookies.set(SESSION, cookie)
    checks.that((await whoIs(guesser)) === null, `${cookie.slice(0, 8)}… is somebody`)
  }
  for (const name of ['gantry', '__Secure-gantry', 'session', '__host-gantry', '__Host-Gantry'])
    checks.that(!/title="Signed in as/.test((await site.newVisitor().gets('/', { cookie: `${name}=${graces2}` })).text), `${name} is a session`)

  // The twenty-first ends the first.
  const many: Visitor[] = []
  for (let nth = 0; nth < 21; nth += 1) many.push(await site.signsIn(grounds.github.people.trent))
  checks.that(
    (await whoIs(many[0]!)) === null && (await whoIs(many[1]!)) === 'trent' && (await whoIs(many[20]!)) === 'trent',
    'somebody has more than 20 sessions',
  )
  const token = await many[20]!.formToken()
  const bytes = filesIn(join(grounds.folder, 'data'))
    .map((path) => readFileSync(path, 'latin1'))
    .join('')
  for (const secret of [many[20]!.cookies.get(SESSION)?.split('.')[1] ?? 'none', token, ...grounds.github.auth.userTokens.keys()])
    checks.that(
      !bytes.includes(secret) && !grounds.gantry.output.includes(secret),
      'the database or the log has a cookie, a form’s token, or a token of GitHub’s',
    )
}

const ends: (site: Site) => Promise<void> = async (site) => {
  const { checks, grounds } = site
  const [ada, grace] = [await site.signsIn(), await site.signsIn(grounds.github.people.grace)]
  await grounds.gantry.stops('SIGKILL')
  // Eight hours are over for ada, and not yet for grace.
  grounds.rewrites('update session set since = since - 28800000, until = until - 28800000 where person = ?', grounds.github.people.ada.account.id)
  await grounds.starts({ ...grounds.apiVariables, GANTRY_URL: ORIGIN, ...BEHIND_ONE })
  checks.that((await whoIs(ada)) === null, 'a session of eight hours ago is somebody')
  checks.that((await whoIs(grace)) === 'grace', 'a restart signs people out')
  const lasts = grounds.rows('select until - since as lasts from session')
  checks.that(
    lasts.every((row) => row['lasts'] === 8 * 3_600_000),
    `sessions last ${JSON.stringify(lasts[0])}`,
  )
}

const troubles: (site: Site) => Promise<void> = async (site) => {
  const { checks, grounds } = site
  const { github } = grounds
  const before = sessions(site)
  const { fetch } = github
  const isAway = (pattern: RegExp, answer: () => Response): void => {
    const cut: typeof fetch = async (input, init) => {
      const request = new Request(input, init)
      return pattern.test(request.url) ? answer() : fetch(request)
    }
    Object.assign(github, { fetch: cut })
  }
  for (const [what, pattern, answer] of [
    ['the exchange fails', /access_token$/, () => new Response('down', { status: 502 })],
    ['the exchange says nonsense', /access_token$/, () => new Response('<p>canary-html', { status: 200 })],
    ['the exchange says another token', /access_token$/, () => Response.json({ access_token: 'a\r\nb' })],
    ['nobody says who it is', /\/applications\/|\/user/, () => new Response('down', { status: 500 })],
  ] as const) {
    const visitor = site.newVisitor()
    const back = visitor.agrees(github.people.ada, await visitor.begins())
    isAway(pattern, answer)
    const came = await visitor.gets(back)
    isRefused(site, what, came, visitor, [502, 503])
    checks.that(!/canary-html|a\r\nb/.test(came.text), `${what}: the page repeats it`)
    Object.assign(github, { fetch })
    isRefused(site, `${what}, and the same way back again`, await visitor.gets(back), visitor)
    // What GitHub failed at silences it for a moment.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
  }
  checks.that(sessions(site) === before, 'a failure makes a session')
}

const floods: (site: Site) => Promise<void> = async (site) => {
  const { checks, grounds } = site
  const { github } = grounds
  let exchanged = 0
  const { fetch } = github
  const counting: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    if (request.url.endsWith('/login/oauth/access_token')) exchanged += 1
    return fetch(request)
  }
  Object.assign(github, { fetch: counting })
  const written = () => site.written()
  const statuses: Record<number, number> = {}
  const before = grounds.rows('select 1 from spent_token').length
  // Two addresses that bring made-up codes under made-up states, as fast as they can.
  for (let nth = 0; nth < 400; nth += 1) {
    const state = nth.toString(36).padStart(64, 'a')
    const cookie = `${SIGNING_IN}=${state}.${'b'.repeat(64)}./`
    const { status } = await site.newVisitor().gets(`/login/callback?state=${state}&code=canary`, { ...from(`203.0.113.${nth % 2}`), cookie })
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  checks.that(
    (statuses[403] ?? 0) <= 44 && (statuses[403] ?? 0) + (statuses[429] ?? 0) === 400,
    `a flood is answered with ${JSON.stringify(statuses)}`,
  )
  checks.that(exchanged <= 44, `GitHub was asked ${exchanged} times`)
  checks.that(grounds.rows('select 1 from spent_token').length - before <= 44, 'what is beyond the limits is written down')
  const innocent = site.newVisitor()
  const back = innocent.agrees(github.people.eve, await innocent.begins())
  checks.that((await innocent.gets(back, from('198.51.100.7'))).status === 303, 'somebody else cannot sign in meanwhile')
  Object.assign(github, { fetch })

  // Refusals that GitHub sends people back with cost nothing to make up, and neither do cookies.
  const untouched = written()
  for (let nth = 0; nth < 1_000; nth += 1) {
    const state = nth.toString(36).padStart(64, 'c')
    const { status } = await site
      .newVisitor()
      .gets(`/login/callback?state=${state}&error=access_denied`, { ...from('203.0.113.9'), cookie: `${SIGNING_IN}=${state}.${'b'.repeat(64)}./` })
    checks.that(status === 403, `a made-up refusal is answered with ${status}`)
  }
  const calls = github.calls.length
  const [plain, bogus] = [
    await timeOf(site, () => ''),
    await timeOf(site, (nth) => `${SESSION}=${(nth % 50).toString(36)}.${nth.toString(36).padStart(64, 'd')}`),
  ]
  checks.that(written() === untouched, 'what nobody is known by is written down')
  checks.that(github.calls.length === calls, `GitHub was asked ${github.calls.length - calls} times about cookies`)
  checks.that(bogus < 3 * plain + 2_000, `10,000 bogus cookies take ${bogus} ms, and as many without ${plain} ms`)
}

const COOKIES = 10_000

/** Milliseconds for so many requests from 20 addresses. */
async function timeOf(site: Site, cookie: (nth: number) => string): Promise<number> {
  const began = performance.now()
  const wrong = new Set<number>()
  const [lanes, each] = [20, COOKIES / 20]
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      for (let nth = 0; nth < each; nth += 1) {
        const made = cookie(lane * each + nth)
        const { status } = await site.newVisitor().gets('/approvals', { ...from(`192.0.2.${lane}`), ...(made !== '' && { cookie: made }) })
        if (status !== 401) wrong.add(status)
      }
    }),
  )
  site.checks.that(wrong.size === 0, `nobody is answered with ${[...wrong].join()}`)
  return Math.round(performance.now() - began)
}

const f08: Scenario = {
  id: 'F08',
  tried: `signing in: no, other, spent and somebody else’s state; somebody else’s code, a used one, two of one verifier; ${AWAY.length} places to return to; planted, stolen, guessed and old sessions; consent refused; GitHub away at each step; a flood of returns; ${COOKIES} made-up cookies`,
  run: withSite(
    async (site) => {
      await states(site)
      await redirects(site)
      await cookies(site)
      await ends(site)
      await floods(site)
      await troubles(site)
      return 'refused in words; a session begins with signing in and ends with signing out, after eight hours, and with the twenty-first; nobody is led elsewhere; what floods is not written down, and others sign in'
    },
    { variables: BEHIND_ONE },
  ),
}

export const pageLogin: readonly Scenario[] = [f08]
