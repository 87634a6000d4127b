import { expect, story, type Cast } from '../story.ts'
import { newId } from '../../src/runtime/entropy.ts'
import { createApiTokens } from '../../src/store/api-tokens.ts'
import type { ApiTokens, WantedToken } from '../../src/deploy/api-token.ts'
import { MAC } from '../world/mac.ts'
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

const tokensIn = ({ world }: Cast): ApiTokens => createApiTokens(world.disk, { mac: MAC, random: newId })

async function hands(cast: Cast, changes: Partial<WantedToken> = {}): Promise<string> {
  const { ada, github, time } = cast
  const wanted: WantedToken = {
    ...{ account: github.repository.owner.id, name: 'ci', repositories: [github.repository.id], environments: ['staging'] },
    ...{ actions: ['read', 'deploy'], madeBy: ada.person.account, expiresAt: time.now() + 86_400_000, ...changes },
  }
  const made = await tokensIn(cast).make({ ...wanted, madeBy: { id: wanted.madeBy.id, login: wanted.madeBy.login } }, time.now())
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

story('a token does only what it was made for, in its environments and repositories', async (cast) => {
  await names(cast, 'token:ci', 'token:prod', 'token:look', 'token:other')
  const [token, prod, look, other, foreign, nameless] = [
    await hands(cast),
    await hands(cast, { name: 'prod', environments: ['production'] }),
    await hands(cast, { name: 'look', actions: ['read'] }),
    await hands(cast, { name: 'other', repositories: [1] }),
    await hands(cast, { name: 'foreign', account: 99, repositories: null }),
    await hands(cast, { name: 'nameless', repositories: null }),
  ]
  const done = await deploys(cast, () => token)
  const told: Record<string, unknown> = {}
  for (const [name, one] of Object.entries({ prod, look, other, foreign, nameless })) {
    const { body } = await deploys(cast, () => one)
    told[name] = [body.code ?? body.problem?.code, body.detail ?? body.problem?.detail, (await calls(cast, one, 'GET', done.body.links.self)).status]
  }
  expect(told).toMatchInlineSnapshot(`
    {
      "foreign": [
        "REPOSITORY_UNKNOWN",
        "There is no repository "acme/shop" here.",
        404,
      ],
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
    }
  `)
})

story('a token that is revoked is nobody at once, also for what it has asked and what still waits', async (cast) => {
  const { world, grace, github, time } = cast
  await names(cast, 'token:ci')
  const rules = '    allow: { any: [token:ci] }\n    approvals: { count: 1 }\n    url: https://staging'
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', rules))
  const token = await hands(cast)
  const waiting = await deploys(cast, () => token)
  expect(waiting.body.state).toBe('waiting')
  tokensIn(cast).revoke(github.repository.owner.id, 'ci', grace.person.account, time.now())
  expect((await calls(cast, token, 'GET', waiting.body.links.self)).status).toBe(401)
  await grace.calls('POST', `/deploy/${waiting.body.id}/approve`, {})
  const { body } = await grace.calls('GET', waiting.body.links.self)
  expect([body.state, body.problem?.code, body.problem?.detail]).toEqual(['refused', 'PERMISSION_REQUIRED', 'The token ci was revoked.'])
  expect(world.github.repository.deployments).toHaveLength(1)
})
