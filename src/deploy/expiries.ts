import type { Clock } from './clock.ts'

export interface Expiring {
  readonly name: string
  readonly registry: string
  /** Milliseconds; null where no end is known. */
  readonly expires: number | null
}

interface Log {
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

const DAY = 24 * 3_600_000
/** So many days before: time to ask somebody for another one. */
const EARLY = 14

/** Says in the log, at the start and every day, which of the credentials of then end soon or have ended. Call what it returns once. */
export function createExpiries(credentials: { values(): Iterable<Expiring> }, clock: Clock, log: Log): () => void {
  const look = (): void => {
    for (const { name, registry, expires } of credentials.values()) {
      if (expires === null) continue
      const days = Math.ceil((expires - clock.now()) / DAY)
      const about = { credential: name, registry, ends: new Date(expires).toISOString() }
      if (days <= 0) log.error(about, `the credential ${name} has ended: put another one in its place`)
      else if (days <= EARLY) log.warn(about, `the credential ${name} ends in ${days} ${days === 1 ? 'day' : 'days'}: put another one in its place`)
    }
    clock.after(DAY, look)
  }
  return look
}
