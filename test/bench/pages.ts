import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { standWith } from './history.ts'
import type { Measure } from './main.ts'
import { median, rounded } from './numbers.ts'
import { withFolder } from './servers.ts'
import { ORIGIN, Stand } from './stand.ts'

const RECORDED = 10_000
const FEW = 100
const GOAL = 3
const RUNS = 7
/** Of one run, one after the other: nobody may look more than 600 times within a minute. */
const LOOKS = 30
const WARM_UP = 40

/** How long a page takes to come with many deployments on record: the overview beside one without any, the history beside one with a few. */
export async function pages(): Promise<Measure[]> {
  return withFolder(async (folder) => {
    const home = join(folder, 'empty')
    mkdirSync(home)
    const stands = [await Stand.opens(home), await standWith(FEW, folder), await standWith(RECORDED, folder)] as const
    try {
      const [none, few, many] = [await visit(stands[0]), await visit(stands[1]), await visit(stands[2])]
      const [overview, history] = ['/', '/r/acme/shop/history']
      return [
        await measure(
          { name: 'overview', on: 0, goal: GOAL },
          () => none(overview),
          () => many(overview),
        ),
        await measure(
          { name: 'history', on: FEW, goal: GOAL },
          () => few(history),
          () => many(history),
        ),
      ]
    } finally {
      for (const stand of stands) await stand.closes()
    }
  })
}

interface Measured {
  readonly name: string
  /** How many deployments the peer has on record. */
  readonly on: number
  readonly goal: number
}

async function measure({ name, on, goal }: Measured, few: () => Promise<number>, many: () => Promise<number>): Promise<Measure> {
  const [peer, ours]: [number[], number[]] = [[], []]
  for (let warm = 0; warm < WARM_UP; warm += 1) for (const looks of [few, many]) await looks()
  for (let run = 0; run < RUNS; run += 1) {
    peer.push(await medianOf(few))
    ours.push(await medianOf(many))
  }
  const ratio = median(ours) / median(peer)
  return {
    name: `${name} against records`,
    ours: rounded(median(ours)),
    peer: rounded(median(peer)),
    ratio: rounded(ratio),
    goal,
    holds: ratio <= goal,
    unit: `ms until the whole page is there, with ${RECORDED} deployments on record against ${on}`,
    runs: [ours.map(rounded), peer.map(rounded)],
  }
}

async function medianOf(looks: () => Promise<number>): Promise<number> {
  const times: number[] = []
  for (let look = 0; look < LOOKS; look += 1) times.push(await looks())
  return median(times)
}

/** Ada has signed in; answers with how long a page of hers takes, in milliseconds. */
async function visit({ github, port }: Stand): Promise<(path: string) => Promise<number>> {
  const asks = (path: string, cookie: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie }, redirect: 'manual' })
  const began = await asks('/login', '')
  const back = github.auth.authorizes(github.people.ada.account, { url: began.headers.get('location') ?? '' })
  const cookie = cookieIn(await asks(back.slice(ORIGIN.length), cookieIn(began)))
  return async (path) => {
    const from = performance.now()
    const answer = await asks(path, cookie)
    const text = await answer.text()
    const took = performance.now() - from
    if (answer.status !== 200 || !text.includes('Sign out')) throw new Error(`${path}: ${answer.status} ${text}`)
    return took
  }
}

const cookieIn = (answer: Response): string =>
  answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .filter((pair) => !pair.endsWith('='))
    .join('; ')
