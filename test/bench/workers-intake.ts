import { randomBytes } from 'node:crypto'
import { startPlainWorkerd } from '../world/plain-workerd.ts'
import { PRIVATE_KEY } from '../world/github/github.ts'
import type { PlainWorkerd } from '../world/plain-workerd.ts'
import type { WorkerBundle } from '../world/worker-bundle.ts'
import type { Measure } from './main.ts'
import { median, rounded } from './numbers.ts'
import { runToEnd } from './process.ts'

const SECONDS = 3
const RUNS = 5
const ONE = { repositories: 1, connections: 32, goal: 200 }
/** Two connections for each of them, all at once. */
const MANY = { repositories: 50, connections: 100, goal: 0.5 }

interface Load {
  readonly perSecond: number
  readonly refused: number
  readonly p50: number
  readonly p99: number
  readonly byRepository: readonly number[]
}

/** Deliveries with commands, signed, answered with 202: by then each is in its object's database. GitHub cannot be reached, so that each is tried and waits. */
export async function workersIntake(bundle: WorkerBundle): Promise<Measure[]> {
  const secret = randomBytes(32).toString('hex')
  const worker = await startPlainWorkerd({ bundle, environment: variables(secret) })
  try {
    let first = 0
    const loads = { one: [] as Load[], many: [] as Load[] }
    const run = ({ connections, repositories }: typeof ONE, seconds: number) =>
      loaded(worker, [secret, connections, seconds, (first += 1_000_000), repositories])
    for (const load of [ONE, MANY]) await run(load, 1)
    for (let turn = 0; turn < RUNS; turn++) {
      loads.one.push(await run(ONE, SECONDS))
      loads.many.push(await run(MANY, SECONDS))
    }
    return [ofOne(loads.one), fairness(loads.many)]
  } finally {
    await worker.stop()
  }
}

const variables = (secret: string): Record<string, string> => ({
  ...{ APP_ID: '4711', PRIVATE_KEY, WEBHOOK_SECRET: secret, GITHUB_API_URL: 'http://127.0.0.1:9', LOG_LEVEL: 'error' },
  GANTRY_KEYS: `k1:${randomBytes(32).toString('base64')}`,
})

const loaded = ({ origin }: PlainWorkerd, args: readonly (string | number)[]): Promise<Load> =>
  runToEnd<Load>('load.ts', new URL(origin).port, ...args.map(String))

const perSecond = (loads: readonly Load[]): number => rounded(median(loads.map((load) => load.perSecond)))
const areAnswered = (loads: readonly Load[]): boolean => loads.every(({ refused }) => refused === 0)

function ofOne(loads: readonly Load[]): Measure {
  const ours = perSecond(loads)
  return {
    ...{ name: 'durable webhooks of one repository object', ours, peer: null, ratio: null, goal: ONE.goal },
    ...{ holds: ours >= ONE.goal && areAnswered(loads), unit: 'per second' },
    ...{ p50Ms: rounded(median(loads.map(({ p50 }) => p50))), p99Ms: rounded(median(loads.map(({ p99 }) => p99))) },
    runs: loads.map((load) => Math.round(load.perSecond)),
  }
}

/** What the one that got least got, of what each would have if all had the same. */
function fairness(loads: readonly Load[]): Measure {
  const least = loads.map(({ byRepository }) => Math.min(...byRepository) / (byRepository.reduce((sum, one) => sum + one, 0) / byRepository.length))
  const ours = rounded(Math.min(...least))
  return {
    ...{ name: 'the least share of 50 repositories under load', ours, peer: null, ratio: null, goal: MANY.goal },
    ...{ holds: ours >= MANY.goal && areAnswered(loads), unit: 'of a fair share', perSecond: perSecond(loads), runs: least.map(rounded) },
  }
}
