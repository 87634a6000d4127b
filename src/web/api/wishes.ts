import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import type { Context } from 'hono'
import type { Deployment, DeployRequest } from '../../deploy/deployment.ts'
import { maskedDeployment } from '../../deploy/mask.ts'
import { canonical } from '../../deploy/plan.ts'
import type { Code } from '../../errors.ts'
import { deploymentFor, idempotencyKey, keyOf, location, paceChange, requestOf, reused } from '../asking.ts'
import { mayBeRefused } from '../document.ts'
import { BEARER, closed, json, PROBLEMS, type Api, type Asking, type Env } from '../endpoint.ts'
import { CANCELLED, RETRIED, ROLLED_BACK, WAITING } from '../examples.ts'
import { deploymentBody, deploymentSchema } from '../view.ts'
import { cancelled, judged, retried, rolledBack } from '../wishing.ts'
import { idParameter } from './status.ts'

/** What somebody may want of a deployment that is there: the same as the commands of these names. */

const reason = z.string().min(1).max(500).describe('Shown with the word.')
const NOTHING = closed({}).openapi('Nothing', { example: {} })
/** Where the rules are asked at once, and not by the deployment that it becomes. */
const BY_RULES = [
  ...(['ACTOR_CHANGED', 'APP_UNKNOWN', 'ENVIRONMENT_UNKNOWN', 'DEPLOYMENT_ENDED'] as const),
  ...(['CONFIGURATION_MISSING', 'CONFIGURATION_INVALID', 'CONFIGURATION_UNSUPPORTED'] as const),
]

interface Wish {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly body: z.ZodType
  readonly codes: readonly Code[]
  readonly example: object
  /** The deployment afterwards, or another one that it led to. */
  grant(request: DeployRequest, deployment: Deployment, body: never, doors: Asking): Promise<Deployment> | Deployment
}

const WISHES: readonly Wish[] = [
  {
    name: 'cancel',
    summary: 'Stops a deployment that has not ended',
    description: 'Whoever asked for it may, and whoever may deploy there. It is too late once the image is in its place.',
    body: NOTHING,
    codes: BY_RULES,
    example: CANCELLED,
    grant: (request, deployment, _, doors) => cancelled(request, deployment, doors),
  },
  {
    name: 'retry',
    summary: 'Runs it once more, with the same plan',
    description: 'As a new deployment, which is at `Location`.',
    body: NOTHING,
    codes: ['IDEMPOTENCY_KEY_REUSED', 'QUEUE_FULL'],
    example: RETRIED,
    grant: (request, deployment, _, doors) => retried(request, deployment, doors),
  },
  {
    name: 'rollback',
    summary: 'Brings back what ran before in its environment',
    description: 'As a new deployment, which is at `Location`.',
    codes: ['IDEMPOTENCY_KEY_REUSED', 'QUEUE_FULL'],
    example: ROLLED_BACK,
    body: closed({ to: z.string().max(100).optional().describe('The id of another deployment whose plan is meant.') }).openapi('Rollback', {
      example: {},
    }),
    grant: (request, deployment, { to = null }: { to?: string | null }, doors) => {
      const rolled = rolledBack(request, deployment, to, doors)
      // Found under a key that was used before.
      if (canonical(rolled.request.asks.origin) !== canonical({ kind: 'rollback', to })) throw reused()
      return rolled
    },
  },
  {
    name: 'approve',
    summary: 'A second person’s word for it',
    description: 'It goes on once as many have said so as its environment asks for.',
    body: closed({ reason: reason.optional() }).openapi('Approve', { example: { reason: 'looked at it on staging' } }),
    codes: [...BY_RULES, 'APPROVAL_NOT_ALLOWED'],
    example: WAITING,
    grant: (request, deployment, body: { reason?: string }, doors) =>
      judged(request, deployment, { isApproval: true, reason: body.reason ?? null }, doors),
  },
  {
    name: 'reject',
    summary: 'A second person’s word against it',
    description: 'It ends as refused, with the reason.',
    body: closed({ reason }).openapi('Reject', { example: { reason: 'not before the weekend' } }),
    codes: [...BY_RULES, 'APPROVAL_NOT_ALLOWED'],
    example: WAITING,
    grant: (request, deployment, { reason }: { reason: string }, doors) => judged(request, deployment, { isApproval: false, reason }, doors),
  },
]

export function wishes(api: Api, doors: Asking): void {
  for (const { name, summary, description, body, codes, example, grant } of WISHES) {
    const route = createRoute({
      method: 'post',
      path: `/deploy/{id}/${name}`,
      summary,
      description,
      operationId: name,
      tags: ['Decide'],
      ...mayBeRefused('DEPLOYMENT_UNKNOWN', ...codes),
      security: BEARER,
      request: { params: idParameter, headers: idempotencyKey, body: { required: true, content: { 'application/json': { schema: body } } } },
      responses: { 202: { ...json(deploymentSchema, 'The deployment as it is then.', example), headers: location }, ...PROBLEMS },
    })
    api.openapi(route, async (c) => {
      const { deployment, request } = await wishIn(c, name, c.req.valid('param').id, doors)
      const granted = await grant(request, deployment, c.req.valid('json') as never, doors)
      const shown = deploymentBody(maskedDeployment(granted, doors.mask), doors)
      return c.json(shown, 202, { location: shown.links.self })
    })
  }
}

async function wishIn(c: Context<Env>, name: string, id: string, doors: Asking) {
  const caller = c.get('caller')
  const deployment = await deploymentFor(id, caller, doors)
  const { repository } = deployment.request
  await paceChange(repository, caller, doors)
  const { key } = await keyOf(c, caller, repository, `${name} ${id}`, doors)
  return { deployment, request: requestOf({ caller, repository, key }, doors) }
}
