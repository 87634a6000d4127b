import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import type { Difference } from '../../deploy/administration.ts'
import { BACKUP, CHANGES } from '../account-examples.ts'
import { backupSchema } from '../backup-schema.ts'
import { answered } from '../declared.ts'
import { mayBeRefused } from '../document.ts'
import { BEARER, closed, json, PROBLEMS, type Api, type Asking } from '../endpoint.ts'
import { etag, expectedIn } from '../expected.ts'
import { accountParameter, etagHeader } from './declarations.ts'

const madeSchema = z
  .object({
    backup: backupSchema,
    declarations: z.int().describe('How many are in it.'),
    left: z.array(z.string()).describe('What could not be read, and is not in it.'),
  })
  .openapi('MadeBackup', { example: { backup: BACKUP, declarations: 2, left: [] } })

const changeSchema = z.object({
  kind: z.enum(['credential', 'target']).describe('What it is.'),
  name: z.string().describe('As the account calls it.'),
  before: z.string().nullable().describe('Its fingerprint; null where there was none.'),
  after: z.string().nullable().describe('Its fingerprint; null where there is none any more.'),
})
const changesSchema = z
  .object({
    changes: z.array(changeSchema).describe('What is other than before.'),
    fingerprint: z.string().describe('Tells one list of changes from another and nothing of what is kept; in quotes it is the ETag.'),
  })
  .openapi('RestoredBackup', { example: CHANGES })

const backup = createRoute({
  method: 'post',
  path: '/config/{account}/backup',
  operationId: 'backup',
  tags: ['Accounts'],
  ...mayBeRefused('ACCOUNT_UNKNOWN', 'BACKUP_REFUSED', 'VAULT_KEY_MISSING', 'VAULT_RECORD_BROKEN'),
  summary: 'Everything that an account keeps, sealed',
  description: 'Only this Gantry’s keys open it, for the same account. Keep `backup` where the database is not.',
  security: BEARER,
  request: {
    params: accountParameter,
    body: { required: true, content: { 'application/json': { schema: closed({}).openapi('MakeBackup', { example: {} }) } } },
  },
  responses: { 200: json(madeSchema, 'It is made; Gantry keeps no copy.'), ...PROBLEMS },
})

const restore = createRoute({
  method: 'post',
  path: '/config/{account}/restore',
  operationId: 'restore',
  tags: ['Accounts'],
  ...mayBeRefused('ACCOUNT_UNKNOWN', 'BACKUP_BROKEN', 'BACKUP_REFUSED', 'DECLARATION_CHANGED', 'VAULT_RECORD_BROKEN'),
  summary: 'Keeps exactly what a backup of the account has',
  description: 'All of it or nothing; nothing of it is tried. What was kept since is forgotten. Nothing is deployed and nobody asked. At most 4 MiB.',
  security: BEARER,
  request: {
    params: accountParameter,
    headers: z.object({
      'if-match': z.string().optional().describe('ETags: only where one of them is still of what would change, or nothing would.'),
    }),
    query: closed({ check: z.enum(['true', 'false']).default('false').describe('Only says what would change.') }),
    body: {
      required: true,
      content: { 'application/json': { schema: closed({ backup: backupSchema }).openapi('Restore', { example: { backup: BACKUP } }) } },
    },
  },
  responses: { 200: { ...json(changesSchema, 'What has changed, or would.'), headers: etagHeader }, ...PROBLEMS },
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
    const expected = expectedIn(c)
    const { id } = await doors.administrators.account(c.req.valid('param').account, caller, 'change')
    const wish = { by: caller.actor, isCheck: c.req.valid('query').check === 'true', expected }
    const { changes, fingerprint } = answered<Difference>(await doors.administration.restore(id, c.req.valid('json').backup, wish))
    const shown = changes.map(({ kind, name, before, after }) => ({ kind, name, before, after }))
    return c.json({ changes: shown, fingerprint }, 200, { etag: etag(fingerprint) })
  })
}
