import { eventually } from '../world/grounds.ts'
import { Random } from '../world/random.ts'
import { GroundsOfBoth, type EngineKind, type Place } from './grounds-of-both.ts'
import type { Found } from './finding.ts'

export interface Killed {
  readonly kills: number
  /** Milliseconds, one for each kill: from the start of the process to the first 200 of `/healthz`. */
  readonly ready: readonly number[]
  /** From there to the first thing that is written down of the deployment that was on its way. */
  readonly goesOn: readonly number[]
}

export interface Kills {
  readonly count: number
  readonly seed: number
  readonly engine: EngineKind
  /** Whether to wait until GitHub shows everything, which in such a rush may be minutes later. */
  readonly isSaidToo: boolean
}

const VERSIONS = 5
const PLACES: readonly Place[] = ['staging', 'production']
/** The most that a deployment takes here when nobody is killed; a kill comes at a random moment of it. */
const MOMENTS: Record<EngineKind, number> = { simulated: 700, real: 2_000 }
/** Seconds: what died before it was stored is looked for a minute after the start at the latest. */
const PATIENCE = 120

/** So many deployments stay within what GitHub lets one App write in an hour; then a new world begins. */
const SERIES = 20
/** And every so many of them are waited for until GitHub shows everything, which takes a minute more. */
const SAID_EVERY = 5

/** `kill -9`, so many times, each at a random moment of a deployment: the real program over HTTP, a site and an engine in turn. */
export async function kills({ count, seed, engine, isSaidToo }: Kills, found: Found, progress: (done: number) => void = () => {}): Promise<Killed> {
  const random = new Random(seed)
  const times: Times = { ready: [], goesOn: [] }
  for (let done = 0; done < count; done += SERIES) {
    const grounds = await GroundsOfBoth.open(VERSIONS, engine)
    const some = Math.min(SERIES, count - done)
    try {
      for (let nth = 1; nth <= some; nth++) await round(grounds, nth, random.next() * MOMENTS[engine], times, found)
      if (isSaidToo && (done / SERIES) % SAID_EVERY === 0) await allSaid(grounds, some, found)
    } catch (error) {
      found('broken', `${String(error)}\n${grounds.gantry.output.slice(-4_000)}`)
    } finally {
      await grounds.closes()
    }
    progress(done + some)
  }
  return { kills: count, ...times }
}

interface Times {
  readonly ready: number[]
  readonly goesOn: number[]
}

async function round(grounds: GroundsOfBoth, nth: number, moment: number, times: Times, found: Found): Promise<void> {
  const place = PLACES[nth % PLACES.length] as Place
  grounds.github.people.ada.comments(grounds.pull.number, `/deploy ${place} :${1 + (nth % VERSIONS)}`)
  const sending = grounds.delivers().catch(() => undefined)
  await new Promise((resolve) => setTimeout(resolve, moment))
  grounds.gantry.child.kill('SIGKILL')
  await Promise.all([grounds.gantry.ended, sending])
  const before = stateOf(grounds, nth)
  const started = performance.now()
  // What nobody acknowledged is fetched by the process itself; GitHub sends nothing twice.
  const starting = grounds.startsAgain()
  const ready = await readyAfter(grounds, started)
  times.ready.push(ready - started)
  if (!before.hasEnded) {
    if (!(await eventually(() => stateOf(grounds, nth).text !== before.text, PATIENCE)))
      found('lost', `deployment ${nth} never goes on: ${before.text}`)
    times.goesOn.push(Math.max(0, performance.now() - ready))
  }
  await starting
  const isOver = await eventually(() => stateOf(grounds, nth).text.endsWith('success'), PATIENCE)
  if (!isOver) found('lost', `deployment ${nth} to ${place}: ${stateOf(grounds, nth).text}`)
  await happenedOnce(grounds, place, nth, found)
  if (/"level":(50|60)/.test(grounds.gantry.output)) found('broken', grounds.gantry.output.slice(-2_000))
}

/** What is on disk of the nth deployment, so that any change of it is another text. */
function stateOf(grounds: GroundsOfBoth, nth: number): { readonly text: string; readonly hasEnded: boolean } {
  // Not by its sequence: a command that is read twice uses up a number.
  const rows = grounds.rows(
    'select state, ended_at, (select count(*) from step where deployment = sequence) as steps from deployment order by sequence limit 1 offset ?',
    nth - 1,
  )
  const [row] = rows
  return { text: row === undefined ? 'not there' : `${String(row['steps'])} ${String(row['state'])}`, hasEnded: row?.['ended_at'] != null }
}

/** Asked over and over; the new process has a port of its own. */
async function readyAfter(grounds: GroundsOfBoth, since: number): Promise<number> {
  const { gantry } = grounds
  const url = new URL('/healthz', await gantry.listens())
  while (performance.now() - since < PATIENCE * 1_000) {
    if ((await fetch(url).catch(() => null))?.status === 200) return performance.now()
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  throw new Error('it never became ready')
}

/** One row, one turn, and what runs is this deployment's. */
async function happenedOnce(grounds: GroundsOfBoth, place: Place, nth: number, found: Found): Promise<void> {
  const rows = grounds.rows('select id, fence from deployment order by sequence')
  if (rows.length !== nth) found(rows.length < nth ? 'lost' : 'doubled', `${rows.length} deployments of ${nth} commands`)
  const mine = rows[nth - 1]
  const turn = Math.ceil(nth / PLACES.length)
  if (mine?.['fence'] !== turn) found('doubled', `deployment ${nth} to ${place} has fence ${String(mine?.['fence'])}, not ${turn}`)
  const runs = await grounds.operationAt(place)
  if (runs !== mine?.['id']) found('stale', `${place} runs ${runs}, not ${String(mine?.['id'])}`)
  const left = await grounds.leftAt(place)
  if (left.length > 0) found('doubled', `${place} has containers left of ${left.join()}`)
  for (const violation of grounds.violations()) found('broken', violation)
}

/** GitHub shows one comment, one check run and one Deployment of each, and nothing else. */
async function allSaid(grounds: GroundsOfBoth, count: number, found: Found): Promise<void> {
  const isSaid = (): boolean => grounds.rows('select 1 from announcement where is_complete = 0').length === 0
  if (!(await eventually(isSaid, 3 * PATIENCE))) found('lost', 'not everything was said on GitHub')
  const { checks, deployments } = grounds.github.repository
  const counts = { comments: grounds.said().length, checks: checks.length, deployments: deployments.length }
  for (const [what, seen] of Object.entries(counts)) if (seen !== count) found(seen < count ? 'lost' : 'doubled', `${seen} ${what} of ${count}`)
}

/** Half of them were faster, 99 of 100, and all. */
export function quantiles(times: readonly number[]): { readonly p50: number; readonly p99: number; readonly max: number } {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}
