import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { durableClock } from '../../../src/runtime/cloudflare/durable-clock.ts'

const MINUTE = 60_000

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000_000 }))
afterEach(() => void vi.useRealTimers())

test('what is far away holds nothing in memory, and rings when its time comes', () => {
  const clock = durableClock()
  const rung: string[] = []
  clock.after(15 * MINUTE, () => rung.push('look around'))
  clock.after(1_000, () => rung.push('soon'))
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(1_000)
  expect(vi.getTimerCount()).toBe(0)
  expect(clock.next()).toBe(1_000_000_000 + 15 * MINUTE)
  vi.advanceTimersByTime(15 * MINUTE)
  expect(rung).toEqual(['soon'])
  // The alarm, which is late by a second, asks what is due.
  expect(clock.next()).toBe(1_000_000_000 + 15 * MINUTE)
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(0)
  expect(rung).toEqual(['soon', 'look around'])
  expect(clock.next()).toBeNull()
})

test('what is cancelled rings no more, near or far', () => {
  const clock = durableClock()
  const rung = vi.fn<() => void>()
  const cancels = [clock.after(1_000, rung), clock.after(10 * MINUTE, rung)]
  for (const cancel of cancels) cancel()
  expect(clock.next()).toBeNull()
  vi.advanceTimersByTime(20 * MINUTE)
  expect(rung).not.toHaveBeenCalled()
})
