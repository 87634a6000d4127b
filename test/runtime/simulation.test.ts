import { expect, test } from 'vitest'
import { everyCrossing, secondDeaths, whole } from '../crash/engine/modes.ts'
import { playEngine, type EngineJob, type EngineOutcome } from '../crash/engine/worlds.ts'

// The short form of `npm run crash` (docs/simulation.md): the same worlds, a small part of them.
const SEEDS = Number(process.env['GANTRY_SEEDS'] ?? '800')
const EVERY_CROSSING = Math.ceil(SEEDS / 400)
const PAIRS = 20
const TWICE = 20

/** Plays them all; the first in which something is wrong fails, with what to type to see it again. */
async function allHold(jobs: Iterable<EngineJob>): Promise<EngineOutcome[]> {
  const outcomes: EngineOutcome[] = []
  for (const job of jobs) {
    const outcome = await playEngine(job)
    const deaths = job.deaths?.map(({ side, at }) => `${side} ${at}`).join(', ')
    const again = `--seeds 1 --seed ${job.seed} --path engine${job.contract ? ` --contract ${job.contract}` : ''}${deaths ? ` --death "${deaths}"` : ''}`
    expect(outcome.findings, `npm run crash -- ${again}\n${outcome.story}`).toEqual([])
    outcomes.push(outcome)
  }
  return outcomes
}

const asSeedsSay = (count: number): EngineJob[] => Array.from({ length: count }, (_, index) => ({ seed: 1 + index }))

test('nothing is lost, doubled or stale in worlds of random acts, faults and deaths', async () => {
  await allHold(asSeedsSay(SEEDS))
}, 120_000)

test('nor with a death at every crossing, nor with a second one in the recovery', async () => {
  const alive = await allHold(whole(1, EVERY_CROSSING))
  await allHold(everyCrossing(alive))
  await allHold(secondDeaths(alive, PAIRS))
}, 120_000)

test('a seed is one history', async () => {
  const traces = async () => (await allHold(asSeedsSay(TWICE))).map(({ trace }) => trace)
  const first = await traces()
  expect(new Set(first).size).toBe(TWICE)
  expect(await traces()).toEqual(first)
}, 60_000)
