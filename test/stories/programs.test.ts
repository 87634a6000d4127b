import { expect, story, type Cast } from '../story.ts'
import { newId } from '../../src/runtime/entropy.ts'
import { createApiTokens } from '../../src/store/api-tokens.ts'
import { createRepository, give, join } from '../world/github/population.ts'
import { MAC } from '../world/mac.ts'
import { newKey } from '../world/vault.ts'
import { servesAt } from '../world/facts.ts'
import type { Job } from '../world/github/actions.ts'
import { DEPLOY_YML, type Called } from '../world/world.ts'

// Programs that deploy in their own name: the rules name them. A workflow's token is spent by what died before its answer, so those stories have no deaths.

const GANTRY = 'https://gantry.example'
const STAGING = { repository: 'acme/shop', environment: 'staging', image: ':1.2' }

/** Gantry knows its own address, and staging lets these in. */
async function names({ world, github, registry }: Cast, ...parties: string[]): Promise<void> {
  const rules = `    allow: { any: [${parties.join(', ')}] }\n    url: https://staging`
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', rules))
  await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
  world.url = GANTRY
  await world.dies()
}

/** A program calls, and everything comes to rest. */
async function calls({ world }: Cast, token: string, method: string, path: string, body?: object, headers = {}): Promise<Called> {
  const called = await world.calls(method, path, body, { authorization: `Bearer ${token}`, ...headers })
  await world.settle()
  return called
}
const jobs = ({ github, ada }: Cast, job: Job = {}): string => github.actions.token(ada.person, GANTRY, job)

let keys = 0

/** What became of it. */
async function deploys(cast: Cast, token: () => string, body: object = STAGING): Promise<Called> {
  const asked = await calls(cast, token(), 'POST', '/deploy', body, { 'idempotency-key': `k${(keys += 1)}` })
  return asked.status === 202 ? calls(cast, token(), 'GET', asked.headers.get('location') ?? '') : asked
}

story.once('a workflow that the rules name deploys, for the commit that it runs for', async (cast) => {
  const { github, world, ada } = cast
  await names(cast, 'workflow:release.yml')
  const built = github.repository.branches.get('main')
  const token = (): string => jobs(cast, { sha: built ?? '' })
  // The branch has moved on since.
  github.has('README.md', 'more')
  const done = await deploys(cast, token)
  expect(done.body).toMatchObject({
    ...{ state: 'success', commit: built, requestedThrough: 'api' },
    requestedBy: { id: ada.person.id, login: 'ada', program: { kind: 'workflow', name: 'release.yml' } },
  })
  expect(done.body.headline).toMatch(/^ada's workflow release\.yml deployed registry\.test\/acme\/shop:1\.2 \(sha256:[0-9a-f]{12}\) to staging in /)
  expect(await servesAt(world, '/')).toBe('1.2')
  expect(github.repository.deployments).toHaveLength(1)
})

story.once('a workflow that no rule names, of another branch or for another environment, is refused like anybody', async (cast) => {
  await names(cast, 'workflow:release.yml')
  const wrong: readonly Job[] = [{ file: 'ci.yml' }, { ref: 'refs/heads/checkout' }, { environment: 'production' }, { ref: 'refs/tags/v1' }]
  const told: unknown[] = []
  for (const job of wrong) {
    const { body } = await deploys(cast, () => jobs(cast, job))
    told.push([body.state, body.problem?.code ?? body.code, body.problem?.detail, body.problem?.fix])
  }
  expect(told).toMatchInlineSnapshot(`
    [
      [
        "refused",
        "PERMISSION_REQUIRED",
        "The workflow ci.yml on refs/heads/main may not deploy here.",
        "Name workflow:ci.yml under allow.any of the environment, or ask somebody who may to deploy.",
      ],
      [
        "refused",
        "PERMISSION_REQUIRED",
        "The workflow release.yml on refs/heads/checkout may not deploy here.",
        "Name workflow:release.yml@checkout under allow.any of the environment, or ask somebody who may to deploy.",
      ],
      [
        "refused",
        "PERMISSION_REQUIRED",
        "The workflow release.yml on refs/heads/main is not for staging.",
        "Ask for an environment that it is for, or use another token.",
      ],
      [
        "refused",
        "REF_NOT_FOUND",
        "This repository has no branch or tag called v1.",
        "Check the name after --ref.",
      ],
    ]
  `)
  expect(cast.registry.requests).toEqual([])
})

story.once('a token of GitHub Actions changes something once, and what it has begun it may follow', async (cast) => {
  const { github, world } = cast
  await names(cast, 'workflow:release.yml')
  const token = jobs(cast)
  const first = await calls(cast, token, 'POST', '/deploy', STAGING)
  const again = await calls(cast, token, 'POST', '/deploy', STAGING)
  expect([first.status, again.status, again.body.code]).toEqual([202, 401, 'AUTHENTICATION_REQUIRED'])
  expect((await calls(cast, token, 'GET', first.body.links.self)).body.state).toBe('success')
  await world.dies()
  expect((await calls(cast, token, 'POST', '/deploy', STAGING)).status).toBe(401)
  expect(github.repository.deployments).toHaveLength(1)
})

story.once('another repository is not there for a workflow, and neither is another account', async (cast) => {
  const { github, mallory } = cast
  await names(cast, 'workflow:release.yml')
  const done = await deploys(cast, () => jobs(cast))
  const fork = github.forks(mallory.person)
  const theirs = (): string => github.actions.token(mallory.person, GANTRY, { repository: fork })
  const claims = (changes: object): string => github.actions.signs({ ...github.actions.claims(cast.ada.person, GANTRY), ...changes })
  for (const token of [theirs, () => claims({ repository_owner_id: '99' }), () => claims({ repository_id: '99' })]) {
    expect((await calls(cast, token(), 'POST', '/deploy', STAGING)).body.code).toBe('REPOSITORY_UNKNOWN')
    expect((await calls(cast, token(), 'GET', done.body.links.self)).body.code).toBe('DEPLOYMENT_UNKNOWN')
    expect((await calls(cast, token(), 'POST', `/deploy/${done.body.id}/retry`, {})).body.code).toBe('DEPLOYMENT_UNKNOWN')
  }
  expect(github.repository.deployments).toHaveLength(1)
})

story.once('workflows of a repository without the App have GitHub asked about its own name alone, whatever they name', async (cast) => {
  const { github, mallory } = cast
  await names(cast, 'workflow:release.yml')
  const foreign = createRepository(github.state, join(github.state, 'elsewhere', 'Organization'), { name: 'x' }, github.now())
  const [before, told] = [github.calls.length, new Set<unknown>()]
  for (let nth = 0; nth < 30; nth += 1) {
    const token = github.actions.token(mallory.person, GANTRY, { repository: foreign, file: `f${nth % 3}.yml`, sha: '1'.repeat(40) })
    const name = nth % 2 === 0 ? `acme/none-${nth}` : 'Elsewhere/x'
    told.add((await calls(cast, token, 'GET', `/deployments?repository=${name}`)).body.code)
  }
  expect([told, github.calls.slice(before).map(({ path }) => path)]).toEqual([new Set(['REPOSITORY_UNKNOWN']), ['/repos/Elsewhere/x/installation']])
})

story.once('tokens are written down as spent within the limit of their repository, whatever file they are for, and not above it', async (cast) => {
  const { world, time } = cast
  await names(cast, 'workflow:release.yml')
  const rows = () => world.disk.all('select count(*) as count from spent_token')[0]?.['count']
  const asks = (job: Job) => calls(cast, jobs(cast, job), 'POST', '/deploy', { ...STAGING, repository: 'acme/none' })
  const statuses = []
  for (let nth = 0; nth < 80; nth += 1) statuses.push((await asks({ file: `f${nth % 4}.yml` })).status)
  expect([statuses.filter((status) => status === 429).length, rows()]).toEqual([20, 60])
  // What was refused for that is good for a change still.
  const token = jobs(cast)
  const deploys = () => calls(cast, token, 'POST', '/deploy', STAGING)
  expect((await deploys()).status).toBe(429)
  await time.passes('10 seconds')
  expect([(await deploys()).status, (await deploys()).body.code]).toEqual([202, 'AUTHENTICATION_REQUIRED'])
  // And each is forgotten once nobody would take it any more.
  await time.passes('7 minutes')
  expect([(await asks({})).status, rows()]).toEqual([404, 1])
})

story.once('whatever file they are for, the workflows of a repository listen fifty times at once and no more', async (cast) => {
  await names(cast, 'workflow:release.yml')
  const rules = '    allow: { any: [workflow:release.yml] }\n    approvals: { count: 1 }\n    url: https://staging'
  cast.github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', rules))
  const { body } = await deploys(cast, () => jobs(cast))
  expect(body.state).toBe('waiting')
  const statuses = []
  for (let nth = 0; nth < 51; nth += 1) {
    const headers = { authorization: `Bearer ${jobs(cast, { file: `f${nth % 3}.yml` })}` }
    const answer = await cast.world.life.gantry.web!.fetch(new Request(`${GANTRY}/deploy/status/${body.id}/events`, { headers }))
    statuses.push(answer.status)
  }
  expect([new Set(statuses.slice(0, 50)), statuses[50]]).toEqual([new Set([200]), 429])
  expect((await calls(cast, jobs(cast), 'POST', `/deploy/${body.id}/cancel`, {})).status).toBe(202)
})

story.once('a tag that is called like a branch does not lend its name to another commit', async (cast) => {
  const { github, ada } = cast
  await names(cast, '"workflow:release.yml@refs/tags/*"')
  const rules = '    allow: { any: ["workflow:release.yml@refs/tags/*"] }\n    from: { branches: [main] }\n    url: https://staging'
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', rules))
  const evil = ada.person.pushes('checkout')
  github.tags('main', evil)
  github.tags('v1', evil)
  const [named, other] = [
    await deploys(cast, () => jobs(cast, { ref: 'refs/tags/main', sha: evil })),
    await deploys(cast, () => jobs(cast, { ref: 'refs/tags/v1', sha: evil })),
  ]
  expect([named.body.problem.code, other.body.problem.code, github.repository.deployments]).toEqual(['REF_NOT_FOUND', 'BRANCH_REFUSED', []])
})

story.once('an Idempotency-Key is a workflow’s own, on its ref and for its commit', async (cast) => {
  const { github } = cast
  await names(cast, '"workflow:release.yml@**"')
  const key = { 'idempotency-key': 'r-1' }
  const asks = (job: Job) => calls(cast, jobs(cast, job), 'POST', '/deploy', { ...STAGING, ref: 'main' }, key)
  const [branch, main] = [await asks({ ref: 'refs/heads/checkout' }), await asks({})]
  expect([main.status, main.body.id === branch.body.id, (await asks({})).body.id === main.body.id]).toEqual([202, false, true])
  const mine = (job: Job) => calls(cast, jobs(cast, job), 'POST', '/deploy', STAGING, { 'idempotency-key': 'r-2' })
  const first = await mine({})
  github.has('README.md', 'more')
  expect([first.status, (await mine({})).body.code]).toEqual([202, 'IDEMPOTENCY_KEY_REUSED'])
})

story.once('who runs a workflow again is known to nobody, so nobody can be a second person', async (cast) => {
  const { github } = cast
  await names(cast, 'workflow:release.yml')
  const rules = '    allow: { any: [workflow:release.yml] }\n    approvals: { count: 1 }\n    url: https://staging'
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', rules))
  const again = (): string => github.actions.signs({ ...github.actions.claims(cast.ada.person, GANTRY), run_attempt: '2' })
  expect((await deploys(cast, again)).body.problem).toMatchObject({ code: 'APPROVAL_NOT_ALLOWED', fix: 'Begin a new run of the workflow.' })
})

story.once('whoever started a workflow is no second person to it, and no workflow is one', async (cast) => {
  const { github, ada, grace } = cast
  await names(cast, 'workflow:release.yml')
  const rules = '    allow: { any: [workflow:release.yml] }\n    approvals: { count: 1 }\n    url: https://staging'
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', rules))
  const waiting = await deploys(cast, () => jobs(cast))
  expect(waiting.body.state).toBe('waiting')
  const approve = `/deploy/${waiting.body.id}/approve`
  const other = (): string => github.actions.token(grace.person, GANTRY)
  expect((await calls(cast, other(), 'POST', approve, {})).body).toMatchObject({
    code: 'APPROVAL_NOT_ALLOWED',
    detail: 'the workflow release.yml on refs/heads/main may not approve this deployment.',
  })
  expect((await ada.calls('POST', approve, {})).body).toMatchObject({ code: 'APPROVAL_NOT_ALLOWED', found: 'the requester of this change' })
  expect((await grace.calls('POST', approve, {})).status).toBe(202)
  expect((await ada.calls('GET', waiting.body.links.self)).body.state).toBe('success')
})

const TOKENS = '/config/acme/tokens'
const MADE_FOR = { name: 'ci', repositories: ['acme/shop'], environments: ['staging'], actions: ['read', 'deploy'], days: 1 }

/** grace, who owns acme, makes one. */
async function hands({ grace }: Cast, changes: object = {}): Promise<string> {
  const made = await grace.calls('POST', TOKENS, { ...MADE_FOR, ...changes })
  expect([made.status, made.body.code]).toEqual([201, undefined])
  return made.body.token
}

/** One of another account, whoever has made it. */
async function foreign({ world, time, mallory }: Cast): Promise<string> {
  const scope = { name: 'ci', repositories: null, environments: ['*'], actions: ['read', 'deploy'] as const, expiresAt: time.now() + 86_400_000 }
  const tokens = createApiTokens(world.disk, { mac: MAC, random: newId })
  const made = await tokens.make({ account: 99, ...scope, madeBy: { id: mallory.person.id, login: 'mallory' } }, time.now())
  return made?.secret.reveal() ?? ''
}

story('an API token that the rules name deploys where it was made for', async (cast) => {
  const { world, bot } = cast
  await names(cast, 'token:ci')
  const token = await hands(cast)
  const done = await deploys(cast, () => token, { ...STAGING, issue: world.pull.number, expect: world.pull.pull?.head })
  expect(done.body).toMatchObject({ state: 'success', requestedBy: { program: { kind: 'token', name: 'ci' } } })
  expect(bot.says()).toContain('the token ci deployed')
  expect(await servesAt(world, '/')).toBe('1.2')
})

story.once('a token does only what it was made for, in its environments and repositories', async (cast) => {
  await names(cast, 'token:ci', 'token:prod', 'token:look', 'token:other')
  const { github, grace } = cast
  github.installation.repositories.add(createRepository(github.state, github.repository.owner, { name: 'other' }, github.now()).id)
  give(
    [...github.state.repositories.values()].find(({ name }) => name === 'other')!,
    grace.person.account,
    'admin',
  )
  const [token, prod, look, other, theirs, nameless] = [
    await hands(cast),
    await hands(cast, { name: 'prod', environments: ['production'] }),
    await hands(cast, { name: 'look', actions: ['read'] }),
    await hands(cast, { name: 'other', repositories: ['acme/other'] }),
    await foreign(cast),
    await hands(cast, { name: 'nameless', repositories: 'all' }),
  ]
  const done = await deploys(cast, () => token)
  const told: Record<string, unknown> = {}
  for (const [name, one] of Object.entries({ prod, look, other, theirs, nameless })) {
    const { body } = await deploys(cast, () => one)
    told[name] = [body.code ?? body.problem?.code, body.detail ?? body.problem?.detail, (await calls(cast, one, 'GET', done.body.links.self)).status]
  }
  expect(told).toMatchInlineSnapshot(`
    {
      "look": [
        "PERMISSION_REQUIRED",
        "The token look is not for that.",
        200,
      ],
      "nameless": [
        "PERMISSION_REQUIRED",
        "The token nameless may not deploy here.",
        200,
      ],
      "other": [
        "REPOSITORY_UNKNOWN",
        "There is no repository "acme/shop" here.",
        404,
      ],
      "prod": [
        "PERMISSION_REQUIRED",
        "The token prod is not for staging.",
        200,
      ],
      "theirs": [
        "REPOSITORY_UNKNOWN",
        "There is no repository "acme/shop" here.",
        404,
      ],
    }
  `)
})

story('a token that is revoked is nobody at once, also for what it has asked and what still waits', async (cast) => {
  const { world, ada, grace, github } = cast
  await names(cast, 'token:ci')
  const rules = '    allow: { any: [token:ci] }\n    approvals: { count: 1 }\n    url: https://staging'
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', rules))
  const token = await hands(cast)
  const waiting = await deploys(cast, () => token)
  expect(waiting.body.state).toBe('waiting')
  expect((await grace.calls('DELETE', `${TOKENS}/ci`)).body).toMatchObject({ name: 'ci', lastUsedAt: expect.any(String) })
  expect((await calls(cast, token, 'GET', waiting.body.links.self)).status).toBe(401)
  // Whoever made it asked by it.
  expect((await grace.calls('POST', `/deploy/${waiting.body.id}/approve`, {})).body.found).toBe('the requester of this change')
  await ada.calls('POST', `/deploy/${waiting.body.id}/approve`, {})
  const { body } = await ada.calls('GET', waiting.body.links.self)
  expect([body.state, body.problem?.code, body.problem?.detail]).toEqual(['refused', 'PERMISSION_REQUIRED', 'The token ci was revoked.'])
  expect(world.github.repository.deployments).toHaveLength(1)
})

story.once('an administrator makes tokens, sees what became of them, and revokes them', async (cast) => {
  const { grace, ada, world, time } = cast
  await names(cast, 'token:ci')
  const made = await grace.calls('POST', TOKENS, MADE_FOR)
  expect(made.body).toMatchObject({
    ...{ name: 'ci', repositories: [{ id: world.github.repository.id, name: 'acme/shop' }], madeBy: { login: 'grace' }, lastUsedAt: null },
    token: expect.stringMatching(/^gantry_/),
  })
  expect((await grace.calls('POST', TOKENS, MADE_FOR)).body.code).toBe('TOKEN_EXISTS')
  const listed = async () => (await grace.calls('GET', TOKENS)).body.tokens
  expect(await listed()).toEqual([{ ...made.body, token: undefined }])
  const { token } = made.body
  expect(world.logged.some((line) => line.includes(token))).toBe(false)
  expect(JSON.stringify(world.disk.all('select * from api_token'))).not.toContain(token.split('_')[3])
  await calls(cast, token, 'GET', '/deployments?repository=acme/shop')
  expect((await listed())[0].lastUsedAt).not.toBeNull()
  await time.passes('25 hours')
  expect((await calls(cast, token, 'GET', '/deployments?repository=acme/shop')).status).toBe(401)
  expect((await grace.calls('POST', TOKENS, MADE_FOR)).status).toBe(201)
  expect((await grace.calls('DELETE', `${TOKENS}/ci`)).status).toBe(200)
  expect((await grace.calls('DELETE', `${TOKENS}/ci`)).body.code).toBe('TOKEN_UNKNOWN')
  expect((await ada.calls('POST', TOKENS, MADE_FOR)).body.code).toBe('PERMISSION_REQUIRED')
  const { records } = (await grace.calls('GET', '/config/acme/audit')).body
  expect(records.map(({ action, by }: { action: string; by: { login: string } }) => `${action} by ${by.login}`)).toEqual([
    'API token revoked by grace',
    'API token made by grace',
    'API token made by grace',
  ])
})

story.once('a token keeps credentials where it was made for that, and nothing else of the account', async (cast) => {
  const { grace, world } = cast
  world.keys = [newKey('k1')]
  await names(cast, 'token:ci')
  expect((await grace.calls('POST', TOKENS, { ...MADE_FOR, actions: ['configure'] })).body.code).toBe('REQUEST_INVALID')
  const token = await hands(cast, { actions: ['configure'], repositories: 'all', environments: ['*'] })
  const declared = { registry: 'registry.example.com', username: 'x', password: { value: 'a-password' } }
  const put = await calls(cast, token, 'PUT', '/config/acme/credentials/ghcr?untested=true', declared)
  expect([put.status, (await calls(cast, token, 'GET', '/config/acme/credentials')).body.credentials]).toMatchObject([201, [{ name: 'ghcr' }]])
  const others: Record<string, unknown> = {}
  for (const [method, path, body] of [
    ['GET', TOKENS, undefined],
    ['POST', TOKENS, MADE_FOR],
    ['DELETE', `${TOKENS}/ci`, undefined],
    ['GET', '/config/acme/audit', undefined],
    ['POST', '/config/acme/backup', {}],
    ['GET', '/config/mallory/credentials', undefined],
    ['POST', '/deploy', STAGING],
    ['GET', '/deployments?repository=acme/shop', undefined],
  ] as const)
    others[`${method} ${path}`] = (await calls(cast, token, method, path, body)).body.code
  expect(others).toMatchInlineSnapshot(`
    {
      "DELETE /config/acme/tokens/ci": "ACCOUNT_UNKNOWN",
      "GET /config/acme/audit": "ACCOUNT_UNKNOWN",
      "GET /config/acme/tokens": "ACCOUNT_UNKNOWN",
      "GET /config/mallory/credentials": "ACCOUNT_UNKNOWN",
      "GET /deployments?repository=acme/shop": "PERMISSION_REQUIRED",
      "POST /config/acme/backup": "ACCOUNT_UNKNOWN",
      "POST /config/acme/tokens": "ACCOUNT_UNKNOWN",
      "POST /deploy": "PERMISSION_REQUIRED",
    }
  `)
  const only = await hands(cast, { name: 'deploys' })
  expect((await calls(cast, only, 'GET', '/config/acme/credentials')).body.code).toBe('PERMISSION_REQUIRED')
  const [record] = (await grace.calls('GET', '/config/acme/audit')).body.records.filter(
    ({ action }: { action: string }) => action === 'declaration kept',
  )
  expect(record.by.login).toBe('the token ci')
})
