import * as z from 'zod'
import type { Trial } from '../deploy/administration.ts'
import { rowWords } from '../deploy/preflight-words.ts'
import { PULLED } from './account-examples.ts'
import { problemOf, problemSchema } from './view.ts'

const rowSchema = z.object({
  name: z.string().describe('What of it.'),
  outcome: z.enum(['passed', 'warned', 'failed', 'skipped']).describe('`skipped`: something before it failed.'),
  words: z.string().describe('The row in words.'),
  note: z.string().describe('What was found.'),
})

/** What was tried with a credential or a target, and what was found. */
export const trialSchema = z
  .object({
    image: z.string().nullable().describe('Null for a target.'),
    works: z.boolean().describe('Whether a deployment could use it.'),
    note: z.string().describe('What was found, in a few words.'),
    rows: z.array(rowSchema).describe('What was looked at, in this order.'),
    problem: z.union([problemSchema, z.null()]).describe('Why it does not work.'),
  })
  .openapi('Trial', { example: PULLED })

export const trialBody = ({ image, works, note, rows, problem }: Trial): z.input<typeof trialSchema> => ({
  ...{ image, works, note },
  rows: rows.map((row) => ({ name: row.name, outcome: row.outcome, words: rowWords(row), note: row.note })),
  problem: problem === null ? null : problemOf(problem),
})
