import type { Death } from '../../world/crossings.ts'
import { Random } from '../../world/random.ts'
import { CONTRACTS } from './scenario.ts'
import type { EngineJob, EngineOutcome } from './worlds.ts'

const SIDES = ['before', 'after'] as const

/** The worlds of so many seeds under every contract, in which nobody dies: what they crossed says where to die. */
export function* whole(seed: number, seeds: number): Generator<EngineJob> {
  for (let index = 0; index < seeds; index++) for (const contract of CONTRACTS) yield { seed: seed + index, contract, deaths: [] }
}

/** One death, before and after each crossing that changes something outside. */
export function* everyCrossing(outcomes: Iterable<EngineOutcome>): Generator<EngineJob> {
  for (const { job, worthDying } of outcomes) {
    for (const at of worthDying) for (const side of SIDES) yield { ...job, deaths: [{ at, side }] }
  }
}

/** And one more while the next process finds its way back: so many pairs for each world. */
export function* secondDeaths(outcomes: Iterable<EngineOutcome>, pairs: number): Generator<EngineJob> {
  for (const { job, worthDying } of outcomes) {
    const random = new Random(job.seed)
    const death = (at: number): Death => ({ at, side: random.pick(SIDES) })
    for (let pair = 0; pair < pairs; pair++) yield { ...job, deaths: [death(random.pick(worthDying)), death(1 + random.below(90))] }
  }
}

/** As each seed says: a quarter of them without a death, a quarter with one. */
export function* asSeedsSay(seed: number, seeds: number): Generator<EngineJob> {
  for (let index = 0; index < seeds; index++) yield { seed: seed + index }
}
