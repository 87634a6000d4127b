import { randomBytes } from 'node:crypto'
import { freePorts } from '../demo/free-ports.ts'
import { drilled, QUICK, SLOW } from '../world/alert-drills.ts'
import { Grounds } from '../world/grounds.ts'
import { missingPrometheus, startAlerting } from '../world/prometheus.ts'
import { Checks, leftOut, type Finding, type Scenario } from './scenario.ts'

const TRIED = 'faults are brought about, and the real Prometheus and Alertmanager tell somebody, with minutes made seconds'

const missing = missingPrometheus()

const i08: Scenario = missing === null ? { id: 'I08', tried: TRIED, run: brought } : leftOut('I08', TRIED, missing)

async function brought(): Promise<Finding> {
  const [port = 0] = await freePorts(1)
  const environment = { METRICS_PORT: String(port), GANTRY_KEYS: `k1:${randomBytes(32).toString('base64')}` }
  const grounds = await Grounds.open(environment)
  const alerting = await startAlerting(`127.0.0.1:${port}`)
  try {
    const checks = new Checks()
    const drills = [...SLOW, ...QUICK]
    for (const drill of drills) {
      const { first, last } = await drilled(drill, grounds, environment, alerting)
      checks.that(first !== undefined, `${drill.alert} does not fire though ${drill.what}`)
      checks.that(first?.annotations['runbook'] === `docs/monitoring.md#${drill.alert.toLowerCase()}`, `${drill.alert} names no runbook`)
      checks.that(last?.status === 'resolved', `${drill.alert} does not clear`)
    }
    return checks.finding(`${drills.length} alerts fire, name the runbook, and clear; promtool tries the others`)
  } finally {
    await alerting.stop()
    await grounds.closes()
  }
}

export const alarms: readonly Scenario[] = [i08]
