import { Failure } from '../errors.ts'
import { Activity } from '../deploy/activity.ts'
import type { Clock } from '../deploy/clock.ts'
import type { Place } from './budget/queue.ts'
import { retryIn } from './github.ts'
import { show, type ShowDoors, type Shows, type WritingTurn } from './show.ts'

export interface Announcer {
  /** Brings GitHub to what the record of this deployment or answer says now; may be called at will. */
  announce(key: string): void
  /** At start: takes up everything whose last word has not been said. */
  recover(): void
  /** Resolves when no call is under way; what waits for the clock goes on when its time comes. */
  idle(): Promise<void>
}

export interface AnnouncerDoors extends ShowDoors {
  readonly clock: Clock
  /** Our own bug: logs it whole and answers with the incident's number. */
  readonly incident: (error: unknown, about: string) => string
}

/** How long progress waits for more of it, and for how long where GitHub's limits are near; an end goes at once. */
const JOIN = 2_000
const JOIN_WHEN_SHORT = 30_000
/** With the waits above about a day; the next start takes it up again. */
const MOST_TRIES = 300

/** What is going on for one key: one call at a time, changes meanwhile are joined. */
interface Turn {
  isRunning: boolean
  isAgain: boolean
  tries: number
  editedAt: number
  /** After a failure: nothing before this time. */
  notBefore: number
  forget: (() => void) | null
  /** In the budget's queue: it stays while it waits there, and is left once there is nothing to wait for. */
  place: Place | null
}

export function createAnnouncer(doors: AnnouncerDoors): Announcer {
  const { clock } = doors
  const activity = new Activity(clock)
  const turns = new Map<string, Turn>()

  const announce = (key: string): void => {
    const turn = turns.get(key) ?? { isRunning: false, isAgain: false, tries: 0, editedAt: -JOIN, notBefore: 0, forget: null, place: null }
    turns.set(key, turn)
    turn.isAgain = true
    if (!turn.isRunning) void activity.run(() => take(key, turn))
  }
  const take = async (key: string, turn: Turn): Promise<void> => {
    turn.isRunning = true
    turn.forget?.()
    turn.forget = null
    while (turn.isAgain) {
      turn.isAgain = false
      const wait = turn.notBefore > clock.now() ? turn.notBefore - clock.now() : await attempt(key, turn)
      // What changed meanwhile may be the end, which does not wait to be joined.
      if (wait === null || turn.isAgain) continue
      turn.forget = clock.after(wait, () => announce(key))
    }
    turn.isRunning = false
  }
  /** Milliseconds until the next attempt; null where there is nothing to wait for. */
  const attempt = async (key: string, turn: Turn): Promise<number | null> => {
    let joins: number | null = null
    let isWaiting = false
    const writing: WritingTurn = {
      isDue: ({ urgency }, client) => {
        const left = urgency === 'progress' ? turn.editedAt + (client.isShort() ? JOIN_WHEN_SHORT : JOIN) - clock.now() : 0
        joins = left > 0 ? left : null
        if (joins === null) turn.editedAt = clock.now()
        return joins === null
      },
      place: (need, client) => {
        turn.place = client.queue(need, () => announce(key), turn.place)
        isWaiting = !turn.place.isFree
        return turn.place
      },
    }
    try {
      const shows: Shows = await show(key, writing, doors)
      if (shows === 'failed') return backOff(key, turn)
      turn.tries = 0
      if (shows === 'complete' && !turn.isAgain) turns.delete(key)
      return joins
    } catch (error) {
      if (error instanceof Failure) return backOff(key, turn, error)
      doors.incident(error, key)
      return backOff(key, turn)
    } finally {
      if (!isWaiting) leavePlace(turn)
    }
  }
  const leavePlace = (turn: Turn): void => {
    turn.place?.leave()
    turn.place = null
  }
  const backOff = (key: string, turn: Turn, failure?: Failure): number | null => {
    turn.tries += 1
    leavePlace(turn)
    if (turn.tries > MOST_TRIES) return null
    const wait = Math.max(retryIn(turn.tries, key), failure?.problem.retryAfter ?? 0)
    turn.notBefore = clock.now() + wait
    return wait
  }

  return {
    announce,
    recover: () => {
      for (const key of doors.announcements.incomplete()) announce(key)
    },
    idle: () => activity.idle(),
  }
}
