import { createRoute, z } from '@hono/zod-openapi'
import { maskedDeployment } from '../../deploy/mask.ts'
import { deploymentFor } from '../asking.ts'
import { BEARER, json, PROBLEMS, type Endpoint } from '../endpoint.ts'
import { deploymentBody, deploymentSchema } from '../view.ts'

export const idParameter = z.object({
  id: z
    .string()
    .regex(/^[0-9a-z]{1,12}-[0-9a-z]{20,64}$/, 'a deployment’s id')
    .openapi({ example: 'sb-580736f2cad4d3c0f2ae50d70d07474324724622' }),
})

const route = createRoute({
  method: 'get',
  path: '/deploy/status/{id}',
  summary: 'What became of a deployment',
  security: BEARER,
  request: { params: idParameter },
  responses: { 200: json(deploymentSchema, 'As it stands now.'), ...PROBLEMS },
})

export const status: Endpoint = (api, doors) =>
  api.openapi(route, async (c) => {
    const deployment = await deploymentFor(c.req.valid('param').id, c.get('caller'), doors)
    return c.json(deploymentBody(maskedDeployment(deployment, doors.mask), doors), 200)
  })
