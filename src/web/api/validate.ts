import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import { deep, maskedProblem, maskFor } from '../../deploy/mask.ts'
import { rowWords } from '../../deploy/preflight-words.ts'
import type { Rehearsal } from '../../deploy/rehearsal.ts'
import { repositoryToChange, requestOf } from '../asking.ts'
import { mayBeRefused } from '../document.ts'
import { BEARER, json, PROBLEMS, type Endpoint } from '../endpoint.ts'
import { REHEARSAL } from '../examples.ts'
import { refusedWith } from '../problems.ts'
import { problemOf, problemSchema, stamp, waitSchema } from '../view.ts'
import { deployBody, meantBy, subjectOf } from './deploy.ts'

const outcome = z.enum(['passed', 'waits', 'refused', 'skipped']).describe('What became of it.')
const rowSchema = z.object({
  name: z.string().describe('What was looked at.'),
  outcome: z.enum(['passed', 'warned', 'failed', 'skipped']).describe('What became of it.'),
  words: z.string().describe('The same in words.'),
  note: z.string().describe('What was found.'),
})

const rehearsalSchema = z
  .object({
    goes: z.boolean().describe('Whether it would be deployed now.'),
    problem: z.union([problemSchema, z.null()]).describe('The first thing that stands against it.'),
    wait: waitSchema.nullable().describe('What it would wait for.'),
    gates: z
      .array(z.object({ gate: z.string().describe('Its name.'), outcome, sentence: z.string().describe('Why.') }))
      .describe('Every gate that was asked, in their order.'),
    images: z
      .array(
        z.object({
          image: z.string().describe('With its registry and its tag or digest.'),
          digest: z.string().nullable().describe('What the tag means now; null where it could not be found.'),
          isPullable: z.boolean().describe('Whether the target could pull it.'),
          rows: z.array(rowSchema).describe('What was looked at, one after the other.'),
        }),
      )
      .describe('The preflight of each image.'),
    commit: z.string().describe('The commit that it would be deployed for.'),
    changes: z
      .array(
        z.object({
          workload: z.string().describe('What would be changed.'),
          from: z.string().nullable().describe('The digest that runs; null where nothing does.'),
          to: z.string().nullable().describe('The digest that would.'),
        }),
      )
      .nullable()
      .describe('What would change; null where the target cannot be asked.'),
  })
  .openapi('Rehearsal', { example: REHEARSAL })

const route = createRoute({
  method: 'post',
  path: '/deploy/validate',
  operationId: 'validate',
  tags: ['Deploy'],
  ...mayBeRefused(
    ...(['REPOSITORY_UNKNOWN', 'APP_UNKNOWN', 'ENVIRONMENT_UNKNOWN', 'REF_NOT_FOUND', 'ENVIRONMENT_REQUIRED', 'IMAGE_REQUIRED'] as const),
    ...(['IMAGE_NOT_DECLARED', 'REFERENCE_INVALID', 'PARAMETER_INVALID', 'ACTOR_CHANGED', 'TARGET_NOT_ALLOWED'] as const),
    ...(['CONFIGURATION_MISSING', 'CONFIGURATION_INVALID', 'CONFIGURATION_UNSUPPORTED', 'SETTINGS_INVALID', 'TARGET_UNKNOWN'] as const),
  ),
  summary: 'What a deployment would come to',
  description:
    'Every gate, and whether the image can be pulled; nothing is changed. What stands against it is in the answer’s `problem`; whoever may not deploy there at all, or names what is not there, is refused.',
  security: BEARER,
  request: { body: { required: true, content: { 'application/json': { schema: deployBody } } } },
  responses: { 200: json(rehearsalSchema, 'What it would come to.'), ...PROBLEMS },
})

export const validate: Endpoint = (api, doors) =>
  api.openapi(route, async (c) => {
    const [caller, body] = [c.get('caller'), c.req.valid('json')]
    const repository = await repositoryToChange(body.repository, caller, doors)
    const subject = await subjectOf(body, repository, doors)
    const key = `a:${repository.id}:${caller.key}:${doors.random()}`
    const found = await doors.service.rehearse(requestOf({ caller, repository, key, subject, ...meantBy(caller, body) }, doors))
    const mask = maskFor(doors.mask, repository)
    if (!('plan' in found)) throw refusedWith(maskedProblem(found.problem, mask))
    return c.json(deep(rehearsalBody(found), mask), 200)
  })

function rehearsalBody({ plan, problem, wait, verdicts, reports, changes }: Rehearsal): z.input<typeof rehearsalSchema> {
  return {
    goes: problem === null && wait === null,
    problem: problem === null ? null : problemOf(problem),
    wait: wait === null ? null : { reason: wait.reason, sentence: wait.sentence, until: stamp(wait.until) },
    gates: verdicts.map(({ gate, outcome, sentence }) => ({ gate, outcome, sentence })),
    images: reports.map(({ image, digest, isPullable, rows }) => ({
      ...{ image, digest, isPullable },
      rows: rows.map((row) => ({ name: row.name, outcome: row.outcome, words: rowWords(row), note: row.note })),
    })),
    commit: plan.commit,
    changes: 'problem' in changes ? null : changes.map(({ workload, from, to }) => ({ workload, from, to })),
  }
}
