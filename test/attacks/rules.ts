import { give } from '../world/github/population.ts'
import { eventually } from '../world/grounds.ts'
import { asks, changed, comesToRest, deployYml, fate, holdsUp, inWords, isSetUp, keyOf, labelKey, serves } from './asked.ts'
import { Checks, leftOut, onGrounds } from './scenario.ts'
import type { Scenario } from './scenario.ts'

const b10: Scenario = {
  id: 'B10',
  tried:
    'a pull request that changes the configuration: its author may deploy, no rules, another environment, another target; on the branch, by --ref, and by a tag',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const { ada, grace } = github.people
    const strict = { environments: { production: { allow: { role: 'admin' } }, free: {} } }
    await isSetUp(grounds, strict)
    const loose = deployYml(grounds, { environments: { production: {}, mine: { target: 'free' } } })
    await grounds.ago(60_000, () => ada.pushes('checkout', { files: { '.github/deploy.yml': loose } }))
    github.tags('v1', pull.pull?.head ?? '')
    for (const [text, expected] of [
      ['/deploy production', 'refused PERMISSION_REQUIRED'],
      ['/deploy production --ref checkout', 'refused PERMISSION_REQUIRED'],
      ['/deploy production --ref v1', 'refused PERMISSION_REQUIRED'],
      ['/deploy mine', 'refused ENVIRONMENT_UNKNOWN'],
      ['/deploy mine --ref checkout', 'refused ENVIRONMENT_UNKNOWN'],
    ] as const) {
      const came = await asks(grounds, ada, text)
      checks.that(came === expected, `${text}: ${came}`)
    }
    ada.labels(pull, 'deploy:mine')
    await grounds.delivers()
    await comesToRest(grounds)
    checks.that(grounds.rows(`select 1 from deployment where state <> 'refused'`).length === 0, 'the label was obeyed')
    checks.that(github.repository.deployments.length === 0, 'a deployment was made')
    checks.that((await asks(grounds, grace, '/deploy production')) === 'success', 'an administrator was refused')
    await checks.isAlive(grounds)
    return checks.finding('only the file on the default branch counted')
  }),
}

const b11: Scenario = {
  id: 'B11',
  tried: 'the configuration on the default branch changes while commands wait: other settings and image, then a rule that the person fails',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, registry, pull } = grounds
    const { ada, grace } = github.people
    await registry.has('acme/shop:1.3', { 'site/index.html': 'version 1.3', 'other/index.html': 'something else' })
    await isSetUp(grounds, { environments: { staging: {} } })
    const first = holdsUp(grounds)
    grace.comments(pull, '/deploy staging')
    await grounds.delivers()
    checks.that(await first.isHeld(), 'the first is not under way')
    const second = ada.comments(pull, '/deploy staging :1.3')
    await grounds.delivers()
    checks.that(await eventually(() => grounds.rows(`select 1 from deployment where state = 'queued'`).length === 1), 'the second does not wait')
    github.has('.github/deploy.yml', deployYml(grounds, { environments: { staging: { settings: { path: '/other' } } } }))
    first.letsGo()
    checks.that(inWords(await fate(grounds, keyOf(grounds, second))) === 'success', 'the second was refused')
    const served = await serves(grounds, 'staging')
    checks.that(served === 'version 1.3', `served is ${served}`)

    const third = holdsUp(grounds)
    grace.comments(pull, '/deploy staging :1.2')
    await grounds.delivers()
    checks.that(await third.isHeld(), 'the third is not under way')
    const fourth = ada.comments(pull, '/deploy staging :1.3')
    await grounds.delivers()
    checks.that(await eventually(() => grounds.rows(`select 1 from deployment where state = 'queued'`).length === 1), 'the fourth does not wait')
    github.has('.github/deploy.yml', deployYml(grounds, { environments: { staging: { allow: { role: 'admin' } } } }))
    third.letsGo()
    const came = inWords(await fate(grounds, keyOf(grounds, fourth)))
    checks.that(came === 'refused PERMISSION_REQUIRED', `by a new rule: ${came}`)
    const plans = grounds.rows(`select json_extract(plan, '$.configuration') as blob from deployment`).map(({ blob }) => blob)
    checks.that(
      plans.every((blob) => typeof blob === 'string' && blob !== '') && new Set(plans).size === 2,
      'the plans do not name their configuration',
    )
    await checks.isAlive(grounds)
    return checks.finding('what was planned was deployed, by the rules of then and of now')
  }),
}

/** Who said it, as the body says. */
const as = (user: object, via: object | null) => (body: string) => {
  const said = JSON.parse(body) as { comment: Record<string, unknown>; sender: Record<string, unknown> }
  Object.assign(said.comment['user'] as object, user)
  Object.assign(said.sender, user)
  said.comment['performed_via_github_app'] = via === null ? null : { ...(said.comment['performed_via_github_app'] as object), ...via }
  return JSON.stringify(said)
}

const b17: Scenario = {
  id: 'B17',
  tried:
    'bots and Apps: one that nobody named, one that writes in a person’s name, a user called deploy[bot], the named slug with another id, the named id, our own',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const { ada, robot } = github.people
    const own = { id: github.identity.id, slug: github.identity.slug }
    await isSetUp(grounds, { environments: { closed: {}, named: { allow: { any: ['app:815', 'user:ada'] } } } })
    const expects = async (what: string, expected: RegExp, who: typeof ada, text: string, change = (body: string) => body): Promise<void> => {
      const made = who.comments(pull, text)
      const told = github.webhooks.waiting.splice(0).find(({ event }) => event === 'issue_comment')!
      await grounds.sends(changed(grounds, told, change))
      const came = inWords(await fate(grounds, keyOf(grounds, made)))
      checks.that(expected.test(came), `${what}: ${came}`)
    }
    const no = /^(nothing|refused PERMISSION_REQUIRED)$/
    await expects('an App that nobody named', no, robot, '/deploy closed')
    await expects('an App in a person’s name', /^nothing$/, ada, '/deploy closed', as({}, { id: 815, slug: 'robot', name: 'Robot' }))
    await expects('a user called deploy[bot]', /^nothing$/, ada, '/deploy closed', as({ login: 'deploy[bot]' }, null))
    await expects('a bot without an App', /^nothing$/, robot, '/deploy named', as({}, null))
    await expects('a bot that is called a user', no, robot, '/deploy named', as({ type: 'User' }, { id: 815 }))
    await expects('the slug with another id', no, robot, '/deploy named', as({}, { id: 816, slug: 'robot' }))
    await expects('the id as text', /^nothing$/, robot, '/deploy named', as({}, { id: '815' }))
    await expects('our own', /^nothing$/, robot, '/deploy named', as({ id: github.bot.id, login: github.bot.login }, own))
    give(github.repository, robot.account, 'admin')
    robot.labels(pull, 'deploy:closed')
    await grounds.delivers()
    await comesToRest(grounds)
    checks.that(!/success/.test(inWords(await fate(grounds, labelKey(grounds, pull)))), 'an App’s label was obeyed')
    checks.that(github.repository.deployments.length === 0, 'a deployment was made')
    await expects('the named id, with another slug', /^success$/, robot, '/deploy named', as({}, { id: 815, slug: 'renamed' }))
    await checks.isAlive(grounds)
    return checks.finding('only the App whose id the rules name was obeyed')
  }),
}

const ALWAYS = [
  { from: 'mon 00:00', to: 'sun 23:59', zone: 'UTC' },
  { from: 'sun 12:00', to: 'mon 12:00', zone: 'UTC' },
]

const b18: Scenario = {
  id: 'B18',
  tried:
    'a frozen environment and one that somebody has locked, by comment and by label, with --override, --force and the like, by a writer and by an administrator',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const { ada, grace, trent } = github.people
    await isSetUp(grounds, { environments: { frozen: { freeze: ALWAYS }, free: {} } })
    const expects = async (text: string, expected: RegExp, who = ada): Promise<void> => {
      const came = await asks(grounds, who, text)
      checks.that(expected.test(came), `${who.login}: ${text}: ${came}`)
    }
    const labels = async (name: string, expected: string, who = ada): Promise<void> => {
      await eventually(() => !pull.labels.has(name))
      // Twice in one second is once: GitHub's times are whole seconds.
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      who.labels(pull, name)
      await grounds.delivers()
      await comesToRest(grounds)
      const last = grounds.rows(`select state, json_extract(problem, '$.code') as code from deployment order by sequence desc limit 1`)[0]
      checks.that(last?.['code'] === expected, `${who.login}: the label ${name}: ${JSON.stringify(last)}`)
    }
    await expects('/deploy frozen', /^refused FROZEN$/)
    await labels('deploy:frozen', 'FROZEN')
    await expects('/deploy frozen', /^refused FROZEN$/, grace)
    await expects('/deploy frozen --force', /^nothing$/)
    await expects('/deploy frozen --override', /^nothing$/)
    await expects('/deploy frozen --override ""', /^(nothing|refused )/)
    await expects('/deploy frozen --override "it is urgent"', /^refused OVERRIDE_REFUSED$/)
    await expects('/deploy frozen force=true', /^(nothing|refused )/)

    checks.that((await asks(grounds, grace, '/lock free an outage')) === 'nothing', 'the lock began a deployment')
    checks.that(await eventually(() => grounds.rows('select 1 from lock').length === 1), 'nothing is locked')
    await expects('/deploy free', /^refused LOCKED$/)
    await labels('deploy:free', 'LOCKED')
    await labels('deploy:free', 'PERMISSION_REQUIRED', trent)
    await expects('/deploy free --override "it is urgent"', /^refused (OVERRIDE_REFUSED|LOCKED)$/)
    github.people.ada.comments(pull, '/unlock free')
    checks.that(github.repository.deployments.length === 0, 'a deployment was made')
    await expects('/deploy free', /^success$/, grace)
    await expects('/deploy frozen --override "it is urgent"', /^success$/, grace)
    const said = grounds.said().map(({ body }) => body)
    checks.that(await eventually(() => grounds.said().some(({ body }) => body.includes('it is urgent'))), `the reason is not said: ${said.at(-1)}`)
    await checks.isAlive(grounds)
    return checks.finding('refused at both doors; the freeze set aside by an administrator with a reason, the lock by nobody but its holder')
  }),
}

export const rules: readonly Scenario[] = [
  b10,
  b11,
  leftOut(
    'B15',
    'buttons of check runs: identifiers that were never issued, of other Apps, of older commits, twice, by a reader',
    'the buttons come with a later feature',
  ),
  leftOut('B16', 'the page’s button with another environment or commit, replayed, in two tabs', 'the pages come with a later feature'),
  b17,
  b18,
]
