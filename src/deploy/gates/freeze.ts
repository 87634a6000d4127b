import { Refusal } from '../../errors.ts'
import { isAutomatic } from '../deployment.ts'
import type { FreezeWindow, WeekMoment } from '../environment.ts'
import { Waits, type Gate } from './gate.ts'
import { utc } from '../wording.ts'

const MINUTE = 60_000
const WEEK = 7 * 24 * 60
/** Clocks are never put forward or back by more. */
const SHIFT = 3 * 60

/** Hours of the week in which nothing is deployed. What began by itself, or before, waits; a person is told when to come back. */
export const freeze: Gate = {
  name: 'freeze',
  skippedBy: ['rollback', 'override'],
  judge: ({ request, proposal, plan, now }) => {
    const windows = proposal?.rules.freeze ?? []
    if (proposal === null || windows.length === 0) return null
    const end = thawsAt(windows, now)
    if (end === now) return 'no freeze now'
    const sentence = `${proposal.environment} is frozen until ${utc(end)}.`
    if (plan !== null || isAutomatic(request.door)) return new Waits({ reason: 'freeze', sentence, until: end, lookAt: end })
    return new Refusal('FROZEN', {
      sentence,
      found: utc(now),
      wanted: 'a time outside the freeze',
      next: `Ask again after ${utc(end)}.`,
    })
  },
}

/** When none of the windows is open any more: `now` where none is, and at most a week or so later where they leave no gap. */
function thawsAt(windows: readonly FreezeWindow[], now: number): number {
  const clocks = windows.map((window) => ({ window, clock: clockOf(window.zone) }))
  let at = now
  for (;;) {
    const open = clocks.find(({ window, clock }) => minutesLeft(window, clock(at)) > 0)
    if (open === undefined || at - now > WEEK * MINUTE) return at
    at = endOf(open.window, open.clock, at)
  }
}

/** By the clock on the wall there, which may be put forward or back before the end: the last stretch is walked minute by minute. */
function endOf(window: FreezeWindow, clock: (at: number) => number, from: number): number {
  const left = minutesLeft(window, clock(from))
  let at = from - (from % MINUTE) + Math.max(1, left - SHIFT) * MINUTE
  while (minutesLeft(window, clock(at)) > 0) at += MINUTE
  return at
}

/** Until the window closes, by the wall clock; 0 outside of it. */
function minutesLeft({ from, to }: FreezeWindow, minute: number): number {
  const length = between(minuteOf(from), minuteOf(to))
  const since = between(minuteOf(from), minute)
  return Math.max(0, length - since)
}

const minuteOf = ({ day, minute }: WeekMoment): number => day * 24 * 60 + minute
const between = (from: number, to: number): number => (to - from + WEEK) % WEEK

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** The minute of the week in a time zone. */
function clockOf(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
    return minuteOf({ day: DAYS.indexOf(parts.get('weekday') ?? ''), minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) })
  }
}
