import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Authority, type KeyPair, missingOpenssl } from '../world/certificates.ts'
import { type DockerEngine, missingDockerEngine, startDockerEngine } from '../world/docker-engine.ts'
import { DockerEngineSimulator } from '../world/docker-engine-simulator.ts'
import { GantryProcess } from '../world/gantry-process.ts'
import { listen } from '../world/github/listen.ts'
import { startOciRegistry, type OciRegistry } from '../world/oci-registry.ts'

// `gantry vault put` for targets, as people type it: none is kept that a deployment would not find.

const PASSWORD = 'canary-correct-horse'
const GANTRY_KEYS = `k1:${randomBytes(32).toString('base64')}`

function hashOf(path: string): string {
  if (statSync(path).isDirectory()) return 'a folder'
  const bytes = readFileSync(path)
  // Bytes 24 and 92 on: SQLite's count of how often anybody has opened the file for writing (https://sqlite.org/fileformat2.html, 1.3).
  if (path.endsWith('gantry.db')) bytes.fill(0, 24, 28).fill(0, 92, 96)
  return createHash('sha256').update(bytes).digest('hex')
}

/** A folder in which somebody types `gantry`. */
class Desk {
  readonly folder = mkdtempSync(join(tmpdir(), 'gantry-desk-'))

  at(path: string): string {
    return join(this.folder, path)
  }

  declares(targets: Readonly<Record<string, string>>, credentials = ''): void {
    const lines = Object.entries(targets).map(([name, keys]) => `  ${name}: { ${keys} }\n`)
    writeFileSync(this.at('box.yml'), `version: 1\n${credentials}targets:\n${lines.join('')}`)
  }

  async types(words: string): Promise<{ code: number; output: string }> {
    const gantry = new GantryProcess({ folder: this.folder, words: words.split(' '), environment: { GANTRY_KEYS, SHOP_PASSWORD: PASSWORD } })
    const code = await gantry.ended
    expect(gantry.output).not.toContain(PASSWORD)
    return { code, output: gantry.output }
  }

  /** Everything that Gantry has on the disk, as hashes. */
  holds(): ReadonlyMap<string, string> {
    const names = readdirSync(this.at('data'), { recursive: true, encoding: 'utf8' }).toSorted()
    return new Map(names.map((name) => [name, hashOf(this.at(`data/${name}`))]))
  }

  /** Types it, and finds that not a byte has changed. */
  async isRefused(words: string): Promise<string> {
    const before = this.holds()
    const { code, output } = await this.types(words)
    expect(code).toBe(1)
    expect(output).not.toContain('Kept:')
    expect(this.holds()).toEqual(before)
    return output
  }

  clears(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

describe('gantry vault put, for targets', () => {
  const desk = new Desk()
  const simulator = new DockerEngineSimulator(() => ({ status: 404, message: 'nothing is pulled here' }))
  let answers: (request: Request) => Promise<Response> = (request) => simulator.fetch(request)
  let engine: Awaited<ReturnType<typeof listen>>
  let website: Awaited<ReturnType<typeof listen>>
  let gone: Awaited<ReturnType<typeof listen>>
  let registry: OciRegistry
  const credential = (password: string) =>
    `credentials:\n  shop: { registry: "${registry.host}", repositories: [acme/*], username: ada, password: ${password} }\n`
  const box = () => `kind: docker, host: "unix://${desk.at('engine.sock')}"`
  beforeAll(async () => {
    engine = await listen((request) => answers(request), desk.at('engine.sock'))
    website = await listen(async () => new Response('<html>welcome</html>'))
    gone = await listen(async () => new Response())
    await gone.close()
    registry = await startOciRegistry({ auth: 'bearer', accounts: [{ name: 'ada', password: PASSWORD, repositories: ['acme/*'] }] })
    await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  })
  beforeEach(() => {
    answers = (request) => simulator.fetch(request)
  })
  afterAll(async () => {
    await Promise.all([engine?.close(), website?.close(), registry?.goesDown()])
    desk.clears()
  })

  test('a target is kept once it has been reached, and what answered there is said', async () => {
    desk.declares({ box: box() })
    expect(await desk.types('vault put box.yml')).toEqual({
      code: 0,
      output: expect.stringMatching(
        /^The target box was reached: container engine 20\.10\.24, linux\/amd64\.\nKept: target box · kind docker · host unix:/,
      ),
    })
    expect(simulator.requests).toEqual(['GET /containers/json', 'GET /version'])
    expect(simulator.violations).toEqual([])
  })

  test('so is a site, whose folder is not made before it is needed', async () => {
    desk.declares({ site: 'kind: static, listen: "127.0.0.1:8081"' })
    const { code, output } = await desk.types('vault put box.yml')
    expect([code, output]).toEqual([
      0,
      expect.stringContaining("The target site was reached: a folder of Gantry's own, to be served at 127.0.0.1:8081, with nothing in it yet."),
    ])
    expect([...desk.holds().keys()].filter((name) => name.startsWith('targets'))).toEqual([])
  })

  test.each([
    ['a socket that is not there', () => `host: "unix://${desk.at('nobody.sock')}"`, 'TARGET_UNAVAILABLE', 'found:  ENOENT'],
    ['a port at which nobody listens', () => `host: "${gone.url.replace('http', 'tcp')}"`, 'TARGET_UNAVAILABLE', 'found:  ECONNREFUSED'],
    ['a web site', () => `host: "${website.url.replace('http', 'tcp')}"`, 'TARGET_REFUSED', 'does not speak the Docker Engine API'],
  ])('%s is told as a deployment would be, and nothing is kept', async (_what, host, code, found) => {
    desk.declares({ box: `kind: docker, ${host()}` })
    const output = await desk.isRefused('vault put box.yml')
    expect(output).toMatch(new RegExp(`^The target box was not reached, so nothing is kept\\.\n +${code}: `))
    expect(output).toContain(found)
    expect(output).toMatch(/^ +next: +\S.*\n +who: +\S/m)
  })

  test('an engine that lets nobody list its containers is told by its own words, without a secret and not at any length', async () => {
    answers = async () => Response.json({ message: `${PASSWORD} is not welcome ${'here '.repeat(10_000)}` }, { status: 403 })
    desk.declares({ box: box() }, credential('{ env: SHOP_PASSWORD }'))
    const output = await desk.isRefused(`vault put box.yml --image ${registry.name('acme/shop:1')}`)
    expect(output).toContain('TARGET_REFUSED: The container engine refused.')
    expect(output).toContain('found:  403 [secret] is not welcome here')
    expect(output.length).toBeLessThan(2_000)
  })

  test('a site whose folder cannot be made is told, and nothing is kept', async () => {
    mkdirSync(desk.at('data/targets'))
    writeFileSync(desk.at('data/targets/site'), '')
    desk.declares({ site: 'kind: static, listen: "127.0.0.1:8081"' })
    expect(await desk.isRefused('vault put box.yml')).toContain('a file stands where a folder should be')
    rmSync(desk.at('data/targets'), { recursive: true })
  })

  test('of a file everything is kept or nothing, and all that is wrong is said at once', async () => {
    const image = registry.name('acme/shop:1')
    const lost = 'kind: docker, host: "unix:///nobody.sock"'
    desk.declares({ box: box(), lost, other: lost }, credential('{ env: SHOP_PASSWORD }'))
    const output = await desk.isRefused(`vault put box.yml --image ${image}`)
    for (const line of ['can be pulled with the credential shop', 'box was reached', 'lost was not reached', 'other was not reached'])
      expect(output).toContain(line)
    writeFileSync(desk.at('wrong'), 'not-the-password')
    desk.declares({ box: box(), lost }, credential(`{ file: ${desk.at('wrong')} }`))
    expect(await desk.isRefused(`vault put box.yml --image ${image}`)).toMatch(/CREDENTIALS_INVALID[^]*TARGET_UNAVAILABLE/)
    desk.declares({ box: box() }, credential(`{ file: ${desk.at('wrong')} }`))
    expect(await desk.isRefused(`vault put box.yml --image ${image}`)).toMatch(/CREDENTIALS_INVALID[^]*box was reached/)
    desk.declares({ box: box() }, credential('{ env: SHOP_PASSWORD }'))
    const put = await desk.types(`vault put box.yml --image ${image}`)
    expect([put.code, put.output.match(/^Kept: \w+ \w+/gm)]).toEqual([0, ['Kept: credential shop', 'Kept: target box']])
  })

  test('who says so keeps a target that nobody has reached', async () => {
    desk.declares({ lost: 'kind: docker, host: "unix:///nobody.sock"' })
    expect(await desk.types('vault put box.yml --untested')).toEqual({ code: 0, output: expect.stringMatching(/^Kept: target lost/) })
  })
})

const missing = missingDockerEngine() ?? missingOpenssl()
if (missing !== null && process.env['CI']) throw new Error(`gantry vault put must be tested with a real engine: ${missing}`)

describe.skipIf(missing !== null)(`gantry vault put, for the real engine over TLS${missing === null ? '' : ` (left out: ${missing})`}`, () => {
  const desk = new Desk()
  let engine: DockerEngine
  let ours: Authority
  let client: KeyPair
  let stranger: KeyPair
  beforeAll(async () => {
    ours = new Authority(desk.folder, 'ours')
    client = ours.signsClient('client')
    stranger = new Authority(desk.folder, 'theirs').signsClient('stranger')
    engine = await startDockerEngine({ ca: ours.cert, ...ours.signsServer('engine', '127.0.0.1') })
  })
  afterAll(async () => {
    await engine?.stop()
    desk.clears()
  })

  const box = (ca: string, { cert, key }: KeyPair) =>
    `kind: docker, host: "${engine.host}", tls: { ca: { file: ${ca} }, cert: { file: ${cert} }, key: { file: ${key} } }`

  test('the right certificates reach it, and are kept', async () => {
    desk.declares({ box: box(ours.cert, client) })
    const { code, output } = await desk.types('vault put box.yml')
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/^The target box was reached: container engine \d[^\n]*, linux\/\w+\.\nKept: target box/),
    ])
    expect(output).not.toContain('BEGIN')
  })

  test('a client certificate of another CA does not, and what was kept before still is', async () => {
    desk.declares({ box: box(ours.cert, stranger) })
    const output = await desk.isRefused('vault put box.yml')
    expect(output).toContain('TARGET_REFUSED: The container engine asks for a client certificate of its own CA')
    expect(output).not.toContain('BEGIN')
  })

  test('an engine whose certificate another CA has signed is not believed', async () => {
    desk.declares({ box: box(stranger.cert, client) })
    expect(await desk.isRefused('vault put box.yml')).toContain("TARGET_UNAVAILABLE: The container engine's certificate is not signed by a CA")
  })
})
