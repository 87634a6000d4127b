import { expect, story, type Cast, type Character } from '../story.ts'
import { newKey } from '../world/vault.ts'
import { DEPLOY_YML, type Called } from '../world/world.ts'

// Every route of `/openapi.json` for every kind of caller, as one table.

const GANTRY = 'https://gantry.example'
const RULES = `    allow: { any: [user:ada, user:grace, user:trent, workflow:release.yml, token:ci, token:reads] }
    approvals: { count: 1 }
    queue: all
    url: https://staging`
const DEPLOY = { repository: 'acme/shop', environment: 'staging', image: ':1.2' }
const TOKEN = { name: 'ci', repositories: ['acme/shop'], environments: ['staging'], actions: ['read', 'deploy'], days: 1 }

type Call = (method: string, path: string, body?: object) => Promise<Called>

/** What a route is asked with; the rest of them has no body. */
const BODIES: Readonly<Record<string, object>> = {
  ...{ 'POST /deploy': DEPLOY, 'POST /deploy/validate': DEPLOY, 'POST /deploy/{id}/reject': { reason: 'no' } },
  'PUT /config/{account}/credentials/{name}': { registry: 'registry.example.com', username: 'x', password: { value: 'a-password' } },
  'PUT /config/{account}/targets/{name}': { kind: 'docker', host: 'tcp://engine.example.com:2376', plain_http: true },
  'POST /config/{account}/tokens': { ...TOKEN, name: 'another' },
  'POST /config/{account}/credentials/{name}/test': { images: ['registry.example.com/acme/shop:1'] },
  'POST /config/{account}/restore': { backup: { format: 'x', account: 1, madeAt: 1, key: 'k', wrapped: 'x', sealed: 'x' } },
}
const QUERIES: Readonly<Record<string, string>> = {
  'GET /deployments': '?repository=acme/shop',
  'PUT /config/{account}/credentials/{name}': '?untested=true',
  'PUT /config/{account}/targets/{name}': '?untested=true',
}

async function everybody(cast: Cast): Promise<Readonly<Record<string, Call>>> {
  const { ada, grace, trent, mallory, eve, github, world } = cast
  const withToken =
    (token: () => string): Call =>
    async (method, path, body) => {
      const called = await world.calls(method, path, body, { authorization: `Bearer ${token()}` })
      await world.settle()
      return called
    }
  const as =
    (who: Character): Call =>
    (method, path, body) =>
      who.calls(method, path, body)
  const makes = async (changes: object): Promise<string> => (await grace.calls('POST', '/config/acme/tokens', { ...TOKEN, ...changes })).body.token
  const [ci, reads, keeps, gone] = [
    await makes({}),
    await makes({ name: 'reads', actions: ['read'] }),
    await makes({ name: 'keeps', actions: ['configure'], repositories: 'all', environments: ['*'] }),
    await makes({ name: 'gone' }),
  ]
  await grace.calls('DELETE', '/config/acme/tokens/gone')
  const fork = github.forks(mallory.person)
  const runs = (job: object) => withToken(() => github.actions.token(ada.person, GANTRY, job))
  return {
    nobody: (method, path, body) => world.calls(method, path, body, {}),
    'a forged token': withToken(() => `${ci.slice(0, -1)}${ci.endsWith('0') ? '1' : '0'}`),
    'a revoked token': withToken(() => gone),
    'a workflow of a fork': withToken(() => github.actions.token(mallory.person, GANTRY, { repository: fork })),
    'a workflow of a pull request': runs({ event: 'pull_request' }),
    'a workflow of another branch': runs({ ref: 'refs/heads/checkout' }),
    'the workflow': runs({}),
    ...{ 'the token': withToken(() => ci), 'a token that reads': withToken(() => reads), 'a token that keeps': withToken(() => keeps) },
    ...{ 'no role': as(mallory), 'role read, and a member': as(trent), 'role triage': as(eve), 'role write': as(ada), 'an owner': as(grace) },
  }
}

story.once(
  'who may do what: every route for everybody',
  async (cast) => {
    const { ada, grace, trent, mallory, eve, world, github, registry, time } = cast
    world.url = GANTRY
    await world.dies()
    await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
    github.repository.isPrivate = true
    github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', RULES))
    github.member(trent.person.account, 'member')
    for (const [who, role] of [
      [trent, 'read'],
      [eve, 'triage'],
      [mallory, 'none'],
    ] as const)
      world.demotes(who.person, role)
    const { paths } = (await world.calls('GET', '/openapi.json', undefined, {})).body as { paths: Record<string, object> }
    const routes = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    const callers = await everybody(cast)
    const over = (await ada.calls('POST', '/deploy', { ...DEPLOY, environment: 'nowhere' })).body.id as string
    let id = ''
    const waits = async (): Promise<string> => {
      const isOpen = id !== '' && (await ada.calls('GET', `/deploy/status/${id}`)).body.state === 'waiting'
      if (!isOpen) id = (await ada.calls('POST', '/deploy', DEPLOY)).body.id
      return id
    }
    const table: Record<string, Record<string, string[]>> = {}
    for (const [who, call] of Object.entries(callers)) {
      await time.passes('2 minutes')
      for (const route of routes) {
        const [method = '', path = ''] = route.split(' ')
        // Whoever listens to what waits hears no end of it.
        const its = path
          .replace('{id}', path.endsWith('/events') ? over : await waits())
          .replace('{account}', 'acme')
          .replace('{name}', 'theirs')
        const body = method === 'GET' || method === 'DELETE' ? undefined : (BODIES[route] ?? {})
        const called = await call(method, `${its}${QUERIES[route] ?? ''}`, body)
        const became = called.status === 202 ? (await ada.calls('GET', called.body.links.self)).body : null
        const outcome = [called.status, called.body.code ?? became?.problem?.code ?? became?.state ?? ''].join(' ').trim()
        ;((table[route] ??= {})[outcome] ??= []).push(who)
      }
    }
    expect(Object.keys(callers).length).toBeGreaterThanOrEqual(10)
    const shown = Object.fromEntries(
      Object.entries(table).map(([route, outcomes]) => [
        route,
        Object.fromEntries(Object.entries(outcomes).map(([outcome, who]) => [outcome, who.join(', ')])),
      ]),
    )
    expect(shown).toMatchInlineSnapshot(`
      {
        "DELETE /config/{account}/credentials/{name}": {
          "200": "a token that keeps, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "no role, role triage",
        },
        "DELETE /config/{account}/targets/{name}": {
          "200": "a token that keeps, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "no role, role triage",
        },
        "DELETE /config/{account}/tokens/{name}": {
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "a token that keeps, no role, role triage",
          "404 TOKEN_UNKNOWN": "an owner",
        },
        "GET /config/{account}/audit": {
          "200": "an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "a token that keeps, no role, role triage",
        },
        "GET /config/{account}/credentials": {
          "200": "a token that keeps, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "no role, role triage",
        },
        "GET /config/{account}/credentials/{name}": {
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "no role, role triage",
          "404 DECLARATION_UNKNOWN": "a token that keeps, an owner",
        },
        "GET /config/{account}/targets": {
          "200": "a token that keeps, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "no role, role triage",
        },
        "GET /config/{account}/targets/{name}": {
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "no role, role triage",
          "404 DECLARATION_UNKNOWN": "a token that keeps, an owner",
        },
        "GET /config/{account}/tokens": {
          "200": "an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "a token that keeps, no role, role triage",
        },
        "GET /deploy/status/{id}": {
          "200": "a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role triage, role write, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a pull request, a token that keeps",
          "404 DEPLOYMENT_UNKNOWN": "a workflow of a fork, no role",
        },
        "GET /deploy/status/{id}/events": {
          "200": "a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role triage, role write, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a pull request, a token that keeps",
          "404 DEPLOYMENT_UNKNOWN": "a workflow of a fork, no role",
        },
        "GET /deploy/status/{id}/logs": {
          "200": "a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role triage, role write, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a pull request, a token that keeps",
          "404 DEPLOYMENT_UNKNOWN": "a workflow of a fork, no role",
        },
        "GET /deployments": {
          "200": "a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role triage, role write, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a pull request, a token that keeps",
          "404 REPOSITORY_UNKNOWN": "a workflow of a fork, no role",
        },
        "POST /config/{account}/backup": {
          "200": "an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "a token that keeps, no role, role triage",
        },
        "POST /config/{account}/credentials/{name}/test": {
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "no role, role triage",
          "404 DECLARATION_UNKNOWN": "a token that keeps, an owner",
        },
        "POST /config/{account}/restore": {
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "a token that keeps, no role, role triage",
          "409 BACKUP_REFUSED": "an owner",
        },
        "POST /config/{account}/targets/{name}/test": {
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "no role, role triage",
          "404 DECLARATION_UNKNOWN": "a token that keeps, an owner",
        },
        "POST /config/{account}/tokens": {
          "201": "an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "a token that keeps, no role, role triage",
        },
        "POST /deploy": {
          "202 PERMISSION_REQUIRED": "a workflow of another branch, role read, and a member, role triage",
          "202 SUPERSEDED": "the workflow, the token, role write, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a pull request, a token that reads, a token that keeps",
          "404 REPOSITORY_UNKNOWN": "a workflow of a fork, no role",
        },
        "POST /deploy/validate": {
          "200": "the workflow, the token, role write, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a pull request, a workflow of another branch, a token that reads, a token that keeps, role read, and a member, role triage",
          "404 REPOSITORY_UNKNOWN": "a workflow of a fork, no role",
        },
        "POST /deploy/{id}/approve": {
          "202 success": "an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 APPROVAL_NOT_ALLOWED": "a workflow of another branch, the workflow, the token, role read, and a member, role triage, role write",
          "403 PERMISSION_REQUIRED": "a workflow of a pull request, a token that reads, a token that keeps",
          "404 DEPLOYMENT_UNKNOWN": "a workflow of a fork, no role",
        },
        "POST /deploy/{id}/cancel": {
          "202 cancelled": "the workflow, the token, role write, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a pull request, a workflow of another branch, a token that reads, a token that keeps, role read, and a member, role triage",
          "404 DEPLOYMENT_UNKNOWN": "a workflow of a fork, no role",
        },
        "POST /deploy/{id}/reject": {
          "202 APPROVAL_REJECTED": "an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 APPROVAL_NOT_ALLOWED": "a workflow of another branch, the workflow, the token, role read, and a member, role triage, role write",
          "403 PERMISSION_REQUIRED": "a workflow of a pull request, a token that reads, a token that keeps",
          "404 DEPLOYMENT_UNKNOWN": "a workflow of a fork, no role",
        },
        "POST /deploy/{id}/retry": {
          "202 NOTHING_TO_REPEAT": "a workflow of another branch, the workflow, the token, role write, an owner",
          "202 PERMISSION_REQUIRED": "role read, and a member, role triage",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a pull request, a token that reads, a token that keeps",
          "404 DEPLOYMENT_UNKNOWN": "a workflow of a fork, no role",
        },
        "POST /deploy/{id}/rollback": {
          "202 NOTHING_TO_REPEAT": "a workflow of another branch, the workflow, the token, role write, an owner",
          "202 PERMISSION_REQUIRED": "role read, and a member, role triage",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a pull request, a token that reads, a token that keeps",
          "404 DEPLOYMENT_UNKNOWN": "a workflow of a fork, no role",
        },
        "PUT /config/{account}/credentials/{name}": {
          "201": "a token that keeps, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "no role, role triage",
        },
        "PUT /config/{account}/targets/{name}": {
          "201": "a token that keeps, an owner",
          "401 AUTHENTICATION_REQUIRED": "nobody, a forged token, a revoked token",
          "403 PERMISSION_REQUIRED": "a workflow of a fork, a workflow of a pull request, a workflow of another branch, the workflow, the token, a token that reads, role read, and a member, role write",
          "404 ACCOUNT_UNKNOWN": "no role, role triage",
        },
      }
    `)
    const { body } = await grace.calls('GET', '/deployments?repository=acme/shop&limit=100')
    for (const one of body.deployments as { id: string; isFinal: boolean }[])
      if (!one.isFinal) await grace.calls('POST', `/deploy/${one.id}/cancel`, {})
  },
  { keys: [newKey('k1')], timeout: 60_000 },
)
