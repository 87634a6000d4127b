import { expect, test } from 'vitest'
import { Activity } from '../../../src/deploy/activity.ts'
import { createWatch, type Rounds } from '../../../src/deploy/watch.ts'
import { Time } from '../../world/time.ts'

const MINUTE = 60_000

/** Minutes in which somebody looked around. */
function watching() {
  const time: Time = new Time(() => activity.idle())
  const activity: Activity = new Activity(time)
  const [looks, begun] = [[] as number[], time.now()]
  const doors = {
    ...{ clock: time, activity, incident: (error: unknown) => void looks.push(Number(error)) },
    locks: { due: () => (looks.push((time.now() - begun) / MINUTE), []) },
    journal: { successes: () => [] },
  }
  const starts = (rounds?: Rounds) => {
    time.forget()
    createWatch({ ...doors, ...(rounds && { rounds }) } as unknown as Parameters<typeof createWatch>[0], () => {})()
  }
  return { time, looks, starts }
}

test('a process that stays looks around every minute, each time from its start on', async () => {
  const { time, looks, starts } = watching()
  starts()
  await time.passes('3 minutes')
  starts()
  await time.passes('1 minute')
  expect(looks).toEqual([1, 2, 3, 4])
})

test('one that is another after every few minutes looks as often as if it were one', async () => {
  const { time, looks, starts } = watching()
  let last: number | null = null
  const rounds: Rounds = { every: 15 * MINUTE, last: () => last, made: (at) => void (last = at) }
  for (let life = 0; life < 20; life += 1) {
    starts(rounds)
    await time.passes('2 minutes')
  }
  await time.passes('90 minutes')
  starts(rounds)
  await time.passes('1 minute')
  expect(looks).toEqual([15, 30, 45, 60, 75, 90, 105, 120])
})
