import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FollowedPage } from '../world/followed-page.ts'
import { missingPrometheus, PROGRAMS, startAlerting, type Alerting } from '../world/prometheus.ts'

// Somebody follows docs/monitoring.md from its beginning to its end; each of its commands is run, as it stands there, in a folder of its own.

const missing = missingPrometheus()
if (missing !== null && process.env['CI']) throw new Error(`the page on monitoring must be followed: ${missing}`)

describe.skipIf(missing !== null)(`docs/monitoring.md${missing === null ? '' : ` (left out: ${missing})`}`, () => {
  let folder: string
  let alerting: Alerting
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-monitoring-'))
    alerting = await startAlerting('127.0.0.1:1')
  })
  afterAll(async () => {
    await alerting.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('its commands do what it says, one after the other', async () => {
    const etc = join(folder, 'etc')
    mkdirSync(etc)
    const names = { '/etc/prometheus': etc, 'docs/monitoring/': fileURLToPath(new URL('../../docs/monitoring/', import.meta.url)) }
    const page = new FollowedPage('monitoring.md', folder)

    page.follow('sed', { names })
    const rules = readFileSync(join(etc, 'gantry.rules.yml'), 'utf8')
    expect(rules).toContain('runbook: https://gantry.example.com/docs/monitoring#gantrydown')
    expect(rules).not.toMatch(/runbook: docs/)

    page.follow('slack-webhook', { names })
    for (const name of ['slack-webhook', 'mail-password']) expect(statSync(join(etc, name)).mode & 0o777).toBe(0o600)

    const { out } = page.follow('check config', { names })
    expect(out).toMatch(/SUCCESS: 1 rule files found[^]*SUCCESS: 35 rules found[^]*- 3 receivers/)

    page.follow('GantryTrial', { names: { '127.0.0.1:9093': alerting.address } })
    expect(await alerting.until('GantryTrial', 'firing')).toBe(true)
    expect(alerting.said('GantryTrial')?.annotations['summary']).toBe('A trial: nothing is wrong.')
    expect(page.isAtItsEnd).toBe(true)
  })

  test.each([
    ['severity=page', 'chat'],
    ['severity=ticket', 'mail'],
    ['alertname=GantryWatchdog', 'heartbeat'],
  ])('its Alertmanager sends %s to %s', (label, receiver) => {
    const config = fileURLToPath(new URL('../../docs/monitoring/alertmanager.yml', import.meta.url))
    const { stdout } = spawnSync(PROGRAMS.amtool, ['config', 'routes', 'test', `--config.file=${config}`, label], { encoding: 'utf8' })
    expect(stdout.trim()).toBe(receiver)
  })
})
