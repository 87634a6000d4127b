import { eventually } from '../world/grounds.ts'
import type { Grounds } from '../world/grounds.ts'
import { asks, comesToRest, fate, fateOf, inWords, keyOf } from './asked.ts'
import { Checks, onGrounds } from './scenario.ts'
import type { Scenario } from './scenario.ts'

const holder = (grounds: Grounds): string | null => {
  const [row] = grounds.rows(`select json_extract(lock, '$.owner.login') as login from lock`)
  return typeof row?.['login'] === 'string' ? row['login'] : null
}

const h17: Scenario = {
  id: 'H17',
  tried:
    'the holder of a lock vanishes: its end while nobody runs, taken over, given up by others; an unlock that comes after another lock was taken; strangers',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const { ada, grace, mallory, trent } = github.people
    const says = async (who: typeof ada, text: string): Promise<void> => {
      await asks(grounds, who, text)
      await comesToRest(grounds)
    }
    await says(ada, '/lock staging an outage --for 30m')
    checks.that(holder(grounds) === 'ada', `held by ${holder(grounds)}`)
    for (const who of [mallory, trent]) await says(who, '/unlock staging')
    checks.that(holder(grounds) === 'ada', 'somebody who may not deploy has unlocked it')
    await says(grace, '/lock staging mine')
    checks.that(holder(grounds) === 'ada', 'it was taken over without the word for it')
    await says(grace, '/lock staging mine --take-over')
    checks.that(holder(grounds) === 'grace', 'it was not taken over')
    checks.that(await eventually(() => grounds.said().some(({ body }) => /@ada/.test(body) && /grace/.test(body))), 'its former holder was not told')

    const late = ada.comments(pull, '/unlock staging')
    const told = github.webhooks.waiting.splice(0).find(({ event }) => event === 'issue_comment')!
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    await says(grace, '/unlock staging')
    await says(grace, '/lock staging again')
    await grounds.sends(told)
    await fate(grounds, keyOf(grounds, late))
    await comesToRest(grounds)
    checks.that(holder(grounds) === 'grace', 'an older unlock has removed a newer lock')

    await grounds.gantry.stops('SIGKILL')
    const past = Date.now() - 1_000
    grounds.rewrites(`update lock set until = ?1, lock = json_set(lock, '$.until', ?1)`, past)
    await grounds.starts()
    checks.that((await asks(grounds, ada, '/deploy staging')) === 'success', 'a lock outlives its time')
    await says(grace, '/lock staging the last one')
    github.repository.roles.delete(grace.id)
    grace.account.login = 'gone'
    await says(ada, '/unlock staging')
    checks.that(holder(grounds) === null, 'nobody can unlock what an account holds that is gone')
    await checks.isAlive(grounds)
    return checks.finding('ended by time and by whoever may deploy, its holder told; a newer lock stands')
  }),
}

/** The registry answers less often for one deployment: the last ones are after its end. */
const MOMENTS = 10

/** What the site shows is what the journal says of the last one that succeeded. */
async function isTrue(grounds: Grounds, checks: Checks, what: string): Promise<void> {
  const [last] = grounds.rows(
    `select json_extract(plan, '$.artifacts[0].tag') as tag from deployment where state = 'success' order by coalesce(fence, 0) desc limit 1`,
  )
  const served = await (await fetch(await grounds.site())).text()
  checks.that(served === `version ${String(last?.['tag'])}`, `${what}: served is ${served}, told is ${String(last?.['tag'])}`)
}

/** The registry's nth answer from now on comes only when something else has happened; never for 0. */
function pausesAt({ registry }: Grounds, nth: number): { readonly isReached: () => boolean; isOver(): void } {
  const over = Promise.withResolvers<void>()
  let count = 0
  registry.quirks.pause = async () => {
    count += 1
    if (count === nth) await Promise.race([over.promise, new Promise((resolve) => setTimeout(resolve, 30_000).unref())])
  }
  return { isReached: () => nth > 0 && count >= nth, isOver: () => over.resolve() }
}

const h18: Scenario = {
  id: 'H18',
  tried: `/cancel at ${MOMENTS} moments of a deployment and after its end, and /rollback while one is under way`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, registry, pull } = grounds
    const { ada, grace } = github.people
    const ends = new Map<string, number>()
    checks.that((await asks(grounds, ada, '/deploy staging')) === 'success', 'the first deployment failed')
    for (let moment = 1; moment <= MOMENTS; moment++) {
      await registry.has(`acme/shop:c${moment}`, { 'site/index.html': `version c${moment}` })
      const pause = pausesAt(grounds, moment)
      const asked = ada.comments(pull, `/deploy staging :c${moment}`)
      await grounds.delivers()
      await eventually(() => fateOf(grounds, asked).length > 0)
      await eventually(() => pause.isReached() || grounds.rows('select 1 from deployment where ended_at is null').length === 0)
      const [row] = grounds.rows('select id, state from deployment order by sequence desc limit 1')
      const cancel = grace.comments(pull, `/cancel ${String(row?.['id'])}`)
      await grounds.delivers()
      await eventually(() => grounds.rows('select 1 from answer where key like ?', `${keyOf(grounds, cancel)}%`).length > 0)
      pause.isOver()
      const came = inWords(await fate(grounds, keyOf(grounds, asked)))
      await comesToRest(grounds)
      const end = `${came} at ${String(row?.['state'])}`
      ends.set(end, (ends.get(end) ?? 0) + 1)
      checks.that(/^(success|cancelled( CANCELLED)?)$/.test(came), `at ${moment}: it came to ${came}`)
      if (row?.['state'] === 'success') checks.that(came === 'success', `after the end: it came to ${came}`)
      await isTrue(grounds, checks, `at ${moment}`)
    }
    registry.quirks.pause = () => Promise.resolve()
    await registry.has('acme/shop:d', { 'site/index.html': 'version d' })
    ada.comments(pull, '/deploy staging :d')
    const back = grace.comments(pull, '/rollback staging')
    await grounds.delivers()
    const came = inWords(await fate(grounds, keyOf(grounds, back)))
    checks.that(await comesToRest(grounds), 'it has not come to rest')
    checks.that(/^(success|superseded SUPERSEDED|refused \w+)$/.test(came), `the rollback came to ${came}`)
    await isTrue(grounds, checks, 'after the rollback')
    await checks.isAlive(grounds)
    return checks.finding(`${[...ends].map(([end, count]) => `${count} ${end}`).join(', ')}; what is served is what was told; the rollback: ${came}`)
  }),
}

export const wishes: readonly Scenario[] = [h17, h18]
