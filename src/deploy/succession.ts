import { hasEnded, type Deployment } from './deployment.ts'
import { environmentKey } from './environment.ts'
import type { Journal } from './journal.ts'
import { inTurn } from './situation.ts'

/** What came before a deployment in its environment, and what came after it. */

const RECENT = 50

/** The last success before its turn; until then, the last so far. Fences rise with every turn, so they tell what ran before whom. */
export function formerly({ environment, fence }: Deployment, journal: Pick<Journal, 'lastSuccess' | 'recent'>): Deployment | null {
  if (environment === null) return null
  if (fence === null) return journal.lastSuccess(environment)
  return inTurn(journal.recent({ environment }, RECENT)).find((one) => one.state === 'success' && (one.fence ?? fence) < fence) ?? null
}

/**
 * The newest that runs there or has run there and was asked for after this one; null where there is none. What was refused, joined
 * another one or ended before its turn has changed nothing: what came before it is as new as it was. Of one that the gates never let
 * in the environment is known where it was named whole.
 */
export function newerThan(deployment: Deployment, { recent }: Pick<Journal, 'recent'>): Deployment | null {
  const { environment, sequence, request } = deployment
  const { app, environment: name } = request.asks
  const place = environment ?? (app === null || name === null ? null : environmentKey(request.repository.id, app, name))
  if (place === null) return null
  return recent({ environment: place }, RECENT).find((one) => one.sequence > sequence && hasCounted(one)) ?? null
}

const hasCounted = ({ state, fence }: Deployment): boolean => !hasEnded(state) || state === 'success' || fence !== null
