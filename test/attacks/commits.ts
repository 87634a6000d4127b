import type { Person } from '../world/github/people.ts'
import type { Issue, Review } from '../world/github/state.ts'
import { newId, nodeId } from '../world/github/state.ts'
import { eventually, Grounds } from '../world/grounds.ts'
import { asks, deployYml, fate, inWords, isSetUp, keyOf, labelKey } from './asked.ts'
import { Checks, onGrounds } from './scenario.ts'
import type { Scenario } from './scenario.ts'

const BY_COMMIT = { environments: { staging: {} }, tag: 'sha-{sha}' }
const headOf = ({ pull }: Issue): string => pull?.head ?? ''

/** Someone's CI has built an image of that commit. */
const isBuilt = ({ registry }: Grounds, sha: string, labels: Readonly<Record<string, string>> = {}) =>
  registry.has(`acme/shop:sha-${sha}`, { 'site/index.html': `commit ${sha}` }, { labels })

/** The commit changes after somebody has asked for the one that they saw; returns what came of it. */
type Race = (grounds: Grounds, push: () => Promise<string>) => Promise<string>

const comments = ({ github, pull }: Grounds) => github.people.ada.comments(pull, '/deploy staging')
const aSecond = () => new Promise((resolve) => setTimeout(resolve, 1_100))

/** Of what waits, the commands alone: what tells of pushes is under way for longer. */
async function deliversCommands(grounds: Grounds): Promise<void> {
  const { webhooks } = grounds.github
  const others = webhooks.waiting.splice(0)
  const isCommand = ({ event, action }: { readonly event: string; readonly action: string | null }) =>
    event === 'issue_comment' || action === 'labeled'
  webhooks.waiting.push(...others.filter(isCommand))
  await grounds.delivers()
  webhooks.waiting.push(...others.filter((one) => !isCommand(one)))
}

const RACES: Readonly<Record<string, Race>> = {
  'a push in the next second': async (grounds, push) => {
    const asked = comments(grounds)
    await aSecond()
    await push()
    await deliversCommands(grounds)
    return keyOf(grounds, asked)
  },
  'a push in the same second': async (grounds, push) => {
    const asked = comments(grounds)
    await push()
    await deliversCommands(grounds)
    return keyOf(grounds, asked)
  },
  'a push that is told first': async (grounds, push) => {
    const asked = comments(grounds)
    await push()
    grounds.github.webhooks.waiting.reverse()
    await grounds.delivers()
    return keyOf(grounds, asked)
  },
  'a push away and back': async (grounds, push) => {
    const [seen, asked] = [headOf(grounds.pull), comments(grounds)]
    await push()
    grounds.github.people.ada.pushes('checkout', { to: seen })
    await grounds.delivers()
    return keyOf(grounds, asked)
  },
  'a push before the list of pushes has it': async (grounds, push) => {
    const asked = comments(grounds)
    grounds.github.lags(20_000, 'GET /repos/{owner}/{repo}/activity')
    await push()
    await deliversCommands(grounds)
    return keyOf(grounds, asked)
  },
  'a push before GraphQL has it': async (grounds, push) => {
    const asked = comments(grounds)
    grounds.github.lags(20_000, 'query')
    await push()
    await grounds.delivers()
    return keyOf(grounds, asked)
  },
  'a push before the list has it, long before the comment': async (grounds, push) => {
    grounds.github.lags(20_000, 'GET /repos/{owner}/{repo}/activity')
    await push()
    await aSecond()
    const asked = comments(grounds)
    await deliversCommands(grounds)
    // Whoever asked has seen the new commit; it is right to deploy it once that is proved.
    return `${keyOf(grounds, asked)} proved`
  },
  'a push after the label': async (grounds, push) => {
    grounds.github.people.ada.labels(grounds.pull, 'deploy')
    await push()
    await deliversCommands(grounds)
    return labelKey(grounds, grounds.pull)
  },
}

const b05: Scenario = {
  id: 'B05',
  tried: `between the command and the look at it: ${Object.keys(RACES).join('; ')}`,
  async run() {
    const checks = new Checks()
    const came: string[] = []
    const races = Object.entries(RACES).map(async ([what, race]) => {
      const grounds = await Grounds.open()
      try {
        const { github, pull } = grounds
        github.has('.github/deploy.yml', deployYml(grounds, { ...BY_COMMIT, environments: { staging: { target: 'site' } } }))
        await isBuilt(grounds, headOf(pull))
        let fresh = ''
        const [key = '', isProved] = (
          await race(grounds, async () => {
            fresh = github.people.ada.pushes('checkout', { force: what.includes('away') })
            await isBuilt(grounds, fresh)
            return fresh
          })
        ).split(' ')
        const fates = await eventually(
          () => grounds.rows('select 1 from deployment where ended_at is not null and key like ?', `${key}%`).length > 0,
          90,
        )
        const [row] = grounds.rows(`select state, coalesce(json_extract(problem, '$.code'), '') as code from deployment where key like ?`, `${key}%`)
        const words = `${String(row?.['state'])} ${String(row?.['code'])}`.trim()
        checks.that(fates && /^(success|refused HEAD_)/.test(words), `${what}: ${words}`)
        const deployed = github.repository.deployments.map(({ sha }) => sha)
        if (isProved === undefined) checks.that(!deployed.includes(fresh), `${what}: the new commit was deployed`)
        came.push(`${what}: ${words}`)
        await checks.isAlive(grounds)
      } finally {
        await grounds.closes()
      }
    })
    await Promise.all(races)
    return checks.finding(came.join('; '))
  },
}

const b06: Scenario = {
  id: 'B06',
  tried:
    'words like a commit: 6, 7, 40 and 41 digits, upper case, branches and tags that are called like commits, a commit that is on no branch of ours',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const { ada, mallory } = github.people
    await isSetUp(grounds, BY_COMMIT)
    const head = headOf(pull)
    const evil = ada.pushes(head.slice(0, 7))
    ada.pushes(head.toUpperCase(), { to: evil })
    ada.pushes(`${head}0`, { to: evil })
    github.tags(head.slice(0, 6), evil)
    github.tags(head.slice(0, 12), evil)
    const fork = github.forks(mallory)
    const foreign = mallory.at(fork).pushes('work')
    for (const sha of [head, evil, foreign]) await isBuilt(grounds, sha)
    const words = [head.slice(0, 7), head.slice(0, 6), head.slice(0, 12), head.toUpperCase(), `${head}0`, foreign]
    for (const text of [`/deploy staging ${head.slice(0, 7)}`, ...words.map((word) => `/deploy staging --ref ${word}`)]) {
      const came = await asks(grounds, ada, text)
      checks.that(/^(refused|failure|nothing)/.test(came), `${text}: ${came}`)
    }
    checks.that((await asks(grounds, ada, `/deploy staging --ref ${head}`)) === 'success', 'the whole commit was refused')
    await eventually(() => github.repository.deployments.length > 0)
    const deployed = github.repository.deployments.map(({ sha }) => sha)
    checks.that(
      deployed.every((sha) => sha === head),
      `a branch or tag that is called like a commit was deployed`,
    )
    await checks.isAlive(grounds)
    return checks.finding('refused but for the whole commit')
  }),
}

const b08: Scenario = {
  id: 'B08',
  tried: 'pull requests from forks: a branch that is called main, a fork that was deleted, and pushes after the label where forks are allowed',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github } = grounds
    const { ada, mallory } = github.people
    await isSetUp(grounds, { ...BY_COMMIT, environments: { staging: { from: { branches: ['main'] } }, open: { from: { forks: true } } } })
    const fork = github.forks(mallory)
    let fromFork!: Issue
    await grounds.ago(3_600_000, () => {
      mallory.at(fork).pushes('main')
      fromFork = mallory.opensPullRequest({ from: fork, branch: 'main' })
    })
    await isBuilt(grounds, headOf(fromFork))
    const expects = async (text: string, expected: string, who = ada): Promise<void> => {
      const came = await asks(grounds, who, text, fromFork)
      checks.that(came === expected, `${text}: ${came}`)
    }
    await expects('/deploy staging', 'refused FORK_REFUSED')
    await expects('/deploy open', 'refused HEAD_UNPROVED')
    await expects('/deploy open', 'refused PERMISSION_REQUIRED', mallory)
    ada.labels(fromFork, 'deploy:open')
    const after = mallory.at(fork).pushes('main')
    await isBuilt(grounds, after)
    await grounds.delivers()
    const labelled = () => grounds.rows(`select state, json_extract(problem, '$.code') as code from deployment where key like 'l:%'`)
    checks.that(await eventually(() => labelled().some(({ code }) => code === 'HEAD_MOVED')), `the label: ${JSON.stringify(labelled())}`)
    if (fromFork.pull !== null) fromFork.pull.headRepository = null
    await expects('/deploy staging', 'refused FORK_REFUSED')
    await expects('/deploy open', 'refused HEAD_UNPROVED')
    checks.that(github.repository.deployments.length === 0, 'a deployment was made')
    await checks.isAlive(grounds)
    return checks.finding('refused six times, each with its reason')
  }),
}

const BUILT = 'org.opencontainers.image.revision'

const b12: Scenario = {
  id: 'B12',
  tried: 'the required check reported by another App, as a commit status, on an older commit, and green beside the red one',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const { ada } = github.people
    await isSetUp(grounds, { ...BY_COMMIT, environments: { staging: { require: { checks: [{ name: 'build', app: 'github-actions' }] } } } })
    const old = headOf(pull)
    github.checks(old, 'build', 'success')
    await grounds.ago(3_600_000, () => ada.pushes('checkout'))
    const head = headOf(pull)
    await isBuilt(grounds, head, { [BUILT]: head })
    const expects = async (what: string, expected: string): Promise<void> => {
      const came = await asks(grounds, ada, '/deploy staging')
      checks.that(came === expected, `${what}: ${came}`)
    }
    await expects('on the commit before', 'refused CHECKS_PENDING')
    github.checks(head, 'build', 'success', { app: 'github-actions-too' })
    await expects("another App's", 'refused CHECKS_PENDING')
    github.checks(head, 'build', 'success', { app: null })
    await expects('a commit status', 'refused CHECKS_PENDING')
    github.checks(head, 'build', 'failure')
    await expects('beside the red one', 'refused CHECKS_FAILED')
    github.checks(head, 'Build', 'success')
    await expects('in other letters', 'refused CHECKS_FAILED')
    checks.that(github.repository.deployments.length === 0, 'a deployment was made')
    github.checks(head, 'build', 'success')
    await expects('the true one', 'success')
    await checks.isAlive(grounds)
    return checks.finding('only the named App counted, on exactly the commit')
  }),
}

/** What GitHub does not let people do, as a fact. */
function approves({ github, pull }: Grounds, who: Person): void {
  const id = newId(github.state)
  const review: Review = { id, node: nodeId('PRR', id), author: who.account, state: 'APPROVED', commit: headOf(pull), body: '', at: github.now() }
  pull.pull?.reviews.push(review)
}

const b13: Scenario = {
  id: 'B13',
  tried: 'approving reviews: of an older commit, dismissed, by the author, by a bot, by a reader; and one dismissed while the command waits',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const { ada, grace, mallory, robot } = github.people
    await isSetUp(grounds, { ...BY_COMMIT, environments: { staging: { require: { reviews: 1 } } } })
    const old = headOf(pull)
    await grounds.ago(3_600_000, () => ada.pushes('checkout'))
    const head = headOf(pull)
    await isBuilt(grounds, head, { [BUILT]: head })
    const expects = async (what: string, expected: string): Promise<void> => {
      const came = await asks(grounds, ada, '/deploy staging')
      checks.that(came === expected, `${what}: ${came}`)
    }
    grace.reviews(pull, 'approve', { commit: old })
    await expects('of the commit before', 'refused REVIEW_REQUIRED')
    grace.dismisses(pull, grace.reviews(pull, 'approve'))
    await expects('dismissed', 'refused REVIEW_REQUIRED')
    for (const who of [ada, robot, mallory]) approves(grounds, who)
    await expects('by the author, a bot and a reader', 'refused REVIEW_REQUIRED')
    checks.that(github.repository.deployments.length === 0, 'a deployment was made')
    const review = grace.reviews(pull, 'approve')
    // Dismissed after the first look and before the effect: the registry is asked in between.
    grounds.registry.quirks.pause = async () => {
      if (review.state === 'APPROVED') grace.dismisses(pull, review)
    }
    await expects('dismissed meanwhile', 'refused REVIEW_REQUIRED')
    grace.reviews(pull, 'approve')
    await expects('a true one', 'success')
    await checks.isAlive(grounds)
    return checks.finding('only the approval of exactly this commit by a second person who may push counted')
  }),
}

const b19: Scenario = {
  id: 'B19',
  tried: 'the tag is re-pointed after its digest was asked for, and before anything else is',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, registry, pull } = grounds
    const first = registry.digestOf('acme/shop:1.2')
    let isRepointed = false
    registry.quirks.pause = async ({ path }) => {
      if (isRepointed || registry.requests.filter((one) => one.path.includes('/manifests/')).length < 2 || !path.includes('/')) return
      isRepointed = true
      await registry.has('acme/shop:1.2', { 'site/index.html': 'something else' })
    }
    const asked = github.people.ada.comments(pull, '/deploy staging')
    await grounds.delivers()
    const came = inWords(await fate(grounds, keyOf(grounds, asked)))
    checks.that(isRepointed, 'the tag was not re-pointed')
    checks.that(came === 'success', `it came to ${came}`)
    checks.that((await (await fetch(await grounds.site())).text()) === 'version 1.2', 'something else is served')
    checks.that(await eventually(() => grounds.said()[0]?.body.includes(first.slice(7, 14)) === true), 'the answer names another digest')
    await checks.isAlive(grounds)
    return checks.finding(`the first digest was deployed, though the tag stands for ${registry.digestOf('acme/shop:1.2').slice(0, 14)} by then`)
  }),
}

export const commits: readonly Scenario[] = [b05, b06, b08, b12, b13, b19]
