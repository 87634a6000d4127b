import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSqlite } from '../../src/runtime/sqlite.ts'
import { standWith } from './history.ts'
import type { Measure } from './main.ts'
import { join as joins } from '../world/github/population.ts'
import { median, rounded } from './numbers.ts'
import { runToEnd, startServer, type Started } from './process.ts'
import { withFolder } from './servers.ts'
import type { Stand } from './stand.ts'

const RECORDED = 100_000
const CONNECTIONS = 16
const SECONDS = 1
const WARM_UP = 3
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

const LISTENERS = 1_000
/** What a listener costs, against one of a bare Hono's. */
const GOAL_MEMORY = 1.3

interface Heard {
  readonly streams: number
  readonly events: number
  readonly wrong: number
}

/** So many people may look as often as this asks for them: each 600 times within a minute. */
const CALLERS = 600
const signedIn = ({ auth, state }: Stand['github']): readonly string[] =>
  Array.from({ length: CALLERS }, (_, index) => auth.signsIn(joins(state, `caller${index}`, 'User')))

/** So many listen to one deployment from its beginning to its end. */
async function listened(stand: Stand, peer: Started, tokens: string): Promise<Measure> {
  const listeners = (port: number, path: string) => runToEnd<Heard>('listeners.ts', ...[port, tokens, LISTENERS, path].map(String))
  const grown = async <T>(memory: () => { readonly now: number; readonly peak: number }, work: () => Promise<T>): Promise<[number, T]> => {
    const before = memory().now
    const done = await work()
    return [memory().peak - before, done]
  }
  // Nothing goes on before everybody listens.
  stand.github.latency = 8_000
  stand.asks(1)
  await stand.sends()
  const id = await stand.newest()
  const [ours, heard] = await grown(
    () => stand.memory,
    async () => {
      const listening = listeners(stand.port, `/deploy/status/${id}/events`)
      setTimeout(() => (stand.github.latency = 0), 6_000)
      return listening
    },
  )
  const [theirs] = await grown(peer.memory, () => listeners(peer.port, '/events'))
  const ratio = ours / theirs
  const holds = heard.wrong === 0 && heard.streams === LISTENERS && heard.events >= 6 && ratio <= GOAL_MEMORY
  return {
    name: 'api listeners',
    ours: `${rounded(ours)} MB`,
    peer: `${rounded(theirs)} MB`,
    ratio: rounded(ratio),
    goal: GOAL_MEMORY,
    holds,
    ...heard,
  }
}

/** In processes of their own: what many reads leave behind would be used again, and hide what the streams take. */
async function streamed(stand: Stand, answer: string, tokens: string, signIn: (port: number) => Promise<unknown>): Promise<Measure> {
  await stand.stops()
  await stand.starts()
  const peer = await startServer('server-hono.ts', answer)
  for (const port of [stand.port, peer.port]) await signIn(port)
  const streams = await listened(stand, peer, tokens)
  await peer.stop()
  return streams
}

/** Reads of states, with so many deployments on record, of the real program against a server that has the answer ready. */
export async function api(): Promise<Measure[]> {
  return withFolder(async (folder) => {
    const stand = await standWith(RECORDED, folder)
    try {
      const tokens = join(folder, 'tokens')
      writeFileSync(tokens, signedIn(stand.github).join('\n'))
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
        runToEnd<Load>('reads.ts', ...[port, tokens, CONNECTIONS, seconds, rate].map(String), paths)
      const loads: [Load[], Load[]] = [[], []]
      // Everybody signs in here, every state is read for the first time, and both are compiled.
      for (const port of [stand.port, peer.port]) await reads(port, WARM_UP)
      for (let turn = 0; turn < RUNS; turn++)
        for (const [index, port] of [stand.port, peer.port].entries()) loads[index as 0 | 1].push(await reads(port, SECONDS))
      const paced = await reads(stand.port, 10, RATE)
      await peer.stop()
      const streams = await streamed(stand, join(folder, 'answer.json'), tokens, (port) => reads(port, WARM_UP))
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
        streams,
      ]
    } finally {
      await stand.closes()
    }
  })
}
