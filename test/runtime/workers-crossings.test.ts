import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { missingWorkerd } from '../workers/workerd.ts'
import { Lanes } from '../world/lanes.ts'
import { buildWorker, type WorkerBundle } from '../world/worker-bundle.ts'
import { tellWorker, type Told, type WorkersScene, type WorkersTale } from '../world/workers-tale.ts'

// Stories of Gantry as it is deployed: all its objects die together at one request that they make, before the world has heard of it or before they hear the answer.

/** The first story dies at each crossing on both sides, the others at each third on one; with GANTRY_CRASH_EVERY=1 all of them everywhere. */
const EVERY = Number(process.env['GANTRY_CRASH_EVERY'] ?? 3)
/** Told at once. Those that wait for GitHub's lists cost nothing meanwhile. */
const LANES = 8

const lanes = new Lanes(LANES)
const folder = mkdtempSync(join(tmpdir(), 'gantry-crossings-'))
let bundle: WorkerBundle
beforeAll(async () => {
  if (missingWorkerd() !== null) throw new Error(`workerd cannot run here: ${missingWorkerd()}`)
  bundle = await buildWorker(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

const tokens = ({ stage }: WorkersScene): number => stage.registry.requests.filter(({ path }) => path === '/token').length

const deploys: WorkersTale = {
  name: 'a deployment',
  ends: { checks: ['success'], deployments: [['success', 1]], made: 1, also: undefined, runs: '1.2' },
  async tells(scene) {
    await scene.comments(scene.stage.github.people.ada, '/deploy production')
    await scene.hears('✅')
  },
}

const queues: WorkersTale = {
  name: 'two in a queue',
  ends: {
    checks: ['success', 'success'],
    deployments: [
      ['success', 1],
      ['success', 1],
    ],
    made: 2,
    runs: '2',
    also: undefined,
  },
  declares: ['queue: all'],
  async tells(scene) {
    const { registry, github } = scene.stage
    await registry.has('acme/shop:1', { 1: '' })
    await registry.has('acme/shop:2', { 2: '' })
    // GitHub delivers them one after the other: either both of them find nobody, or the second alone does.
    github.people.ada.comments(scene.stage.pull.number, '/deploy production :1')
    await scene.comments(github.people.ada, '/deploy production :2')
    await scene.until(() => scene.stage.said().filter(({ body }) => body.startsWith('✅')).length === 2, 'two deployments')
  },
}

const APPROVALS = 'approvals: { count: 1, not: [requester], expire: 4h }'

const isApproved: WorkersTale = {
  name: 'an approval',
  ends: { checks: ['success'], deployments: [['success', 1]], made: 1, also: undefined, runs: '1.2' },
  declares: [APPROVALS],
  async tells(scene) {
    const { ada, grace } = scene.stage.github.people
    await scene.comments(ada, '/deploy production')
    await scene.hears('🚦')
    await scene.comments(grace, '/approve')
    await scene.hears('✅ **ada** deployed')
    await scene.hears('✅ **grace** approved')
  },
}

const isCancelled: WorkersTale = {
  name: 'a cancellation',
  ends: { checks: ['cancelled'], deployments: [['inactive', 0]], made: 0, also: undefined, runs: undefined },
  declares: [APPROVALS],
  async tells(scene) {
    const { ada } = scene.stage.github.people
    await scene.comments(ada, '/deploy production')
    await scene.hears('🚦')
    await scene.comments(ada, '/cancel')
    await scene.hears('⏭️ **ada** stopped')
    await scene.hears('⏭️ **ada** cancelled')
  },
}

const fails: WorkersTale = {
  name: 'an image that fails, and what ran before again',
  ends: {
    checks: ['success', 'failure'],
    deployments: [
      ['success', 1],
      ['failure', 0],
    ],
    made: 2,
    runs: '1.2',
    also: undefined,
  },
  isTriedAgain: true,
  declares: ['on_failure: rollback'],
  async before(scene) {
    const { registry, engine, github } = scene.stage
    engine.finds(await registry.has('acme/shop:bad', { bad: '' }), 'stops')
    await scene.comments(github.people.ada, '/deploy production')
    await scene.hears('✅')
    await scene.isShown()
  },
  async tells(scene) {
    await scene.comments(scene.stage.github.people.ada, '/deploy production :bad')
    await scene.hears('❌')
  },
}

const looksFirst: WorkersTale = {
  name: 'a preflight with the token that is kept',
  ends: { checks: ['success'], deployments: [['success', 1]], made: 1, also: 1, runs: '1.2' },
  async before(scene) {
    await scene.comments(scene.stage.github.people.ada, '/deploy production')
    await scene.hears('✅')
    await scene.isShown()
  },
  async tells(scene) {
    await scene.comments(scene.stage.github.people.ada, '/preflight production')
    await scene.until(() => scene.stage.said().some(({ body }) => body.includes('can be pulled (credential main)')), 'the preflight')
  },
  // The one of the deployment.
  also: tokens,
}

describe.concurrent('wherever a Worker dies with all its objects, it ends as without a death', () => {
  for (const tale of [deploys, queues, isApproved, isCancelled, fails, looksFirst])
    test(tale.name, { timeout: 600_000 }, async ({ expect }) => {
      const { ending, crossings } = await lanes.take(() => tellWorker(tale, bundle))
      expect(ending).toMatchObject({ ...tale.ends, reactions: ending.reactions.map(() => ['eyes']) })
      expect(crossings.length).toBeGreaterThan(5)
      const deaths = tale === deploys || EVERY === 1 ? everywhere(crossings.length) : seeded(crossings.length, tale.name.length)
      const dies = async (death: (typeof deaths)[number]): Promise<Told> => {
        const told = await lanes.take(() => tellWorker(tale, bundle, death, ending))
        expect(told.ending, `died ${death.side} crossing ${death.at}, ${told.crossings[death.at - 1]}`).toEqual(ending)
        return told
      }
      const all = await Promise.all(deaths.map(dies))
      // Crossings that happen at the same time are not always as many.
      expect(all.filter(({ hasDied }) => hasDied).length).toBeGreaterThan(deaths.length * 0.8)
    })
})

const SIDES = ['before', 'after'] as const
const everywhere = (count: number) => Array.from({ length: count }, (_, index) => SIDES.map((side) => ({ at: index + 1, side }))).flat()

function seeded(count: number, seed: number) {
  const first = 1 + (seed % EVERY)
  return Array.from({ length: Math.ceil((count - first + 1) / EVERY) }, (_, index) => ({
    at: first + index * EVERY,
    side: SIDES[(seed + index) % 2]!,
  }))
}
