import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BROKEN, DOUBTFUL, RightSetUp } from '../world/broken-set-ups.ts'

// `gantry doctor` in set-ups that are broken, one thing at a time: it names the cause and the next step, and changes nothing.

let here: RightSetUp
beforeEach(async () => {
  here = await RightSetUp.make()
})
afterEach(() => here.closes())

test('where everything is right it says so, row by row', async () => {
  const { code, output } = await here.asksDoctor()
  expect(output.replaceAll(/\d+ s (behind|ahead of)/g, '0 s behind')).toMatchInlineSnapshot(`
    "  ok The database can be read: data/gantry.db
      ok The keys are those that the vault was written with
      ok The operator file is right: gantry.yml
      ok The target site is there: a folder of Gantry's own, to be served at 127.0.0.1:0, with nothing in it yet
      ok GitHub accepts the App’s key: gantry
      ok The clock of this machine is right: 0 s behind GitHub’s
      ok The App has the permissions that app.yml asks for: metadata: read, contents: read, statuses: read, attestations: read, members: read, issues: write, pull_requests: write, checks: write, deployments: write
      ok GitHub sends the App the events that app.yml asks for: 9 of 9
      ok GitHub’s webhooks come here: gantry.example
      ok The App is installed on acme
    "
  `)
  expect(code).toBe(0)
})

describe('it names the cause and the next step where', () => {
  test.each(BROKEN)('%s', async (_, breaks, says) => {
    const { code, output } = await here.asksDoctor(breaks(here) ?? {})
    expect(output).toMatch(says)
    expect(output).toMatch(/next:\s+\S/)
    expect(output).not.toMatch(/\n\s+at /)
    expect(code).toBe(1)
  })
})

test('it names a clock that is three hours wrong', async () => {
  await here.ago(3 * 3_600_000, async () => {
    const { code, output } = await here.asksDoctor()
    expect([code, output]).toEqual([1, expect.stringMatching(/CLOCK_SKEW_LOCAL[^]*108\d\d s ahead of GitHub’s/)])
  })
})

describe('it warns, and ends well, where', () => {
  test.each(DOUBTFUL)('%s', async (_, breaks, says) => {
    breaks(here)
    const { code, output } = await here.asksDoctor()
    expect([code, output]).toEqual([0, expect.stringMatching(says)])
  })
})
