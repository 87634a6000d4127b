import { createRoute, z } from '@hono/zod-openapi'
import { maskedDeployment } from '../../deploy/mask.ts'
import { deploymentFor } from '../asking.ts'
import { BEARER, closed, PROBLEMS, type Endpoint } from '../endpoint.ts'
import { idParameter } from './status.ts'

const route = createRoute({
  method: 'get',
  path: '/deploy/status/{id}/logs',
  summary: 'The log of a deployment',
  description: 'At most the last 200 lines, without secrets. `after`: how many lines are known already; `Next-After` is the value for the next call.',
  security: BEARER,
  request: { params: idParameter, query: closed({ after: z.coerce.number().int().min(0).max(1_000_000).default(0) }) },
  responses: {
    200: {
      description: 'A line each.',
      content: { 'text/plain': { schema: z.string() } },
      headers: z.object({ 'next-after': z.string() }),
    },
    ...PROBLEMS,
  },
})

export const logs: Endpoint = (api, doors) =>
  api.openapi(route, async (c) => {
    const deployment = await deploymentFor(c.req.valid('param').id, c.get('caller'), doors)
    const { log } = maskedDeployment(deployment, doors.mask)
    const lines = log.slice(c.req.valid('query').after)
    return c.text(lines.map((line) => `${line}\n`).join(''), 200, { 'next-after': String(log.length) })
  })
