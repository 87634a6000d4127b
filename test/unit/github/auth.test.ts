import { describe, expect, test } from 'vitest'
import { permissions } from '../../world/github/contract.ts'
import { api, fixture } from '../../world/github/description.ts'
import { PERMISSIONS, PRIVATE_KEY } from '../../world/github/github.ts'
import { at, caller, jwt, newGitHub } from './world.ts'

type World = ReturnType<typeof newGitHub>

async function asApp({ github }: World, operation: string, body?: unknown, claims = {}) {
  return caller(github, '').call(operation, body, { authorization: `Bearer ${jwt(claims)}` })
}

describe('tokens', () => {
  test('are given to the App, for its installation, for an hour', async () => {
    const world = newGitHub()
    const { github, clock } = world
    const { status, body } = await asApp(world, `POST /app/installations/${github.installation.id}/access_tokens`)
    expect([status, at(body, 'expires_at'), at(body, 'permissions')]).toEqual([201, '2026-01-05T13:00:00Z', PERMISSIONS])
    const token = String(at(body, 'token'))
    // github.blog, 2026-04: `ghs_<appid>_<JWT>`, some 520 characters with dots, dashes and underscores.
    expect(token).toMatch(/^ghs_4711_[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(token.length).toBeGreaterThan(480)
    const call = () => caller(github, token).call('GET /repos/acme/shop/deployments')
    expect((await call()).status).toBe(200)
    clock.passes(60 * 60 * 1000)
    expect((await call()).status).toBe(401)
    github.verdict()
  })

  test('may be narrowed to repositories and permissions, never widened', async () => {
    const world = newGitHub()
    const { github } = world
    const path = `POST /app/installations/${github.installation.id}/access_tokens`
    const narrow = await asApp(world, path, { repository_ids: [github.repository.id], permissions: { deployments: 'read' } })
    const { call } = caller(github, String(at(narrow.body, 'token')))
    expect((await call('GET /repos/acme/shop/deployments')).status).toBe(200)
    expect((await call('POST /repos/acme/shop/deployments', { ref: 'main' })).status).toBe(403)
    expect(github.auth.tokens.at(-1)).toMatchObject({ repositories: new Set([github.repository.id]) })
    expect((await asApp(world, path, { permissions: { contents: 'write' } })).status).toBe(422)
    expect((await asApp(world, path, { repository_ids: [1] })).status).toBe(422)
  })

  test('are refused to a suspended installation, and do not reach other accounts', async () => {
    const world = newGitHub()
    const { github, call } = world
    github.forks(github.people.eve)
    expect((await call('GET /repos/eve/shop/deployments')).status).toBe(404)
    github.installs('suspend')
    expect((await call('GET /repos/acme/shop/deployments')).status).toBe(403)
    expect((await asApp(world, `POST /app/installations/${github.installation.id}/access_tokens`)).status).toBe(403)
    github.installs('deleted')
    expect((await asApp(world, `POST /app/installations/${github.installation.id}/access_tokens`)).status).toBe(404)
  })

  test('the App’s JWT must be signed with its key, name it and be short-lived', async () => {
    const world = newGitHub()
    expect(at((await asApp(world, 'GET /app')).body, 'slug')).toBe('gantry')
    expect((await asApp(world, 'GET /app', undefined, { iss: 1 })).status).toBe(401)
    expect((await asApp(world, 'GET /app', undefined, { exp: Math.floor(Date.now() / 1000) + 3600 })).status).toBe(401)
    await expect(world.github.fetch('https://api.github.com/app', { headers: { authorization: 'bearer a.b.c' } })).rejects.toThrow(
      'no JWT of the App',
    )
    expect(at((await asApp(world, 'GET /repos/acme/shop/installation')).body, 'id')).toBe(world.github.installation.id)
    expect(at((await asApp(world, 'GET /app/installations')).body, 0, 'account', 'login')).toBe('acme')
  })

  test('a manifest’s code is good once', async () => {
    const { github } = newGitHub()
    const code = github.takesManifest({ name: 'Gantry of Acme' })
    const convert = () => github.fetch(`https://api.github.com/app-manifests/${code}/conversions`, { method: 'POST' })
    const made: unknown = await (await convert()).json()
    expect(made).toMatchObject({ id: 4711, slug: 'gantry', name: 'Gantry of Acme', pem: PRIVATE_KEY })
    expect((await convert()).status).toBe(404)
  })
})

describe('permissions of the App', () => {
  const calls: readonly (readonly [string, string, unknown])[] = [
    ['deployments', 'POST /repos/acme/shop/deployments', { ref: 'main', required_contexts: [] }],
    ['checks', 'POST /repos/acme/shop/check-runs', { name: 'a', head_sha: 'HEAD' }],
    ['contents', 'GET /repos/acme/shop/contents/README.md', undefined],
    ['pull_requests', 'GET /repos/acme/shop/pulls/2', undefined],
    ['issues', 'POST /repos/acme/shop/issues/1/comments', { body: 'hello' }],
    ['pull_requests', 'POST /repos/acme/shop/issues/2/comments', { body: 'hello' }],
  ]

  test.each(calls)('without %s: %s is not accessible', async (permission, operation, body) => {
    const { github, call } = newGitHub({ permissions: Object.fromEntries(Object.entries(PERMISSIONS).filter(([name]) => name !== permission)) })
    github.people.ada.opensIssue()
    github.people.ada.opensPullRequest()
    const { status, body: said } = await call(operation, body)
    expect([status, at(said, 'message')]).toEqual([403, 'Resource not accessible by integration'])
  })

  test('every operation and every mutation names what it needs', () => {
    const operations = permissions('github-operations.txt')
    expect([...operations].filter(([, needed]) => needed.length === 0)).toEqual([])
    const described = Object.entries(api.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    expect(described.toSorted()).toEqual([...operations.keys()].toSorted())
    const fields = permissions('github-graphql.txt')
    expect([...fields].filter(([name, needed]) => name.startsWith('Mutation.') && needed.length === 0)).toEqual([])
    for (const name of fields.keys()) expect(fixture('github.graphql')).toContain(name.split('.')[1] ?? name)
  })
})
