import type { Activity } from './activity.ts'
import type { Clock } from './clock.ts'

/** A minted credential that is in use, without its value. Times by the wall clock, milliseconds since 1970. */
export interface Renewal {
  readonly credential: string
  readonly mintedAt: number
  readonly endsAt: number
  readonly dueAt: number
  /** Tries that have failed since it was minted. */
  readonly failures: number
}

/** Durable, so that a process that starts again knows what it had in use. */
export interface RenewalRows {
  all(): readonly Renewal[]
  put(renewal: Renewal): void
  remove(credential: string): void
}

export interface RenewalDoors {
  readonly rows: RenewalRows
  /**
   * By the credential's name: makes a new one and calls `minted`, or calls it for the one of before, which is still young, or says that
   * nobody has used that; throws where it fails.
   */
  readonly refresh: ReadonlyMap<string, () => Promise<'made' | 'young' | 'idle'>>
  readonly clock: Clock
  readonly activity: Activity
  /** Our own bug, or a disk that is full: logged whole. */
  incident(error: unknown, about: string): unknown
}

/**
 * Makes credentials that live for hours anew at half of their life (registry.md, R31), though nobody asks for them at the moment: a
 * deployment then never waits for a cloud, and what that cloud refuses is in the log hours before it hurts.
 */
export interface Renewals {
  /** There is one that lives for so many milliseconds, of which `age` are over. */
  minted(credential: string, lifetime: number, age?: number): void
  /** At start, one after the other: whatever was in use is made again, but for what was kept and is still young. */
  recover(): void
}

const SHORTEST_WAIT = 30_000
const LONGEST_WAIT = 15 * 60_000

export function createRenewals({ rows, refresh, clock, activity, incident }: RenewalDoors): Renewals {
  let disarm = () => {}
  let isRunning = false

  /** What cannot be written down is made again when somebody needs it: nothing fails for it. */
  function safely(work: () => void): void {
    try {
      work()
    } catch (error) {
      incident(error, 'renewals')
    }
  }

  function arm(): void {
    disarm()
    if (isRunning) return
    const next = Math.min(...rows.all().map(({ dueAt }) => dueAt))
    if (next !== Number.POSITIVE_INFINITY) disarm = clock.after(Math.max(0, next - clock.now()), () => void activity.run(runDue))
  }

  async function runDue(): Promise<void> {
    isRunning = true
    try {
      for (const renewal of rows.all()) if (renewal.dueAt <= clock.now()) await renew(renewal)
    } catch (error) {
      incident(error, 'renewals')
    }
    isRunning = false
    safely(arm)
  }

  async function renew(renewal: Renewal): Promise<void> {
    const work = refresh.get(renewal.credential)
    // The operator has taken it away.
    if (work === undefined) return rows.remove(renewal.credential)
    try {
      if ((await work()) === 'idle') rows.remove(renewal.credential)
    } catch {
      // Who refused what is in the log: the client reports it. Until it ends the old one is used.
      const failures = renewal.failures + 1
      const wait = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** (failures - 1))
      rows.put({ ...renewal, failures, dueAt: clock.now() + wait })
    }
  }

  return {
    minted: (credential, lifetime, age = 0) =>
      safely(() => {
        const mintedAt = clock.now() - age
        rows.put({ credential, mintedAt, endsAt: mintedAt + lifetime, dueAt: mintedAt + lifetime / 2, failures: 0 })
        arm()
      }),
    recover: () =>
      safely(() => {
        for (const renewal of rows.all()) rows.put({ ...renewal, dueAt: clock.now() })
        arm()
      }),
  }
}
