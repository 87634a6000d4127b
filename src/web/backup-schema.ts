import * as z from 'zod'
import { BACKUP } from './account-examples.ts'
import { closed } from './endpoint.ts'

/** What an account keeps, sealed, as it is sent and comes back. */
export const backupSchema = closed({
  format: z.string().max(100).describe('What it is.'),
  account: z.int().min(1).describe('GitHub’s id: it opens for no other one.'),
  madeAt: z.int().min(0).describe('Milliseconds since 1970.'),
  key: z.string().max(32).describe('The key of GANTRY_KEYS that it takes.'),
  wrapped: z.string().max(200).describe('Its own key, under that one, as base64.'),
  sealed: z.string().describe('Base64.'),
}).openapi('AccountBackup', { example: BACKUP })
