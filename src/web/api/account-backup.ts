import { createRoute, z } from '@hono/zod-openapi'
import { BEARER, closed, json, PROBLEMS, type Api, type Asking } from '../endpoint.ts'
import { accountParameter } from './declarations.ts'

const backupSchema = closed({
  format: z.string().max(100).openapi({ example: 'gantry account backup 1' }),
  account: z.int().min(1).openapi({ description: 'GitHub’s id: it opens for no other one.' }),
  madeAt: z.int().min(0).openapi({ description: 'Milliseconds since 1970.' }),
  key: z.string().max(32).openapi({ description: 'The key of GANTRY_KEYS that it takes.' }),
  wrapped: z.string().max(200),
  sealed: z.string().openapi({ description: 'Base64.' }),
}).openapi('AccountBackup')

const madeSchema = z
  .object({
    backup: backupSchema,
    declarations: z.int(),
    left: z.array(z.string()).openapi({ description: 'What could not be read, and is not in it.' }),
  })
  .openapi('MadeBackup')

const changesSchema = z
  .object({
    changes: z.array(
      z.object({ kind: z.enum(['credential', 'target']), name: z.string(), before: z.string().nullable(), after: z.string().nullable() }),
    ),
  })
  .openapi('RestoredBackup')

const backup = createRoute({
  method: 'post',
  path: '/config/{account}/backup',
  summary: 'Everything that an account keeps, sealed',
  description: 'Only this Gantry’s keys open it, for the same account. Keep `backup` where the database is not.',
  security: BEARER,
  request: { params: accountParameter, body: { required: true, content: { 'application/json': { schema: closed({}).openapi('MakeBackup') } } } },
  responses: { 200: json(madeSchema, 'It is made; Gantry keeps no copy.'), ...PROBLEMS },
})

const restore = createRoute({
  method: 'post',
  path: '/config/{account}/restore',
  summary: 'Keeps exactly what a backup of the account has',
  description: 'All of it or nothing; nothing of it is tried. What was kept since is forgotten. Nothing is deployed and nobody asked. At most 4 MiB.',
  security: BEARER,
  request: {
    params: accountParameter,
    query: closed({ check: z.enum(['true', 'false']).default('false').openapi({ description: 'Only says what would change.' }) }),
    body: { required: true, content: { 'application/json': { schema: closed({ backup: backupSchema }).openapi('Restore') } } },
  },
  responses: { 200: json(changesSchema, 'What has changed, or would.'), ...PROBLEMS },
})

export function accountBackup(api: Api, doors: Asking): void {
  api.openapi(backup, async (c) => {
    const caller = c.get('caller')
    const { id } = await doors.administrators.account(c.req.valid('param').account, caller, 'change')
    const made = await doors.administration.backup(id, caller.actor)
    return c.json({ ...made, left: [...made.left] }, 200)
  })
  api.openapi(restore, async (c) => {
    const caller = c.get('caller')
    const { id } = await doors.administrators.account(c.req.valid('param').account, caller, 'change')
    const wish = { by: caller.actor, isCheck: c.req.valid('query').check === 'true' }
    const changes = await doors.administration.restore(id, c.req.valid('json').backup, wish)
    return c.json({ changes: changes.map(({ kind, name, before, after }) => ({ kind, name, before, after })) }, 200)
  })
}
