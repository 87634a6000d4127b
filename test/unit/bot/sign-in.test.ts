import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDirectory } from '../../../src/bot/directory.ts'
import { createProbot } from '../../../src/bot/probot.ts'
import type { Directory, SignedIn } from '../../../src/deploy/directory.ts'
import { Secret } from '../../../src/secret.ts'
import { PRIVATE_KEY } from '../../world/github/github.ts'
import { createRepository, give } from '../../world/github/population.ts'
import { newId } from '../../world/github/state.ts'
import type { Account, Installation, Repository } from '../../world/github/state.ts'
import { Desk } from './desk.ts'

const REDIRECT = 'https://gantry.example/login/callback'
const VERIFIER = 'the-verifier-of-this-browser-0123456789abcdef'
const EXCHANGE = 'POST /login/oauth/access_token'
const CHECK = 'POST /applications/{client_id}/token'
const GIVE_BACK = 'DELETE /applications/{client_id}/token'
const INSTALLATIONS = 'GET /user/installations'
const REPOSITORIES = 'GET /user/installations/{installation_id}/repositories'

let desk: Desk
let directory: Directory
let requests: Request[]
beforeEach(async () => {
  desk = new Desk()
  requests = []
  directory = directoryWith(desk.github.auth.client.secret)
  await desk.time.passes('1 hour')
})
afterEach(() => {
  expect(desk.github.auth.userTokens, 'a token that was not given back').toEqual(new Map())
  expect(desk.github.auth.tokens).toEqual([])
  desk.github.verdict()
})

const GITHUB = { apiUrl: 'https://api.github.com', webOrigin: 'https://github.com' }

function directoryWith(secret: string, at = GITHUB, fetch: typeof globalThis.fetch = watched): Directory {
  const { github, time, door } = desk
  const log = pino({ level: 'silent' })
  const key = { appId: github.identity.id, privateKey: new Secret(PRIVATE_KEY), webhookSecret: new Secret(github.webhookSecret) }
  const probot = createProbot({ ...key, apiUrl: at.apiUrl, fetch, log })
  const oauth = { clientId: github.auth.client.id, clientSecret: new Secret(secret) }
  return createDirectory({ probot, github: door, clock: time, fetch, ...at, oauth })
}

const watched: typeof globalThis.fetch = (input, init) => {
  const request = new Request(input, init)
  requests.push(request.clone())
  return desk.github.fetch(request)
}

const signInPage = (): string => {
  const challenge = createHash('sha256').update(VERIFIER).digest('base64url')
  return directory.signInPage({ state: 'the state', challenge, redirect: REDIRECT })
}
/** The code that somebody's browser brings back. */
function codeOf(account: Account): string {
  return new URL(desk.github.auth.authorizes(account, { url: signInPage() })).searchParams.get('code') ?? ''
}
const comes = (code: string, with_: Partial<Parameters<Directory['signIn']>[0]> = {}): Promise<SignedIn | null> =>
  directory.signIn({ code, verifier: VERIFIER, redirect: REDIRECT, ...with_ })
const signsIn = (who: keyof Desk['github']['people']): Promise<SignedIn | null> => comes(codeOf(desk.github.people[who].account))
const failing = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    () => 'none',
    (error: { problem?: { code: string } }) => error.problem?.code ?? error,
  )
const isAsked = async (step: string): Promise<void> => {
  while (!asked().includes(step)) await new Promise(setImmediate)
}
const asked = (): string[] => desk.github.calls.map(({ operation }) => operation)

function installs(account: Account, repositories: readonly Repository[]): Installation {
  const id = newId(desk.github.state)
  const made = { ...desk.github.installation, id, account, repositories: new Set(repositories.map((one) => one.id)) }
  desk.github.state.installations.set(id, made)
  return made
}
const opens = (owner: Account, name: string, isPrivate = true): Repository =>
  createRepository(desk.github.state, owner, { name, isPrivate }, desk.github.now())

describe('signing in', () => {
  test('begins on GitHub’s own page, with what proves later that it is the same browser', () => {
    const page = new URL(signInPage())
    expect(page.origin + page.pathname).toBe('https://github.com/login/oauth/authorize')
    expect(Object.fromEntries(page.searchParams)).toEqual({
      client_id: desk.github.auth.client.id,
      redirect_uri: REDIRECT,
      state: 'the state',
      code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
      code_challenge_method: 'S256',
    })
  })

  test('says who came and what they see with the App, and keeps no token', async () => {
    const { ada } = desk.github.people
    const { repository, installation } = desk.github
    expect(await signsIn('ada')).toEqual({
      person: { id: ada.id, login: 'ada' },
      accounts: [{ id: repository.owner.id, login: 'acme', isOrganization: true, installation: installation.id }],
      repositories: [
        {
          ...{ id: repository.id, node: repository.node, owner: 'acme', name: 'shop' },
          ...{ account: repository.owner.id, installation: installation.id },
        },
      ],
    })
    expect(asked()).toEqual([EXCHANGE, CHECK, INSTALLATIONS, REPOSITORIES, GIVE_BACK])
  })

  test('is the same over HTTP, where the site and the API are one', async () => {
    const { url, close } = await desk.github.serve()
    const { secret } = desk.github.auth.client
    directory = directoryWith(secret, { apiUrl: `${url}/api/v3`, webOrigin: url }, globalThis.fetch)
    expect(signInPage()).toMatch(`${url}/login/oauth/authorize?`)
    expect((await signsIn('ada'))?.repositories.map(({ name }) => name)).toEqual(['shop'])
    expect(asked()).toEqual([EXCHANGE, CHECK, INSTALLATIONS, REPOSITORIES, GIVE_BACK])
    await close()
  })

  test('follows no redirect, anywhere', async () => {
    await signsIn('ada')
    expect(requests.map(({ redirect }) => redirect)).toEqual(Array(5).fill('error'))
  })

  test('knows somebody who sees nothing', async () => {
    const { id } = desk.github.people.mallory
    expect(await signsIn('mallory')).toEqual({ person: { id, login: 'mallory' }, accounts: [], repositories: [] })
  })

  test('shows nothing that only one of the two sees', async () => {
    const { ada, grace } = desk.github.people
    const [hers, theirs] = [opens(ada.account, 'without-the-app'), opens(desk.github.repository.owner, 'without-her')]
    desk.github.installation.repositories.add(theirs.id)
    const namesOf = (came: SignedIn | null) => came?.repositories.map(({ name }) => name)
    expect(namesOf(await signsIn('ada'))).toEqual(['shop'])
    // Owns the organisation.
    expect(namesOf(await signsIn('grace'))).toEqual(['shop', 'without-her'])
    give(theirs, ada.account, 'read')
    give(hers, grace.account, 'admin')
    expect(namesOf(await signsIn('ada'))).toEqual(['shop', 'without-her'])
    expect(namesOf(await signsIn('grace'))).toEqual(['shop', 'without-her'])
  })

  test('leaves out an account that has suspended the App', async () => {
    const { ada } = desk.github.people
    const own = installs(ada.account, [opens(ada.account, 'notes')])
    desk.github.installation.isSuspended = true
    const came = await signsIn('ada')
    expect(came?.accounts).toEqual([{ id: ada.id, login: 'ada', isOrganization: false, installation: own.id }])
    expect(came?.repositories.map(({ name, installation }) => [name, installation])).toEqual([['notes', own.id]])
  })

  test.each([403, 404])('leaves out an account of which GitHub shows nothing (%i), and that one alone', async (status) => {
    const { ada } = desk.github.people
    installs(ada.account, [opens(ada.account, 'notes')])
    desk.github.answers(status).to(REPOSITORIES)
    expect((await signsIn('ada'))?.accounts.map(({ login }) => login)).toEqual(['ada'])
  })

  test('reads page after page, and no more than a thousand repositories', async () => {
    const { ada } = desk.github.people
    const many = (count: number, prefix: string) => Array.from({ length: count }, (_, index) => opens(ada.account, `${prefix}${index}`))
    const own = installs(ada.account, many(250, 'a'))
    expect((await signsIn('ada'))?.repositories).toHaveLength(251)
    for (const { id } of many(850, 'b')) own.repositories.add(id)
    const came = await signsIn('ada')
    expect(came?.repositories).toHaveLength(1_000)
    expect(new Set(came?.repositories.map(({ id }) => id)).size).toBe(1_000)
    expect(came?.accounts).toHaveLength(2)
  })
})

describe('nobody is signed in', () => {
  test.each<readonly [what: string, with_: Parameters<typeof comes>[1]]>([
    ['another verifier', { verifier: VERIFIER.toUpperCase() }],
    ['another address to return to', { redirect: 'https://gantry.example/elsewhere' }],
  ])('by a code with %s, and the code is used up', async (_what, with_) => {
    const code = codeOf(desk.github.people.ada.account)
    expect(await comes(code, with_)).toBeNull()
    expect(await comes(code)).toBeNull()
    expect(asked()).toEqual([EXCHANGE, EXCHANGE])
  })

  test('by a code that was used, is over or was made up', async () => {
    const code = codeOf(desk.github.people.ada.account)
    expect((await comes(code))?.person.login).toBe('ada')
    expect(await comes(code)).toBeNull()
    const late = codeOf(desk.github.people.ada.account)
    await desk.time.passes('10 minutes')
    expect(await comes(late)).toBeNull()
    expect(await comes('made-up')).toBeNull()
  })

  test('by a token that GitHub calls nobody’s of this App', async () => {
    desk.github.answers(404).to(CHECK)
    expect(await signsIn('ada')).toBeNull()
    desk.github.answers(401).to(INSTALLATIONS)
    expect(await signsIn('ada')).toBeNull()
  })

  test.each([
    ['a wrong client secret', () => (directory = directoryWith('another'))],
    ['an App that is gone', () => desk.github.answers(404, '<html>').to(EXCHANGE)],
  ])('with %s, and whoever runs Gantry is told what to do', async (_what, happens) => {
    happens()
    await expect(signsIn('ada')).rejects.toMatchObject({
      problem: { code: 'GITHUB_REFUSED', next: expect.stringContaining('client secret') },
    })
  })
})

describe('whatever GitHub does', () => {
  const steps = [CHECK, INSTALLATIONS, REPOSITORIES]
  const troubles: readonly (readonly [what: string, strikes: (step: string) => unknown, code: string])[] = [
    ['is broken', (step) => desk.github.answers(502).to(step), 'GITHUB_UNAVAILABLE'],
    ['hangs up', (step) => desk.github.drops().to(step), 'GITHUB_UNAVAILABLE'],
    ['answers something else', (step) => desk.github.answers(200, { hello: 'world' }).to(step), 'GITHUB_UNAVAILABLE'],
    ['answers no JSON', (step) => desk.github.answers(200, 'hello').to(step), 'GITHUB_UNAVAILABLE'],
    ['is asked too often', (step) => desk.github.answers(429).to(step), 'GITHUB_RATE_LIMITED'],
    ['says so in words', (step) => desk.github.answers(403, { message: 'API rate limit exceeded' }).to(step), 'GITHUB_RATE_LIMITED'],
  ]

  test.each(steps.flatMap((step) => troubles.map(([what, strikes, code]) => [what, step, strikes, code] as const)))(
    'where it %s at %s the token is given back, and it is no sign-in',
    async (_what, step, strikes, code) => {
      strikes(step)
      expect(await failing(signsIn('ada'))).toBe(code)
      expect(asked().at(-1)).toBe(GIVE_BACK)
    },
  )

  test.each(troubles)('where it %s at the code, there is no token', async (_what, strikes, code) => {
    strikes(EXCHANGE)
    expect(await failing(signsIn('ada'))).toBe(code)
    expect(asked()).toEqual([EXCHANGE])
  })

  test.each([EXCHANGE, ...steps])('an answer to %s is waited for as long as to anything else', async (step) => {
    desk.github.hangs().to(step)
    const code = failing(signsIn('ada'))
    await isAsked(step)
    await desk.time.passes('15 seconds')
    expect(await code).toBe('GITHUB_UNAVAILABLE')
  })

  test('who was signed in is signed in, even if the token cannot be given back', async () => {
    for (const trouble of ['answers', 'drops'] as const) {
      desk.github[trouble](502).to(GIVE_BACK)
      expect((await signsIn('ada'))?.person.login).toBe('ada')
    }
    desk.github.hangs().to(GIVE_BACK)
    desk.github.calls.length = 0
    const came = signsIn('ada')
    await isAsked(GIVE_BACK)
    await desk.time.passes('15 seconds')
    expect((await came)?.person.login).toBe('ada')
    expect(desk.github.auth.userTokens.size).toBe(3)
    desk.github.auth.userTokens.clear()
  })

  test('in a window that it has named for the App’s password no code is tried: the token could not be looked at', async () => {
    desk.github.rateLimits(90, CHECK)
    const code = codeOf(desk.github.people.ada.account)
    expect(await failing(signsIn('grace'))).toBe('GITHUB_RATE_LIMITED')
    const before = asked().length
    expect(await failing(comes(code))).toBe('GITHUB_RATE_LIMITED')
    expect(asked()).toHaveLength(before)
    await desk.time.passes('90 seconds')
    expect((await comes(code))?.person.login).toBe('ada')
  })

  test('what it says to wrong codes, or of one person’s limit, silences nobody else', async () => {
    desk.github.answers(429).to(EXCHANGE)
    expect(await failing(comes('made-up'))).toBe('GITHUB_RATE_LIMITED')
    const token = desk.github.auth.signsIn(desk.github.people.grace.account)
    expect(await directory.identify(new Secret(token))).toMatchObject({ login: 'grace' })
    desk.github.auth.userTokens.clear()
    await desk.time.passes('1 minute')
    desk.github.answers(429).to(INSTALLATIONS)
    expect(await failing(signsIn('grace'))).toBe('GITHUB_RATE_LIMITED')
    expect((await signsIn('ada'))?.person.login).toBe('ada')
  })

  test.each(
    [EXCHANGE, CHECK, INSTALLATIONS, REPOSITORIES, GIVE_BACK].flatMap((step) =>
      [200, 400, 401, 403, 422, 429, 500].map((status) => [status, step] as const),
    ),
  )('a %i to %s that repeats all it has heard gets none of it into an error', async (status, step) => {
    const code = codeOf(desk.github.people.ada.account)
    const { client } = desk.github.auth
    // Before it is known what the token will be, so that it is what the trouble says.
    const issued = 'ghu_canary0123456789'
    desk.github.auth.signsIn = (account) => {
      desk.github.auth.userTokens.set(issued, account)
      return issued
    }
    const repeated = `rate limit, ${code} ${VERIFIER} ${client.secret} ${btoa(`${client.id}:${client.secret}`)} ${issued}`
    const body = { message: repeated, error: repeated, error_description: repeated, access_token: `${issued} ${repeated}` }
    desk.github.answers(status, body).to(step)
    const outcome: unknown = await comes(code).catch((error: unknown) => error)
    const shown = `${inspect(outcome, { depth: 20, showHidden: true })} ${JSON.stringify(outcome)} ${String(outcome)}`
    for (const secret of [code, VERIFIER, client.secret, btoa(`${client.id}:${client.secret}`), issued]) expect(shown).not.toContain(secret)
    desk.github.auth.userTokens.clear()
  })
})
