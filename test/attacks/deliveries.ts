import { randomUUID } from 'node:crypto'
import { eventually } from '../world/grounds.ts'
import type { Grounds } from '../world/grounds.ts'
import { sign } from '../world/wire.ts'
import { WorkersStage } from '../world/workers-stage.ts'
import { Checks, onGrounds } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { aCommand } from './signatures.ts'

/** Every deployment of the repository has ended on GitHub, and there are so many. */
const ended = ({ github }: Grounds, count: number, seconds = 15) =>
  eventually(() => {
    const { checks, deployments } = github.repository
    return deployments.length === count && checks.length === count && checks.every(({ conclusion }) => conclusion !== null)
  }, seconds)

/** One deployment, one comment and one check run, whatever was sent; and no contract of GitHub's broken. */
async function exactlyOne(grounds: Grounds, checks: Checks): Promise<void> {
  checks.that(await ended(grounds, 1), 'the deployment has not ended')
  // What would come too much would come now.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const { deployments, checks: runs } = grounds.github.repository
  checks.that(deployments.length === 1 && runs.length === 1, `${deployments.length} deployments, ${runs.length} check runs`)
  checks.that(grounds.said().length === 1, `${grounds.said().length} comments`)
  grounds.github.verdict()
  await checks.isAlive(grounds)
}

const w07: Scenario = {
  id: 'W07',
  tried: 'the same delivery 50 times one after the other, 50 times at once, across a restart, and under fresh delivery ids',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const command = aCommand(grounds)
    const statuses: number[] = []
    for (let time = 0; time < 50; time++) statuses.push(await grounds.sends(command))
    statuses.push(...(await Promise.all(Array.from({ length: 50 }, () => grounds.sends(command)))))
    await grounds.gantry.stops('SIGKILL')
    await grounds.starts()
    statuses.push(await grounds.sends(command))
    for (let time = 0; time < 5; time++) statuses.push(await grounds.sends(command, { 'x-github-delivery': randomUUID() }))
    checks.that(
      statuses.every((status) => status === 202),
      `statuses ${[...new Set(statuses)].join()}`,
    )
    await exactlyOne(grounds, checks)
    return checks.finding(`${statuses.length} sent and acknowledged, one deployment`)
  }),
}

const w08: Scenario = {
  id: 'W08',
  tried: '"Redeliver" of a delivery that had succeeded, and of one that had failed because nobody listened',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    await grounds.gantry.stops()
    const missed = aCommand(grounds)
    checks.that((await grounds.sends(missed).catch(() => 0)) === 0, 'somebody listens')
    await grounds.starts()
    checks.that((await grounds.sends(missed)) === 202, 'the redelivery was refused')
    checks.that(await ended(grounds, 1), 'the missed command was not done')
    checks.that((await grounds.sends(missed)) === 202, 'the second redelivery was refused')
    await exactlyOne(grounds, checks)
    return checks.finding('one deployment')
  }),
}

const w09: Scenario = {
  id: 'W09',
  tried: '100 deliveries while GitHub takes 30 s for each call',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    grounds.github.latency = 30_000
    const { ada, grace } = grounds.github.people
    // One alone may not ask for so much.
    const commands = Array.from({ length: 100 }, (_, nth) => aCommand(grounds, '/deploy help', nth % 2 === 0 ? ada : grace))
    const times: number[] = []
    for (const command of commands) {
      const begun = performance.now()
      checks.that((await grounds.sends(command)) === 202, 'a delivery was refused')
      times.push(performance.now() - begun)
    }
    checks.that(Math.max(...times) <= 1_000, `the slowest answer took ${Math.max(...times).toFixed(0)} ms`)
    // From here on GitHub is quick again: what was stored is worked off.
    grounds.github.latency = 0
    // What is said of it goes out as GitHub's limits allow: 60 a minute.
    const answered = () => grounds.rows('select key from answer').length
    checks.that(await eventually(() => answered() === 100, 150), `${answered()} of 100 were worked off`)
    await checks.isAlive(grounds)
    return checks.finding(`each acknowledged within ${Math.max(...times).toFixed(0)} ms, all worked off`)
  }),
}

const HOUR = 3_600_000
const MISSED = 500
const COMMANDS = 20

/** An hour in which people write 500 comments, every 25th a command, and nobody is there to hear of it. The worst case: all have to be read. */
async function hourAway(grounds: Grounds): Promise<void> {
  const { github, pull, registry, gantry } = grounds
  await gantry.stops()
  grounds.rewrites('update caught_up set until = ?', Date.now() - HOUR)
  github.webhooks.waiting.length = 0
  for (let nth = 1; nth <= MISSED; nth++) {
    const version = nth / (MISSED / COMMANDS)
    if (Number.isInteger(version)) await registry.has(`acme/shop:v${version}`, { 'site/index.html': `version ${version}` })
    const text = Number.isInteger(version) ? `/deploy staging :v${version}` : `Comment ${nth}`
    await grounds.ago(HOUR - (nth * HOUR) / MISSED, async () => {
      github.people.ada.comments(pull.number, text)
      await github.webhooks.loses()
    })
  }
}

const w10: Scenario = {
  id: 'W10',
  tried: `down for an hour in which ${MISSED} comments were missed, ${COMMANDS} of them different deploy commands`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    await hourAway(grounds)
    const before = grounds.github.calls.length
    // As long as the real one takes for small reads.
    grounds.github.latency = 100
    const begun = performance.now()
    await grounds.starts()
    checks.that(await ended(grounds, COMMANDS, 300), 'not every deployment has ended after five minutes')
    const seconds = (performance.now() - begun) / 1000
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    const { calls, repository } = grounds.github
    const made = calls.length - before
    checks.that(repository.deployments.length === COMMANDS, `${repository.deployments.length} deployments`)
    checks.that(grounds.said().every(({ body }) => body.startsWith('✅')) && grounds.said().length === COMMANDS, `${grounds.said().length} comments`)
    checks.that((await (await fetch(await grounds.site())).text()) === `version ${COMMANDS}`, 'the site does not show the last version')
    checks.that(made <= 700, `${made} calls to GitHub`)
    grounds.github.verdict()
    await checks.isAlive(grounds)
    const of = (part: string) => calls.slice(before).filter(({ operation }) => operation.includes(part)).length
    const seen = `${made} calls to GitHub, ${of('hook/deliveries')} of them for the deliveries`
    return checks.finding(`all ${COMMANDS} done, one each and in order, ${seconds.toFixed(1)} s after the start; ${seen}`)
  }),
}

const w11: Scenario = {
  id: 'W11',
  tried: 'deliveries in reverse order, a comment before the pull request it is on, the installation after the first comment',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const second = github.people.ada.opensPullRequest({ branch: 'second' })
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    github.people.ada.comments(pull.number, '/deploy staging')
    github.people.ada.comments(second.number, '/status')
    github.installs('created')
    const waiting = github.webhooks.waiting.splice(0).toReversed()
    for (const delivery of waiting) checks.that((await grounds.sends(delivery)) < 300, `${delivery.event} was refused`)
    checks.that(await ended(grounds, 1), 'the deployment has not ended')
    checks.that(await eventually(() => grounds.said(second).length === 1), 'no answer on the second pull request')
    github.verdict()
    await checks.isAlive(grounds)
    return checks.finding(`${waiting.length} deliveries in reverse: deployed, answered, no error`)
  }),
}

const w16: Scenario = {
  id: 'W16',
  tried: 'the installation is suspended while a deployment waits, and deleted while the bot is down',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, registry, pull } = grounds
    await registry.has('acme/shop:1', { 'site/index.html': 'one' })
    const text = github.repository.commits.get(github.repository.branches.get('main') ?? '')?.files.get('.github/deploy.yml') ?? ''
    github.has('.github/deploy.yml', text.replace(/^( +)target: .*$/m, '$&\n$1approvals: { count: 1 }'))
    const state = () => grounds.rows('select state from deployment order by sequence').map((row) => row['state'])
    const asks = async (before: readonly string[]) => {
      github.people.ada.comments(pull.number, '/deploy staging :1')
      await grounds.delivers()
      checks.that(await eventually(() => state().join() === before.join()), `before: ${state().join()}`)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      return github.calls.length
    }
    const isOver = async (calls: number, allowed: number, count: number) => {
      checks.that(await eventually(() => state().filter((one) => one === 'cancelled').length === count), `after: ${state().join()}`)
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      const made = github.calls.slice(calls).filter(({ operation }) => !operation.includes('/app/hook/deliveries'))
      checks.that(made.length <= allowed, `${made.length} calls to GitHub: ${made.map(({ operation }) => operation).join(', ')}`)
    }
    const first = await asks(['waiting'])
    github.installs('suspend')
    await grounds.delivers()
    await isOver(first, 0, 1)
    await grounds.gantry.stops()
    github.installs('created')
    github.webhooks.waiting.length = 0
    await grounds.starts()
    const second = await asks(['cancelled', 'waiting'])
    await grounds.gantry.stops()
    github.installs('deleted')
    await github.webhooks.loses()
    await grounds.starts()
    await isOver(second, 1, 2)
    await checks.isAlive(grounds)
    return checks.finding('what waited was cancelled, and GitHub was left alone')
  }),
}

const w17: Scenario = {
  id: 'W17',
  tried: "a loop: our own comment and another bot's contain /deploy, and every event that we cause comes back to us",
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    github.people.ada.comments(pull.number, '/deploy staging')
    await grounds.delivers()
    checks.that(await ended(grounds, 1), 'the deployment has not ended')
    github.people.robot.comments(pull.number, '/deploy staging')
    const ours = grounds.said()[0]!
    github.people.ada.edits(ours, `${ours.body}\n/deploy staging`)
    for (let round = 0; round < 10 && github.webhooks.waiting.length > 0; round++) await grounds.delivers()
    checks.that(github.webhooks.waiting.length === 0, 'events follow events')
    await exactlyOne(grounds, checks)
    return checks.finding('one deployment and one comment; nothing answered itself')
  }),
}

const w18: Scenario = {
  id: 'W18',
  tried: 'a signed payload of 3 MB on Workers, where a row holds 2 MB',
  run: async () => {
    const checks = new Checks()
    const stage = await WorkersStage.open()
    try {
      stage.github.people.ada.comments(stage.pull.number, '/deploy staging')
      const [delivery] = await stage.github.deliver(async (request) => {
        const body = JSON.stringify({ ...((await request.json()) as object), padding: 'x'.repeat(3 * 1024 * 1024) })
        const headers = { ...Object.fromEntries(request.headers), 'x-hub-signature-256': sign(body, stage.github.webhookSecret) }
        const answer = await stage.receives(new Request(request.url, { method: 'POST', headers, body }))
        checks.that(answer.status === 202 || answer.status === 204, `it was answered ${answer.status}`)
        return answer
      })
      checks.that(delivery !== undefined, 'nothing was delivered')
      checks.that(await eventually(() => stage.said().some(({ body }) => body.includes('deployed'))), 'it was not obeyed')
      return checks.finding('stored, obeyed and answered once')
    } finally {
      await stage.closes()
    }
  },
}

export const deliveries: readonly Scenario[] = [w07, w08, w09, w10, w11, w16, w17, w18]
