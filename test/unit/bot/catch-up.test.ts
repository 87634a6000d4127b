import { beforeEach, describe, expect, test } from 'vitest'
import { createCatchUp } from '../../../src/bot/catch-up.ts'
import { createIntake } from '../../../src/bot/intake.ts'
import type { Attempt } from '../../../src/bot/deliveries.ts'
import { Activity } from '../../../src/deploy/activity.ts'
import { Failure } from '../../../src/errors.ts'
import { Time } from '../../world/time.ts'
import { Desk } from './desk.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A list of GitHub's, newest first, in pages of two; whatever is read in it asks nothing. */
class List {
  readonly time: Time = new Time(() => this.#activity.idle())
  readonly #activity = new Activity(this.time)
  readonly rows: Attempt[] = []
  readonly read: string[] = []
  readonly pages: (string | null)[] = []
  readonly said: string[] = []
  until: number | null = null
  trouble: (about: string) => Error | null = () => null
  /** What the attempts carry, by id; null where it is not said. */
  readonly bodies = new Map<string, unknown>()
  readonly desk = new Desk()
  begin: () => void

  constructor() {
    const { desk } = this
    const log = { info: () => {}, warn: (_: object, message: string) => void this.said.push(message) }
    this.begin = createCatchUp({
      deliveries: {
        failed: async (cursor) => {
          this.#fails('list')
          this.pages.push(cursor)
          const start = Number(cursor ?? 0)
          const newest = this.rows.toSorted((a, b) => b.at - a.at)
          return { attempts: newest.slice(start, start + 2), next: start + 2 < newest.length ? String(start + 2) : null }
        },
        body: async (id) => {
          this.#fails(id)
          this.read.push(id)
          return this.bodies.get(id) ?? null
        },
      },
      readDelivery: createIntake(desk.github.identity.id).readDelivery,
      // As where they are somewhere else.
      caughtUp: { until: async () => this.until, isUntil: async (time) => void (this.until = time) },
      missedInbox: { store: async (deliveries) => desk.inbox.store(deliveries), has: async (key) => desk.inbox.has(key) },
      ...{ github: desk.door, clock: this.time, activity: this.#activity, log, work: () => {} },
      incident: (error) => String(this.said.push(String(error))),
    })
  }

  #fails(about: string): void {
    const error = this.trouble(about)
    if (error !== null) throw error
  }

  /** Tried so long ago. */
  has(id: string, ago: number, more: Partial<Attempt> = {}): void {
    this.rows.push({ id, guid: id, event: 'issue_comment', action: 'created', at: this.time.now() - ago, hasArrived: false, ...more })
  }

  async looks(): Promise<void> {
    this.begin()
    await this.#activity.idle()
  }
}

let list: List
beforeEach(() => {
  list = new List()
})

const unavailable = new Failure('GITHUB_UNAVAILABLE', { sentence: 'It did not answer.', next: 'Wait.' })

test('what may still be obeyed is read first, the oldest of it before all; then what is too old', async () => {
  list.until = list.time.now() - 48 * HOUR
  for (const [id, ago] of [
    ['new', 1],
    ['old', 20 * 60],
    ['middle', 30],
    ['older', 40 * 60],
    ['first', 89],
  ] as const)
    list.has(id, ago * MINUTE)
  await list.looks()
  expect(list.read).toEqual(['first', 'middle', 'new', 'older', 'old'])
})

test('only events that are read, and nothing that has arrived by another attempt', async () => {
  list.has('status', MINUTE, { event: 'status', action: null })
  list.has('check', MINUTE, { event: 'check_run', action: 'completed' })
  list.has('edited', MINUTE, { action: 'edited' })
  list.has('1', 3 * MINUTE, { guid: 'twice' })
  list.has('2', 2 * MINUTE, { guid: 'twice' })
  list.has('3', 3 * MINUTE, { guid: 'arrived' })
  list.has('4', 2 * MINUTE, { guid: 'arrived', hasArrived: true })
  await list.looks()
  expect(list.read).toEqual(['1'])
})

test('what somebody waits for comes before what nobody does', async () => {
  list.until = list.time.now() - 48 * HOUR
  list.has('head', 3 * MINUTE, { event: 'pull_request', action: 'synchronize' })
  list.has('push', 2 * MINUTE, { event: 'push', action: null })
  list.has('old', 20 * HOUR)
  list.has('label', MINUTE, { event: 'pull_request', action: 'labeled' })
  list.has('button', 0.5 * MINUTE, { event: 'check_run', action: 'requested_action' })
  list.has('comment', 0)
  await list.looks()
  expect(list.read).toEqual(['label', 'button', 'comment', 'head', 'push', 'old'])
})

describe('of what is no command', () => {
  const iso = (at: number): string => new Date(at).toISOString()
  const placed = () => {
    const { repository, installation } = list.desk.github
    const { id, node, name, owner } = repository
    return { installation: { id: installation.id }, repository: { id, node_id: node, name, owner: { id: owner.id, login: owner.login } } }
  }
  const pull = (number: number, at: number) => ({
    ...placed(),
    pull_request: { number, updated_at: iso(at), head: { sha: 'a'.repeat(40) }, merged: true },
    sender: null,
  })
  const push = (at: number) => {
    const where = placed()
    const repository = { ...where.repository, default_branch: 'main', pushed_at: Math.floor(at / 1000) }
    const commits = { before: 'b'.repeat(40), after: 'a'.repeat(40), sender: { id: 9, login: 'ada' } }
    return { ...where, repository, ref: 'refs/heads/main', ...commits }
  }
  /** `key`'s first letter and what becomes of it. */
  const stored = () =>
    list.desk.inbox
      .pending(10)
      .map(({ key }) => [key.slice(0, 1), list.desk.inbox.find(key)?.missed])
      .toSorted()

  test('heads, ends and removals are replayed however old they are, and nothing is asked about them', async () => {
    list.until = list.time.now() - 48 * HOUR
    const old = list.time.now() - 20 * HOUR
    for (const [id, event, action, body] of [
      ['head', 'pull_request', 'synchronize', pull(3, old)],
      ['end', 'pull_request', 'closed', pull(4, old)],
      ['gone', 'installation', 'deleted', { installation: { id: 1, updated_at: iso(old) } }],
    ] as const) {
      list.has(id, 20 * HOUR, { event, action })
      list.bodies.set(id, { action, ...body })
    }
    await list.looks()
    expect(stored()).toEqual([
      ['g', 'run'],
      ['h', 'run'],
      ['x', 'run'],
    ])
    expect(list.desk.calls()).toEqual([])
  })

  test('a push is carried out while it is young, and only remembered when it is old', async () => {
    list.until = list.time.now() - 48 * HOUR
    for (const [id, ago] of [
      ['young', MINUTE],
      ['old', 2 * HOUR],
    ] as const) {
      list.has(id, ago, { event: 'push', action: null })
      list.bodies.set(id, push(list.time.now() - ago))
    }
    await list.looks()
    expect(stored()).toEqual([
      ['p', 'done'],
      ['p', 'run'],
    ])
    expect(list.desk.calls()).toEqual(['POST /graphql viewer repository'])
  })
})

test('the list is followed back to the last look, and no further than GitHub remembers', async () => {
  for (let hour = 1; hour <= 100; hour++) list.has(String(hour), hour * HOUR)
  list.until = list.time.now() - 5.5 * HOUR
  await list.looks()
  expect([list.read.length, list.pages.length]).toEqual([5, 3])
  expect(list.until).toBe(list.time.now() - 5 * MINUTE)
  list.until = list.time.now() - 1000 * HOUR
  list.read.length = 0
  await list.looks()
  expect(list.read).toHaveLength(72 - 5)
})

test('without any memory only what may still be obeyed is looked for', async () => {
  list.has('young', 89 * MINUTE)
  list.has('old', 91 * MINUTE)
  await list.looks()
  expect(list.read).toEqual(['young'])
})

test('again after a minute, then every five, and nothing is read twice', async () => {
  list.has('1', MINUTE)
  await list.looks()
  await list.time.passes('1 minute')
  expect(list.pages).toHaveLength(2)
  list.has('2', 0)
  await list.time.passes('4 minutes')
  expect(list.read).toEqual(['1'])
  await list.time.passes('1 minute')
  expect([list.read, list.pages.length]).toEqual([['1', '2'], 3])
})

test('after a failure some quick tries, then as always; said once', async () => {
  list.trouble = () => unavailable
  await list.looks()
  await list.time.passes('1 hour')
  expect(list.said).toEqual(['GitHub cannot be asked for missed deliveries; it is asked again later'])
  expect(list.until).toBeNull()
  list.has('1', 0)
  list.trouble = () => null
  await list.time.passes('10 minutes')
  expect(list.read).toEqual(['1'])
})

test('what GitHub cannot give out comes last the next time, and the look counts only once it is read', async () => {
  for (const [id, ago] of [
    ['bad', 3],
    ['good', 2],
    ['better', 1],
  ] as const)
    list.has(id, ago * MINUTE)
  list.trouble = (about) => (about === 'bad' ? unavailable : null)
  await list.looks()
  expect(list.read).toEqual([])
  await list.time.passes('2 seconds')
  expect([list.read, list.until]).toEqual([['good', 'better'], null])
  list.trouble = () => null
  await list.time.passes('1 minute')
  expect(list.read).toEqual(['good', 'better', 'bad'])
  expect(list.until).not.toBeNull()
})

test('a mistake of our own is an incident, and the next look comes all the same', async () => {
  list.trouble = () => new TypeError('oh')
  await list.looks()
  expect(list.said).toEqual(['TypeError: oh'])
  list.trouble = () => null
  await list.time.passes('5 minutes')
  expect(list.pages).toHaveLength(1)
})

test('so many failures that they fill a hundred pages: the newest are read', async () => {
  for (let nth = 1; nth <= 300; nth++) list.has(String(nth), nth * 1_000)
  await list.looks()
  expect([list.read.length, list.pages.length]).toEqual([200, 100])
  expect(list.said).toEqual(['so many deliveries failed that only the newest are looked at'])
})
