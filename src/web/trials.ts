import { z } from '@hono/zod-openapi'
import type { Trial } from '../deploy/administration.ts'
import { rowWords } from '../deploy/preflight-words.ts'
import { problemOf, problemSchema } from './view.ts'

/** What was tried with a credential or a target, and what was found. */
export const trialSchema = z
  .object({
    image: z.string().nullable().openapi({ description: 'Null for a target.' }),
    works: z.boolean(),
    note: z.string(),
    rows: z.array(z.object({ name: z.string(), outcome: z.enum(['passed', 'warned', 'failed', 'skipped']), words: z.string(), note: z.string() })),
    problem: z.union([problemSchema, z.null()]),
  })
  .openapi('Trial')

export const trialBody = ({ image, works, note, rows, problem }: Trial): z.input<typeof trialSchema> => ({
  ...{ image, works, note },
  rows: rows.map((row) => ({ name: row.name, outcome: row.outcome, words: rowWords(row), note: row.note })),
  problem: problem === null ? null : problemOf(problem),
})
