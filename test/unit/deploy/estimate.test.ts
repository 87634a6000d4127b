import { describe, expect, test } from 'vitest'
import type { Deployment, State, Step, StepName } from '../../../src/deploy/deployment.ts'
import { estimate } from '../../../src/deploy/estimate.ts'
import { NOON, request } from './situation.ts'

const SECOND = 1_000
const HOUR = 3_600_000

type Spent = readonly (readonly [name: StepName, seconds: number])[]

/** Steps one after the other from noon on; the last one still runs where the deployment has not ended. */
function stepsOf(spent: Spent, state: State): readonly Step[] {
  let at = NOON
  return spent.map(([name, seconds], index) => {
    const startedAt = at
    at += seconds * SECOND
    const isLast = index === spent.length - 1
    const isOpen = isLast && !['success', 'failure', 'cancelled'].includes(state)
    return {
      name,
      startedAt,
      endedAt: isOpen ? null : at,
      outcome: isOpen ? 'running' : isLast && state !== 'success' ? 'failed' : 'done',
      note: null,
    }
  })
}

const deployment = (state: State, spent: Spent, different: Partial<Deployment> = {}): Deployment => ({
  ...{ id: 'this', sequence: 99, request: request(), state, environment: '42:shop:staging', plan: null, planHash: null, fence: 1, rules: null },
  ...{ wait: null, verdicts: [], built: {}, proved: {}, approvals: [], cancellation: null, log: [], problem: null },
  ...{ alreadyRunning: false, isQuiet: false, createdAt: NOON, endedAt: null, steps: stepsOf(spent, state), ...different },
})

/** 100 seconds of work. */
const USUAL: Spent = [
  ['gates', 10],
  ['resolve', 10],
  ['verify', 20],
  ['queue', 5],
  ['apply', 40],
  ['observe', 20],
]
const success = (id: string, spent: Spent = USUAL, different: Partial<Deployment> = {}) => deployment('success', spent, { id, ...different })
const three = ['a', 'b', 'c'].map((id) => success(id))

/** At which second, and how far it is then. */
const at = (seconds: number) => NOON + seconds * SECOND

describe('with three earlier ones that took 100 seconds', () => {
  test.each<[what: string, state: State, spent: Spent, seconds: number, done: number, left: number | null]>([
    ['nothing has begun', 'requested', [], 0, 0, 100],
    ['half of the first step', 'gating', [['gates', 0]], 5, 0.05, 95],
    ['a step that takes longer is nearly done, and no more', 'gating', [['gates', 0]], 30, 0.095, 90],
    ['in the queue all before it is done', 'queued', USUAL.slice(0, 4), 9_000, 0.4, 60],
    ['half of what is applied', 'applying', USUAL.slice(0, 5), 65, 0.6, 40],
    ['hours of waiting count for nothing', 'waiting', [...USUAL.slice(0, 3), ['wait', 0]], 40 + 5 * 3_600, 0.4, 60],
    [
      'waiting for checks is before the image is looked for',
      'waiting',
      [
        ['gates', 10],
        ['wait', 0],
      ],
      7_200,
      0.1,
      90,
    ],
    ['what was waited for is over', 'applying', [...USUAL.slice(0, 3), ['wait', 7_200], ['queue', 0], ['apply', 0]], 7_200 + 40 + 20, 0.6, 40],
    [
      'a step that was not needed is behind it, too',
      'applying',
      [
        ['gates', 10],
        ['queue', 0],
        ['apply', 0],
      ],
      30,
      0.6,
      40,
    ],
    ['a clock that was put back takes nothing away', 'applying', USUAL.slice(0, 5), -500, 0.4, 60],
    ['one that failed is as far as it came', 'failure', [...USUAL.slice(0, 4), ['apply', 20]], 999, 0.6, null],
    [
      'one that was cancelled as well',
      'cancelled',
      [
        ['gates', 10],
        ['wait', 500],
      ],
      999,
      0.1,
      null,
    ],
    [
      'a success is all of it',
      'success',
      [
        ['gates', 1],
        ['queue', 1],
        ['apply', 1],
      ],
      999,
      1,
      null,
    ],
  ])('%s', (_what, state, spent, seconds, done, left) => {
    const found = estimate(deployment(state, spent), three, at(seconds))
    expect(found).toEqual({
      ...{ expected: 100 * SECOND, spread: [100 * SECOND, 100 * SECOND], isLate: false },
      ...{ done: expect.closeTo(done, 6), left: left === null ? null : left * SECOND },
    })
  })

  test('one that takes longer than nine of ten did is late, and nobody says how long it will be', () => {
    const applying = deployment('applying', USUAL.slice(0, 5))
    expect(estimate(applying, three, at(45 + 60))).toMatchObject({ isLate: false, left: 20 * SECOND })
    expect(estimate(applying, three, at(45 + 61))).toMatchObject({ isLate: true, left: null, done: 0.4 + 0.4 * 0.95 })
  })

  test('while it goes on, it never goes back', () => {
    const applying = deployment('applying', USUAL.slice(0, 5))
    const seen = Array.from({ length: 200 }, (_, second) => estimate(applying, three, at(45 + second)).done)
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expect(estimate(deployment('observing', USUAL), three, at(85)).done).toBeGreaterThan(seen.at(-1)!)
  })
})

describe('too little is known', () => {
  const UNKNOWN = { expected: null, spread: null, left: null, isLate: false }
  const idle = { alreadyRunning: true }
  test.each<[what: string, earlier: readonly Deployment[]]>([
    ['with none', []],
    ['with two', three.slice(1)],
    ['where some changed nothing', [...three.slice(1), success('d', USUAL, idle)]],
    ['where one is itself', [...three.slice(1), success('this')]],
    ['where one did not succeed', [...three.slice(1), deployment('failure', USUAL, { id: 'd' })]],
  ])('%s', (_what, earlier) => {
    expect(estimate(deployment('applying', USUAL.slice(0, 5)), earlier, at(60))).toEqual({ ...UNKNOWN, done: 0 })
    expect(estimate(deployment('success', USUAL), earlier, at(60))).toEqual({ ...UNKNOWN, done: 1 })
  })

  test('while a former image is put back', () => {
    const restoring = deployment('restoring', [...USUAL.slice(0, 5), ['restore', 0]])
    expect(estimate(restoring, three, at(100))).toEqual({ ...UNKNOWN, done: 0 })
  })
})

describe('earlier ones that differ', () => {
  const applied = (seconds: number, id = String(seconds)) =>
    success(id, [
      ['gates', 10],
      ['apply', seconds],
    ])

  test('give the median of each step, and between which eight of ten were', () => {
    const ten = Array.from({ length: 10 }, (_, nth) => applied(10 * (nth + 1)))
    expect(estimate(deployment('requested', []), ten, NOON)).toMatchObject({
      expected: 65 * SECOND,
      spread: [20 * SECOND, 100 * SECOND],
      left: 65 * SECOND,
    })
  })

  test('may have had other steps: what most of them did without is not expected', () => {
    const earlier = [...three, applied(40, 'd'), applied(40, 'e'), applied(40, 'f'), applied(40, 'g')]
    expect(estimate(deployment('requested', []), earlier, NOON)).toMatchObject({ expected: 50 * SECOND, spread: [50 * SECOND, 100 * SECOND] })
  })

  test('may have gone through a step twice', () => {
    const twice = ['a', 'b', 'c'].map((id) =>
      success(id, [
        ['resolve', 10],
        ['wait', 600],
        ['resolve', 10],
        ['apply', 20],
      ]),
    )
    expect(estimate(deployment('requested', []), twice, NOON)).toMatchObject({ expected: 40 * SECOND })
    const again = deployment('resolving', [
      ['resolve', 10],
      ['wait', 600],
      ['resolve', 0],
    ])
    expect(estimate(again, twice, at(615))).toMatchObject({ done: 0.375, left: 25 * SECOND })
  })

  test('waited for hours, which nobody expects again', () => {
    const slow = ['a', 'b', 'c'].map((id) =>
      success(id, [
        ['gates', 10],
        ['wait', 5 * 3_600],
        ['queue', 3_600],
        ['apply', 10],
      ]),
    )
    expect(estimate(deployment('requested', []), slow, NOON)).toMatchObject({ expected: 20 * SECOND, spread: [20 * SECOND, 20 * SECOND] })
  })

  test('took no time that could be measured', () => {
    const sudden = ['a', 'b', 'c'].map((id) =>
      success(id, [
        ['gates', 0],
        ['apply', 0],
      ]),
    )
    const found = estimate(
      deployment('applying', [
        ['gates', 0],
        ['apply', 0],
      ]),
      sudden,
      NOON,
    )
    expect(found).toEqual({ expected: 0, spread: [0, 0], done: 0, left: 0, isLate: false })
  })

  test('are looked at up to twenty, the newest', () => {
    const old = Array.from({ length: 30 }, (_, nth) => applied(nth < 20 ? 10 : HOUR, `d${nth}`))
    expect(estimate(deployment('requested', []), old, NOON)).toMatchObject({ expected: 20 * SECOND, spread: [20 * SECOND, 20 * SECOND] })
  })
})
