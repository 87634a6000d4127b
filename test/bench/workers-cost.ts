import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readSqlite } from '../../src/runtime/sqlite.ts'
import { eventually } from '../world/grounds.ts'
import { MEASURED_AT, measuredWorker, type Measured } from '../world/measured-worker.ts'
import { WorkersStage } from '../world/workers-stage.ts'
import type { WorkerBundle } from '../world/worker-bundle.ts'
import type { Measure } from './main.ts'
import { median, rounded } from './numbers.ts'

const DEPLOYMENTS = 5
/** Milliseconds until nothing is written any more: limits are, after three seconds. */
const SETTLES = 5_000
/** Cloudflare counts and sells these: docs/scale.md has what they come to. */
const MOST = { requests: 14, rows: 110, bytes: 12_288 }

interface Cost {
  readonly requests: number
  readonly rows: number
  readonly bytes: number
  readonly github: number
  readonly active: number
}

/** What one deployment costs when its repository has been deployed before: requests to objects, rows written, bytes that stay. */
export async function workersCost(bundle: WorkerBundle): Promise<Measure[]> {
  const stage = await WorkersStage.open([], measuredWorker(bundle))
  try {
    for (let nth = 0; nth <= DEPLOYMENTS; nth++) await stage.registry.has(`acme/shop:${nth}`, { 'index.html': `version ${nth}` })
    await deploys(stage, 0)
    const costs: Cost[] = []
    for (let nth = 1; nth <= DEPLOYMENTS; nth++) costs.push(await deploys(stage, nth))
    const of = (key: keyof Cost) => rounded(median(costs.map((cost) => cost[key])))
    const measure = (name: string, key: keyof typeof MOST, beside: object = {}): Measure => {
      const ours = of(key)
      return { name, ours, peer: null, ratio: null, goal: MOST[key], holds: ours <= MOST[key], runs: costs.map((cost) => cost[key]), ...beside }
    }
    return [
      measure('requests to objects for one deployment', 'requests', { callsToGitHub: of('github'), activeMs: of('active') }),
      measure('rows written for one deployment, alarms among them', 'rows'),
      measure('bytes that one deployment leaves in its repository object', 'bytes'),
    ]
  } finally {
    await stage.closes()
  }
}

async function deploys(stage: WorkersStage, nth: number): Promise<Cost> {
  const before = { bytes: bytesOf(stage), calls: stage.github.calls.length }
  await measured(stage)
  stage.github.people.ada.comments(stage.pull.number, `/deploy staging :${nth}`)
  await stage.delivers()
  const { checks } = stage.github.repository
  if (!(await eventually(() => checks.filter(({ conclusion }) => conclusion === 'success').length > nth, 60))) throw new Error('it was not deployed')
  await new Promise((resolve) => setTimeout(resolve, SETTLES))
  const all = Object.values(await measured(stage))
  const sum = (of: (one: Measured) => number): number => all.reduce((total, one) => total + of(one), 0)
  return {
    requests: sum(({ calls }) => Object.values(calls).reduce((total, one) => total + one, 0)),
    rows: sum(({ rowsWritten, alarmsSet }) => rowsWritten + alarmsSet),
    bytes: bytesOf(stage) - before.bytes,
    github: stage.github.calls.length - before.calls,
    active: sum(({ active }) => active),
  }
}

const measured = async ({ worker }: WorkersStage): Promise<Readonly<Record<string, Measured>>> =>
  (await (await fetch(`${worker.origin}${MEASURED_AT}`)).json()) as Readonly<Record<string, Measured>>

function bytesOf({ worker }: WorkersStage): number {
  const folder = join(worker.objects, 'RepositoryObject')
  const names = readdirSync(worker.objects).includes('RepositoryObject') ? readdirSync(folder) : []
  const [name] = names.filter((each) => each.endsWith('.sqlite') && !each.startsWith('metadata'))
  if (name === undefined) return 0
  const sql = readSqlite(join(folder, name))
  const [row] = sql.all<{ bytes: number }>('select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()')
  sql.close()
  return row?.bytes ?? 0
}
