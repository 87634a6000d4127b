import { Pool } from 'undici'
import { residentMemory } from '../world/gantry-process.ts'
import { eventually, type Grounds } from '../world/grounds.ts'
import { join } from '../world/github/population.ts'
import { comesToRest, deployYml } from './asked.ts'
import { DEPLOY, withApi, type Api } from './calling.ts'
import type { Scenario } from './scenario.ts'
import { movesIn, operates, type Tenant } from './tenant.ts'

// Floods: whoever makes one is refused, and nobody else hears of it.

interface Asked {
  readonly method?: 'GET' | 'POST'
  readonly path?: string
  /** As the proxy would see it: whatever the client wrote, and then the client. */
  readonly from: string
  readonly authorization?: string
  readonly body?: object
}

/** Many connections that are kept, as behind a proxy. */
class Senders {
  readonly #pool: Pool

  constructor({ url }: Grounds, connections: number) {
    this.#pool = new Pool(url.origin, { connections })
  }

  async sends({ method = 'GET', path = '/openapi.json', from, authorization, body }: Asked): Promise<{ status: number; retryAfter: number | null }> {
    const headers = {
      ...{ 'x-forwarded-for': from, ...(authorization !== undefined && { authorization }) },
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const answer = await this.#pool.request({ method, path, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
    await answer.body.dump()
    const wait = answer.headers['retry-after']
    return { status: answer.statusCode, retryAfter: wait === undefined ? null : Number(wait) }
  }

  /** So many at once until all are sent; how often each status came. */
  async sendsAll(count: number, asked: (nth: number) => Asked): Promise<Readonly<Record<number, number>>> {
    const seen: Record<number, number> = {}
    let next = 0
    const sender = async (): Promise<void> => {
      for (let nth = (next += 1); nth <= count; nth = next += 1) {
        const { status, retryAfter } = await this.sends(asked(nth))
        seen[status] = (seen[status] ?? 0) + 1
        if (status === 429 && (retryAfter === null || retryAfter < 1)) throw new Error('429 without a time')
      }
    }
    await Promise.all(Array.from({ length: 16 }, sender))
    return seen
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}

const LIST = '/deployments?repository=acme/shop'
const inWords = (seen: Readonly<Record<number, number>>): string =>
  Object.entries(seen)
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ')

const ADDRESSES = 50_000

const f09: Scenario = {
  id: 'F09',
  tried: `one address 6,000 times with 6,000 addresses written before its own, one caller 200 changes, 200 guessed tokens from one address, ${ADDRESSES} addresses of IPv6, and all of it again after a restart`,
  run: withApi(
    async (api) => {
      const { checks, grounds } = api
      const { ada, grace } = grounds.github.people
      const [adas, graces] = [api.token(ada), api.token(grace)]
      const senders = new Senders(grounds, 16)
      const isAnswered = async (what: string, from: string, authorization: string): Promise<void> => {
        const { status } = await senders.sends({ path: LIST, from, authorization })
        checks.that(status === 200, `${what}: ${status}`)
      }
      await isAnswered('before it all', '203.0.113.9', adas)

      const one = await senders.sendsAll(6_000, (nth) => ({ from: `10.${nth >> 16}.${(nth >> 8) & 255}.${nth & 255}, 203.0.113.1` }))
      checks.that((one[200] ?? 0) >= 3_000 && (one[200] ?? 0) <= 4_500, `one address: ${inWords(one)}`)
      await isAnswered('another address meanwhile', '203.0.113.2', adas)

      const changes = (authorization: string) => (nth: number) =>
        ({ method: 'POST', path: '/deploy', from: `203.0.114.${nth & 255}`, authorization, body: { ...DEPLOY, repository: 'acme/none' } }) as const
      const theirs = await senders.sendsAll(200, changes(graces))
      checks.that((theirs[404] ?? 0) >= 60 && (theirs[404] ?? 0) <= 90, `one caller: ${inWords(theirs)}`)
      const [others] = Object.keys(await senders.sendsAll(1, changes(adas)))
      checks.that(others === '404', `another caller meanwhile: ${others}`)

      const guessed = await senders.sendsAll(200, (nth) => ({
        ...{ path: LIST, from: '203.0.113.3', authorization: `Bearer ghu_${String(nth).padStart(36, '0')}` },
      }))
      checks.that((guessed[401] ?? 0) >= 20 && (guessed[401] ?? 0) <= 40, `guesses: ${inWords(guessed)}`)
      await isAnswered('who was known before, from there', '203.0.113.3', adas)
      await isAnswered('somebody new from elsewhere', '203.0.113.4', `Bearer ${grounds.github.auth.signsIn(join(grounds.github.state, 'judy'))}`)

      await senders.sendsAll(3_200, () => ({ from: '203.0.113.1' }))
      const before = residentMemory(grounds.gantry.child.pid!).now
      const many = await senders.sendsAll(ADDRESSES, (nth) => ({ from: `2001:db8:${(nth >> 8).toString(16)}:${(nth & 255).toString(16)}::1` }))
      const grown = residentMemory(grounds.gantry.child.pid!).now - before
      checks.that(many[200] === ADDRESSES, `many addresses: ${inWords(many)}`)
      checks.that(grown <= 50, `it grew by ${grown.toFixed(0)} MB`)

      await senders.sendsAll(100, changes(graces))
      await senders.close()
      await grounds.gantry.stops()
      await grounds.starts({ ...grounds.apiVariables, TRUSTED_PROXIES: '1' })
      const anew = new Senders(grounds, 16)
      const after = await anew.sendsAll(60, changes(graces))
      checks.that((after[429] ?? 0) >= 20, `after a restart: ${inWords(after)}`)
      await anew.close()
      const seen = [
        `one address ${inWords(one)}`,
        `one caller ${inWords(theirs)}`,
        `guesses ${inWords(guessed)}`,
        `after a restart ${inWords(after)}`,
      ]
      return `${seen.join('; ')}; ${grown.toFixed(0)} MB more for ${ADDRESSES} addresses; others were answered throughout`
    },
    { variables: { TRUSTED_PROXIES: '1' } },
  ),
}

/** Milliseconds from the arrival of somebody else's command until its image is started. */
async function startOf({ grounds, checks }: Api, { home, grace, pull }: Tenant, nth: number): Promise<number> {
  await grounds.registry.has('acme/shop:1.2', { 'site/index.html': `theirs ${nth}` })
  const key = `c:${home.id}:${grace.comments(pull, '/deploy').id}`
  await grounds.delivers()
  const took = () =>
    grounds.rows(
      `select step.started_at - delivery.received_at as took from delivery
         join deployment on deployment.key like delivery.key || ':%' and deployment.state = 'success'
         join step on step.deployment = deployment.sequence and step.name = 'apply' where delivery.key = ?`,
      key,
    )[0]?.['took']
  checks.that(await eventually(() => took() !== undefined, 30), 'somebody else’s deployment did not succeed')
  return Number(took() ?? NaN)
}

const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
/** Within half a minute, evenly: a thousand and five hundred a minute. */
const [COMMANDS, CALLS, EVERY] = [500, 250, 60]

const d07: Scenario = {
  id: 'D07',
  tried: `one account with ${COMMANDS} commands and ${CALLS} calls of the API in half a minute, and another that deploys meanwhile`,
  run: withApi(async (api) => {
    const { checks, grounds } = api
    const { github, pull } = grounds
    const theirs = await movesIn(grounds, 'umbrella', deployYml(grounds, { environments: { staging: { target: 'theirs' } } }))
    await operates(grounds, theirs, {}, grounds.apiVariables)
    const baseline: number[] = []
    for (let nth = 0; nth < 10; nth += 1) baseline.push(await startOf(api, theirs, nth))

    const token = api.token(github.people.ada)
    const statuses: Record<number, number> = {}
    let sent = 0
    const calls: Promise<unknown>[] = []
    const flood = setInterval(() => {
      if (sent >= COMMANDS) return clearInterval(flood)
      sent += 1
      github.people.ada.comments(pull, '/deploy staging')
      if (sent % 2 === 0) calls.push(api.deploys({ authorization: token }).then(({ status }) => (statuses[status] = (statuses[status] ?? 0) + 1)))
      calls.push(grounds.delivers())
    }, EVERY)
    const during: number[] = []
    for (let nth = 0; sent < COMMANDS; nth += 1) {
      during.push(await startOf(api, theirs, 100 + nth))
      // They have limits, too.
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    clearInterval(flood)
    await Promise.all(calls)
    checks.that(await comesToRest(grounds, 60), 'it has not come to rest')

    const [usual, then] = [median(baseline), median(during)]
    checks.that(then <= 2 * usual, `the other account's deployments began after ${then} ms instead of ${usual} ms`)
    checks.that((statuses[429] ?? 0) > 0, `nobody was told 429: ${JSON.stringify(statuses)}`)
    const refusals = grounds.rows(`select 1 from answer where answer like '%TOO_MANY_REQUESTS%'`).length
    checks.that(refusals === 1, `${refusals} comments refused it`)
    const [quiet] = grounds.rows(`select count(*) as n from delivery where admission = 'quiet'`)
    const unheard = grounds.rows(
      `select 1 from deployment d where not exists (select 1 from repository_audit a where a.subject = d.id and a.action = 'deployment requested')`,
    ).length
    checks.that(unheard === 0, `${unheard} deployments are not in the audit log`)
    return `the other account's ${during.length} deployments began after ${then} ms (${usual} ms before); API ${inWords(statuses)}; one comment refused ${String(quiet?.['n'])} more commands; everybody's audit is whole`
  }),
}

export const floods: readonly Scenario[] = [f09]
export const tenantFloods: readonly Scenario[] = [d07]
