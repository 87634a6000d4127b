import { createRoute, z } from '@hono/zod-openapi'
import { deep } from '../../deploy/mask.ts'
import { rowWords } from '../../deploy/preflight-words.ts'
import type { Rehearsal } from '../../deploy/rehearsal.ts'
import { repositoryToChange, requestOf } from '../asking.ts'
import { BEARER, json, PROBLEMS, type Endpoint } from '../endpoint.ts'
import { refusedWith } from '../problems.ts'
import { problemOf, problemSchema, stamp } from '../view.ts'
import { deployBody, meantBy, subjectOf } from './deploy.ts'

const rehearsalSchema = z
  .object({
    goes: z.boolean().openapi({ description: 'Whether it would be deployed now.' }),
    problem: z.union([problemSchema, z.null()]),
    wait: z.object({ reason: z.string(), sentence: z.string(), until: z.iso.datetime() }).nullable(),
    gates: z.array(z.object({ gate: z.string(), outcome: z.enum(['passed', 'waits', 'refused', 'skipped']), sentence: z.string() })),
    images: z.array(
      z.object({
        image: z.string(),
        digest: z.string().nullable(),
        isPullable: z.boolean(),
        rows: z.array(
          z.object({ name: z.string(), outcome: z.enum(['passed', 'warned', 'failed', 'skipped']), words: z.string(), note: z.string() }),
        ),
      }),
    ),
    commit: z.string(),
    changes: z.array(z.object({ workload: z.string(), from: z.string().nullable(), to: z.string().nullable() })).nullable(),
  })
  .openapi('Rehearsal')

const route = createRoute({
  method: 'post',
  path: '/deploy/validate',
  summary: 'What a deployment would come to',
  description: 'Every gate, and whether the image can be pulled; nothing is changed.',
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
    if (!('plan' in found)) throw refusedWith(found.problem)
    return c.json(deep(rehearsalBody(found), doors.mask), 200)
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
