import { expect, test } from 'vitest'
import { Activity } from '../../../src/deploy/activity.ts'
import { Time } from '../../world/time.ts'

test('idle waits for everything that runs, also for what begins meanwhile', async () => {
  const activity = new Activity(new Time(async () => {}))
  const ended: string[] = []
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  void activity.run(async () => {
    await first.promise
    void activity.run(() => second.promise.then(() => void ended.push('second')))
    ended.push('first')
  })
  const idle = activity.idle().then(() => ended.push('idle'))
  first.resolve()
  await Promise.resolve()
  second.resolve()
  await idle
  expect(ended).toEqual(['first', 'second', 'idle'])
})

test('idle is over at once where nothing runs, and after a failure too', async () => {
  const activity = new Activity(new Time(async () => {}))
  await activity.idle()
  await expect(activity.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  await activity.idle()
})

test('a pause is not running; what goes on after it counts from the very tick', async () => {
  const time = new Time(async () => {})
  const activity = new Activity(time)
  let isDone = false
  const run = activity.run(async () => {
    await activity.pause(1_000)
    await new Promise((resolve) => setImmediate(resolve))
    isDone = true
  })
  await activity.idle()
  expect([isDone, time.isWaiting]).toEqual([false, true])
  const passing = time.passes('1 second')
  await activity.idle() // asked in the same tick as the clock rang
  expect(isDone).toBe(true)
  await Promise.all([run, passing])
})
