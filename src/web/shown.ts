import type { Clock } from '../deploy/clock.ts'
import { hasEnded, type Deployment, type Repository } from '../deploy/deployment.ts'
import { maskedDeployment, type Mask } from '../deploy/mask.ts'
import { deploymentBody, type DeploymentBody, type ViewDoors } from './view.ts'

/** Deployments as they may be shown now. */
export interface Shown {
  /** The whole record without secrets, and what the API says of it. */
  read(id: string): { readonly deployment: Deployment; readonly body: DeploymentBody } | null
  /** The same as JSON. Of what has ended it is kept until `changed`, or for a minute. */
  text(id: string): { readonly repository: Repository; readonly json: string } | null
  /** It is another, or GitHub has been told something of it. */
  changed(id: string): void
}

export interface ShownDoors extends ViewDoors {
  find(id: string): Deployment | null
  readonly mask: Mask
  readonly clock: Clock
}

const KEPT_FOR = 60_000
/** About 2 kB each. */
const MOST = 2_000

export function createShown(doors: ShownDoors): Shown {
  const { find, mask, clock } = doors
  const kept = new Map<string, { readonly repository: Repository; readonly json: string; readonly until: number }>()

  const read: Shown['read'] = (id) => {
    const found = find(id)
    if (found === null) return null
    const deployment = maskedDeployment(found, mask)
    return { deployment, body: deploymentBody(deployment, doors) }
  }

  return {
    read,
    text(id) {
      const known = kept.get(id)
      if (known !== undefined && known.until > clock.now()) return known
      const found = read(id)
      if (found === null) return null
      const shown = { repository: found.deployment.request.repository, json: JSON.stringify(found.body), until: clock.now() + KEPT_FOR }
      if (!hasEnded(found.deployment.state)) return shown
      kept.delete(id)
      kept.set(id, shown)
      for (const oldest of kept.keys()) if (kept.size > MOST) kept.delete(oldest)
      return shown
    },
    changed: (id) => void kept.delete(id),
  }
}
