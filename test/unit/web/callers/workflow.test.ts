import { expect, test } from 'vitest'
import type { Repository } from '../../../../src/deploy/deployment.ts'
import { Secret } from '../../../../src/secret.ts'
import { createSpentTokens } from '../../../../src/store/spent-tokens.ts'
import { migrateRepositories } from '../../../../src/store/migrations.ts'
import { workflowProof } from '../../../../src/web/callers/workflow.ts'
import { GitHub } from '../../../world/github/github.ts'
import { memorySql } from '../../../world/memory-sql.ts'
import { Time } from '../../../world/time.ts'

const AUDIENCE = 'https://gantry.example'

/** An issuer of GitHub's kind, and one that takes its tokens for `AUDIENCE`. */
function setUp() {
  const time = new Time(() => Promise.resolve())
  const github = new GitHub({ clock: time })
  const { actions, people } = github
  const sql = memorySql()
  migrateRepositories(sql)
  const asked: string[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    asked.push(String(input instanceof Request ? input.url : input))
    const gone = Promise.withResolvers<never>()
    init?.signal?.addEventListener('abort', () => gone.reject(init.signal?.reason))
    return Promise.race([actions.answer(new Request(input, init)).then((answer) => answer ?? Response.error()), gone.promise])
  }
  const doors = { fetch, clock: time, spent: createSpentTokens(sql) }
  const proof = workflowProof({ url: actions.issuer, audience: AUDIENCE }, doors)
  const identify = async (token: string, isChange = false) => {
    const caller = await proof.identify(new Secret(token), null)
    if (isChange) caller.spend?.()
    return caller
  }
  /** The caller's key, or the code and what was found. */
  const becomes = (token: string, isChange = false): Promise<string> =>
    identify(token, isChange).then(
      ({ key }) => key,
      ({ problem }: { problem: { code: string; found?: string } }) => `${problem.code}: ${problem.found ?? ''}`,
    )
  const ada = people.ada
  const claims = (changes: Record<string, unknown> = {}) => ({ ...actions.claims(ada, AUDIENCE), ...changes })
  return { time, github, actions, ada, asked, proof, identify, becomes, claims, ours: `w${github.repository.id}/release.yml` }
}

test('a job is who started it, in its own repository, for the commit that it runs for', async () => {
  const { actions, ada, github, identify, ours } = setUp()
  const caller = await identify(actions.token(ada, AUDIENCE, { environment: 'production' }))
  const { repository } = github
  expect(caller).toMatchObject({
    ...{ key: ours, countedBy: `w${github.repository.id}`, home: 'acme/shop' },
    actor: {
      ...{ id: ada.id, login: 'ada', app: null },
      program: { kind: 'workflow', file: 'release.yml', ref: 'refs/heads/main', environment: 'production', run: 4001, attempt: 1 },
    },
    actions: ['read', 'deploy'],
    runsFor: { ref: 'main', commit: repository.branches.get('main') },
  })
  const its = { id: repository.id, account: repository.owner.id } as Repository
  expect([
    caller.sees(its),
    caller.sees({ ...its, id: 1 }),
    // Its name and id in another account: it was transferred meanwhile.
    caller.sees({ ...its, account: 1 }),
    caller.sees({ id: its.id } as Repository),
  ]).toEqual([true, false, false, false])
})

test('a release runs for its tag', async () => {
  const { actions, ada, identify } = setUp()
  const { actor, runsFor } = await identify(actions.token(ada, AUDIENCE, { event: 'release', ref: 'refs/tags/v1.2' }))
  expect([actor.program, runsFor?.ref]).toMatchObject([{ ref: 'refs/tags/v1.2' }, 'v1.2'])
})

test('what is not signed so by the issuer, for us and for now, is nobody', async () => {
  const { actions, ada, asked, becomes, claims, time } = setUp()
  const forged = claims()
  const [head = '', body = '', signature = ''] = actions.signs(forged).split('.')
  const publicKey = actions.keys[0]!.pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const hmac = async (): Promise<string> => {
    const key = await crypto.subtle.importKey('raw', Buffer.from(publicKey), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    const signed = `${encoded({ alg: 'HS256', kid: actions.keys[0]!.kid })}.${body}`
    return `${signed}.${Buffer.from(await crypto.subtle.sign('HMAC', key, Buffer.from(signed))).toString('base64url')}`
  }
  const now = Math.floor(time.now() / 1000)
  const without = (claim: string) => Object.fromEntries(Object.entries(claims()).filter(([name]) => name !== claim))
  const wrong: Record<string, string> = {
    'alg none': `${encoded({ alg: 'none', kid: actions.keys[0]!.kid })}.${body}.${signature}`,
    'alg none, unsigned': `${encoded({ alg: 'none' })}.${body}.AAAAAAAAAAAA`,
    'the public key as an HMAC key': await hmac(),
    'another body': `${head}.${encoded({ ...forged, repository_id: '1' })}.${signature}`,
    'another key': actions.signs(claims(), { kid: actions.keys[0]!.kid }, new GitHubOf().key),
    'another issuer': actions.signs(claims({ iss: 'https://token.actions.example.com' })),
    'an issuer that begins alike': actions.signs(claims({ iss: `${actions.issuer}/enterprise` })),
    'another audience': actions.token(ada, 'https://another.example'),
    'an audience that begins alike': actions.token(ada, `${AUDIENCE}.evil.example`),
    over: actions.signs(claims({ iat: now - 500, exp: now - 61 })),
    'not yet': actions.signs(claims({ nbf: now + 61 })),
    'made tomorrow': actions.signs(claims({ iat: now + 3_600, exp: now + 7_200 })),
    '25 hours old and good for ever': actions.signs(claims({ iat: now - 90_000, nbf: now - 90_000, exp: now + 9_000_000 })),
    ...Object.fromEntries(['exp', 'iat', 'nbf', 'jti', 'sub', 'iss', 'aud'].map((claim) => [`without ${claim}`, actions.signs(without(claim))])),
  }
  const found = Object.fromEntries(await Promise.all(Object.entries(wrong).map(async ([name, token]) => [name, await becomes(token)] as const)))
  expect(found).toMatchInlineSnapshot(`
    {
      "25 hours old and good for ever": "AUTHENTICATION_REQUIRED: a token of GitHub Actions that is over",
      "alg none": "AUTHENTICATION_REQUIRED: a token that is none of GitHub Actions",
      "alg none, unsigned": "AUTHENTICATION_REQUIRED: a token that is none of GitHub Actions",
      "an audience that begins alike": "AUTHENTICATION_REQUIRED: a token of GitHub Actions for another audience than https://gantry.example",
      "an issuer that begins alike": "AUTHENTICATION_REQUIRED: a token of GitHub Actions with a wrong claim iss",
      "another audience": "AUTHENTICATION_REQUIRED: a token of GitHub Actions for another audience than https://gantry.example",
      "another body": "AUTHENTICATION_REQUIRED: a token that GitHub Actions did not sign",
      "another issuer": "AUTHENTICATION_REQUIRED: a token of GitHub Actions with a wrong claim iss",
      "another key": "AUTHENTICATION_REQUIRED: a token that GitHub Actions did not sign",
      "made tomorrow": "AUTHENTICATION_REQUIRED: a token of GitHub Actions with a wrong claim iat",
      "not yet": "AUTHENTICATION_REQUIRED: a token of GitHub Actions with a wrong claim nbf",
      "over": "AUTHENTICATION_REQUIRED: a token of GitHub Actions that is over",
      "the public key as an HMAC key": "AUTHENTICATION_REQUIRED: a token that is none of GitHub Actions",
      "without aud": "AUTHENTICATION_REQUIRED: a token of GitHub Actions for another audience than https://gantry.example",
      "without exp": "AUTHENTICATION_REQUIRED: a token of GitHub Actions with a wrong claim exp",
      "without iat": "AUTHENTICATION_REQUIRED: a token of GitHub Actions with a wrong claim iat",
      "without iss": "AUTHENTICATION_REQUIRED: a token of GitHub Actions with a wrong claim iss",
      "without jti": "AUTHENTICATION_REQUIRED: a token of GitHub Actions with a wrong claim jti",
      "without nbf": "AUTHENTICATION_REQUIRED: a token of GitHub Actions with a wrong claim nbf",
      "without sub": "AUTHENTICATION_REQUIRED: a token of GitHub Actions with a wrong claim sub",
    }
  `)
  // Keys come from the issuer and from nowhere that a token names.
  for (const header of [{ jku: 'https://evil.example/keys' }, { x5u: 'https://evil.example/keys' }, { jwk: new GitHubOf().published }])
    expect(await becomes(actions.signs(claims(), { ...header, kid: 'unknown' }, new GitHubOf().key))).toMatch(/^AUTHENTICATION_REQUIRED/)
  expect(new Set(asked)).toEqual(new Set([`${actions.issuer}/.well-known/jwks`]))
})

/** Somebody who would like to be GitHub. */
class GitHubOf {
  readonly #other = new GitHub({ clock: { now: () => 0 } }).actions
  readonly key = this.#other.rotates()
  readonly published = this.key.pair.publicKey.export({ format: 'jwk' })
}

test('a workflow that strangers can start is refused, and so is one of another ref than it stands on', async () => {
  const { actions, ada, becomes, claims } = setUp()
  for (const event of ['pull_request', 'pull_request_target', 'issue_comment', 'issues', 'discussion', 'workflow_run', 'fork', 'watch', ''])
    expect(await becomes(actions.token(ada, AUDIENCE, { event }))).toBe(`PERMISSION_REQUIRED: a run that began with ${event}`)
  const odd: Record<string, unknown>[] = [
    { ref: 'refs/pull/1/merge', workflow_ref: 'acme/shop/.github/workflows/release.yml@refs/pull/1/merge' },
    { workflow_ref: 'acme/shop/.github/workflows/release.yml@refs/heads/other' },
    { workflow_ref: 'acme/shop/elsewhere/release.yml@refs/heads/main' },
    { workflow_ref: 'acme/shop/.github/workflows/../release.yml@refs/heads/main' },
    ...['0', '-1', '01', '1e3', 'x', 42, null, `${2 ** 60}`].map((repository_id) => ({ repository_id })),
    ...['', 'a b', 7].map((actor) => ({ actor })),
    ...['', 'shop', 'acme/shop/x', 7].map((repository) => ({ repository })),
    { sha: 'main' },
    { environment: '' },
    { jti: 'x'.repeat(201) },
  ]
  for (const changes of odd)
    expect([changes, await becomes(actions.signs(claims(changes)))]).toEqual([changes, expect.stringMatching(/^AUTHENTICATION_REQUIRED/)])
})

test('a token changes something once and may look as long as it lives', async () => {
  const { actions, ada, becomes, time, ours } = setUp()
  const [token, other] = [actions.token(ada, AUDIENCE), actions.token(ada, AUDIENCE)]
  const now = [await becomes(token), await becomes(token, true), await becomes(token), await becomes(token, true), await becomes(other, true)]
  expect(now).toEqual([ours, ours, ours, 'AUTHENTICATION_REQUIRED: a token of GitHub Actions that has changed something before', ours])
  // For a minute after its end it is taken for the clocks' sake, and still once.
  await time.passes('310 seconds')
  expect([await becomes(token), await becomes(token, true)]).toEqual([ours, expect.stringMatching(/changed something before/)])
  await time.passes('1 minute')
  expect(await becomes(token)).toBe('AUTHENTICATION_REQUIRED: a token of GitHub Actions that is over')
})

test('known keys go on being known while the issuer fails, and made-up ones do not have it asked again and again', async () => {
  const { actions, ada, becomes, claims, time, ours } = setUp()
  expect(await becomes(actions.token(ada, AUDIENCE))).toBe(ours)
  expect(actions.asked).toBe(1)
  const unknown = new GitHubOf().key
  await time.passes('2 minutes')
  for (let nth = 0; nth < 1_000; nth += 1) expect(await becomes(actions.signs(claims(), { kid: `k${nth}` }, unknown))).toMatch(/did not sign/)
  expect(actions.asked).toBe(2)
  for (const answer of [
    () => new Response('down', { status: 503 }),
    () => new Response('<html>'),
    () => Response.json({}),
    () => Response.json({ keys: [] }),
    () => Response.json({ keys: Array.from({ length: 500 }, () => ({ kty: 'RSA', kid: 'x', n: 'AQAB', e: 'AQAB' })) }),
    () => new Response('x'.repeat(10_000_000)),
    () => Promise.reject(new TypeError('fetch failed')),
  ]) {
    await time.passes('2 hours')
    actions.answers = answer
    expect(await becomes(actions.token(ada, AUDIENCE))).toBe(ours)
    expect(await becomes(actions.signs(claims(), { kid: 'another' }, unknown))).toMatch(/did not sign/)
  }
  actions.answers = null
  const fresh = actions.rotates()
  await time.passes('1 minute')
  expect(await becomes(actions.signs(claims(), { kid: fresh.kid }, fresh))).toBe(ours)
})

test('where the issuer cannot be asked from the beginning, that is said, and it is asked again after a while', async () => {
  const { actions, ada, becomes, time, ours } = setUp()
  actions.answers = () => new Response('down', { status: 503 })
  for (let nth = 0; nth < 100; nth += 1) expect(await becomes(actions.token(ada, AUDIENCE))).toBe('GITHUB_UNAVAILABLE: ')
  expect(actions.asked).toBe(1)
  actions.answers = () => new Promise(() => {})
  await time.passes('1 minute')
  const waiting = becomes(actions.token(ada, AUDIENCE))
  await time.passes('6 seconds')
  expect(await waiting).toBe('GITHUB_UNAVAILABLE: ')
  actions.answers = null
  await time.passes('1 minute')
  expect(await becomes(actions.token(ada, AUDIENCE))).toBe(ours)
})

test('where nobody knows what it would have to be for, a workflow is told so', async () => {
  const { actions, ada, time } = setUp()
  const proof = workflowProof(null, { fetch: async () => Response.error(), clock: time, spent: { spend: () => true } })
  await expect(proof.identify(new Secret(actions.token(ada, AUDIENCE)), null)).rejects.toMatchObject({
    problem: { code: 'AUTHENTICATION_REQUIRED', found: expect.stringContaining('GANTRY_URL') },
  })
})
