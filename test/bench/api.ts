import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSqlite } from '../../src/runtime/sqlite.ts'
import { standWith } from './history.ts'
import type { Measure } from './main.ts'
import { median, rounded } from './numbers.ts'
import { runToEnd, startServer } from './process.ts'
import { withFolder } from './servers.ts'

const RECORDED = 100_000
const CONNECTIONS = 16
const SECONDS = 3
const RUNS = 5
/** As many reads as a bare Hono answers on the same adapter. */
const GOAL = 0.5
const RATE = 500
/** Milliseconds. */
const GOAL_P99 = 10

interface Load {
  readonly perSecond: number
  readonly refused: number
  readonly p50: number
  readonly p99: number
}

/** Reads of states, with so many deployments on record, of the real program against a server that has the answer ready. */
export async function api(): Promise<Measure[]> {
  return withFolder(async (folder) => {
    const stand = await standWith(RECORDED, folder)
    try {
      const token = stand.github.auth.signsIn(stand.github.people.ada.account)
      const sql = readSqlite(stand.database)
      const ids = sql.all<{ id: string }>('select id from deployment order by abs(random()) limit 2000').map(({ id }) => id)
      sql.close()
      const paths = join(folder, 'paths')
      writeFileSync(paths, ids.map((id) => `/deploy/status/${id}`).join('\n'))
      const one = await fetch(`http://127.0.0.1:${stand.port}/deploy/status/${ids[0]}`, { headers: { authorization: `Bearer ${token}` } })
      writeFileSync(join(folder, 'answer.json'), await one.text())
      const peer = await startServer('server-hono.ts', join(folder, 'answer.json'))
      const reads = (port: number, seconds: number, rate = 0) =>
        runToEnd<Load>('reads.ts', ...[port, token, CONNECTIONS, seconds, rate].map(String), paths)
      const loads: [Load[], Load[]] = [[], []]
      for (const port of [stand.port, peer.port]) await reads(port, 1)
      for (let turn = 0; turn < RUNS; turn++)
        for (const [index, port] of [stand.port, peer.port].entries()) loads[index as 0 | 1].push(await reads(port, SECONDS))
      const paced = await reads(stand.port, 10, RATE)
      await peer.stop()
      const [ours, theirs] = loads.map((all) => median(all.map(({ perSecond }) => perSecond))) as [number, number]
      const ratio = ours / theirs
      const isAnswered = [...loads.flat(), paced].every(({ refused }) => refused === 0)
      return [
        {
          name: 'api reads',
          ours: rounded(ours),
          peer: rounded(theirs),
          ratio: rounded(ratio),
          goal: GOAL,
          holds: ratio >= GOAL && isAnswered,
          recorded: RECORDED,
        },
        {
          ...{ name: 'api read p99', ours: rounded(paced.p99), peer: null, ratio: null, goal: GOAL_P99, holds: paced.p99 < GOAL_P99 && isAnswered },
          ...{ perSecond: rounded(paced.perSecond), p50Ms: rounded(paced.p50), recorded: RECORDED },
        },
      ]
    } finally {
      await stand.closes()
    }
  })
}
