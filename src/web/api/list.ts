import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import { maskedDeployment } from '../../deploy/mask.ts'
import { repositoryFor } from '../asking.ts'
import { mayBeRefused } from '../document.ts'
import { BEARER, closed, json, PROBLEMS, repositoryName, type Endpoint } from '../endpoint.ts'
import { DEPLOYMENTS } from '../examples.ts'
import { placeIn } from '../places.ts'
import { deploymentBody, deploymentSchema, stateSchema } from '../view.ts'

const pageSchema = z
  .object({
    deployments: z.array(deploymentSchema).describe('The newest first.'),
    next: z.string().nullable().describe('The `cursor` of the page after this one; null where there is none.'),
  })
  .openapi('Deployments', { example: DEPLOYMENTS })

const route = createRoute({
  method: 'get',
  path: '/deployments',
  operationId: 'list',
  tags: ['Lists'],
  ...mayBeRefused('REPOSITORY_UNKNOWN'),
  summary: 'The deployments of a repository, newest first',
  description: 'A page may have fewer than `limit` and not be the last one: there are more as long as there is a `next`.',
  security: BEARER,
  request: {
    query: closed({
      repository: repositoryName,
      environment: z.string().min(1).max(100).optional().openapi({ example: 'staging', description: 'Only those of this environment.' }),
      state: stateSchema.optional().openapi({ example: 'success', description: 'Only those that are in this state.' }),
      limit: z.coerce.number().int().min(1).max(100).default(20).describe('How many at most.'),
      cursor: z.string().max(20).optional().describe('The `next` of the page before.'),
    }),
  },
  responses: {
    200: json(pageSchema, 'A page of them.'),
    ...PROBLEMS,
  },
})

export const list: Endpoint = (api, doors) =>
  api.openapi(route, async (c) => {
    const { repository: name, environment = null, state = null, limit, cursor } = c.req.valid('query')
    const repository = await repositoryFor(name, c.get('caller'), doors)
    const { deployments, next } = doors.history.page({ repository: repository.id, environment, state, before: placeIn(cursor) }, limit)
    const shown = deployments.map((one) => deploymentBody(maskedDeployment(one, doors.mask), doors))
    return c.json({ deployments: shown, next: next?.toString(36) ?? null }, 200)
  })
