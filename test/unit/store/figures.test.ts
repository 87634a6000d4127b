import { expect, test } from 'vitest'
import type { EndState } from '../../../src/deploy/deployment.ts'
import type { Code } from '../../../src/errors.ts'
import { problem } from '../../../src/errors.ts'
import { createAnnouncements } from '../../../src/store/announcements.ts'
import { appendAccount, createAuditLog, noteBackup } from '../../../src/store/audit.ts'
import { createCaughtUp } from '../../../src/store/caught-up.ts'
import { createSpendings } from '../../../src/store/budget.ts'
import { createDrifts } from '../../../src/store/drifts.ts'
import { accountFigures, repositoryFigures } from '../../../src/store/figures.ts'
import { createInbox } from '../../../src/store/inbox.ts'
import { createJournal } from '../../../src/store/deployments.ts'
import { createLocks } from '../../../src/store/locks.ts'
import { followNews } from '../../../src/store/news.ts'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { MAC } from '../../world/mac.ts'
import { ADA, lockOn, NOON, plan, request, rules } from '../deploy/situation.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

function open() {
  const sql = memoryDatabase()
  const journal = createJournal(sql, MAC)
  return {
    ...{ sql, journal },
    /** Asked for at that time. */
    asks: (id: string, at: number) => journal.request(id, request({ key: `key of ${id}` }), at),
    applies(id: string, at: number): void {
      journal.move(id, 'requested', 'gating', { now: at, step: 'gates' })
      journal.move(id, 'gating', 'queued', { now: at, step: 'queue', plan: plan(), environment: `42:shop:${id}`, rules: rules(), planHash: 'hash' })
      journal.claim(id, [], 0, at)
    },
    ends: (id: string, state: EndState, at: number, code?: Code) =>
      journal.end(id, state, { now: at, ...(code !== undefined && { problem: problem(code, { sentence: 'A sentence.', next: 'Do something.' }) }) }),
    figures: (now: number) => repositoryFigures(sql, now),
  }
}

test('what has not ended is counted by its state, with the time that the oldest has been in it', () => {
  const { asks, applies, ends, figures } = open()
  for (const id of ['a', 'b', 'c', 'd']) asks(id, NOON)
  asks('e', NOON + MINUTE)
  applies('a', NOON + 10_000)
  applies('b', NOON + 20_000)
  applies('c', NOON)
  ends('c', 'success', NOON + 30_000)
  expect(figures(NOON + 2 * MINUTE).open).toEqual(
    new Map([
      ['applying', { count: 2, age: 110 }],
      ['requested', { count: 2, age: 120 }],
    ]),
  )
})

test('an unknown outcome counts until somebody has looked', () => {
  const { asks, applies, ends, figures, journal } = open()
  asks('a', NOON)
  applies('a', NOON)
  expect(figures(NOON).unknown).toBe(0)
  ends('a', 'unknown', NOON)
  expect(figures(NOON).unknown).toBe(1)
  journal.settle('42:shop:a', NOON)
  expect(figures(NOON).unknown).toBe(0)
})

test('what waits is overdue once its time is over', () => {
  const { asks, figures, journal } = open()
  asks('a', NOON)
  journal.move('a', 'requested', 'gating', { now: NOON })
  journal.wait('a', 'gating', { reason: 'approval', sentence: 'It waits.', until: NOON + HOUR, lookAt: NOON + HOUR }, { now: NOON, step: 'wait' })
  expect([figures(NOON + HOUR).overdue, figures(NOON + HOUR + 1).overdue]).toEqual([0, 1])
})

test('a last word that GitHub does not show yet is unsaid; after a day nobody can do anything about it', () => {
  const { sql, asks, applies, ends, figures } = open()
  const announcements = createAnnouncements(sql)
  asks('a', NOON)
  applies('a', NOON)
  expect(figures(NOON + MINUTE).unsaid).toEqual({ count: 0, age: 0 })
  ends('a', 'success', NOON)
  const { repository } = request()
  announcements.answer({ key: 'h:1', repository, subject: { number: 1, node: 'n' }, markdown: 'Help.', createdAt: NOON + 30_000 })
  expect(figures(NOON + MINUTE).unsaid).toEqual({ count: 2, age: 60 })
  announcements.complete('a')
  expect(figures(NOON + MINUTE).unsaid).toEqual({ count: 1, age: 30 })
  expect(figures(NOON + 25 * HOUR).unsaid.count).toBe(0)
})

test('deliveries, drifts and locks are counted with the age of the oldest', () => {
  const { sql, figures } = open()
  const inbox = createInbox(sql)
  const [drifts, locks] = [createDrifts(sql), createLocks(sql, MAC)]
  expect(figures(NOON)).toMatchObject({ deliveries: { count: 0, age: 0 }, drifts: { count: 0, age: 0 } })
  inbox.store([1, 2, 3].map((n) => ({ key: `c:1:${n}`, guid: 'g', event: 'issue_comment', payload: '{}', receivedAt: NOON + n * 1000 })))
  inbox.handled('c:1:1', NOON)
  drifts.noticed('42:shop:staging', 'a', 'something else', NOON)
  locks.take(lockOn('shop/staging', { owner: ADA, since: NOON, until: NOON + HOUR }), {})
  locks.take(lockOn('shop/production', { owner: null, since: NOON + MINUTE, until: null }), {})
  expect(figures(NOON + 2 * MINUTE)).toMatchObject({
    deliveries: { count: 2, age: 118 },
    drifts: { count: 1, age: 120 },
    locks: { person: { count: 1, age: 120 }, gantry: { count: 1, age: 60 } },
  })
  expect(figures(NOON + 2 * HOUR).locks.person.count).toBe(0)
})

test('a clock that was put back makes nothing younger than new', () => {
  const { asks, figures } = open()
  asks('a', NOON)
  expect(figures(NOON - HOUR).open.get('requested')).toEqual({ count: 1, age: 0 })
})

test('of the accounts: windows of GitHub’s, the look for missed deliveries, the last backup', () => {
  const { sql } = open()
  expect(accountFigures(sql, NOON)).toEqual({ limited: 0, caughtUp: null, backup: null })
  createSpendings(sql).block(7, NOON + MINUTE)
  createCaughtUp(sql).isUntil(NOON - MINUTE)
  const backup = { action: 'backup made', subject: 'one', after: 'sha256:0', why: null } as const
  noteBackup(sql, MAC, { ...backup, action: 'backup restored', at: NOON - HOUR })
  expect(accountFigures(sql, NOON)).toEqual({ limited: 1, caughtUp: 60, backup: 3600 })
  noteBackup(sql, MAC, { ...backup, at: NOON - MINUTE })
  expect(accountFigures(sql, NOON + 2 * MINUTE)).toMatchObject({ limited: 0, backup: 180 })
  // One that an account made of its own saves nobody's database.
  appendAccount(sql, MAC)(42, { ...backup, at: NOON + MINUTE, by: { id: 1, login: 'ada' }, before: null, request: null })
  expect(accountFigures(sql, NOON + 2 * MINUTE)).toMatchObject({ backup: 180 })
})

test('the news are what has happened since the last look, each once, and nothing from before', () => {
  const { sql, asks, applies, ends } = open()
  asks('before', NOON)
  applies('before', NOON)
  ends('before', 'success', NOON)
  const news = followNews(sql)
  expect(news()).toEqual({ requested: [], ended: [], refused: [], deliveries: [] })
  asks('a', NOON)
  applies('a', NOON + 1000)
  ends('a', 'failure', NOON + 3000, 'TARGET_UNAVAILABLE')
  createInbox(sql).store([{ key: 'c:1:1', guid: 'g', event: 'issue_comment', payload: '', receivedAt: NOON, missed: 'run' }])
  createAuditLog(sql, MAC).note(1, {
    at: NOON,
    by: ADA,
    action: 'refused',
    subject: 'cancel',
    before: null,
    after: null,
    why: 'PERMISSION_REQUIRED',
    request: 'k',
  })
  expect(news()).toEqual({
    requested: ['comment'],
    ended: [
      {
        ...{ outcome: 'failure', who: 'target', code: 'TARGET_UNAVAILABLE', seconds: 3 },
        steps: [
          { name: 'gates', seconds: 0 },
          { name: 'queue', seconds: 0 },
          { name: 'apply', seconds: 2 },
        ],
      },
    ],
    refused: ['PERMISSION_REQUIRED'],
    deliveries: [{ event: 'issue_comment', missed: 'run' }],
  })
  expect(news().ended).toEqual([])
})

test('more news than one look takes are told by the next ones', () => {
  const { sql } = open()
  const news = followNews(sql)
  sql.transaction(() => {
    for (let n = 0; n < 6_000; n += 1)
      sql.all('insert into delivery (key, guid, event, payload, received_at) values (?, ?, ?, ?, ?)', `c:1:${n}`, 'g', 'push', '', NOON)
  })
  expect([news(), news(), news()].map(({ deliveries }) => deliveries.length)).toEqual([5_000, 1_000, 0])
})

test('no figure looks at history: each statement goes by an index or a small table', () => {
  const { sql } = open()
  const asked: string[] = []
  const watched = { ...sql, all: ((query, ...params) => (asked.push(query), sql.all(query, ...params))) as typeof sql.all }
  repositoryFigures(watched, NOON)
  accountFigures(watched, NOON)
  followNews(watched)()
  const details = asked.flatMap((query) => sql.all<{ detail: string }>(`explain query plan ${query}`).map(({ detail }) => detail))
  const scans = details.filter(
    (detail) =>
      detail.startsWith('SCAN ') &&
      !/USING (COVERING )?INDEX (deployment_open|deployment_open_by_account|deployment_waiting|delivery_pending|one_occupant|announcement_incomplete)\b/.test(
        detail,
      ),
  )
  expect(new Set(scans)).toEqual(new Set(['SCAN drift', 'SCAN lock', 'SCAN github_window', 'SCAN caught_up', 'SCAN account_audit']))
})
