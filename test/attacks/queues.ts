import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRepository, give, join as joins } from '../world/github/population.ts'
import { newId } from '../world/github/state.ts'
import type { Repository } from '../world/github/state.ts'
import type { Delivery } from '../world/github/webhooks.ts'
import { eventually } from '../world/grounds.ts'
import type { Grounds } from '../world/grounds.ts'
import { asks, comesToRest, deployYml, fate, inWords, pullRequest } from './asked.ts'
import { Checks, onGrounds } from './scenario.ts'
import type { Scenario } from './scenario.ts'

const SENDERS = 32

/** All at once over so many connections; the statuses that were answered. */
export async function sendsAll(grounds: Grounds, deliveries: readonly Delivery[]): Promise<readonly number[]> {
  const queue = [...deliveries]
  const statuses: number[] = []
  const sender = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) statuses.push(await grounds.sends(one).catch(() => 0))
  }
  await Promise.all(Array.from({ length: SENDERS }, sender))
  return statuses
}

/** One effect after the other, with rising fences, whatever came at the same time. */
function isSerial(grounds: Grounds, checks: Checks): void {
  const effects = grounds.rows(
    `select d.fence as fence, s.started_at as began, d.ended_at as ended, d.state as state from deployment d
       join step s on s.deployment = d.sequence and s.name = 'apply' order by s.started_at, d.fence`,
  ) as unknown as readonly { fence: number; began: number; ended: number; state: string }[]
  for (const [index, effect] of effects.entries()) {
    const before = effects[index - 1]
    if (before === undefined) continue
    checks.that(before.fence < effect.fence, `the fence ${effect.fence} came after ${before.fence}`)
    checks.that(before.ended <= effect.began, `effect ${effect.fence} began before ${before.fence} had ended`)
  }
  checks.that(effects.length > 0, 'nothing was applied')
}

const h05: Scenario = {
  id: 'H05',
  tried: `${SENDERS} commands for one environment at the same instant, 24 by comment and 8 by label, over ${SENDERS} connections`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, registry, pull } = grounds
    for (let nth = 0; nth < 24; nth++) await registry.has(`acme/shop:n${nth}`, { 'site/index.html': `version n${nth}` })
    const pulls = []
    for (let nth = 0; nth < 8; nth++) pulls.push(await pullRequest(grounds, github.people.ada, `labelled-${nth}`))
    for (let nth = 0; nth < 24; nth++) github.people.ada.comments(pull, `/deploy staging :n${nth}`)
    for (const one of pulls) github.people.grace.labels(one, 'deploy')
    const commands = github.webhooks.waiting.splice(0).filter(({ event, action }) => event === 'issue_comment' || action === 'labeled')
    const statuses = await sendsAll(grounds, commands)
    checks.that(commands.length === SENDERS && statuses.every((status) => status === 202), `statuses ${statuses.join()}`)
    checks.that(await comesToRest(grounds, 120), 'it has not come to rest')
    const states = grounds.rows('select state, count(*) as n from deployment group by state').map(({ state, n }) => `${String(n)} ${String(state)}`)
    checks.that(grounds.rows('select 1 from deployment').length === SENDERS, 'a command was lost or doubled')
    checks.that(grounds.rows(`select 1 from deployment where state not in ('success', 'superseded')`).length === 0, states.join(', '))
    isSerial(grounds, checks)
    const [last] = grounds.rows(
      `select json_extract(plan, '$.artifacts[0].tag') as tag from deployment where state = 'success' order by fence desc, ended_at desc limit 1`,
    )
    const served = await (await fetch(await grounds.site())).text()
    checks.that(
      served === (last?.['tag'] === '1.2' ? 'version 1.2' : `version ${String(last?.['tag'])}`),
      `served is ${served}, the last success ${String(last?.['tag'])}`,
    )
    await checks.isAlive(grounds)
    return checks.finding(`one at a time, with rising fences: ${states.join(', ')}`)
  }),
}

const h06: Scenario = {
  id: 'H06',
  tried: 'the same command by comment and by label at once, ten times with fresh images',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, registry } = grounds
    for (let nth = 0; nth < 10; nth++) {
      await registry.has('acme/shop:1.2', { 'site/index.html': `version ${nth}` })
      const pull = await pullRequest(grounds, github.people.ada, `twice-${nth}`)
      github.people.ada.comments(pull, '/deploy staging')
      github.people.ada.labels(pull, 'deploy')
      const both = github.webhooks.waiting.splice(0).filter(({ event, action }) => event === 'issue_comment' || action === 'labeled')
      await Promise.all(both.map((one) => grounds.sends(one)))
      checks.that(await comesToRest(grounds), 'it has not come to rest')
      const fates = grounds.rows('select state, already_running from deployment order by sequence desc limit 2')
      const applied = fates.filter((row) => row['state'] === 'success' && row['already_running'] === 0)
      checks.that(applied.length === 1, `${applied.length} of ${fates.length} were applied: ${fates.map(({ state }) => state).join()}`)
      checks.that((await (await fetch(await grounds.site())).text()) === `version ${nth}`, 'the site does not show it')
    }
    isSerial(grounds, checks)
    await checks.isAlive(grounds)
    return checks.finding('applied once each time; the other joined it or found it running')
  }),
}

const h14: Scenario = {
  id: 'H14',
  tried: 'a stored command that cannot even be read, among 100 good ones, over three starts',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const poisoned = `c:${github.repository.id}:1`
    await grounds.gantry.stops()
    grounds.rewrites(
      `insert into delivery (key, guid, event, payload, received_at) values (?, ?, 'issue_comment', '{"poison', ?)`,
      ...[poisoned, randomUUID(), Date.now()],
    )
    let output = ''
    for (let start = 0; start < 3; start++) {
      await grounds.starts()
      const count = start === 2 ? 34 : 33
      const before = grounds.rows('select 1 from answer').length
      // One alone may not ask for so much.
      for (let nth = 0; nth < count; nth++) (nth % 2 === 0 ? github.people.ada : github.people.grace).comments(pull, '/deploy help')
      await sendsAll(grounds, github.webhooks.waiting.splice(0))
      checks.that(await eventually(() => grounds.rows('select 1 from answer').length === before + count, 30), 'a good one was not answered')
      checks.that(await grounds.isAlive(), 'it does not answer')
      output += grounds.gantry.output
      await grounds.gantry.stops()
    }
    checks.that(output.includes(poisoned), 'nobody is told of the poisoned one')
    const tries = output.split('\n').filter((line) => line.includes(poisoned)).length
    const [row] = grounds.rows('select handled_at from delivery where key = ?', poisoned)
    await grounds.starts()
    checks.that((await asks(grounds, github.people.ada, '/deploy staging')) === 'success', 'a deployment did not work')
    return checks.finding(
      `100 answered; the poisoned one was tried ${tries} times in three starts and is ${row?.['handled_at'] === null ? 'still in the inbox' : 'parked'}`,
    )
  }),
}

const FLOOD = 10_000
/** What a small container has. */
const MOST_MEMORY = 512
const MOST_OPEN = 1_000

/** Another account's repository, with a site of its own, beside the one that is flooded. */
async function neighbour(grounds: Grounds): Promise<Repository> {
  const { github, registry, folder } = grounds
  const globex = joins(github.state, 'globex', 'Organization')
  const home = createRepository(github.state, globex, { name: 'web' }, github.now())
  const { permissions } = github.installation
  const installation = { id: newId(github.state), account: globex, repositories: new Set([home.id]), permissions, isSuspended: false }
  github.state.installations.set(installation.id, installation)
  give(home, github.people.grace.account, 'write')
  const files = { environments: { elsewhere: {} } }
  github.has('.github/deploy.yml', deployYml(grounds, files), home)
  const site = (repository: string, id: number) => ({
    kind: 'static',
    listen: '127.0.0.1:0',
    allow: [{ repository, id, environments: ['*'], images: [registry.name('acme/*')] }],
  })
  const targets = { site: site('acme/shop', github.repository.id), elsewhere: site('globex/web', home.id) }
  writeFileSync(join(folder, 'gantry.yml'), JSON.stringify({ version: 1, targets }))
  await grounds.gantry.stops()
  await grounds.starts()
  return home
}

const h15: Scenario = {
  id: 'H15',
  tried: `${FLOOD} commands for one repository at once, and one command of another account's behind them`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const home = await neighbour(grounds)
    const grace = github.people.grace.at(home)
    let elsewhere!: ReturnType<typeof grace.opensPullRequest>
    await grounds.ago(3_600_000, () => {
      elsewhere = grace.opensPullRequest()
    })
    github.webhooks.waiting.length = 0
    const before = grounds.gantry.memory().now
    for (let nth = 0; nth < FLOOD; nth++) github.people.ada.comments(pull, '/deploy staging')
    const statuses = await sendsAll(grounds, github.webhooks.waiting.splice(0))
    checks.that(
      statuses.every((status) => status === 202 || status === 503),
      `statuses ${[...new Set(statuses)].join()}`,
    )
    const begun = performance.now()
    const asked = grace.comments(elsewhere, '/deploy elsewhere')
    await grounds.delivers()
    const came = inWords(await fate(grounds, `c:${home.id}:${asked.id}`, 30))
    const seconds = (performance.now() - begun) / 1000
    checks.that(came === 'success', `the other account's command came to ${came} after ${seconds.toFixed(1)} s`)
    await new Promise((resolve) => setTimeout(resolve, 20_000))
    const open = grounds.rows('select 1 from deployment where ended_at is null').length
    const { peak } = grounds.gantry.memory()
    const seen = `memory ${before.toFixed(0)} → ${peak.toFixed(0)} MB, ${open} deployments open at once, the other account's done after ${seconds.toFixed(1)} s`
    checks.that(peak <= MOST_MEMORY, `memory: ${seen}`)
    checks.that(open <= MOST_OPEN, `nothing says that the queue is full: ${seen}`)
    await checks.isAlive(grounds)
    return checks.finding(seen)
  }),
}

export const queues: readonly Scenario[] = [h05, h06, h14, h15]
