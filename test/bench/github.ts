import type { Measure } from './main.ts'
import { median, rounded } from './numbers.ts'
import { withFolder } from './servers.ts'
import { Stand, type TimedCall } from './stand.ts'

const LATENCY = 50
const RUNS = 5
const BURST = 10
const MOST_CALLS = 12
const MOST_TIMES_LONGER = 3

/** Calls to GitHub and what has to wait for what, with the token cached and GitHub answering after 50 ms. */
export async function github(): Promise<Measure[]> {
  return withFolder(async (folder) => {
    const stand = await Stand.opens(folder)
    stand.github.latency = LATENCY
    try {
      const singles: Single[] = []
      const bursts: number[] = []
      for (let run = 0; run < RUNS; run++) {
        await warm(stand)
        singles.push(await one(stand))
      }
      // Last, because the end of a burst goes on beside what follows it.
      for (let run = 0; run < RUNS; run++) {
        await warm(stand)
        bursts.push(await burst(stand))
      }
      return measures(singles, bursts)
    } finally {
      await stand.closes()
    }
  })
}

interface Single {
  readonly calls: readonly TimedCall[]
  /** Milliseconds from the webhook until GitHub has the reaction. */
  readonly reacted: number
}

/** One to warm up: code, connections, and the token. */
async function warm(stand: Stand): Promise<void> {
  stand.github.reinstalls()
  await one(stand)
}

/** An ordinary deployment, from its webhook to its last word. */
async function one(stand: Stand): Promise<Single> {
  const [begun, ended] = [stand.calls.length, stand.github.repository.checks.length + 1]
  const comment = stand.asks(0)
  const sent = performance.now()
  await stand.sends()
  await stand.reacted([comment])
  const reacted = performance.now() - sent
  await stand.succeeded(ended)
  await settled()
  return { calls: stand.calls.slice(begun), reacted }
}

/** Commands on ten environments at once: milliseconds until the last of them has its reaction. */
async function burst(stand: Stand): Promise<number> {
  const ended = stand.ends + BURST
  const comments = Array.from({ length: BURST }, (_, environment) => stand.asks(environment))
  const sent = performance.now()
  await stand.sends()
  await stand.reacted(comments)
  const reacted = performance.now() - sent
  await stand.said(ended)
  await settled()
  return reacted
}

/** What still follows the last word (comments of before are hidden with it) has come by then. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200))

function measures(singles: readonly Single[], bursts: readonly number[]): Measure[] {
  const calls = singles.map((single) => single.calls.length)
  const depth = (what: RegExp): number => Math.max(...singles.map((single) => depthOf(single.calls, what)))
  const [single, last] = [median(singles.map(({ reacted }) => reacted)), median(bursts)]
  const ratio = last / single
  return [
    count('github calls per deployment', Math.max(...calls), MOST_CALLS, { calls: singles[0]?.calls.map(({ what }) => what) }),
    count('github calls in a row to the first feedback', depth(/reactions$/), 1),
    count('github calls in a row to the deployment record', depth(/\/deployments$/), 2),
    {
      name: 'github burst of ten commands',
      ours: rounded(last),
      peer: rounded(single),
      ratio: rounded(ratio),
      goal: MOST_TIMES_LONGER,
      holds: ratio <= MOST_TIMES_LONGER,
      unit: 'ms to the last reaction, against a single command',
      latencyMs: LATENCY,
    },
  ]
}

const count = (name: string, ours: number, goal: number, beside: object = {}): Measure => ({
  name,
  ours,
  peer: null,
  ratio: null,
  goal,
  holds: ours <= goal,
  ...beside,
})

/** How many calls stand in a row up to this one: each began only after the one before it had been answered. */
function depthOf(calls: readonly TimedCall[], what: RegExp): number {
  const before = (call: TimedCall): TimedCall[] => calls.filter(({ until }) => until <= call.from)
  const depth = (call: TimedCall): number => 1 + Math.max(0, ...before(call).map(depth))
  const call = calls.find((made) => what.test(made.what))
  return call === undefined ? Infinity : depth(call)
}
