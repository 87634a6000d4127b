import { describe, expect, test } from 'vitest'
import type { Approval, Lock } from '../../../src/deploy/deployment.ts'
import type { EnvironmentRules, FreezeWindow, Role } from '../../../src/deploy/environment.ts'
import { decide } from '../../../src/deploy/gates/index.ts'
import type { Situation } from '../../../src/deploy/gates/gate.ts'
import type { Code, Problem } from '../../../src/errors.ts'
import {
  ADA,
  GRACE,
  HEAD,
  NOON,
  OTHER,
  asks,
  digestOf,
  facts,
  plan,
  proposal,
  pull,
  records,
  request,
  rules,
  situation,
  lockOn,
} from './situation.ts'

// What the environment demands, whatever the commit: a free one, a time, an order, a second person.

const refusalOf = (different: Partial<Situation>): Problem | null => {
  const decision = decide(situation(different))
  return 'refusal' in decision ? decision.refusal.problem : null
}

const outcomeOf = (different: Partial<Situation>): string => {
  const decision = decide(situation(different))
  return 'refusal' in decision ? decision.refusal.problem.code : 'wait' in decision ? `waits: ${decision.wait.reason}` : 'allowed'
}

const ruled = (different: Partial<EnvironmentRules>) => ({ proposal: proposal({ rules: rules(different) }) })
const automatic = { request: request({ door: 'push', subject: null, comment: null }) } as const
const HOUR = 3_600_000
const MONDAY = Date.UTC(2026, 10, 23)

describe('setting rules aside', () => {
  const insisting = (role: Role, more: Partial<Situation['request']> = {}) => ({
    request: request({ asks: asks({ override: 'the shop is down' }), ...more }),
    facts: facts({ actor: { id: ADA.id, login: 'ada', role }, pull: pull({ isDraft: true }), commit: null }),
    ...ruled({
      require: { checks: 'all', reviews: 2, upToDate: true, signed: false },
      freeze: [{ from: { day: 1, minute: 0 }, to: { day: 2, minute: 0 }, zone: 'UTC' }],
    }),
  })

  test('is an administrator’s word, and every rule that was says so', () => {
    const decision = decide(situation(insisting('admin')))
    expect('allowed' in decision).toBe(true)
    expect(decision.verdicts.filter(({ outcome }) => outcome === 'skipped')).toEqual(
      ['mergeable', 'checks', 'reviews', 'freeze'].map((gate) => ({
        gate,
        outcome: 'skipped',
        sentence: 'not asked: an administrator set it aside',
      })),
    )
    expect(decision.verdicts).toContainEqual({ gate: 'override', outcome: 'passed', sentence: 'ada, an administrator, says why: the shop is down' })
  })

  test.each<[string, Partial<Situation>]>([
    ['whoever maintains', insisting('maintain')],
    ['an App, whatever role it has', insisting('admin', { actor: { id: 1, login: 'bot[bot]', app: { id: 7, slug: 'bot' } } })],
    ['what began by itself', insisting('admin', { door: 'push' })],
    ['somebody without a reason', insisting('admin', { asks: asks({ override: ' ' }) })],
  ])('is not for %s', (_, different) => {
    const refused = refusalOf({
      ...different,
      ...ruled({
        allow: {
          role: 'write',
          any: [
            { kind: 'app', app: 7 },
            { kind: 'user', login: 'ada' },
          ],
        },
      }),
    })
    expect(refused).toMatchObject({ code: 'OVERRIDE_REFUSED', wanted: 'a person with the role admin, and a reason' })
  })

  test('is not for whoever has the login of an administrator now', () => {
    const { verdicts } = decide(situation({ ...insisting('admin'), facts: facts({ actor: { id: 99, login: 'ada', role: 'admin' } }) }))
    expect(verdicts.filter(({ outcome }) => outcome === 'refused').map(({ gate }) => gate)).toEqual(['person', 'override'])
  })

  test.each<[string, Code, Partial<Situation>]>([
    ['a lock', 'LOCKED', { records: records({ lock: heldBy(GRACE) }) }],
    ['the branch', 'BRANCH_REFUSED', ruled({ from: { ...rules().from, branches: ['release'] } })],
    ['a fork', 'FORK_REFUSED', { facts: facts({ actor: { id: 1, login: 'ada', role: 'admin' }, pull: pull({ isFork: true }) }) }],
    [
      'a closed pull request',
      'PULL_REQUEST_CLOSED',
      { facts: facts({ actor: { id: 1, login: 'ada', role: 'admin' }, pull: pull({ state: 'closed' }) }) },
    ],
    ['a signature', 'COMMIT_UNSIGNED', ruled({ require: { ...rules().require, signed: true } })],
  ])('leaves %s as it is', (_, code, different) => {
    expect(refusalOf({ ...insisting('admin'), ...different })?.code).toBe(code)
  })
})

const heldBy = (owner: Lock['owner'], different: Partial<Lock> = {}): Lock =>
  lockOn('shop/staging', { id: 5, owner, reason: 'looking into orders', since: NOON - HOUR, until: NOON + HOUR, ...different })

describe('a lock', () => {
  const held = (owner: Parameters<typeof heldBy>[0], different: Partial<Lock> = {}) => ({ records: records({ lock: heldBy(owner, different) }) })

  test('stops everybody but its holder', () => {
    expect(refusalOf(held(GRACE))).toMatchObject({
      code: 'LOCKED',
      sentence: 'staging is locked by grace: looking into orders',
      found: 'locked since 2026-11-23 11:00 UTC, until 2026-11-23 13:00 UTC',
    })
    expect(outcomeOf(held(ADA))).toBe('allowed')
  })
  test('of Gantry itself stops everybody', () => expect(refusalOf(held(null, { until: null }))?.found).toBe('locked since 2026-11-23 11:00 UTC'))
  test('of the whole repository says so', () =>
    expect(refusalOf(held(GRACE, { environment: '*' }))?.sentence).toContain('Every environment of this repository'))
  test('stops what begins by itself, also when its holder pushed', () =>
    expect(outcomeOf({ ...held(ADA), ...automatic, facts: facts({ pull: null }) })).toBe('LOCKED'))
  test('is not set aside by a rollback', () => {
    expect(outcomeOf({ ...held(GRACE), request: request({ asks: asks({ origin: { kind: 'rollback', to: null } }) }) })).toBe('LOCKED')
  })
  test('counts from our own records alone', () => expect(outcomeOf({ ...held(GRACE), facts: null })).toBe('LOCKED'))
})

/** `fri 15:00` */
const moment = (text: string): FreezeWindow['from'] => {
  const [day = '', hours, minutes] = text.split(/[ :]/)
  return { day: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].indexOf(day), minute: Number(hours) * 60 + Number(minutes) }
}
const frozen = (from: string, to: string, zone = 'Europe/Berlin'): FreezeWindow => ({ from: moment(from), to: moment(to), zone })

describe('a freeze', () => {
  const weekend = frozen('fri 15:00', 'mon 08:00')
  const at = (now: string, ...freeze: FreezeWindow[]) => ({ ...ruled({ freeze }), now: Date.parse(now) })
  const endOf = (now: string, ...freeze: FreezeWindow[]): string | null => {
    const decision = decide(situation({ ...at(now, ...freeze), ...automatic, facts: facts({ pull: null }) }))
    return 'wait' in decision ? new Date(decision.wait.until).toISOString() : null
  }

  test.each([
    ['the minute before', '2026-11-20T13:59:59Z', 'allowed'],
    ['its first minute', '2026-11-20T14:00:00Z', 'FROZEN'],
    ['over midnight and the end of the week', '2026-11-22T03:00:00Z', 'FROZEN'],
    ['its last minute', '2026-11-23T06:59:59Z', 'FROZEN'],
    ['its end', '2026-11-23T07:00:00Z', 'allowed'],
  ])('%s', (_, now, outcome) => expect(outcomeOf(at(now, weekend))).toBe(outcome))

  test('tells a person when it ends', () => {
    expect(refusalOf(at('2026-11-22T03:00:30Z', weekend))).toMatchObject({
      sentence: 'staging is frozen until 2026-11-23 07:00 UTC.',
      found: '2026-11-22 03:00 UTC',
      next: 'Ask again after 2026-11-23 07:00 UTC.',
    })
  })

  test.each([
    ['in winter', '2026-11-22T03:00:00Z', '2026-11-23T07:00:00.000Z'],
    ['in summer', '2026-07-04T03:00:00Z', '2026-07-06T06:00:00.000Z'],
    ['over the night when clocks go forward', '2026-03-28T12:00:00Z', '2026-03-30T06:00:00.000Z'],
    ['over the night when clocks go back', '2026-10-24T12:00:00Z', '2026-10-26T07:00:00.000Z'],
    ['from the middle of a minute', '2026-11-22T03:00:59.999Z', '2026-11-23T07:00:00.000Z'],
  ])('ends by the clock on the wall: %s', (_, now, end) => expect(endOf(now, weekend)).toBe(end))

  test.each([
    // On 2026-03-29 at 01:00 UTC Berlin's clocks go from 02:00 to 03:00.
    ['that would end at a time that there is not', frozen('sun 01:00', 'sun 02:30'), '2026-03-29T00:30:00Z', '2026-03-29T01:00:00.000Z'],
    ['that would begin at one', frozen('sun 02:30', 'sun 04:00'), '2026-03-29T01:00:00Z', '2026-03-29T02:00:00.000Z'],
    // On 2026-10-25 at 01:00 UTC they go from 03:00 to 02:00.
    ['that ends at a time that comes twice: the first', frozen('sun 01:00', 'sun 02:30'), '2026-10-25T00:15:00Z', '2026-10-25T00:30:00.000Z'],
    ['and the second', frozen('sun 01:00', 'sun 02:30'), '2026-10-25T01:15:00Z', '2026-10-25T01:30:00.000Z'],
    ['in a zone of half an hour', frozen('sun 00:00', 'sun 12:00', 'Australia/Lord_Howe'), '2026-10-03T18:00:00Z', '2026-10-04T01:00:00.000Z'],
    ['of a minute', frozen('sun 00:00', 'sun 00:01', 'UTC'), '2026-11-22T00:00:30Z', '2026-11-22T00:01:00.000Z'],
  ])('a window %s', (_, window, now, end) => expect(endOf(now, window)).toBe(end))

  test('several windows end with the last of those that touch', () => {
    expect(endOf('2026-11-20T14:00:00Z', weekend, frozen('mon 06:00', 'mon 12:00'), frozen('wed 00:00', 'thu 00:00'))).toBe(
      '2026-11-23T11:00:00.000Z',
    )
  })
  test('windows without a gap are looked at again after a week', () => {
    const end = Date.parse(endOf('2026-11-23T00:00:00Z', frozen('mon 00:00', 'fri 00:00', 'UTC'), frozen('fri 00:00', 'mon 00:00', 'UTC')) ?? '')
    expect(end - MONDAY).toBeGreaterThanOrEqual(7 * 24 * HOUR)
    expect(end - MONDAY).toBeLessThanOrEqual(15 * 24 * HOUR)
  })

  test('holds what has a plan already, and what began by itself', () => {
    expect(outcomeOf({ ...at('2026-11-22T03:00:00Z', weekend), plan: plan() })).toBe('waits: freeze')
    expect(outcomeOf({ ...at('2026-11-22T03:00:00Z', weekend), plan: plan(), facts: null })).toBe('waits: freeze')
    expect(outcomeOf({ ...at('2026-11-22T03:00:00Z', weekend), ...automatic, facts: facts({ pull: null }) })).toBe('waits: freeze')
  })
  test('does not keep anybody from going back', () => {
    expect(outcomeOf({ ...at('2026-11-22T03:00:00Z', weekend), request: request({ asks: asks({ origin: { kind: 'rollback', to: null } }) }) })).toBe(
      'allowed',
    )
  })
})

describe('an order', () => {
  const after = ruled({ after: { environment: 'qa', healthyFor: 10 * 60_000 } })
  const former = (tag: string, since = NOON - HOUR, name = 'main') =>
    records({
      former: { since, plan: plan({ environment: 'qa', artifacts: [{ name, repository: 'ghcr.io/acme/shop', tag, digest: digestOf(tag) }] }) },
    })

  test.each<[string, Partial<Situation>, string]>([
    ['the same digest, for long enough', { plan: plan(), records: former('1.1') }, 'allowed'],
    ['the same digest, from our own records', { plan: plan(), records: former('1.1'), facts: null }, 'allowed'],
    ['the same digest, to the minute', { plan: plan(), records: former('1.1', NOON - 10 * 60_000), now: NOON }, 'allowed'],
    ['the same digest, too early', { plan: plan(), records: former('1.1', NOON - 60_000) }, 'waits: soak'],
    ['another digest', { plan: plan(), records: former('1.0') }, 'ORDER_REQUIRED'],
    ['the same digest under another name', { plan: plan(), records: former('1.1', NOON - HOUR, 'side') }, 'ORDER_REQUIRED'],
    ['nothing', { plan: plan() }, 'ORDER_REQUIRED'],
    ['nothing, before the digest is known', {}, 'ORDER_REQUIRED'],
    ['something, before the digest is known', { records: former('1.0') }, 'allowed'],
  ])('%s', (_, different, outcome) => expect(outcomeOf({ ...after, ...different })).toBe(outcome))

  test('says nothing while the digests are not known', () => {
    expect(decide(situation({ ...after, records: former('1.1') })).verdicts.map(({ gate }) => gate)).not.toContain('order')
  })
  test('says what runs there, what should, and how to get there', () => {
    expect(refusalOf({ ...after, plan: plan(), records: former('1.0') })).toMatchObject({
      sentence: 'This has to run in qa first.',
      found: `qa runs main ${digestOf('1.0').slice(0, 19)}`,
      wanted: `qa running main ${digestOf('1.1').slice(0, 19)}`,
      next: 'Deploy the same images to qa, then ask again.',
    })
  })
  test('waits exactly as long as it takes', () => {
    const decision = decide(situation({ ...after, plan: plan(), records: former('1.1', NOON) }))
    expect(decision).toMatchObject({ wait: { reason: 'soak', until: NOON + 10 * 60_000, lookAt: NOON + 10 * 60_000 } })
  })
})

describe('approvals', () => {
  const leads = [{ kind: 'team', organisation: 'acme', slug: 'leads' }] as const
  const wanted = (different: Partial<NonNullable<EnvironmentRules['approvals']>> = {}) =>
    ruled({ approvals: { count: 1, by: [], not: ['requester', 'author', 'pusher'], expire: 4 * HOUR, ...different } })
  const word = (by: { readonly id: number; readonly login: string }, different: Partial<Approval> = {}): Approval => ({
    deployment: 'd1',
    planHash: 'hash',
    by: { id: by.id, login: by.login },
    isApproval: true,
    reason: null,
    at: NOON,
    ...different,
  })
  const said = (...approvals: Approval[]) => ({ plan: plan(), records: records({ planHash: 'hash', plannedAt: NOON, approvals }) })
  const roles = (role: Role, members: readonly number[] = []) =>
    facts({ roles: new Map([[GRACE.id, role]]), members: new Map([['team:acme/leads', members]]) })
  const linus = { id: 3, login: 'linus' }

  test.each<[string, Partial<Situation>, string]>([
    ['nothing to approve before the digests are known', wanted(), 'allowed'],
    ['nobody has said anything', { ...wanted(), ...said() }, 'waits: approval'],
    ['a second person has', { ...wanted(), ...said(word(GRACE)), facts: roles('write') }, 'allowed'],
    ['a second person has, by our own records', { ...wanted(), ...said(word(GRACE)), facts: null }, 'allowed'],
    ['about another plan', { ...wanted(), ...said(word(GRACE, { planHash: 'other' })), facts: roles('write') }, 'waits: approval'],
    ['somebody who may not any more', { ...wanted(), ...said(word(GRACE)), facts: roles('triage') }, 'waits: approval'],
    ['somebody of whom GitHub says nothing now', { ...wanted(), ...said(word(GRACE)) }, 'waits: approval'],
    ['one of the leads', { ...wanted({ by: leads }), ...said(word(GRACE)), facts: roles('write', [GRACE.id]) }, 'allowed'],
    ['somebody who has left the leads', { ...wanted({ by: leads }), ...said(word(GRACE)), facts: roles('write') }, 'waits: approval'],
    ['one of two', { ...wanted({ count: 2 }), ...said(word(GRACE)), facts: roles('write') }, 'waits: approval'],
    ['the same person twice', { ...wanted({ count: 2 }), ...said(word(GRACE), word(GRACE)), facts: roles('write') }, 'waits: approval'],
    ['two people', { ...wanted({ count: 2 }), ...said(word(GRACE), word(linus)), facts: null }, 'allowed'],
    ['somebody rejects', { ...wanted(), ...said(word(GRACE), word(linus, { isApproval: false })), facts: roles('write') }, 'APPROVAL_REJECTED'],
    [
      'somebody rejected another plan',
      { ...wanted(), ...said(word(GRACE), word(linus, { isApproval: false, planHash: 'other' })), facts: roles('write') },
      'allowed',
    ],
  ])('%s', (_, different, outcome) => expect(outcomeOf(different)).toBe(outcome))

  test.each<[string, Partial<NonNullable<Situation['facts']>['pull'] & object>, string]>([
    ['author', { author: GRACE }, 'waits: approval'],
    ['pusher', { pusher: GRACE }, 'waits: approval'],
    ['neither', {}, 'allowed'],
  ])('the %s of the change', (_, different, outcome) => {
    const grown = { ...roles('write'), pull: pull(different) }
    expect(outcomeOf({ ...wanted(), ...said(word(GRACE)), facts: grown })).toBe(outcome)
    expect(outcomeOf({ ...wanted({ not: [] }), ...said(word(GRACE)), facts: grown })).toBe('allowed')
  })

  test('are waited for, for as long as the rule says', () => {
    const decision = decide(situation({ ...wanted({ count: 2, by: leads }), ...said() }))
    expect(decision).toMatchObject({
      wait: { reason: 'approval', sentence: '2 approvals by one of team:acme/leads are missing.', until: NOON + 4 * HOUR },
    })
  })
  test('are not set aside by an override', () => {
    const insists = { request: request({ asks: asks({ override: 'now' }) }), facts: facts({ actor: { id: 1, login: 'ada', role: 'admin' } }) }
    expect(outcomeOf({ ...wanted(), ...said(), ...insists })).toBe('waits: approval')
  })
  test('of several waits the earliest is looked at', () => {
    const both = ruled({ ...wanted().proposal.rules, after: { environment: 'qa', healthyFor: HOUR } })
    const former = { since: NOON, plan: plan({ environment: 'qa' }) }
    expect(outcomeOf({ ...both, plan: plan(), records: records({ planHash: 'hash', former }) })).toBe('waits: soak')
  })
})

test('a commit is judged by the plan, once there is one', () => {
  expect(outcomeOf({ plan: plan({ commit: OTHER }), proposal: proposal({ commit: HEAD }) })).toBe('HEAD_MOVED')
})
