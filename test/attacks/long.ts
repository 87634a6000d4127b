import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

const HOUR = 3_600_000
const YEAR = 365 * 24 * HOUR
const WRONG_CLOCK = new URL('./wrong-clock.ts', import.meta.url).href
/** Milliseconds that the clock is off, from the start and from the middle of a deployment on. */
const CLOCKS: readonly (readonly [what: string, atStart: number, later: number])[] = [
  ['an hour on in the middle', 0, HOUR],
  ['an hour back in the middle', 0, -HOUR],
  ['a second back in the middle, as after a leap second', 0, -1_000],
  ['five minutes slow', -300_000, -300_000],
  ['five minutes fast', 300_000, 300_000],
  ['ten years on', 10 * YEAR, 10 * YEAR],
  ['1970', -Date.now(), -Date.now()],
]
/** With these, GitHub's own times cannot be believed to be ours: a clear refusal is as good. */
const ABSURD = 24 * HOUR

const h09: Scenario = {
  id: 'H09',
  tried: `the process's wall clock, replaced before its own code is loaded: ${CLOCKS.map(([what]) => what).join('; ')}`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, registry, pull, folder } = grounds
    const file = join(folder, 'clock')
    const came: string[] = []
    for (const [nth, [what, atStart, later]] of CLOCKS.entries()) {
      await grounds.gantry.stops('SIGKILL')
      writeFileSync(file, String(atStart))
      await grounds.starts({ NODE_OPTIONS: `--import ${WRONG_CLOCK}`, WRONG_CLOCK: file })
      await registry.has(`acme/shop:t${nth}`, { 'site/index.html': what })
      const hold = holdsUp(grounds)
      const asked = github.people.ada.comments(pull, `/deploy staging :t${nth}`)
      await grounds.delivers()
      if (atStart !== later) checks.that(await hold.isHeld(), `${what}: it is not under way`)
      writeFileSync(file, String(later))
      await new Promise((resolve) => setTimeout(resolve, 200))
      hold.letsGo()
      const words = inWords(await fate(grounds, keyOf(grounds, asked), 60))
      came.push(`${what}: ${words}`)
      checks.that(words === 'success' || (Math.abs(atStart) > ABSURD && /^(refused|failure) /.test(words)), `${what}: ${words}`)
      if (words === 'success') checks.that((await (await fetch(await grounds.site())).text()) === what, `${what}: it is not served`)
      checks.that(await grounds.isAlive(), `${what}: it does not answer`)
    }
    checks.that(grounds.rows('select 1 from deployment').length === CLOCKS.length, 'a command was lost or doubled')
    return checks.finding(came.join('; '))
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
    'workerd enforces no CPU time and no memory here; what ends an object in the middle of a step is played by npm run crash -- --workers',
  ),
  leftOut(
    'H22',
    'the limits of Workers are reached in the middle of a step',
    'workerd enforces no CPU time and no memory here; what ends an object in the middle of a step is played by npm run crash -- --workers',
  ),
]
