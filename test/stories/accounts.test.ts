import { auditPage, verifyAudit } from '../../src/store/audit.ts'
import type { Declaration } from '../../src/deploy/declaration.ts'
import { auditMac } from '../../src/store/audit-key.ts'
import { createDeclarations } from '../../src/store/declarations.ts'
import { createRepository, give, join } from '../world/github/population.ts'
import { newId } from '../world/github/state.ts'
import { HMAC } from '../world/mac.ts'
import { newKey, randomBytes, vaultOver } from '../world/vault.ts'
import { expect, story, type Cast, type Character } from '../story.ts'
import { DEPLOY_YML, PASSWORD, REGISTRY, type Called } from '../world/world.ts'

// What an account's administrators keep through the API: it works before it is kept, and is used from that moment on. grace owns acme.

const [FIRST, SECOND] = ['the-first-token-of-acme', 'the-second-token-of-acme']
const KEYS = [newKey('k1')]
const options = {
  keys: KEYS,
  registry: {
    accounts: [
      { name: 'gantry', password: PASSWORD, repositories: ['acme/*'] },
      { name: 'first', password: FIRST, repositories: ['acme/*'] },
      { name: 'second', password: SECOND, repositories: ['acme/*'] },
    ],
  },
}
const CREDENTIAL = '/config/acme/credentials/shop'
const TRIED = `${CREDENTIAL}?image=${REGISTRY}/acme/shop:1.2`
const login = (username: string, value: string) => ({ registry: REGISTRY, repositories: ['acme/shop'], username, password: { value } })
const said = ({ status, body }: Called) => [status, body.code ?? body.state ?? body.name] as const
const tagOf = ({ headers }: Called): string => headers.get('etag') ?? ''
const image = (tag: string) => ({ repository: 'acme/shop', environment: 'staging', image: `:${tag}` })
const has = ({ registry }: Cast, tag: string): Promise<unknown> => registry.has(`acme/shop:${tag}`, { 'site/index.html': tag })

async function deploys(who: Character, body: object): Promise<Called> {
  const asked = await who.calls('POST', '/deploy', body)
  return asked.status === 202 ? who.calls('GET', asked.headers.get('location') ?? '') : asked
}

/** Who has shown a password to the registry since the last time. */
function logins({ registry }: Cast): readonly string[] {
  const shown = registry.requests.splice(0).map(({ authorization = '' }) => /^Basic (.*)$/.exec(authorization)?.[1])
  return [...new Set(shown.flatMap((basic) => (basic === undefined ? [] : [atob(basic).split(':')[0] ?? ''])))]
}

/** Nothing of what is kept can be read without the key. */
function holdsNo(canaries: readonly string[], { world }: Cast): void {
  const everything = world.disk
    .all<{ name: string }>(`select name from sqlite_schema where type = 'table'`)
    .flatMap(({ name }) => world.disk.all(`select * from ${name}`).flatMap(Object.values))
  const text = everything.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value))).join('\n')
  for (const canary of canaries) expect(text.includes(canary), canary).toBe(false)
  for (const canary of canaries)
    expect(
      world.logged.some((line) => line.includes(canary)),
      `${canary} in the log`,
    ).toBe(false)
}

const allOf = (called: Called): string => JSON.stringify(called.body) + JSON.stringify([...called.headers])

story.once(
  'a wrong token is refused with the row that fails; the right one is used by the next deployment, without a restart',
  async (cast) => {
    const { grace, ada, world } = cast
    await has(cast, '1.2')
    const wrong = await grace.calls('PUT', TRIED, login('first', 'wrong-canary-token'))
    expect(said(wrong)).toEqual([409, 'DECLARATION_UNPROVED'])
    expect(wrong.body).toMatchObject({ found: expect.stringContaining('CREDENTIALS_INVALID'), who: 'account' })
    const [{ works, rows, problem }] = wrong.body.trials
    expect([works, problem.code]).toEqual([false, 'CREDENTIALS_INVALID'])
    expect(rows.find(({ outcome }: { outcome: string }) => outcome === 'failed')).toMatchObject({ name: 'token' })
    expect((await grace.calls('GET', '/config/acme/credentials')).body).toEqual({ credentials: [] })
    expect(said(await grace.calls('PUT', CREDENTIAL, login('first', FIRST)))).toEqual([409, 'DECLARATION_UNPROVED'])

    logins(cast)
    const kept = await grace.calls('PUT', TRIED, login('first', FIRST))
    expect([kept.status, kept.body.unused, kept.body.trials]).toMatchObject([201, null, [{ works: true }]])
    expect(kept.body.declared).toEqual({ registry: REGISTRY, repositories: ['acme/shop'], username: 'first', password: { kept: true } })
    expect(logins(cast)).toEqual(['first'])
    expect(said(await deploys(ada, image('1.2')))).toEqual([200, 'success'])
    expect(logins(cast)).toEqual(['first'])
    await world.dies()
    await has(cast, '1.3')
    expect(said(await deploys(ada, image('1.3')))).toEqual([200, 'success'])
    expect(logins(cast)).not.toContain('gantry')

    const [shown, listed] = [await grace.calls('GET', CREDENTIAL), await grace.calls('GET', '/config/acme/credentials')]
    expect([tagOf(shown), listed.body.credentials]).toEqual([tagOf(kept), [shown.body]])
    for (const one of [wrong, kept, shown, listed]) for (const secret of [FIRST, 'wrong-canary-token']) expect(allOf(one)).not.toContain(secret)
    holdsNo([FIRST, 'wrong-canary-token'], cast)
  },
  options,
)

story.once(
  'a secret that is kept may stay where only its use changes, and is sent to no other place and under no other name',
  async (cast) => {
    const { grace, world } = cast
    await has(cast, '1.2')
    const { body: first } = await grace.calls('PUT', TRIED, login('first', FIRST))
    const kept = { ...first.declared, expires: '2027-03-31', repositories: ['acme/*'] }
    const changed = await grace.calls('PUT', TRIED, kept)
    expect([changed.status, changed.body.declared, changed.body.trials[0].works]).toEqual([200, kept, true])
    for (const other of [{ registry: 'evil.example.com' }, { username: 'second' }, { family: 'gitlab' }]) {
      const { status, body } = await grace.calls('PUT', `${CREDENTIAL}?untested=true`, { ...kept, ...other })
      expect([status, body.detail, body.found]).toEqual([422, 'The secrets have to be given again.', `another ${Object.keys(other)[0]}`])
    }
    expect(said(await grace.calls('PUT', '/config/acme/credentials/other?untested=true', kept))).toEqual([422, 'REQUEST_INVALID'])
    expect((await grace.calls('GET', CREDENTIAL)).body.fingerprint).toBe(changed.body.fingerprint)
    // What whoever runs Gantry has put there is not theirs to use for more.
    const json = JSON.stringify({ ...login('first', FIRST), repositories: ['acme/shop'], password: { sealed: FIRST } })
    const mac = await auditMac(vaultOver(world.disk, ...KEYS), true, randomBytes, HMAC)
    const put = (one: Declaration) => createDeclarations(vaultOver(world.disk, ...KEYS), world.disk, mac).put(one, world.time.now())
    await put({ account: world.github.repository.owner.id, kind: 'credential', name: 'theirs', json })
    const theirs = (await grace.calls('GET', '/config/acme/credentials/theirs')).body.declared
    expect(said(await grace.calls('PUT', '/config/acme/credentials/theirs?untested=true', { ...theirs, repositories: ['**'] }))).toEqual([
      422,
      'REQUEST_INVALID',
    ])
    holdsNo([FIRST], cast)
  },
  options,
)

story.once(
  'a token is rotated while a deployment runs: that one ends well, and the next one has the new token',
  async (cast) => {
    const { grace, ada, registry, world } = cast
    await has(cast, '1.2')
    const { body: first } = await grace.calls('PUT', TRIED, login('first', FIRST))
    let isRotated: Promise<Called> | null = null
    const authorization = `Bearer ${world.github.auth.signsIn(grace.person.account)}`
    registry.quirks.pause = async ({ path }) => {
      if (!path.includes('/blobs/') || isRotated !== null) return
      isRotated = world.calls('PUT', TRIED, login('second', SECOND), { authorization })
      await isRotated
    }
    expect(said(await deploys(ada, image('1.2')))).toEqual([200, 'success'])
    delete registry.quirks.pause
    const rotated: Called = await isRotated!
    expect([rotated.status, rotated.body.fingerprint === first.fingerprint]).toEqual([200, false])
    logins(cast)
    await registry.has('acme/shop:1.3', { 'site/index.html': '1.3' })
    expect(said(await grace.calls('POST', `${CREDENTIAL}/test`, { images: [`${REGISTRY}/acme/shop:1.3`] }))[0]).toBe(200)
    expect(said(await deploys(ada, image('1.3')))).toEqual([200, 'success'])
    expect(logins(cast)).not.toContain('first')
    expect((await grace.calls('DELETE', CREDENTIAL)).body).toMatchObject({ name: 'shop', fingerprint: rotated.body.fingerprint })
    await world.time.passes('10 minutes')
    await has(cast, '1.4')
    expect(said(await deploys(ada, image('1.4')))).toEqual([200, 'success'])
    expect(logins(cast)).toEqual(['gantry'])
    holdsNo([FIRST, SECOND], cast)
  },
  options,
)

story.once(
  'whoever has looked at something older is told so, and of two at once one goes first',
  async (cast) => {
    const { grace, ada, github } = cast
    await has(cast, '1.2')
    github.member(ada.person, 'admin')
    const none = { 'if-none-match': '*' }
    const both = await Promise.all(
      [grace, ada].map((who, nth) => who.calls('PUT', TRIED, [login('first', FIRST), login('second', SECOND)][nth], none)),
    )
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 412])
    const seen = tagOf(await grace.calls('GET', CREDENTIAL))
    const changed = await ada.calls('PUT', TRIED, login('first', FIRST), { 'if-match': `"x", ${seen}` })
    const again = await ada.calls('PUT', TRIED, login('second', SECOND), { 'if-match': tagOf(changed) })
    expect([changed.status, again.status]).toEqual([200, 200])
    for (const [method, body] of [
      ['PUT', login('first', FIRST)],
      ['DELETE', undefined],
    ] as const) {
      expect(
        said(await grace.calls(method, TRIED.slice(0, method === 'PUT' ? undefined : CREDENTIAL.length), body, { 'if-match': tagOf(changed) })),
      ).toEqual([412, 'DECLARATION_CHANGED'])
    }
    expect(tagOf(await grace.calls('GET', CREDENTIAL))).toBe(tagOf(again))
    for (const [name, value] of [
      ['if-match', 'x'],
      ['if-none-match', '"x"'],
    ] as const)
      expect(said(await grace.calls('DELETE', CREDENTIAL, undefined, { [name]: value }))).toEqual([400, 'REQUEST_MALFORMED'])
    expect(said(await grace.calls('DELETE', CREDENTIAL, undefined, { 'if-match': `W/${tagOf(again)}` }))).toEqual([412, 'DECLARATION_CHANGED'])
    expect((await grace.calls('DELETE', CREDENTIAL, undefined, { 'if-match': tagOf(again) })).status).toBe(200)
    expect(said(await grace.calls('DELETE', CREDENTIAL))).toEqual([404, 'DECLARATION_UNKNOWN'])
  },
  options,
)

story.once(
  'a target is used at once; what has begun ends with the one it began with, and what waits is planned anew',
  async (cast) => {
    const { grace, ada, github, world, engine, time } = cast
    await has(cast, '1.2')
    const { id } = github.repository
    const allow = [{ repository: 'acme/shop', id, environments: ['*'], images: [`${REGISTRY}/acme/*`] }]
    const target = (host: string) => ({ kind: 'docker', host: `tcp://${host}:2375`, plain_http: true, credential: 'shop', allow })
    const path = '/config/acme/targets/own'
    github.has('.github/deploy.yml', DEPLOY_YML.replace('target: engine', 'target: own'))
    const production = (tag: string) => ({ ...image(tag), environment: 'production' })
    expect((await deploys(ada, production('1.2'))).body.problem).toMatchObject({ code: 'TARGET_UNKNOWN' })
    expect(said(await grace.calls('PUT', path, target('one.engine.test')))).toEqual([422, 'REQUEST_INVALID'])
    await grace.calls('PUT', TRIED, login('first', FIRST))
    const down = async () => new Response('no', { status: 503 })
    world.wire.engine = down
    expect(said(await grace.calls('PUT', path, target('one.engine.test')))).toEqual([409, 'DECLARATION_UNPROVED'])
    delete world.wire.engine
    const kept = await grace.calls('PUT', path, target('one.engine.test'))
    expect([kept.status, kept.body.trials[0].note]).toEqual([201, expect.stringContaining('container engine')])
    // In the middle of it the engine's address changes, and the target is gone.
    const hosts: string[] = []
    const authorization = `Bearer ${github.auth.signsIn(grace.person.account)}`
    let isChanged = false
    world.wire.engine = async (request) => {
      hosts.push(new URL(request.url).host)
      if (isChanged || !request.url.includes('/images/create')) return null
      isChanged = true
      await world.calls('PUT', path, target('two.engine.test'), { authorization })
      hosts.length = 0
      return null
    }
    const changed = await deploys(ada, production('1.2'))
    expect([...said(changed), changed.body.problem]).toEqual([200, 'success', null])
    expect(isChanged).toBe(true)
    expect(new Set(hosts)).toEqual(new Set(['one.engine.test:2375']))
    hosts.length = 0
    await has(cast, '1.3')
    expect(said(await deploys(ada, production('1.3')))).toEqual([200, 'success'])
    expect(new Set(hosts)).toEqual(new Set(['two.engine.test:2375']))
    expect(engine.simulator.violations).toEqual([])
    expect(said(await grace.calls('DELETE', CREDENTIAL))).toEqual([409, 'DECLARATION_USED'])
    expect((await grace.calls('POST', `${path}/test`, {})).body).toMatchObject({ works: true })
    expect((await grace.calls('DELETE', path)).status).toBe(200)
    expect((await deploys(ada, production('1.2'))).body.problem).toMatchObject({ code: 'TARGET_UNKNOWN' })
    await time.passes('1 minute')
  },
  { ...options, registry: { accounts: [options.registry.accounts[1]!, options.registry.accounts[0]!] } },
)

story.once(
  'only who administers the account may look and change, and to a stranger it is not there',
  async (cast) => {
    const { grace, ada, mallory, trent, github, world, time } = cast
    await has(cast, '1.2')
    await grace.calls('PUT', TRIED, login('first', FIRST))
    const routes: readonly (readonly [method: string, path: string, body?: object])[] = [
      ['GET', '/config/acme/credentials'],
      ['GET', CREDENTIAL],
      ['PUT', TRIED, login('second', SECOND)],
      ['POST', `${CREDENTIAL}/test`, { images: [`${REGISTRY}/acme/shop:1.2`] }],
      ['GET', '/config/acme/targets'],
      ['GET', '/config/acme/targets/own'],
      ['PUT', '/config/acme/targets/own', { kind: 'docker', host: 'tcp://engine.test:2375', plain_http: true }],
      ['POST', '/config/acme/targets/own/test', {}],
      ['DELETE', '/config/acme/targets/own'],
      ['GET', '/config/acme/audit'],
      ['GET', '/config/acme/audit?repository=acme/shop'],
      ['DELETE', CREDENTIAL],
    ]
    const without = ({ status, body }: Called, name: string) => [status, JSON.stringify({ ...body, requestId: '' }).replaceAll(name, 'NAME')]
    for (const [method, path, body] of routes) {
      expect(said(await world.calls(method, path, body, {}))).toEqual([401, 'AUTHENTICATION_REQUIRED'])
      const refused = await ada.calls(method, path, body)
      expect(said(refused)).toEqual([403, 'PERMISSION_REQUIRED'])
      expect(refused.body).toMatchObject({ wanted: 'an owner of acme', who: 'account' })
      for (const stranger of [mallory, trent]) {
        const there = without(await stranger.calls(method, path, body), 'acme')
        expect(there).toEqual(without(await stranger.calls(method, path.replaceAll('acme', 'nowhere'), body), 'nowhere'))
        expect(there[0]).toBe(404)
      }
    }
    const known = await grace.calls('GET', CREDENTIAL)
    expect(known.status).toBe(200)
    // Whoever is none any more changes nothing from then on, and sees nothing a minute later.
    github.member(grace.person, 'member')
    expect(said(await grace.calls('DELETE', CREDENTIAL))).toEqual([403, 'PERMISSION_REQUIRED'])
    expect((await grace.calls('GET', CREDENTIAL)).status).toBe(200)
    await time.passes('61 seconds')
    expect(said(await grace.calls('GET', CREDENTIAL))).toEqual([403, 'PERMISSION_REQUIRED'])
    await time.passes('31 seconds')
    github.answers(502).to('GET /orgs/{org}/memberships/{username}').times(1)
    expect((await grace.calls('DELETE', CREDENTIAL)).status).toBe(503)
    // The operator's file names a team.
    const { id } = github.repository.owner
    github.team('acme/platform', [ada.person])
    world.operator = `${world.operator}accounts: { acme: { id: ${id}, administrators: [team:acme/platform] } }\n`
    await world.dies()
    expect((await ada.calls('GET', CREDENTIAL)).status).toBe(200)
    const member = await grace.calls('DELETE', CREDENTIAL)
    expect([said(member), member.body.wanted]).toEqual([[403, 'PERMISSION_REQUIRED'], 'an owner of acme, team:acme/platform'])
    github.installation.isSuspended = true
    expect(said(await ada.calls('DELETE', CREDENTIAL))).toEqual([404, 'ACCOUNT_UNKNOWN'])
    github.installation.isSuspended = false
    await time.passes('11 minutes')
    expect((await ada.calls('DELETE', CREDENTIAL)).status).toBe(200)
  },
  options,
)

/** Another organisation with a repository of its own and the App, which mallory owns. */
function movesIn({ github, mallory }: Cast) {
  const owner = join(github.state, 'umbrella', 'Organization')
  const home = createRepository(github.state, owner, { name: 'shop' }, github.now())
  give(home, mallory.person.account, 'admin')
  github.member(mallory.person, 'admin', owner)
  const installation = { ...github.installation, id: newId(github.state), account: owner, repositories: new Set([home.id]) }
  github.state.installations.set(installation.id, installation)
  return { owner, home }
}

story.once(
  'two accounts with the same names never meet: not in a list, a change, a record or a cursor',
  async (cast) => {
    const { grace, mallory, world, github } = cast
    await has(cast, '1.2')
    movesIn(cast)
    const theirs = CREDENTIAL.replace('acme', 'umbrella')
    const [ours] = [await grace.calls('PUT', TRIED, login('first', FIRST)), await grace.calls('GET', '/config/acme/audit')]
    expect(said(await mallory.calls('GET', theirs))).toEqual([404, 'DECLARATION_UNKNOWN'])
    expect(said(await mallory.calls('GET', CREDENTIAL))).toEqual([404, 'ACCOUNT_UNKNOWN'])
    const untested = await mallory.calls('PUT', `${theirs}?untested=true`, { ...login('first', 'umbrella-canary'), repositories: ['**'] })
    expect([untested.status, untested.body.trials]).toEqual([201, []])
    expect((await grace.calls('GET', CREDENTIAL)).body.fingerprint).toBe(ours.body.fingerprint)
    const logged = await mallory.calls('GET', '/config/umbrella/audit')
    expect(logged.body).toMatchObject({
      next: null,
      records: [{ by: { login: 'mallory' }, action: 'declaration kept', before: null, after: untested.body.fingerprint }],
    })
    expect(said(await mallory.calls('GET', '/config/umbrella/audit?repository=acme/shop'))).toEqual([404, 'REPOSITORY_UNKNOWN'])
    expect(said(await mallory.calls('GET', '/config/umbrella/audit?cursor=-1'))).toEqual([422, 'REQUEST_INVALID'])
    expect((await mallory.calls('GET', '/config/umbrella/audit?cursor=zzzzz')).body.records).toEqual(logged.body.records)
    // What umbrella keeps for every image is shown to no registry for acme's.
    logins(cast)
    expect(said(await deploys(cast.ada, image('1.2')))).toEqual([200, 'success'])
    expect((await mallory.calls('DELETE', theirs)).status).toBe(200)
    expect((await grace.calls('GET', CREDENTIAL)).status).toBe(200)
    expect(github.repository.deployments).toHaveLength(1)
    holdsNo([FIRST, 'umbrella-canary'], cast)
    const { head } = verifyAudit(world.disk, 'account_audit', [await auditMac(vaultOver(world.disk, ...KEYS), true, randomBytes, HMAC)]) as {
      head: { number: number }
    }
    expect(head.number).toBeGreaterThanOrEqual(4)
  },
  options,
)

story.once(
  'every change stands in the log, page by page, with whoever made it; a repository has its own',
  async (cast) => {
    const { grace, ada, world } = cast
    await has(cast, '1.2')
    const fingerprints: string[] = []
    for (const [name, value] of [
      ['first', FIRST],
      ['second', SECOND],
    ] as const)
      fingerprints.push((await grace.calls('PUT', TRIED, login(name, value))).body.fingerprint)
    await grace.calls('DELETE', CREDENTIAL)
    const records: any[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: Called = await grace.calls('GET', `/config/acme/audit?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      records.push(...body.records)
      cursor = body.next
    }
    const { id } = world.github.repository.owner
    const subject = `credential shop of account ${id}`
    const by = { id: grace.person.id, login: 'grace' }
    const [first, second] = fingerprints
    const at = expect.stringMatching(/^\d{4}-.*Z$/)
    expect(records).toEqual([
      { at, by, action: 'declaration removed', subject, before: second, after: null, why: null, request: null },
      { at, by, action: 'declaration kept', subject, before: first, after: second, why: null, request: null },
      { at, by, action: 'declaration kept', subject, before: null, after: first, why: null, request: null },
    ])
    expect(auditPage(world.disk, 'account_audit', 0, null, 100).map(({ action }) => action)).toEqual(['operator file changed'])
    await deploys(ada, image('1.2'))
    const ours = await grace.calls('GET', '/config/acme/audit?repository=acme/shop')
    expect(ours.body.records.map(({ action }: { action: string }) => action)).toEqual([
      'deployment ended',
      'configuration changed',
      'deployment requested',
    ])
  },
  options,
)

story.once(
  'nothing of the machine that Gantry runs on, or of its network, is declared or asked',
  async (cast) => {
    const { grace, world } = cast
    const puts = (path: string, body: object) => grace.calls('PUT', `/config/acme/${path}?untested=true`, body)
    const credential = (registry: string) => ({ registry, username: 'x', password: { value: 'a-canary-password' } })
    for (const registry of [
      '127.0.0.1:5000',
      'localhost:5000',
      '10.0.0.5:5000',
      '169.254.169.254',
      '[::1]:5000',
      '192.168.1.1',
      'registry.internal:443',
    ])
      expect([registry, ...said(await puts('credentials/x', credential(registry)))]).toEqual([registry, 403, 'MACHINE_REQUIRED'])
    for (const host of [
      'unix:///run/docker.sock',
      'tcp://127.0.0.1:2375',
      'tcp://localhost:2375',
      'tcp://10.1.2.3:2376',
      'tcp://[::1]:2375',
      'tcp://0x7f000001:2375',
      'tcp://2130706433:2375',
      'tcp://engine:2375',
    ])
      expect([host, ...said(await puts('targets/x', { kind: 'docker', host, ...(host.startsWith('tcp') && { plain_http: true }) }))]).toEqual([
        ...[host, 403, 'MACHINE_REQUIRED'],
      ])
    expect(said(await puts('targets/x', { kind: 'static', listen: '0.0.0.0:8080' }))).toEqual([403, 'MACHINE_REQUIRED'])
    for (const body of [
      { registry: 'ghcr.io', docker_config: '/root/.docker' },
      { registry: 'ghcr.io', username: 'x', password: { env: 'GANTRY_KEYS' } },
      { registry: 'ghcr.io', username: 'x', password: { file: '/etc/shadow' } },
      { registry: 'ghcr.io', username: 'x', password: { sealed: 'x' } },
      { registry: 'ghcr.io', username: 'x', password: 'in the open' },
      { ...credential('ghcr.io'), pasword: { value: 'x' } },
      { ...credential('ghcr.io'), username: '\ud800' },
    ]) {
      const refused = await puts('credentials/x', body)
      expect(said(refused)).toEqual([422, 'REQUEST_INVALID'])
      expect(allOf(refused)).not.toContain('in the open')
    }
    expect((await grace.calls('GET', '/config/acme/credentials')).body).toEqual({ credentials: [] })
    expect((await grace.calls('GET', '/config/acme/targets')).body).toEqual({ targets: [] })
    // What the operator allows to the account, and takes back.
    const { id } = world.github.repository.owner
    const before = world.operator
    world.operator = `${before}accounts: { acme: { id: ${id}, this_machine: true } }\n`
    await world.dies()
    expect((await puts('targets/x', { kind: 'docker', host: 'unix:///run/docker.sock' })).body).toMatchObject({ unused: null })
    const site = await puts('targets/site', { kind: 'static', listen: '127.0.0.1:0' })
    expect([site.status, world.life.gantry.sites.size]).toEqual([201, 2])
    expect((await grace.calls('DELETE', '/config/acme/targets/site')).status).toBe(200)
    expect(world.life.gantry.sites.size).toBe(1)
    world.operator = before
    await world.dies()
    expect((await grace.calls('GET', '/config/acme/targets/x')).body).toMatchObject({ unused: expect.stringContaining('this machine') })
    expect(world.life.gantry.sites.size).toBe(1)
    expect(said(await grace.calls('POST', '/config/acme/targets/x/test', {}))).toEqual([409, 'DECLARATION_UNPROVED'])
  },
  options,
)

story.atEveryCrossing(
  'whoever changes a credential in the middle of a crash has the one or the other, and the log says which',
  async (cast) => {
    const { grace, world, ada, bot } = cast
    await has(cast, '1.2')
    await grace.calls('PUT', TRIED, login('first', FIRST))
    const second = await grace.calls('PUT', TRIED, login('second', SECOND))
    expect(second.status).toBeLessThan(300)
    const { fingerprint } = (await grace.calls('GET', CREDENTIAL)).body
    expect(fingerprint).toBe(second.body.fingerprint)
    const { records } = (await grace.calls('GET', '/config/acme/audit')).body
    for (const [nth, record] of records.entries()) expect(record.before).toBe(records[nth + 1]?.after ?? null)
    expect(records[0].after).toBe(fingerprint)
    expect(said(await deploys(ada, image('1.2')))).toEqual([200, 'success'])
    bot.isHeard()
    expect(world.github.repository.deployments.length).toBeGreaterThan(0)
  },
  { ...options, every: 7 },
)

story.once(
  'a backup brings back exactly what the account kept, at once, and nothing else happens',
  async (cast) => {
    const { grace, ada, github, world } = cast
    await has(cast, '1.2')
    const first = await grace.calls('PUT', TRIED, login('first', FIRST))
    await grace.calls('PUT', '/config/acme/credentials/other?untested=true', { ...login('x', 'other-canary'), registry: 'ghcr.io' })
    const made = await grace.calls('POST', '/config/acme/backup', {})
    expect([made.status, made.body.declarations, made.body.left]).toEqual([200, 2, []])
    for (const secret of [FIRST, 'other-canary', 'first', 'shop']) expect(JSON.stringify(made.body.backup)).not.toContain(secret)
    // Rotated, removed and added since.
    const second = await grace.calls('PUT', TRIED, login('second', SECOND))
    await grace.calls('DELETE', '/config/acme/credentials/other')
    await grace.calls('PUT', '/config/acme/credentials/newer?untested=true', { ...login('x', 'newer-canary'), registry: 'ghcr.io' })
    const restores = (backup: object, query = '') => grace.calls('POST', `/config/acme/restore${query}`, { backup })
    const { backup } = made.body
    const changes = [
      { kind: 'credential', name: 'newer', before: expect.any(String), after: null },
      { kind: 'credential', name: 'shop', before: second.body.fingerprint, after: first.body.fingerprint },
      { kind: 'credential', name: 'other', before: null, after: expect.any(String) },
    ]
    const calls = github.calls.length
    expect((await restores(backup, '?check=true')).body).toMatchObject({ changes })
    expect((await grace.calls('GET', CREDENTIAL)).body.fingerprint).toBe(second.body.fingerprint)

    expect((await restores(backup)).body).toMatchObject({ changes })
    expect((await restores(backup)).body).toMatchObject({ changes: [] })
    expect((await grace.calls('GET', '/config/acme/credentials')).body.credentials.map(({ name }: { name: string }) => name)).toEqual([
      'other',
      'shop',
    ])
    logins(cast)
    expect(said(await deploys(ada, image('1.2')))).toEqual([200, 'success'])
    expect(logins(cast)).toEqual(['first'])
    expect(github.calls.slice(calls).filter(({ method }) => method !== 'GET' && method !== 'POST')).toEqual([])
    const { records } = (await grace.calls('GET', '/config/acme/audit?limit=8')).body
    expect(records.map(({ action }: { action: string }) => action).toReversed()).toEqual(
      [
        ...['backup made', 'declaration kept', 'declaration removed', 'declaration kept'],
        ...['backup restored', 'declaration removed', 'declaration kept', 'declaration kept', 'backup restored'],
      ].slice(-8),
    )
    const mac = await auditMac(vaultOver(world.disk, ...KEYS), true, randomBytes, HMAC)
    expect(verifyAudit(world.disk, 'account_audit', [mac])).toHaveProperty('head')
    holdsNo([FIRST, SECOND, 'other-canary', 'newer-canary'], cast)
  },
  options,
)

story.once(
  'what the operator keeps for an account through the machine comes back as the account’s own, which reaches no machine',
  async (cast) => {
    const { grace, world } = cast
    const { id } = world.github.repository.owner
    world.operator = `${world.operator}accounts: { acme: { id: ${id}, this_machine: true } }\n`
    await world.dies()
    await grace.calls('PUT', '/config/acme/targets/x?untested=true', { kind: 'docker', host: 'unix:///run/docker.sock' })
    const { backup } = (await grace.calls('POST', '/config/acme/backup', {})).body
    await grace.calls('DELETE', '/config/acme/targets/x')
    world.operator = world.operator.replace('this_machine: true', 'this_machine: false')
    await world.dies()
    expect((await grace.calls('POST', '/config/acme/restore', { backup })).body.changes).toHaveLength(1)
    expect((await grace.calls('GET', '/config/acme/targets/x')).body.unused).toContain('this machine')
    expect(world.life.gantry.sites.size).toBe(1)
  },
  options,
)

story.once(
  'nothing of a backup can be changed, and nobody else can use it',
  async (cast) => {
    const { grace, mallory, ada } = cast
    movesIn(cast)
    const kept = await grace.calls('PUT', `${CREDENTIAL}?untested=true`, login('first', FIRST))
    const { backup } = (await grace.calls('POST', '/config/acme/backup', {})).body
    await grace.calls('PUT', `${CREDENTIAL}?untested=true`, login('second', SECOND))
    const now = tagOf(await grace.calls('GET', CREDENTIAL))
    expect(now).not.toBe(tagOf(kept))
    const restores = (backup: object, who = grace, account = 'acme') => who.calls('POST', `/config/${account}/restore`, { backup })
    for (const [name, value] of Object.entries(backup) as [string, string | number][]) {
      const changed = typeof value === 'number' ? value + 1 : `${value.slice(0, 8)}${value[8] === 'A' ? 'B' : 'A'}${value.slice(9)}`
      const refused = await restores({ ...backup, [name]: name === 'key' ? 'k2' : changed })
      expect([name, refused.status, refused.body.code]).toEqual([
        name,
        ...(['format', 'account', 'key'].includes(name) ? [409, 'BACKUP_REFUSED'] : [422, 'BACKUP_BROKEN']),
      ])
    }
    for (const sealed of [backup.sealed.slice(0, -4), `${backup.sealed}AAAA`, '', 'no base64', `${backup.sealed} `])
      expect(said(await restores({ ...backup, sealed }))).toEqual([422, 'BACKUP_BROKEN'])
    expect(said(await restores(backup, mallory, 'umbrella'))).toEqual([409, 'BACKUP_REFUSED'])
    expect(said(await restores({ ...backup, account: 7 }, mallory, 'umbrella'))).toEqual([409, 'BACKUP_REFUSED'])
    expect(said(await restores(backup, ada))).toEqual([403, 'PERMISSION_REQUIRED'])
    expect(said(await restores(backup, mallory))).toEqual([404, 'ACCOUNT_UNKNOWN'])
    expect(said(await restores({ ...backup, sealed: 'A'.repeat(4_200_000) }))).toEqual([413, 'REQUEST_TOO_LARGE'])
    expect(said(await restores({ ...backup, sealed: 'A'.repeat(3_900_000) }))).toEqual([422, 'BACKUP_BROKEN'])
    expect(tagOf(await grace.calls('GET', CREDENTIAL))).toBe(now)
  },
  options,
)

story.once(
  'a backup that was looked at changes what it would have changed then, or nothing',
  async ({ grace }) => {
    const keeps = (password: string) =>
      grace.calls('PUT', '/config/acme/credentials/hub?untested=true', { ...login('x', password), registry: 'ghcr.io' })
    const hub = async (): Promise<string> => (await grace.calls('GET', '/config/acme/credentials/hub')).body.fingerprint
    const first = (await keeps(FIRST)).body.fingerprint
    const { backup } = (await grace.calls('POST', '/config/acme/backup', {})).body
    const restores = (query: string, match: Readonly<Record<string, string>> = {}) =>
      grace.calls('POST', `/config/acme/restore${query}`, { backup }, match)
    const second = (await keeps(SECOND)).body.fingerprint
    const looked = await restores('?check=true')
    expect(looked.body).toMatchObject({ changes: [{ before: second, after: first }] })
    const tag = tagOf(looked)
    expect(tag).toBe(`"${looked.body.fingerprint}"`)
    expect(tagOf(await restores('?check=true'))).toBe(tag)

    const third = (await keeps('third-canary')).body.fingerprint
    const stale = await restores('', { 'if-match': tag })
    expect([stale.status, stale.body.code, await hub()]).toEqual([412, 'DECLARATION_CHANGED', third])
    expect((await restores('', { 'if-match': 'no tag' })).body.code).toBe('REQUEST_MALFORMED')
    const now = tagOf(await restores('?check=true'))
    expect([stale.body.found, now === tag]).toEqual([now.slice(1, -1), false])
    const done = await restores('', { 'if-match': `${tag}, ${now}` })
    expect([done.status, tagOf(done), await hub()]).toEqual([200, now, first])
    // Its answer may have been lost.
    const again = await restores('', { 'if-match': now })
    expect([again.status, again.body.changes]).toEqual([200, []])
  },
  options,
)
