import { expect, test } from 'vitest'
import type { Finding } from '../crash/finding.ts'
import { kills, quantiles } from '../crash/kills.ts'

// The short form of `npm run crash -- --kills 500`, which measures; here it is only asked whether anything is lost or done twice.
const KILLS = 20
const SLOW_MACHINE = 30_000

test(`kill -9 at ${KILLS} random moments, on the way to a site and to an engine: nothing is lost, nothing happens twice`, async () => {
  const findings: Finding[] = []
  const { ready, goesOn } = await kills(
    { count: KILLS, seed: 1, engine: 'simulated', isSaidToo: false },
    (kind, what) => void findings.push({ kind, what }),
  )
  expect(findings).toEqual([])
  expect(ready).toHaveLength(KILLS)
  expect(quantiles(ready).max).toBeLessThan(SLOW_MACHINE)
  expect(quantiles(goesOn).max).toBeLessThan(SLOW_MACHINE)
}, 300_000)
