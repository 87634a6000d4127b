import { createHash } from 'node:crypto'
import type { Death } from '../world/crossings.ts'
import { states } from '../world/facts.ts'
import { Pace } from '../world/pace.ts'
import { screenplay } from '../world/screenplay.ts'
import { World } from '../world/world.ts'
import { check, type Asked } from './checks.ts'
import type { Finding } from './finding.ts'
import { History } from './history.ts'
import { begin, PATHS, type PathName } from './paths.ts'
import { Play } from './play.ts'
import { unfinished } from './recorded.ts'
import { scenarioOf } from './scenario.ts'

/** One world to be played: a path with deaths on it, or whatever a seed says. */
export type Job =
  | { readonly path: PathName; readonly deaths: readonly Death[]; readonly seed: number }
  | { readonly path: null; readonly deaths: readonly Death[] | null; readonly seed: number }

export interface Outcome {
  readonly job: Job
  readonly crashes: number
  /** Crossings of the last process that was allowed to die. */
  readonly crossed: number
  readonly findings: readonly Finding[]
  /** Hash of everything that happened, in order. */
  readonly trace: string
  /** For people; empty where nothing was found. */
  readonly screenplay: string
}

/** R16 of the goals: after the faults have stopped everything ends within ten minutes. */
const MINUTES = 10
const HANGS = 60_000

/** Plays one world to its end and judges it. */
export async function play(job: Job): Promise<Outcome> {
  const history = new History()
  const pace = new Pace(job.seed)
  const deaths = job.path === null ? (job.deaths ?? scenarioOf(job.seed).deaths) : []
  const world = await World.begin({ pace, deaths })
  pace.afterEach = () => history.look(world)
  const timer = Promise.withResolvers<never>()
  const watch = setTimeout(() => timer.reject(new Error(`nothing moved for ${HANGS / 1000} seconds`)), HANGS)
  const findings: Finding[] = []
  let [crossed, died] = [0, 0]
  try {
    const run = job.path === null ? playSeed(world, pace, job.seed) : playPath(world, job.path, job.deaths)
    const [asked, count] = await Promise.race([run, timer.promise])
    crossed = count
    died = world.lives - 1
    findings.push(...check(world, asked, history), ...(await startsAgain(world)))
    if (job.path !== null && states(world).some((state) => state !== 'success')) findings.push({ kind: 'lost', what: states(world).join(', ') })
  } catch (error) {
    findings.push({ kind: 'broken', what: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  } finally {
    clearTimeout(watch)
    pace.afterEach = () => {}
    await world.end()
  }
  const text =
    findings.length === 0 ? '' : [screenplay(world.github, world.pull.number), ...(job.path === null ? [scenario(job.seed)] : [])].join('\n\n')
  return { job, crashes: died, crossed, findings, trace: traceOf(world), screenplay: text }
}

type Played = readonly [Asked, number]

async function playPath(world: World, path: PathName, deaths: readonly Death[]): Promise<Played> {
  const before = await begin(path, world)
  const start = world.life.crossings.count
  world.dooms(deaths)
  const comments = new Map([...before, ...PATHS[path].asks(world)])
  await world.settle()
  const count = world.lives === 1 ? world.life.crossings.count - start : 0
  for (let minute = 0; minute < MINUTES && unfinished(world).length > 0; minute++) await world.time.passes('1 minute')
  return [{ comments, mayLackReactions: false }, count]
}

async function playSeed(world: World, pace: Pace, seed: number): Promise<Played> {
  const acting = new Play(world, pace)
  await acting.plays(scenarioOf(seed))
  await acting.heals(MINUTES)
  return [acting.asked, world.life.crossings.count]
}

/** Once everything has ended, another start has nothing to do but to ask whether anything was missed. */
async function startsAgain(world: World): Promise<Finding[]> {
  const others = () => world.github.calls.filter(({ operation }) => !operation.startsWith('GET /app/hook/deliveries'))
  const [calls, containers, current] = [others().length, ...things(world)]
  await world.dies()
  const again = things(world)
  const isSame = containers === again[0] && current === again[1]
  return [
    ...(others().length === calls ? [] : [{ kind: 'doubled' as const, what: `the next start called GitHub: ${others().at(-1)?.operation}` }]),
    ...(isSame ? [] : [{ kind: 'doubled' as const, what: 'the next start changed a target' }]),
  ]
}

const things = ({ engine, files }: World): [string, string] => [
  [...engine.simulator.containers.keys()].join(),
  new TextDecoder().decode(files.content.get('site/current')),
]

function traceOf({ processes, github }: World): string {
  const crossed = processes.flatMap(({ log }) => log)
  const calls = github.calls.map(({ operation, fields, status, at }) => `${at} ${operation} ${fields.join()} ${status}`)
  return createHash('sha256')
    .update([...crossed, ...calls].join('\n'))
    .digest('hex')
    .slice(0, 16)
}

const scenario = (seed: number): string => JSON.stringify(scenarioOf(seed), null, 1)
