import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import type { Context } from 'hono'
import type { Repository } from '../../deploy/deployment.ts'
import { Secret } from '../../secret.ts'
import { deploymentFor } from '../asking.ts'
import { mayBeRefused } from '../document.ts'
import { BEARER, PROBLEMS, type Asking, type Endpoint, type Env } from '../endpoint.ts'
import { placeIn } from '../events.ts'
import { EVENTS } from '../examples.ts'
import { listening } from '../listening.ts'
import { idParameter } from './status.ts'

const lastEventId = z
  .string()
  .optional()
  .openapi({ example: '6-0-2740a248', description: 'The `id` of the last event that came; the beginning where it is left out.' })

const route = createRoute({
  method: 'get',
  path: '/deploy/status/{id}/events',
  operationId: 'events',
  tags: ['Follow'],
  ...mayBeRefused('DEPLOYMENT_UNKNOWN'),
  summary: 'What happens to a deployment, as it happens',
  description:
    'Server-Sent Events: `step` when a step begins and when it ends (`name`, `outcome`, `at`; at its end also `words` and `note`), `log` for each `line`, `state` with the whole deployment, as `GET /deploy/status/{id}` answers it, whenever it is in another state. It ends with the deployment, and before that within two minutes of when the caller may not see it any more or their token is over. Whoever sends the last `id` back as `Last-Event-ID` gets what came since, and nothing twice. Every 15 seconds without anything to tell there is a comment line.',
  security: BEARER,
  request: { params: idParameter, headers: z.object({ 'last-event-id': lastEventId }) },
  responses: {
    200: { description: 'Until the deployment has ended.', content: { 'text/event-stream': { schema: z.string(), example: EVENTS } } },
    ...PROBLEMS,
  },
})

export const events: Endpoint = (api, doors) =>
  api.openapi(route, async (c) => {
    const caller = c.get('caller')
    const { id, request } = await deploymentFor(c.req.valid('param').id, caller, doors)
    const mayStill = stillSees(c, request.repository, doors)
    const stream = doors.live.stream(id, caller.countedBy, placeIn(c.req.header('last-event-id')), mayStill)
    return listening(c, stream)
  })

/** Whether whoever asked is still who they were, and sees the repository, as any other request of theirs would be asked. */
function stillSees(c: Context<Env>, repository: Repository, { callers }: Asking): () => Promise<boolean> {
  const { key } = c.get('caller')
  const { address } = c.env
  const authorization = new Secret(c.req.header('authorization') ?? '')
  return async () => {
    const caller = await callers.identify(authorization.reveal(), address)
    return caller.key === key && caller.sees(repository)
  }
}
