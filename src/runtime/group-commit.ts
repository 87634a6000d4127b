import type { Delivery } from '../deploy/journal.ts'

/** Called once the delivery is on disk; with the error where it could not be stored. */
export type Settle = (failure: unknown) => void

/** Milliseconds that the first delivery of a group waits at most for others. */
const LONGEST = 2

/**
 * Stores what arrives together in one transaction, and answers all of it after that one sync of the disk: the same durability at
 * several times the throughput. A group ends with the first turn of the event loop that brings nothing new, once it is as large
 * as the one before it (whoever got those answers is about to send again), and after 2 ms whatever its size. So a lone delivery
 * after a lone one does not wait. Where the transaction fails, all of its deliveries fail.
 */
export function createGroupCommit(store: (deliveries: readonly Delivery[]) => unknown): (delivery: Delivery, settle: Settle) => void {
  let deliveries: Delivery[] = []
  let settles: Settle[] = []
  let since = 0
  let seen = 0
  let last = 0

  function turn(): void {
    const isQuiet = deliveries.length === seen
    if (performance.now() - since > LONGEST || (isQuiet && deliveries.length >= last)) return commit()
    seen = deliveries.length
    setImmediate(turn)
  }
  function commit(): void {
    const [stored, waiting] = [deliveries, settles]
    deliveries = []
    settles = []
    last = stored.length
    let failure: unknown
    try {
      store(stored)
    } catch (error) {
      failure = error ?? new Error('the store threw nothing')
    }
    for (const settle of waiting) settle(failure)
  }

  return (delivery, settle) => {
    settles.push(settle)
    if (deliveries.push(delivery) > 1) return
    since = performance.now()
    seen = 0
    // Immediates run after the poll phase: by then every socket that had something to say has been read.
    setImmediate(turn)
  }
}
