import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { CODES, Failure, problem, type Problem } from '../errors.ts'
import { endpoints } from './api/index.ts'
import { checkBody } from './body.ts'
import { createCallers } from './callers.ts'
import type { Api, ApiDoors, Asking, Env } from './endpoint.ts'
import { HEADERS } from './headers.ts'
import { invalid } from './invalid.ts'
import { createPace, perMinute } from './pace.ts'
import { problemBody, RequestRefused } from './problems.ts'

/** Of what failed outside, within a minute. */
const MOST_LOGGED = 60
const DOCUMENT = '/openapi.json'

/**
 * The HTTP API: the same service, gates, words and codes as a comment's. A Fetch handler, so that it runs wherever there is one; where
 * it listens, how long a request may take and how large its headers may be is the runtime's.
 */
export function createApi(outside: ApiDoors): Api {
  const doors: Asking = { ...outside, callers: createCallers(outside.directory, outside.clock) }
  const [changing, looking] = [createPace(doors.clock, 60), createPace(doors.clock, 600)]
  const api: Api = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.error)
    },
  })
  api.use(async (c, next) => {
    c.set('requestId', doors.random().slice(0, 20))
    await next()
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value)
    c.res.headers.set('x-request-id', c.get('requestId'))
  })
  api.use(async (c, next) => {
    checkRoute(api, c)
    if (c.req.path === DOCUMENT) return next()
    c.set('caller', await doors.callers.identify(c.req.header('authorization')))
    if (c.req.method !== 'POST') looking(c.get('caller'))
    else {
      changing(c.get('caller'))
      await checkBody(c)
    }
    return next()
  })
  for (const add of endpoints) add(api, doors)
  describe(api)
  const logged = perMinute(doors.clock, MOST_LOGGED)
  api.onError((error, c) => {
    // While GitHub is away, anybody makes one with each request.
    if (error instanceof Failure && CODES[error.problem.code].status >= 500 && logged(0) === 0) doors.trouble(error, about(c))
    return answer(error, c, doors)
  })
  return api
}

/** Before anybody is asked who calls: what is not there is nobody's. */
function checkRoute(api: Api, { req }: Context<Env>): void {
  const known = api.openAPIRegistry.definitions.flatMap((one) => (one.type === 'route' ? [one.route] : []))
  const methods = [{ path: DOCUMENT, method: 'get' }, ...known].flatMap(({ path, method }) => (fits(path, req.path) ? [method.toUpperCase()] : []))
  if (methods.length === 0)
    throw new RequestRefused('ROUTE_UNKNOWN', { sentence: 'There is nothing here.', next: 'See /openapi.json for what there is.' })
  if (methods.includes(req.method)) return
  const details = { sentence: `${req.method} does nothing here.`, found: req.method, wanted: methods.join(' or '), next: 'See /openapi.json.' }
  throw new RequestRefused('METHOD_NOT_ALLOWED', details, { allow: methods.join(', ') })
}

const fits = (pattern: string, path: string): boolean => new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path)

function describe(api: Api): void {
  api.openAPIRegistry.registerComponent('securitySchemes', 'github', {
    type: 'http',
    scheme: 'bearer',
    description:
      'A user token of this GitHub App: https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app',
  })
  // Made once: whoever asks for it is nobody yet, and may ask as often as they like.
  const text = JSON.stringify(
    api.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 'Gantry', version: '1', description: 'Deploys container images: the same gates, words and codes as `/deploy` in a comment.' },
    }),
  )
  api.get(DOCUMENT, (c) => c.body(text, 200, { 'content-type': 'application/json' }))
}

function answer(error: Error, c: Context<Env>, doors: ApiDoors): Response {
  const found = problemIn(error, c, doors)
  const body = problemBody(found, doors.docs, c.get('requestId'))
  const headers = {
    'content-type': 'application/problem+json',
    ...(error instanceof RequestRefused && error.headers),
    ...(body.retryAfter !== undefined && { 'retry-after': String(body.retryAfter) }),
  }
  return c.body(doors.mask(JSON.stringify(body)), body.status as 400, headers)
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
