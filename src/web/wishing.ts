import { askedAgain, seenThere } from '../deploy/ask.ts'
import { NOTHING_ASKED, type Asks, type Deployment, type DeployRequest } from '../deploy/deployment.ts'
import { maskedProblem, maskFor } from '../deploy/mask.ts'
import { begin } from './asking.ts'
import type { Asking } from './endpoint.ts'
import { refusedWith, RequestRefused } from './problems.ts'

/** What somebody may want of a deployment that is there, behind the API and behind the pages. Each answers with the deployment afterwards, or with the one that it led to. */

export async function cancelled(request: DeployRequest, { id }: Deployment, doors: Asking): Promise<Deployment> {
  const found = await doors.service.cancel(request, id)
  if ('outcome' in found && (found.outcome === 'ended' || found.outcome === 'too late')) throw tooLate(found.outcome)
  return answered(found, request, doors)
}

/** Where the first one was asked for, with the same plan where it got as far as one. */
export const retried = (request: DeployRequest, deployment: Deployment, doors: Asking): Deployment =>
  again({ ...request, ...seenThere(deployment) }, askedAgain(deployment), doors)

/** `to`: the id of another deployment whose plan is meant. */
export function rolledBack(request: DeployRequest, { plan, request: { asks } }: Deployment, to: string | null, doors: Asking): Deployment {
  const place = { app: plan?.app ?? asks.app, environment: plan?.environment ?? asks.environment }
  return again(request, { ...NOTHING_ASKED, ...place, origin: { kind: 'rollback', to } }, doors)
}

export async function judged(
  request: DeployRequest,
  { id }: Deployment,
  word: { readonly isApproval: boolean; readonly reason: string | null },
  doors: Asking,
): Promise<Deployment> {
  return answered(await doors.service.approve(request, { id, ...word }), request, doors)
}

const again = (request: DeployRequest, asks: Asks, doors: Asking): Deployment => begin({ ...request, asks }, doors)

type Answered = { readonly deployment: Deployment } | { readonly problem: Parameters<typeof refusedWith>[0] }

function answered(result: Answered, { repository }: DeployRequest, { mask }: Asking): Deployment {
  if ('problem' in result) throw refusedWith(maskedProblem(result.problem, maskFor(mask, repository)))
  return result.deployment
}

const tooLate = (outcome: 'ended' | 'too late'): RequestRefused =>
  new RequestRefused('DEPLOYMENT_ENDED', {
    sentence: outcome === 'ended' ? 'There is nothing to stop any more.' : 'It is too late to stop it: the image is in its place.',
    found: outcome === 'ended' ? 'a deployment that has ended' : 'a deployment whose image has been started',
    wanted: 'a deployment that has had no effect yet',
    next: outcome === 'ended' ? 'Look at what became of it.' : 'Roll it back once it has ended.',
  })
