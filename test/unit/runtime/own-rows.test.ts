import { expect, test } from 'vitest'
import type { DurableSql } from '../../../src/runtime/cloudflare/durable-sql.ts'
import { createSpentElsewhere } from '../../../src/runtime/cloudflare/own-rows.ts'
import { memorySql } from '../../world/memory-sql.ts'

const NOW = 1_000_000_000
const HOUR = 3_600_000

test('what a repository tells once more is neither counted nor written once more', () => {
  const sql = memorySql() as unknown as DurableSql
  const spent = createSpentElsewhere(sql)
  const written = () => sql.all<{ n: number }>('select total_changes() as n')[0]?.n
  const told = (creates: number) => ({
    installation: 7,
    created: [
      { at: NOW - 5, creates: 3 },
      { at: NOW, creates },
    ],
    until: 0,
  })
  expect(spent.noted(1, told(1), NOW).created).toEqual([
    { at: NOW - 5, creates: 3 },
    { at: NOW, creates: 1 },
  ])
  const before = written()
  expect(spent.noted(1, told(1), NOW).created).toHaveLength(2)
  expect(written()).toBe(before)
  // In the same millisecond there may have been one more.
  expect(spent.noted(1, told(2), NOW).created.at(-1)).toEqual({ at: NOW, creates: 2 })
  expect(spent.noted(2, { installation: 7, created: [{ at: NOW, creates: 4 }], until: NOW + HOUR }, NOW)).toMatchObject({ until: NOW + HOUR })
  expect(
    spent
      .noted(3, { installation: 7, created: [], until: 0 }, NOW)
      .created.map(({ creates }) => creates)
      .toSorted(),
  ).toEqual([2, 3, 4])
})
