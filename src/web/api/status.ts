import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import { deploymentUnknown } from '../asking.ts'
import { whole } from '../complete.ts'
import { mayBeRefused } from '../document.ts'
import { BEARER, json, PROBLEMS, type Endpoint } from '../endpoint.ts'
import { invalid } from '../invalid.ts'
import { deploymentSchema } from '../view.ts'

export const idParameter = z.object({
  id: z
    .string()
    .regex(/^[0-9a-z]{1,12}-[0-9a-z]{20,64}$/, 'a deployment’s id')
    .openapi({
      example: 'sb-580736f2cad4d3c0f2ae50d70d07474324724622',
      description: 'Of the deployment: as it was answered, or stands at the end of its comment.',
    }),
})

const route = createRoute({
  method: 'get',
  path: '/deploy/status/{id}',
  operationId: 'status',
  tags: ['Follow'],
  ...mayBeRefused('DEPLOYMENT_UNKNOWN'),
  summary: 'What became of a deployment',
  security: BEARER,
  request: { params: idParameter },
  responses: { 200: json(deploymentSchema, 'As it stands now.'), ...PROBLEMS },
})

/** Without the validators that `api.openapi` puts in front of a route: of what is asked for most they are a twentieth of the time. */
export const status: Endpoint = (api, doors) => {
  api.openAPIRegistry.registerPath(route)
  api.get(route.getRoutingPath(), async (c) => {
    const asked = idParameter.safeParse(c.req.param())
    if (!asked.success) throw invalid(asked.error)
    const { id } = asked.data
    const found = doors.shown.text(id)
    if (found === null || !(await c.get('caller').sees(found.repository))) throw deploymentUnknown(id)
    return whole(c, found.json, 'application/json')
  })
}
