import { pause, waitFor } from './doors.ts'
import type { Doors, Operation } from './doors.ts'
import { registryFailure } from './failure.ts'

/** What everybody who asks one origin shares: a few places, and one back-off, so that a 429 to one pauses all (registry.md, R52). */
export interface Hosts {
  /** Runs the work once there is a place and no back-off; throws RATE_LIMITED where that would be after the deadline. */
  enter<T>(origin: string, operation: Operation, work: () => Promise<T>): Promise<T>
  /** Nobody asks this origin for so many milliseconds. */
  backOff(origin: string, ms: number): void
}

/** go-containerregistry has 4 jobs, regclient 3 requests. */
const PLACES = 4
/** What one answer can keep everybody out for: after that somebody asks again, whatever it said. */
const LONGEST = 60_000

interface Host {
  taken: number
  readonly queue: (() => void)[]
  /** By `Doors.now`. */
  closedUntil: number
}

export function createHosts(doors: Doors): Hosts {
  const hosts = new Map<string, Host>()

  function at(origin: string): Host {
    const known = hosts.get(origin)
    if (known !== undefined) return known
    // What is idle has nothing to remember.
    for (const [name, { taken, closedUntil }] of hosts) if (taken === 0 && closedUntil <= doors.now()) hosts.delete(name)
    const host = { taken: 0, queue: [], closedUntil: Number.NEGATIVE_INFINITY }
    hosts.set(origin, host)
    return host
  }

  async function take(host: Host, operation: Operation): Promise<void> {
    host.taken += 1
    if (host.taken <= PLACES) return
    let grant = () => {}
    const granted = new Promise<void>((resolve) => (grant = resolve))
    host.queue.push(grant)
    try {
      await waitFor(() => granted, Number.POSITIVE_INFINITY, doors, operation)
    } catch (error) {
      const place = host.queue.indexOf(grant)
      if (place >= 0) host.queue.splice(place, 1)
      leave(host, place >= 0)
      throw error
    }
  }

  /** `wasWaiting`: it leaves the queue and not a place. */
  function leave(host: Host, wasWaiting = false): void {
    host.taken -= 1
    if (!wasWaiting) host.queue.shift()?.()
  }

  /** Waits again only where somebody has met the limit again meanwhile. */
  async function open(host: Host, operation: Operation): Promise<void> {
    for (let until = Number.NEGATIVE_INFINITY; host.closedUntil > until;) {
      until = host.closedUntil
      const ms = until - doors.now()
      if (until >= operation.deadline) throw registryFailure('RATE_LIMITED', operation.where, { found: BACKING_OFF, retryAfter: Math.ceil(ms) })
      await pause(ms, doors, operation)
    }
  }

  return {
    async enter(origin, operation, work) {
      const host = at(origin)
      await take(host, operation)
      try {
        await open(host, operation)
        return await work()
      } finally {
        leave(host)
      }
    },
    backOff(origin, ms) {
      const host = at(origin)
      host.closedUntil = Math.max(host.closedUntil, doors.now() + Math.min(ms, LONGEST))
    },
  }
}

const BACKING_OFF = 'a limit that an earlier request of ours has met'
