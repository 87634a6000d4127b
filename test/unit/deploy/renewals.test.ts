import { beforeEach, expect, test } from 'vitest'
import { Activity } from '../../../src/deploy/activity.ts'
import { createRenewals } from '../../../src/deploy/renewals.ts'
import type { Renewals } from '../../../src/deploy/renewals.ts'
import { migrateAccounts } from '../../../src/store/migrations.ts'
import { createRenewalRows } from '../../../src/store/renewals.ts'
import { memorySql } from '../../world/memory-sql.ts'
import { Time } from '../../world/time.ts'

// Credentials that clouds make live for hours; they are made anew at half of their life, by whatever process runs then.

const HOUR = 3_600_000
let sql: ReturnType<typeof memorySql>
let made: string[]
/** What the cloud answers next; it makes a credential of twelve hours where nothing is said. */
let troubles: Error[]
/** Nobody has used what was made for these. */
let idle: Set<string>
/** What was kept of these has lived for so long, and is not at half of its life. */
let young: Map<string, number>
let incidents: string[]
let time: Time
let activity: Activity
let renewals: Renewals

/** A process starts over what the disk holds, knowing these credentials. */
function starts(...names: string[]): void {
  time = new Time(() => activity.idle())
  activity = new Activity(time)
  const mint = (name: string) => async () => {
    const trouble = troubles.shift()
    if (trouble !== undefined) throw trouble
    if (idle.has(name)) return 'idle' as const
    const age = young.get(name)
    if (age !== undefined) {
      renewals.minted(name, 12 * HOUR, age)
      return 'young' as const
    }
    made.push(name)
    renewals.minted(name, 12 * HOUR)
    return 'made' as const
  }
  const refresh = new Map(names.map((name) => [name, mint(name)]))
  renewals = createRenewals({ rows: createRenewalRows(sql), refresh, clock: time, activity, incident: (error) => incidents.push(String(error)) })
  renewals.recover()
}
const rows = () => createRenewalRows(sql).all()

beforeEach(() => {
  sql = memorySql()
  migrateAccounts(sql)
  ;[made, troubles, idle, young, incidents] = [[], [], new Set(), new Map(), []]
  starts('ecr', 'acr')
})

test('nothing is made for what nobody uses', async () => {
  await time.passes('24 hours')
  expect([made, time.isWaiting]).toEqual([[], false])
})

test('at half of its life a new one is made, again and again', async () => {
  renewals.minted('ecr', 12 * HOUR)
  await time.passes('5 hours')
  expect(made).toEqual([])
  await time.passes('1 hour')
  expect(made).toEqual(['ecr'])
  await time.passes('12 hours')
  expect(made).toEqual(['ecr', 'ecr', 'ecr'])
})

test('several are kept apart, each with its own time', async () => {
  renewals.minted('ecr', 12 * HOUR)
  renewals.minted('acr', 3 * HOUR)
  await time.passes('2 hours')
  expect(made).toEqual(['acr'])
  await time.passes('4 hours')
  expect(made).toEqual(['acr', 'ecr'])
})

test('a new process makes what the old one had in use and did not keep', async () => {
  renewals.minted('ecr', 12 * HOUR)
  starts('ecr', 'acr')
  await time.passes('1 second')
  expect(made).toEqual(['ecr'])
  expect(rows()).toMatchObject([{ credential: 'ecr', failures: 0 }])
})

test('what was kept is not made again before half of its life', async () => {
  renewals.minted('ecr', 12 * HOUR)
  await time.passes('2 hours')
  young.set('ecr', 2 * HOUR)
  starts('ecr', 'acr')
  await time.passes('1 second')
  const mintedAt = time.now() - 1_000 - 2 * HOUR
  expect([made, rows()]).toEqual([[], [{ credential: 'ecr', mintedAt, endsAt: mintedAt + 12 * HOUR, dueAt: mintedAt + 6 * HOUR, failures: 0 }]])
  young.clear()
  await time.passes('3 hours')
  expect(made).toEqual([])
  await time.passes('1 hour')
  expect(made).toEqual(['ecr'])
})

test('what fails is tried again after 30 s, 1 min, 2 min … 15 min, and forgotten once it works', async () => {
  renewals.minted('ecr', 12 * HOUR)
  troubles = Array.from({ length: 7 }, () => new Error('the cloud is down'))
  await time.passes('6 hours')
  for (const [wait, failures] of [
    ['30 seconds', 2],
    ['1 minute', 3],
    ['2 minutes', 4],
    ['4 minutes', 5],
    ['8 minutes', 6],
    ['15 minutes', 7],
  ] as const) {
    await time.passes(wait)
    expect(rows()[0]?.failures).toBe(failures)
  }
  await time.passes('15 minutes')
  expect([made, rows()[0]?.failures]).toEqual([['ecr'], 0])
})

test('what the operator has taken away is forgotten', async () => {
  renewals.minted('ecr', 12 * HOUR)
  starts('acr')
  await time.passes('1 second')
  expect([made, rows(), time.isWaiting]).toEqual([[], [], false])
})

test('a row says when, and nothing of the value', () => {
  renewals.minted('ecr', 12 * HOUR)
  const now = time.now()
  expect(rows()).toEqual([{ credential: 'ecr', mintedAt: now, endsAt: now + 12 * HOUR, dueAt: now + 6 * HOUR, failures: 0 }])
})

test('what nobody has used since is not made again', async () => {
  renewals.minted('ecr', 12 * HOUR)
  idle.add('ecr')
  await time.passes('24 hours')
  expect([made, rows(), time.isWaiting]).toEqual([[], [], false])
})

test('a disk that is full kills nothing, and is an incident', async () => {
  renewals.minted('ecr', 12 * HOUR)
  sql.all('drop table renewal')
  await time.passes('6 hours')
  renewals.minted('acr', 12 * HOUR)
  expect(incidents.length).toBeGreaterThan(0)
})
