import { hasEnded, type Deployment } from '../../../src/deploy/deployment.ts'
import type { Death } from '../../world/crossings.ts'
import type { Finding } from '../finding.ts'
import { digestsAtOnce } from './at-once.ts'
import { Play, traceOf } from './play.ts'
import { scenarioOf, type Environment } from './scenario.ts'
import type { Simulated } from './target.ts'
import { judge } from './verdict.ts'
import { EngineWorld } from './world.ts'

/** One world to be played: as its seed says, or with another contract and other deaths. */
export interface EngineJob {
  readonly seed: number
  readonly contract?: Simulated
  readonly deaths?: readonly Death[]
}

export interface EngineOutcome {
  readonly job: EngineJob
  readonly crashes: number
  /** What the first process crossed that a death may be put at: everything but reads of our own rows, by number. */
  readonly worthDying: readonly number[]
  readonly findings: readonly Finding[]
  readonly reached: readonly string[]
  readonly trace: string
  /** For people; empty where nothing was found. */
  readonly story: string
}

const MINUTE = 60_000
/** Faults go on for so long after the last act. */
const FAULTY = 20_000
/** R16: after the faults have stopped everything ends within ten minutes, or has not changed for so long. */
const PATIENCE = 10 * MINUTE
/** What is late may come until then, and the watch has looked at everything since. */
const AFTERMATH = 7 * MINUTE
const LONGEST = 12 * 60 * MINUTE

export async function playEngine(job: EngineJob): Promise<EngineOutcome> {
  const scenario = scenarioOf(job.seed, job.contract)
  const threads = digestsAtOnce()
  const world = new EngineWorld(scenario, job.deaths ?? scenario.deaths)
  const play = new Play(world)
  let worthDying: number[] = []
  try {
    world.starts()
    const first = world.process?.crossings
    await run(world, play)
    // Only of a world without deaths is it asked where to die.
    if (job.deaths?.length === 0) worthDying = (first?.log ?? []).flatMap((name, index) => (name.startsWith('sql select') ? [] : [index + 1]))
    judge(world, play)
  } catch (error) {
    world.watcher.found('broken', error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  world.log.push(...(world.process?.crossings.log ?? []))
  const { findings } = world.watcher
  const outcome = {
    job,
    crashes: world.crashes,
    worthDying,
    findings,
    reached: [...world.reached.all],
    trace: traceOf(world),
    story: findings.length === 0 ? '' : storyOf(world, play),
  }
  world.end()
  threads.back()
  return outcome
}

async function run(world: EngineWorld, play: Play): Promise<void> {
  const { scenario, timeline, network } = world
  let at = 0
  for (const beat of scenario.beats) {
    at += beat.after
    timeline.after(at, () => play.does(beat))
  }
  timeline.after(at + FAULTY, () => network.heals())
  const healed = timeline.now + at + FAULTY
  while (timeline.now < healed) if (!(await world.step(healed))) break
  await untilQuiet(world, play, healed)
  const until = timeline.now + AFTERMATH
  while (await world.step(until));
  await untilQuiet(world, play, timeline.now)
}

/** Until everything has ended and every environment is free; whoever sees an unknown outcome asks what runs. */
async function untilQuiet(world: EngineWorld, play: Play, since: number): Promise<void> {
  const { timeline, watcher } = world
  let asks = timeline.now
  while (isBusy(world, play)) {
    if (timeline.now >= asks) {
      asks = timeline.now + MINUTE
      for (const environment of unknown(world)) play.says('ada', { does: 'asks for the status', environment })
      if (isStuck(world, Math.max(since, watcher.changedAt)) || timeline.now > since + LONGEST) return
    }
    if (!(await world.step(timeline.now + LONGEST))) return
  }
}

function isBusy({ disk, process }: EngineWorld, { inbox }: Play): boolean {
  if (process === null || inbox.some(({ isHandled }) => !isHandled)) return true
  return disk.all(`select 1 from deployment where ended_at is null or (state = 'unknown' and settled_at is null) limit 1`).length > 0
}

/** Nothing has changed for too long, though nobody waits for a person or a time. */
function isStuck({ journal, timeline, clock }: EngineWorld, since: number): boolean {
  if (timeline.now - since < PATIENCE) return false
  return journal.open().every(({ state, wait }) => state !== 'waiting' || wait === null || clock > wait.until + PATIENCE)
}

const unknown = ({ disk }: EngineWorld): Environment[] =>
  disk
    .all(`select environment from deployment where state = 'unknown' and settled_at is null`)
    .map(({ environment }) => String(environment).split(':').at(-1) as Environment)

function storyOf({ scenario, watcher, journal, disk }: EngineWorld, { asked }: Play): string {
  const told = ({ sequence, request, state, fence, problem, steps }: Deployment): string =>
    `${sequence} ${request.key} ${JSON.stringify(request.asks)} ${state} fence ${fence} ${problem?.code ?? ''} ${problem?.sentence ?? ''} | ${steps.map(({ name, outcome }) => `${name} ${outcome}`).join(', ')}`
  const rows = disk.all<{ id: string }>('select id from deployment order by sequence').flatMap(({ id }) => journal.find(id) ?? [])
  return [
    JSON.stringify(scenario, null, 1),
    ...rows.map(told),
    watcher.states.join(', '),
    ...watcher.effects.map((effect) => JSON.stringify(effect)),
    `${asked.length} asked, ${rows.filter(({ state }) => !hasEnded(state)).length} open`,
  ].join('\n')
}
