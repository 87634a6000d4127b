import { DEPLOY_YML, REGISTRY } from '../world/world.ts'
import type { World } from '../world/world.ts'
import { expect, story } from '../story.ts'
import { servesAt } from '../world/facts.ts'
import { newKey } from '../world/vault.ts'

const ECR = '123456789012.dkr.ecr.eu-central-1.amazonaws.com'

/** Amazon's side: its API makes a password for twelve hours, and its registry takes the newest one. */
class Amazon {
  made = 0
  isDown = false
  readonly #account: { password: string }

  constructor(world: World, account: { password: string }) {
    this.#account = account
    world.github.has('.github/deploy.yml', DEPLOY_YML.replaceAll(REGISTRY, ECR))
    world.operator = world.operator
      .replaceAll(REGISTRY, ECR)
      .replace(
        'username: gantry, password: { env: REGISTRY_PASSWORD }',
        'aws: { access_key_id: AKIAIOSFODNN7EXAMPLE, secret_access_key: { env: REGISTRY_PASSWORD } }',
      )
    world.wire.registry = async (request) => {
      const { host, pathname, search } = new URL(request.url)
      if (host === ECR) return fetch(new Request(`${world.registry.origin}${pathname}${search}`, request))
      return host === 'api.ecr.eu-central-1.amazonaws.com' ? this.#makes(world.time.now()) : null
    }
  }

  /** As somebody does who suspects that it got about. */
  revokes(): void {
    this.#account.password = 'revoked'
  }

  #makes(now: number): Response {
    if (this.isDown) return new Response(null, { status: 503 })
    this.made += 1
    this.#account.password = `made-by-amazon-${this.made}`
    const authorizationToken = Buffer.from(`AWS:${this.#account.password}`).toString('base64')
    const headers = { date: new Date(now).toUTCString() }
    return Response.json({ authorizationData: [{ authorizationToken, expiresAt: now / 1000 + 12 * 3600 }] }, { headers })
  }
}

const account = { name: 'AWS', password: 'nobody has one yet', repositories: ['acme/*'] }

story.once(
  'a password that a cloud makes is made once, anew after half of its life, after a crash, and when it was revoked',
  async ({ world, ada, bot, registry, time }) => {
    account.password = 'nobody has one yet'
    const amazon = new Amazon(world, account)
    await world.dies() // and starts with that operator file
    await registry.has('acme/shop:1', { 'site/index.html': 'one' })
    await registry.has('acme/shop:2', { 'site/index.html': 'two' })
    expect(amazon.made).toBe(0)

    await ada.comments('/deploy staging :1')
    expect(bot.says()).toContain('as credential main')
    expect([amazon.made, await servesAt(world, '/')]).toEqual([1, 'one'])

    await time.passes('6 hours')
    expect(amazon.made).toBe(2)

    await world.dies()
    await time.passes('1 second')
    expect(amazon.made).toBe(3)

    amazon.revokes()
    await ada.comments('/deploy staging :2')
    expect(bot.says()).toContain('✅')
    expect([amazon.made, await servesAt(world, '/')]).toEqual([4, 'two'])
    for (const said of [Buffer.from(world.disk.content()).toString('latin1'), ...world.logged]) expect(said).not.toContain('made-by-amazon')
  },
  { registry: { auth: 'basic', accounts: [account] } },
)

story.once(
  'a password that a cloud made is kept where there is a key: a restart asks no cloud, until its source is another one, it is damaged or refused',
  async ({ world, ada, bot, registry, time }) => {
    account.password = 'nobody has one yet'
    world.keys = [newKey('k1')]
    const amazon = new Amazon(world, account)
    await world.dies()
    for (const tag of ['1', '2']) await registry.has(`acme/shop:${tag}`, { 'site/index.html': tag })
    const kept = () => world.disk.all(`select 1 from vault_record where kind = 'registry-token'`).length
    const deploys = async (tag: string) => {
      await ada.comments(`/deploy staging :${tag}`)
      expect([bot.says(), await servesAt(world, '/')]).toEqual([expect.stringContaining('✅'), tag])
    }

    await deploys('1')
    expect([amazon.made, kept()]).toEqual([1, 1])
    await time.passes('1 hour')
    amazon.isDown = true
    await world.dies()
    await time.passes('1 second')
    await deploys('2')
    expect([amazon.made, world.errors]).toEqual([1, []])

    amazon.isDown = false
    await time.passes('5 hours')
    expect([amazon.made, kept()]).toEqual([2, 1])

    amazon.revokes()
    await world.dies()
    await deploys('1')
    await world.dies()
    await deploys('2')
    expect([amazon.made, kept()]).toEqual([3, 1])

    world.disk.all(`update vault_record set sealed = zeroblob(length(sealed)) where kind = 'registry-token'`)
    await world.dies()
    await deploys('1')
    expect([amazon.made, kept()]).toEqual([4, 1])

    world.operator = world.operator.replace('AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7ANOTHER')
    await world.dies()
    await deploys('2')
    expect([amazon.made, kept()]).toEqual([5, 1])

    world.operator = world.operator
      .replace('  main:', '  other:')
      .replace(`registry: ${ECR}`, 'registry: 210987654321.dkr.ecr.us-east-1.amazonaws.com')
    await world.dies()
    expect(kept()).toBe(0)
    for (const said of [Buffer.from(world.disk.content()).toString('latin1'), ...world.logged]) expect(said).not.toContain('made-by-amazon')
  },
  { registry: { auth: 'basic', accounts: [account] } },
)

story.once(
  'a kept password is as unspeakable as one that was made just now',
  async ({ world, ada, bot, registry }) => {
    account.password = 'nobody has one yet'
    world.keys = [newKey('k1')]
    const amazon = new Amazon(world, account)
    await world.dies()
    await registry.has('acme/shop:1', {})
    await ada.comments('/preflight')
    bot.isHeard()
    await world.dies()
    world.wire.engine = async ({ url }) => (url.includes('images/create') ? new Response(`no entry for ${account.password}`, { status: 500 }) : null)
    await ada.comments('/deploy production :1')
    const said = bot.says()
    expect(said).toContain('no entry for')
    for (const text of [said, ...world.logged]) expect(text).not.toContain('made-by-amazon')
    expect(amazon.made).toBe(1)
  },
  { registry: { auth: 'basic', accounts: [account] } },
)

story.atEveryCrossing(
  'the process dies anywhere while a password is made, kept and used',
  async ({ world, ada, bot, registry }) => {
    account.password = 'nobody has one yet'
    world.keys = [newKey('k1')]
    const amazon = new Amazon(world, account)
    await world.dies()
    await registry.has('acme/shop:1', { 'site/index.html': 'one' })
    await ada.comments('/deploy staging :1')
    expect([bot.says(), await servesAt(world, '/')]).toEqual([expect.stringContaining('✅'), 'one'])
    // Twice where it died before the first one was kept.
    expect([1, 2]).toContain(amazon.made)
    const before = amazon.made
    await world.dies()
    await ada.comments('/deploy staging :1')
    expect(bot.says()).toContain('✅')
    expect(amazon.made).toBe(before)
  },
  { registry: { auth: 'basic', accounts: [account] }, every: 30 },
)

story.once(
  'a token that was asked for with a kept password outlives the process, too',
  async ({ world, ada, bot, registry }) => {
    account.password = 'nobody has one yet'
    world.keys = [newKey('k1')]
    const amazon = new Amazon(world, account)
    registry.quirks.realm = `https://${ECR}/token`
    await world.dies()
    await registry.has('acme/shop:1', { 'site/index.html': 'one' })
    const asked = () => registry.requests.filter(({ path }) => path === '/token').length
    await ada.comments('/deploy staging :1')
    expect(bot.says()).toContain('✅')
    const before = asked()
    expect(before).toBeGreaterThan(0)
    await world.dies()
    await ada.comments('/deploy staging :1')
    expect(bot.says()).toContain('✅')
    expect([amazon.made, asked()]).toEqual([1, before])
  },
  { registry: { auth: 'bearer', accounts: [account] } },
)

story.once(
  'while the cloud is down the password of before is used, as long as it really lives',
  async ({ world, ada, bot, registry, time }) => {
    account.password = 'nobody has one yet'
    const amazon = new Amazon(world, account)
    await world.dies()
    await registry.has('acme/shop:1', { 'site/index.html': 'one' })
    await registry.has('acme/shop:2', { 'site/index.html': 'two' })
    await ada.comments('/deploy staging :1')
    bot.says()
    amazon.isDown = true
    await time.passes('7 hours')
    await ada.comments('/deploy staging :2')
    expect(bot.says()).toContain('✅')
    await time.passes('5 hours')
    await ada.comments('/deploy staging :1')
    expect(bot.says()).toContain('CREDENTIAL_SOURCE_FAILED')
    amazon.isDown = false
    await time.passes('15 minutes')
    await ada.comments('/deploy staging :1')
    expect(bot.says()).toContain('✅')
  },
  { registry: { auth: 'basic', accounts: [account] } },
)
