import { createRepository, give } from '../world/github/population.ts'
import { GANTRY } from '../world/visit.ts'
import { DEPLOY_YML, FOUR_EYES, REGISTRY } from '../world/world.ts'
import { expect, story, type Cast } from '../story.ts'

// What a page promises whoever looks at it, also where somebody wants it to break that.

const has = ({ registry }: Cast, tag: string): Promise<unknown> => registry.has(`acme/shop:${tag}`, { 'site/index.html': tag })
const IN_A_BROWSER = { url: GANTRY }
const count = ({ world }: Cast, table: string): number => world.disk.all<{ n: number }>(`select count(*) as n from ${table}`)[0]?.n ?? 0

story.once(
  'whoever only comes back from nowhere writes nothing down',
  async (cast) => {
    const { world } = cast
    for (let n = 0; n < 30; n += 1) {
      const state = n.toString(36).padStart(40, '0')
      const cookie = `__Host-gantry-sign-in=${state}.${'v'.repeat(43)}./`
      await world.asks(`${GANTRY}/login/callback?state=${state}&error=access_denied`, { headers: { cookie } })
      await world.asks(`${GANTRY}/login/callback?state=another&code=x`, { headers: { cookie } })
    }
    expect([count(cast, 'spent_token'), count(cast, 'session')]).toEqual([0, 0])
  },
  IN_A_BROWSER,
)

story.once(
  'two environments whose names meet are two on the page, each with its own lock',
  async (cast) => {
    const { ada, bot, github } = cast
    const app = (name: string, environment: string) => `  ${name}:
    images: { main: { repository: ${REGISTRY}/acme/shop, tag: x } }
    environments: { ${environment}: { target: site, settings: { path: /site } } }
`
    github.has('.github/deploy.yml', `version: 1\napps:\n${app('shop', 'eu-prod')}${app('shop-eu', 'prod')}${app('press-shop', 'eu-prod')}`)
    await ada.comments('/lock shop/eu-prod mine')
    await ada.comments('/lock shop-eu/prod mine')
    bot.isHeard()
    await ada.browser.signsIn()
    const page = await ada.browser.opens('/r/acme/shop')
    const ids = [...page.html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(ids.length).toBeGreaterThan(20)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  },
  IN_A_BROWSER,
)

story.once(
  'to look at what runs asks the target at once, and settles what nobody knew; the page alone does not',
  async (cast) => {
    const { ada, world, bot } = cast
    await has(cast, '1.2')
    const engine = { isGone: false, asked: 0 }
    world.wire.engine = async (request) => {
      engine.asked += 1
      if (request.url.includes('/containers/create')) engine.isGone = true
      if (engine.isGone) throw new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) })
      return null
    }
    await ada.comments('/deploy production :1.2')
    for (let n = 0; n < 60; n += 1) await world.time.passes('1 minute')
    bot.isHeard()
    world.errors.length = 0
    const [unknown] = world.disk.all<{ id: string; state: string }>('select id, state from deployment')
    expect(unknown?.state).toBe('unknown')
    await ada.browser.signsIn(`/r/acme/shop`)
    engine.isGone = false
    await world.time.passes('12 seconds')
    engine.asked = 0
    expect((await ada.browser.opens(`/d/${unknown?.id}`)).says('#hero')).toContain('Look at what runs')
    await ada.browser.opens('/r/acme/shop')
    expect(count(cast, `deployment where state = 'unknown' and settled_at is null`)).toBe(1)
    const looked = await ada.browser.presses('Look at what runs')
    expect(engine.asked).toBeGreaterThan(0)
    expect(looked.says()).not.toContain('Look at what runs')
    expect(count(cast, `deployment where state = 'unknown' and settled_at is null`)).toBe(0)
    bot.isHeard()
    world.errors.length = 0
  },
  IN_A_BROWSER,
)

story.once(
  'however much waits for others, what waits for me is found',
  async (cast) => {
    const { ada, grace, github, bot, world } = cast
    const url = '    url: https://staging.example.com\n'
    const [mine, theirs] = ['    approvals: { count: 1, by: ["user:grace"] }\n', '    approvals: { count: 1, by: ["user:eve"] }\n']
    github.has('.github/deploy.yml', DEPLOY_YML.replace(url, url + mine) + theirs)
    for (let n = 0; n < 21; n += 1) {
      await has(cast, `2.${n}`)
      const environment = n < 20 ? 'production' : 'staging'
      expect((await ada.calls('POST', '/deploy', { repository: 'acme/shop', environment, image: `:2.${n}` })).status).toBe(202)
    }
    await grace.browser.signsIn('/approvals')
    expect(grace.browser.page?.says('#approvals').split('Waiting for others')[0]).toContain('acme/shop:2.20')
    for (const { id } of world.disk.all<{ id: string }>('select id from deployment where ended_at is null'))
      await ada.calls('POST', `/deploy/${id}/cancel`, {}, { 'idempotency-key': id })
    await world.time.passes('20 minutes')
    bot.isHeard()
  },
  { ...IN_A_BROWSER, timeout: 20_000 },
)

story.once(
  'while GitHub is away a page is there all the same, and says what cannot be asked',
  async (cast) => {
    const { ada, grace, github, bot, world } = cast
    await has(cast, '1.2')
    github.has('.github/deploy.yml', FOUR_EYES)
    await ada.comments('/deploy production :1.2')
    await grace.browser.signsIn()
    const [waiting] = world.disk.all<{ id: string }>('select id from deployment')
    const path = `/d/${waiting?.id}`
    await grace.browser.opens(path)
    world.wire.github = async (request) => (request.url.includes('/graphql') ? new Response('no', { status: 502 }) : null)
    const cookie = [...grace.browser.cookies].map((one) => one.join('=')).join('; ')
    const asked = ['/approvals', path].map((one) => world.asks(`${GANTRY}${one}`, { headers: { cookie } }))
    for (let n = 0; n < 12; n += 1) await world.time.passes('5 seconds')
    const answers = await Promise.all(asked)
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(await answers[1]?.text()).toContain('GitHub has not said yet whether you may.')
    delete world.wire.github
    await world.time.passes('5 minutes')
    await ada.calls('POST', `/deploy/${waiting?.id}/cancel`, {})
    await world.time.passes('2 minutes')
    bot.isHeard()
    world.errors.length = 0
  },
  IN_A_BROWSER,
)

story.once(
  'what one form is good for another one is not',
  async (cast) => {
    const { ada, bot } = cast
    for (const tag of ['1.2', '1.3']) await has(cast, tag)
    await ada.browser.signsIn()
    const formOf = async (tag: string) => {
      const page = await ada.browser.opens(`/r/acme/shop/deploy?environment=staging&image=%3A${tag}`)
      const button = page.buttons.find(({ form }) => form?.method === 'post' && form.action.endsWith('/deploy'))
      if (button?.form == null) throw new Error('there is no form to deploy with')
      return button.form
    }
    const [one, other] = [await formOf('1.2'), await formOf('1.3')]
    const first = await ada.browser.sends(one)
    expect(first.says('#hero')).toContain('ada deployed')
    const again = await ada.browser.sends(other, { nonce: one.fields.get('nonce') ?? '' })
    expect([again.status, again.says()]).toEqual([422, expect.stringContaining('IDEMPOTENCY_KEY_REUSED')])
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'to look at what would happen leaves nothing in the audit log, whoever looks',
  async (cast) => {
    const { eve } = cast
    await has(cast, '1.2')
    await eve.browser.signsIn()
    const before = [count(cast, 'repository_audit'), count(cast, 'account_audit')]
    const page = await eve.browser.opens('/r/acme/shop/deploy?environment=staging&image=%3A1.2')
    expect(page.status).toBe(403)
    expect([count(cast, 'repository_audit'), count(cast, 'account_audit')]).toEqual(before)
  },
  IN_A_BROWSER,
)

story.once(
  'pages of repositories that were seen when signing in use up nobody’s questions by name',
  async (cast) => {
    const { ada, grace, github } = cast
    const names = Array.from({ length: 35 }, (_, n) => `r${n}`)
    for (const name of names) {
      const home = createRepository(github.state, github.repository.owner, { name, isPrivate: false }, github.now())
      github.installation.repositories.add(home.id)
      for (const who of [ada, grace]) give(home, who.person.account, 'write')
    }
    for (const who of [ada, grace]) await who.browser.signsIn('/a')
    const statuses = new Set<number>()
    for (const name of names) for (const who of [ada, grace]) statuses.add((await who.browser.opens(`/r/acme/${name}/history`)).status)
    expect([...statuses]).toEqual([200])
    expect((await ada.calls('GET', '/deployments?repository=acme/shop')).status).toBe(200)
  },
  { ...IN_A_BROWSER, timeout: 20_000 },
)

story.once(
  'an environment is called the same on every page, also after its last deployment has failed',
  async (cast) => {
    const { ada, bot } = cast
    await has(cast, '1.2')
    await ada.browser.signsIn()
    const word = async (at: string, where: string): Promise<string | undefined> => {
      const page = await ada.browser.opens(at)
      return ['As deployed', 'Last one failed'].find((one) => page.says(where).includes(one))
    }
    const everywhere = async () => [await word('/', '#environments'), await word('/r/acme/shop', '#now-shop:staging')]
    await ada.comments('/deploy staging :1.2')
    expect(await everywhere()).toEqual(['As deployed', 'As deployed'])
    await ada.comments('/deploy staging :1.3')
    expect(await everywhere()).toEqual(['Last one failed', 'Last one failed'])
    bot.isHeard()
  },
  IN_A_BROWSER,
)
