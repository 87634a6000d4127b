import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { parse } from 'yaml'
import { drilled, QUICK } from '../world/alert-drills.ts'
import { freePorts } from '../demo/free-ports.ts'
import { eventually, Grounds } from '../world/grounds.ts'
import { missingPrometheus, PROGRAMS, startAlerting, type Alerting } from '../world/prometheus.ts'

// From a fault to somebody who is told, and back: the real Gantry, Prometheus and Alertmanager, with minutes made seconds.

const missing = missingPrometheus()
if (missing !== null && process.env['CI']) throw new Error(`alerts must be tried: ${missing}`)
const leftOut = missing === null ? '' : ` (left out: ${missing})`

const folder = new URL('../../docs/monitoring/', import.meta.url)
const TESTS = ['gantry.rules.test.yml', 'gantry.rules.days.test.yml']
const text = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

describe.skipIf(missing !== null)(`the rules${leftOut}`, () => {
  const tool = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(PROGRAMS.promtool, words, { cwd: folder, encoding: 'utf8' })
    return { status, said: stdout + stderr }
  }

  test('are in order, and each alert fires and falls silent when it should', () => {
    expect(tool('check', 'rules', 'gantry.rules.yml')).toMatchObject({ status: 0 })
    expect(tool('test', 'rules', ...TESTS)).toMatchObject({ status: 0 })
  })

  test('the tool would say so if one did not', () => {
    const wrong = spawnSync(PROGRAMS.promtool, ['test', 'rules', '/dev/stdin'], {
      ...{ cwd: folder, encoding: 'utf8' },
      input: text('gantry.rules.test.yml')
        .replaceAll('[gantry.rules.yml]', `[${new URL('gantry.rules.yml', folder).pathname}]`)
        .replace('1 1 0 0 0 0 1 1', '1x9'),
    })
    expect(wrong.status).not.toBe(0)
  })
})

describe('every alert', () => {
  interface Rule {
    readonly alert?: string
    readonly expr: string
    readonly labels: { readonly severity: string }
    readonly annotations: { readonly summary: string; readonly runbook: string }
  }
  const { groups } = parse(text('gantry.rules.yml')) as { groups: { rules: Rule[] }[] }
  const alerts = groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined)
  const tests = TESTS.flatMap((name) => (parse(text(name)) as { tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[] }).tests)
  const page = readFileSync(new URL('../monitoring.md', folder), 'utf8')

  test('is one of a page, a ticket and the heartbeat', () => {
    expect(new Set(alerts.map(({ labels }) => labels.severity))).toEqual(new Set(['page', 'ticket', 'none']))
  })

  test.each(alerts)('$alert leads to its section, is seen to fire and, where it can, to be silent', ({ alert = '', annotations }) => {
    expect(annotations.runbook).toBe(`docs/monitoring.md#${alert.toLowerCase()}`)
    expect(page.split(`\n### ${alert}\n`)).toHaveLength(2)
    const tried = tests.flatMap(({ alert_rule_test }) => alert_rule_test).filter(({ alertname }) => alertname === alert)
    expect(tried.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true)
    expect(tried.some(({ exp_alerts }) => exp_alerts.length === 0) || alert === 'GantryWatchdog').toBe(true)
  })

  test('there is no section for one that there is not', () => {
    const sections = [...page.matchAll(/^### (Gantry\w+)$/gm)].map(([, name]) => name)
    expect(sections.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted())
  })

  test.each(['gantry.rules.yml', 'dashboard.json'])('and what is drawn asks for what Gantry measures: %s', (name) => {
    const measured = new Set([...page.matchAll(/^\| `(gantry_\w+)/gm)].map(([, metric]) => metric))
    const asked = new Set([...text(name).matchAll(/\bgantry_\w+/g)].map(([metric]) => metric.replace(/_(bucket|sum|count)$/, '')))
    expect(asked.size).toBeGreaterThan(10)
    expect([...asked].filter((metric) => !measured.has(metric))).toEqual([])
  })
})

describe.skipIf(missing !== null)(`somebody is told, and told again when it is over${leftOut}`, () => {
  let grounds: Grounds
  let alerting: Alerting
  let environment: Readonly<Record<string, string>>
  beforeAll(async () => {
    const [port = 0] = await freePorts(1)
    environment = { METRICS_PORT: String(port) }
    grounds = await Grounds.open(environment)
    alerting = await startAlerting(`127.0.0.1:${port}`)
  })
  afterAll(async () => {
    await alerting?.stop()
    await grounds?.closes()
  })

  test('of the heartbeat, as long as all is well', async () => {
    expect(alerting.said('GantryWatchdog')?.status).toBe('firing')
    // Until the first look at it nobody knows of it.
    expect(await eventually(() => alerting.said('GantryDown')?.status !== 'firing')).toBe(true)
  })

  test.each(QUICK)('$alert: $what', async (drill) => {
    onTestFailed(() => console.log(`${JSON.stringify(alerting.arrived, null, 1)}\n${grounds.gantry.output}`))
    const { first, last } = await drilled(drill, grounds, environment, alerting)
    expect(first?.annotations['runbook']).toBe(`docs/monitoring.md#${drill.alert.toLowerCase()}`)
    expect(last?.status).toBe('resolved')
  })

  test('which part is missing, and that deployments fail, was told as well', () => {
    expect(alerting.arrived.find(({ labels }) => labels['alertname'] === 'GantryNotReady')?.labels).toMatchObject({
      part: 'database',
      severity: 'page',
    })
    expect(alerting.said('GantryDeploymentsFailing')).toBeDefined()
  })
})
