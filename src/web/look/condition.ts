import { hasEnded, type Deployment } from '../../deploy/deployment.ts'
import { STATES, type Tone } from './parts.ts'

/** What is known of an environment when its card is drawn. */
export interface Known {
  readonly occupant: Deployment | null
  readonly last: Deployment | null
  readonly isDrifted: boolean
  readonly isLocked: boolean
  /** In the queue, or for something else. */
  readonly awaited: number
  /** Of all, whatever became of it; null where there is none. */
  readonly newest: Deployment | null
  /** What its target said; null where it was not asked. */
  readonly observed: 'healthy' | 'unhealthy' | 'unknown' | null
}

/** One word for the whole, wherever the environment is shown: what is worst comes first. */
export function conditionOf({ occupant, last, isDrifted, isLocked, awaited, newest, observed }: Known): {
  readonly tone: Tone
  readonly word: string
} {
  if (occupant?.state === 'unknown' || observed === 'unknown') return { tone: 'doubt', word: 'Not known' }
  if (isDrifted) return { tone: 'doubt', word: 'Not as deployed' }
  if (occupant !== null) return STATES[occupant.state]
  if (observed === 'unhealthy') return { tone: 'bad', word: 'Not healthy' }
  if (isLocked) return { tone: 'wait', word: 'Locked' }
  if (awaited > 0) return { tone: 'wait', word: 'Waiting' }
  if (newest !== null && !hasEnded(newest.state)) return STATES[newest.state]
  if (newest?.state === 'failure') return { tone: 'bad', word: 'Last one failed' }
  return last === null ? { tone: 'calm', word: 'Empty' } : { tone: 'good', word: 'As deployed' }
}
