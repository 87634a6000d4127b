import { eventually } from '../world/grounds.ts'
import type { Grounds } from '../world/grounds.ts'
import { asks, comesToRest, fate, inWords, keyOf } from './asked.ts'
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

const MOMENTS = 12

/** What the site shows is what the journal says of the last one that succeeded. */
async function isTrue(grounds: Grounds, checks: Checks, what: string): Promise<void> {
  const [last] = grounds.rows(
    `select json_extract(plan, '$.artifacts[0].tag') as tag from deployment where state = 'success' order by coalesce(fence, 0) desc limit 1`,
  )
  const served = await (await fetch(await grounds.site())).text()
  checks.that(served === `version ${String(last?.['tag'])}`, `${what}: served is ${served}, told is ${String(last?.['tag'])}`)
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
    for (let moment = 0; moment <= MOMENTS; moment++) {
      await registry.has(`acme/shop:c${moment}`, { 'site/index.html': `version c${moment}` })
      const before = registry.requests.length
      const asked = ada.comments(pull, `/deploy staging :c${moment}`)
      await grounds.delivers()
      const wanted = before + moment
      if (moment < MOMENTS)
        await eventually(() => registry.requests.length >= wanted || grounds.rows('select 1 from deployment where ended_at is null').length === 0, 5)
      else await comesToRest(grounds)
      const id = grounds.rows('select id from deployment where key like ?', `${keyOf(grounds, asked)}%`)[0]?.['id']
      grace.comments(pull, `/cancel ${String(id)}`)
      await grounds.delivers()
      const came = inWords(await fate(grounds, keyOf(grounds, asked)))
      await comesToRest(grounds)
      ends.set(came, (ends.get(came) ?? 0) + 1)
      checks.that(/^(success|cancelled( CANCELLED)?)$/.test(came), `at ${moment}: it came to ${came}`)
      if (moment === MOMENTS) checks.that(came === 'success', `after the end: it came to ${came}`)
      await isTrue(grounds, checks, `at ${moment}`)
    }
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
