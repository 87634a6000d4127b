import { describe, expect, test } from 'vitest'
import { screenplay } from '../../world/screenplay.ts'
import { at, caller, newGitHub } from './world.ts'

const DEPLOYMENTS = 'POST /repos/{owner}/{repo}/deployments'
const deploy = (world: ReturnType<typeof newGitHub>) => world.call('POST /repos/acme/shop/deployments', { ref: 'main', required_contexts: [] })

describe('trouble', () => {
  test('502 twice, before anything is done', async () => {
    const world = newGitHub()
    world.github.answers(502).to(DEPLOYMENTS).times(2)
    expect([(await deploy(world)).status, (await deploy(world)).status, (await deploy(world)).status]).toEqual([502, 502, 201])
    expect(world.github.repository.deployments).toHaveLength(1)
  })

  test('502 after doing the work', async () => {
    const world = newGitHub()
    world.github.answers(502).to(DEPLOYMENTS).afterDoingTheWork()
    expect((await deploy(world)).status).toBe(502)
    expect(world.github.repository.deployments).toHaveLength(1)
  })

  test('a dropped connection, as fetch says it', async () => {
    const world = newGitHub()
    world.github.drops().to(DEPLOYMENTS)
    await expect(deploy(world)).rejects.toThrow('fetch failed')
    expect((await deploy(world)).status).toBe(201)
    expect(world.github.calls.map((one) => one.status)).toEqual([0, 201])
  })

  test('no answer until the caller gives up', async () => {
    const { github, token } = newGitHub()
    github.hangs()
    const patience = new AbortController()
    const asked = github.fetch('https://api.github.com/repos/acme/shop/deployments', {
      signal: patience.signal,
      headers: { authorization: `token ${token}` },
    })
    patience.abort()
    await expect(asked).rejects.toThrow()
  })

  test('an answer of one’s own, until it is over', async () => {
    const { github, call } = newGitHub()
    const trouble = github.answers(200, {}).to('GET /repos/{owner}/{repo}/collaborators/{username}/permission').always()
    const ask = async () => (await call('GET /repos/acme/shop/collaborators/ada/permission')).body
    expect([await ask(), await ask()]).toEqual([{}, {}])
    trouble.over()
    expect(at(await ask(), 'permission')).toBe('write')
  })

  test('a rate limit says how long, and counts who does not listen', async () => {
    const world = newGitHub()
    const limit = world.github.rateLimits(60, DEPLOYMENTS)
    const refused = await deploy(world)
    expect([refused.status, refused.headers.get('retry-after'), at(refused.body, 'message')]).toEqual([
      403,
      '60',
      expect.stringContaining('secondary rate limit'),
    ])
    expect(limit.ignored).toBe(0)
    world.clock.passes(20_000)
    expect((await deploy(world)).headers.get('retry-after')).toBe('40')
    expect(limit.ignored).toBe(1)
    world.clock.passes(40_000)
    expect((await deploy(world)).status).toBe(201)
  })

  test('a wrong call is a violation in the middle of trouble too', async () => {
    const { github, call } = newGitHub()
    github.answers(502)
    await call('POST /repos/acme/shop/deployments', { reff: 'main' }).catch(() => undefined)
    expect(() => github.verdict()).toThrow('no field "reff"')
  })
})

test('reads that lag see GitHub as it was', async () => {
  const { github, call, ask, clock } = newGitHub()
  const { number } = github.people.ada.opensPullRequest({ branch: 'checkout' })
  const old = github.repository.branches.get('checkout')
  github.lags(30_000, 'GET /repos/{owner}/{repo}/pulls/{pull_number}', 'query')
  const next = github.people.ada.pushes('checkout')
  const byRest = async () => at((await call(`GET /repos/acme/shop/pulls/${number}`)).body, 'head', 'sha')
  const query = `{ repository(owner: "acme", name: "shop") { pullRequest(number: ${number}) { headRefOid } } }`
  const byGraphql = async () => at(await ask(query), 'data', 'repository', 'pullRequest', 'headRefOid')
  expect([await byRest(), await byGraphql()]).toEqual([old, old])
  expect(at((await call('GET /repos/acme/shop/activity?ref=checkout')).body, 0, 'after')).toBe(next)
  clock.passes(30_000)
  expect([await byRest(), await byGraphql()]).toEqual([next, next])
})

test('what did not change answers 304 to whoever has seen it', async () => {
  const { github, call } = newGitHub()
  github.has('.github/deploy.yml', 'version: 1')
  const path = 'GET /repos/acme/shop/contents/.github/deploy.yml'
  const first = await call(path)
  expect(Buffer.from(String(at(first.body, 'content')), 'base64').toString()).toBe('version: 1')
  expect((await call(path, undefined, { 'if-none-match': first.headers.get('etag') ?? '' })).status).toBe(304)
})

describe('over real HTTP', () => {
  test('REST and GraphQL, plain and below GitHub Enterprise’s prefixes', async () => {
    const { github, token } = newGitHub()
    const server = await github.serve()
    const headers = { authorization: `bearer ${token}` }
    const body = JSON.stringify({ query: '{ viewer { login } }' })
    for (const [rest, graphql] of [
      ['', '/graphql'],
      ['/api/v3', '/api/graphql'],
    ]) {
      const permission = await fetch(`${server.url}${rest}/repos/acme/shop/collaborators/grace/permission`, { headers })
      expect(at(await permission.json(), 'role_name')).toBe('admin')
      const viewer = await fetch(`${server.url}${graphql}`, { method: 'POST', headers, body })
      expect(await viewer.json()).toEqual({ data: { viewer: { login: 'gantry[bot]' } } })
    }
    github.drops()
    await expect(fetch(`${server.url}/repos/acme/shop/deployments`, { headers })).rejects.toThrow('fetch failed')
    expect((await fetch(`${server.url}/nothing`)).status).toBe(500)
    expect(() => github.verdict()).toThrow('the bot called GET /nothing')
    await server.close()
  })
})

test('the screenplay says who said what, and which calls were made', async () => {
  const { github, token } = newGitHub()
  const { call, ask } = caller(github, token)
  const { ada, trent } = github.people
  const pull = ada.opensPullRequest({ title: 'Faster checkout' })
  trent.labels(pull.number, 'deploy')
  const comment = ada.comments(pull.number, '/deploy staging\nplease')
  await call(`POST /repos/acme/shop/issues/comments/${comment.id}/reactions`, { content: 'eyes' })
  await call(`POST /repos/acme/shop/issues/${pull.number}/comments`, { body: 'Deploying' })
  await ask('mutation($id: ID!) { updateIssueComment(input: { id: $id, body: "Deployed" }) { clientMutationId } }', {
    id: pull.comments.at(-1)?.node,
  })
  await call('POST /repos/acme/shop/deployments', { ref: 'main', required_contexts: [], environment: 'staging' })
  await call(`POST /repos/acme/shop/deployments/${github.repository.deployments[0]?.id}/statuses`, {
    state: 'success',
    environment_url: 'https://shop.example.com',
  })
  const text = screenplay(github, pull.number)
    .replaceAll(/\b[0-9a-f]{7}\b/g, 'COMMIT')
    .replaceAll(/\d{4,}/g, 'ID')
  expect(text).toMatchInlineSnapshot(`
    "#1 Faster checkout (open pull request of @ada, labelled deploy)

    @ada: [eyes by @gantry[bot]]
        /deploy staging
        please

    @gantry[bot] (edited once):
        Deployed

    Deployment of COMMIT to staging: created → success https://shop.example.com

    Calls to GitHub, in order:
      1. POST /repos/acme/shop/issues/comments/ID/reactions → 201
      2. POST /repos/acme/shop/issues/1/comments → 201
      3. POST /graphql updateIssueComment → 200
      4. POST /repos/acme/shop/deployments → 201
      5. POST /repos/acme/shop/deployments/ID/statuses → 201"
  `)
})
