import { problem, type Problem } from '../errors.ts'
import type { Deployment } from './deployment.ts'
import type { RolloutDoors } from './step.ts'

const BETWEEN = 1_000
const PATIENCE = 10_000

/**
 * The environment's own address, where the rules name a path: null once it has answered 2xx as often running as they want, or what it
 * did instead by the end of their time, which is counted from the step's beginning, so that a crash does not lengthen it.
 */
export async function untilReachable(deployment: Deployment, doors: RolloutDoors): Promise<Problem | null> {
  const health = deployment.rules?.health ?? null
  const url = deployment.plan?.url ?? null
  if (health === null || url === null) return null
  const until = (deployment.steps.at(-1)?.startedAt ?? doors.clock.now()) + health.within
  let good = 0
  for (let tries = 1; ; tries++) {
    const answer = await ask(new URL(health.path, url).href, doors)
    good = answer === null ? good + 1 : 0
    if (good >= health.times) return null
    // A clock that was set back must not lengthen it either.
    const isOver = doors.clock.now() >= until || tries * BETWEEN > health.within
    if (answer !== null && isOver) return unreachable(url, health, answer)
    await doors.activity.pause(BETWEEN)
  }
}

/** What was wrong, in words; null for a 2xx. */
async function ask(url: string, { probe, clock }: RolloutDoors): Promise<string | null> {
  const timeout = new AbortController()
  const forget = clock.after(PATIENCE, () => timeout.abort())
  try {
    const status = await probe(url, timeout.signal)
    return status >= 200 && status < 300 ? null : `status ${status}`
  } catch {
    // The cause may hold addresses of a private network.
    return 'no answer'
  } finally {
    forget()
  }
}

const unreachable = (url: string, { path, within, times }: { path: string; within: number; times: number }, found: string): Problem =>
  problem('TARGET_UNHEALTHY', {
    sentence: `The new image runs, and ${new URL(path, url).href} does not answer as it should.`,
    found,
    wanted: `2xx ${times === 1 ? 'once' : `${times} times running`} within ${Math.round(within / 1000)} seconds`,
    next: 'Look at the log of the workload, then deploy an image that answers there.',
  })
