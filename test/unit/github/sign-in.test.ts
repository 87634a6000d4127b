import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { GitHub } from '../../world/github/github.ts'
import { createRepository, give } from '../../world/github/population.ts'
import { at, caller, newGitHub } from './world.ts'

const REDIRECT = 'https://gantry.example/login/callback'
const VERIFIER = 'v'.repeat(43)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

function pageAddress(github: GitHub, changes: Readonly<Record<string, string | null>> = {}): string {
  const asked = { client_id: github.auth.client.id, redirect_uri: REDIRECT, state: 's&1', code_challenge: CHALLENGE, code_challenge_method: 'S256' }
  const all = Object.entries({ ...asked, ...changes }).filter((pair): pair is [string, string] => pair[1] !== null)
  return `https://github.com/login/oauth/authorize?${new URLSearchParams(all).toString()}`
}
const opens = (github: GitHub, changes?: Readonly<Record<string, string | null>>) => github.fetch(pageAddress(github, changes))
const backWith = (response: Response) => Object.fromEntries(new URL(response.headers.get('location') ?? '').searchParams)
const codeFor = async (github: GitHub, changes?: Readonly<Record<string, string | null>>): Promise<string> =>
  backWith(await opens(github, { ...changes, as: 'ada' }))['code'] ?? ''

async function exchanges(github: GitHub, code: string, changes: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const { id, secret } = github.auth.client
  const body = JSON.stringify({ client_id: id, client_secret: secret, code, redirect_uri: REDIRECT, code_verifier: VERIFIER, ...changes })
  const headers = { accept: 'application/json', 'content-type': 'application/json' }
  const response = await github.fetch('https://github.com/login/oauth/access_token', { method: 'POST', headers, body })
  expect(response.status).toBe(200)
  return response.json()
}

describe('the page on which one says who one is', () => {
  test('has a button for each person, and one to cancel', async () => {
    const { github } = newGitHub()
    const response = await opens(github)
    const html = await response.text()
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect([...html.matchAll(/<button name="(\w+)" value="(\w+)">/g)].map(([, name, value]) => `${name}=${value}`)).toEqual([
      ...['ada', 'grace', 'mallory', 'trent', 'eve'].map((login) => `as=${login}`),
      'cancel=yes',
    ])
    expect(html).toContain('name="state" value="s&amp;1"')
  })

  test('sends the browser back with a code, or with a no, and the state in either case', async () => {
    const { github } = newGitHub()
    const agreed = await opens(github, { as: 'ada' })
    expect([agreed.status, agreed.headers.get('location')?.split('?')[0]]).toEqual([302, REDIRECT])
    expect(backWith(agreed)).toEqual({ code: expect.stringMatching(/^[0-9a-f]{20}$/), state: 's&1' })
    expect(backWith(await opens(github, { cancel: 'yes' }))).toMatchObject({ error: 'access_denied', state: 's&1' })
    expect(backWith(await opens(github, { as: 'ada', state: null }))).not.toHaveProperty('state')
  })

  test.each<readonly [what: string, changes: Readonly<Record<string, string | null>>, status: number]>([
    ['an App that it does not know', { client_id: 'Iv1.another' }, 404],
    ['an address that is not registered', { redirect_uri: `${REDIRECT}/` }, 400],
    ['a challenge that is none', { code_challenge: VERIFIER.slice(1) }, 400],
    ['a challenge that shows its verifier', { code_challenge_method: 'plain' }, 400],
    ['a challenge of no method', { code_challenge_method: null }, 400],
  ])('leads nobody anywhere for %s', async (_what, changes, status) => {
    const { github } = newGitHub()
    const response = await opens(github, { ...changes, as: 'ada' })
    expect([response.status, response.headers.get('location')]).toEqual([status, null])
  })

  test('knows the addresses of an App that was registered by a manifest', async () => {
    const { github } = newGitHub()
    const redirect = 'https://gantry.acme.example/login/callback'
    const code = github.takesManifest({ name: 'Gantry of Acme', callback_urls: [redirect] })
    expect((await opens(github, { redirect_uri: redirect, as: 'ada' })).status).toBe(400)
    await github.fetch(`https://api.github.com/app-manifests/${code}/conversions`, { method: 'POST' })
    expect((await opens(github, { redirect_uri: redirect, as: 'ada' })).status).toBe(302)
  })

  test('is there over HTTP, beside the API', async () => {
    const { github } = newGitHub()
    const { url, close } = await github.serve()
    const page = new URL(pageAddress(github, { as: 'grace' }))
    const response = await fetch(`${url}${page.pathname}${page.search}`, { redirect: 'manual' })
    expect([response.status, Object.keys(backWith(response))]).toEqual([302, ['code', 'state']])
    expect((await fetch(`${url}/login/oauth/elsewhere`)).status).toBe(404)
    await close()
  })

  test('is passed by in stories', () => {
    const { github } = newGitHub()
    const { ada } = github.people
    expect(github.auth.authorizes(ada.account, { url: pageAddress(github) })).toMatch(
      /^https:\/\/gantry\.example\/login\/callback\?code=\w+&state=s%261$/,
    )
    expect(github.auth.authorizes(ada.account, { url: pageAddress(github) }, 'cancels')).toContain('error=access_denied')
    expect(() => github.auth.authorizes(ada.account, { url: pageAddress(github, { redirect_uri: 'https://evil.example/' }) })).toThrow('status 400')
    expect(() => github.auth.authorizes(ada.account, { url: 'https://github.com/login' })).toThrow('status 404')
  })
})

describe('a code', () => {
  test('is worth a token of the person, once', async () => {
    const { github } = newGitHub()
    const code = await codeFor(github)
    const said = await exchanges(github, code)
    expect(said).toMatchObject({ token_type: 'bearer', access_token: expect.stringMatching(/^ghu_\w{36}$/), scope: '' })
    expect(github.auth.userTokens.get(String(at(said, 'access_token')))?.login).toBe('ada')
    expect(await exchanges(github, code)).toMatchObject({ error: 'bad_verification_code' })
  })

  test('may be given as a form and without JSON, as GitHub has it by default', async () => {
    const { github } = newGitHub()
    const { id, secret } = github.auth.client
    const body = new URLSearchParams({ client_id: id, client_secret: secret, code: await codeFor(github), code_verifier: VERIFIER })
    const response = await github.fetch('https://github.com/login/oauth/access_token', { method: 'POST', body })
    expect(new URLSearchParams(await response.text()).get('access_token')).toMatch(/^ghu_/)
  })

  test.each<readonly [what: string, changes: Readonly<Record<string, string>>, error: string]>([
    ['the wrong secret', { client_secret: 'another' }, 'incorrect_client_credentials'],
    ['another App', { client_id: 'Iv1.another' }, 'incorrect_client_credentials'],
    ['another verifier', { code_verifier: `${VERIFIER}x` }, 'bad_verification_code'],
    ['another address', { redirect_uri: 'https://gantry.example/' }, 'redirect_uri_mismatch'],
    ['another code', { code: 'made-up' }, 'bad_verification_code'],
  ])('is worth nothing with %s', async (_what, changes, error) => {
    const { github } = newGitHub()
    expect(await exchanges(github, await codeFor(github), changes)).toMatchObject({ error, error_description: expect.any(String) })
    expect(github.auth.userTokens.size).toBe(0)
  })

  test('is over after ten minutes', async () => {
    const { github, clock } = newGitHub()
    const code = await codeFor(github)
    clock.passes(10 * 60_000)
    expect(await exchanges(github, code)).toMatchObject({ error: 'bad_verification_code' })
  })

  test('needs no verifier where no challenge was sent', async () => {
    const { github } = newGitHub()
    const code = await codeFor(github, { code_challenge: null, code_challenge_method: null })
    expect(await exchanges(github, code, { code_verifier: '' })).toHaveProperty('access_token')
  })
})

describe('a person’s token', () => {
  test('shows what the person and the App both see, a page at a time', async () => {
    const { github } = newGitHub()
    const { ada, mallory } = github.people
    const as = (account = ada.account) => caller(github, github.auth.signsIn(account)).call
    for (const name of ['one', 'two', 'three']) {
      const made = createRepository(github.state, github.repository.owner, { name, isPrivate: true }, github.now())
      if (name !== 'one') give(made, ada.account, 'read')
      if (name !== 'two') github.installation.repositories.add(made.id)
    }
    const listed = await as()('GET /user/installations')
    expect([at(listed.body, 'total_count'), at(listed.body, 'installations', 0, 'account', 'login')]).toEqual([1, 'acme'])
    const path = `GET /user/installations/${github.installation.id}/repositories`
    const first = await as()(`${path}?per_page=1`)
    expect([at(first.body, 'total_count'), at(first.body, 'repositories', 0, 'name')]).toEqual([2, 'shop'])
    expect(first.headers.get('link')).toContain('rel="next"')
    expect(at((await as()(`${path}?per_page=1&page=2`)).body, 'repositories', 0, 'name')).toBe('three')
    // What is public is nothing that somebody was given.
    expect(at((await as(mallory.account)('GET /user/installations')).body, 'total_count')).toBe(0)
    expect((await as(mallory.account)(path)).status).toBe(404)
    expect((await as()('GET /user/installations/1/repositories')).status).toBe(404)
    github.verdict()
  })

  test('is unknown once the App has given it back', async () => {
    const { github } = newGitHub()
    const { id, secret } = github.auth.client
    const token = github.auth.signsIn(github.people.ada.account)
    const givesBack = (password = secret) =>
      caller(github, '').call(`DELETE /applications/${id}/token`, { access_token: token }, { authorization: `Basic ${btoa(`${id}:${password}`)}` })
    expect((await givesBack('another')).status).toBe(401)
    expect((await givesBack()).status).toBe(204)
    expect((await givesBack()).status).toBe(422)
    expect((await caller(github, token).call('GET /user/installations')).status).toBe(401)
    github.verdict()
  })
})

test('commits between two are listed as GitHub lists them: the oldest first, a page at a time, or the newest 250', async () => {
  const { github, call } = newGitHub()
  const { ada } = github.people
  const from = github.repository.branches.get('main') ?? ''
  const all = Array.from({ length: 260 }, (_, index) => ada.pushes('main', { message: `Step ${index + 1}` }))
  const path = `GET /repos/acme/shop/compare/${from}...${all.at(-1)}`
  const messages = async (query: string): Promise<unknown[]> => {
    const { body } = await call(`${path}${query}`)
    expect(at(body, 'total_commits')).toBe(260)
    return (at(body, 'commits') as unknown[]).map((one) => at(one, 'commit', 'message'))
  }
  expect(await messages('?per_page=2')).toEqual(['Step 1', 'Step 2'])
  expect(await messages('?per_page=100&page=3')).toHaveLength(60)
  const newest = await messages('')
  expect([newest.length, newest.at(-1)]).toEqual([250, 'Step 260'])
  github.verdict()
})
