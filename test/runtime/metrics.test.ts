import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, Grounds } from '../world/grounds.ts'
import { missingPrometheus, PROGRAMS } from '../world/prometheus.ts'
import { scrape, type Series } from '../world/scrape.ts'

// The real process is asked as Prometheus asks it.

const missing = missingPrometheus()
if (missing !== null && process.env['CI']) throw new Error(`what is measured must be tried: ${missing}`)

let grounds: Grounds
let address: string
beforeAll(async () => {
  grounds = await Grounds.open({ METRICS_PORT: '0' })
  address = await grounds.metrics()
})
afterAll(() => grounds.closes())

const series = async (): Promise<Series> => scrape(address)
const isSettled = () => grounds.said().length > 0 && grounds.rows('select 1 from deployment where ended_at is null').length === 0

async function asks(text: string): Promise<void> {
  const before = grounds.rows('select 1 from deployment').length
  grounds.github.people.ada.comments(grounds.pull, text)
  await grounds.delivers()
  await eventually(() => grounds.rows('select 1 from deployment').length > before && isSettled())
}

test('a deployment is counted: how it came, how it ended, and how long each step took', async () => {
  await asks('/deploy staging')
  const now = await series()
  expect(now.value('gantry_deployments_requested_total{door="comment"}')).toBe(1)
  expect(now.value('gantry_deployments_total{outcome="success",who="nobody"}')).toBe(1)
  expect(now.value('gantry_deployment_seconds_count{outcome="success"}')).toBe(1)
  expect(now.value('gantry_step_seconds_count{step="apply"}')).toBe(1)
  expect(now.value('gantry_deliveries_total{event="issue_comment",how="arrived"}')).toBe(1)
  expect(now.value('gantry_webhooks_total{status="202"}')).toBeGreaterThanOrEqual(1)
  expect(now.value('gantry_webhook_seconds_count')).toBeGreaterThanOrEqual(1)
  expect(now.value('gantry_github_requests_total{outcome="done"}')).toBeGreaterThan(2)
  expect(now.value('gantry_deployments_open{state="applying"}')).toBe(0)
})

test('one that is refused is counted with its code and who can put it right, and not twice', async () => {
  await asks('/deploy staging :9.9')
  for (let times = 0; times < 2; times += 1) {
    const now = await series()
    expect(now.value('gantry_problems_total{code="TAG_NOT_FOUND"}')).toBe(1)
    expect(now.value('gantry_deployments_total{outcome="failure",who="requester"}')).toBe(1)
  }
})

test('nothing that others write becomes a label: hostile names make no new series', async () => {
  const before = await series()
  const { ada, mallory } = grounds.github.people
  const hostile = 'evil"\\} 1 # 𝕏'
  for (const text of [
    `/deploy ${hostile}`,
    '/deploy evil/evil evil.example/evil:evil --ref evil',
    '/lock evil evil',
    '/nonsense evil',
    '/deploy EVIL=evil',
  ])
    ada.comments(grounds.pull, text)
  mallory.comments(grounds.pull, '/deploy staging')
  const sent = await grounds.delivers()
  for (const event of ['evil', '__proto__', 'issues']) await grounds.sends(sent[0]!, { 'x-github-event': event })
  await grounds.sends(sent[0]!, { 'x-hub-signature-256': `sha256=${'e'.repeat(64)}` })
  await fetch(new URL('/evil/metrics', grounds.url))
  await eventually(() => grounds.rows('select 1 from delivery where handled_at is null').length === 0 && isSettled())
  const after = await series()
  expect(after.names).toEqual(before.names)
  expect(after.text).not.toMatch(/evil|mallory|acme|shop|staging/i)
  expect(after.value('gantry_webhooks_total{status="401"}')).toBe(1)
})

test('the log’s errors are counted', async () => {
  expect((await series()).value('gantry_log_lines_total{level="error"}')).toBe(0)
})

test('there is one page, and it is not on the public port', async () => {
  const status = async (url: URL | string, init?: RequestInit) => (await fetch(url, init)).status
  expect(await status(new URL('/metrics', grounds.url))).toBe(404)
  expect(await status(new URL('/', address))).toBe(404)
  expect(await status(`${address}?x=1`)).toBe(404)
  expect(await status(address, { method: 'POST' })).toBe(404)
  expect(await status(address, { method: 'HEAD' })).toBe(404)
})

test('what the page says of each is what docs/monitoring.md says', async () => {
  const page = readFileSync(new URL('../../docs/monitoring.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `(gantry_\w+)(?:\{(\w+(?:, \w+)*)\})?` \| (\w+) \| (.+) \|$/gm)].map(([, name, labels = '', kind, help]) => ({
    ...{ name, labels, kind, help },
  }))
  expect(rows.toSorted((a, b) => (a.name! < b.name! ? -1 : 1))).toEqual((await series()).described('gantry_'))
})

describe.skipIf(missing !== null)(`Prometheus’ own tool${missing === null ? '' : ` (left out: ${missing})`}`, () => {
  test('finds nothing to object to', async () => {
    const { stdout, stderr, status } = spawnSync(PROGRAMS.promtool, ['check', 'metrics'], { input: (await series()).ours, encoding: 'utf8' })
    expect([status, stdout + stderr]).toEqual([0, ''])
  })
})

test('a process that nobody wants to watch serves nothing', async () => {
  await grounds.gantry.stops()
  await grounds.starts()
  expect(grounds.gantry.output).not.toContain('serving metrics')
  expect((await fetch(new URL('/metrics', grounds.url))).status).toBe(404)
})

test('a port that is taken is named, and nothing starts', async () => {
  await grounds.gantry.stops()
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await expect(grounds.starts({ METRICS_PORT: String(port) })).rejects.toThrow(/METRICS_HOST 127\.0\.0\.1, METRICS_PORT \d+/)
  other.close()
})
