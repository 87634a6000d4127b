import { newKey } from '../world/vault.ts'
import { GANTRY } from '../world/visit.ts'
import { expect, story, type Cast } from '../story.ts'
import { PASSWORD, REGISTRY, type World } from '../world/world.ts'

// What an account's administrators do on its pages. grace owns acme; ada and mallory do not administer it.

const [FIRST, SECOND, WRONG] = ['the-first-token-of-acme', 'the-second-token-of-acme', 'wrong-canary-token']
const options = {
  url: GANTRY,
  keys: [newKey('2026-11-20-ab12')],
  registry: {
    accounts: [
      { name: 'gantry', password: PASSWORD, repositories: ['acme/*'] },
      { name: 'first', password: FIRST, repositories: ['acme/*'] },
      { name: 'second', password: SECOND, repositories: ['acme/*'] },
    ],
  },
}
const IMAGE = `${REGISTRY}/acme/shop:1.2`
const TRY = 'Try it, and keep it'
const typed = (username: string, password: string, image = IMAGE) => ({ name: 'shop', registry: REGISTRY, username, password, image })
const ENGINE = { name: 'prod', host: 'tcp://engine.example.com:2376', plain_http: 'on', untested: 'on' }

/** Everything that was answered to anybody from now on, with its headers. */
function hearing(world: World): string[] {
  const heard: string[] = []
  const asks = world.asks.bind(world)
  world.asks = async (...asked) => {
    const answer = await asks(...asked)
    heard.push(`${await answer.clone().text()} ${JSON.stringify([...answer.headers])}`)
    return answer
  }
  return heard
}

function nobodyHas(secrets: readonly string[], heard: readonly string[], { logged }: World): void {
  for (const secret of secrets) {
    expect(heard.filter((answer) => answer.includes(secret)).length, `${secret} in an answer`).toBe(0)
    expect(logged.filter((line) => line.includes(secret)).length, `${secret} in the log`).toBe(0)
  }
}

async function connects({ grace: { browser }, registry }: Cast, username = 'first', password = FIRST): Promise<void> {
  await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
  await browser.signsIn('/a/acme/connect?family=generic')
  const done = await browser.presses(TRY, typed(username, password))
  expect([done.status, done.says('h1')]).toEqual([200, 'The registry is connected'])
}

story.once(
  'a registry is connected: a wrong token shows the row and its fix and is kept nowhere, the right one works, and says what is next',
  async (cast) => {
    const { grace, registry, world } = cast
    const heard = hearing(world)
    await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
    const list = await grace.browser.signsIn('/a')
    expect(list.says('li')).toContain('Administrator')
    const choosing = await grace.browser.presses('Connect a registry')
    expect(choosing.links.map(({ words }) => words)).toEqual(
      expect.arrayContaining(['GitHub Container Registry', 'Docker Hub', 'Amazon ECR', 'Harbor']),
    )
    await grace.browser.presses('Any other registry')

    const wrong = await grace.browser.presses(TRY, typed('first', WRONG))
    expect(wrong.status).toBe(422)
    expect(wrong.says('ol')).toMatchInlineSnapshot(`
      "done The credential looks right credential shop, basic
      done The registry answers Bearer, tokens from registry.test
      failed Not signed in HTTP 401: incorrect username or password (token server registry.test)
      registry.test refused the user name or the secret of the stored credential.
      Fix: Renew the credential for registry.test; do not try again before that, because some registries lock accounts after a few failures.
      Who can put this right: the account's administrators · CREDENTIALS_INVALID
      skipped Not looked at: the image
      skipped Not looked at: its platform
      skipped Not looked at: downloading its parts
      skipped Not looked at: its size
      skipped Not looked at: how long the credential lives"
    `)
    // The form again, with everything but the secret.
    const [again] = wrong.buttons.filter(({ caption }) => caption === TRY)
    const fields = again?.form?.fields
    expect([fields?.get('name'), fields?.get('username'), fields?.get('image'), fields?.get('password')]).toEqual(['shop', 'first', IMAGE, ''])
    expect((await grace.calls('GET', '/config/acme/credentials')).body).toEqual({ credentials: [] })

    const right = await grace.browser.presses(TRY, typed('first', FIRST))
    expect([right.status, right.says('h1')]).toEqual([200, 'The registry is connected'])
    expect(right.says('ol')).toContain('Signed in')
    expect(right.links.map(({ words }) => words)).toContain('Add a target')
    const table = await grace.browser.presses('All credentials')
    expect(table.says('tbody')).toMatch(/shop registry\.test as first Used/)
    nobodyHas([FIRST, WRONG, PASSWORD], heard, world)
  },
  options,
)

story.once(
  'every family of registries has its form, and no field of it shows what is kept',
  async ({ grace: { browser }, grace, world }) => {
    const heard = hearing(world)
    const choosing = await browser.signsIn('/a/acme/connect')
    const families = choosing.links.filter(({ to }) => to.includes('?family='))
    expect(families.length).toBe(11)
    for (const { to, words } of families) {
      const form = await browser.opens(to)
      expect(form.status, words).toBe(200)
      expect(form.html, words).toMatch(/type="password"/)
      expect(form.says(), words).toContain('What to make there')
    }
    const ecr = '123456789012.dkr.ecr.eu-central-1.amazonaws.com'
    await browser.opens('/a/acme/connect?family=ecr')
    const kept = await browser.presses(TRY, {
      name: 'ecr',
      registry: ecr,
      access_key_id: 'AKIAIOSFODNN7EXAMPLE',
      secret_access_key: FIRST,
      untested: 'on',
    })
    expect(kept.says('h1')).toBe('The registry is connected')
    await browser.opens('/a/acme/connect?family=harbor')
    await browser.presses(TRY, { name: 'own', registry: 'harbor.example.com', username: 'robot$shop+deploy', password: SECOND, untested: 'on' })
    expect((await grace.calls('GET', '/config/acme/credentials')).body.credentials).toMatchObject([
      { declared: { registry: ecr, aws: { access_key_id: 'AKIAIOSFODNN7EXAMPLE', secret_access_key: { kept: true } } } },
      { declared: { registry: 'harbor.example.com', family: 'harbor', password: { kept: true } } },
    ])
    expect((await browser.opens('/a/acme/credentials/ecr')).says()).toContain('Set.')
    nobodyHas([FIRST, SECOND], heard, world)
  },
  options,
)

story.once(
  'a member is told who may, a stranger that there is no such account, and nobody who has not signed in sees anything',
  async ({ ada, mallory, grace, world }) => {
    world.github.member(ada.person.account, 'member')
    const list = await ada.browser.signsIn('/a')
    expect(list.says('li')).toMatchInlineSnapshot(`
      "acme
      Member
      An organisation
      You do not administer the account acme.
      Who may: an owner of acme."
    `)
    for (const path of ['/a/acme/credentials', '/a/acme/connect?family=ghcr', '/a/acme/targets', '/a/acme/tokens', '/a/acme/audit', '/a/acme/keys'])
      expect([path, (await ada.browser.opens(path)).status]).toEqual([path, 403])
    expect(ada.browser.page?.says()).toContain('an owner of acme')

    await mallory.browser.signsIn('/a')
    const [here, nowhere] = [await mallory.browser.opens('/a/acme/targets'), await mallory.browser.opens('/a/nobody/targets')]
    expect([
      here.status,
      here
        .says('#main')
        .replaceAll('acme', 'nobody')
        .replace(/p\S+-\w+ /, ''),
    ]).toEqual([404, nowhere.says('#main').replace(/p\S+-\w+ /, '')])
    expect((await grace.browser.opens('/a/acme/credentials')).says('h1')).toBe('Sign in to see this')
    // The form is one's own; the right is asked anew.
    const form = (await ada.browser.opens('/a')).buttons.find(({ caption }) => caption === 'Sign out')?.form
    const sent = await ada.browser.sends({ ...form!, action: '/a/acme/backup' })
    expect([sent.status, sent.headers.get('content-disposition')]).toEqual([403, null])
  },
  options,
)

story.once(
  'two change the same credential: the second one is told, sees what it is now, and writes nothing over',
  async (cast) => {
    const { grace } = cast
    await connects(cast)
    const form = await grace.browser.opens('/a/acme/credentials/shop')
    expect(form.says('form')).not.toBe('')
    const now = await grace.calls('PUT', '/config/acme/credentials/shop?untested=true', {
      registry: REGISTRY,
      repositories: ['acme/shop'],
      username: 'second',
      password: { value: SECOND },
    })
    const late = await grace.browser.presses(TRY, { image: IMAGE, repositories: 'acme/other' })
    expect([late.status, late.says('section')]).toEqual([422, expect.stringContaining('Somebody has changed it since you opened the form.')])
    expect(late.says('pre')).toContain('"username": "second"')
    expect(late.says()).toContain(now.body.fingerprint)
    expect((await grace.calls('GET', '/config/acme/credentials/shop')).body.fingerprint).toBe(now.body.fingerprint)
    // Sent again it is sent on purpose; the secret of somebody else’s user name does not come along.
    const other = await grace.browser.presses(TRY, { image: IMAGE, username: 'first' })
    expect(other.says()).toContain('The secrets have to be given again.')
    const done = await grace.browser.presses(TRY, { image: IMAGE, username: 'first', password: FIRST, repositories: '' })
    expect(done.says('h1')).toBe('shop is replaced')
  },
  options,
)

story.once(
  'whom a target admits is changed without its secrets; where it is, is not, and nobody has a secret sent to another place',
  async ({ grace, world }) => {
    const heard = hearing(world)
    const pem = (what: string) => `-----BEGIN ${what}-----\n${FIRST}\n-----END ${what}-----`
    const tls = { 'tls.cert': pem('CERTIFICATE'), 'tls.key': pem('PRIVATE KEY') }
    await grace.browser.signsIn('/a/acme/add-target?kind=docker')
    const { plain_http: _, ...engine } = ENGINE
    const made = await grace.browser.presses('Reach it, and keep it', { ...engine, ...tls })
    expect([made.status, made.says()]).toEqual([200, expect.stringContaining('It admits no repository yet')])
    expect((await grace.browser.opens('/a/acme/targets')).says('tbody')).toContain('nobody yet')

    await grace.browser.opens('/a/acme/targets/prod')
    const row = { 'allow.0.environments': 'production, preview-*', 'allow.0.images': `${REGISTRY}/acme/*`, 'allow.0.settings': 'container = shop' }
    const strange = await grace.browser.presses('Reach it, and keep it', { ...row, 'allow.0.repository': 'acme/nothing', untested: 'on' })
    expect([strange.status, strange.says()]).toEqual([422, expect.stringContaining('There is no repository "acme/nothing" here.')])
    const admitted = await grace.browser.presses('Reach it, and keep it', { 'allow.0.repository': 'acme/shop', untested: 'on' })
    expect(admitted.says('h1')).toBe('prod is changed')
    const { declared } = (await grace.calls('GET', '/config/acme/targets/prod')).body
    expect(declared).toMatchObject({
      tls: { cert: { kept: true }, key: { kept: true } },
      allow: [
        { repository: 'acme/shop', id: world.github.repository.id, environments: ['production', 'preview-*'], settings: { container: 'shop' } },
      ],
    })

    await grace.browser.opens('/a/acme/targets/prod')
    const moved = await grace.browser.presses('Reach it, and keep it', { host: 'tcp://evil.example.com:2376', untested: 'on' })
    expect([moved.status, moved.says()]).toEqual([422, expect.stringContaining('another host')])
    expect((await grace.calls('GET', '/config/acme/targets/prod')).body.declared).toEqual(declared)
    nobodyHas([FIRST], heard, world)
  },
  options,
)

story.once(
  'what a target names is not removed; the page says so before and after, and what is not named goes',
  async (cast) => {
    const { grace } = cast
    await connects(cast)
    const alone = await grace.browser.opens('/a/acme/credentials/shop/remove')
    expect(alone.says('dl')).toContain('no target')
    await grace.calls('PUT', '/config/acme/targets/prod?untested=true', {
      kind: 'docker',
      host: 'tcp://e.example.com:2376',
      plain_http: true,
      credential: 'shop',
    })
    const used = await grace.browser.presses('Remove shop')
    expect([used.status, used.says('section')]).toEqual([409, expect.stringContaining('DECLARATION_USED')])
    expect([used.says('dl'), used.buttons.map(({ caption }) => caption)]).toEqual([
      expect.stringContaining('prod'),
      expect.not.arrayContaining(['Remove shop']),
    ])
    await grace.browser.opens('/a/acme/targets')
    await grace.browser.presses('Remove prod')
    await grace.browser.presses('Remove prod')
    await grace.browser.opens('/a/acme/credentials/shop/remove')
    const gone = await grace.browser.presses('Remove shop')
    expect(gone.says()).toContain('shop is removed.')
    expect((await grace.calls('GET', '/config/acme/credentials')).body).toEqual({ credentials: [] })
  },
  options,
)

story.once(
  'a credential is tested on its page, and nothing is changed',
  async (cast) => {
    const { grace } = cast
    await connects(cast)
    await grace.browser.opens('/a/acme/credentials')
    await grace.browser.presses('Test shop')
    expect((await grace.browser.presses('Test it', { image: IMAGE })).says('section')).toContain('It works')
    const none = await grace.browser.presses('Test it', { image: `${REGISTRY}/acme/shop:9.9` })
    expect(none.says('section')).toMatch(/It does not work[^]*Fix:/)
  },
  options,
)

story.once(
  'a token is made, shown once, used, and revoked',
  async ({ grace, world }) => {
    await grace.browser.signsIn('/a/acme/tokens')
    const bad = await grace.browser.presses('Make it', { name: 'Not A Name' })
    expect([bad.status, bad.says()]).toEqual([422, expect.stringContaining('name is not as it should be.')])
    const made = await grace.browser.presses('Make it', { name: 'ci', repositories: 'acme/shop', environments: 'staging' })
    const token = made.says('textarea')
    expect([made.status, made.headers.get('cache-control'), token]).toEqual([200, 'no-store', expect.stringMatching(/^gantry_/)])
    expect(made.says()).toContain('This is the only time that the token is shown.')
    const called = await world.calls('GET', '/deployments?repository=acme/shop', undefined, { authorization: `Bearer ${token}` })
    expect(called.status).toBe(403)
    const heard = hearing(world)
    const list = await grace.browser.presses('I have copied it')
    expect(list.says('tbody')).toMatch(/ci.*in acme\/shop, to staging.*grace/s)
    await grace.browser.presses('Revoke ci')
    expect((await grace.browser.presses('Revoke ci')).says()).toContain('ci is revoked.')
    expect((await world.calls('GET', '/deployments?repository=acme/shop', undefined, { authorization: `Bearer ${token}` })).status).toBe(401)
    nobodyHas([token], heard, world)
  },
  options,
)

story.once(
  'the audit says who did what, of the account and of its repositories, page by page',
  async (cast) => {
    const { grace, ada, world } = cast
    await connects(cast)
    const first = await grace.browser.opens('/a/acme/audit')
    expect(first.says('tbody')).toMatch(/grace[^]*declaration kept[^]*credential shop/)
    for (let at = 0; at < 20; at += 1) {
      const declared = { registry: 'ghcr.io', username: 'x', password: { value: `${SECOND}-${at}` } }
      expect((await grace.calls('PUT', '/config/acme/credentials/other?untested=true', declared)).status).toBe(at === 0 ? 201 : 200)
      await world.time.passes('1 minute')
    }
    const newest = await grace.browser.opens('/a/acme/audit')
    expect(newest.says('tbody')).not.toContain('credential shop')
    expect((await grace.browser.presses('Older')).says('tbody')).toContain('credential shop')

    await ada.comments('/deploy staging :1.2')
    cast.bot.says()
    const own = await grace.browser.opens('/a/acme/audit?repository=acme/shop')
    expect(own.says('tbody')).toMatch(/ada[^]*deployment requested/)
    expect((await grace.browser.opens('/a/acme/audit?repository=acme/other')).status).toBe(404)
  },
  options,
)

story.once(
  'the keys say what they wrap; a backup comes down, and comes back only after it was looked at',
  async (cast) => {
    const { grace } = cast
    await grace.browser.signsIn('/a/acme/keys')
    expect(grace.browser.page?.says()).toContain('so it has no key')
    await connects(cast)
    const keys = await grace.browser.opens('/a/acme/keys')
    expect(keys.says('li')).toMatch(/2026-11-20-ab12[^]*In use[^]*Secrets\n1/)
    const file = await grace.browser.presses('Download a backup')
    expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="gantry-acme-\d{4}-\d\d-\d\d\.json"$/)
    expect(Object.keys(JSON.parse(file.html))).toEqual(['backup'])
    const { fingerprint } = (await grace.calls('GET', '/config/acme/credentials/shop')).body
    await grace.calls('DELETE', '/config/acme/credentials/shop')

    await grace.browser.opens('/a/acme/keys')
    const none = await grace.browser.presses('Show what would change', { backup: 'no backup' })
    expect([none.status, none.says('section')]).toEqual([422, expect.stringContaining('BACKUP_BROKEN')])
    const looked = await grace.browser.presses('Show what would change', { backup: file.html })
    expect(looked.says('tbody')).toBe(`credential shop nothing ${fingerprint}`)
    expect((await grace.calls('GET', '/config/acme/credentials')).body).toEqual({ credentials: [] })
    expect((await grace.browser.presses('Bring it back')).says()).toContain('The backup is restored.')
    expect((await grace.calls('GET', '/config/acme/credentials/shop')).body.fingerprint).toBe(fingerprint)
  },
  options,
)

story.once(
  'what changes while a backup is looked at is not overrun: what would change now is shown instead',
  async (cast) => {
    const { grace } = cast
    const keeps = (password: string) =>
      grace.calls('PUT', '/config/acme/credentials/hub?untested=true', { registry: 'ghcr.io', username: 'x', password: { value: password } })
    const hub = async (): Promise<string | undefined> => (await grace.calls('GET', '/config/acme/credentials/hub')).body.fingerprint
    const looks = async (backup: string) => {
      await grace.browser.opens('/a/acme/keys')
      return grace.browser.presses('Show what would change', { backup })
    }
    await grace.browser.signsIn('/a/acme/keys')
    const first = (await keeps(FIRST)).body.fingerprint
    await grace.browser.opens('/a/acme/keys')
    const { html: backup } = await grace.browser.presses('Download a backup')
    const second = (await keeps(SECOND)).body.fingerprint

    // Another value of the same one, and one more, and none of it any more.
    expect((await looks(backup)).says('tbody')).toBe(`credential hub ${second} ${first}`)
    const third = (await keeps('third-canary')).body.fingerprint
    const overtaken = await grace.browser.presses('Bring it back')
    expect([overtaken.status, overtaken.says('section')]).toEqual([409, expect.stringMatching(/Nothing was brought back.*DECLARATION_CHANGED/s)])
    expect([overtaken.says('tbody'), await hub()]).toEqual([`credential hub ${third} ${first}`, third])
    await grace.calls('PUT', '/config/acme/credentials/more?untested=true', {
      registry: 'quay.io',
      username: 'x',
      password: { value: 'more-canary' },
    })
    const again = await grace.browser.presses('Bring it back')
    expect([again.status, again.says('tbody'), await hub()]).toEqual([409, expect.stringContaining('credential more'), third])
    for (const canary of [FIRST, SECOND, 'third-canary', 'more-canary']) expect(again.html).not.toContain(canary)

    // A form that does not say what it showed confirms nothing.
    const form = again.buttons.find(({ caption }) => caption === 'Bring it back')?.form
    if (form == null) throw new Error('nothing to confirm it with')
    for (const expected of ['', first, 'whatever', '*']) {
      const forged = await grace.browser.sends(form, { expected })
      expect([forged.status, await hub()]).toEqual([409, third])
    }

    // As it was shown last; and who sends it twice has what they wanted.
    for (const changed of [2, 0]) {
      const done = await grace.browser.sends(form)
      expect([done.says(), await hub()]).toEqual([expect.stringContaining(`The backup is restored. What has changed: ${changed}.`), first])
    }
    expect((await looks(backup)).says()).toContain('Nothing would change')
  },
  options,
)
