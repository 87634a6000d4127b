import { describe, expect, test } from 'vitest'
import type { Charted } from '../../../src/deploy/figures.ts'
import { chartOf, saidOf } from '../../../src/web/look/chart.ts'

const one = (took: number, state: Charted['state'] = 'success'): Charted => ({
  ...{ id: `1-${took}`, state, startedAt: 0, endedAt: took, took },
  ...{ isRollback: false, alreadyRunning: false, commit: null },
})
const many = (...times: number[]): Charted[] => times.map((took) => one(took))

/** The picture is 120 high, 16 of them for marks; a bar is at least 2 high. */
const ROWS: readonly (readonly [what: string, series: readonly Charted[], top: number, heights: readonly number[], cut: readonly number[]])[] = [
  ['nothing', [], 1, [], []],
  ['one', many(8_000), 8_000, [104], []],
  ['two, the second half as long', many(8_000, 4_000), 8_000, [104, 52], []],
  ['one that took no time is still to be seen', many(8_000, 0), 8_000, [104, 2], []],
  ['nothing that took any time', many(0, 0), 1, [2, 2], []],
  [
    'one that waited a night is cut at twice what nine in ten took',
    many(10, 10, 10, 10, 10, 10, 10, 10, 10, 5_000),
    20,
    [52, 52, 52, 52, 52, 52, 52, 52, 52, 104],
    [9],
  ],
  ['one that took twice as long is not', many(10, 10, 10, 10, 10, 10, 10, 10, 10, 20), 20, [52, 52, 52, 52, 52, 52, 52, 52, 52, 104], []],
]

describe('the chart', () => {
  test.each(ROWS)('of %s', (_, series, top, heights, cut) => {
    const chart = chartOf(series)
    expect(chart.top).toBe(top)
    expect(chart.bars.map(({ height }) => height)).toEqual(heights)
    expect(chart.bars.flatMap(({ isCut }, index) => (isCut ? [index] : []))).toEqual(cut)
  })

  test('stands on the ground, side by side, within the picture, however many there are', () => {
    for (const count of [1, 2, 30, 60]) {
      const { bars } = chartOf(many(...Array.from({ length: count }, (_, index) => 1_000 + index)))
      for (const [index, { x, y, width, height }] of bars.entries()) {
        expect(y + height).toBeCloseTo(120)
        expect(x).toBeGreaterThanOrEqual(index === 0 ? 0 : (bars[index - 1]?.x ?? 0) + (bars[index - 1]?.width ?? 0))
        expect(x + width).toBeLessThanOrEqual(720)
      }
    }
  })

  test('is said in words, too', () => {
    expect(saidOf([one(4_000), one(60_000, 'failure'), one(8_000)])).toBe(
      '2 succeeded, 1 failed. They took 4 s to 1 min 0 s; half of them at most 8 s.',
    )
    expect(saidOf([one(4_000), one(4_000, 'unknown')])).toContain('of 1 the outcome is not known')
  })
})
