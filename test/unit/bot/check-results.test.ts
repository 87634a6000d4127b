import { expect, test } from 'vitest'
import { checkResults, rollupShape } from '../../../src/bot/check-results.ts'

const run = (more: object) => ({
  ...{ __typename: 'CheckRun', databaseId: 1, name: 'build', status: 'COMPLETED', conclusion: 'SUCCESS', startedAt: '2026-01-05T12:00:00Z' },
  ...{ checkSuite: { app: { databaseId: 7, slug: 'ci' } } },
  ...more,
})
const results = (nodes: readonly unknown[]) => checkResults(rollupShape.parse({ contexts: { nodes, pageInfo: { hasNextPage: false } } }), 4711)
const outcomes = (nodes: readonly unknown[]) => results(nodes)?.map(({ outcome }) => outcome)

test('what has not begun yet is newer than what has ended', () => {
  const waits = run({ databaseId: null, status: 'QUEUED', conclusion: null, startedAt: null })
  expect(outcomes([run({}), waits])).toEqual(['pending'])
  expect(outcomes([waits, run({})])).toEqual(['pending'])
})

test('what ended without ever having begun is older than what began', () => {
  expect(outcomes([run({}), run({ conclusion: 'CANCELLED', startedAt: null })])).toEqual(['success'])
})

test('an App that is gone counts as nobody in particular, and a conclusion of tomorrow as a failure', () => {
  expect(results([run({ checkSuite: { app: null }, conclusion: 'LUCKY' })])).toMatchObject([{ app: null, outcome: 'failure', state: 'LUCKY' }])
})

test('a required status that was never reported is pending', () => {
  const expected = { __typename: 'StatusContext', context: 'legacy', state: 'EXPECTED', createdAt: '2026-01-05T12:00:00Z' }
  expect(results([expected])).toEqual([{ name: 'legacy', app: null, outcome: 'pending', state: 'EXPECTED' }])
})

test('a result that GitHub leaves out makes all of them unknown', () => {
  expect(results([run({}), null])).toBeNull()
})
