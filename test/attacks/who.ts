import { give } from '../world/github/population.ts'
import { label } from '../world/github/render.ts'
import type { Role } from '../world/github/state.ts'
import { addLabel, comment } from '../world/github/threads.ts'
import type { Trouble } from '../world/github/trouble.ts'
import { eventually, Grounds } from '../world/grounds.ts'
import { asks, changed, fate, holdsUp, inWords, isSetUp, keyOf, labelKey, pullRequest } from './asked.ts'
import { Checks, onGrounds } from './scenario.ts'
import type { Scenario } from './scenario.ts'

/** Everybody whom a repository can know: the role, and the organisation's own name for it; null for who was given nothing. */
const CAST: readonly (readonly [login: string, role: Role | null, custom?: string])[] = [
  ['nobody', 'none'],
  ['reader', 'read'],
  ['triager', 'triage'],
  ['writer', 'write'],
  ['maintainer', 'maintain'],
  ['administrator', 'admin'],
  ['custom-reader', 'read', 'deployer'],
  ['custom-writer', 'write', 'release-manager'],
  ['member', null],
  ['outside-writer', 'write'],
]
const POLICIES = {
  open: {},
  strict: { allow: { role: 'maintain' } },
  named: { allow: { any: ['user:writer', 'user:reader', 'user:nobody'] } },
} as const
type Policy = keyof typeof POLICIES

/** What the documentation of `allow` says of each cell. */
function mayDeploy(login: string, role: Role | null, policy: Policy): boolean {
  if (policy === 'strict') return role === 'maintain' || role === 'admin'
  const isWriter = role === 'write' || role === 'maintain' || role === 'admin'
  return isWriter && (policy === 'open' || login === 'writer')
}

/** Everybody asks for everything, at once; GitHub itself would not let some of them. */
async function everybodyAsks(grounds: Grounds) {
  const { github } = grounds
  const home = github.repository
  const cells: { readonly what: string; readonly key: string; readonly isAllowed: boolean }[] = []
  for (const [login, role, custom] of CAST) {
    const { account } = github.joins(login)
    if (role !== null) give(home, account, role, custom)
    const pull = await pullRequest(grounds, github.people.ada, `for-${login}`)
    for (const policy of Object.keys(POLICIES) as Policy[]) {
      const isAllowed = mayDeploy(login, role, policy)
      const said = comment(github, home, pull, account, `/deploy ${policy}`)
      cells.push({ what: `${login} comments in ${policy}`, key: keyOf(grounds, said), isAllowed })
      addLabel(github, home, pull, account, `deploy:${policy}`)
      cells.push({ what: `${login} labels in ${policy}`, key: `${labelKey(grounds, pull)}:${label(`deploy:${policy}`).id}`, isAllowed })
    }
  }
  await grounds.delivers()
  return cells
}

const b01: Scenario = {
  id: 'B01',
  tried: `${CAST.length} roles, custom ones among them, by comment and by label, in environments with ${Object.keys(POLICIES).length} policies`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    await isSetUp(grounds, { environments: POLICIES })
    const cells = await everybodyAsks(grounds)
    for (const { what, key, isAllowed } of cells) {
      const came = inWords(await fate(grounds, key, 60))
      // Another door asking for the plan that is on its way joins it, after its own gates.
      checks.that(isAllowed ? /^(success|superseded SUPERSEDED)$/.test(came) : came === 'refused PERMISSION_REQUIRED', `${what}: ${came}`)
    }
    const allowed = cells.filter(({ isAllowed }) => isAllowed).length
    const made = grounds.github.repository.deployments.length
    checks.that(made > 0 && made <= allowed, `${made} deployments on GitHub`)
    grounds.github.verdict()
    await checks.isAlive(grounds)
    return checks.finding(`${cells.length} cells as documented, ${allowed} of them allowed`)
  }),
}

const b02: Scenario = {
  id: 'B02',
  tried: 'somebody who may only triage applies the label deploy:production',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    await isSetUp(grounds, { environments: { production: {} } })
    github.people.trent.labels(pull, 'deploy:production')
    await grounds.delivers()
    const came = inWords(await fate(grounds, labelKey(grounds, pull)))
    const [key = ''] = grounds.rows('select key from deployment').map((row) => String(row['key']))
    checks.that(key.startsWith(labelKey(grounds, pull)) && inWords(await fate(grounds, key)) === 'refused PERMISSION_REQUIRED', `it came to ${came}`)
    checks.that(await eventually(() => grounds.said().length === 1), 'there is no answer')
    checks.that(/triage.*write/s.test(grounds.said()[0]?.body ?? ''), 'the refusal does not name the roles')
    checks.that(await eventually(() => !pull.labels.has('deploy:production')), 'the label is still there')
    checks.that(github.repository.deployments.length === 0, 'a deployment was made')
    checks.that(grounds.said().length === 1, `${grounds.said().length} comments`)
    await checks.isAlive(grounds)
    return checks.finding('refused once, with both roles, and the label taken off')
  }),
}

const b03: Scenario = {
  id: 'B03',
  tried: 'author_association OWNER, MEMBER and COLLABORATOR in the body, while the API says read',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    for (const association of ['OWNER', 'MEMBER', 'COLLABORATOR']) {
      const said = github.people.mallory.comments(pull, '/deploy staging')
      const claimed = changed(grounds, github.webhooks.last('issue_comment'), (body) =>
        body.replaceAll(/"author_association":"\w+"/g, `"author_association":"${association}"`),
      )
      checks.that(claimed.body.includes(`"author_association":"${association}"`), 'the body does not claim it')
      await grounds.sends(claimed)
      const came = inWords(await fate(grounds, keyOf(grounds, said)))
      checks.that(came === 'refused PERMISSION_REQUIRED', `${association}: ${came}`)
    }
    checks.that(grounds.said().length === 0, 'a stranger got a comment')
    checks.that(github.repository.deployments.length === 0, 'a deployment was made')
    await checks.isAlive(grounds)
    return checks.finding('refused three times, with a reaction and no comment')
  }),
}

const PERMISSION = 'GET /repos/{owner}/{repo}/collaborators/{username}/permission'

/** GitHub says it to whoever asks for ada's role; and what must become of her command. */
const UNSAID: readonly (readonly [what: string, (grounds: Grounds) => Trouble, RegExp])[] = [
  ['404', ({ github }) => github.answers(404), /^refused ACTOR_CHANGED$/],
  ['500', ({ github }) => github.answers(500), /^failure PERMISSION_UNREADABLE$/],
  ['nothing, and then 502', ({ github }) => (github.hangs().to(PERMISSION), github.answers(502)), /^failure PERMISSION_UNREADABLE$/],
  ['a broken connection', ({ github }) => github.drops(), /^failure PERMISSION_UNREADABLE$/],
  ['200 with {}', ({ github }) => github.answers(200, {}), /^failure /],
  ['200 with a page', ({ github }) => github.answers(200, '<html>admin</html>'), /^failure /],
  [
    'the role "admin "',
    ({ github }) => github.answers(200, { permission: 'admin ', role_name: 'admin ', user: userOf(github.people.ada.account) }),
    /^refused /,
  ],
  ['the role "ADMIN"', ({ github }) => github.answers(200, { permission: 'ADMIN', user: userOf(github.people.ada.account) }), /^refused /],
  [
    'an id as text',
    ({ github }) => github.answers(200, { permission: 'admin', user: { id: String(github.people.ada.id), login: 'ada' } }),
    /^failure /,
  ],
  ['admin, of nobody', ({ github }) => github.answers(200, { permission: 'admin', role_name: 'admin', user: null }), /^refused ACTOR_CHANGED$/],
]

const userOf = ({ id, login }: { readonly id: number; readonly login: string }) => ({ id, login })

const b04: Scenario = {
  id: 'B04',
  tried: `asked for a role GitHub answers ${UNSAID.map(([what]) => what).join(', ')}`,
  async run() {
    const checks = new Checks()
    const tries: number[] = []
    // Most of the time is spent on patience, so they wait beside each other.
    const attempts = UNSAID.map(async ([what, trouble, expected]) => {
      const grounds = await Grounds.open()
      try {
        trouble(grounds).to(PERMISSION).always()
        const came = await asks(grounds, grounds.github.people.ada, '/deploy staging', grounds.pull, 120)
        checks.that(expected.test(came), `${what}: ${came}`)
        checks.that(grounds.github.repository.deployments.length === 0, `${what}: a deployment was made`)
        tries.push(grounds.github.calls.filter(({ operation }) => operation === PERMISSION).length)
        await checks.isAlive(grounds)
      } finally {
        await grounds.closes()
      }
    })
    await Promise.all(attempts)
    return checks.finding(`refused or failed ${UNSAID.length} times, after up to ${Math.max(...tries)} tries`)
  },
}

const b14: Scenario = {
  id: 'B14',
  tried: 'the right to write is taken away while the command waits behind another deployment',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, registry, pull } = grounds
    await registry.has('acme/shop:1.3', { 'site/index.html': 'version 1.3' })
    const first = holdsUp(grounds)
    github.people.grace.comments(pull, '/deploy staging')
    await grounds.delivers()
    checks.that(await first.isHeld(), 'the first is not under way')
    const waiting = github.people.ada.comments(pull, '/deploy staging :1.3')
    await grounds.delivers()
    checks.that(await eventually(() => grounds.rows(`select 1 from deployment where state = 'queued'`).length === 1), 'the second does not wait')
    give(github.repository, github.people.ada.account, 'read')
    first.letsGo()
    const came = inWords(await fate(grounds, keyOf(grounds, waiting)))
    checks.that(came === 'refused PERMISSION_REQUIRED', `it came to ${came}`)
    checks.that((await (await fetch(await grounds.site())).text()) === 'version 1.2', 'it was deployed')
    await checks.isAlive(grounds)
    return checks.finding('refused at its turn')
  }),
}

const b22: Scenario = {
  id: 'B22',
  tried: 'the account that asked is gone, or its name belongs to an administrator, before it is looked at; comments and labels of nobody',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const gone = github.joins('gone')
    give(github.repository, gone.account, 'write')
    const first = gone.comments(pull, '/deploy staging')
    github.repository.roles.delete(gone.id)
    gone.account.login = 'ghost-of-gone'
    await grounds.delivers()
    checks.that(inWords(await fate(grounds, keyOf(grounds, first))) === 'refused ACTOR_CHANGED', 'gone: it was not refused')
    const renamed = github.joins('renamed')
    const second = renamed.comments(pull, '/deploy staging')
    renamed.account.login = 'somebody-else'
    give(github.repository, github.joins('renamed').account, 'admin')
    await grounds.delivers()
    checks.that(inWords(await fate(grounds, keyOf(grounds, second))) === 'refused ACTOR_CHANGED', 'renamed: it was not refused')
    const third = github.people.ada.comments(pull, '/deploy staging')
    const original = github.webhooks.last('issue_comment')
    for (const user of ['null', '{"login":"ghost","id":10137,"type":"User"}']) {
      const body = changed(grounds, original, (text) => text.replaceAll(/"user":\{[^{}]*\}/g, `"user":${user}`))
      checks.that((await grounds.sends(body)) === 204, `a comment of ${user} was taken`)
    }
    checks.that(inWords(await fate(grounds, keyOf(grounds, third))) === 'nothing', 'a comment of nobody started something')
    checks.that(github.repository.deployments.length === 0, 'a deployment was made')
    await checks.isAlive(grounds)
    return checks.finding('refused by the id, twice; what nobody wrote is not read')
  }),
}

export const who: readonly Scenario[] = [b01, b02, b03, b04, b14, b22]
