import { Pool } from 'undici'
import { join } from '../github/population.ts'
import { residentMemory } from '../gantry-process.ts'
import { Random } from '../random.ts'
import type { GitHub } from '../github/github.ts'
import { createReferee, type Answer, type Description } from './description.ts'
import { createRequests, type Asking } from './requests.ts'

/** What runs, and the GitHub behind it. */
export interface Played {
  readonly url: URL
  readonly github: GitHub
  readonly pid: number
  readonly description: Description
}

export interface Play {
  readonly requests: number
  /** By status. */
  readonly answers: Readonly<Record<string, number>>
  readonly wrong: readonly string[]
  readonly slowest: number
  /** Megabytes that the process had grown by since the first thousand, when it was largest. */
  readonly growth: number
}

const AT_ONCE = 16
/** Of one caller: within a minute 60 times and 600 times are too often. */
const [CHANGES, LOOKS] = [50, 500]
const WARM = 1_000

export const describedAt = async (url: URL): Promise<Description> => (await (await fetch(new URL('/openapi.json', url))).json()) as Description

/** Plays so many requests from this seed to what runs, and holds each answer to its description. */
export async function playApi(stage: Played, seed: number, count: number): Promise<Play> {
  const random = new Random(seed)
  const { description } = stage
  const referee = createReferee(description)
  const ada = stage.github.auth.signsIn(stage.github.people.ada.account)
  const ids = await someDeployments(stage, ada)
  const next = createRequests(description, random, { ids, rarity: Math.max(10, Math.ceil(count / 500)) })
  const callers = createCallers(stage, await madeToken(stage))
  const pool = new Pool(stage.url.origin, { connections: AT_ONCE })
  const [answers, wrong]: [Record<string, number>, string[]] = [{}, []]
  let [sent, slowest, before] = [0, 0, 0]

  async function worker(): Promise<void> {
    while (sent < count) {
      sent += 1
      if (sent === Math.min(WARM, count)) before = residentMemory(stage.pid).now
      const asking = withToken(next(), random, callers)
      const begun = performance.now()
      const answer = await send(pool, asking).catch((error: unknown) => String(error))
      slowest = Math.max(slowest, performance.now() - begun)
      const found = typeof answer === 'string' ? answer : referee(asking.method, pathOf(asking.path), answer)
      const status = typeof answer === 'string' ? 'none' : answer.status
      answers[status] = (answers[status] ?? 0) + 1
      if (found !== null) wrong.push(`${asking.method} ${asking.path.slice(0, 100)}: ${found}; ${asking.body?.subarray(0, 100).toString()}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  await pool.close()
  return { requests: sent, answers, wrong, slowest: Math.round(slowest), growth: Math.round(residentMemory(stage.pid).peak - before) }
}

/** What the process sees of a path: dots and backslashes are resolved before. */
const pathOf = (path: string): string => {
  const url = URL.parse(`http://x${path}`)
  return url === null ? path : url.pathname + url.search
}

async function someDeployments(stage: Played, token: string): Promise<readonly string[]> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const bodies = [{ image: ':1.2' }, { image: ':no' }, { environment: 'nowhere' }].map((more) => ({ repository: 'acme/shop', ...more }))
  return Promise.all(
    bodies.map(async (body) => {
      const answer = await fetch(new URL('/deploy', stage.url), { method: 'POST', headers, body: JSON.stringify(body) })
      return ((await answer.json()) as { id: string }).id
    }),
  )
}

type Callers = Readonly<Record<'changes' | 'looks' | 'owns' | 'runs' | 'programs', () => string>>

/** For whom GitHub Actions' tokens have to be, where the process was started so. */
export const FUZZED = { GANTRY_URL: 'https://gantry.example' }

async function madeToken({ github, url }: Played): Promise<string> {
  const headers = { authorization: `Bearer ${github.auth.signsIn(github.people.grace.account)}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ name: 'fuzz', repositories: 'all', environments: ['*'], actions: ['read', 'deploy', 'configure'], days: 1 })
  return ((await (await fetch(new URL('/config/acme/tokens', url), { method: 'POST', headers, body })).json()) as { token: string }).token
}

/** Ever new people and workflows ask, because one may not ask so often. */
function createCallers({ github }: Played, token: string): Callers {
  let count = 0
  const changingAfter = (most: number, isOwner = false) => {
    let [token, left] = ['', 0]
    return (): string => {
      if (left === 0) {
        const account = join(github.state, `fuzz-${(count += 1)}`)
        if (isOwner) github.member(account, 'admin')
        token = github.auth.signsIn(account)
        left = most
      }
      left -= 1
      return token
    }
  }
  const runs = (): string => github.actions.token(github.people.ada, FUZZED.GANTRY_URL, { file: `f${(count += 1) % 100}.yml`, run: count })
  return { changes: changingAfter(CHANGES), looks: changingAfter(LOOKS), owns: changingAfter(CHANGES, true), runs, programs: () => token }
}

/** Once in so many times it is one of the account's owners: each time GitHub is asked whether they are, and it lets itself be asked 900 times a minute. */
const OWNERS = 3

/** And once in so many a program. */
const PROGRAMS = 12
const program = (random: Random, { runs, programs }: Callers): string => (random.below(2) === 0 ? runs() : programs())

/** Nearly always one that is good: without it nothing behind it is reached. */
function withToken(asking: Asking, random: Random, callers: Callers): Asking {
  if (asking.headers['authorization'] !== undefined || random.below(50) === 0) return asking
  const isOwner = asking.path.startsWith('/config/acme/') && random.below(OWNERS) === 0
  const token = isOwner
    ? callers.owns()
    : random.below(PROGRAMS) === 0
      ? program(random, callers)
      : asking.method === 'GET'
        ? callers.looks()
        : callers.changes()
  return { ...asking, headers: { ...asking.headers, authorization: `Bearer ${token}` } }
}

async function send(pool: Pool, { method, path, headers, body }: Asking): Promise<Answer> {
  const answer = await pool.request({
    ...{ method, path: encodeURI(path).replaceAll('%25', '%'), body, headersTimeout: 5_000, bodyTimeout: 5_000 },
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(String(value)).toString('latin1')])),
  })
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
}
