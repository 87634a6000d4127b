import { writeFileSync } from 'node:fs'
import { flood, WRONG_SIGNATURE } from '../world/flood.ts'
import type { Measure } from './main.ts'
import { median, rounded } from './numbers.ts'
import { startGantry, startProbot, withFolder } from './servers.ts'
import type { Started } from './process.ts'

const RUNS = 3
const AT_REST = 1.4
const MOST_RISE = 40

/** Resident memory: at rest against bare Probot, and how far bodies of 300 MB, that nobody signed, can push it up. */
export async function memory(): Promise<Measure[]> {
  return withFolder(async (folder, secret) => [await atRest(folder, secret), ...(await abuse(folder, secret))])
}

async function atRest(folder: string, secret: string): Promise<Measure> {
  const ours: number[] = []
  const peer: number[] = []
  for (let run = 0; run < RUNS; run++) {
    ours.push(await restOf(await startGantry(folder, secret)))
    peer.push(await restOf(await startProbot(folder, secret)))
  }
  const ratio = median(ours) / median(peer)
  return {
    name: 'memory at rest',
    ours: rounded(median(ours)),
    peer: rounded(median(peer)),
    ratio: rounded(ratio),
    goal: AT_REST,
    holds: ratio <= AT_REST,
    unit: 'MB',
  }
}

async function restOf(server: Started): Promise<number> {
  // Two seconds in which nothing is asked: start-up garbage is gone or will stay.
  await new Promise((resolve) => setTimeout(resolve, 2000))
  const rest = server.memory().now
  await server.stop()
  return rest
}

const CASES = [false, true].flatMap((signed) => [false, true].flatMap((chunked) => [1, 8].map((connections) => ({ signed, chunked, connections }))))

async function abuse(folder: string, secret: string): Promise<Measure[]> {
  const measures: Measure[] = []
  for (const one of CASES) measures.push(await abuseBy(await startGantry(folder, secret), one))
  return measures
}

/** On a process of its own: what an earlier flood left behind would hide the next one's rise. */
async function abuseBy(server: Started, { signed, chunked, connections }: (typeof CASES)[number]): Promise<Measure> {
  const before = server.memory().now
  forgetPeak(server.pid)
  const statuses = await Promise.all(
    Array.from({ length: connections }, () => flood(server.port, { megabytes: 300, chunked, headers: signed ? [WRONG_SIGNATURE] : [] })),
  )
  const rise = rounded(server.memory().peak - before)
  await server.stop()
  const how = `${connections} × 300 MB, ${chunked ? 'chunked' : 'with length'}, ${signed ? 'wrong signature' : 'unsigned'}`
  const answers = [...new Set(statuses)].toSorted().join(', ')
  return { name: `memory rise: ${how}`, ours: rise, peer: null, ratio: null, goal: MOST_RISE, holds: rise <= MOST_RISE, unit: 'MB', answers }
}

/** Linux: `VmHWM` counts from now on (proc(5), clear_refs). */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}
