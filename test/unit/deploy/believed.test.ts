import { expect, test } from 'vitest'
import { compare } from '../../../src/deploy/believed.ts'
import type { PlacedTarget } from '../../../src/deploy/proposal.ts'
import type { Observation } from '../../../src/deploy/target.ts'
import { createJournal } from '../../../src/store/deployments.ts'
import { MAC } from '../../world/mac.ts'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { Time } from '../../world/time.ts'
import { NOON, digestOf, placed, plan, request } from './situation.ts'
import { failure } from './small-world.ts'

const runs = (tag: string, fence: number): readonly Observation[] => [
  { workload: 'shop', digest: digestOf(tag), operation: 'x', fence, healthy: true, pending: null, revision: '1' },
]

test('each environment is said beside what its target says, and nobody waits for one that does not answer', async () => {
  const journal = createJournal(memoryDatabase(), MAC)
  const observations: Readonly<Record<string, () => Promise<readonly Observation[]>>> = {
    same: async () => runs('1.1', 3),
    differs: async () => runs('1.2', 7),
    fails: () => Promise.reject(failure('TARGET_UNAVAILABLE')),
    hangs: () => new Promise(() => {}),
    begun: async () => runs('1.1', 1),
    forged: async () => [...runs('1.1', Number.NaN), ...runs('1.1', 5)],
    spent: async () => runs('1.1', 2 ** 53 - 1),
    late: async () => runs('1.1', 2 ** 52 - 1),
  }
  for (const target of [...Object.keys(observations), 'gone']) {
    const own = plan({
      target,
      environment: target,
      artifacts: [{ name: 'main', repository: 'ghcr.io/acme/shop', tag: '1.1', digest: digestOf('1.1') }],
    })
    journal.request(target, request({ key: target }), NOON)
    journal.move(target, 'requested', 'gating', { now: NOON })
    journal.move(target, 'gating', 'queued', { now: NOON, plan: own, environment: `42:shop:${target}`, planHash: 'hash' })
    journal.claim(target, [], 0, NOON)
    if (target !== 'begun') journal.end(target, 'success', { now: NOON })
  }
  const targets = new Map(
    Object.entries(observations).map(([name, observe]): [string, PlacedTarget] => {
      const base = placed()
      return [name, { ...base, name, target: { ...base.target, observe } }]
    }),
  )
  const time = new Time(() => Promise.resolve())
  const comparing = compare(journal, targets, time)
  await new Promise((resolve) => setImmediate(resolve))
  await time.passes('15 seconds')
  const found = Object.fromEntries((await comparing).map((one) => [one.target, one]))
  expect(found['same']).toEqual({
    ...{ place: 'shop/same of acme/shop', target: 'same', recorded: expect.stringMatching(/^main@sha256:/), observed: 'same', fence: 3 },
  })
  expect(found['differs']).toMatchObject({ observed: { runs: `shop: ${digestOf('1.2')}` }, fence: 7 })
  expect(found['fails']).toMatchObject({ observed: { unknown: 'It does not work.' }, fence: 0 })
  expect(found['hangs']).toMatchObject({ observed: { unknown: 'it did not answer within 15 seconds' } })
  expect(found['gone']).toMatchObject({ observed: { unknown: 'the operator file does not declare it' } })
  expect(found['begun']).toMatchObject({ recorded: 'nothing', observed: { runs: `shop: ${digestOf('1.1')}` } })
  // Whoever can write a label there must not take the fences away from everybody.
  expect(found['forged']).toMatchObject({ observed: { unknown: 'it remembers the fence NaN, which Gantry never gave it' }, fence: 0 })
  expect(found['spent']).toMatchObject({ observed: { unknown: 'it remembers the fence 9007199254740991, which Gantry never gave it' }, fence: 0 })
  expect(found['late']).toMatchObject({ observed: 'same', fence: 2 ** 52 - 1 })
  expect(time.isWaiting).toBe(false)
})
