import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Deployment } from '../../../src/deploy/deployment.ts'
import type { Call } from '../../world/github/github.ts'
import type { Comment } from '../../world/github/state.ts'
import { Desk } from './desk.ts'

const CREATING = new Set(['addComment', 'createCheckRun', 'createDeploymentStatus'])
const ENVIRONMENTS = 20

/** What a call creates on GitHub. */
function creates({ method, operation, fields }: Call): number {
  if (operation === 'POST /graphql') return fields.filter((field) => CREATING.has(field)).length
  return method === 'POST' && !operation.includes('access_tokens') ? 1 : 0
}

/** The most that was spent within any `span` milliseconds. */
function mostWithin(span: number, calls: readonly Call[], cost: (call: Call) => number): number {
  let [most, sum, from] = [0, 0, 0]
  for (const call of calls) {
    sum += cost(call)
    for (let first = calls[from]; first !== undefined && first.at + span <= call.at; first = calls[++from]) sum -= cost(first)
    most = Math.max(most, sum)
  }
  return most
}

describe('two hundred deployments in an hour', () => {
  let desk: Desk
  beforeEach(() => {
    desk = new Desk()
  })
  afterEach(() => {
    desk.github.verdict()
    expect(desk.incidents).toEqual([])
  })

  /** Comments that say how it went. */
  const ended = (mark = /^[✅❌]/): readonly Comment[] => desk.said().filter(({ body }) => mark.test(body))
  const isGood = (index: number): boolean => index % 5 !== 0

  /** Twenty commands at once; each deployment takes half a minute, and every fifth fails. */
  async function burst(): Promise<void> {
    for (let index = 0; index < ENVIRONMENTS; index++) desk.github.people.ada.comments(desk.pull.number, `/deploy e${index}`)
    await desk.settle()
    const all = desk.journal.open()
    expect(all).toHaveLength(ENVIRONMENTS)
    const each = (work: (deployment: Deployment, index: number) => void): Promise<void> => {
      for (const [index, { id }] of all.entries()) work(desk.journal.find(id) as Deployment, index)
      return desk.settle()
    }
    await each((deployment, index) => desk.allows(deployment, desk.plan({ environment: `e${index}` })))
    await desk.time.passes('5 seconds')
    await each((deployment) => desk.resolves(deployment))
    await desk.time.passes('5 seconds')
    await each((deployment) => desk.applies(deployment))
    await desk.time.passes('20 seconds')
    await each((deployment, index) => (isGood(index) ? desk.succeeds(deployment) : desk.fails(deployment)))
    await desk.time.passes('5 minutes')
  }

  test('never create more than GitHub bears, and every one is told to its end', { timeout: 60_000 }, async () => {
    for (let count = 1; count <= 10; count++) {
      await burst()
      // The comment goes first: nobody waits for it until the hour is over.
      expect(ended()).toHaveLength(count * ENVIRONMENTS)
    }
    await desk.time.passes('3 hours')

    const { calls } = desk.github
    const [minute, hour] = [60_000, 3_600_000].map((span) => mostWithin(span, calls, creates))
    expect(minute).toBeLessThanOrEqual(60)
    expect(hour).toBeLessThanOrEqual(450)
    // Else nothing was short, and this would prove nothing.
    expect([minute, hour].map((most) => (most ?? 0) > 40)).toEqual([true, true])
    expect(mostWithin(60_000, calls, ({ points }) => points)).toBeLessThanOrEqual(700)
    expect(calls.filter(({ status }) => status >= 400)).toEqual([])

    expect(desk.announcements.incomplete()).toEqual([])
    expect(desk.said()).toHaveLength(200)
    expect([ended(/^✅/).length, ended(/^❌/).length]).toEqual([160, 40])
    const { checks, deployments } = desk.github.repository
    expect(Object.groupBy(checks, ({ conclusion }) => String(conclusion))).toMatchObject({ success: { length: 160 }, failure: { length: 40 } })
    const states = deployments.map(({ statuses }) => statuses.map(({ state }) => state))
    expect(states.filter((all) => all.includes('success'))).toHaveLength(160)
    expect(states.filter((all) => all.includes('failure'))).toHaveLength(40)
  })
})
