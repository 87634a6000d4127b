import { join } from 'node:path'
import type { State } from '../../src/deploy/deployment.ts'
import { EngineAlone, REPOSITORIES, STALLS, type Stall } from './engine-alone.ts'
import type { Measure } from './main.ts'
import { median, rounded } from './numbers.ts'
import { withFolder } from './servers.ts'

const OPEN = 1_000
const ENVIRONMENTS = [100, 10_000] as const
const BATCH = 50
const RUNS = 9
const GOAL = 1.2

/** The engine alone, over SQLite in a file: what a start finds open, and what many environments cost. */
export async function engine(): Promise<Measure[]> {
  return withFolder(async (folder) => [await takenUp(folder), await perDeployment(folder)])
}

/** Wherever they were when the process died: each goes on, and none twice. */
async function takenUp(folder: string): Promise<Measure> {
  const alone = new EngineAlone(join(folder, 'open.db'))
  try {
    await diesWithOpen(alone)
    const states = alone.journal.open().map(({ state }) => state)
    const before = performance.now()
    alone.startsAgain()
    alone.service.recover()
    await alone.service.idle()
    const ms = performance.now() - before
    const ended = alone.sql.all<{ n: number }>(`select count(*) as n from deployment where state = 'success'`)[0]?.n ?? 0
    const effects = [...alone.effects.values()]
    const twice = effects.filter((times) => times > 1).length
    return {
      name: 'open deployments taken up at start',
      ours: ended,
      peer: null,
      ratio: null,
      goal: OPEN,
      holds: states.length === OPEN && ended === OPEN && effects.length === OPEN && twice === 0,
      ...{ twice, states: countsOf(states), ms: rounded(ms), msEach: rounded(ms / OPEN), unit: 'deployments' },
    }
  } finally {
    alone.closes()
  }
}

/** A thousand, stopped in every place in which a process can wait for somebody. */
async function diesWithOpen(alone: EngineAlone): Promise<void> {
  for (let nth = 0; nth < OPEN; nth++) {
    const asked = alone.asks(nth, 1, `open-${nth}`)
    const stall = STALLS[nth % STALLS.length] as Stall
    alone.stalls.set(stall === 'look' ? `/srv/${asked.repository.name}/${asked.asks.environment}` : asked.key, stall)
    alone.service.deploy(asked)
  }
  while (alone.stalled < OPEN) await new Promise(setImmediate)
}

/** CPU time of one deployment, with few and with many environments that have one on record. */
async function perDeployment(folder: string): Promise<Measure> {
  const both = await Promise.all(ENVIRONMENTS.map((count) => withEnvironments(join(folder, `${count}.db`), count)))
  const times: number[][] = [[], []]
  for (let run = 0; run < RUNS; run++) for (const [index, alone] of both.entries()) times[index]!.push(await batch(alone, run))
  for (const alone of both) alone.closes()
  const [few = [], many = []] = times
  const ratio = median(many) / median(few)
  return {
    name: 'cpu per deployment against environments',
    ours: rounded(median(many)),
    peer: rounded(median(few)),
    ratio: rounded(ratio),
    goal: GOAL,
    holds: ratio <= GOAL,
    unit: `ms per deployment, with ${ENVIRONMENTS[1]} environments against ${ENVIRONMENTS[0]}`,
    runs: times.map((one) => one.map(rounded)),
  }
}

async function withEnvironments(path: string, count: number): Promise<EngineAlone> {
  const alone = new EngineAlone(path)
  for (let from = 0; from < count; from += REPOSITORIES) {
    for (let nth = from; nth < from + REPOSITORIES; nth++) alone.service.deploy(alone.asks(nth, 1, `first-${nth}`))
    await alone.service.idle()
  }
  return alone
}

/** Milliseconds of CPU per deployment, each in another repository; the first is not counted. */
async function batch(alone: EngineAlone, run: number): Promise<number> {
  const one = async (nth: number): Promise<void> => {
    const { id } = alone.service.deploy(alone.asks(nth, 2 + run, `${run}-${nth}`))
    await alone.service.idle()
    const state = alone.journal.find(id)?.state
    if (state !== 'success') throw new Error(`a deployment ended as ${state}`)
  }
  await one(BATCH)
  const before = process.cpuUsage()
  for (let nth = 0; nth < BATCH; nth++) await one(nth)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000 / BATCH
}

function countsOf(states: readonly State[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
