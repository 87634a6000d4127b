// npm run crash [-- --seeds N] [--seed S] [--path NAME|none] [--death "before 37, after 12"] [--json]
import { parseArgs } from 'node:util'
import type { Death } from '../world/crossings.ts'
import { Random } from '../world/random.ts'
import { Crew } from './crew.ts'
import type { Finding } from './finding.ts'
import { PATHS, type PathName } from './paths.ts'
import type { Job, Outcome } from './worlds.ts'

const SEEDS = 1_000
const SECOND_DEATHS = 60
/** So many seeds are played twice and must be the same history. */
const TWICE = 5

const options = {
  seeds: { type: 'string' },
  seed: { type: 'string' },
  path: { type: 'string' },
  death: { type: 'string' },
  json: { type: 'boolean' },
} as const
const { values } = parseArgs({ options })
const seed = numberOf('seed', values.seed, 1)
const seeds = numberOf('seeds', values.seeds, SEEDS)
const names = Object.keys(PATHS) as PathName[]
const total: Record<Finding['kind'] | 'worlds' | 'crashes', number> = { worlds: 0, crashes: 0, lost: 0, doubled: 0, stale: 0, broken: 0 }

const crew = new Crew(2, report)
await (values.path === undefined ? everything() : only(values.path))
await crew.goesHome()
const { worlds, crashes, lost, doubled, stale, broken } = total
if (values.json) console.log(JSON.stringify({ worlds, crashes, lost, doubled, stale, broken, seed }))
else console.log(`${worlds} worlds, ${crashes} crashes: ${lost} lost, ${doubled} doubled, ${stale} stale, ${broken} otherwise broken (seed ${seed})`)
process.exitCode = lost + doubled + stale + broken === 0 ? 0 : 1

async function everything(): Promise<void> {
  const whole = await crew.play(names.map((path) => ({ path, deaths: [], seed })))
  await crew.play(
    whole.flatMap(({ job, crossed }) => (job.path === null ? [] : [...everyCrossing(job.path, crossed), ...secondDeaths(job.path, crossed)])),
  )
  await simulate()
}

async function only(name: string): Promise<void> {
  if (name === 'none') return simulate()
  const path = names.find((known) => known === name)
  if (path === undefined) return stop(`There is no path ${name}; there are ${names.join(', ')}, and none.`)
  if (values.death !== undefined) return void (await crew.play([{ path, deaths: deathsIn(values.death), seed }]))
  const [whole] = await crew.play([{ path, deaths: [], seed }])
  await crew.play([...everyCrossing(path, whole?.crossed ?? 0), ...secondDeaths(path, whole?.crossed ?? 0)])
}

function everyCrossing(path: PathName, crossed: number): Job[] {
  const crossings = Array.from({ length: crossed }, (_, index) => index + 1)
  return crossings.flatMap((at) => (['before', 'after'] as const).map((side) => ({ path, deaths: [{ at, side }], seed })))
}

/** Once on the way, and once more while the next process finds its way back. */
function secondDeaths(path: PathName, crossed: number): Job[] {
  const random = new Random(seed)
  const death = (most: number): Death => ({ at: 1 + random.below(most), side: random.pick(['before', 'after']) })
  return Array.from({ length: SECOND_DEATHS }, () => ({ path, deaths: [death(crossed), death(80)], seed }))
}

async function simulate(): Promise<void> {
  const jobs = Array.from({ length: seeds }, (_, index): Job => ({ path: null, deaths: null, seed: seed + index }))
  const first = await crew.play(jobs)
  const again = await crew.play(jobs.slice(0, TWICE))
  for (const [index, { trace, job }] of again.entries()) {
    if (trace !== first[index]?.trace)
      report({ ...again[index]!, job, findings: [{ kind: 'broken', what: 'the same seed was another history the second time' }] })
  }
}

function report({ job, crashes: died, findings, screenplay }: Outcome): void {
  total.worlds += 1
  total.crashes += died
  if (findings.length === 0) return
  for (const { kind } of findings) total[kind] += 1
  const where = job.path === null ? 'none' : job.path
  console.error(`\nSEED=${job.seed} DEATH=${textOf(job.deaths)} PATH=${where}`)
  for (const { kind, what } of findings) console.error(`  ${kind}: ${what}`)
  const death = job.path === null || job.deaths.length === 0 ? '' : ` --death "${textOf(job.deaths)}"`
  console.error(`again: npm run crash -- --seeds 1 --seed ${job.seed} --path "${where}"${death}\n\n${screenplay}`)
}

function deathsIn(text: string): Death[] {
  return text.split(',').map((one) => {
    const [, side, at] = /^ *(before|after) (\d+) *$/.exec(one) ?? stop(`"${one}" is not "before 37" or "after 37".`)
    return { at: Number(at), side: side as Death['side'] }
  })
}

function textOf(deaths: readonly Death[] | null): string {
  if (deaths === null) return 'as the seed says'
  return deaths.map(({ side, at }) => `${side} ${at}`).join(', ') || 'none'
}

function numberOf(name: string, text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : /^\d+$/.test(text) ? Number(text) : stop(`--${name} takes a number.`)
}

function stop(sentence: string): never {
  console.error(sentence)
  process.exit(2)
}
