import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import type { NumberedEntry } from '../../deploy/administration.ts'
import { RECORD } from '../account-examples.ts'
import { mayBeRefused } from '../document.ts'
import { BEARER, closed, json, PROBLEMS, repositoryName, type Endpoint } from '../endpoint.ts'
import { recordsOf } from '../records.ts'
import { stamp } from '../view.ts'
import { accountParameter } from './declarations.ts'

const recordSchema = z
  .object({
    at: z.iso.datetime().describe('When it was written down.'),
    by: z
      .object({ id: z.int().describe('GitHub’s.'), login: z.string().describe('Of that moment.') })
      .nullable()
      .describe('Who did it; null for Gantry itself, or whoever has its machine.'),
    action: z.string().describe('What was done.'),
    subject: z.string().describe('What it was done to.'),
    before: z.string().nullable().describe('In a few words or as a fingerprint, never a secret.'),
    after: z.string().nullable().describe('The same of what was there then.'),
    why: z.string().nullable().describe('In the person’s own words, or a refusal’s code.'),
    request: z.string().nullable().describe('What asked for it.'),
  })
  .openapi('AuditRecord', { example: RECORD })

const pageSchema = z
  .object({
    records: z.array(recordSchema).describe('The newest first.'),
    next: z.string().nullable().describe('The `cursor` of the page after this one; null where there is none.'),
  })
  .openapi('Audit', { example: { records: [RECORD], next: null } })

const route = createRoute({
  method: 'get',
  path: '/config/{account}/audit',
  operationId: 'audit',
  tags: ['Accounts'],
  ...mayBeRefused('ACCOUNT_UNKNOWN', 'REPOSITORY_UNKNOWN'),
  summary: 'The audit log of an account, or of one of its repositories, newest first',
  description: 'What Gantry wrote down. Whether all of it is as it was written is proved on its machine: `gantry audit verify`.',
  security: BEARER,
  request: {
    params: accountParameter,
    query: closed({
      repository: repositoryName.optional().openapi({ description: 'One of the account’s: its own log instead of the account’s.' }),
      limit: z.coerce.number().int().min(1).max(100).default(20).describe('How many at most.'),
      cursor: z.string().max(20).optional().describe('The `next` of the page before.'),
    }),
  },
  responses: {
    200: json(pageSchema, 'A page of it.'),
    ...PROBLEMS,
  },
})

export const audit: Endpoint = (api, doors) =>
  api.openapi(route, async (c) => {
    const { repository, limit, cursor } = c.req.valid('query')
    const caller = c.get('caller')
    const account = await doors.administrators.account(c.req.valid('param').account, caller, 'look')
    const { records, next } = await recordsOf(account, caller, { repository, cursor, limit }, doors)
    return c.json({ records: records.map(recordBody), next }, 200)
  })

const recordBody = ({ at, by, action, subject, before, after, why, request }: NumberedEntry): z.input<typeof recordSchema> => ({
  ...{ at: stamp(at), by, action, subject, before, after, why, request },
})
