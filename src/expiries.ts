import type { Logger } from 'pino'
import type { DeclaredCredential } from './config/operator.ts'
import type { Clock } from './deploy/clock.ts'

const DAY = 24 * 3_600_000
/** So many days before: time to ask somebody for another one. */
const EARLY = 14

/** Says in the log, at the start and every day, which credentials end soon or have ended. Call what it returns once. */
export function createExpiries(
  credentials: Iterable<Pick<DeclaredCredential, 'name' | 'registry' | 'expires'>>,
  clock: Clock,
  log: Logger,
): () => void {
  const ending = [...credentials].filter(({ expires }) => expires !== null)
  const look = (): void => {
    for (const { name, registry, expires } of ending) {
      const days = Math.ceil(((expires ?? 0) - clock.now()) / DAY)
      const about = { credential: name, registry, ends: new Date(expires ?? 0).toISOString() }
      if (days <= 0) log.error(about, `the credential ${name} has ended: put another one in its place`)
      else if (days <= EARLY) log.warn(about, `the credential ${name} ends in ${days} ${days === 1 ? 'day' : 'days'}: put another one in its place`)
    }
    if (ending.length > 0) clock.after(DAY, look)
  }
  return look
}
