import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Action } from '../deploy/api-token.ts'
import { actorName } from '../deploy/deployment.ts'
import { deep, maskedProblem } from '../deploy/mask.ts'
import { capital, listed } from '../deploy/wording.ts'
import { CODES, Failure, problem, type Problem } from '../errors.ts'
import { endpoints } from './api/index.ts'
import { createBodyCheck } from './body.ts'
import type { Caller } from './caller.ts'
import { DOCUMENT } from './document.ts'
import type { Api, ApiDoors, Asking, Env } from './endpoint.ts'
import { complete } from './complete.ts'
import { HEADERS } from './headers.ts'
import { invalid } from './invalid.ts'
import { atMost, paced, POLICIES, RATE_LIMIT, RATE_LIMIT_POLICY } from './pace.ts'
import { problemBody, RequestRefused } from './problems.ts'
import { publish } from './publish.ts'

/** Of what failed outside, within a minute. */
const MOST_LOGGED = 60

export type Fetch = (request: Request, env: Env['Bindings']) => Response | Promise<Response>

/**
 * The HTTP API: the same service, gates, words and codes as a comment's. A Fetch handler, so that it runs wherever there is one; where
 * it listens, how long a request may take and how large its headers may be is the runtime's.
 */
export function createApi(doors: Asking): Fetch {
  const api: Api = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.error)
    },
  })
  nameRequests(api, doors.random().slice(0, 10))
  guardRequests(api, doors)
  for (const add of endpoints) add(api, doors)
  publish(api)
  const isLogged = atMost(MOST_LOGGED, doors.clock)
  api.onError((error, c) => {
    // While GitHub is away, anybody makes one with each request.
    if (error instanceof Failure && CODES[error.problem.code].status >= 500 && isLogged()) doors.trouble(error, about(c))
    return answer(error, c, doors)
  })
  return (request, env) => api.fetch(request, env)
}

/** `process` tells the requests of this process from those of any other. On its way out every answer gets the headers that all have. */
function nameRequests(api: Api, process: string): void {
  let requests = 0
  api.use(async (c, next) => {
    const requestId = `${process}-${(requests += 1).toString(36)}`
    c.set('requestId', requestId)
    c.set('headers', { ...HEADERS, 'x-request-id': requestId })
    await next()
    complete(c)
  })
}

/** How often an address asks, what is there, who calls, how often, and a body that can be read: in this order, before any route. */
function guardRequests(api: Api, { callers, limits, administrators }: Asking): void {
  const checkBody = createBodyCheck(administrators)
  let checkRoute: ReturnType<typeof routeCheck> | null = null
  api.use(async (c, next) => {
    const { address } = c.env
    if (address !== null) await paced(limits, 'address', address)
    checkRoute ??= routeCheck(api)
    checkRoute(c.req)
    if (c.req.path === DOCUMENT) return next()
    const isChange = c.req.method !== 'GET'
    const caller = await callers.identify(c.req.header('authorization'), address)
    checkAction(caller, actionOf(c.req.path, isChange))
    c.set('caller', caller)
    const name = isChange ? 'change' : 'look'
    const headers = c.get('headers')
    headers[RATE_LIMIT] = await paced(limits, name, caller.countedBy)
    headers[RATE_LIMIT_POLICY] = POLICIES[name]
    if (isChange) caller.spend?.()
    if (c.req.method === 'POST' || c.req.method === 'PUT') await checkBody(c)
    return next()
  })
}

const actionOf = (path: string, isChange: boolean): Action => (path.startsWith('/config/') ? 'configure' : isChange ? 'deploy' : 'read')

/** Rights come after: of what a token was not made for, nobody has to be asked. */
function checkAction({ actor, actions }: Caller, needed: Action): void {
  if (actions.includes(needed)) return
  throw new RequestRefused('PERMISSION_REQUIRED', {
    sentence: `${capital(actorName(actor))} is not for that.`,
    ...{ found: listed(actions), wanted: needed, who: 'account' },
    next: 'Use another token, or ask an administrator of the account for one that may.',
  })
}

/** Before anybody is asked who calls: what is not there is nobody's. */
function routeCheck({ openAPIRegistry }: Api): (request: { readonly method: string; readonly path: string }) => void {
  const known = openAPIRegistry.definitions.flatMap((one) => (one.type === 'route' ? [one.route] : []))
  const routes = Map.groupBy([{ path: DOCUMENT, method: 'get' }, ...known], ({ method }) => method.toUpperCase())
  const patterns = new Map([...routes].map(([method, its]) => [method, patternOf(its)]))
  return ({ method, path }) => {
    if (patterns.get(method)?.test(path)) return
    const methods = [...patterns].flatMap(([other, pattern]) => (pattern.test(path) ? [other] : []))
    if (methods.length === 0)
      throw new RequestRefused('ROUTE_UNKNOWN', { sentence: 'There is nothing here.', next: 'See /openapi.json for what there is.' })
    const details = { sentence: `${method} does nothing here.`, found: method, wanted: methods.join(' or '), next: 'See /openapi.json.' }
    throw new RequestRefused('METHOD_NOT_ALLOWED', details, { allow: methods.join(', ') })
  }
}

/** One for all of them: each request is held against it. */
const patternOf = (routes: readonly { readonly path: string }[]): RegExp =>
  new RegExp(`^(?:${routes.map(({ path }) => path.replaceAll(/\{\w+\}/g, '[^/]+')).join('|')})$`)

function answer(error: Error, c: Context<Env>, doors: ApiDoors): Response {
  const found = problemIn(error, c, doors)
  // Its texts, and not the JSON: that stays JSON, whatever is a secret.
  const body = problemBody(maskedProblem(found, doors.mask), doors.docs, c.get('requestId'))
  // Those of the request, too: the limit that it is above may be another than its caller's.
  if (error instanceof RequestRefused) Object.assign(c.get('headers'), error.headers)
  const headers = {
    'content-type': 'application/problem+json',
    ...(body.retryAfter !== undefined && { 'retry-after': String(body.retryAfter) }),
  }
  const more = error instanceof RequestRefused ? deep(error.more, (text) => doors.mask(text)) : {}
  return c.body(JSON.stringify({ ...body, ...more }), body.status as 400, headers)
}

const about = (c: Context<Env>): string => `request ${c.get('requestId')}: ${c.req.method} ${c.req.routePath}`

function problemIn(error: Error, c: Context<Env>, { incident }: ApiDoors): Problem {
  if (error instanceof RequestRefused || error instanceof Failure) return error.problem
  if (error instanceof HTTPException && error.status < 500)
    return problem('REQUEST_MALFORMED', { sentence: 'The request cannot be read.', next: 'See /openapi.json.' })
  const number = incident(error, about(c))
  return problem('INTERNAL', {
    sentence: `Something went wrong in Gantry (incident ${number}).`,
    next: 'Ask whoever runs Gantry to look for this number in its log.',
  })
}
