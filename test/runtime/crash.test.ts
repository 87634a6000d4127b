import { describe, expect, test } from 'vitest'
import type { Death } from '../world/crossings.ts'
import { Random } from '../world/random.ts'
import { PATHS, type PathName } from '../crash/paths.ts'
import { withoutThreads } from '../crash/threads.ts'
import { play } from '../crash/worlds.ts'

// The short form of `npm run crash`.
withoutThreads()

const SEEDS = 40
const SECOND_DEATHS = 8

test(`${SEEDS} random worlds lose, double and outdate nothing`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { findings, screenplay } = await play({ path: null, deaths: null, seed })
    expect(findings, `SEED=${seed}\n${screenplay}`).toEqual([])
  }
})

describe.each(Object.keys(PATHS) as PathName[])('%s', (path) => {
  test('dies on the way, and again while it finds its way back', async () => {
    const random = new Random(7)
    const death = (most: number): Death => ({ at: 1 + random.below(most), side: random.pick(['before', 'after']) })
    for (let times = 0; times < SECOND_DEATHS; times++) {
      const deaths = [death(140), death(80)]
      const { findings, screenplay } = await play({ path, deaths, seed: 1 })
      expect(findings, `DEATH=${JSON.stringify(deaths)}\n${screenplay}`).toEqual([])
    }
  })
})

test('a seed is the same history every time', async () => {
  for (const seed of [2, 7, 9]) {
    const job = { path: null, deaths: null, seed }
    expect((await play(job)).trace).toBe((await play(job)).trace)
  }
})
