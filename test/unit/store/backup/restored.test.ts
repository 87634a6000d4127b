import { describe, expect, test } from 'vitest'
import { floorOf } from '../../../../src/deploy/fence.ts'
import { auditRecords, verifyAudit } from '../../../../src/store/audit.ts'
import { createAnnouncements } from '../../../../src/store/announcements.ts'
import { generationIn, restoredAccounts, restoredRepositories } from '../../../../src/store/backup/restored.ts'
import { createCaughtUp } from '../../../../src/store/caught-up.ts'
import { createJournal } from '../../../../src/store/deployments.ts'
import { createInbox } from '../../../../src/store/inbox.ts'
import { createSessions } from '../../../../src/store/sessions.ts'
import { newId } from '../../../../src/runtime/entropy.ts'
import { MAC } from '../../../world/mac.ts'
import { memoryDatabase } from '../../../world/memory-sql.ts'
import { NOON, plan, request, rules } from '../../deploy/situation.ts'

const LATER = NOON + 3_600_000

/** A database with a deployment in each of some states, each in an environment of its own. */
function database() {
  const sql = memoryDatabase()
  const journal = createJournal(sql, MAC)
  const queued = (id: string): string => {
    journal.request(id, request({ key: `key of ${id}` }), NOON)
    journal.move(id, 'requested', 'gating', { now: NOON })
    journal.move(id, 'gating', 'resolving', { now: NOON, plan: plan(), environment: `42:shop:${id}`, rules: rules(), planHash: 'hash' })
    journal.move(id, 'resolving', 'verifying', { now: NOON })
    journal.move(id, 'verifying', 'queued', { now: NOON })
    return id
  }
  const claimed = (id: string): string => {
    journal.claim(queued(id), [], 0, NOON)
    return id
  }
  journal.end(claimed('done'), 'success', { now: NOON })
  journal.request('asked', request({ key: 'key of asked' }), NOON)
  queued('queued')
  claimed('applying')
  journal.move(claimed('observing'), 'applying', 'observing', { now: NOON })
  return { sql, journal }
}

const restored = (sql: ReturnType<typeof memoryDatabase>, generation = 1) =>
  sql.transaction(() => {
    const part = { all: sql.all, transaction: <T>(work: () => T) => work() }
    const what = { now: LATER, madeAt: NOON, generation, mac: MAC, entry: { subject: 'gantry-x.backup', after: 'sha256:1', why: null } }
    restoredAccounts(part, what)
    return restoredRepositories(part, what)
  })

describe('a database that was put back', () => {
  test('has nothing left to go on with: what was begun is unknown, the rest is cancelled, what had ended stays', () => {
    const { sql, journal } = database()
    expect(restored(sql)).toEqual({ cancelled: 2, unknown: 2, deliveries: 0 })
    expect(journal.open()).toEqual([])
    const states = ['done', 'asked', 'queued', 'applying', 'observing'].map((id) => [id, journal.find(id)?.state, journal.find(id)?.problem?.code])
    expect(states).toEqual([
      ['done', 'success', undefined],
      ['asked', 'cancelled', 'RESTORED'],
      ['queued', 'cancelled', 'RESTORED'],
      ['applying', 'unknown', 'RESTORED'],
      ['observing', 'unknown', 'RESTORED'],
    ])
    expect(journal.occupant('42:shop:applying')?.problem?.next).toMatch(/^Type \/status staging /)
    expect(journal.find('queued')?.problem?.sentence).toContain('restored from a backup of 2026-11-23 12:00 UTC')
  })

  test('hands out fences above all that were ever handed out, in environments that it does not know as well', () => {
    const { sql, journal } = database()
    expect(generationIn(sql)).toBe(0)
    restored(sql)
    expect(generationIn(sql)).toBe(1)
    expect(journal.fence('42:shop:done')).toBe(floorOf(1))
    expect(journal.fence('43:other:production')).toBe(floorOf(1))
    journal.settle('42:shop:applying', LATER)
    const id = 'again'
    journal.request(id, request({ key: 'key of again' }), LATER)
    journal.move(id, 'requested', 'gating', { now: LATER })
    journal.move(id, 'gating', 'queued', { now: LATER, plan: plan(), environment: '42:shop:applying', planHash: 'hash' })
    expect(journal.claim(id, [], journal.fence('42:shop:applying'), LATER)).toMatchObject({ fence: floorOf(1) + 1 })
    expect(journal.fence('42:shop:applying')).toBe(floorOf(1) + 1)
    restored(sql, 2)
    expect(journal.fence('42:shop:applying')).toBe(floorOf(2))
  })

  test('obeys nothing that came before, fetched back or waiting in the inbox', () => {
    const { sql } = database()
    const inbox = createInbox(sql)
    inbox.store([{ key: 'c:42:1', guid: 'g', event: 'issue_comment', payload: '{}', receivedAt: NOON }])
    expect(restored(sql)).toMatchObject({ deliveries: 1 })
    expect([inbox.pending(10), inbox.has('c:42:1'), createCaughtUp(sql).until()]).toEqual([[], true, LATER])
  })

  test('has nobody signed in: who has signed out since is not in the backup', () => {
    const { sql } = database()
    const sessions = createSessions(sql, { mac: MAC, random: newId })
    const cookie = sessions.begin({ person: { id: 1, login: 'ada' }, accounts: [], repositories: [] }, NOON)
    expect(sessions.find(cookie, NOON)).not.toBeNull()
    restored(sql)
    expect(sessions.find(cookie, NOON)).toBeNull()
  })

  test('looks for what may have been said since before it says it', () => {
    const { sql } = database()
    const announcements = createAnnouncements(sql)
    announcements.said('applying', 'comment', { node: 'IC_1', number: 1, hash: 'h' })
    announcements.complete('done')
    restored(sql)
    expect(announcements.find('queued')).toMatchObject({
      comment: { intent: 'restored', node: null, intendedAt: LATER },
      check: { intent: 'restored' },
    })
    expect(announcements.find('applying')).toMatchObject({ comment: { intent: 'h', node: 'IC_1' }, deployment: { intent: 'restored' } })
    expect(announcements.find('done').comment.intent).toBeNull()
  })

  test('says in both audit logs what happened to it, and they go on', () => {
    const { sql } = database()
    restored(sql)
    for (const table of ['repository_audit', 'account_audit'] as const) {
      expect(verifyAudit(sql, table, [MAC])).toHaveProperty('head')
      const about = [...auditRecords(sql, table)].filter(({ action }) => action === 'backup restored')
      expect(about).toMatchObject([{ repository: 0, by: null, subject: 'gantry-x.backup', after: 'sha256:1', at: LATER }])
    }
    const ends = [...auditRecords(sql, 'repository_audit')].filter(({ why }) => why === 'RESTORED').map(({ subject }) => subject)
    expect(ends).toEqual(['asked', 'queued', 'applying', 'observing'])
  })
})
