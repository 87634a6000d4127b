import type { Activity } from '../deploy/activity.ts'
import type { Clock } from '../deploy/clock.ts'
import type { Delivery, Inbox, Pending } from '../deploy/journal.ts'

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

const PAGE = 1_000
const MOST_REPOSITORIES = 20
/** A few dozen megabytes. */
const MOST_TAKEN = 100_000
/** What could not be read (a failing disk) is read again so much later. */
const READ_AGAIN = 60_000

/**
 * Takes what is in the inbox: each repository's deliveries in order, up to 20 repositories beside each other. One that has to be
 * tried again lets those behind it pass, and however many wait, those of others are taken: of what waits only the keys are held.
 */
export function createWorker({ inbox, clock, activity, handle, incident }: WorkerDoors): () => void {
  /** Being handled, or waiting: for its turn, or to be tried again. */
  let taken = 0
  /** Nothing up to here has to be looked for again before the next start. */
  let lookedAt = 0

  const work = (): void => {
    for (let page = look(); page.length > 0; page = look()) {
      for (const { key, sequence } of page) {
        if (sequence <= lookedAt) continue
        lookedAt = sequence
        taken += 1
        enqueue(key)
      }
    }
  }
  /** What cannot be read now is taken up with the next delivery or start; nobody waits for an answer here. */
  const look = (): readonly Pending[] => {
    try {
      return inbox.pending(Math.min(PAGE, MOST_TAKEN - taken), lookedAt)
    } catch (error) {
      incident(error, 'the inbox')
      return []
    }
  }
  const take = async (key: string): Promise<void> => {
    const delivery = read(key)
    if (delivery === null) return
    try {
      const { retryIn, aside } = await handle(delivery)
      if (retryIn !== null) clock.after(retryIn, () => enqueue(key))
      else void activity.run(() => aside.then(() => finish(key)))
    } catch (error) {
      incident(error, key)
      leave()
    }
  }
  const read = (key: string): Delivery | null => {
    try {
      const delivery = inbox.find(key)
      if (delivery === null) leave()
      return delivery
    } catch (error) {
      incident(error, key)
      clock.after(READ_AGAIN, () => enqueue(key))
      return null
    }
  }
  const finish = (key: string): void => {
    try {
      inbox.handled(key, clock.now())
    } catch (error) {
      // Not even that could be written (a full disk): it stays in the inbox, and the next start takes it up.
      incident(error, key)
    }
    leave()
  }
  const leave = (): void => {
    taken -= 1
    if (taken === MOST_TAKEN - 1) work()
  }
  const enqueue = inTurn(activity, take)
  return work
}

/** Takes one after the other of each repository, several repositories beside each other, and all of them in turn. */
function inTurn(activity: Activity, take: (key: string) => Promise<void>): (key: string) => void {
  const queues = new Map<string, string[]>()
  const ready: string[] = []
  let running = 0

  const begin = (): void => {
    while (running < MOST_REPOSITORIES && ready.length > 0) {
      const repository = ready.shift() as string
      running += 1
      void activity.run(() => takeOne(repository))
    }
  }
  const takeOne = async (repository: string): Promise<void> => {
    const queue = queues.get(repository) ?? []
    const key = queue.shift()
    if (key !== undefined) await take(key)
    // To the back: however much comes for as many as have their turn at once, the others have theirs in between.
    if (queue.length > 0) ready.push(repository)
    else queues.delete(repository)
    running -= 1
    begin()
  }
  return (key) => {
    const repository = repositoryIn(key)
    const queue = queues.get(repository)
    if (queue !== undefined) {
      queue.push(key)
      return
    }
    queues.set(repository, [key])
    ready.push(repository)
    begin()
  }
}

/** Keys begin with what they are and the repository's id: `c:1296269:…`. */
const repositoryIn = (key: string): string => key.split(':')[1] ?? ''
