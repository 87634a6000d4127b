import type { Outside } from '../../src/assemble.ts'
import type { Sql } from '../../src/store/sql.ts'
import type { createLog, Log } from '../../src/runtime/log.ts'
import type { Intake } from '../../src/runtime/webhook.ts'
import type { Clock } from '../../src/deploy/clock.ts'
import type { Secret } from '../../src/secret.ts'
import { isWorkerd } from './which-runtime.ts'

/** A database. */
export interface Disk extends Sql {
  /** Everything in it, for who looks for what must not be there. */
  content(): Uint8Array
  close(): void
}

export interface DoorSetup {
  readonly intake: Intake
  readonly secrets: readonly Secret[]
  readonly clock: Clock
  readonly log: Log
}

/** Where GitHub delivers to one process. */
export interface Door {
  receive(request: Request): Promise<Response>
  close(): void
}

/** What the processes of one world run on, one after the other: a runtime's own parts, as `src/runtime/` makes them. */
export interface Host {
  /** A database with nothing in it, in place of the one before. */
  newDisk(): Disk
  opensDoor(setup: DoorSetup): Promise<Door>
  readonly log: typeof createLog
  readonly assets: Outside['assets']
}

/** Something that is done with a host of its own. */
export type OnHost = <T>(work: (host: Host) => Promise<T>) => Promise<T>

/** A host of the runtime that the test runs in: a process of Node's, or a Durable Object. */
export const onHost: OnHost = isWorkerd ? (await import('../workers/host.ts')).onHost : (await import('./host-here.ts')).onHost
