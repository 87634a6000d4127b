import { describe, expect, test } from 'vitest'
import { hasEnded, type Deployment, type State } from '../../../src/deploy/deployment.ts'
import { offersFor, staleButton, type Press } from '../../../src/deploy/offers.ts'

const DAY = 24 * 3_600_000
const ENDED = 1_000_000

/** By hand: what stands there for the newest of its environment, for one that was followed by a newer one, and for one that had no turn. */
const TABLE: Record<State, readonly [newest: string, followed: string, noTurn: string]> = {
  requested: ['cancel', 'cancel', 'cancel'],
  gating: ['cancel', 'cancel', 'cancel'],
  resolving: ['cancel', 'cancel', 'cancel'],
  verifying: ['cancel', 'cancel', 'cancel'],
  waiting: ['cancel', 'cancel', 'cancel'],
  queued: ['cancel', 'cancel', 'cancel'],
  applying: ['cancel', 'cancel', 'cancel'],
  observing: ['', '', ''],
  restoring: ['', '', ''],
  success: ['rollback', '', 'rollback'],
  refused: ['deploy', '', 'deploy'],
  failure: ['retry rollback', '', 'retry'],
  cancelled: ['deploy', '', 'deploy'],
  superseded: ['deploy', '', 'deploy'],
  unknown: ['retry rollback', '', 'retry'],
}
const STATES = Object.keys(TABLE) as State[]

const one = (state: State, more: Partial<Deployment> = {}): Deployment =>
  ({
    ...{ id: '9ix-1', state, fence: 4, cancellation: null, isQuiet: false, plan: null, endedAt: hasEnded(state) ? ENDED : null },
    ...more,
  }) as Deployment

describe('what may be wished of a deployment', () => {
  test.each(STATES)('%s', (state) => {
    const all = [offersFor(one(state), true), offersFor(one(state), false), offersFor(one(state, { fence: null }), true)]
    expect(all.map((offers) => offers.join(' '))).toEqual(TABLE[state])
  })

  test.each(STATES)('%s: nothing of one that nobody was told of, and no second Cancel', (state) => {
    expect(offersFor(one(state, { isQuiet: true }), true)).toEqual([])
    const cancellation = { key: 'b:1:2:cancel:3', by: { id: 3, login: 'ada' }, at: 5 }
    expect(offersFor(one(state, { cancellation }), true)).not.toContain('cancel')
  })
})

const newer = one('success', { id: '9ix-2' })

describe('a button that is out of date', () => {
  const found = (press: Press, deployment: Deployment, after: Deployment | null = null, now = ENDED + DAY): string | null =>
    staleButton(press, deployment, after, now)?.problem.found ?? null

  test.each<[Press, State]>([
    ['retry', 'failure'],
    ['retry', 'unknown'],
    ['rollback', 'failure'],
    ['rollback', 'success'],
    ['deploy', 'refused'],
    ['deploy', 'cancelled'],
    ['deploy', 'superseded'],
    ...STATES.filter(hasEnded).map((state): [Press, State] => ['re-run', state]),
  ])('%s on %s, until something newer has happened there or 30 days have passed', (press, state) => {
    expect(found(press, one(state))).toBeNull()
    expect(found(press, one(state), newer)).toBe('9ix-1, which was followed there by 9ix-2')
    expect(found(press, one(state), null, ENDED + 30 * DAY)).toBeNull()
    expect(found(press, one(state), null, ENDED + 30 * DAY + 1)).toBe('9ix-1, which ended more than 30 days ago')
  })

  test.each<[Press, State, string]>([
    ['retry', 'success', 'ended as success'],
    ['deploy', 'failure', 'ended as failure'],
    ['rollback', 'cancelled', 'ended as cancelled'],
    ['rollback', 'observing', 'has not ended'],
    ['re-run', 'waiting', 'has not ended'],
  ])('%s on %s: it %s', (press, state, why) => {
    expect(found(press, one(state))).toBe(`9ix-1, which ${why}`)
  })

  test('how far a deployment is that is to be stopped is said by the stopping', () => {
    for (const state of STATES) expect(found('cancel', one(state), newer)).toBeNull()
  })

  test('it says where to look', () => {
    const plan = { app: 'shop', environment: 'staging' } as Deployment['plan']
    expect(staleButton('rollback', one('success', { plan }), newer, ENDED)?.problem).toEqual({
      code: 'BUTTON_STALE',
      sentence: 'The button "Roll back" is out of date, so nothing was done.',
      found: '9ix-1, which was followed there by 9ix-2',
      wanted: 'the newest deployment of its environment',
      who: 'requester',
      next: 'Look at what runs there now with "/status shop/staging", then ask for what is wanted in a comment.',
      retryable: false,
    })
  })
})
