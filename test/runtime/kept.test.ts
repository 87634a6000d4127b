import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GantryProcess } from '../world/gantry-process.ts'
import { eventually } from '../world/grounds.ts'
import { startOciRegistry, type OciRegistry } from '../world/oci-registry.ts'
import { Stage } from '../world/stage.ts'

// `gantry vault` as people type it: a credential is kept once it has been shown to work, and the next start deploys with it.

const PASSWORD = 'canary-correct-horse'
const GANTRY_KEYS = `k1:${randomBytes(32).toString('base64')}`

const deployYml = (registry: OciRegistry, target: string): string => `version: 1
app: shop
images: { main: { repository: ${registry.name('acme/shop')}, tag: "1" } }
default: staging
environments: { staging: { target: ${target}, settings: { path: /site }, url: "https://staging.example.com" } }
`

class Kept extends Stage {
  readonly registry: OciRegistry

  private constructor(registry: OciRegistry) {
    super({
      deployYml: deployYml(registry, 'site'),
      operatorYml: (id) => `version: 1
targets:
  site:
    kind: static
    listen: 127.0.0.1:0
    credential: shop
    allow: [{ repository: acme/shop, id: ${id}, environments: [staging], images: ["${registry.name('acme/*')}"] }]
`,
    })
    this.registry = registry
  }

  static async make(): Promise<Kept> {
    const registry = await startOciRegistry({ auth: 'bearer', accounts: [{ name: 'ada', password: PASSWORD, repositories: ['acme/*'] }] })
    await registry.has('acme/shop:1', { 'site/index.html': 'one' })
    return new Kept(registry)
  }

  declares(more = '', targets = ''): void {
    const text = `version: 1\ncredentials:\n  shop: { registry: "${this.registry.host}", repositories: [acme/*], username: ada, password: { env: SHOP_PASSWORD }${more} }\n${targets}`
    writeFileSync(join(this.folder, 'shop.yml'), text)
  }

  async types(words: string, environment: Readonly<Record<string, string>> = {}): Promise<{ code: number; output: string }> {
    const gantry = new GantryProcess({ folder: this.folder, words: words.split(' '), environment: { GANTRY_KEYS, ...environment } })
    const code = await gantry.ended
    expect(gantry.output).not.toContain(PASSWORD)
    return { code, output: gantry.output }
  }
}

describe('gantry vault', () => {
  let stage: Kept
  let image: string
  beforeAll(async () => {
    stage = await Kept.make()
    image = stage.registry.name('acme/shop:1')
    stage.declares()
  })
  afterAll(async () => {
    await stage?.closes()
    await stage?.registry.goesDown()
  })

  test('keeps nothing that cannot pull, and nothing that nobody tried', async () => {
    const wrong = await stage.types(`vault put shop.yml --image ${image}`, { SHOP_PASSWORD: 'a-wrong-password' })
    expect([wrong.code, wrong.output]).toEqual([1, expect.stringContaining('CREDENTIALS_INVALID')])
    const none = await stage.types('vault put shop.yml', { SHOP_PASSWORD: PASSWORD })
    expect([none.code, none.output]).toEqual([1, expect.stringContaining('No image was given that the credential shop is for')])
    const other = await stage.types(`vault put shop.yml --image ghcr.io/acme/shop:1`, { SHOP_PASSWORD: PASSWORD })
    expect([other.code, other.output]).toEqual([1, expect.stringContaining('No image was given that the credential shop is for')])
    expect(await stage.types('vault list')).toEqual({ code: 0, output: 'Nothing is kept.\n' })
  })

  test('refuses without a key, before anything is asked', async () => {
    const gantry = new GantryProcess({
      folder: stage.folder,
      words: ['vault', 'put', 'shop.yml', '--untested'],
      environment: { SHOP_PASSWORD: PASSWORD },
    })
    expect([await gantry.ended, gantry.output]).toEqual([1, expect.stringContaining('GANTRY_KEYS')])
  })

  test('keeps what can, and shows a fingerprint of it', async () => {
    const put = await stage.types(`vault put shop.yml --image ${image}`, { SHOP_PASSWORD: PASSWORD })
    expect(put).toEqual({ code: 0, output: expect.stringMatching(/can be pulled with the credential shop\.\nKept: credential shop · registry 127/) })
    expect(await stage.types('vault list')).toEqual({
      code: 0,
      output: expect.stringMatching(/username ada · fingerprint [0-9a-f]{8}:[0-9a-f]{12}\n$/),
    })
  })

  test('is what the next start deploys with, and is changed by nobody meanwhile', async () => {
    await stage.opens({ GANTRY_KEYS })
    stage.github.people.ada.comments(stage.pull.number, '/deploy')
    await stage.delivers()
    expect(await eventually(() => stage.said().at(-1)?.body.startsWith('✅') ?? false)).toBe(true)
    expect(stage.said().at(-1)?.body).toContain('as credential shop')
    const busy = await stage.types('vault remove credential shop')
    expect([busy.code, busy.output]).toEqual([1, expect.stringContaining('Another Gantry process is using the database')])
    expect((await stage.types('vault list')).code).toBe(0)
    expect(stage.gantry.output).not.toContain(PASSWORD)
    await stage.gantry.stops()
  })

  test('is used where its declaration says, and nowhere else', async () => {
    stage.declares(', allow: [{ repository: acme/other, id: 1 }]')
    expect((await stage.types(`vault put shop.yml --image ${image}`, { SHOP_PASSWORD: PASSWORD })).code).toBe(0)
    await stage.starts({ GANTRY_KEYS })
    stage.github.people.ada.comments(stage.pull.number, '/preflight')
    await stage.delivers()
    expect(await eventually(() => stage.said().at(-1)?.body.startsWith('❌') ?? false)).toBe(true)
    await stage.gantry.stops()
  })

  test('kept for an account is found by its repositories alone, target and all, and named with it', async () => {
    const { id, owner } = stage.github.repository
    const put = async (account: number): Promise<void> => {
      const allow = `[{ repository: ${owner.login}/shop, id: ${id}, environments: ["*"], images: ["${stage.registry.name('acme/*')}"] }]`
      stage.declares('', `targets:\n  own: { kind: static, listen: 127.0.0.1:0, credential: shop, allow: ${allow} }\n`)
      const { code, output } = await stage.types(`vault put shop.yml --account ${account} --image ${image}`, { SHOP_PASSWORD: PASSWORD })
      expect([code, output]).toEqual([0, expect.stringContaining(`Kept: target own of account ${account}`)])
    }
    const deploys = async (): Promise<string> => {
      const before = stage.said().length
      await stage.starts({ GANTRY_KEYS })
      stage.github.people.ada.comments(stage.pull.number, '/deploy')
      await stage.delivers()
      expect(await eventually(() => /^[✅❌🚫]/u.test(stage.said()[before]?.body ?? ''))).toBe(true)
      await stage.gantry.stops()
      return stage.said()[before]?.body ?? ''
    }
    stage.github.has('.github/deploy.yml', deployYml(stage.registry, 'own'))
    await put(owner.id + 1)
    expect(await deploys()).toContain('TARGET_UNKNOWN')
    await put(owner.id)
    expect(await deploys()).toContain('as credential shop')
    expect((await stage.types('vault list')).output).toContain(`credential shop of account ${owner.id} · `)
    for (const account of [owner.id, owner.id + 1])
      for (const what of ['credential shop', 'target own']) {
        const { output } = await stage.types(`vault remove ${what} --account ${account}`)
        expect(output).toBe(`Removed: ${what} of account ${account}\n`)
      }
    stage.github.has('.github/deploy.yml', deployYml(stage.registry, 'site'))
    stage.declares()
  })

  test('that is damaged is named and not used, everything else goes on, and it can be replaced', async () => {
    stage.rewrites(`update vault_record set sealed = zeroblob(length(sealed)) where kind = 'credential'`)
    const list = await stage.types('vault list')
    expect([list.code, list.output]).toEqual([1, expect.stringContaining('credential shop · The secret declaration of the credential shop')])
    await stage.starts({ GANTRY_KEYS })
    expect(await stage.isAlive()).toBe(true)
    expect(stage.gantry.output).toContain('the credential shop in the vault is not used')
    await stage.gantry.stops()
    expect((await stage.types(`vault put shop.yml --image ${image}`, { SHOP_PASSWORD: PASSWORD })).code).toBe(0)
    expect((await stage.types('vault list')).code).toBe(0)
  })

  test('is forgotten on a word, and the log says who kept what', async () => {
    expect(await stage.types('vault remove credential shop')).toEqual({ code: 0, output: 'Removed: credential shop\n' })
    expect(await stage.types('vault remove credential shop')).toEqual({ code: 1, output: 'There is no credential shop.\n' })
    const { output } = await stage.types('audit export')
    const actions = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { action: string; subject: string; before: string | null })
    expect(actions.filter(({ subject }) => subject === 'credential shop').map(({ action, before }) => [action, before !== null])).toEqual([
      ['declaration kept', false],
      ['declaration kept', true],
      ['declaration kept', true],
      ['declaration removed', true],
    ])
    expect(await stage.types('audit verify')).toMatchObject({ code: 0 })
  })

  test('says of a password that everybody uses that it cannot be hidden, when it is put there and at each start', async () => {
    const put = await stage.types('vault put shop.yml --untested', { SHOP_PASSWORD: 'password' })
    expect(put).toEqual({ code: 0, output: expect.stringContaining('the secret in the variable SHOP_PASSWORD is too short or too common') })
    await stage.starts({ GANTRY_KEYS })
    expect(stage.gantry.output).toContain('a secret of the credential shop in the vault is too short or too common')
    await stage.gantry.stops()
  })

  test.each([
    'vault',
    'vault put',
    'vault put shop.yml --untested --image x',
    'vault remove shop',
    'vault list all',
    'vault put shop.yml --untested --account acme',
    'vault list --account 1',
  ])('%s says how it is written', async (words) => {
    expect(await stage.types(words)).toEqual({ code: 2, output: expect.stringContaining('gantry vault put FILE') })
  })
})
