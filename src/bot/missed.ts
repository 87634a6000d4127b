import type { Clock } from '../deploy/clock.ts'
import type { Missed, MissedInbox } from '../deploy/journal.ts'
import { Failure } from '../errors.ts'
import type { Attempt, Deliveries } from './deliveries.ts'
import { createDoneBefore } from './done-before.ts'
import type { GitHub } from './github.ts'
import { isPassing } from './handle.ts'
import { askedIn, isCommand, type Intake } from './intake.ts'

export interface MissedDoors {
  readonly deliveries: Deliveries
  readonly readDelivery: Intake['readDelivery']
  readonly missedInbox: MissedInbox
  readonly github: GitHub
  readonly clock: Clock
  readonly log: Log
}

export interface Log {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
}

/**
 * How old a command, a push or a package may be to be obeyed. Whoever gets no answer has done something else after a while, and a deployment out of the
 * blue harms more than one that has to be asked for again; an outage of an hour and the time to come back from it lie within.
 */
export const STILL_WANTED = 90 * 60_000

/**
 * Reads one delivery that never arrived and puts it into the inbox as a webhook would be, for as long as one look through the list
 * lasts. Answers with what becomes of it: null for what asks nothing of us or has arrived after all, a `Failure` where its
 * repository cannot be asked now. Throws where GitHub does not give it out.
 */
export function createTake({
  deliveries,
  readDelivery,
  missedInbox,
  github,
  clock,
  log,
}: MissedDoors): (attempt: Attempt) => Promise<Missed | Failure | null> {
  const isDoneBefore = createDoneBefore(github)
  return async ({ id, guid, event, at: sentAt }) => {
    // It has no signature and needs none: GitHub itself gave it to the App's own key.
    const delivery = readDelivery(event, guid, await deliveries.body(id), sentAt)
    if (delivery === null || (await missedInbox.has(delivery.key))) return null
    const asked = askedIn(delivery)
    const store = async (receivedAt: number, missed: Missed): Promise<Missed | null> => {
      const [isNew] = await missedInbox.store([{ ...delivery, receivedAt, missed }])
      return isNew === true ? missed : null
    }
    if (asked === null) return store(sentAt, 'run')
    const isOld = clock.now() - asked.at > STILL_WANTED
    // There is nobody to tell: whoever pushed is not asked to do it again.
    if (isOld && !isCommand(delivery)) return store(asked.at, 'done')
    try {
      const isDone = await isDoneBefore(delivery.key, asked)
      return await store(asked.at, isDone ? 'done' : isOld ? 'tell' : 'run')
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      if (isPassing(error)) return error
      log.warn({ err: error, key: delivery.key }, 'a missed delivery is left alone: its repository cannot be asked')
      return null
    }
  }
}
