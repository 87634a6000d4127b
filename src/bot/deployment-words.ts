import type { Deployment } from '../deploy/deployment.ts'
import type { Configuration } from '../deploy/environment.ts'
import { shortImages } from '../deploy/words.ts'
import { code } from './markdown.ts'

/** `shop:1.2` to `production`: for answers about a deployment whose own comment says all the rest. */
export function deploymentWords({ plan, request }: Deployment): string {
  const environment = plan?.environment ?? request.asks.environment
  const where = environment === null ? 'the default environment' : `**${code(environment)}**`
  return `${plan === null ? 'the deployment' : code(shortImages(plan))} to ${where}`
}

export const needsApproval = ({ apps }: Configuration): boolean =>
  [...apps.values()].some(({ environments }) => [...environments.values()].some(({ approvals }) => approvals !== null))
