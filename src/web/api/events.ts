import { createRoute, z } from '@hono/zod-openapi'
import { deploymentFor } from '../asking.ts'
import { BEARER, PROBLEMS, type Endpoint } from '../endpoint.ts'
import { placeIn } from '../events.ts'
import { RequestRefused } from '../problems.ts'
import { idParameter } from './status.ts'

const route = createRoute({
  method: 'get',
  path: '/deploy/status/{id}/events',
  summary: 'What happens to a deployment, as it happens',
  description:
    'Server-Sent Events: `step` when a step begins and when it ends, `log` for each line, `state` with the whole deployment whenever it is in another state. It ends with the deployment. Whoever sends the last `id` back as `Last-Event-ID` gets what came since, and nothing twice.',
  security: BEARER,
  request: { params: idParameter, headers: z.object({ 'last-event-id': z.string().optional() }) },
  responses: { 200: { description: 'Until the deployment has ended.', content: { 'text/event-stream': { schema: z.string() } } }, ...PROBLEMS },
})

export const events: Endpoint = (api, doors) =>
  api.openapi(route, async (c) => {
    const { id } = await deploymentFor(c.req.valid('param').id, c.get('caller'), doors)
    const stream = doors.live.stream(id, c.get('caller').key, placeIn(c.req.header('last-event-id')))
    if (stream === null) {
      throw new RequestRefused('TOO_MANY_REQUESTS', {
        sentence: 'Too many are listening already.',
        next: 'Ask for the state itself, or again in a minute.',
        retryAfter: 60_000,
      })
    }
    return c.body(stream, 200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
  })
