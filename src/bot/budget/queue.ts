import type { Failure } from '../../errors.ts'
import type { Clock } from '../../deploy/clock.ts'
import { rateLimited } from '../github-failure.ts'
import type { Cost, Urgency } from './cost.ts'
import type { RetryWindow } from './retry-window.ts'
import { URGENCIES, type Need, type Room } from './room.ts'

/** In the queue, until it is free; then it holds its room. */
export interface Place {
  readonly urgency: Urgency
  readonly isFree: boolean
  /** Used up, or no longer wanted. */
  leave(): void
}

/** What is short. */
interface Lacks {
  readonly creates: boolean
  readonly points: boolean
}

const NOTHING: Cost = { creates: 0, points: 0 }
const NONE: Lacks = { creates: false, points: false }
/** Before it is worth trying again, where only an answer can make room. */
const SOON = 1_000

/** Those who wait for room: the most urgent first, among them the oldest. Nobody overtakes on what another one lacks. */
export class Queue {
  readonly #room: Room
  readonly #window: RetryWindow
  readonly #clock: Clock
  #waiting: Entry[] = []
  #forget: (() => void) | null = null

  constructor(room: Room, window: RetryWindow, clock: Clock) {
    this.#room = room
    this.#window = window
    this.#clock = clock
  }

  /** Whether somebody does whom others should make room for. */
  get isWaiting(): boolean {
    return this.#waiting.some(({ need }) => need.urgency !== 'unasked')
  }

  /** Where nothing is short the place is free at once; else `wake` is called when it becomes free. Gives up `instead`. */
  join(need: Need, wake: () => void, instead: Place | null): Place {
    const hadItsTurn = instead?.isFree === true
    if (instead instanceof Entry) this.#remove(instead)
    const entry = new Entry(need, (gone) => {
      this.#remove(gone)
      this.pump()
    })
    // Behind the others again, two would hand the same room to each other for ever.
    if (hadItsTurn && !isAny(this.#room.lacks(need))) entry.holds(need, this.#room)
    else this.#line(entry)
    this.pump()
    entry.wake = wake
    return entry
  }

  /** For a call that leaves now: takes its cost out of the place, and what that does not hold out of the room. Says why it may not. */
  admit(need: Need, place: Place | null): Failure | null {
    const held = place instanceof Entry && place.isFree ? place : null
    const rest = { ...need, ...minus(need, held?.left ?? NOTHING) }
    const isCovered = rest.creates === 0 && rest.points === 0
    if (!isCovered && isAny(this.#lacking(rest, held === null ? this.#lackingBefore(need) : NONE))) {
      return rateLimited(Math.max((this.#room.hasRoomAt(rest) ?? 0) - this.#clock.now(), SOON))
    }
    held?.holds(minus(held.left, need), this.#room)
    return null
  }

  /** Looks who may go now. */
  pump(): void {
    const woken: Entry[] = []
    let lacks = NONE
    for (const entry of this.#window.left > 0 ? [] : this.#waiting) {
      const own = this.#lacking(entry.need, lacks)
      lacks = both(lacks, own)
      if (isAny(own)) continue
      // At once: what it holds, those behind it do not get.
      entry.holds(entry.need, this.#room)
      woken.push(entry)
    }
    this.#waiting = this.#waiting.filter(({ isFree }) => !isFree)
    this.#lookAgain()
    for (const { wake } of woken) wake?.()
  }

  #line(entry: Entry): void {
    const behind = this.#waiting.findIndex((other) => !isBefore(other.need, entry.need))
    this.#waiting.splice(behind === -1 ? this.#waiting.length : behind, 0, entry)
  }

  #remove(entry: Entry): void {
    this.#waiting = this.#waiting.filter((other) => other !== entry)
    entry.lets()
  }

  /** What it lacks itself, and what somebody before it has not got. */
  #lacking(need: Need, before: Lacks): Lacks {
    const { creates, points } = this.#room.lacks(need)
    return { creates: creates || (before.creates && need.creates > 0), points: points || before.points }
  }

  #lackingBefore(need: Need): Lacks {
    const before = this.#waiting.filter((entry) => isBefore(entry.need, need))
    return before.reduce((lacks, entry) => both(lacks, this.#lacking(entry.need, lacks)), NONE)
  }

  #lookAgain(): void {
    this.#forget?.()
    // Everybody else stands behind one of these two, and lacks the same.
    const heads = [this.#waiting.find(({ need }) => need.creates > 0), this.#waiting.find(({ need }) => need.creates === 0)]
    const times = heads.flatMap((head) => (head === undefined ? [] : (this.#room.hasRoomAt(head.need) ?? [])))
    const wait = this.#window.left > 0 ? this.#window.left : Math.min(...times) - this.#clock.now()
    this.#forget = this.#waiting.length === 0 || wait === Infinity ? null : this.#clock.after(Math.max(wait, 1), () => this.pump())
  }
}

class Entry implements Place {
  readonly need: Need
  readonly #gone: (entry: Entry) => void
  wake: (() => void) | null = null
  left: Cost = NOTHING
  #release: (() => void) | null = null

  constructor(need: Need, gone: (entry: Entry) => void) {
    this.need = need
    this.#gone = gone
  }

  get urgency(): Urgency {
    return this.need.urgency
  }

  get isFree(): boolean {
    return this.#release !== null
  }

  holds(cost: Cost, room: Room): void {
    this.#release?.()
    this.left = cost
    this.#release = room.hold(cost)
  }

  lets(): void {
    this.#release?.()
    this.#release = null
    this.left = NOTHING
  }

  leave(): void {
    this.#gone(this)
  }
}

const isBefore = (a: Need, b: Need): boolean => {
  const ranks = URGENCIES.indexOf(a.urgency) - URGENCIES.indexOf(b.urgency)
  return ranks < 0 || (ranks === 0 && a.since <= b.since)
}

const minus = (a: Cost, b: Cost): Cost => ({ creates: Math.max(0, a.creates - b.creates), points: Math.max(0, a.points - b.points) })
const both = (a: Lacks, b: Lacks): Lacks => ({ creates: a.creates || b.creates, points: a.points || b.points })
const isAny = ({ creates, points }: Lacks): boolean => creates || points
