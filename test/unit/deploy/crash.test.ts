import { describe, expect, test, vi } from 'vitest'
import type { Death } from '../../world/crossings.ts'
import { STAGING, digestOf } from './situation.ts'
import { SmallWorld } from './small-world.ts'

/** The process dies before or after every single crossing of its doors; the next one must bring it to the same end. */

// Hundreds of worlds, each a few milliseconds.
vi.setConfig({ testTimeout: 60_000 })

type Script = (world: SmallWorld) => void

async function played(script: Script, deaths: readonly Death[] = []): Promise<SmallWorld> {
  const [first, ...later] = deaths
  const world = new SmallWorld(first ?? null)
  script(world)
  await world.rests()
  // As often as it takes: each start may die at its own crossing, the last one lives.
  for (const death of [...later, null]) {
    if (!world.crossings.isDead) break
    world.starts(death)
    await world.rests()
  }
  return world
}

/** `npm run check` has a minute for everything; `npm test` tries every crossing. */
const EVERY = process.env['GANTRY_CRASH_EVERY'] === undefined ? 1 : 5

const deathsIn = (world: SmallWorld): Death[] =>
  Array.from({ length: Math.ceil(world.crossings.count / EVERY) }, (_, index) => 1 + index * EVERY).flatMap((at) => [
    { at, side: 'before' as const },
    { at, side: 'after' as const },
  ])

/** Without the reads of our own rows: a death there is no other than one at the crossing before. */
const deathsWithEffect = (world: SmallWorld): Death[] => deathsIn(world).filter(({ at }) => !world.crossings.log[at - 1]?.startsWith('sql select'))

/** Nothing lost, nothing doubled, nothing left over. */
function isAtRest(world: SmallWorld): void {
  expect(world.journal.open()).toEqual([])
  expect(world.occupant).toBeNull()
  expect(world.target.pending).toBeNull()
  expect(world.incidents).toEqual([])
  const fences = world.target.effects.map(({ fence }) => fence)
  expect(fences, 'one effect for each fence, in their order').toEqual([...new Set(fences)].toSorted((a, b) => a - b))
  expect(world.journal.fence(STAGING)).toBeGreaterThanOrEqual(fences.at(-1) ?? 0)
}

const where = (world: SmallWorld, { at, side }: Death): string => `${side} crossing ${at}: ${world.crossings.log[at - 1]}`

function endsWell(world: SmallWorld, death: string): void {
  expect(world.states, death).toEqual(['success'])
  const { id, steps, fence } = world.deployment(1)
  expect(world.target.effects, death).toEqual([{ id, fence: 1, digest: digestOf('1.1') }])
  expect(fence, death).toBe(1)
  expect(
    steps.map(({ name, outcome }) => `${name} ${outcome}`),
    death,
  ).toEqual(['gates', 'resolve', 'verify', 'queue', 'apply', 'observe'].map((name) => `${name} done`))
  isAtRest(world)
}

describe('one deployment', () => {
  const script: Script = (world) => world.asks(':1.1')

  test('with a death at every crossing ends as without one', async () => {
    const alive = await played(script)
    expect(alive.crossings.count).toBeGreaterThan(30)
    for (const death of deathsIn(alive)) endsWell(await played(script, [death]), where(alive, death))
  })

  test('with a second death at every crossing of the recovery too', async () => {
    const alive = await played(script)
    for (const first of deathsWithEffect(alive)) {
      const recovered = await played(script, [first])
      for (const second of deathsWithEffect(recovered)) {
        endsWell(await played(script, [first, second]), `${where(alive, first)}, then ${where(recovered, second)}`)
      }
    }
  })

  test('whose effect fails, with a death at every crossing, fails once and frees the environment', async () => {
    const failing: Script = (world) => {
      world.target.has('refuses', 'refuses')
      world.asks(':1.1')
    }
    const alive = await played(failing)
    for (const death of deathsIn(alive)) {
      const world = await played(failing, [death])
      expect(world.deployment(1), where(alive, death)).toMatchObject({ state: 'failure', problem: { code: 'TARGET_REFUSED' } })
      isAtRest(world)
    }
  })

  test('whose answer is lost, with a death at every crossing, ends as success', async () => {
    const lossy: Script = (world) => {
      world.target.has('loses the answer')
      world.asks(':1.1')
    }
    const alive = await played(lossy)
    for (const death of deathsIn(alive)) endsWell(await played(lossy, [death]), where(alive, death))
  })
})

describe('two in one environment', () => {
  const script: Script = (world) => {
    world.asks(':1.1')
    world.asks(':1.2')
  }

  test('with a death at every crossing: the newest is what runs, the older one came before it or not at all', async () => {
    const alive = await played(script)
    expect(alive.states).toEqual(['success', 'success'])
    for (const death of deathsIn(alive)) {
      const world = await played(script, [death])
      const here = where(alive, death)
      expect(world.deployment(2).state, here).toBe('success')
      expect(['success', 'superseded'], here).toContain(world.deployment(1).state)
      const done = world.deployment(1).state === 'success' ? ['1.1', '1.2'] : ['1.2']
      expect(
        world.target.effects.map(({ digest }) => digest),
        here,
      ).toEqual(done.map(digestOf))
      isAtRest(world)
    }
  })
})

test('two of the same plan, with a death at every crossing: one effect', async () => {
  const script: Script = (world) => {
    world.asks(':1.1')
    world.asks(':1.1')
  }
  const alive = await played(script)
  for (const death of deathsIn(alive)) {
    const world = await played(script, [death])
    expect(world.target.effects, where(alive, death)).toHaveLength(1)
    expect(world.states, where(alive, death)).toContain('success')
    isAtRest(world)
  }
})
