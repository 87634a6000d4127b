import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { eventually } from '../world/grounds.ts'
import { servesAt, states } from '../world/facts.ts'
import { REGISTRY, World } from '../world/world.ts'
import { comesToRest, fate, holdsUp, inWords, keyOf } from './asked.ts'
import { Checks, leftOut, onGrounds } from './scenario.ts'
import type { Finding, Scenario } from './scenario.ts'

/** Inside of this process, because only there time can be made to pass. */
function inTheStory(work: (world: World, checks: Checks) => Promise<string>): () => Promise<Finding> {
  return async () => {
    const world = await World.begin()
    const checks = new Checks()
    try {
      const seen = await work(world, checks)
      world.github.verdict()
      checks.that(world.errors.length === 0, `the log has errors: ${world.errors[0]}`)
      return checks.finding(seen)
    } finally {
      await world.end()
    }
  }
}

const YEAR = 365 * 24 * 3_600_000
/** Milliseconds that the clock jumps, in the middle of a deployment. */
const JUMPS = { 'an hour on': 3_600_000, 'an hour back': -3_600_000, 'a second back': -1_000, 'ten years on': 10 * YEAR, 'back again': -10 * YEAR }

const h09: Scenario = {
  id: 'H09',
  tried: `in the story's world, whose clock can be set (so GitHub's is wrong with it): ${Object.keys(JUMPS).join(', ')} in the middle of a deployment; not: 1970, a leap second, GitHub's refusal of the App's token`,
  run: inTheStory(async (world, checks) => {
    const { github, registry, pull, time } = world
    for (const [nth, [what, milliseconds]] of Object.entries(JUMPS).entries()) {
      await registry.has(`acme/shop:t${nth}`, { 'site/index.html': what })
      let hasJumped = false
      world.wire.registry = async () => {
        if (!hasJumped) time.moves(milliseconds)
        hasJumped = true
        return null
      }
      await time.passes('1 hour')
      github.people.ada.comments(pull, `/deploy staging ${REGISTRY}/acme/shop:t${nth}`)
      await world.settle()
      await time.passes('10 minutes')
      const [last] = world.disk.all<{ state: string; problem: string | null }>('select state, problem from deployment order by sequence desc limit 1')
      checks.that(last?.state === 'success', `${what}: ${last?.state} ${last?.problem}`)
      checks.that((await servesAt(world, '/')) === what, `${what}: it is not served`)
    }
    checks.that(states(world).length === Object.keys(JUMPS).length, `${states(world).length} deployments`)
    return 'each deployment was done once'
  }),
}

const h19: Scenario = {
  id: 'H19',
  tried:
    'the process stands still for 5 s in the middle of a deployment, with 200 deliveries on their way; memory is held to 512 MB (under floods: W03 and H15)',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const hold = holdsUp(grounds)
    const asked = github.people.ada.comments(pull, '/deploy staging')
    await grounds.delivers()
    checks.that(await hold.isHeld(), 'it is not under way')
    grounds.gantry.child.kill('SIGSTOP')
    hold.letsGo()
    const sent = Array.from({ length: 200 }, () => {
      github.people.ada.comments(pull, 'Just talk')
      return github.webhooks.waiting.splice(0)
    }).flat()
    const statuses = Promise.all(sent.map((one) => grounds.sends(one).catch(() => 0)))
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    grounds.gantry.child.kill('SIGCONT')
    checks.that(
      (await statuses).every((status) => status === 204 || status === 202),
      `statuses ${[...new Set(await statuses)].join()}`,
    )
    checks.that(inWords(await fate(grounds, keyOf(grounds, asked))) === 'success', 'the deployment did not go on')
    checks.that(await comesToRest(grounds), 'it has not come to rest')
    checks.that(await eventually(() => grounds.said()[0]?.body.startsWith('✅') === true), 'the answer is missing')
    const { peak } = grounds.gantry.memory()
    checks.that(peak <= 512, `memory reached ${peak.toFixed(0)} MB`)
    await checks.isAlive(grounds)
    return checks.finding(`all answered, the deployment went on; at most ${peak.toFixed(0)} MB`)
  }),
}

const HOURS = 24
const MOST_SLOPE = 1

const h20: Scenario = {
  id: 'H20',
  tried: `${HOURS} virtual hours in the story's world with a deployment every half hour (of the 24 days); memory includes the simulated GitHub's own`,
  run: inTheStory(async (world, checks) => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const used = (): number => {
      collect()
      return process.memoryUsage().heapUsed / 1e6
    }
    const heaps: number[] = []
    for (let hour = 0; hour < HOURS; hour++) {
      for (const half of [0, 1]) {
        await world.registry.has(`acme/shop:h${hour}-${half}`, { 'site/index.html': `version h${hour}-${half}` })
        world.github.people.ada.comments(world.pull, `/deploy staging ${REGISTRY}/acme/shop:h${hour}-${half}`)
        await world.settle()
        await world.time.passes('30 minutes')
      }
      heaps.push(used())
    }
    checks.that(states(world).length === HOURS * 2 && states(world).every((state) => state === 'success'), 'not every deployment succeeded')
    checks.that((await servesAt(world, '/')) === `version h${HOURS - 1}-1`, 'the last is not served')
    const slope = ((heaps.at(-1) ?? 0) - (heaps[3] ?? 0)) / (HOURS - 4)
    checks.that(slope <= MOST_SLOPE, `the heap grew by ${slope.toFixed(2)} MB an hour`)
    return `${HOURS * 2} deployments; the heap grew by ${slope.toFixed(2)} MB an hour after the fourth`
  }),
}

export const long: readonly Scenario[] = [
  h09,
  h19,
  h20,
  leftOut(
    'H21',
    'a Durable Object is evicted at every await, its alarm throws, fires twice, and runs out of tries',
    'the Workers edition comes later',
  ),
  leftOut('H22', 'the limits of Workers are reached in the middle of a step', 'the Workers edition comes later'),
]
