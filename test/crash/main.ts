// npm run crash [-- --seeds N] [--seed S] [--path engine|NAME|none] [--contract C] [--death "before 37, after 12"] [--kills N [--engine real]] [--workers N] [--json]
import { parseArgs } from 'node:util'
import type { Death } from '../world/crossings.ts'
import { Random } from '../world/random.ts'
import { Crew } from './crew.ts'
import { asSeedsSay, everyCrossing, secondDeaths, whole } from './engine/modes.ts'
import { CONTRACTS } from './engine/scenario.ts'
import type { EngineOutcome } from './engine/worlds.ts'
import type { Finding, Found } from './finding.ts'
import { kills, quantiles } from './kills.ts'
import { PATHS, type PathName } from './paths.ts'
import { Tally } from './tally.ts'
import { killsOfWorkers } from './workers-kills.ts'
import type { Job, Outcome } from './worlds.ts'

/** Of `SEEDS` random worlds of the engine alone, every so many get a death at every crossing, two deaths, or a whole bot around them. */
const SEEDS = 50_000
const SHARE = { everyCrossing: 250, secondDeaths: 2_500, bot: 250 } as const
const PAIRS = 200
const BOT_SECOND_DEATHS = 60
/** So many seeds are played twice and must be the same history. */
const TWICE = { engine: 100, bot: 5 } as const

const options = {
  seeds: { type: 'string' },
  seed: { type: 'string' },
  path: { type: 'string' },
  contract: { type: 'string' },
  death: { type: 'string' },
  kills: { type: 'string' },
  engine: { type: 'string' },
  workers: { type: 'string' },
  json: { type: 'boolean' },
} as const
const { values } = parseArgs({ options })
const seed = numberOf('seed', values.seed, 1)
const seeds = numberOf('seeds', values.seeds, SEEDS)
const names = Object.keys(PATHS) as PathName[]
const deaths = values.death === undefined ? undefined : deathsIn(values.death)
const tally = new Tally()
const crew = new Crew(2)

if (values.kills !== undefined) await killed(numberOf('kills', values.kills, 0))
else if (values.workers !== undefined) await killedWorkers(numberOf('workers', values.workers, 0))
else await (values.path === undefined ? everything() : only(values.path))
await crew.goesHome()
const { worlds, crashes, lost, doubled, stale, broken } = tally.total
if (values.json) console.log(JSON.stringify({ worlds, crashes, lost, doubled, stale, broken, seed }))
else console.log(`${worlds} worlds, ${crashes} crashes: ${lost} lost, ${doubled} doubled, ${stale} stale, ${broken} otherwise broken (seed ${seed})`)
process.exitCode = lost + doubled + stale + broken === 0 && tally.covers() ? 0 : 1

/** The real program in a process of its own, killed at random moments. */
async function killed(count: number): Promise<void> {
  const engine = values.engine === 'real' ? 'real' : 'simulated'
  tally.begins(`kill -9, ${count} times, with a ${engine} engine`)
  const findings: Finding[] = []
  const found: Found = (kind, what) => void findings.push({ kind, what })
  const { ready, goesOn } = await kills({ count, seed, engine, isSaidToo: true }, found, (done) => console.error(`${done} kills so far`))
  tally.killed(count, findings)
  console.error(JSON.stringify({ kills: count, ready: quantiles(ready), goesOn: quantiles(goesOn), unit: 'ms' }))
}

/** The Worker in plain workerd, its objects on disk, killed under load. */
async function killedWorkers(count: number): Promise<void> {
  tally.begins(`kill -9 of workerd, ${count} times`)
  const findings: Finding[] = []
  const found: Found = (kind, what) => void findings.push({ kind, what })
  const {
    kills: killed,
    armed,
    acknowledged,
    answered,
  } = await killsOfWorkers({ count, seed }, found, (done) => console.error(`${done} kills so far`))
  tally.killed(killed, findings, false)
  console.error(JSON.stringify({ kills: killed, armed, acknowledged, answered: quantiles(answered), unit: 'ms' }))
}

async function everything(): Promise<void> {
  await engine()
  await bot(names)
  await botSeeds(share('bot'))
}

async function only(name: string): Promise<void> {
  if (name === 'engine') return deaths === undefined && values.contract === undefined ? engine() : oneEngine()
  if (name === 'none') return botSeeds(seeds)
  const path = names.find((known) => known === name)
  if (path === undefined) return stop(`There is no path ${name}; there are engine, ${names.join(', ')}, and none.`)
  if (deaths === undefined) return bot([path])
  await crew.each([{ path, deaths, seed }], (outcome: Outcome) => tally.bot(outcome))
}

/** The engine alone: every seed as it says, then every crossing of some, then a second death in the recovery of a few. */
async function engine(): Promise<void> {
  tally.begins('the engine, as seeds say')
  const traces: string[] = []
  await crew.each(asSeedsSay(seed, seeds), (outcome: EngineOutcome, index: number) => {
    if (index < TWICE.engine) traces[index] = outcome.trace
    tally.seed(outcome)
  })
  await crew.each(asSeedsSay(seed, Math.min(seeds, TWICE.engine)), ({ job, trace }: EngineOutcome, index: number) =>
    tally.repeated(job.seed, trace === traces[index]),
  )
  tally.begins('the engine, a death at every crossing')
  const alive = await wholes(share('everyCrossing'))
  await crew.each(everyCrossing(alive), (outcome: EngineOutcome) => tally.engine(outcome))
  tally.begins('the engine, a second death in the recovery')
  const few = await wholes(share('secondDeaths'))
  await crew.each(secondDeaths(few, PAIRS), (outcome: EngineOutcome) => tally.engine(outcome))
}

async function wholes(count: number): Promise<EngineOutcome[]> {
  const outcomes: EngineOutcome[] = []
  await crew.each(whole(seed, count), (outcome: EngineOutcome) => {
    tally.engine(outcome)
    outcomes.push({ ...outcome, reached: [], story: '' })
  })
  return outcomes
}

async function oneEngine(): Promise<void> {
  const contract = CONTRACTS.find((one) => one === values.contract)
  if (values.contract !== undefined && contract === undefined) stop(`There is no contract ${values.contract}; there are ${CONTRACTS.join(', ')}.`)
  const job = { seed, ...(contract && { contract }), ...(deaths && { deaths }) }
  await crew.each([job], (outcome: EngineOutcome) => tally.engine(outcome))
}

/** The whole bot on its ways to a target, with a death at every crossing, and two. */
async function bot(paths: readonly PathName[]): Promise<void> {
  tally.begins('the whole bot, a death at every crossing')
  const alive: Outcome[] = []
  await crew.each(
    paths.map((path): Job => ({ path, deaths: [], seed })),
    (outcome: Outcome) => {
      tally.bot(outcome)
      alive.push(outcome)
    },
  )
  const jobs = alive.flatMap(({ job, crossed }) => (job.path === null ? [] : [...botCrossings(job.path, crossed), ...botSeconds(job.path, crossed)]))
  await crew.each(jobs, (outcome: Outcome) => tally.bot(outcome))
}

function botCrossings(path: PathName, crossed: number): Job[] {
  const crossings = Array.from({ length: crossed }, (_, index) => index + 1)
  return crossings.flatMap((at) => (['before', 'after'] as const).map((side) => ({ path, deaths: [{ at, side }], seed })))
}

/** Once on the way, and once more while the next process finds its way back. */
function botSeconds(path: PathName, crossed: number): Job[] {
  const random = new Random(seed)
  const death = (most: number): Death => ({ at: 1 + random.below(most), side: random.pick(['before', 'after']) })
  return Array.from({ length: BOT_SECOND_DEATHS }, () => ({ path, deaths: [death(crossed), death(80)], seed }))
}

async function botSeeds(count: number): Promise<void> {
  tally.begins('the whole bot, as seeds say')
  const jobs = Array.from({ length: count }, (_, index): Job => ({ path: null, deaths: null, seed: seed + index }))
  const traces: string[] = []
  await crew.each(jobs, (outcome: Outcome, index: number) => {
    traces[index] = outcome.trace
    tally.bot(outcome)
  })
  await crew.each(jobs.slice(0, TWICE.bot), ({ job, trace }: Outcome, index: number) => tally.repeated(job.seed, trace === traces[index]))
}

function share(of: keyof typeof SHARE): number {
  return Math.ceil(seeds / SHARE[of])
}

function deathsIn(text: string): Death[] {
  if (text === 'none') return []
  return text.split(',').map((one) => {
    const [, side, at] = /^ *(before|after) (\d+) *$/.exec(one) ?? stop(`"${one}" is not "before 37" or "after 37".`)
    return { at: Number(at), side: side as Death['side'] }
  })
}

function numberOf(name: string, text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : /^\d+$/.test(text) ? Number(text) : stop(`--${name} takes a number.`)
}

function stop(sentence: string): never {
  console.error(sentence)
  process.exit(2)
}
