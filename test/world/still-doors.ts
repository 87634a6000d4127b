import { createHash } from 'node:crypto'
import type { Doors, FailureEvent, Operation } from '../../src/registry/doors.ts'
import { Time } from './time.ts'

/** Doors to a world in which time stands still until the test says that it passes, and nobody answers unless the test does. */
export interface StillDoors extends Doors {
  readonly time: Time
  readonly events: readonly FailureEvent[]
}

export function stillDoors(over: Partial<Doors> = {}): StillDoors {
  const time = new Time(settled)
  const events: FailureEvent[] = []
  const nobody = () => Promise.reject(new Error('nobody is to be asked here'))
  return {
    time,
    events,
    fetch: nobody,
    publicFetch: nobody,
    now: () => time.now(),
    date: () => time.now(),
    random: () => 1,
    after: (ms, work) => time.after(ms, work),
    hash: createHash,
    report: (event) => void events.push(event),
    ...over,
  }
}

/** Whatever can go on has gone on. */
export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** Somebody who wants something from `registry.example` within half a minute. */
export const wish = (doors: Pick<Doors, 'now'>, over: Partial<Operation> = {}): Operation => ({
  where: { registry: 'registry.example', image: 'registry.example/acme/shop:1.2', grant: 'Grant it.' },
  deadline: doors.now() + 30_000,
  signal: undefined,
  trail: { phase: 'manifest', attempts: 0 },
  ...over,
})

/** What a promise comes to, however long this machine takes for its cryptography: its value, or `failed CODE`. */
export const endOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => `failed ${(error as { problem?: { code: string } }).problem?.code ?? String(error)}`)

/** The same by now; `waits` where that is nothing yet. */
export async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  const state = endOf(promise)
  await settled()
  return Promise.race([
    state,
    Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => 'waits'),
  ])
}
