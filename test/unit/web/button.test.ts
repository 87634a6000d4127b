import { describe, expect, test } from 'vitest'
import type { Deployment, State, Wait } from '../../../src/deploy/deployment.ts'
import { problem, type Problem } from '../../../src/errors.ts'
import { BUTTONS, buttonOf, type ButtonState, type Moment } from '../../../src/web/button.ts'

const locked = problem('LOCKED', { sentence: 'staging is locked by grace: a migration.', next: 'Ask grace.' })
const imageless = problem('IMAGE_REQUIRED', { sentence: 'The configuration gives no tag.', next: 'Name the image.' })
const frozen: Wait = { reason: 'freeze', sentence: 'Nothing is deployed before Monday 08:00.', until: 2, lookAt: 2 }
const deployment = (state: State, its: { problem?: Problem; wait?: Wait } = {}) =>
  ({ state, problem: null, wait: null, ...its }) as unknown as Deployment

type Row = readonly [what: string, moment: Moment, state: ButtonState, caption: string, reason: string | null, who: string | null]

const environment = (its: Partial<Extract<Moment, { of: 'environment' }>>): Moment => ({
  of: 'environment',
  problem: null,
  wait: null,
  occupant: null,
  ...its,
})
const one = (state: State, its: { problem?: Problem; wait?: Wait } = {}): Moment => ({ of: 'deployment', deployment: deployment(state, its) })

const ROWS: readonly Row[] = [
  ['an environment that may be deployed to', environment({}), 'idle', 'Deploy', null, null],
  ['one that is frozen', environment({ wait: frozen }), 'idle', 'Deploy', 'Not at once: Nothing is deployed before Monday 08:00.', null],
  ['one that is locked', environment({ problem: locked }), 'disabled', locked.sentence, locked.sentence, 'whoever asked'],
  ['one whose image has to be named: the next page asks for it', environment({ problem: imageless }), 'idle', 'Deploy', null, null],
  ['one of which nobody knows what runs', environment({ occupant: deployment('unknown') }), 'unknown', 'Look at what runs', null, null],
  ['one that another one occupies: there is a queue', environment({ occupant: deployment('applying') }), 'idle', 'Deploy', null, null],
  ['a dry run that goes well', { of: 'rehearsal', problem: null, wait: null }, 'confirm', 'Deploy', null, null],
  [
    'one that would wait',
    { of: 'rehearsal', problem: null, wait: frozen },
    'confirm',
    'Deploy',
    'Not at once: Nothing is deployed before Monday 08:00.',
    null,
  ],
  ['one that would be refused', { of: 'rehearsal', problem: locked, wait: null }, 'disabled', locked.sentence, locked.sentence, 'whoever asked'],
  ['one without its image', { of: 'rehearsal', problem: imageless, wait: null }, 'disabled', imageless.sentence, imageless.sentence, 'whoever asked'],
  ['requested', one('requested'), 'checking', 'Checking', null, null],
  ['gating', one('gating'), 'checking', 'Checking', null, null],
  ['resolving', one('resolving'), 'checking', 'Checking', null, null],
  ['verifying', one('verifying'), 'checking', 'Checking', null, null],
  ['waiting', one('waiting', { wait: frozen }), 'waiting', 'Waiting', frozen.sentence, null],
  ['queued', one('queued'), 'waiting', 'Waiting', null, null],
  ['applying', one('applying'), 'deploying', 'Deploying', null, null],
  ['observing', one('observing'), 'deploying', 'Deploying', null, null],
  ['restoring', one('restoring', { problem: locked }), 'deploying', 'Deploying', locked.sentence, 'whoever asked'],
  ['success', one('success'), 'success', 'Deployed', null, null],
  ['refused', one('refused', { problem: locked }), 'disabled', locked.sentence, locked.sentence, 'whoever asked'],
  ['failure', one('failure', { problem: locked }), 'failure', 'Retry', locked.sentence, 'whoever asked'],
  ['cancelled', one('cancelled'), 'cancelled', 'Deploy again', null, null],
  ['superseded', one('superseded'), 'cancelled', 'Deploy again', null, null],
  ['unknown', one('unknown', { problem: locked }), 'unknown', 'Look at what runs', locked.sentence, 'whoever asked'],
]

describe('the deploy button', () => {
  test.each(ROWS)('%s', (_, moment, state, caption, reason, who) => {
    expect(buttonOf(moment)).toMatchObject({ state, caption, reason, who })
  })

  test('every state of it is reached, and what can be pressed says what it does meanwhile', () => {
    const reached = new Set<string>([...ROWS.map(([, , state]) => state)])
    expect([...reached].toSorted()).toEqual(Object.keys(BUTTONS).toSorted())
    for (const { press, busy } of Object.values(BUTTONS)) expect(busy !== '').toBe(press !== null)
  })
})
