import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Artifact, Hands, Operation, Target, TargetSettings } from '../../src/deploy/target.ts'
import { floorOf } from '../../src/deploy/fence.ts'
import { Failure } from '../../src/errors.ts'
import { Crossings, type Death } from '../world/crossings.ts'

/** A place that images run on, from outside: what a contract needs to know of it, whatever kind it is. */
export interface TargetPlace {
  /** The target as one process has it; another process gets another one for the same place. */
  target(crossings: Crossings): Target
  /** The same target where its place cannot be reached. */
  lost(): Target
  /** Settings for a workload that no other place has. */
  readonly settings: TargetSettings
  /** An image that becomes healthy and serves its version, or one that does not. */
  image(version: string, health?: 'unhealthy'): Promise<Artifact>
  readonly hands: Pick<Hands, 'pull' | 'credential'>
  /** What is served there for everybody; null where nothing is. */
  serves(): Promise<string | null>
  /** What should not be there when no `apply` is running. */
  leftovers(): Promise<readonly string[]>
  /** Takes everything away. */
  end(): Promise<void>
}

export interface TargetContract {
  readonly place: () => Promise<TargetPlace>
  /** What such a place says of itself when it is reached. */
  readonly reached: RegExp
  /** Whether the kind can tell an unhealthy image. */
  readonly hasHealth: boolean
  /** Where to die. What lies outside is the same after one effect and before the next, so one side of each effect is enough where a try costs seconds. */
  readonly diesAt: (crossing: string, side: Death['side']) => boolean
  /** Settings that the kind refuses → the key that the problem names. */
  readonly wrong: readonly (readonly [settings: unknown, found: string])[]
}

/** Places to take away after the test. */
const open: TargetPlace[] = []

/** What every target promises (src/deploy/target.ts), at one place for each promise. */
export function targetContract(name: string, contract: TargetContract): void {
  describe(`the contract of targets: ${name}`, () => {
    afterEach(async () => {
      await Promise.all(open.splice(0).map((place) => place.end()))
    })

    test('before anything was deployed, nothing is observed', async () => {
      const [place, target] = await fresh(contract)
      expect(await target.observe(place.settings)).toEqual([
        {
          workload: target.workloads(place.settings)[0],
          digest: null,
          operation: null,
          fence: null,
          healthy: false,
          pending: null,
          revision: 'none',
        },
      ])
    })

    test('what was applied runs, and is observed with its operation, fence and digest', async () => {
      const [place, target] = await fresh(contract)
      const first = await operation(place, 'one', 1, '1')
      await apply(target, first, place)
      await expectRuns(target, place, first, '1')
    })

    test('it is reached without settings, before a deployment and after it, and nothing is changed by that', async () => {
      const [place, target] = await fresh(contract)
      const crossings = new Crossings(null)
      expect(await place.target(crossings).reach()).toMatch(contract.reached)
      expect((await target.observe(place.settings))[0]).toMatchObject({ digest: null, pending: null, revision: 'none' })
      const first = await operation(place, 'one', 1, '1')
      await apply(target, first, place)
      const before = await target.observe(place.settings)
      expect(await place.target(crossings).reach()).toMatch(contract.reached)
      expect(await target.observe(place.settings)).toEqual(before)
      await expectRuns(target, place, first, '1')
      expect(crossings.log.filter((crossing) => !/ (GET|check|read|list) /.test(crossing))).toEqual([])
    })

    test('where it cannot be reached, that is said as a deployment says it', async () => {
      const [place] = await fresh(contract)
      const problem = await problemOf(place.lost().reach())
      expect(problem.code).toBe('TARGET_UNAVAILABLE')
      expect(await problemOf(apply(place.lost(), await operation(place, 'one', 1, '1'), place))).toEqual(problem)
    })

    test('applied twice is the same as once', async () => {
      const [place, target] = await fresh(contract)
      const first = await operation(place, 'one', 1, '1')
      await apply(target, first, place)
      const before = await target.observe(place.settings)
      await apply(target, first, place)
      expect(await target.observe(place.settings)).toEqual(before)
      await expectRuns(target, place, first, '1')
    })

    test('a newer operation takes the place of the older one, with another revision', async () => {
      const [place, target] = await fresh(contract)
      await apply(target, await operation(place, 'one', 1, '1'), place)
      const before = await target.observe(place.settings)
      const second = await operation(place, 'two', 2, '2')
      await apply(target, second, place)
      await expectRuns(target, place, second, '2')
      expect((await target.observe(place.settings))[0]?.revision).not.toBe(before[0]?.revision)
    })

    test('an operation with a lower fence is refused, and changes nothing', async () => {
      const [place, target] = await fresh(contract)
      const second = await operation(place, 'two', 2, '2')
      await apply(target, second, place)
      expect(await problemOf(apply(target, await operation(place, 'one', 1, '1'), place))).toMatchObject({ code: 'TARGET_MOVED' })
      await expectRuns(target, place, second, '2')
    })

    test('two operations with the same fence: the second is refused', async () => {
      const [place, target] = await fresh(contract)
      const first = await operation(place, 'one', 1, '1')
      await apply(target, first, place)
      expect(await problemOf(apply(target, await operation(place, 'other', 1, '2'), place))).toMatchObject({ code: 'TARGET_MOVED' })
      await expectRuns(target, place, first, '1')
    })

    test('after a backup was restored: a fence of the next generation is taken, and what was on its way before is refused', async () => {
      const [place, target] = await fresh(contract)
      await apply(target, await operation(place, 'lost', 7, '1'), place)
      const next = await operation(place, 'next', floorOf(1) + 1, '2')
      await apply(target, next, place)
      await expectRuns(target, place, next, '2')
      expect(await problemOf(apply(target, await operation(place, 'late', 8, '1'), place))).toMatchObject({ code: 'TARGET_MOVED' })
      await expectRuns(target, place, next, '2')
    })

    if (contract.hasHealth) health(contract)

    test('told to stop at any moment, it leaves everything as it was or goes on to its end', async () => {
      const crossings = new Crossings(null)
      const { place } = await withVersionOne(contract)
      await apply(place.target(crossings), await operation(place, 'two', 2, '2'), place)
      const every = Array.from({ length: crossings.count }, (_, index) => index + 1)
      const stopped = await severalAtOnce(every, (at) => stopsAt(contract, at))
      // Both happen: early enough, and too late.
      expect(new Set(stopped)).toEqual(new Set([true, false]))
    })

    test('its settings name a workload and an image', async () => {
      const [place, target] = await fresh(contract)
      expect(target.workloads(place.settings)).toHaveLength(1)
      expect(target.images(place.settings)).toEqual(['main'])
      expect(target.parse(place.settings)).toEqual({ settings: place.settings })
    })

    test.each(contract.wrong)('settings %j are refused, naming %s', async (settings, found) => {
      const [, target] = await fresh(contract)
      expect(target.parse(settings)).toMatchObject({ problem: { code: 'SETTINGS_INVALID', found, who: 'repository' } })
    })

    describe('a death at any crossing, and the same operation again', () => crashes(contract))
  })
}

function health(contract: TargetContract): void {
  test('an image that does not become healthy is taken back, and the old one put back', async () => {
    const [place, target] = await fresh(contract)
    const first = await operation(place, 'one', 1, '1')
    await apply(target, first, place)
    const log: string[] = []
    const problem = await problemOf(apply(target, await operation(place, 'bad', 2, '2', 'unhealthy'), place, log))
    expect(problem).toMatchObject({ code: 'TARGET_UNHEALTHY', who: 'requester' })
    expect(log.filter((line) => line.startsWith('container: ')).join('\n')).toContain('version 2')
    await expectRuns(target, place, first, '1')
  })

  test('where nothing ran before, an unhealthy image leaves nothing behind', async () => {
    const [place, target] = await fresh(contract)
    expect(await problemOf(apply(target, await operation(place, 'bad', 1, '1', 'unhealthy'), place))).toMatchObject({ code: 'TARGET_UNHEALTHY' })
    expect(await place.leftovers()).toEqual([])
    expect((await target.observe(place.settings))[0]).toMatchObject({ digest: null, pending: null })
  })
}

function crashes(contract: TargetContract): void {
  let deaths: Death[] = []

  beforeAll(async () => {
    const { place } = await withVersionOne(contract)
    const crossings = new Crossings(null)
    await apply(place.target(crossings), await operation(place, 'two', 2, '2'), place)
    const every = crossings.log.flatMap((crossing, index) => (['before', 'after'] as const).map((side) => ({ crossing, at: index + 1, side })))
    deaths = every.filter(({ crossing, side }) => contract.diesAt(crossing, side))
    await place.end()
  })

  test('ends the same, with nothing left over', async () => {
    expect(deaths.length).toBeGreaterThan(4)
    await severalAtOnce(deaths, (death) => dieAndRepeat(contract, death))
  })

  test('and so does a newer operation, when the interrupted one is given up', async () => {
    await severalAtOnce(
      deaths.filter((_, index) => index % 2 === 0),
      (death) => dieAndReplace(contract, death),
    )
  })
}

/** True where it stopped: then what ran before runs, exactly as before. */
async function stopsAt(contract: TargetContract, at: number): Promise<boolean> {
  const { place, before } = await withVersionOne(contract)
  const controller = new AbortController()
  const crossings = new Crossings(null)
  crossings.enters = (now) => {
    if (now === at) controller.abort()
  }
  const second = await operation(place, 'two', 2, '2')
  const hands = { ...place.hands, log: () => {}, signal: controller.signal }
  const isStopped = await place
    .target(crossings)
    .apply(second, hands)
    .then(() => false)
    .catch(() => true)
  const target = place.target(new Crossings(null))
  const [seen] = await target.observe(place.settings)
  if (isStopped) {
    expect(seen, `stopped at crossing ${at}, ${crossings.log[at - 1]}`).toMatchObject({
      operation: 'one',
      healthy: true,
      pending: null,
      revision: before,
    })
    expect(await place.serves()).toBe('1')
    expect(await place.leftovers(), `stopped at crossing ${at}, ${crossings.log[at - 1]}`).toEqual([])
  } else await expectRuns(target, place, second, '2')
  await place.end()
  return isStopped
}

/** Four at a time: most of a death is waiting for a container. */
async function severalAtOnce<What, Became>(all: readonly What[], live: (what: What) => Promise<Became>): Promise<Became[]> {
  const waiting = [...all]
  const became: Became[] = []
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) became.push(await live(next))
  }
  await Promise.all([worker(), worker(), worker(), worker()])
  return became
}

async function dieAndRepeat(contract: TargetContract, death: Death): Promise<void> {
  const { place, before } = await withVersionOne(contract)
  const second = await operation(place, 'two', 2, '2')
  const shorter = await applyAndDie(place, second, death)
  if (shorter !== null) return (await place.end(), dieAndRepeat(contract, shorter))
  const target = place.target(new Crossings(null))
  const [seen] = await target.observe(place.settings)
  // Whoever looks must be able to tell: where it was before, or with traces of this operation.
  const isExplained = seen?.revision === before || seen?.operation === second.id || seen?.pending === second.id
  expect(isExplained, `observed after death ${JSON.stringify(death)}: ${JSON.stringify(seen)}`).toBe(true)
  await apply(target, second, place)
  await expectRuns(target, place, second, '2', death)
  await place.end()
}

async function dieAndReplace(contract: TargetContract, death: Death): Promise<void> {
  const { place } = await withVersionOne(contract)
  const shorter = await applyAndDie(place, await operation(place, 'two', 2, '2'), death)
  if (shorter !== null) return (await place.end(), dieAndReplace(contract, shorter))
  const third = await operation(place, 'three', 3, '3')
  const target = place.target(new Crossings(null))
  await apply(target, third, place)
  await expectRuns(target, place, third, '3', death)
  await place.end()
}

async function withVersionOne(contract: TargetContract) {
  const [place, target] = await fresh(contract)
  await apply(target, await operation(place, 'one', 1, '1'), place)
  return { place, target, before: (await target.observe(place.settings))[0]?.revision }
}

/**
 * Null once it died. A container that is healthy sooner than the first one was is looked at less often, so that there may be no such
 * crossing: then the last one that there is.
 */
async function applyAndDie(place: TargetPlace, operation: Operation, death: Death): Promise<Death | null> {
  const crossings = new Crossings(death)
  await Promise.race([crossings.died, apply(place.target(crossings), operation, place)])
  if (crossings.isDead) return null
  expect(crossings.log.length, 'it did less than half of what it did before').toBeGreaterThan(death.at / 2)
  return { ...death, at: crossings.log.length }
}

async function fresh({ place: make }: TargetContract): Promise<[TargetPlace, Target]> {
  const place = await make()
  open.push(place)
  return [place, place.target(new Crossings(null))]
}

async function operation(place: TargetPlace, id: string, fence: number, version: string, health?: 'unhealthy'): Promise<Operation> {
  return { id, fence, settings: place.settings, artifacts: [await place.image(version, health)] }
}

export const apply = (target: Target, operation: Operation, { hands }: Pick<TargetPlace, 'hands'>, log: string[] = []): Promise<void> =>
  target.apply(operation, { ...hands, log: (line) => void log.push(line), signal: new AbortController().signal })

export async function problemOf(work: Promise<unknown>) {
  try {
    await work
  } catch (error) {
    if (error instanceof Failure) return error.problem
    throw error
  }
  throw new Error('it did not fail')
}

async function expectRuns(target: Target, place: TargetPlace, operation: Operation, version: string, about?: Death): Promise<void> {
  const hint = about && `after death ${JSON.stringify(about)}`
  const [observed] = await target.observe(place.settings)
  const { id, fence, artifacts } = operation
  expect(observed, hint).toMatchObject({ digest: artifacts[0]?.digest, operation: id, fence, healthy: true, pending: null })
  expect(await place.serves(), hint).toBe(version)
  expect(await place.leftovers(), hint).toEqual([])
}
