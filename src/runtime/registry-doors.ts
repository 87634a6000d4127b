import { createHash } from 'node:crypto'
import type { Doors } from '../registry/doors.ts'
import { systemClock } from './clock.ts'
import { publicFetch, registryFetch } from './egress.ts'
import type { Log } from './log.ts'

/**
 * The registry client's way to the world on Node. What fails is one line of the log, without a secret. `after`: timers that keep no
 * process alive, or, for a command that ends with its answer, some that do.
 */
export const registryDoors = (log: Pick<Log, 'warn'>, after: Doors['after'] = systemClock.after): Doors => ({
  fetch: registryFetch(),
  publicFetch: publicFetch(),
  now: () => performance.now(),
  date: systemClock.now,
  random: Math.random,
  after,
  hash: createHash,
  report: (event) => log.warn({ event: 'registry.failure', ...event }, 'a registry did not give what was asked of it'),
})
