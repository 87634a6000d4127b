import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import { NOTHING_ASKED, type Asks, type DeployRequest, type Subject } from '../../deploy/deployment.ts'
import { maskedDeployment } from '../../deploy/mask.ts'
import { quoted } from '../../deploy/wording.ts'
import { begin, idempotencyKey, isSame, keyOf, location, repositoryToChange, requestOf, reused, type Said } from '../asking.ts'
import type { Caller } from '../caller.ts'
import { mayBeRefused } from '../document.ts'
import { BEARER, closed, json, PROBLEMS, repositoryName, type Asking, type Endpoint } from '../endpoint.ts'
import { ASKED } from '../examples.ts'
import { RequestRefused } from '../problems.ts'
import { deploymentBody, deploymentSchema } from '../view.ts'

const text = z.string().min(1).max(500)

/** Of a comment's command it is less. Whatever is asked is kept for good, whoever asks. */
const MOST_PARAMETERS = 2_000

/** What `/deploy` takes in a comment, with the repository. */
export const deployBody = closed({
  repository: repositoryName,
  app: text.optional().openapi({ description: 'Which of the repository’s apps, where it has several.' }),
  environment: text.optional().openapi({ example: 'staging', description: 'The default one where it is left out.' }),
  image: text.optional().openapi({ example: ':1.2', description: '`:tag`, `@digest` or `host/name:tag`.' }),
  ref: text.optional().openapi({ description: 'A branch, a tag or a whole commit.' }),
  expect: text.optional().openapi({ description: 'A whole commit or digest: nothing else is deployed.' }),
  issue: z
    .int()
    .min(1)
    .optional()
    .openapi({ description: 'An issue or pull request to tell it on. On a pull request `expect` has to name its head.' }),
  whenGreen: z.boolean().default(false).openapi({ description: 'Checks that still run are waited for.' }),
  allowOlder: z.boolean().default(false).openapi({ description: 'Not superseded by what succeeds meanwhile.' }),
  override: text.optional().openapi({ description: 'Why an administrator sets the rules aside that may be.' }),
  parameters: z
    .record(z.string().max(63), z.string().max(200))
    .refine((all) => Object.entries(all).join().length <= MOST_PARAMETERS, `at most ${MOST_PARAMETERS} characters together`)
    .default({})
    .openapi({ description: `As \`key=value\` in a comment: names of at most 63 characters, at most ${MOST_PARAMETERS} together.` }),
}).openapi('Deploy', { example: { repository: 'acme/shop', environment: 'staging', image: ':1.2' } })

type Body = z.output<typeof deployBody>

const asksOf = ({ app, environment, image, ref, expect, whenGreen, allowOlder, override, parameters }: Body): Asks => ({
  ...NOTHING_ASKED,
  ...{ app: app ?? null, environment: environment ?? null, image: image ?? null, ref: ref ?? null, expect: expect ?? null },
  ...{ whenGreen, allowOlder, override: override ?? null, parameters },
})

const route = createRoute({
  method: 'post',
  path: '/deploy',
  operationId: 'deploy',
  tags: ['Deploy'],
  ...mayBeRefused('REPOSITORY_UNKNOWN', 'IDEMPOTENCY_KEY_REUSED', 'QUEUE_FULL'),
  summary: 'Deploys an image to an environment',
  description: 'What `/deploy` does in a comment. Answers once it is written down; what becomes of it is at `Location`.',
  security: BEARER,
  request: {
    headers: idempotencyKey.extend({ 'idempotency-key': idempotencyKey.shape['idempotency-key'].openapi({ example: 'shop-1.2-staging' }) }),
    body: { required: true, content: { 'application/json': { schema: deployBody } } },
  },
  responses: {
    202: { ...json(deploymentSchema, 'It is written down.', ASKED), headers: location },
    ...PROBLEMS,
  },
})

export const deploy: Endpoint = (api, doors) =>
  api.openapi(route, async (c) => {
    const [caller, body] = [c.get('caller'), c.req.valid('json')]
    const repository = await repositoryToChange(body.repository, caller, doors)
    const subject = await subjectOf(body, repository, doors)
    const { key, isChosen } = await keyOf(c, caller, repository, 'deploy', doors)
    const request = requestOf({ caller, repository, key, subject, ...meantBy(caller, body) }, doors)
    const deployment = begin(request, doors)
    if (isChosen && !isSame(deployment.request, request)) throw reused()
    const shown = deploymentBody(maskedDeployment(deployment, doors.mask), doors)
    return c.json(shown, 202, { location: shown.links.self })
  })

/** A workflow that names nothing else means the commit that it runs for, though its branch may have moved on. */
export function meantBy({ runsFor }: Caller, body: Body): Pick<Said, 'asks' | 'headSeen'> {
  const asks = asksOf(body)
  if (runsFor === undefined || body.ref !== undefined || body.issue !== undefined) return { asks }
  return { asks: { ...asks, ref: runsFor.ref }, headSeen: runsFor.commit }
}

export async function subjectOf(
  { issue }: Pick<Body, 'issue'>,
  repository: DeployRequest['repository'],
  { directory }: Asking,
): Promise<Subject | null> {
  if (issue === undefined) return null
  const found = await directory.thread(repository, issue)
  if (found !== null) return found
  throw new RequestRefused('REQUEST_INVALID', {
    sentence: `There is no issue or pull request ${quoted(`#${issue}`)} in this repository.`,
    found: String(issue),
    wanted: 'the number of one',
    next: 'Correct issue, or leave it out.',
  })
}
