import type { Deployment } from '../../src/deploy/deployment.ts'
import type { World } from '../world/world.ts'
import { name } from './checks.ts'
import type { Found } from './finding.ts'
import type { History } from './history.ts'

/** Each target runs what succeeded last, took every operation once and in order, and keeps nothing of what failed. */
export function targets(world: World, deployments: readonly Deployment[], history: History, found: Found): void {
  for (const environment of ['staging', 'production'] as const) {
    const turns = deployments.filter(({ plan, fence }) => plan?.environment === environment && fence !== null)
    runsTheNewest(world, environment, turns, found)
    tookInOrder(environment, turns, history, found)
  }
  for (const environment of history.crowded) found('doubled', `${environment} had two deployments at work at once`)
  // Where it is not known what became of the last turn, the next one clears up after it.
  const isUnknown = deployments.some(({ state, plan, fence }) => state === 'unknown' && fence === newestFence(deployments, plan?.environment))
  if (!isUnknown) nothingLeft(world, found)
}

const newestFence = (deployments: readonly Deployment[], environment: string | undefined): number =>
  Math.max(...deployments.map(({ plan, fence }) => (plan?.environment === environment ? (fence ?? 0) : 0)))

function runsTheNewest(world: World, environment: 'staging' | 'production', turns: readonly Deployment[], found: Found): void {
  const last = turns.toSorted((a, b) => (a.fence ?? 0) - (b.fence ?? 0)).at(-1)
  const newest = turns.findLast(({ state }) => state === 'success')
  const runs = environment === 'staging' ? served(world) : world.engine.runs('shop')
  const may = [digestOf(newest)]
  // What nobody knows may have happened or not; it blocked the environment until somebody had looked.
  if (last?.state === 'unknown') may.push(digestOf(last))
  if (!may.includes(runs))
    found('stale', `${environment} runs ${runs}, and not ${may.join(' or ')} of ${newest === undefined ? 'nobody' : name(newest)}`)
}

const digestOf = (deployment: Deployment | undefined): string | null => deployment?.plan?.artifacts[0]?.digest ?? null

function served(world: World): string | null {
  const current = world.files.content.get('site/current')
  return current === undefined ? null : (JSON.parse(new TextDecoder().decode(current)) as { digest: string }).digest
}

function tookInOrder(environment: string, turns: readonly Deployment[], { effects }: History, found: Found): void {
  const its = effects.filter((effect) => effect.environment === environment)
  for (const [index, { operation, fence, isIntended }] of its.entries()) {
    const deployment = turns.find(({ id }) => id === operation)
    if (!isIntended || deployment === undefined) found('broken', `${environment}: ${operation} came to the target before it was written down`)
    else if (deployment.fence !== fence) found('broken', `${environment}: ${operation} came with fence ${fence}, not ${deployment.fence}`)
    const newer = its.slice(0, index).find((before) => before.fence > fence)
    if (newer) found('stale', `${environment}: ${operation} with fence ${fence} came after fence ${newer.fence}`)
    // What failed was taken away again: nothing is left by which a second try could know the first.
    const isRepeated = its.slice(0, index).some((before) => before.operation === operation)
    if (isRepeated && deployment?.state === 'success') found('doubled', `${environment}: the target took ${operation} twice`)
  }
}

function nothingLeft(world: World, found: Found): void {
  const containers = [...world.engine.simulator.containers.values()].filter(({ state }) => state !== 'running')
  for (const { labels, state } of containers) found('doubled', `a container of ${labels['gantry.operation']} is left, ${state}`)
  if (world.engine.simulator.containers.size > 1) found('doubled', `${world.engine.simulator.containers.size} containers`)
  const folders = [...world.files.content.keys()].filter((path) => path.startsWith('site/unpacking/'))
  if (folders.length > 0) found('doubled', `temporary files are left: ${folders.join(', ')}`)
}
