import { poisons } from '../attacks/poison.ts'
import { expect, story, type Cast, type Character } from '../story.ts'
import { elementsOf } from '../world/elements.ts'
import { createRepository, give, join } from '../world/github/population.ts'
import { newId } from '../world/github/state.ts'
import { newKey } from '../world/vault.ts'
import { leaksIn } from '../world/leaks.ts'
import { GANTRY } from '../world/visit.ts'
import { FOUR_EYES, PASSWORD, REGISTRY, type Called } from '../world/world.ts'

// Whoever administers any account may call anything a secret: what others read stays as it is.

const TOKEN = 'the first token of acme'
const options = {
  keys: [newKey('k1')],
  registry: {
    accounts: [
      { name: 'gantry', password: PASSWORD, repositories: ['acme/*'] },
      { name: 'first', password: TOKEN, repositories: ['acme/*'] },
    ],
  },
}
const WORDS = ['detail', '"status"', 'acme/shop', '": "', '"level":', 'deployed']

/** mallory's own account, with the App on it. */
function hasAnAccount({ github, mallory }: Cast): void {
  const owner = join(github.state, 'umbrella', 'Organization')
  const home = createRepository(github.state, owner, { name: 'shop' }, github.now())
  give(home, mallory.person.account, 'admin')
  github.member(mallory.person, 'admin', owner)
  const installation = { ...github.installation, id: newId(github.state), account: owner, repositories: new Set([home.id]) }
  github.state.installations.set(installation.id, installation)
}

const declares = (who: Character, name: string, value: string): Promise<Called> =>
  who.calls('PUT', `/config/umbrella/credentials/${name}?untested=true`, { registry: 'registry.example.com', username: 'x', password: { value } })

/** Everything that acme's people read, without the request's own name. */
async function read({ ada }: Cast): Promise<string> {
  const none = await ada.calls('GET', '/deployments?repository=acme/none')
  const shop = await ada.calls('GET', '/deployments?repository=acme/shop')
  return JSON.stringify([none.body, shop.body], (key, value: unknown) => (key === 'requestId' ? null : value))
}

story.once(
  'what one account calls a secret blanks no word of another one’s, before a restart and after it',
  async (cast) => {
    const { world, ada, mallory, bot, registry } = cast
    hasAnAccount(cast)
    await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
    const before = await read(cast)
    for (const [nth, word] of WORDS.entries()) expect((await declares(mallory, `c${nth}`, word)).status).toBe(201)
    expect(await read(cast)).toBe(before)
    await world.dies()
    expect(await read(cast)).toBe(before)
    await ada.comments('/deploy staging :1.2')
    const said = bot.says()
    expect(said).toContain(`${REGISTRY}/acme/shop:1.2`)
    expect(`${said}${await read(cast)}`).not.toContain('[secret]')
    for (const line of world.logged) expect(() => void JSON.parse(line)).not.toThrow()
    expect(world.logged.join('')).not.toContain('[secret]')
  },
  options,
)

story.once(
  'the account itself reads its secrets nowhere, whatever they are',
  async (cast) => {
    const { world, mallory } = cast
    hasAnAccount(cast)
    for (const [nth, word] of ['acme/shop', 'deployed', 'NOT_FOUND'].entries()) await declares(mallory, `c${nth}`, word)
    world.wire.engine = async () => new Response(JSON.stringify({ message: `it is not deployed: NOT_FOUND, said acme/shop` }), { status: 500 })
    const target = { kind: 'docker', host: 'tcp://engine.example.com:2376', plain_http: true, pulls: 'none', allow: [] }
    const refused = await mallory.calls('PUT', '/config/umbrella/targets/t', target)
    expect(refused.body).toMatchObject({ code: 'DECLARATION_UNPROVED', trials: [{ problem: { code: 'TARGET_REFUSED' } }] })
    expect(refused.body.trials[0].problem.found).toBe('500 it is not [secret]: [secret], said [secret]')
  },
  options,
)

story.once(
  'what an account declared is hidden in the deployments of its repositories, on the disk and on GitHub, before a restart and after it',
  async ({ world, grace, ada, bot, registry }) => {
    await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
    const login = { registry: REGISTRY, repositories: ['acme/shop'], username: 'first', password: { value: TOKEN } }
    expect((await grace.calls('PUT', '/config/acme/credentials/shop?untested=true', login)).status).toBe(201)
    const sent: string[] = []
    world.wire.github = async (request) => (sent.push(await request.text()), null)
    world.wire.registry = async ({ url }) =>
      /manifests/.test(url) ? new Response(JSON.stringify({ errors: [{ code: 'DENIED', message: `no entry for ${TOKEN}` }] }), { status: 403 }) : null
    for (const isRestarted of [false, true]) {
      if (isRestarted) await world.dies()
      const asked = await ada.calls('POST', '/deploy', { repository: 'acme/shop', environment: 'staging', image: ':1.2' })
      const { body } = await ada.calls('GET', asked.headers.get('location') ?? '')
      expect([body.state, body.problem.found]).toEqual(['failure', expect.stringContaining('no entry for [secret]')])
      await ada.comments('/deploy staging :1.2')
      expect(bot.says()).toContain('no entry for [secret]')
    }
    const written = Buffer.from(world.disk.content()).toString('latin1')
    expect(leaksIn([written, ...sent], [TOKEN])).toEqual([])
  },
  options,
)

story.once(
  'whatever people, registries and targets say stands on the pages as it was said, and is nothing else there',
  async (cast) => {
    const { world, ada, grace, bot, github, registry, engine } = cast
    await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
    github.has('.github/deploy.yml', FOUR_EYES)
    const words = poisons.map((word) => word.replaceAll(/["\\\n\r\0]/g, ' ').slice(0, 200))
    await ada.comments(`/lock staging "${words.slice(0, 6).join(' ')}"`)
    await ada.comments('/deploy production :1.2')
    const id = world.disk.all<{ id: string }>('select id from deployment')[0]?.id ?? ''
    await grace.browser.signsIn(`/d/${id}`)
    const rejected = await grace.browser.presses('Reject', { reason: words.slice(0, 8).join(' ').slice(0, 480) })
    expect(rejected.says('#hero')).toContain('<script data-poison>alert(1)</script>')
    world.wire.registry = async ({ url }) =>
      /manifests/.test(url) ? Response.json({ errors: [{ code: 'DENIED', message: words.join(' ') }] }, { status: 403 }) : null
    await ada.comments('/deploy production :1.2')
    world.wire.registry = async () => null
    world.wire.engine = async () => Response.json({ message: words.join(' ') }, { status: 500 })
    expect(engine.simulator.violations).toEqual([])
    const pages = [
      '/',
      '/approvals',
      '/r/acme/shop',
      '/r/acme/shop/history',
      '/r/acme/shop/deploy?app=shop&environment=production&image=%3A1.2',
      '/a/acme',
      '/a/acme/audit',
    ]
    for (const path of [...pages, ...world.disk.all<{ id: string }>('select id from deployment').map((one) => `/d/${one.id}`)]) {
      const { html, status } = await grace.browser.opens(path)
      expect([path, status < 500]).toEqual([path, true])
      const marked = elementsOf(html).filter(({ properties }) =>
        Object.keys(properties ?? {}).some((name) => name === 'dataPoison' || name.startsWith('on')),
      )
      expect([path, marked.map(({ tagName }) => tagName)]).toEqual([path, []])
    }
    bot.isHeard()
  },
  { ...options, url: GANTRY },
)
