import { Failure } from '../errors.ts'
import { forgetSession, keepSession, keepSigningIn, pathOf, sessionCookie, takeSigningIn } from './cookies.ts'
import { guesserAt, pacedBy } from './pace.ts'
import { RequestRefused } from './problems.ts'
import type { Site, Visit, Visiting } from './visit.ts'

/** Milliseconds: as long as a browser may take from our page to GitHub's and back. */
const WITHIN = 600_000

export const CALLBACK = '/login/callback'

/**
 * Signing in by the App's own OAuth (docs.github.com, "Using the web application flow to generate a user access token"), with `state` and PKCE
 * (RFC 7636). Nothing is kept of it here: what was begun stands in a cookie of the browser that began it, and a state that was used is spent.
 */
export function signing(site: Site, doors: Visiting): void {
  const { sessions } = doors
  site.get('/login', (c) => begin(c, doors))
  site.get(CALLBACK, (c) => comeBack(c, doors))
  site.post('/logout', async (c) => {
    const cookie = sessionCookie(c)
    const everywhere = c.get('form').given('everywhere') !== null
    if (everywhere) await sessions.endAll(c.get('visitor')?.session.person.id ?? 0)
    else if (cookie !== null) await sessions.end(cookie)
    forgetSession(c)
    return c.redirect('/', 303)
  })
}

async function begin(c: Visit, { directory, random, origin }: Visiting): Promise<Response> {
  if (origin === null) throw notSetUp()
  const [state, verifier] = [random() + random(), (random() + random()).slice(0, 128)]
  keepSigningIn(c, { state, verifier, to: pathOf(c.req.query('to') ?? '/') })
  return c.redirect(directory.signInPage({ state, challenge: await challengeOf(verifier), redirect: `${origin}${CALLBACK}` }), 303)
}

async function comeBack(c: Visit, doors: Visiting): Promise<Response> {
  const { directory, sessions, spent, clock, limits, origin } = doors
  if (origin === null) throw notSetUp()
  const begun = takeSigningIn(c)
  const { state, code, error } = c.req.query()
  const now = clock.now()
  if (begun === null || state === undefined || state !== begun.state) throw notBegun()
  if (error !== undefined || code === undefined) throw notAllowed(error ?? 'no code')
  const from = guesses(c)
  await pacedBy(from, limits)
  // Written down, so not before it is within the limits: anybody can make a cookie up.
  if (!spent.spend(`sign-in:${begun.state}`, now + WITHIN, now)) throw notBegun()
  const came = await directory.signIn({ code, verifier: begun.verifier, redirect: `${origin}${CALLBACK}` }).catch(async (failure: unknown) => {
    if (failure instanceof Failure) for (const [name, key] of from) await limits.giveBack(name, key)
    throw failure
  })
  if (came === null) throw notTaken()
  for (const [name, key] of from) await limits.giveBack(name, key)
  // Another one under the same cookie ends: nobody goes on under a name that somebody else has put there.
  const former = sessionCookie(c)
  if (former !== null) await sessions.end(former)
  const cookie = await sessions.begin(came, now)
  const lasts = (((await sessions.find(cookie, now))?.until ?? now) - now) / 1000
  keepSession(c, cookie, Math.floor(lasts))
  return c.redirect(begun.to, 303)
}

const guesses = (c: Visit): (readonly ['guess' | 'guesses', string])[] => {
  const { address } = c.env
  return [...(address === null ? [] : [['guess', guesserAt(address)] as const]), ['guesses', ''] as const]
}

/** S256 (RFC 7636, 4.2). */
async function challengeOf(verifier: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)))
  return btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

const refused = (sentence: string, details: { found?: string; wanted: string; next: string }): RequestRefused =>
  new RequestRefused('SIGN_IN_REFUSED', { sentence, ...details })

const notSetUp = (): RequestRefused =>
  refused('Nobody can sign in here, because this Gantry does not know its own address.', {
    found: 'GANTRY_URL is not set',
    wanted: 'the address that people open in their browser',
    next: 'Ask whoever runs Gantry to set GANTRY_URL, and to give the App the callback address GANTRY_URL/login/callback.',
  })
const notBegun = (): RequestRefused =>
  refused('This way of signing in was not begun in this browser, or is over.', {
    wanted: 'to come back once, within ten minutes, in the browser that it was begun in',
    next: 'Sign in again from here.',
  })
const notAllowed = (found: string): RequestRefused =>
  refused('GitHub sends you back without having signed you in.', {
    found: /^[a-z_]{1,60}$/.test(found) ? found : 'another answer',
    wanted: 'your consent on GitHub’s page',
    next: 'Sign in again, and allow it there.',
  })
const notTaken = (): RequestRefused =>
  refused('GitHub does not take the code that you came back with.', {
    wanted: 'a code that GitHub has given this App for this browser, once',
    next: 'Sign in again from here.',
  })
