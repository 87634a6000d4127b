import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Measure } from './main.ts'
import { median, rounded } from './numbers.ts'
import { runToEnd } from './process.ts'
import type { Started } from './process.ts'
import { startIntake, startProbot, withFolder } from './servers.ts'

const CONNECTIONS = 32
const SECONDS = 3
const RUNS = 5
const GOAL = 1.2

interface Load {
  readonly perSecond: number
  readonly refused: number
  readonly p50: number
  readonly p99: number
}

/** Requests per second that are verified, parsed and on disk when they are answered, against bare Probot that does nothing with them. */
export async function intake(): Promise<Measure[]> {
  return withFolder(async (folder, secret) => {
    const servers = [await startIntake(folder, secret), await startProbot(folder, secret)] as const
    const [ours, peer] = await interleaved(servers, secret)
    const [stored] = await Promise.all(servers.map((server) => server.stop()))
    const ratio = median(ours.map((load) => load.perSecond)) / median(peer.map((load) => load.perSecond))
    const holds = ratio >= GOAL && [...ours, ...peer].every((load) => load.refused === 0)
    return [
      {
        name: 'intake',
        ours: summary(ours),
        peer: summary(peer),
        ratio: rounded(ratio),
        goal: GOAL,
        holds,
        ...(JSON.parse(stored!) as object),
        fsyncMs: fsyncMilliseconds(folder),
      },
    ]
  })
}

async function interleaved(servers: readonly [Started, Started], secret: string): Promise<[Load[], Load[]]> {
  const loads: [Load[], Load[]] = [[], []]
  let first = 0
  const run = (server: Started, seconds: number) => {
    const args = [server.port, secret, CONNECTIONS, seconds, (first += 1_000_000)].map(String)
    return runToEnd<Load>('load.ts', ...args)
  }
  for (const server of servers) await run(server, 1)
  for (let turn = 0; turn < RUNS; turn++) for (const [index, server] of servers.entries()) loads[index as 0 | 1].push(await run(server, SECONDS))
  return loads
}

function summary(loads: readonly Load[]) {
  const of = (key: 'perSecond' | 'p50' | 'p99') => rounded(median(loads.map((load) => load[key])))
  return { perSecond: of('perSecond'), p50Ms: of('p50'), p99Ms: of('p99'), runs: loads.map((load) => Math.round(load.perSecond)) }
}

function fsyncMilliseconds(folder: string): number {
  const file = openSync(join(folder, 'fsync'), 'w')
  const times = Array.from({ length: 51 }, () => {
    writeSync(file, Buffer.alloc(4096))
    const before = performance.now()
    fsyncSync(file)
    return performance.now() - before
  })
  closeSync(file)
  return rounded(median(times))
}
