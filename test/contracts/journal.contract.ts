import { describe, expect } from 'vitest'
import type { Synchronous } from '../../src/deploy/awaitable.ts'
import type { Announcements, Claims, Delivery, Inbox, Journal } from '../../src/deploy/journal.ts'
import type { Deployment, DeployRequest, State } from '../../src/deploy/deployment.ts'
import type { Observation } from '../../src/deploy/target.ts'
import { problem } from '../../src/errors.ts'
import { createAnnouncements } from '../../src/store/announcements.ts'
import { createCaughtUp } from '../../src/store/caught-up.ts'
import { createClaims } from '../../src/store/claims.ts'
import { createJournal } from '../../src/store/deployments.ts'
import { createInbox } from '../../src/store/inbox.ts'
import { migrateAccounts, migrateRepositories } from '../../src/store/migrations.ts'
import type { Sql } from '../../src/store/sql.ts'
import { STAGING, plan, request } from '../unit/deploy/situation.ts'
import { MAC } from '../world/mac.ts'
import { here, within, type Inside } from './inside.ts'

export interface OpenedDatabase {
  readonly sql: Sql
  close(): void | Promise<void>
}

const PRODUCTION = '42:shop:production'
const lost = problem('TARGET_UNAVAILABLE', { sentence: 'It does not answer.', next: 'Look.' })
const before: Observation[] = [{ workload: 'shop', digest: null, operation: null, fence: null, healthy: true, pending: null, revision: '7' }]

/** The record, as the engine relies on it: the whole of `store/` over whatever database it may run on. */
export function describeJournal(name: string, open: () => OpenedDatabase | Promise<OpenedDatabase>, inside: Inside = here): void {
  const { afterEach, beforeEach, test } = within(inside)
  let opened: OpenedDatabase
  let sql: Sql
  let journal: Journal
  beforeEach(async () => {
    opened = await open()
    sql = opened.sql
    migrateRepositories(sql)
    migrateAccounts(sql)
    journal = createJournal(sql, MAC)
  })
  afterEach(() => opened.close())

  const ask = (id: string): Deployment => journal.request(id, request({ key: `key of ${id}` }), 1).deployment
  /** A deployment that waits at the given state. */
  function at(id: string, state: State, environment = STAGING, planHash = 'hash'): Deployment {
    ask(id)
    journal.move(id, 'requested', 'gating', { now: 2, step: 'gates' })
    if (state === 'gating') return journal.find(id)!
    journal.move(id, 'gating', 'resolving', { now: 3, step: 'resolve', environment, plan: plan() })
    if (state === 'resolving') return journal.find(id)!
    journal.move(id, 'resolving', 'verifying', { now: 4, step: 'verify', planHash, note: 'sha256:abc as anonymous' })
    if (state === 'verifying') return journal.find(id)!
    return journal.move(id, 'verifying', 'queued', { now: 5, step: 'queue' })
  }
  const claim = (id: string, environment = STAGING) => journal.claim(id, before, journal.fence(environment), 6)
  const ids = (deployments: readonly Deployment[]): string[] => deployments.map(({ id }) => id)

  describe(`${name} keeps the journal`, () => {
    test('a key is one deployment, whoever asks with it', () => {
      const first = journal.request('a', request({ key: 'k' }), 1)
      const again = journal.request('b', request({ key: 'k', receivedAt: 9 }), 2)
      expect([first.isNew, again.isNew]).toEqual([true, false])
      expect(again.deployment).toEqual(first.deployment)
      expect(journal.find('b')).toBeNull()
      expect(ids(journal.open())).toEqual(['a'])
    })

    test('what went in comes out', () => {
      const asked = request({ key: 'k' })
      const nothingYet = { environment: null, plan: null, planHash: null, fence: null, steps: [], log: [], problem: null, endedAt: null }
      const nobodyYet = { rules: null, wait: null, verdicts: [], built: {}, proved: {}, approvals: [], cancellation: null }
      const first = { id: 'a', sequence: 1, request: asked, state: 'requested', alreadyRunning: false, isQuiet: false, createdAt: 5 }
      expect(journal.request('a', asked, 5).deployment).toEqual({ ...first, ...nothingYet, ...nobodyYet })
    })

    test('on a thread nothing stands of what nobody was told of', () => {
      for (const id of ['a', 'b', 'c', 'd']) ask(id)
      journal.end('b', 'refused', { now: 9, isQuiet: true })
      journal.end('c', 'refused', { now: 9 })
      const { repository, subject } = request()
      expect(ids(journal.recent({ repository: repository.id, subject: subject?.number ?? 0 }, 3))).toEqual(['d', 'c', 'a'])
    })

    test('what is open stands in order of arrival', () => {
      for (const id of ['c', 'a', 'b']) ask(id)
      journal.end('a', 'refused', { now: 9 })
      expect(ids(journal.open())).toEqual(['c', 'b'])
    })

    test('steps are opened with a move and closed by the next', () => {
      at('a', 'queued')
      expect(journal.find('a')?.steps).toEqual([
        { name: 'gates', startedAt: 2, endedAt: 3, outcome: 'done', note: null },
        { name: 'resolve', startedAt: 3, endedAt: 4, outcome: 'done', note: 'sha256:abc as anonymous' },
        { name: 'verify', startedAt: 4, endedAt: 5, outcome: 'done', note: null },
        { name: 'queue', startedAt: 5, endedAt: null, outcome: 'running', note: null },
      ])
    })

    test('the end closes the open step with what became of it', () => {
      at('a', 'verifying')
      const ended = journal.end('a', 'failure', { now: 9, problem: lost, isQuiet: true })
      expect(ended).toMatchObject({ state: 'failure', endedAt: 9, problem: lost, isQuiet: true })
      expect(ended.steps.at(-1)).toEqual({ name: 'verify', startedAt: 4, endedAt: 9, outcome: 'failed', note: null })
      at('b', 'queued')
      claim('b')
      expect(journal.end('b', 'success', { now: 9, note: 'runs' }).steps.at(-1)).toMatchObject({ name: 'apply', outcome: 'done', note: 'runs' })
    })

    test('a move from another state, and a second end, change nothing', () => {
      at('a', 'gating')
      expect(() => journal.move('a', 'requested', 'gating', { now: 9, step: 'gates' })).toThrow(/not in state requested/)
      journal.end('a', 'refused', { now: 9 })
      expect(() => journal.end('a', 'failure', { now: 10 })).toThrow(/has ended/)
      expect(journal.find('a')).toMatchObject({ state: 'refused', endedAt: 9 })
      expect(journal.find('a')?.steps).toHaveLength(1)
    })

    test('a plan that is fixed later keeps the environment', () => {
      at('a', 'verifying')
      expect(journal.find('a')).toMatchObject({ environment: STAGING, plan: plan() })
    })

    test('the log holds 200 lines and no more', () => {
      ask('a')
      ask('b')
      for (let n = 1; n <= 250; n++) journal.log('a', `line ${n}`)
      const log = journal.find('a')?.log
      expect([log?.length, log?.[0], log?.at(-1)]).toEqual([200, 'line 1', 'line 200'])
      expect(journal.find('b')?.log).toEqual([])
    })

    test('the last success is the one that had its turn last, whoever asked first', () => {
      for (const id of ['a', 'b', 'c']) at(id, 'queued')
      claim('a')
      journal.end('a', 'failure', { now: 7 })
      claim('b')
      journal.end('b', 'success', { now: 8 })
      claim('c')
      journal.end('c', 'success', { now: 9 })
      expect(journal.lastSuccess(STAGING)?.id).toBe('c')
      expect(journal.lastSuccess(PRODUCTION)).toBeNull()
      expect(journal.succeeded(STAGING, 10).map(({ id }) => id)).toEqual(['c', 'b'])
    })
  })

  describe(`${name} gives the environment to one at a time`, () => {
    test('the claim writes the intent, with what was seen before, and raises the fence', () => {
      at('a', 'queued')
      expect(claim('a')).toMatchObject({ id: 'a', state: 'applying', fence: 1 })
      expect(journal.find('a')?.steps.slice(-2)).toMatchObject([
        { name: 'queue', outcome: 'done', endedAt: 6 },
        { name: 'apply', outcome: 'running', startedAt: 6 },
      ])
      expect(journal.before('a')).toEqual(before)
      expect(journal.before('nobody')).toEqual([])
      expect([journal.fence(STAGING), journal.fence(PRODUCTION)]).toEqual([1, 0])
    })

    test('to nobody while another one applies or observes', () => {
      at('a', 'queued')
      at('b', 'queued')
      claim('a')
      expect([claim('b'), journal.turn(STAGING)]).toEqual(['busy', null])
      journal.move('a', 'applying', 'observing', { now: 7, step: 'observe' })
      expect([claim('b'), journal.turn(STAGING)]).toEqual(['busy', null])
      expect(journal.occupant(STAGING)?.id).toBe('a')
      journal.end('a', 'failure', { now: 8 })
      expect(journal.turn(STAGING)?.id).toBe('b')
      expect(claim('b')).toMatchObject({ fence: 2 })
    })

    test('in order of arrival', () => {
      for (const id of ['a', 'b', 'c']) at(id, 'queued')
      expect(claim('b')).toBe('busy')
      expect(ids(journal.queued(STAGING))).toEqual(['a', 'b', 'c'])
      expect(journal.turn(STAGING)?.id).toBe('a')
      journal.end('a', 'refused', { now: 9 })
      expect(claim('b')).toMatchObject({ id: 'b' })
    })

    test.each(['resolving', 'verifying'] as const)('not before one that came earlier and is still %s', (state) => {
      at('a', state)
      at('b', 'queued')
      expect([claim('b'), journal.turn(STAGING)]).toEqual(['busy', null])
      journal.end('a', 'failure', { now: 9 })
      expect(claim('b')).toMatchObject({ id: 'b' })
    })

    test('past one whose environment is not known yet', () => {
      at('a', 'gating')
      at('b', 'queued')
      expect(claim('b')).toMatchObject({ id: 'b' })
    })

    test('never to an older one than what has succeeded there', () => {
      at('a', 'verifying')
      at('b', 'verifying')
      journal.end('b', 'success', { now: 7 })
      journal.move('a', 'verifying', 'queued', { now: 8, step: 'queue' })
      expect(claim('a')).toBe('older')
      expect(journal.find('a')?.state).toBe('queued')
    })

    const asked = (id: string, seconds: number, more: Partial<DeployRequest> = {}) =>
      void journal.request(id, request({ key: `key of ${id}`, askedAt: seconds * 1000, receivedAt: seconds * 1000, ...more }), 1)
    const missed = { wasMissed: true } as const
    const comment = (id: number): Pick<DeployRequest, 'comment'> => ({ comment: { id, node: `node ${id}`, body: '/deploy', url: `/${id}` } })

    test('nor, where it was missed and came late, to one that was asked before what has succeeded there', () => {
      asked('later', 200)
      asked('missed', 100, missed)
      asked('missed too', 300, missed)
      asked('on time', 100)
      for (const id of ['later', 'missed', 'missed too', 'on time']) at(id, 'queued')
      expect(claim('later')).toMatchObject({ id: 'later' })
      journal.end('later', 'success', { now: 7 })
      expect(claim('missed')).toBe('older')
      journal.end('missed', 'superseded', { now: 8 })
      expect(claim('missed too')).toMatchObject({ id: 'missed too' })
      journal.end('missed too', 'failure', { now: 9 })
      expect(claim('on time')).toMatchObject({ id: 'on time' })
    })

    test('and one that came in time, to none that was asked for before it and came late', () => {
      asked('in time', 200)
      asked('before it', 100, missed)
      asked('after it', 300, missed)
      for (const id of ['in time', 'before it', 'after it']) at(id, 'verifying')
      journal.end('before it', 'success', { now: 7 })
      journal.move('in time', 'verifying', 'queued', { now: 8, step: 'queue' })
      expect(claim('in time')).toMatchObject({ id: 'in time' })
      journal.end('in time', 'failure', { now: 9 })
      journal.end('after it', 'success', { now: 10 })
      asked('in time again', 250)
      at('in time again', 'queued')
      expect(claim('in time again')).toBe('older')
    })

    test('of what came late and what was asked in the same second, to the later comment', () => {
      asked('first', 100, { ...comment(1), receivedAt: 100_900 })
      asked('second', 100, { ...comment(2), ...missed })
      asked('no comment', 100, missed)
      asked('third', 100, { ...comment(3), ...missed })
      for (const id of ['first', 'second', 'no comment', 'third']) at(id, 'verifying')
      journal.end('first', 'success', { now: 7 })
      const isOlder = (id: string): boolean => {
        journal.move(id, 'verifying', 'queued', { now: 8, step: 'queue' })
        const claimed = claim(id)
        journal.end(id, claimed === 'older' ? 'superseded' : 'failure', { now: 9 })
        return claimed === 'older'
      }
      expect(isOlder('second')).toBe(false)
      expect(isOlder('no comment')).toBe(false)
      journal.end('third', 'success', { now: 10 })
      asked('first again', 100, comment(1))
      at('first again', 'verifying')
      expect(isOlder('first again')).toBe(true)
    })

    test('not with a fence from before somebody else had a turn', () => {
      at('a', 'queued')
      at('b', 'queued')
      const stale = journal.fence(STAGING)
      claim('a')
      journal.end('a', 'failure', { now: 7 })
      expect(journal.claim('b', before, stale, 8)).toBe('busy')
      expect(journal.claim('b', before, journal.fence(STAGING), 8)).toMatchObject({ fence: 2 })
    })

    test('separately for each environment', () => {
      at('a', 'queued')
      at('b', 'queued', PRODUCTION)
      expect(claim('a')).toMatchObject({ fence: 1 })
      expect(claim('b', PRODUCTION)).toMatchObject({ fence: 1 })
    })

    test('not to what is not queued', () => {
      at('a', 'verifying')
      expect(() => claim('a')).toThrow(/not queued/)
    })

    test('an unknown outcome blocks until it is settled', () => {
      at('a', 'queued')
      at('b', 'queued')
      claim('a')
      journal.end('a', 'unknown', { now: 7, problem: lost })
      expect(journal.occupant(STAGING)).toMatchObject({ id: 'a', state: 'unknown', endedAt: 7 })
      expect([claim('b'), journal.turn(STAGING)]).toEqual(['busy', null])
      journal.settle(PRODUCTION, 8)
      expect(claim('b')).toBe('busy')
      journal.settle(STAGING, 8)
      expect(journal.occupant(STAGING)).toBeNull()
      expect(claim('b')).toMatchObject({ fence: 2 })
      expect(journal.find('a')?.state).toBe('unknown')
    })

    test('settling frees nobody who is still at work', () => {
      at('a', 'queued')
      claim('a')
      journal.settle(STAGING, 8)
      expect(journal.occupant(STAGING)?.id).toBe('a')
    })

    test.each(['applying', 'observing', 'unknown'])('and the index refuses a second one that is %s, whatever wrote it', (state) => {
      at('a', 'queued')
      at('b', 'queued')
      claim('a')
      expect(() => sql.all(`update deployment set state = ? where id = 'b'`, state)).toThrow(/UNIQUE/)
      const forbidden = `insert into deployment (id, key, repository, subject, state, environment, request, created_at) values ('x', 'x', 42, 7, ?, ?, '{}', 1)`
      expect(() => sql.transaction(() => sql.all(forbidden, state, STAGING))).toThrow(/UNIQUE/)
      expect(journal.find('x')).toBeNull()
      expect(journal.find('b')?.state).toBe('queued')
    })
  })

  describe(`${name} knows a twin`, () => {
    test.each(['verifying', 'queued'] as const)('by the plan, while it is %s', (state) => {
      at('a', state)
      at('b', 'verifying')
      expect([journal.twin('b')?.id, journal.twin('a')]).toEqual(['a', null])
    })

    test.each<[string, () => void]>([
      ['of another plan', () => void at('a', 'queued', STAGING, 'other')],
      ['in another environment', () => void at('a', 'queued', PRODUCTION)],
      ['whose plan is not complete', () => void at('a', 'resolving')],
      ['that has ended', () => void (at('a', 'queued'), journal.end('a', 'failure', { now: 9 }))],
      ['with another plan open between', () => void (at('a', 'queued'), at('between', 'queued', STAGING, 'other'))],
      ['with one between whose plan is not complete', () => void (at('a', 'queued'), at('between', 'resolving'))],
      ['with one between that may come to the environment', () => void (at('a', 'queued'), at('between', 'gating'))],
      [
        'with another plan between that has overtaken it',
        () => void (at('a', 'queued'), at('between', 'queued', STAGING, 'other'), journal.end('between', 'success', { now: 9 })),
      ],
    ])('and none %s', (_, given) => {
      given()
      at('b', 'verifying')
      expect(journal.twin('b')).toBeNull()
    })

    test.each<[string, () => void]>([
      ['failed', () => void (at('between', 'queued', STAGING, 'other'), journal.end('between', 'failure', { now: 9 }))],
      ['goes elsewhere', () => void at('between', 'queued', PRODUCTION, 'other')],
      ['is of the same plan', () => void at('between', 'queued')],
    ])('also past one that %s', (_, given) => {
      at('a', 'queued')
      given()
      at('b', 'verifying')
      expect(journal.twin('b')?.id).toBe('a')
    })
  })

  describe(`${name} gives a workload to one environment`, () => {
    let claims: Synchronous<Claims>
    beforeEach(() => {
      claims = createClaims(sql)
    })

    test('the first to ask, who may ask again', () => {
      expect(claims.claim('cluster', ['web', 'worker'], STAGING, 'acme/shop staging')).toBeNull()
      expect(claims.claim('cluster', ['worker', 'web'], STAGING, 'acme/shop staging')).toBeNull()
      expect(claims.claim('cluster', ['web'], PRODUCTION, 'acme/shop production')).toEqual({
        environment: STAGING,
        takenBy: 'acme/shop staging',
        workload: 'web',
      })
      expect(claims.claim('other', ['web'], PRODUCTION, 'acme/shop production')).toBeNull()
    })

    test('until it is given up', () => {
      claims.claim('cluster', ['web'], STAGING, 'acme/shop staging')
      claims.release('cluster', 'web', PRODUCTION)
      expect(claims.claim('cluster', ['web'], PRODUCTION, 'acme/shop production')).not.toBeNull()
      claims.release('cluster', 'web', STAGING)
      expect(claims.claim('cluster', ['web'], PRODUCTION, 'acme/shop production')).toBeNull()
    })

    test('all or none', () => {
      claims.claim('cluster', ['web'], STAGING, 'acme/shop staging')
      expect(claims.claim('cluster', ['cron', 'web'], PRODUCTION, 'acme/shop production')).toMatchObject({ workload: 'web' })
      expect(claims.claim('cluster', ['cron'], '43:blog:production', 'acme/blog production')).toBeNull()
    })
  })

  describe(`${name} keeps the inbox`, () => {
    let inbox: Inbox
    beforeEach(() => {
      inbox = createInbox(sql)
    })
    const waiting = (limit = 10, after?: number) => inbox.pending(limit, after).map(({ key }) => inbox.find(key))
    const delivery = (key: string, guid = 'g'): Delivery => ({ key, guid, event: 'issue_comment', payload: `{"key":"${key}"}`, receivedAt: 5 })

    test('the same meaning is stored once, whatever its delivery id, also within one burst', () => {
      expect(inbox.store([delivery('a'), delivery('b'), delivery('a', 'g2')])).toEqual([true, true, false])
      expect(inbox.store([delivery('b', 'g3')])).toEqual([false])
      expect(waiting()).toEqual([delivery('a'), delivery('b')])
    })

    test('a replay is still known after it was handled, and its payload is gone', () => {
      inbox.store([delivery('a'), delivery('b'), delivery('c')])
      inbox.handled('a', 9)
      expect(waiting(1)).toEqual([delivery('b')])
      expect(inbox.store([delivery('a')])).toEqual([false])
      expect(sql.all<{ payload: string }>(`select payload from delivery where key = 'a'`)[0]?.payload).toBe('')
    })

    test('what waits is told page by page, each after the one before', () => {
      inbox.store(['a', 'b', 'c', 'd'].map((key) => delivery(key)))
      const [first] = inbox.pending(1)
      expect(waiting(2, first?.sequence)).toEqual([delivery('b'), delivery('c')])
      const [, , third] = inbox.pending(10)
      inbox.handled('a', 9)
      expect(waiting(2, third?.sequence)).toEqual([delivery('d')])
      expect([inbox.find('a'), inbox.find('x')]).toEqual([null, null])
    })

    test('what was fetched back is marked, and one that arrived meanwhile stays as it came', () => {
      inbox.store([delivery('a')])
      expect(inbox.store([{ ...delivery('a'), missed: 'tell' }])).toEqual([false])
      inbox.store([{ ...delivery('b'), missed: 'run' }])
      expect(waiting()).toEqual([delivery('a'), { ...delivery('b'), missed: 'run' }])
      inbox.handled('a', 9)
      expect(['a', 'b', 'c'].map((key) => inbox.has(key))).toEqual([true, true, false])
    })

    test('and up to when the missed ones have been looked for', () => {
      const caughtUp = createCaughtUp(sql)
      expect(caughtUp.until()).toBeNull()
      for (const time of [5, 7]) caughtUp.isUntil(time)
      expect(caughtUp.until()).toBe(7)
    })
  })

  describe(`${name} keeps the ledger of what was said`, () => {
    let announcements: Announcements
    beforeEach(() => {
      announcements = createAnnouncements(sql)
    })

    test('a deployment is to be announced from the moment that it exists', () => {
      ask('a')
      ask('a')
      expect(announcements.incomplete()).toEqual(['a'])
      const nothing = { node: null, number: null, hash: null, intent: null, intendedAt: null, isGone: false }
      expect(announcements.find('a')).toEqual({ key: 'a', comment: nothing, check: nothing, deployment: nothing })
      announcements.complete('a')
      expect(announcements.incomplete()).toEqual([])
    })

    test('an answer is kept once and is to be said', () => {
      const answer = { key: 'x', repository: request().repository, subject: { number: 7, node: 'PR_7' }, markdown: 'Help.', createdAt: 1 }
      announcements.answer(answer)
      announcements.answer({ ...answer, markdown: 'Other.' })
      expect(announcements.findAnswer('x')).toEqual(answer)
      expect(announcements.findAnswer('y')).toBeNull()
      expect(announcements.incomplete()).toEqual(['x'])
    })

    test('an intent stands beside what is known until the call has been answered', () => {
      announcements.intend(
        'a',
        new Map([
          ['comment', 'h1'],
          ['check', 'h2'],
        ]),
        6,
      )
      expect(announcements.find('a').comment).toMatchObject({ hash: null, intent: 'h1' })
      announcements.said('a', 'comment', { node: 'IC_1', number: 1, hash: 'h1' })
      expect(announcements.find('a').comment).toEqual({ node: 'IC_1', number: 1, hash: 'h1', intent: 'h1', intendedAt: 6, isGone: false })
      expect(announcements.find('a').check).toMatchObject({ node: null, hash: null, intent: 'h2' })
      announcements.intend('a', new Map([['comment', 'h3']]), 7)
      expect(announcements.find('a').comment).toMatchObject({ node: 'IC_1', hash: 'h1', intent: 'h3' })
      announcements.said('a', 'comment', { node: null, number: null, hash: 'h3' })
      expect(announcements.find('a').comment).toMatchObject({ node: 'IC_1', number: 1, hash: 'h3' })
    })

    test('what GitHub has lost for good is remembered', () => {
      announcements.gone('a', 'comment')
      announcements.gone('a', 'comment')
      expect(announcements.find('a')).toMatchObject({ comment: { isGone: true }, check: { isGone: false } })
    })

    test('older comments of the same place are those whose last word has been said', () => {
      const said = (id: string) => announcements.said(id, 'comment', { node: `IC_${id}`, number: 1, hash: 'h' })
      for (const id of ['a', 'b', 'open', 'elsewhere', 'gone', 'now']) {
        at(id, 'queued', id === 'elsewhere' ? PRODUCTION : STAGING)
        said(id)
        if (id === 'open' || id === 'now') continue
        journal.end(id, 'failure', { now: 9 })
        announcements.complete(id)
      }
      announcements.gone('gone', 'comment')
      expect(announcements.older('now').map(({ key, node }) => [key, node])).toEqual([
        ['b', 'IC_b'],
        ['a', 'IC_a'],
      ])
    })
  })
}
