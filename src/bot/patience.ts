import type { Clock } from '../deploy/clock.ts'

/** How long GitHub may take for one answer. It gives up on its own side after ten seconds. */
export const PATIENCE = 15_000

export async function within<T>(clock: Clock, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const timeout = new AbortController()
  const forget = clock.after(PATIENCE, () => timeout.abort())
  try {
    return await work(timeout.signal)
  } finally {
    forget()
  }
}
