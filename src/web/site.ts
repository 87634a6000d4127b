import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { maskedProblem } from '../deploy/mask.ts'
import { CODES, Failure, problem, type Problem } from '../errors.ts'
import { serveAssets } from './assets.ts'
import { readForm, refuseForged } from './form.ts'
import { PAGE_HEADERS } from './headers.ts'
import { frame } from './look/frame.ts'
import { problemPage, signInPage } from './look/problem.ts'
import { atMost, paced } from './pace.ts'
import { pages } from './pages/index.ts'
import { problemBody, RequestRefused } from './problems.ts'
import { signing } from './signing.ts'
import { visitorIn } from './cookies.ts'
import type { Site, SiteEnv, Visit, Visiting } from './visit.ts'

/** Everything else under our origin is the API's, the documentation's or the webhook's. */
const PAGES = /^https?:\/\/[^/?#]+(?:\/?(?:[?#]|$)|\/(?:r|d|a|approvals|login|logout|assets)(?:[/?#]|$))/
export const isPage = (url: string): boolean => PAGES.test(url)

/** Of what failed outside, within a minute. */
const MOST_LOGGED = 60

/** The pages: made here whole, so that they can be read without the script, which only keeps them up to date. */
export function createSite(doors: Visiting): (request: Request, env: SiteEnv['Bindings']) => Response | Promise<Response> {
  const site: Site = new Hono<SiteEnv>()
  const isLogged = atMost(MOST_LOGGED, doors.clock)
  nameRequests(site, doors)
  serveAssets(site, doors.assets)
  guard(site, doors)
  signing(site, doors)
  for (const add of pages) add(site, doors)
  site.notFound((c) => answer(new RequestRefused('ROUTE_UNKNOWN', NOTHING_HERE), c, doors))
  site.onError((error, c) => {
    if (error instanceof Failure && CODES[error.problem.code].status >= 500 && isLogged()) doors.trouble(error, about(c))
    return answer(error, c, doors)
  })
  return (request, env) => site.fetch(request, env)
}

const NOTHING_HERE = { sentence: 'There is nothing here.', next: 'Begin at the overview.' }

function nameRequests(site: Site, { random, origin }: Visiting): void {
  const [process, headers] = [random().slice(0, 10), { ...PAGE_HEADERS, ...(origin?.startsWith('https:') === true && STRICT) }]
  let requests = 0
  site.use(async (c, next) => {
    const requestId = `p${process}-${(requests += 1).toString(36)}`
    c.set('requestId', requestId)
    c.set('headers', { ...headers, 'x-request-id': requestId })
    c.set('visitor', null)
    await next()
    for (const [name, value] of Object.entries(c.get('headers'))) c.res.headers.set(name, value)
  })
}

/** Two years: as hstspreload.org asks for, without the subdomains, which are not ours. */
const STRICT = { 'strict-transport-security': 'max-age=63072000' }

/** How often an address asks, who it is, whether another site sends it, how often they ask, and a form that is one of ours: in this order, before any page. */
function guard(site: Site, doors: Visiting): void {
  const { limits, hash, origin } = doors
  site.use(async (c, next) => {
    const { address } = c.env
    if (address !== null) await paced(limits, 'address', address)
    const visitor = await visitorIn(c, doors)
    c.set('visitor', visitor)
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
    if (!isRead) refuseForged(c, origin)
    if (visitor !== null) await paced(limits, isRead ? 'look' : 'change', visitor.caller.countedBy)
    if (!isRead) c.set('form', await readForm(c, visitor, (a, b) => hash(a) === hash(b)))
    return next()
  })
}

async function answer(error: Error, c: Visit, doors: Visiting): Promise<Response> {
  const found = maskedProblem(problemIn(error, c, doors), doors.mask)
  if (error instanceof RequestRefused) {
    const { 'www-authenticate': _, ...headers } = error.headers
    Object.assign(c.get('headers'), headers)
  }
  const { status, retryAfter } = problemBody(found, doors.docs, c.get('requestId'))
  if (retryAfter !== undefined) c.get('headers')['retry-after'] = String(retryAfter)
  const isUnknown = found.code === 'AUTHENTICATION_REQUIRED' && c.get('visitor') === null
  const shown = isUnknown ? signInPage(c, doors) : problemPage(found, c, doors)
  return c.html(frame(shown, c, doors), status as 400)
}

const about = (c: Visit): string => `page ${c.get('requestId')}: ${c.req.method} ${c.req.routePath}`

function problemIn(error: Error, c: Visit, { incident }: Visiting): Problem {
  if (error instanceof RequestRefused || error instanceof Failure) return error.problem
  if (error instanceof HTTPException && error.status < 500)
    return problem('REQUEST_MALFORMED', { sentence: 'The request cannot be read.', next: 'Begin at the overview.' })
  const number = incident(error, about(c))
  return problem('INTERNAL', {
    sentence: `Something went wrong in Gantry (incident ${number}).`,
    next: 'Ask whoever runs Gantry to look for this number in its log.',
  })
}
