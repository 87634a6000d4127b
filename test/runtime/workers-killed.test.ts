import { expect, test } from 'vitest'
import type { Finding } from '../crash/finding.ts'
import { killsOfWorkers } from '../crash/workers-kills.ts'
import { missingWorkerd } from '../workers/workerd.ts'

// The short form of `npm run crash -- --workers 200`.
const KILLS = 8

test(`kill -9 of workerd ${KILLS} times under load: nothing that was acknowledged is lost, nothing happens twice, and alarms take up what was left`, async () => {
  if (missingWorkerd() !== null) throw new Error(`workerd cannot run here: ${missingWorkerd()}`)
  const findings: Finding[] = []
  const { kills, armed, acknowledged } = await killsOfWorkers({ count: KILLS, seed: 3 }, (kind, what) => void findings.push({ kind, what }))
  expect(findings).toEqual([])
  expect(kills).toBe(KILLS)
  expect(armed).toBeGreaterThan(0)
  expect(acknowledged.deliveries).toBeGreaterThan(0)
  expect(acknowledged.credentials).toBeGreaterThan(0)
}, 600_000)
