import { expect, test } from 'vitest'
import type { Lock, Person } from '../../../src/deploy/deployment.ts'
import { createLocks } from '../../../src/store/locks.ts'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { ADA, GRACE, request, lockOn } from '../deploy/situation.ts'

const { repository } = request()
const NOW = 1_000
const lockOf = (owner: Person | null, different: Partial<Omit<Lock, 'id'>> = {}): Omit<Lock, 'id'> => ({
  ...lockOn('shop/staging', { owner, since: NOW, askedAt: NOW, until: NOW + 100 }),
  ...different,
})

test('a lock that stands is nobody else’s to take, but of whoever names it to take it over', () => {
  const locks = createLocks(memoryDatabase())
  const first = locks.take(lockOf(ADA), {})!
  expect(locks.take(lockOf(GRACE), {})).toBeNull()
  expect(locks.find(repository.id, 'shop/staging', NOW)).toEqual(first)
  expect(locks.take(lockOf(GRACE), { over: first.id })).toMatchObject({ owner: GRACE })
  expect(locks.holding(repository.id, 'shop/staging', NOW)).toHaveLength(1)
})

test('an environment is held by its own lock and by that of the whole repository, each for itself', () => {
  const locks = createLocks(memoryDatabase())
  const own = locks.take(lockOf(ADA), {})!
  const all = locks.take(lockOf(GRACE, { environment: '*' }), {})!
  locks.take(lockOf(GRACE, { environment: 'shop/production' }), {})
  expect(locks.holding(repository.id, 'shop/staging', NOW)).toEqual([own, all])
  expect(locks.find(repository.id, 'shop/staging', NOW)).toEqual(own)
  expect(locks.find(repository.id, '*', NOW)).toEqual(all)
  expect(locks.holding(repository.id, 'store/staging', NOW)).toEqual([all])
})

test('a lock that has ended stands in nobody’s way', () => {
  const locks = createLocks(memoryDatabase())
  locks.take(lockOf(ADA), {})
  expect(locks.find(repository.id, 'shop/staging', NOW + 99)).toMatchObject({ owner: ADA })
  expect(locks.find(repository.id, 'shop/staging', NOW + 100)).toBeNull()
  expect(locks.take(lockOf(GRACE, { since: NOW + 100 }), {})).toMatchObject({ owner: GRACE })
})

test('the same cause locks once, also after somebody has given that lock up', () => {
  const locks = createLocks(memoryDatabase())
  expect(locks.take(lockOf(null, { until: null }), { cause: 'a' })).toMatchObject({ owner: null })
  expect(locks.take(lockOf(null, { until: null }), { cause: 'a' })).toBeNull()
  expect(locks.holding(repository.id, 'shop/staging', NOW)).toHaveLength(1)
})

test('whose end is near is to be reminded until they have been', () => {
  const locks = createLocks(memoryDatabase())
  const soon = locks.take(lockOf(ADA), {})!
  locks.take(lockOf(ADA, { environment: 'shop/production', until: NOW + 500 }), {})
  expect([locks.due(NOW + 200, NOW), locks.due(NOW + 200, NOW)]).toEqual([[soon], [soon]])
  locks.reminded(soon.id)
  expect(locks.due(NOW + 200, NOW)).toEqual([])
})
