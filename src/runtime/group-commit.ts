import type { Delivery } from '../deploy/journal.ts'

/** Called once the delivery is on disk; with the error where it could not be stored. */
export type Settle = (failure: unknown) => void

/** Milliseconds that the first delivery of a group waits at most for others. */
const LONGEST = 2

/**
 * Stores what arrives together in one transaction, and answers all of it after that one sync of the disk: the same durability at
 * several times the throughput. A group ends with the first turn of the event loop that brings nothing new, so a lone delivery
 * does not wait. Where the transaction fails, all of its deliveries fail.
 */
export function createGroupCommit(store: (deliveries: readonly Delivery[]) => unknown): (delivery: Delivery, settle: Settle) => void {
  let deliveries: Delivery[] = []
  let settles: Settle[] = []
  let since = 0
  let seen = 0

  function turn(): void {
    if (deliveries.length === seen || performance.now() - since > LONGEST) return commit()
    seen = deliveries.length
    setImmediate(turn)
  }
  function commit(): void {
    const [stored, waiting] = [deliveries, settles]
    deliveries = []
    settles = []
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
