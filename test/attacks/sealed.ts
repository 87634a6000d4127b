import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Row, Sql, Value } from '../../src/store/sql.ts'
import { GantryProcess } from '../world/gantry-process.ts'
import { leaksIn } from '../world/leaks.ts'
import { startOciRegistry } from '../world/oci-registry.ts'
import type { OciRegistry } from '../world/oci-registry.ts'
import { Stage } from '../world/stage.ts'
import type { Finding } from './scenario.ts'

type Environment = Readonly<Record<string, string>>

export const PASSWORD = 'canary-correct-horse-battery-staple'
export const newKeyText = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`

/** The real program with a private registry, whose password is kept in the vault; nothing runs before `opens`. */
export class Sealed extends Stage {
  readonly registry: OciRegistry
  keys = newKeyText('k1')

  private constructor(registry: OciRegistry) {
    super({ deployYml: deployYml(registry), operatorYml: (id) => operatorYml(registry, id) })
    this.registry = registry
  }

  static async make(password = PASSWORD): Promise<Sealed> {
    const registry = await startOciRegistry({ auth: 'bearer', accounts: [{ name: 'ada', password, repositories: ['acme/*'] }] })
    await registry.has('acme/shop:1', { 'site/index.html': 'one' })
    return new Sealed(registry)
  }

  override get variables(): Environment {
    return { ...super.variables, GANTRY_KEYS: this.keys }
  }

  get database(): string {
    return join(this.folder, 'data/gantry.db')
  }

  /** Words as people type them; `environment` beside the keys. */
  async types(words: readonly string[], environment: Environment = {}): Promise<{ readonly code: number; readonly output: string }> {
    const gantry = this.begins(words, environment)
    const code = await gantry.ended
    return { code, output: gantry.output }
  }

  begins(words: readonly string[], environment: Environment = {}): GantryProcess {
    return new GantryProcess({ folder: this.folder, words, environment: { GANTRY_KEYS: this.keys, ...environment } })
  }

  /** Keeps that credential under these names, untested. */
  async keeps(password: string, ...names: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
    const declared = names.map((name) => [
      name,
      { registry: this.registry.host, repositories: ['acme/*'], username: 'ada', password: { env: 'KEPT_PASSWORD' } },
    ])
    writeFileSync(join(this.folder, 'kept.yml'), JSON.stringify({ version: 1, credentials: Object.fromEntries(declared) }))
    return this.types(['vault', 'put', 'kept.yml', '--untested'], { KEPT_PASSWORD: password })
  }

  /** A start that has to be refused: its exit code and all that it said, or what it said until it was seen to listen. */
  async refuses(environment: Environment = {}): Promise<{ readonly code: number; readonly output: string }> {
    const gantry = new GantryProcess({ folder: this.folder, environment: { ...this.variables, ...environment } })
    await Promise.race([
      gantry.ended,
      gantry.listens().then(
        () => gantry.stops('SIGKILL'),
        () => 0,
      ),
    ])
    return { code: await gantry.ended, output: gantry.output }
  }

  override async closes(): Promise<void> {
    if (this.gantry !== undefined) await super.closes()
    await this.registry.goesDown()
  }
}

/** On a stage of its own, which is cleared away afterwards. */
export function onSealed(work: (stage: Sealed) => Promise<Finding>): () => Promise<Finding> {
  return async () => {
    const stage = await Sealed.make()
    try {
      return await work(stage)
    } finally {
      await stage.closes()
    }
  }
}

const deployYml = (registry: OciRegistry): string => `version: 1
app: shop
images: { main: { repository: ${registry.name('acme/shop')}, tag: "1" } }
default: staging
environments: { staging: { target: site, settings: { path: /site }, url: "https://staging.example.com" } }
`

const operatorYml = (registry: OciRegistry, id: number): string => `version: 1
targets:
  site:
    kind: static
    listen: 127.0.0.1:0
    allow: [{ repository: acme/shop, id: ${id}, environments: [staging], images: ["${registry.name('acme/*')}"] }]
`

/** A database of a stopped Gantry in this process, without the syncing that a thousand changes would wait for. */
export function opened(path: string): Sql & { close(): void } {
  const database = new DatabaseSync(path)
  database.exec('pragma synchronous = off')
  const all = <R extends Row = Row>(query: string, ...params: Value[]): R[] => database.prepare(query).all(...params) as R[]
  return {
    all,
    transaction: (work) => {
      database.exec('begin immediate')
      try {
        const result = work()
        database.exec('commit')
        return result
      } catch (error) {
        database.exec('rollback')
        throw error
      }
    },
    close: () => database.close(),
  }
}

/** Every file below a folder. */
export const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())

export const bytesOf = (path: string): string => readFileSync(path, 'latin1')

export const bytesIn = (folder: string): readonly string[] => filesIn(folder).map(bytesOf)

const CHUNK = 100_000
const OVERLAP = 64

/**
 * Parts of the secrets in texts of any length: as they are, in JSON (in JSON), in HTML, in the bytes of a file, and each of these in the
 * spellings of `leaks.ts`. What is no longer than its parts is looked for as a whole.
 */
export function found(texts: readonly string[], secrets: readonly string[]): readonly string[] {
  const written = [...new Set(secrets.flatMap((secret) => [secret, inJson(secret), inJson(inJson(secret)), inHtml(secret), inBytes(secret)]))]
  const long = written.filter((one) => one.length > 16)
  const short = written.filter((one) => one.length <= 16).flatMap(spellingsOf)
  const chunks = texts.flatMap((text) =>
    Array.from({ length: Math.ceil(text.length / CHUNK) }, (_, at) => text.slice(at * CHUNK, (at + 1) * CHUNK + OVERLAP)),
  )
  return [...leaksIn(chunks, long), ...short.filter((one) => chunks.some((chunk) => chunk.includes(one)))]
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)
const inHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (one) => `&${HTML[one]};`)
const HTML: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": '#39' }
/** As `bytesIn` reads it. */
const inBytes = (text: string): string => Buffer.from(text).toString('latin1')

/** In base64 by itself and after a user's name of any length, without what the neighbours decide. */
const spellingsOf = (text: string): readonly string[] => [
  text,
  encodeURIComponent(text),
  Buffer.from(text).toString('hex'),
  ...[0, 1, 2].map((before) =>
    Buffer.from(' '.repeat(before) + text)
      .toString('base64')
      .replaceAll('=', '')
      .slice(before === 0 ? 0 : before + 1, -1),
  ),
]

/** Everything that GitHub shows of the bot, by where. */
export function shownBy({ github }: Stage): Readonly<Record<'comments' | 'check runs' | 'deployments', readonly string[]>> {
  const repositories = [...github.state.repositories.values()]
  const comments = repositories.flatMap(({ issues }) => [...issues.values()].flatMap((issue) => issue.comments))
  return {
    comments: comments.filter(({ author }) => author.id === github.bot.id).flatMap(({ bodies }) => bodies),
    'check runs': repositories.flatMap(({ checks }) => checks.map((one) => JSON.stringify(one))),
    deployments: repositories.flatMap(({ deployments }) => deployments.map((one) => JSON.stringify(one))),
  }
}

export const toldTo = (stage: Stage): readonly string[] => Object.values(shownBy(stage)).flat()
