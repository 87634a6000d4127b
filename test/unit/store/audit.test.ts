import { describe, expect, test } from 'vitest'
import type { AuditEntry } from '../../../src/deploy/audit.ts'
import type { Journal, Locks } from '../../../src/deploy/journal.ts'
import { appendRepository, auditHead, auditRecords, macUnder, verifyAudit } from '../../../src/store/audit.ts'
import { createJournal } from '../../../src/store/deployments.ts'
import { createLocks } from '../../../src/store/locks.ts'
import type { Sql } from '../../../src/store/sql.ts'
import { HMAC, MAC } from '../../world/mac.ts'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { Random } from '../../world/random.ts'
import { ADA, GRACE, NOON, lockOn, plan, request, rules } from '../deploy/situation.ts'

const TABLE = 'repository_audit'
const WITHOUT = macUnder(HMAC, null)
const MACS = [MAC, WITHOUT]
const GRACE_ALONE = { id: GRACE.id, login: GRACE.login }

const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  ...{
    at: NOON,
    by: { id: 1, login: 'ada' },
    action: 'deployment requested',
    subject: '16-r1',
    before: null,
    after: 'x',
    why: null,
    request: 'c:42:1',
  },
  ...more,
})

function logOf(length: number): Sql {
  const sql = memoryDatabase()
  const append = appendRepository(sql, MAC)
  sql.transaction(() => {
    for (let nth = 1; nth <= length; nth++) append(42, entry({ at: NOON + nth, subject: `16-r${nth}`, why: nth % 3 === 0 ? 'because' : null }))
  })
  return sql
}

describe('the chain', () => {
  test('of an untouched log holds, and ends with its head', () => {
    const sql = logOf(1_200)
    expect(verifyAudit(sql, TABLE, MACS)).toEqual({ head: auditHead(sql, TABLE), unkeyed: 0 })
    expect(auditHead(sql, TABLE).number).toBe(1_200)
    expect(verifyAudit(memoryDatabase(), TABLE, MACS)).toEqual({ head: { number: 0, mac: '' }, unkeyed: 0 })
  })

  test('notices every change of one record, wherever it is', () => {
    const sql = logOf(300)
    const columns = ['at', 'repository', 'person', 'login', 'action', 'subject', 'before', 'after', 'why', 'request', 'mac']
    const random = new Random(7)
    for (let nth = 0; nth < 400; nth++) {
      const number = 1 + random.below(300)
      const undo = sql.all(`select * from ${TABLE} where number = ?`, number)[0]!
      const column = random.pick(columns)
      const was = undo[column]!
      sql.all(`update ${TABLE} set ${column} = ? where number = ?`, typeof was === 'number' ? was + 1 : was === null ? '' : `${String(was)} `, number)
      expect(verifyAudit(sql, TABLE, MACS), `${column} of ${number}`).toMatchObject({ brokenAt: number })
      sql.all(`update ${TABLE} set ${column} = ? where number = ?`, was, number)
    }
    expect(verifyAudit(sql, TABLE, MACS)).toHaveProperty('head')
  })

  test.each([
    ['taken out', `delete from ${TABLE} where number = 7`, 7],
    ['taken out, and the rest moved up', `delete from ${TABLE} where number = 7; update ${TABLE} set number = number - 1 where number > 7`, 7],
    ['written twice', `update ${TABLE} set number = number + 1000 where number > 7; insert into ${TABLE} select 8, at, repository, person, login, action, subject, before, after, why, request, mac from ${TABLE} where number = 7; update ${TABLE} set number = number - 999 where number > 1000`, 8], // prettier-ignore
    ['put before the first', `insert into ${TABLE} select 0, at, repository, person, login, action, subject, before, after, why, request, mac from ${TABLE} where number = 7`, 1], // prettier-ignore
    ['cut off at the beginning', `delete from ${TABLE} where number < 4`, 1],
    ['swapped', `update ${TABLE} set number = -1 where number = 7; update ${TABLE} set number = 7 where number = 8; update ${TABLE} set number = 8 where number = -1`, 7], // prettier-ignore
  ])('notices a record that is %s', (_, statements, brokenAt) => {
    const sql = logOf(20)
    for (const statement of statements.split('; ')) sql.all(statement)
    expect(verifyAudit(sql, TABLE, MACS)).toMatchObject({ brokenAt })
  })

  test('cut off at its end is noticed by whoever knows a head from elsewhere', () => {
    const sql = logOf(20)
    const known = auditHead(sql, TABLE)
    sql.all(`delete from ${TABLE} where number > 15`)
    expect(verifyAudit(sql, TABLE, MACS)).toHaveProperty('head')
    expect(verifyAudit(sql, TABLE, MACS, [known])).toEqual({
      brokenAt: 16,
      sentence: 'The log ends with record 15, and record 20 was known elsewhere.',
    })
  })

  test('that fits one of two heads of one number does not fit the other', () => {
    const sql = logOf(20)
    const [right, wrong] = [auditHead(sql, TABLE), { number: 20, mac: `${MAC.id}:${'0'.repeat(64)}` }]
    for (const known of [
      [right, wrong],
      [wrong, right],
    ])
      expect(verifyAudit(sql, TABLE, MACS, known)).toMatchObject({ brokenAt: 20 })
  })

  test('written anew by somebody without the key is noticed', () => {
    const forged = memoryDatabase()
    appendRepository(forged, { id: MAC.id, of: (text) => MAC.of(`${text} with another key`) })(42, entry())
    expect(verifyAudit(forged, TABLE, MACS)).toMatchObject({ brokenAt: 1 })
  })

  test('that began without a key is borne witness to by what was written under one since, and not the other way', () => {
    const sql = memoryDatabase()
    appendRepository(sql, WITHOUT)(42, entry())
    expect(verifyAudit(sql, TABLE, [WITHOUT])).toMatchObject({ unkeyed: 1 })
    appendRepository(sql, MAC)(42, entry())
    expect(verifyAudit(sql, TABLE, MACS)).toMatchObject({ head: { number: 2 }, unkeyed: 1 })
    expect(verifyAudit(sql, TABLE, [WITHOUT])).toMatchObject({ brokenAt: 2, sentence: expect.stringContaining('which is not here') })
    sql.all(`update ${TABLE} set login = 'grace' where number = 1`)
    expect(verifyAudit(sql, TABLE, MACS)).toMatchObject({ brokenAt: 1 })
    sql.all(`update ${TABLE} set login = 'ada' where number = 1`)
    appendRepository(sql, WITHOUT)(42, entry())
    expect(verifyAudit(sql, TABLE, MACS)).toMatchObject({ brokenAt: 3, sentence: expect.stringContaining('without the key') })
  })

  test('under a key that is not here is looked through all the same, and what is wrong is told from what nobody can tell', () => {
    const sql = memoryDatabase()
    const LATER = macUnder(HMAC, new Uint8Array(32).fill(7))
    for (const mac of [WITHOUT, MAC, MAC, LATER]) appendRepository(sql, mac)(42, entry())
    const head = auditHead(sql, TABLE)
    const unproved = {
      brokenAt: 2,
      sentence: expect.stringMatching(/^2 records, the first of them 2, were written under the key /),
      isUnproved: true,
    }
    expect(verifyAudit(sql, TABLE, [LATER, WITHOUT], [head])).toEqual(unproved)
    const found = (statement: string, macs = [WITHOUT]) => {
      sql.all('savepoint before')
      sql.all(statement)
      const { sentence, isUnproved } = verifyAudit(sql, TABLE, macs, [head]) as { sentence: string; isUnproved?: true }
      sql.all('rollback to before')
      return [isUnproved, /[^.]*\.$/.exec(sentence)?.[0]]
    }
    expect(found(`delete from ${TABLE} where number = 3`)).toEqual([undefined, ' Record 3 is missing.'])
    expect(found(`delete from ${TABLE} where number = 4`)).toEqual([undefined, ' The log ends with record 3, and record 4 was known elsewhere.'])
    expect(found(`update ${TABLE} set login = 'mallory' where number = 1`)).toEqual([undefined, 'Record 1 is not as it was written.'])
    expect(found(`update ${TABLE} set mac = mac || '0' where number = 3`, [LATER])).toEqual([undefined, ' Record 4 is not as it was written.'])
  })

  test('keeps values apart that look alike when they are put together', () => {
    const [one, two] = [memoryDatabase(), memoryDatabase()]
    appendRepository(one, MAC)(42, entry({ before: 'a', after: 'b","c' }))
    appendRepository(two, MAC)(42, entry({ before: 'a","b', after: 'c' }))
    expect(auditHead(one, TABLE).mac).not.toBe(auditHead(two, TABLE).mac)
  })
})

/** What is written of a repository's rows: every method that changes something people may be asked about has an example here. */
class Rows {
  readonly sql = memoryDatabase()
  readonly journal = createJournal(this.sql, MAC)
  readonly locks = createLocks(this.sql, MAC)

  /** A deployment of Ada's that waits for its turn. */
  queued(id = '16-r1'): string {
    const { journal } = this
    journal.request(id, request({ key: `key of ${id}` }), NOON)
    journal.move(id, 'requested', 'gating', { now: NOON })
    const planned = { plan: plan(), environment: '42:shop:staging', rules: rules(), planHash: 'hash' }
    journal.move(id, 'gating', 'resolving', { now: NOON, ...planned })
    journal.move(id, 'resolving', 'verifying', { now: NOON })
    journal.move(id, 'verifying', 'queued', { now: NOON })
    return id
  }

  applying(): string {
    const id = this.queued()
    this.journal.claim(id, [], 0, NOON)
    return id
  }
}

type Written =
  | 'reads'
  | 'progress'
  | { readonly begins?: (rows: Rows) => unknown; readonly does: (rows: Rows) => unknown; readonly says: readonly object[] }

const word = { deployment: '16-r1', planHash: 'hash', by: GRACE_ALONE, reason: 'looks good', at: NOON + 1 }
const ended = { action: 'deployment ended', subject: '16-r1' }

/** `progress`: a state on the way, of which the deployment's own record tells; its request and its end are in the log. */
const JOURNAL: Record<keyof Journal, Written> = {
  ...{
    find: 'reads',
    asked: 'reads',
    open: 'reads',
    lastSuccess: 'reads',
    successes: 'reads',
    succeeded: 'reads',
    recent: 'reads',
    newer: 'reads',
    twin: 'reads',
  },
  ...{
    crowd: 'reads',
    crowdOf: 'reads',
    ahead: 'reads',
    queued: 'reads',
    turn: 'reads',
    occupant: 'reads',
    restoring: 'reads',
    fence: 'reads',
    before: 'reads',
  },
  ...{ wait: 'progress', restore: 'progress', raise: 'progress', claim: 'progress', settle: 'progress', log: 'progress' },
  request: {
    does: ({ journal }) => journal.request('16-r1', request(), NOON),
    says: [{ by: { id: ADA.id, login: 'ada' }, action: 'deployment requested', after: 'comment: staging :1.1', request: 'c:42:1001' }],
  },
  // The rest of its moves is progress.
  move: {
    begins: ({ journal }) => journal.request('16-r1', request(), NOON),
    does: ({ journal }) => {
      journal.move('16-r1', 'requested', 'gating', { now: NOON })
      journal.move('16-r1', 'gating', 'resolving', { now: NOON, plan: plan() })
    },
    says: [{ by: null, action: 'configuration changed', subject: '.github/deploy.yml', before: null, after: plan().configuration }],
  },
  approve: {
    begins: (rows) => rows.queued(),
    does: ({ journal }) => {
      journal.approve({ ...word, isApproval: true })
      journal.approve({ ...word, isApproval: false, at: NOON })
      journal.approve({ ...word, isApproval: false, at: NOON + 2, reason: 'not today' })
    },
    says: [
      { by: GRACE_ALONE, action: 'deployment approved', after: 'hash', why: 'looks good' },
      { by: GRACE_ALONE, action: 'deployment rejected', after: 'hash', why: 'not today' },
    ],
  },
  cancel: {
    begins: (rows) => rows.queued(),
    does: ({ journal }) => {
      journal.cancel('16-r1', { key: 'c:42:9:1', by: GRACE_ALONE, at: NOON })
      journal.cancel('16-r1', { key: 'c:42:10:1', by: GRACE_ALONE, at: NOON })
    },
    says: [{ by: GRACE_ALONE, action: 'deployment cancelled', before: 'queued', after: 'cancelled', request: 'c:42:9:1' }, ended],
  },
  end: {
    begins: (rows) => rows.applying(),
    does: ({ journal }) => journal.end('16-r1', 'success', { now: NOON }),
    says: [{ ...ended, by: null, after: expect.stringMatching(/^success shop\/staging main@/) as string }],
  },
}

const LOCKS: Record<keyof Locks, Written> = {
  ...{ find: 'reads', holding: 'reads', takenOn: 'reads', due: 'reads', reminded: 'progress' },
  take: {
    does: ({ locks }) => {
      const first = locks.take(lockOn('shop/staging', { url: 'https://github.com/x' }), {})
      locks.take(lockOn('shop/staging', { owner: ADA }), {})
      locks.take(lockOn('shop/staging', { owner: ADA, former: GRACE_ALONE }), { over: first!.id })
    },
    says: [
      {
        by: GRACE_ALONE,
        action: 'lock taken',
        subject: 'shop/staging',
        before: null,
        after: 'until it is given up',
        request: 'https://github.com/x',
      },
      { by: { id: ADA.id, login: 'ada' }, action: 'lock taken', before: 'grace' },
    ],
  },
  release: {
    begins: ({ locks }) => locks.take(lockOn('shop/staging'), {}),
    does: ({ locks }) => {
      locks.release(1, { by: ADA, at: NOON, request: 'c:42:9:1' })
      locks.release(1, { by: ADA, at: NOON, request: 'c:42:9:1' })
    },
    says: [{ by: { id: ADA.id, login: 'ada' }, action: 'lock given up', before: 'grace', after: null, request: 'c:42:9:1' }],
  },
}

const audited = Object.entries({ ...JOURNAL, ...LOCKS }).flatMap(([name, written]) => (typeof written === 'string' ? [] : [{ name, ...written }]))

test.each(audited)('$name says in the log who did what, once', ({ begins, does, says }) => {
  const rows = new Rows()
  begins?.(rows)
  const before = auditHead(rows.sql, TABLE).number
  does(rows)
  const added = [...auditRecords(rows.sql, TABLE)].filter(({ number }) => number > before)
  expect(added).toMatchObject(says)
  expect(verifyAudit(rows.sql, TABLE, MACS)).toHaveProperty('head')
})

test.each(audited)('$name is undone where the log cannot be written', ({ begins, does }) => {
  const rows = new Rows()
  begins?.(rows)
  rows.sql.all(`create trigger full before insert on ${TABLE} begin select raise(abort, 'the disk is full'); end`)
  const all = () => ['deployment', 'approval', 'lock'].map((table) => rows.sql.all(`select * from ${table}`))
  const before = all()
  expect(() => does(rows)).toThrow('the disk is full')
  // `move` is the only one that does something before that leaves no trace.
  expect(all().map((table) => table.length)).toEqual(before.map((table) => table.length))
})

test('the configuration is told once, and again when it is another one', () => {
  const rows = new Rows()
  rows.queued('16-r1')
  rows.queued('16-r2')
  const changes = [...auditRecords(rows.sql, TABLE)].filter(({ action }) => action === 'configuration changed')
  expect(changes).toHaveLength(1)
})
