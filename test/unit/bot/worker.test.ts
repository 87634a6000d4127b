import { beforeEach, expect, test } from 'vitest'
import { createWorker, type Outcome } from '../../../src/bot/worker.ts'
import { Activity } from '../../../src/deploy/activity.ts'
import type { Delivery, Inbox, Pending } from '../../../src/deploy/journal.ts'
import { createInbox } from '../../../src/store/inbox.ts'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { Time } from '../../world/time.ts'

const MINUTE = 60_000
const DONE: Outcome = { retryIn: null, aside: Promise.resolve() }
const AGAIN: Outcome = { retryIn: MINUTE, aside: Promise.resolve() }

let time: Time
let activity: Activity
let inbox: Inbox
/** What was handled, try by try. */
let tried: string[]
let incidents: string[]
/** Of the deliveries of this repository nothing comes yet. */
let broken: number | null

/** A process begins over what the inbox holds. */
function starts(over = inbox, handle: (delivery: Delivery) => Promise<Outcome> = async () => DONE): () => void {
  return createWorker({
    inbox: over,
    clock: time,
    activity,
    handle: async (delivery) => {
      tried.push(delivery.key)
      return delivery.key.startsWith(`c:${broken}:`) ? AGAIN : handle(delivery)
    },
    incident: (error, about) => {
      incidents.push(`${about}: ${(error as Error).message}`)
      return 'i1'
    },
  })
}

const delivery = (repository: number, number: number): Delivery => ({
  ...{ key: `c:${repository}:${number}`, guid: 'g', event: 'issue_comment', payload: `{"number":${number}}`, receivedAt: 5 },
})
const deliveries = (repository: number, count: number): Delivery[] => Array.from({ length: count }, (_, number) => delivery(repository, number))
const waiting = (): string[] => inbox.pending(5_000).map(({ key }) => key)

beforeEach(() => {
  activity = new Activity(time)
  time = new Time(() => activity.idle())
  inbox = createInbox(memoryDatabase())
  tried = []
  incidents = []
  broken = null
})

test('however many wait for one repository to come back, those of others are taken, before and after a start', async () => {
  broken = 1
  inbox.store([...deliveries(1, 1_500), delivery(2, 0)])
  const work = starts()
  work()
  await activity.idle()
  expect(tried).toContain('c:2:0')
  inbox.store([delivery(3, 0)])
  work()
  await activity.idle()
  expect(tried).toContain('c:3:0')

  tried = []
  inbox.store([delivery(2, 1)])
  time.forget()
  starts()()
  await activity.idle()
  expect(tried.length).toBe(1_501)
  broken = null
  await time.passes('1 minute')
  expect(waiting()).toEqual([])
})

test('a thousand in a row of one repository keep nobody else waiting', async () => {
  inbox.store([...deliveries(1, 1_500), delivery(2, 0)])
  const release = Promise.withResolvers<Outcome>()
  starts(inbox, ({ key }) => (key === 'c:1:0' ? release.promise : Promise.resolve(DONE)))()
  await new Promise((resolve) => setImmediate(resolve))
  expect(tried).toEqual(['c:1:0', 'c:2:0'])
  release.resolve(DONE)
  await activity.idle()
  expect(waiting()).toEqual([])
})

test('as many repositories as have their turn at once, all flooded, keep nobody waiting for longer than a turn', async () => {
  for (let repository = 1; repository <= 40; repository += 1) inbox.store(deliveries(repository, 50))
  inbox.store([delivery(99, 0), delivery(99, 1)])
  starts()()
  await activity.idle()
  expect(tried).toHaveLength(40 * 50 + 2)
  expect(tried.indexOf('c:99:0')).toBeLessThanOrEqual(41)
  expect(tried.indexOf('c:99:1')).toBeLessThanOrEqual(82)
  expect(tried.filter((key) => key.startsWith('c:7:'))).toEqual(deliveries(7, 50).map(({ key }) => key))
})

test('each is tried once, whoever asks for work meanwhile', async () => {
  inbox.store(deliveries(1, 3))
  const aside = Promise.withResolvers<void>()
  const work = starts(inbox, async () => {
    work()
    return { retryIn: null, aside: aside.promise }
  })
  work()
  work()
  await new Promise((resolve) => setImmediate(resolve))
  expect(tried).toEqual(['c:1:0', 'c:1:1', 'c:1:2'])
  aside.resolve()
})

test('what the disk does not give is read again a minute later, and what it does not take down is done again by the next start', async () => {
  inbox.store(deliveries(1, 2))
  let fails: (keyof Inbox)[] = ['pending']
  const failing = (door: keyof Inbox) => {
    if (fails.includes(door)) throw new Error('the disk fails')
    return inbox
  }
  const work = starts({
    ...inbox,
    pending: (...page) => failing('pending').pending(...page),
    find: (key) => failing('find').find(key),
    handled: (key, now) => failing('handled').handled(key, now),
  })
  work()
  await activity.idle()
  fails = ['find']
  work()
  await activity.idle()
  expect([tried, incidents]).toEqual([[], ['the inbox: the disk fails', 'c:1:0: the disk fails', 'c:1:1: the disk fails']])
  fails = ['handled']
  await time.passes('1 minute')
  expect(tried).toEqual(['c:1:0', 'c:1:1'])
  expect(waiting()).toEqual(['c:1:0', 'c:1:1'])
  starts()()
  await activity.idle()
  expect([tried.length, waiting()]).toEqual([4, []])
})

test('no more than 100,000 are held, and one that is done makes room for the next', async () => {
  const total = 100_002
  let given = 0
  const endless: Inbox = {
    ...inbox,
    pending: (limit, after = 0): readonly Pending[] => {
      const page = Array.from({ length: Math.min(limit, total - after) }, (_, index) => ({
        key: `c:1:${after + index + 1}`,
        sequence: after + index + 1,
      }))
      given += page.length
      return page
    },
    find: (key) => ({ ...delivery(1, 0), key }),
    handled: () => {},
  }
  const release = Promise.withResolvers<Outcome>()
  starts(endless, ({ key }) => (key === 'c:1:2' ? release.promise : Promise.resolve(DONE)))()
  expect(given).toBe(100_000)
  await new Promise((resolve) => setImmediate(resolve))
  expect([tried, given]).toEqual([['c:1:1', 'c:1:2'], 100_001])
  release.resolve(AGAIN)
})
