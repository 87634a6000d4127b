import type { Activity } from '../deploy/activity.ts'
import type { Clock } from '../deploy/clock.ts'
import type { Delivery, Inbox } from '../deploy/journal.ts'

export interface WorkerDoors {
  readonly inbox: Inbox
  readonly clock: Clock
  readonly activity: Activity
  readonly handle: (delivery: Delivery) => Promise<Outcome>
  readonly incident: (error: unknown, about: string) => string
}

/** `retryIn`: milliseconds to wait before it is tried again, or null; `aside`: what still runs beside the deliveries after it. */
export interface Outcome {
  readonly retryIn: number | null
  readonly aside: Promise<void>
}

const MOST_AT_ONCE = 1_000
const MOST_REPOSITORIES = 20

/**
 * Takes what is in the inbox: each repository's deliveries in order, up to 20 repositories beside each other. One that has to be
 * tried again lets those behind it pass.
 */
export function createWorker({ inbox, clock, activity, handle, incident }: WorkerDoors): () => void {
  /** Being handled, or waiting to be tried again. */
  const taken = new Set<string>()
  const queues = new Map<string, Delivery[]>()
  const ready: string[] = []
  let running = 0

  const work = (): void => {
    for (const delivery of look()) {
      if (taken.has(delivery.key)) continue
      taken.add(delivery.key)
      enqueue(delivery)
    }
  }
  /** What cannot be read now (a failing disk) is taken up with the next delivery or start; nobody waits for an answer here. */
  const look = (): readonly Delivery[] => {
    try {
      return inbox.pending(MOST_AT_ONCE)
    } catch (error) {
      incident(error, 'the inbox')
      return []
    }
  }
  const enqueue = (delivery: Delivery): void => {
    const repository = repositoryIn(delivery.key)
    const queue = queues.get(repository)
    if (queue !== undefined) {
      queue.push(delivery)
      return
    }
    queues.set(repository, [delivery])
    ready.push(repository)
    begin()
  }
  const begin = (): void => {
    while (running < MOST_REPOSITORIES && ready.length > 0) {
      const repository = ready.shift() as string
      running += 1
      void activity.run(() => drain(repository))
    }
  }
  const drain = async (repository: string): Promise<void> => {
    const queue = queues.get(repository) ?? []
    for (let delivery = queue.shift(); delivery !== undefined; delivery = queue.shift()) await take(delivery)
    queues.delete(repository)
    running -= 1
    begin()
    // More may be stored than one look at the inbox gives out.
    if (queues.size === 0) work()
  }
  const take = async (delivery: Delivery): Promise<void> => {
    try {
      const { retryIn, aside } = await handle(delivery)
      if (retryIn !== null) clock.after(retryIn, () => enqueue(delivery))
      else void activity.run(() => aside.then(() => finish(delivery)))
    } catch (error) {
      incident(error, delivery.key)
    }
  }
  const finish = ({ key }: Delivery): void => {
    try {
      inbox.handled(key, clock.now())
      taken.delete(key)
    } catch (error) {
      // Not even that could be written (a full disk): it stays in the inbox, and the next start takes it up.
      incident(error, key)
    }
  }
  return work
}

/** Keys begin with what they are and the repository's id: `c:1296269:…`. */
const repositoryIn = (key: string): string => key.split(':')[1] ?? ''
