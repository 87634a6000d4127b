import type { Deployment, Person } from '../deploy/deployment.ts'
import { asksForApprovals, type Configuration } from '../deploy/environment.ts'
import { shortImages } from '../deploy/words.ts'
import { person } from './comments.ts'
import { code, mention } from './markdown.ts'

/**
 * The deployment of `shop:1.2` to `production`, which ada had asked for: for answers about one whose own comment says all the rest. It
 * notifies whoever asked where `tells` says so; where it was the speaker they are not named.
 */
export function deploymentWords({ plan, request }: Deployment, speaker: Person, tells: 'mentions' | 'names'): string {
  const environment = plan?.environment ?? request.asks.environment
  const where = environment === null ? 'the default environment' : `**${code(environment)}**`
  const { id, login } = request.actor
  const asker = id === speaker.id ? '' : `, which ${tells === 'mentions' ? mention(login) : person(login)} had asked for`
  return `the deployment${plan === null ? '' : ` of ${code(shortImages(plan))}`} to ${where}${asker}`
}

export const needsApproval = ({ apps }: Configuration): boolean =>
  [...apps.values()].some(({ environments }) => [...environments.values()].some(asksForApprovals))
