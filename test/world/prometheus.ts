import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../demo/free-ports.ts'
import { eventually } from './grounds.ts'

export const PROGRAMS = {
  prometheus: '/usr/bin/prometheus',
  promtool: '/usr/bin/promtool',
  alertmanager: '/usr/bin/prometheus-alertmanager',
  amtool: '/usr/bin/amtool',
} as const

/** Why they cannot be run here; null where they can. */
export function missingPrometheus(): string | null {
  const missing = Object.values(PROGRAMS).filter((program) => !existsSync(program))
  return missing.length === 0 ? null : `${missing.join(', ')} not installed (apt-get install prometheus prometheus-alertmanager)`
}

export interface Alert {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** The real Prometheus with our rules and the real Alertmanager, which tells somebody on this machine. */
export interface Alerting {
  /** Where Alertmanager takes alerts. */
  readonly address: string
  /** What has arrived, in order: of each message one alert, and one that fires where there is any. */
  readonly arrived: readonly Alert[]
  /** What was said last of this alert. */
  said(alertname: string): Alert | undefined
  /** Whether it is said within so many seconds. */
  until(alertname: string, status: Alert['status'], seconds?: number): Promise<boolean>
  stop(): Promise<void>
}

const RULES = new URL('../../docs/monitoring/gantry.rules.yml', import.meta.url)

/** The rules with minutes and days become seconds, so that nobody has to wait for them: only what is compared stays as it is. */
export const hurried = (rules: string, window = '10s'): string =>
  rules
    .replace(/\bfor: \d+[mhd]\b/g, 'for: 1s')
    .replace(/\[\d+[mhd]\]/g, `[${window}]`)
    .replace(/\boffset \d+[mhd]\b/g, `offset ${window}`)

/** `target`: host and port whose `/metrics` is looked at, each second. */
export async function startAlerting(target: string): Promise<Alerting> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-alerting-'))
  const arrived: Alert[] = []
  const receiver = await receive(arrived)
  const [toPrometheus = 0, toAlertmanager = 0] = await freePorts(2)
  writeFileSync(join(folder, 'gantry.rules.yml'), hurried(readFileSync(RULES, 'utf8')))
  writeFileSync(join(folder, 'prometheus.yml'), prometheusYml(target, toAlertmanager))
  writeFileSync(join(folder, 'alertmanager.yml'), alertmanagerYml(receiver.port))
  const processes = [
    run(folder, PROGRAMS.alertmanager, toAlertmanager, '--config.file=alertmanager.yml', '--storage.path=alertmanager', '--cluster.listen-address='),
    run(folder, PROGRAMS.prometheus, toPrometheus, '--config.file=prometheus.yml', '--storage.tsdb.path=prometheus', AT_ONCE),
  ]
  for (const port of [toAlertmanager, toPrometheus]) await isReady(port)
  const said = (alertname: string) => arrived.findLast(({ labels }) => labels['alertname'] === alertname)
  // It always fires: by then they have found each other, and Gantry.
  if (!(await eventually(() => said('GantryWatchdog') !== undefined, 30))) throw new Error('no alert arrives')
  return {
    ...{ arrived, said, address: `127.0.0.1:${toAlertmanager}` },
    until: (alertname, status, seconds = 40) => eventually(() => said(alertname)?.status === status, seconds),
    async stop() {
      await Promise.all(processes.map(ended))
      receiver.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function run(folder: string, program: string, port: number, ...words: string[]): ChildProcess {
  return spawn(program, [...words, `--web.listen-address=127.0.0.1:${port}`], { cwd: folder, stdio: 'ignore' })
}

async function ended(process: ChildProcess): Promise<void> {
  const exit = once(process, 'exit')
  if (process.kill()) await exit
}

async function isReady(port: number): Promise<void> {
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  if (!(await eventually(answers, 20))) throw new Error(`nothing is ready at port ${port}`)
}

async function receive(arrived: Alert[]): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => (body += piece.toString()))
    request.on('end', () => {
      const { alerts } = JSON.parse(body) as { alerts: Alert[] }
      const one = alerts.find(({ status }) => status === 'firing') ?? alerts[0]
      if (one !== undefined) arrived.push(one)
      response.end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => (server.closeAllConnections(), server.close()) }
}

/** Otherwise what Alertmanager was not there for yet comes a minute later. */
const AT_ONCE = '--rules.alert.resend-delay=1s'

const prometheusYml = (target: string, alertmanager: number): string => `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [gantry.rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["127.0.0.1:${alertmanager}"] }] }] }
scrape_configs: [{ job_name: gantry, static_configs: [{ targets: ["${target}"] }] }]
`

const alertmanagerYml = (receiver: number): string => `
route: { receiver: somebody, group_by: [alertname], group_wait: 0s, group_interval: 1s }
receivers: [{ name: somebody, webhook_configs: [{ url: "http://127.0.0.1:${receiver}/", send_resolved: true }] }]
`
