import { expect, test } from 'vitest'
import { figuresOf, median, type Ended } from '../../../src/deploy/figures.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const NOW = Date.UTC(2026, 10, 26)

/** Ended so many days ago, after so many minutes. */
const one = (state: Ended['state'], daysAgo: number, minutes = 5, more: Partial<Ended> = {}): Ended => {
  const endedAt = NOW - daysAgo * DAY
  return { id: `d${daysAgo}`, state, startedAt: endedAt - minutes * MINUTE, endedAt, isRollback: false, alreadyRunning: false, commit: null, ...more }
}

const NOTHING = { frequency: null, leadTime: null, failureRate: null, timeToRestore: null }
const idle = { alreadyRunning: true }

test.each<[what: string, ended: readonly Ended[], figures: Partial<ReturnType<typeof figuresOf>>]>([
  ['of nothing there is nothing to say', [], NOTHING],
  [
    'nor of what changed nothing',
    [one('refused', 1), one('cancelled', 2), one('superseded', 3), one('success', 4, 5, idle)],
    { ...NOTHING, series: [] },
  ],
  [
    'one success is a quarter of one a week, and nothing was to be put right',
    [one('success', 1, 7)],
    { frequency: 0.25, leadTime: 7 * MINUTE, failureRate: 0, timeToRestore: null },
  ],
  [
    'failures and unknown outcomes are counted alike',
    [one('success', 4), one('failure', 3), one('unknown', 2), one('success', 1)],
    { frequency: 0.5, failureRate: 0.5, timeToRestore: 2 * DAY },
  ],
  ['nothing but failures has no lead time', [one('failure', 1)], { frequency: 0, leadTime: null, failureRate: 1, timeToRestore: null }],
  [
    'an even number has its median in the middle',
    [one('success', 4, 1), one('success', 3, 2), one('success', 2, 9), one('success', 1, 100)],
    { leadTime: 5.5 * MINUTE },
  ],
  [
    'what is older than four weeks is not counted any more',
    [one('success', 28, 50), one('failure', 29), one('success', 27, 2)],
    { frequency: 0.25, leadTime: 2 * MINUTE, failureRate: 0 },
  ],
  [
    'where all of it is older, it is 0 a week and nothing else is known',
    [one('success', 30), one('failure', 29)],
    { ...NOTHING, frequency: 0, series: [expect.anything(), expect.anything()] },
  ],
  ['a rollback puts right, too', [one('failure', 2), one('success', 1, 5, { isRollback: true })], { timeToRestore: DAY }],
  ['and so does what turns out to run already', [one('failure', 3), one('success', 1, 5, idle)], { timeToRestore: 2 * DAY, failureRate: 1 }],
  [
    'each disturbance counts once, from its first failure on',
    [one('failure', 9), one('failure', 8), one('success', 7), one('failure', 5), one('success', 1), one('failure', 0.5)],
    { timeToRestore: 3 * DAY },
  ],
  ['a clock that was put back makes nothing shorter than nothing', [one('success', 1, -5)], { leadTime: 0 }],
])('%s', (_what, ended, figures) => {
  expect(figuresOf(ended, NOW)).toMatchObject(figures)
  expect(figuresOf(ended.toReversed(), NOW)).toEqual(figuresOf(ended, NOW))
})

test('a chart has the last sixty, oldest first, and how long each took', () => {
  const ended = Array.from({ length: 100 }, (_, days) => one(days % 2 === 0 ? 'success' : 'failure', days, days))
  const { series } = figuresOf([one('refused', 1), ...ended], NOW)
  expect(series.map(({ took }) => took / MINUTE)).toEqual(Array.from({ length: 60 }, (_, nth) => 59 - nth))
  expect(series.at(-1)).toEqual({ ...ended[0], took: 0 })
})

test.each<[values: readonly number[], median: number | null]>([
  [[], null],
  [[3], 3],
  [[10, 9], 9.5],
  [[100, 2, 30], 30],
])('the median of %j is %j', (values, middle) => expect(median(values)).toBe(middle))
