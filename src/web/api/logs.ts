import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import { maskedDeployment } from '../../deploy/mask.ts'
import { deploymentFor } from '../asking.ts'
import { mayBeRefused } from '../document.ts'
import { BEARER, closed, PROBLEMS, type Endpoint } from '../endpoint.ts'
import { LOG } from '../examples.ts'
import { idParameter } from './status.ts'

const MOST = 1_000_000
const after = z.coerce
  .number()
  .int()
  .min(0)
  .max(MOST)
  .default(0)
  // Said in full: zod takes null for a number that is coerced.
  .openapi({ type: 'integer', minimum: 0, maximum: MOST, default: 0, description: 'How many lines are known already.' })

const route = createRoute({
  method: 'get',
  path: '/deploy/status/{id}/logs',
  operationId: 'logs',
  tags: ['Follow'],
  ...mayBeRefused('DEPLOYMENT_UNKNOWN'),
  summary: 'The log of a deployment',
  description: 'At most the last 200 lines, without secrets. Whoever sends `Next-After` back as `after` gets what came since.',
  security: BEARER,
  request: { params: idParameter, query: closed({ after: after }) },
  responses: {
    200: {
      description: 'A line each.',
      content: { 'text/plain': { schema: z.string(), example: LOG } },
      headers: z.object({ 'next-after': z.string().openapi({ example: '2', description: 'The `after` of the next call.' }) }),
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
