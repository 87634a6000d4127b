import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { GantryProcess } from '../world/gantry-process.ts'
import { buildImage } from '../world/image.ts'
import { servers } from '../world/servers.ts'
import type { RegistryUnderTest } from '../contracts/registry.contract.ts'

// `gantry preflight` as people type it: no App, no database, no settings; the real docker-registry with its token server.

const PASSWORD = 'canary-correct-horse'
const missing = servers.missingDockerRegistry
if (missing !== null && process.env['CI']) throw new Error(`gantry preflight must be tested: ${missing}`)

describe.skipIf(missing !== null)(`gantry preflight${missing === null ? '' : ` (left out: ${missing})`}`, () => {
  let registry: RegistryUnderTest
  let folder: string
  beforeAll(async () => {
    registry = await servers.startDockerRegistry({
      auth: 'bearer',
      accounts: [{ name: 'alice', password: PASSWORD, repositories: ['acme/*'] }],
      public: ['acme/open'],
    })
    const image = await buildImage({ 'index.html': 'hello' }, { platforms: ['linux/amd64'] })
    for (const repository of ['acme/shop', 'acme/open']) await registry.push(repository, '1.2', image)
  })
  afterAll(() => registry?.stop())
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-preflight-'))
    writeFileSync(join(folder, 'gantry.yml'), operatorFile())
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const operatorFile = () =>
    [
      'version: 1',
      'credentials:',
      `  shop: { registry: "${registry.host}", repositories: ["acme/*"], username: alice, password: { env: SHOP_PASSWORD } }`,
      `trusted_realms: ["${new URL(registry.realm ?? '').origin}"]`,
    ].join('\n')

  async function run(words: readonly string[], input = ''): Promise<{ code: number; output: string }> {
    const gantry = new GantryProcess({ folder, words: ['preflight', ...words], environment: { SHOP_PASSWORD: PASSWORD }, input })
    const code = await gantry.ended
    expect(gantry.output).not.toContain(PASSWORD)
    return { code, output: gantry.output }
  }
  const image = (name: string) => `${registry.host}/${name}`

  test('ends with 0 where the image can be pulled with the password on standard input', async () => {
    const { code, output } = await run([image('acme/shop:1.2'), '--username', 'alice', '--password-stdin'], `${PASSWORD}\n`)
    expect([code, output]).toEqual([0, expect.stringMatching(/ok Signed in: repository:acme\/shop:pull[^]*It can be pulled\.\n$/)])
  })

  test('uses a stored credential by its name, and looks at the platform', async () => {
    expect(await run([image('acme/shop:1.2'), '--credential', 'shop', '--platform', 'linux/amd64'])).toMatchObject({ code: 0 })
    const { code, output } = await run([image('acme/shop:1.2'), '--credential', 'shop', '--platform', 'linux/s390x'])
    expect([code, output]).toEqual([1, expect.stringContaining('PLATFORM_MISSING')])
  })

  test('sends a stored credential nowhere but where it is for', async () => {
    for (const name of ['127.0.0.1:1/acme/shop:1', 'acme/shop', image('other/shop:1.2')]) {
      const { code, output } = await run([name, '--credential', 'shop'])
      expect([code, output]).toEqual([2, expect.stringContaining('nothing was sent')])
    }
  })

  test('says of a public image that it can be pulled by anybody', async () => {
    expect(await run([image('acme/open:1.2')])).toMatchObject({ code: 0, output: expect.stringContaining('anonymous') })
  })

  test('ends with 1 where it cannot, with what was found and the next step', async () => {
    const { code, output } = await run([image('acme/shop:1.2'), '--username', 'alice', '--password-stdin'], 'wrong')
    expect(code).toBe(1)
    for (const words of ['CREDENTIALS_INVALID', 'found:', 'next:', 'who:', 'It cannot be pulled.']) expect(output).toContain(words)
  })

  test('finds out before the network that a pasted password has white space around it', async () => {
    const { code, output } = await run([image('acme/shop:1.2'), '--username', 'alice', '--password-stdin'], ` ${PASSWORD}\n`)
    expect([code, output]).toEqual([1, expect.stringContaining('space or line break')])
  })

  test('is JSON for programs, on one line', async () => {
    const { code, output } = await run([image('acme/shop:1.2'), '--json'])
    expect(code).toBe(1)
    const found = JSON.parse(output) as { isPullable: boolean; rows: { name: string; outcome: string; problem: { code: string } | null }[] }
    expect(found.isPullable).toBe(false)
    expect(found.rows.find(({ outcome }) => outcome === 'failed')).toMatchObject({ name: 'token', problem: { code: 'CREDENTIAL_MISSING' } })
  })

  test('needs no operator file for an image that anybody may pull, and says so where it is told to use one', async () => {
    rmSync(join(folder, 'gantry.yml'))
    const { code, output } = await run([image('acme/shop:1.2'), '--credential', 'shop'])
    expect([code, output]).toEqual([2, expect.stringContaining('has no credential shop')])
  })

  test.for([
    [[], 'takes one image'],
    [['a', 'b'], 'takes one image'],
    [['x', '--username', 'alice'], '--password-stdin'],
    [['x', '--password', 'y'], "Unknown option '--password'"],
    [['x', '--platform', 'amd64'], 'linux/amd64'],
    [['x', '--username', 'a', '--password-stdin', '--credential', 'shop'], 'not both'],
  ] as const)('%j ends with 2, and the usage', async ([words, said]) => {
    const { code, output } = await run(words)
    expect([code, output]).toEqual([2, expect.stringContaining(said)])
    expect(output).toContain('gantry preflight IMAGE')
  })

  test('a name that is none ends with 1 and the part that is wrong', async () => {
    expect(await run(['ghcr.io/Acme/shop'])).toMatchObject({ code: 1, output: expect.stringContaining('REFERENCE_INVALID') })
  })
})
