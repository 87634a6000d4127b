import { createHash, createHmac } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GitHub } from '../world/github/github.ts'
import type { Grounds } from '../world/grounds.ts'
import { comesToRest } from './asked.ts'
import { withApi } from './calling.ts'
import type { Scenario } from './scenario.ts'

const CANARY = 'canaryCANARYcanaryCANARYcanary0123456789'
const AUDIENCE = 'https://gantry.example'
const KNOWN = { GANTRY_URL: AUDIENCE }
const BEHIND_ONE = { TRUSTED_PROXIES: '1' }

/** Staging lets one more program in. */
function lets({ github }: Grounds, party = 'workflow:release.yml'): void {
  const file = github.repository.commits.get(github.repository.branches.get('main') ?? '')?.files.get('.github/deploy.yml') ?? ''
  github.has('.github/deploy.yml', file.replace('    target: site', `    target: site\n    allow: { any: [${party}] }`))
}

const stranger = () => new GitHub({ clock: { now: () => Date.now() } }).actions
const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** Name → token: none of them may do anything. `wanted`: with which status it is told. */
function forgeries({ github }: Grounds): readonly (readonly [what: string, token: string, wanted: number])[] {
  const { actions, people, repository } = github
  const claims = (changes: object = {}): Record<string, unknown> => ({ ...actions.claims(people.ada, AUDIENCE), ...changes })
  const signs = (changes: object): string => actions.signs(claims(changes))
  const [, body = '', signature = ''] = signs({}).split('.')
  const [key, mine] = [actions.keys[0]!, stranger().rotates()]
  const publicKey = key.pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const hmac = `${encoded({ alg: 'HS256', typ: 'JWT', kid: key.kid })}.${body}`
  const own = mine.pair.publicKey.export({ format: 'jwk' })
  const now = Math.floor(Date.now() / 1000)
  const without = (name: string): string => actions.signs(Object.fromEntries(Object.entries(claims()).filter(([one]) => one !== name)))
  return [
    ['alg none', `${encoded({ alg: 'none', kid: key.kid })}.${body}.${signature}`, 401],
    ['alg None, no signature', `${encoded({ alg: 'None' })}.${body}.AAAAAAAAAAAA`, 401],
    ['HS256 with the public key', `${hmac}.${createHmac('sha256', publicKey).update(hmac).digest('base64url')}`, 401],
    ['an unknown key', actions.signs(claims(), { kid: CANARY }, mine), 401],
    ['its kid and another key', actions.signs(claims(), { kid: key.kid }, mine), 401],
    ...(['jku', 'x5u'] as const).map(
      (name) => [name, actions.signs(claims(), { [name]: `https://evil.example/${CANARY}`, kid: 'x' }, mine), 401] as const,
    ),
    ['jwk', actions.signs(claims(), { jwk: own }, mine), 401],
    ['crit', actions.signs(claims(), { crit: ['exp'] }), 401],
    ['another issuer', signs({ iss: 'https://token.actions.githubusercontent.com.evil.example' }), 401],
    ['the issuer of github.com', signs({ iss: 'https://token.actions.githubusercontent.com' }), 401],
    ['another audience', signs({ aud: 'https://github.com/acme' }), 401],
    ['an audience below ours', signs({ aud: `${AUDIENCE}/x` }), 401],
    ['over', signs({ iat: now - 700, exp: now - 61 }), 401],
    ['not yet', signs({ nbf: now + 120 }), 401],
    ['25 hours old', signs({ iat: now - 90_000, nbf: now - 90_000, exp: now + 9_000_000 }), 401],
    ...['exp', 'iat', 'nbf', 'jti', 'aud', 'iss', 'repository_id', 'actor_id', 'event_name'].map(
      (name) => [`without ${name}`, without(name), 401] as const,
    ),
    ['another repository by id', signs({ repository_id: '1' }), 404],
    ['another account by id', signs({ repository_owner_id: '1' }), 404],
    ['the id as a number', signs({ repository_id: repository.id }), 401],
    ['pull_request', signs({ event_name: 'pull_request', ref: 'refs/pull/1/merge' }), 403],
    ['pull_request_target', signs({ event_name: 'pull_request_target' }), 403],
    ['issue_comment', signs({ event_name: 'issue_comment' }), 403],
    ['a workflow of another repository', signs({ workflow_ref: 'evil/shop/.github/workflows/release.yml@refs/heads/other' }), 401],
    [
      'an installation token’s JWT',
      github.auth
        .issue(github.installation, { repositoryIds: null, repositoryNames: null, permissions: null }, github.state)
        .text.replace(/^ghs_\d+_/, ''),
      401,
    ],
  ]
}

const f02: Scenario = {
  id: 'F02',
  tried:
    'tokens of GitHub Actions: alg none, HS256 with the public key, unknown kid, jku/x5u/jwk, wrong or missing claims, over, not yet, 25 h old, another repository, account, environment, branch, events of strangers, replayed',
  run: withApi(
    async (api) => {
      const { checks, grounds } = api
      const { github } = grounds
      lets(grounds)
      const deploysWith = (token: string) => api.deploys({ authorization: `Bearer ${token}` })
      for (const [what, token, wanted] of forgeries(grounds)) {
        const answer = await deploysWith(token)
        api.isProblem(what, answer, [wanted])
        checks.that(!answer.text.includes(CANARY), `${what}: repeats what was sent`)
      }
      checks.that(!grounds.gantry.output.includes(CANARY) && !grounds.gantry.output.includes('eyJ'), 'the log has a token')
      api.nothingDeployed()
      const ada = github.people.ada
      for (const job of [{ environment: 'production' }, { ref: 'refs/heads/checkout' }, { file: 'ci.yml' }]) {
        await deploysWith(github.actions.token(ada, AUDIENCE, job))
        await comesToRest(grounds)
      }
      const codes = grounds.rows(`select json_extract(problem, '$.code') as code from deployment`).map(({ code }) => code)
      checks.that(codes.join() === 'PERMISSION_REQUIRED,PERMISSION_REQUIRED,PERMISSION_REQUIRED', `by the rules: ${codes.join()}`)
      checks.that(github.repository.deployments.length === 0, 'a deployment was made on GitHub')
      const good = github.actions.token(ada, AUDIENCE)
      const all = await Promise.all(Array.from({ length: 20 }, () => deploysWith(good)))
      const taken = all.filter(({ status }) => status === 202)
      checks.that(
        taken.length === 1 && all.every(({ status }) => status === 202 || status === 401),
        `replayed: ${all.map(({ status }) => status).join()}`,
      )
      await comesToRest(grounds)
      await grounds.gantry.stops('SIGKILL')
      await grounds.starts({ ...grounds.apiVariables, ...KNOWN })
      api.isProblem('replayed after a restart', await deploysWith(good), [401])
      checks.that(github.repository.deployments.length === 1, `${github.repository.deployments.length} deployments on GitHub`)
      return `${forgeries(grounds).length} forgeries refused; three by the rules; one of 21 replays deployed`
    },
    { variables: KNOWN },
  ),
}

const f03: Scenario = {
  id: 'F03',
  tried: 'the issuer’s keys fail, hang, are huge, 500, other ones; 1,000 tokens with kids that nobody knows',
  run: withApi(
    async (api) => {
      const { checks, grounds } = api
      const { actions, people } = grounds.github
      lets(grounds)
      const status = async (token: string): Promise<number> =>
        (await api.calls('GET', '/deployments?repository=acme/shop', { authorization: `Bearer ${token}` })).status
      actions.answers = () => new Response('down', { status: 503 })
      checks.that((await status(actions.token(people.ada, AUDIENCE))) === 503, 'without keys it is not said that GitHub is away')
      for (let nth = 0; nth < 50; nth += 1) await status(actions.token(people.ada, AUDIENCE))
      checks.that(actions.asked === 1, `a failing issuer was asked ${actions.asked} times`)
      actions.answers = null
      await grounds.gantry.stops()
      await grounds.starts({ ...grounds.apiVariables, ...KNOWN })
      checks.that((await status(actions.token(people.ada, AUDIENCE))) === 200, 'a good token is refused')
      const before = actions.asked
      const mine = stranger().rotates()
      const wrong: number[] = []
      for (let nth = 0; nth < 1_000; nth += 1) {
        const answered = await status(actions.signs(actions.claims(people.ada, AUDIENCE), { kid: `k${nth}` }, mine))
        if (answered !== 401 && answered !== 429) wrong.push(answered)
      }
      checks.that(wrong.length === 0, `unknown kids: ${wrong.slice(0, 5).join()}`)
      checks.that(actions.asked - before <= 1, `1,000 unknown kids had it asked ${actions.asked - before} times`)
      for (const answer of [
        () => new Response('x'.repeat(20_000_000)),
        () => Response.json({ keys: Array.from({ length: 500 }, () => ({ kty: 'RSA' })) }),
      ]) {
        actions.answers = answer
        checks.that((await status(actions.token(people.ada, AUDIENCE))) === 200, 'a known key is forgotten')
      }
      return 'known keys stay known; at most one question for 1,000 unknown kids; a failing issuer is left alone for its while'
    },
    { variables: KNOWN },
  ),
}

const GUESSES = 2_000
const MADE_FOR = { name: 'ci', repositories: ['acme/shop'], environments: ['staging'], actions: ['read', 'deploy'], days: 1 }

const f04: Scenario = {
  id: 'F04',
  tried: `API tokens: one character off at each place, with a right checksum, of another account, of another scope, revoked, over, ${GUESSES} guesses from one address; the bytes of the database`,
  run: withApi(
    async (api) => {
      const { checks, grounds } = api
      const { people } = grounds.github
      lets(grounds, 'token:ci')
      const [owner, from] = [api.token(people.grace), { 'x-forwarded-for': '203.0.113.7' }]
      const makes = async (changes: object = {}): Promise<string> => {
        const made = await api.calls('POST', '/config/acme/tokens', { authorization: owner }, JSON.stringify({ ...MADE_FOR, ...changes }))
        checks.that(made.status === 201, `a token is not made: ${made.status} ${made.text.slice(0, 200)}`)
        return (JSON.parse(made.text) as { readonly token: string }).token
      }
      const good = await makes()
      const looks = async (token: string, headers = {}): Promise<number> =>
        (await api.calls('GET', '/deployments?repository=acme/shop', { authorization: `Bearer ${token}`, ...headers })).status
      checks.that((await looks(good)) === 200, 'a good one is refused')
      for (let at = 0; at < good.length; at += 1) {
        const wrong = `${good.slice(0, at)}${good[at] === 'a' ? 'b' : 'a'}${good.slice(at + 1)}`
        checks.that((await looks(wrong)) === 401, `another character at ${at} is somebody`)
      }
      const [, account = '', id = ''] = good.split('_')
      const forged = (key: string, of = account): string => {
        const body = `gantry_${of}_${id}_${key}`
        return `${body}_${createHash('sha256').update(body).digest('hex').slice(0, 6)}`
      }
      checks.that((await looks(forged('0'.repeat(80)))) === 401, 'a guess with a right checksum is somebody')
      checks.that((await looks(forged(good.split('_')[3] ?? '', '1'))) === 401, 'it is one of another account, too')
      const guesses: Record<number, number> = {}
      for (let nth = 0; nth < GUESSES; nth += 1) {
        const status = await looks(forged(nth.toString(36).padStart(80, '0')), from)
        guesses[status] = (guesses[status] ?? 0) + 1
      }
      checks.that((guesses[401] ?? 0) <= 60 && (guesses[401] ?? 0) + (guesses[429] ?? 0) === GUESSES, `guesses: ${JSON.stringify(guesses)}`)
      checks.that((await looks(good, from)) === 200, 'guesses lock out a good one')
      checks.that((await looks(good, { 'x-forwarded-for': '203.0.113.8' })) === 200, 'guesses lock out another address')
      const [reads, elsewhere] = [await makes({ name: 'reads', actions: ['read'] }), await makes({ name: 'elsewhere', environments: ['production'] })]
      api.isProblem('one that only reads', await api.deploys({ authorization: `Bearer ${reads}` }), [403])
      await api.deploys({ authorization: `Bearer ${elsewhere}` })
      await comesToRest(grounds)
      const [row] = grounds.rows(`select state, json_extract(problem, '$.code') as code from deployment`)
      checks.that(row?.['state'] === 'refused' && row['code'] === 'PERMISSION_REQUIRED', `another environment: ${JSON.stringify(row)}`)
      for (const path of ['/config/acme/tokens', '/config/acme/credentials', '/config/acme/audit'])
        api.isProblem(path, await api.calls('GET', path, { authorization: `Bearer ${good}` }), [403])
      await api.calls('DELETE', '/config/acme/tokens/ci', { authorization: owner })
      checks.that((await looks(good)) === 401, 'one that was revoked is somebody')
      await grounds.gantry.stops()
      for (const name of ['gantry.db', 'gantry.db-wal'])
        checks.that(!bytesIn(grounds, name).includes(good.split('_')[3] ?? ''), `${name} has the secret`)
      checks.that(!grounds.gantry.output.includes(good.split('_')[3] ?? ''), 'the log has the secret')
      await grounds.starts({ ...grounds.apiVariables, ...KNOWN, ...BEHIND_ONE })
      checks.that((await looks(good)) === 401 && (await looks(reads)) === 200, 'after a restart it is another')
      return `${good.length} slips and ${GUESSES} guesses are nobody, and lock nobody out; scope and end hold; the database has only hashes`
    },
    { variables: { ...KNOWN, ...BEHIND_ONE } },
  ),
}

const bytesIn = ({ folder }: Grounds, name: string): string => {
  const path = join(folder, 'data', name)
  return existsSync(path) ? readFileSync(path, 'latin1') : ''
}

export const programs: readonly Scenario[] = [f02, f03, f04]
