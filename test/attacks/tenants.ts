import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Person } from '../world/github/people.ts'
import { createRepository, give } from '../world/github/population.ts'
import type { Comment, Issue, Repository } from '../world/github/state.ts'
import type { Delivery } from '../world/github/webhooks.ts'
import { eventually } from '../world/grounds.ts'
import type { Grounds } from '../world/grounds.ts'
import { startOciRegistry } from '../world/oci-registry.ts'
import { changed, comesToRest, deployYml, inWords } from './asked.ts'
import type { Fate } from './asked.ts'
import { DEPLOY, withApi, type Api } from './calling.ts'
import { Checks, onGrounds } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { movesIn, operates } from './tenant.ts'
import type { Tenant } from './tenant.ts'

/** Of everything that GitHub would send now, what tells of this comment. */
const tellingOf = ({ github }: Grounds, { id }: Comment): Delivery =>
  github.webhooks.waiting
    .splice(0)
    .find(({ event, payload }) => event === 'issue_comment' && (payload as { comment?: { id: number } }).comment?.id === id)!

/** Everything about them is as with the first: names of repository, app, environment; each has a site of its own. */
const moveIn = (grounds: Grounds, login = 'umbrella'): Promise<Tenant> =>
  movesIn(grounds, login, deployYml(grounds, { environments: { staging: { target: 'theirs' } } }))

const keyIn = (home: Repository, { id }: Pick<Comment, 'id'>): string => `c:${home.id}:${id}`

async function fateIn(grounds: Grounds, home: Repository, comment: Pick<Comment, 'id'>): Promise<string> {
  await comesToRest(grounds)
  const rows = grounds.rows(`select state, json_extract(problem, '$.code') as code from deployment where key like ? || '%'`, keyIn(home, comment))
  return inWords(rows as unknown as readonly Fate[])
}

const asksIn = async (grounds: Grounds, home: Repository, who: Person, on: Issue, text: string): Promise<string> => {
  const comment = who.comments(on, text)
  await grounds.delivers()
  return fateIn(grounds, home, comment)
}

const served = async ({ gantry }: Grounds, target: string): Promise<string> => {
  const url = new RegExp(`"target":"${target}","url":"(http:[^"]+)"`).exec(gantry.output)?.[1] ?? ''
  return (await fetch(url)).text()
}

type Body = Readonly<Record<string, unknown>>
/** What is put in the place of the first tenant's parts of a signed body. */
const FORGED: readonly (readonly [what: string, forge: (body: Body, theirs: Body) => Body])[] = [
  ['the repository', (body, theirs) => ({ ...body, repository: theirs['repository'] })],
  ['the installation', (body, theirs) => ({ ...body, installation: theirs['installation'] })],
  [
    'the repository’s id',
    (body, theirs) => ({ ...body, repository: { ...(body['repository'] as object), id: (theirs['repository'] as { id: number }).id } }),
  ],
  [
    'the repository’s name and owner',
    (body, theirs) => {
      const { name, owner, full_name: full } = theirs['repository'] as { name: string; owner: object; full_name: string }
      return { ...body, repository: { ...(body['repository'] as object), name, owner, full_name: full } }
    },
  ],
  [
    'the repository’s node id',
    (body, theirs) => ({
      ...body,
      repository: { ...(body['repository'] as object), node_id: (theirs['repository'] as { node_id: string }).node_id },
    }),
  ],
  [
    'the issue and its addresses',
    (body, theirs) => ({
      ...body,
      issue: { ...(body['issue'] as object), ...pick(theirs['issue'], 'repository_url', 'url', 'html_url', 'comments_url', 'node_id') },
    }),
  ],
  [
    'the comment’s addresses',
    (body, theirs) => ({ ...body, comment: { ...(body['comment'] as object), ...pick(theirs['comment'], 'issue_url', 'url', 'html_url') } }),
  ],
  ['the comment', (body, theirs) => ({ ...body, comment: theirs['comment'] })],
  ['repository and installation', (body, theirs) => ({ ...body, repository: theirs['repository'], installation: theirs['installation'] })],
]
const pick = (of: unknown, ...keys: readonly string[]): object =>
  Object.fromEntries(Object.entries(of as object).filter(([key]) => keys.includes(key)))

const d02: Scenario = {
  id: 'D02',
  tried: `signed webhooks of one installation that name of another tenant ${FORGED.map(([what]) => what).join(', ')} (GitHub's own signature: nobody but GitHub, or who has the webhook secret, could send them)`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const theirs = await moveIn(grounds)
    await operates(grounds, theirs)
    theirs.grace.comments(theirs.pull, '/status')
    const example = JSON.parse(github.webhooks.last('issue_comment').body) as Body
    await grounds.delivers()
    await comesToRest(grounds)
    const before = [theirs.pull.comments.length, theirs.home.deployments.length]
    const came: string[] = []
    for (const [what, forge] of FORGED) {
      // ada writes in the first repository, and only reads in theirs.
      const comment = github.people.ada.comments(pull, '/deploy staging')
      const told = tellingOf(grounds, comment)
      const status = await grounds.sends(changed(grounds, told, (body) => JSON.stringify(forge(JSON.parse(body) as Body, example))))
      await comesToRest(grounds)
      const mine = await fateIn(grounds, github.repository, comment)
      const other = await fateIn(grounds, theirs.home, comment)
      came.push(`${what}: ${status}, ${mine === 'nothing' ? other : `${mine} in its own`}`)
      checks.that(!/success/.test(other), `${what}: it came to ${other} in the name of the other repository`)
      checks.that(theirs.home.deployments.length === before[1], `${what}: a deployment was made in the other repository`)
    }
    checks.that((await served(grounds, 'theirs')) !== 'version 1.2', 'the other tenant’s site was deployed to')
    checks.that(
      grounds.rows(`select 1 from deployment where repository = ? and state = 'success'`, theirs.home.id).length === 0,
      'a deployment of theirs succeeded',
    )
    await checks.isAlive(grounds)
    return checks.finding(came.join('; '))
  }),
}

const PAIRS = 100

/** What the bot says to this command in their thread, whatever the id. */
async function answered(grounds: Grounds, { home, grace, pull }: Tenant, text: string, id: string): Promise<string> {
  const comment = grace.comments(pull, text.replace('ID', id))
  await grounds.delivers()
  const said = () =>
    pull.comments
      .flatMap(({ author, bodies }) => (author.id === grounds.github.bot.id ? (bodies.at(-1) ?? '') : []))
      .filter((body) => body.includes(keyIn(home, comment)))
  await eventually(() => said().length > 0)
  return `${await fateIn(grounds, home, comment)}: ${said().join()}`.replaceAll(id, 'ID').replaceAll(keyIn(home, comment), '')
}

const d03: Scenario = {
  id: 'D03',
  tried: `two installations with the same names of repository, app, environment, and the same registry and comment ids, in ${PAIRS} pairs of commands (of 1,000)`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull, registry } = grounds
    const theirs = await moveIn(grounds)
    await operates(grounds, theirs)
    const asked = ['/why ID', '/cancel ID', '/retry ID', '/approve ID', '/reject ID no', '/rollback staging --to ID']
    await asksIn(grounds, github.repository, github.people.ada, pull, '/deploy staging')
    const foreign = grounds.rows('select id from deployment where repository = ?', github.repository.id).map(({ id }) => String(id))
    for (const text of asked)
      for (const id of foreign) {
        const nobodys = id.replaceAll(/[0-9a-z]/g, (letter) => (letter === '7' ? '8' : '7'))
        const [yours, none] = [await answered(grounds, theirs, text, id), await answered(grounds, theirs, text, nobodys)]
        checks.that(yours !== '' && yours === none, `${text}: another's id is answered with "${yours}", an id that nobody has with "${none}"`)
      }
    const stored = () => grounds.rows(`select key from delivery where key like 'c:%'`).length
    const before = stored()
    const same = (mine: Comment, other: Comment): void => {
      const node = github.state.nodes.get(other.node)
      Object.assign(other, { id: mine.id })
      if (node !== undefined) github.state.nodes.set(other.node, node)
    }
    const words = ['/deploy staging', '/lock staging mine', '/status', '/unlock staging', '/why', '/who staging', '/preflight staging']
    for (let nth = 0; nth < PAIRS; nth += 1) {
      const [text, other] = [words[nth % words.length]!, words[(nth * 3 + 1) % words.length]!]
      const mine = github.people.ada.comments(pull, text)
      const told = tellingOf(grounds, mine)
      const comment = theirs.grace.comments(theirs.pull, other)
      const sent = tellingOf(grounds, comment)
      const id = comment.id
      same(mine, comment)
      const statuses = [
        await grounds.sends(changed(grounds, sent, (body) => body.replaceAll(`"id":${id},`, `"id":${mine.id},`))),
        await grounds.sends(told),
      ]
      checks.that(statuses.join() === '202,202', `pair ${nth}: answered ${statuses.join()}`)
      if (nth % 15 === 14) {
        await comesToRest(grounds, 60)
        // Nobody may ask for more than one a second for long.
        await new Promise((resolve) => setTimeout(resolve, 10_000))
      }
    }
    checks.that(await comesToRest(grounds, 90), 'it has not come to rest')
    const deliveries = stored() - before
    checks.that(deliveries === 2 * PAIRS, `${deliveries} of ${2 * PAIRS} commands were stored`)
    const mixed = grounds.rows(
      `select 1 from deployment where cast(json_extract(request, '$.repository.id') as integer) <> repository or key not like 'c:' || repository || ':%'`,
    )
    checks.that(mixed.length === 0, `${mixed.length} deployments belong to two`)
    const strange = grounds.rows(
      `select state, json_extract(problem, '$.code') as code from deployment where state not in ('success', 'superseded') and json_extract(problem, '$.code') not in ('LOCKED', 'DEPLOYMENT_UNKNOWN')`,
    )
    checks.that(strange.length === 0, `some came to ${JSON.stringify(strange[0])}`)
    const targets = grounds.rows(
      `select distinct repository, json_extract(plan, '$.target') as target from deployment where plan is not null order by repository`,
    )
    checks.that(JSON.stringify(targets.map(({ target }) => target)) === JSON.stringify(['site', 'theirs']), `targets ${JSON.stringify(targets)}`)

    await registry.has('acme/shop:mine', { 'site/index.html': 'mine' })
    await registry.has('acme/shop:yours', { 'site/index.html': 'yours' })
    await asksIn(grounds, github.repository, github.people.ada, pull, '/lock staging ours')
    const [free, ours] = [
      await asksIn(grounds, theirs.home, theirs.grace, theirs.pull, '/deploy staging :yours'),
      await asksIn(grounds, github.repository, github.people.ada, pull, '/deploy staging :mine'),
    ]
    checks.that(free === 'success' && ours === 'success', `with a lock of the other's: ${free}, ${ours}`)
    checks.that((await served(grounds, 'site')) === 'mine' && (await served(grounds, 'theirs')) === 'yours', 'one site shows the other')
    github.verdict()
    await checks.isAlive(grounds)
    return checks.finding(
      `${2 * PAIRS} commands, each stored and answered in its own repository; locks, queues and sites are apart; ${asked.length * foreign.length} commands with another's id answered as with one that nobody has`,
    )
  }),
}

const d04: Scenario = {
  id: 'D04',
  tried: 'a tenant names the registry and the private image of another: in its configuration, in a command, with its own credential and without one',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const accounts = [
      { name: 'acme', password: 'the-password-of-acme', repositories: ['acme/*'] },
      { name: 'umbrella', password: 'the-password-of-umbrella', repositories: ['umbrella/*'] },
    ]
    const shared = await startOciRegistry({ auth: 'bearer', accounts })
    try {
      await shared.has('acme/shop:1.2', { 'site/index.html': 'of acme' })
      await shared.has('umbrella/private:1.2', { 'site/index.html': 'of umbrella' })
      const theirs = await moveIn(grounds)
      const image = (repository: string) => ({ main: { repository: shared.name(repository), tag: '1.2' } })
      const file = (target: string, repository: string) =>
        JSON.stringify({
          version: 1,
          app: 'shop',
          images: image(repository),
          default: 'staging',
          environments: { staging: { target, settings: { path: '/site' } } },
        })
      github.has('.github/deploy.yml', file('theirs', 'umbrella/private'), theirs.home)
      const bounds = (home: Repository, images: string) => [
        { repository: `${home.owner.login}/shop`, id: home.id, environments: ['*'], images: [images] },
      ]
      const login = (name: string, home: Repository) => ({
        ...{ registry: shared.host, repositories: [`${name}/*`], username: name, password: { env: `OF_${name.toUpperCase()}` } },
        allow: [{ repository: `${home.owner.login}/shop`, id: home.id }],
      })
      const runs = async (credentials: object, images: string): Promise<void> => {
        const targets = {
          site: { kind: 'static', listen: '127.0.0.1:0', allow: bounds(github.repository, images) },
          theirs: { kind: 'static', listen: '127.0.0.1:0', allow: bounds(theirs.home, shared.name('umbrella/*')) },
        }
        writeFileSync(join(grounds.folder, 'gantry.yml'), JSON.stringify({ version: 1, credentials, targets }))
        await grounds.gantry.stops()
        await grounds.starts({ OF_ACME: accounts[0]!.password, OF_UMBRELLA: accounts[1]!.password })
      }
      const both = { acme: login('acme', github.repository), umbrella: login('umbrella', theirs.home) }
      await runs(both, shared.name('**'))
      checks.that((await asksIn(grounds, theirs.home, theirs.grace, theirs.pull, '/deploy')) === 'success', 'its owner cannot deploy it')
      const came: string[] = []
      const usedBy = (from: number, name: string): boolean =>
        shared.requests.slice(from).some(({ authorization }) =>
          Buffer.from(authorization?.split(' ')[1] ?? '', 'base64')
            .toString()
            .startsWith(`${name}:`),
        )
      const isRefused = async (what: string, text: string): Promise<void> => {
        const from = shared.requests.length
        const fate = await asksIn(grounds, github.repository, github.people.ada, pull, text)
        came.push(`${what}: ${fate}`)
        checks.that(!/success/.test(fate) && fate !== 'nothing', `${what}: ${fate}`)
        checks.that(!usedBy(from, 'umbrella'), `${what}: the other's password was used`)
        checks.that(
          shared.requests
            .slice(from)
            .every(
              ({ path, authorization }) =>
                !path.includes('umbrella') || path === '/token' || !authorization?.startsWith('Bearer ') || fate !== 'success',
            ),
          'it was read',
        )
      }
      github.has('.github/deploy.yml', file('site', 'umbrella/private'))
      await isRefused('in its configuration', '/deploy')
      github.has('.github/deploy.yml', file('site', 'acme/shop'))
      await isRefused('in the command', `/deploy staging ${shared.name('umbrella/private:1.2')}`)
      github.has('.github/deploy.yml', file('site', 'umbrella/private'))
      await runs({ umbrella: both.umbrella }, shared.name('**'))
      await isRefused('without a credential of its own', '/deploy')
      await runs(both, shared.name('acme/*'))
      await isRefused('outside of its bounds', '/deploy')
      await runs({ ...both, acme: { ...both.acme, repositories: ['**'] } }, shared.name('**'))
      await isRefused('with its own credential for everything', '/deploy')
      checks.that((await asksIn(grounds, theirs.home, theirs.grace, theirs.pull, '/deploy')) === 'success', 'its owner cannot deploy it any more')
      await checks.isAlive(grounds)
      return checks.finding(`${came.join('; ')}; the other's password never left`)
    } finally {
      await shared.goesDown()
    }
  }),
}

/** What app.yml asks for, and what a deployment may use of it. */
const LISTED = new Set(['metadata', 'contents', 'statuses', 'attestations', 'members', 'issues', 'pull_requests', 'checks', 'deployments'])

const d05: Scenario = {
  id: 'D05',
  tried: 'every token that GitHub issues while two tenants, one of them with two repositories, deploy, lock, ask and are refused',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const second = createRepository(github.state, github.repository.owner, { name: 'second' }, github.now())
    github.installation.repositories.add(second.id)
    const theirs = await moveIn(grounds)
    await operates(grounds, theirs)
    for (const text of ['/deploy', '/status', '/who staging', '/lock staging mine', '/unlock staging', '/deploy staging :none']) {
      await asksIn(grounds, github.repository, github.people.ada, pull, text)
      await asksIn(grounds, theirs.home, theirs.grace, theirs.pull, text)
    }
    checks.that(await eventually(() => github.repository.deployments.length > 0 && theirs.home.deployments.length > 0), 'it does not deploy')
    const { tokens } = github.auth
    const homes = new Map([
      [github.installation.id, github.repository.id],
      [theirs.installation.id, theirs.home.id],
    ])
    const unlimited = tokens.filter(({ repositories }) => repositories === null).length
    const several = tokens.filter(({ repositories }) => repositories !== null && repositories.size !== 1).length
    const wrong = tokens.filter(({ repositories, installation }) => repositories !== null && !repositories.has(homes.get(installation) ?? 0)).length
    const whole = tokens.filter(
      ({ permissions }) => permissions.size === github.installation.permissions.size && [...permissions.values()].includes('write'),
    ).length
    checks.that(tokens.length >= 2, `${tokens.length} tokens`)
    checks.that(unlimited === 0, `${unlimited} of ${tokens.length} tokens are for every repository of their installation`)
    checks.that(several === 0 && wrong === 0, `${several} are for several repositories, ${wrong} for another`)
    checks.that(
      tokens.every(({ permissions }) => [...permissions.keys()].every((name) => LISTED.has(name))),
      'a permission that app.yml does not ask for',
    )
    checks.that(whole === 0, `${whole} of ${tokens.length} tokens have all that the App may do`)
    return checks.finding(`${tokens.length} tokens, each for one installation and one repository, none with everything that the App may do`)
  }),
}

const d06: Scenario = {
  id: 'D06',
  tried: 'the repository is renamed, made private, transferred to another tenant, deleted and made again under its name',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const { repository } = github
    const theirs = await moveIn(grounds)
    await operates(grounds, theirs)
    const came: string[] = []
    const asks = async (what: string, isGood: (fate: string) => boolean, home = repository, who = github.people.ada, on = pull): Promise<void> => {
      const fate = await asksIn(grounds, home, who, on, '/deploy')
      came.push(`${what}: ${fate}`)
      checks.that(isGood(fate), `${what}: ${fate}`)
    }
    await asks('as it is', (fate) => fate === 'success')
    repository.isPrivate = true
    await asks('made private', (fate) => fate === 'success')
    repository.isPrivate = false
    Object.assign(repository, { name: 'store' })
    await asks('renamed', (fate) => fate === 'success')
    Object.assign(repository, { name: 'shop' })
    const again = createRepository(github.state, repository.owner, { name: 'shop' }, github.now())
    give(again, github.people.grace.account, 'admin')
    github.has('.github/deploy.yml', deployYml(grounds, { environments: { staging: { target: 'site' } } }), again)
    github.state.repositories.delete(repository.id)
    github.installation.repositories.add(again.id)
    const anew = github.people.grace.at(again)
    let fresh: Issue | null = null
    await grounds.ago(3 * 3_600_000, () => (fresh = anew.opensPullRequest()))
    await asks('deleted and made again', (fate) => fate.startsWith('refused '), again, anew, fresh!)
    github.state.repositories.set(repository.id, repository)
    github.state.repositories.delete(again.id)
    github.installation.repositories.delete(again.id)
    // To an account that is nobody's friend: it keeps its id.
    github.installation.repositories.delete(repository.id)
    theirs.installation.repositories.add(repository.id)
    Object.assign(repository, { owner: theirs.home.owner, name: 'transferred' })
    await asks('transferred', (fate) => fate.startsWith('refused '), repository, github.people.grace.at(repository))
    await checks.isAlive(grounds)
    return checks.finding(came.join('; '))
  }),
}

const d08: Scenario = {
  id: 'D08',
  tried:
    'the App is taken off an account; another owner takes the account’s name, makes a repository of the same name and installs it (no data of a leaving account is deleted or shredded by itself: that feature is not there)',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    checks.that((await asksIn(grounds, github.repository, github.people.ada, pull, '/deploy')) === 'success', 'it does not deploy at all')
    await asksIn(grounds, github.repository, github.people.ada, pull, '/lock staging a word of ours')
    const former = github.repository
    github.installs('deleted')
    await grounds.delivers()
    github.state.repositories.delete(former.id)
    Object.assign(former.owner, { login: 'acme-formerly' })
    const theirs = await moveIn(grounds, 'acme')
    github.has('.github/deploy.yml', deployYml(grounds, { environments: { staging: { target: 'site' } } }), theirs.home)
    const ids = grounds.rows('select id from deployment').map(({ id }) => String(id))
    const came: string[] = []
    for (const text of [
      '/status',
      '/why',
      ...ids.flatMap((id) => [`/why ${id}`, `/cancel ${id}`, `/rollback staging`, `/retry ${id}`, `/approve ${id}`]),
      '/unlock staging',
      '/deploy',
      '/preflight',
    ]) {
      const fate = await asksIn(grounds, theirs.home, theirs.grace, theirs.pull, text)
      if (fate !== 'nothing') came.push(`${text.split(' ')[0]}: ${fate}`)
      checks.that(!/success/.test(fate), `${text}: ${fate}`)
    }
    await eventually(() => theirs.pull.comments.filter(({ author }) => author.id === github.bot.id).length > 5)
    const words = theirs.pull.comments.flatMap(({ author, bodies }) => (author.id === github.bot.id ? bodies : [])).join('\n')
    checks.that(words.length > 500, 'it has answered nothing')
    for (const word of ['a word of ours', ...former.commits.keys()]) checks.that(!words.includes(word.slice(0, 14)), `it shows ${word}`)
    checks.that((await (await fetch(await grounds.site())).text()) === 'version 1.2', 'what the former owner deployed was changed')
    checks.that(grounds.rows('select 1 from lock').length === 1, 'the former owner’s lock was given up')
    await checks.isAlive(grounds)
    return checks.finding(`nothing of the former account is shown or changed: ${came.join('; ')}`)
  }),
}

const d09: Scenario = {
  id: 'D09',
  tried:
    'caches that might know no tenant: configuration, roles, GitHub’s tokens, registry tokens: two tenants with the same names, one after the other within seconds',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const shared = await startOciRegistry({
      auth: 'bearer',
      accounts: [
        { name: 'one', password: 'the-password-of-one', repositories: ['acme/*'] },
        { name: 'two', password: 'the-password-of-two', repositories: ['acme/*'] },
      ],
    })
    const used: { readonly token: string; readonly path: string }[] = []
    const answering = github.fetch
    const looking: typeof fetch = (input, init) => {
      const request = new Request(input, init)
      used.push({ token: request.headers.get('authorization')?.replace(/^\w+ /, '') ?? '', path: new URL(request.url).pathname })
      return answering(request)
    }
    Object.assign(github, { fetch: looking })
    try {
      await shared.has('acme/shop:1.2', { 'site/index.html': 'shared' })
      const theirs = await moveIn(grounds)
      const file = (target: string) =>
        JSON.stringify({
          version: 1,
          app: 'shop',
          images: { main: { repository: shared.name('acme/shop'), tag: '1.2' } },
          default: 'staging',
          environments: { staging: { target, settings: { path: '/site' } } },
        })
      github.has('.github/deploy.yml', file('site'))
      github.has('.github/deploy.yml', file('theirs'), theirs.home)
      const login = (name: string) => ({ registry: shared.host, username: name, password: { env: `OF_${name.toUpperCase()}` } })
      const allow = ({ id, owner }: Repository) => [{ repository: `${owner.login}/shop`, id, environments: ['*'], images: [shared.name('acme/*')] }]
      const target = (credential: string, home: Repository) => ({ kind: 'static', listen: '127.0.0.1:0', credential, allow: allow(home) })
      const targets = { site: target('one', github.repository), theirs: target('two', theirs.home) }
      writeFileSync(
        join(grounds.folder, 'gantry.yml'),
        JSON.stringify({ version: 1, credentials: { one: login('one'), two: login('two') }, targets }),
      )
      await grounds.gantry.stops()
      await grounds.starts({ OF_ONE: 'the-password-of-one', OF_TWO: 'the-password-of-two' })
      const asking = (): readonly string[] =>
        shared.requests.flatMap(({ path, authorization }) =>
          path === '/token'
            ? [
                Buffer.from(authorization?.split(' ')[1] ?? '', 'base64')
                  .toString()
                  .split(':')[0] ?? '',
              ]
            : [],
        )
      checks.that((await asksIn(grounds, github.repository, github.people.ada, pull, '/deploy')) === 'success', 'ours does not deploy')
      const first = asking().length
      checks.that((await asksIn(grounds, theirs.home, theirs.grace, theirs.pull, '/deploy')) === 'success', 'theirs does not deploy')
      checks.that(
        asking()
          .slice(0, first)
          .every((name) => name === 'one'),
        `ours signed in as ${asking().slice(0, first).join()}`,
      )
      checks.that(
        asking().slice(first).length > 0 &&
          asking()
            .slice(first)
            .every((name) => name === 'two'),
        `theirs signed in as ${asking().slice(first).join()}`,
      )
      // ada writes in ours and only reads in theirs; she has just been let through.
      const ada = await asksIn(grounds, theirs.home, github.people.ada.at(theirs.home), theirs.pull, '/deploy')
      checks.that(ada === 'refused PERMISSION_REQUIRED', `a role of the other repository: ${ada}`)
      github.has('.github/deploy.yml', null, theirs.home)
      const gone = await asksIn(grounds, theirs.home, theirs.grace, theirs.pull, '/deploy')
      checks.that(gone.startsWith('refused '), `without its configuration: ${gone}`)
      const owners = new Map(github.auth.tokens.map(({ text, installation }) => [text, installation]))
      const crossed = used.filter(({ token, path }) => {
        const installation = owners.get(token)
        const home = /^\/repos\/(\w+)\//.exec(path)?.[1]
        return installation !== undefined && home !== undefined && home !== github.state.installations.get(installation)?.account.login
      })
      checks.that(crossed.length === 0, `a token of another installation was used for ${crossed[0]?.path}`)
      await checks.isAlive(grounds)
      return checks.finding(
        `each signs in with its own password, role and configuration; ${used.length} calls, each with its own installation's token (by path; GraphQL by what GitHub let through)`,
      )
    } finally {
      await shared.goesDown()
    }
  }),
}

/** Two accounts whose repositories are private, each with deployments of its own, and who asks in the name of the first. */
async function twoPrivate(api: Api): Promise<{ readonly ours: string; readonly theirs: string; readonly ids: readonly string[] }> {
  const { grounds } = api
  const { github } = grounds
  const { home } = await moveIn(grounds)
  await operates(grounds, { home }, {}, grounds.apiVariables)
  give(home, github.people.ada.account, 'none')
  give(github.repository, github.people.grace.account, 'none')
  Object.assign(home, { isPrivate: true })
  Object.assign(github.repository, { isPrivate: true })
  const [ours, theirs] = [api.token(), api.token(github.people.grace)]
  for (let nth = 0; nth < 3; nth += 1)
    for (const [token, owner] of [
      [ours, 'acme'],
      [theirs, 'umbrella'],
    ] as const)
      await api.deploys({ authorization: token }, { ...DEPLOY, repository: `${owner}/shop` })
  await comesToRest(grounds)
  const ids = grounds.rows('select id from deployment where repository = ?', home.id).map(({ id }) => String(id))
  api.checks.that(ids.length === 3, `the other tenant has ${ids.length} deployments`)
  return { ours, theirs, ids }
}

const d01: Scenario = {
  id: 'D01',
  tried: 'every route of the API with ids and names of another tenant, as an administrator of one’s own account',
  run: withApi(async (api) => {
    const { checks } = api
    const { ours, ids } = await twoPrivate(api)
    const asks: readonly (readonly [method: string, path: string, body?: object])[] = [
      ...['', '/logs', '/events'].map((what) => ['GET', `/deploy/status/ID${what}`] as const),
      ...['cancel', 'retry', 'rollback', 'approve'].map((what) => ['POST', `/deploy/ID/${what}`, {}] as const),
      ['POST', '/deploy/ID/reject', { reason: 'no' }],
      ['GET', '/deployments?repository=umbrella/NAME'],
      ...['credentials', 'targets'].flatMap((kind) => [
        ...['', '/shop'].map((what) => ['GET', `/config/ACCOUNT/${kind}${what}`] as const),
        ['PUT', `/config/ACCOUNT/${kind}/shop?untested=true`, { registry: 'ghcr.io', username: 'x', password: { value: 'x' } }] as const,
        ['DELETE', `/config/ACCOUNT/${kind}/shop`] as const,
        ['POST', `/config/ACCOUNT/${kind}/shop/test`, kind === 'targets' ? {} : { images: ['ghcr.io/acme/shop:1'] }] as const,
      ]),
      ['POST', '/config/ACCOUNT/backup', {}],
      ['POST', '/config/ACCOUNT/restore', { backup: { format: 'x', account: 1, madeAt: 1, key: 'x', wrapped: 'x', sealed: 'x' } }],
      ...['', '?repository=umbrella/shop'].map((what) => ['GET', `/config/ACCOUNT/audit${what}`] as const),
      ...['/deploy', '/deploy/validate'].map((path) => ['POST', path, { ...DEPLOY, repository: 'umbrella/NAME' }] as const),
    ]
    const asked = async (id: string, name: string, [method, path, body]: (typeof asks)[number]): Promise<string> => {
      const account = path.includes('ACCOUNT') ? (name === 'shop' ? 'umbrella' : 'nowhere') : 'ACCOUNT'
      const put = (text: string): string => text.replaceAll('ID', id).replaceAll('NAME', name).replaceAll('ACCOUNT', account)
      const answer = await api.calls(method, put(path), { authorization: ours }, body && put(JSON.stringify(body)))
      return `${answer.status} ${answer.text.replaceAll(id, 'ID').replaceAll(name, 'NAME').replaceAll(account, 'ACCOUNT')}`.replace(
        /"requestId":"[^"]*"/,
        '',
      )
    }
    for (const [nth, id] of ids.slice(0, 2).entries())
      for (const one of asks) {
        // One caller may not ask so often, and what an account keeps has no ids.
        if (nth > 0 && one[1].startsWith('/config/')) continue
        const [yours, none] = [await asked(id, 'shop', one), await asked(id.replaceAll(/[0-9a-f](?=.{0,8}$)/g, 'z'), 'none', one)]
        checks.that(yours.startsWith('404 ') && yours === none, `${one[0]} ${one[1]}: "${yours}" of another's, "${none}" of nobody's`)
      }
    return `${asks.length} routes, each answered with 404 and in the same words as for what is not there`
  }),
}

const d10: Scenario = {
  id: 'D10',
  tried: 'lists with wildcards, cursors of another tenant’s pages, other fields, negative and huge limits',
  run: withApi(async (api) => {
    const { checks } = api
    const { ours, theirs } = await twoPrivate(api)
    const list = async (token: string, query: string) => api.calls('GET', `/deployments?${query}`, { authorization: token })
    const theirPage = JSON.parse((await list(theirs, 'repository=umbrella/shop&limit=1')).text) as { readonly next: string }
    const own = [
      ...['%25', '_', '*', 'stag%25', '%27%20or%201=1--', 'staging%27'].map((environment) => `repository=acme/shop&environment=${environment}`),
      ...[theirPage.next, 'zzzzzzzz', '0', '1'].map((cursor) => `repository=acme/shop&cursor=${cursor}`),
      'repository=acme/shop&limit=100',
    ]
    let rows = 0
    for (const query of own) {
      const { status, text } = await list(ours, query)
      const { deployments } = JSON.parse(text) as { readonly deployments: readonly { readonly repository: string }[] }
      rows += deployments.length
      checks.that(status === 200 && deployments.every(({ repository }) => repository === 'acme/shop'), `${query}: ${status}, rows of others`)
      if (query.includes('environment=')) checks.that(deployments.length === 0, `${query}: a pattern fits`)
    }
    checks.that(rows >= 3, `only ${rows} rows were seen at all`)
    const bad = [
      'limit=0',
      'limit=-1',
      'limit=101',
      'limit=1e9',
      'limit=x',
      'cursor=-1',
      'cursor=%00',
      `cursor=${'9'.repeat(30)}`,
      'state=%25',
      'sort=id',
      'repository=umbrella/shop',
    ]
    for (const query of bad) api.isProblem(query, await list(ours, `repository=acme/shop&${query}`), [400, 422])
    api.isProblem('of another', await list(ours, 'repository=umbrella/shop'), [404])
    return `${own.length} lists with rows of one's own alone (${rows}), ${bad.length} refused`
  }),
}

export const tenants: readonly Scenario[] = [d01, d02, d03, d04, d05, d06, d08, d09, d10]
