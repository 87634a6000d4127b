import { createRoute, z } from '@hono/zod-openapi'
import type { NumberedEntry } from '../../deploy/administration.ts'
import { deep } from '../../deploy/mask.ts'
import { repositoryFor, repositoryUnknown } from '../asking.ts'
import { BEARER, closed, json, PROBLEMS, repositoryName, type Endpoint } from '../endpoint.ts'
import { stamp } from '../view.ts'
import { accountParameter } from './declarations.ts'
import { placeIn } from './list.ts'

const recordSchema = z
  .object({
    at: z.iso.datetime(),
    by: z.object({ id: z.int(), login: z.string() }).nullable().openapi({ description: 'Null for Gantry itself, or whoever has its machine.' }),
    action: z.string().openapi({ example: 'declaration kept' }),
    subject: z.string(),
    before: z.string().nullable().openapi({ description: 'In a few words or as a fingerprint, never a secret.' }),
    after: z.string().nullable(),
    why: z.string().nullable(),
    request: z.string().nullable(),
  })
  .openapi('AuditRecord')

const route = createRoute({
  method: 'get',
  path: '/config/{account}/audit',
  summary: 'The audit log of an account, or of one of its repositories, newest first',
  description: 'What Gantry wrote down. Whether all of it is as it was written is proved on its machine: `gantry audit verify`.',
  security: BEARER,
  request: {
    params: accountParameter,
    query: closed({
      repository: repositoryName.optional(),
      limit: z.coerce.number().int().min(1).max(100).default(20),
      cursor: z.string().max(20).optional().openapi({ description: 'The `next` of the page before.' }),
    }),
  },
  responses: {
    200: json(z.object({ records: z.array(recordSchema), next: z.string().nullable() }).openapi('Audit'), 'A page of it.'),
    ...PROBLEMS,
  },
})

export const audit: Endpoint = (api, doors) =>
  api.openapi(route, async (c) => {
    const { repository: name, limit, cursor } = c.req.valid('query')
    const caller = c.get('caller')
    const { id: account } = await doors.administrators.account(c.req.valid('param').account, caller, 'look')
    const repository = name === undefined ? null : await repositoryFor(name, caller, doors)
    if (name !== undefined && repository?.account !== account) throw repositoryUnknown(name)
    const whose = repository === null ? { account } : { repository: repository.id }
    const records = doors.administration.audit(whose, placeIn(cursor), limit)
    const next = records.length < limit ? null : (records.at(-1)?.number.toString(36) ?? null)
    return c.json({ records: deep(records.map(recordBody), doors.mask), next }, 200)
  })

const recordBody = ({ at, by, action, subject, before, after, why, request }: NumberedEntry): z.input<typeof recordSchema> => ({
  ...{ at: stamp(at), by, action, subject, before, after, why, request },
})
