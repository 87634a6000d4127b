import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { GantryProcess } from '../world/gantry-process.ts'
import { PRIVATE_KEY } from '../world/github/github.ts'
import type { Person } from '../world/github/people.ts'
import { give } from '../world/github/population.ts'
import type { Issue, Repository } from '../world/github/state.ts'
import { Stage } from '../world/stage.ts'
import { newCanaries } from './canaries.ts'
import type { Canary } from './canaries.ts'
import { MISCHIEF, NOWHERE, startEchoingRegistry } from './echoing-registry.ts'
import { bytesOf, filesIn, newKeyText, shownBy } from './sealed.ts'
import { movesIn } from './tenant.ts'
import { ORIGIN } from './visiting.ts'

type Registry = Awaited<ReturnType<typeof startEchoingRegistry>>

/** Where each canary is kept, one after the other. */
const PLACES = ['env', 'vault', 'file', 'vault'] as const
export const placeOf = (at: number) => PLACES[at % PLACES.length]!

/**
 * The real program with every canary as the credential of every registry, each of which fails in its own way and tells what it was
 * given. A canary has an account of its own on GitHub, with an installation: GitHub's limits are counted for each, and so none waits.
 */
export class Leaking extends Stage {
  readonly canaries: readonly Canary[]
  readonly registries: readonly Registry[]
  /** Somebody who may do everything in a canary's repository, and a pull request there. */
  readonly homes: { readonly person: Person; readonly pull: Issue }[] = []
  readonly keys = newKeyText('k1')
  readonly webhookSecrets: readonly string[]
  /** What came out so far, by where: beside what GitHub shows. */
  readonly #said = new Map<string, string[]>()

  private constructor(canaries: readonly Canary[], registries: readonly Registry[]) {
    super({ deployYml: deployYml(0, registries), operatorYml: () => operatorYml(canaries, registries) })
    this.canaries = canaries
    this.registries = registries
    const [long = '', marked = ''] = [canaries[1]?.value, canaries.find(({ what }) => what === 'an expression’s marks')?.value]
    this.webhookSecrets = [this.github.webhookSecret, `${long}-for-webhooks`, `${marked}-for-webhooks-too`]
    for (const [at, { value }] of canaries.entries()) if (placeOf(at) === 'file') writeFileSync(join(this.folder, `c${at}.secret`), `${value}\n`)
    for (const [nth, registry] of registries.entries())
      writeFileSync(join(this.folder, `kept${nth}.yml`), JSON.stringify({ version: 1, credentials: credentials(canaries, [registry], true, nth) }))
    const { fetch } = this.github
    const heard: typeof fetch = async (input, init) => {
      const request = new Request(input, init)
      // Where somebody signs in, the client's secret and the token are what GitHub is sent.
      const isSigningIn = /\/login\/oauth\/access_token$|\/applications\/[^/]+\/token$/.test(request.url)
      this.hears('requests to GitHub', `${request.url} ${isSigningIn ? '' : await request.clone().text()}`)
      return fetch(request)
    }
    Object.assign(this.github, { fetch: heard })
  }

  static async make(): Promise<Leaking> {
    const canaries = newCanaries()
    const secrets = canaries.map(({ value }) => value)
    const registries = await Promise.all(Object.keys(MISCHIEF).map((what) => startEchoingRegistry(what, secrets)))
    const stage = new Leaking(canaries, registries)
    stage.homes.push({ person: stage.github.people.grace, pull: stage.pull })
    for (const at of canaries.keys()) {
      if (at === 0) continue
      const { home, pull } = await movesIn(stage, `team${at}`, deployYml(at, registries))
      // Somebody else each time: what one person asks for is counted together, wherever they ask.
      const person = stage.github.joins(`admin${at}`).at(home)
      give(home, person.account, 'admin')
      stage.github.member(person.account, 'admin', home.owner)
      stage.homes.push({ person, pull })
    }
    // What all of them may do is more than fits into the operator file.
    writeFileSync(join(stage.folder, 'targets.yml'), targets(registries, [...stage.github.state.repositories.values()]))
    return stage
  }

  override get variables() {
    const ours = this.canaries.flatMap(({ value }, at) => (placeOf(at) === 'file' ? [] : [[`CANARY_${at}`, value] as const]))
    const { id, secret } = this.github.auth.client
    const secrets = { GANTRY_KEYS: this.keys, WEBHOOK_SECRET: this.webhookSecrets.join(','), GITHUB_CLIENT_ID: id, GITHUB_CLIENT_SECRET: secret }
    return { ...super.variables, ...secrets, GANTRY_URL: ORIGIN, LOG_LEVEL: 'trace', ...Object.fromEntries(ours) }
  }

  get secrets(): readonly string[] {
    const ours = [
      this.keys.slice(3),
      PRIVATE_KEY,
      this.github.auth.client.secret,
      ...this.github.auth.userTokens.keys(),
      ...this.webhookSecrets,
      ...this.github.auth.tokens.map(({ text }) => text),
    ]
    return [...this.canaries.map(({ value }) => value), ...ours]
  }

  hears(where: string, ...texts: readonly string[]): void {
    const known = this.#said.get(where) ?? []
    known.push(...texts)
    this.#said.set(where, known)
  }

  /** `gantry WORDS…`, and what it answered. */
  async types(words: readonly string[], { input, ...more }: { readonly input?: string; readonly [name: string]: string } = {}, where = 'commands') {
    const environment = { ...this.variables, ...more }
    const gantry = new GantryProcess({ folder: this.folder, words, environment, ...(input === undefined ? {} : { input }) })
    const code = await gantry.ended
    this.hears(where, gantry.output)
    return { code, output: gantry.output }
  }

  /** Ends what runs, and remembers what it said. */
  async ends(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.gantry.stops(signal)
    this.hears('the log', this.gantry.output)
  }

  /** What is in the files now: of the database while it runs what SQLite has beside it, too. */
  looksAtFiles(folder = 'data'): void {
    for (const path of filesIn(join(this.folder, folder))) {
      const name = relative(this.folder, path)
      this.hears(
        /\.db(?:-wal|-shm)?$/.exec(name) === null ? 'backups and other files' : folder === 'data' ? name : 'a restored database',
        bytesOf(path),
      )
    }
  }

  /** Everything that anybody could read, by where. */
  get sinks(): ReadonlyMap<string, readonly string[]> {
    const registries = this.registries.flatMap(({ others }) => others)
    return new Map([...this.#said, ...Object.entries(shownBy(this)), ['registries that it is not for', registries]])
  }

  override async closes(): Promise<void> {
    if (this.gantry !== undefined) await super.closes()
    await Promise.all(this.registries.map((registry) => registry.stops()))
  }
}

/** One environment for each way to fail: `e7` has the image of the seventh registry. */
const deployYml = (at: number, registries: readonly Registry[]): string =>
  JSON.stringify({
    version: 1,
    app: 'shop',
    images: Object.fromEntries(registries.map(({ host }, nth) => [`r${nth}`, { repository: `${host}/acme/c${at}`, tag: '1' }])),
    environments: Object.fromEntries(
      registries.map((_, nth) => [`e${nth}`, { target: 'engine', settings: { container: `c${at}e${nth}`, image: `r${nth}` } }]),
    ),
  })

const credentials = (canaries: readonly Canary[], registries: readonly Registry[], isKept: boolean, first = 0) =>
  Object.fromEntries(
    registries.flatMap(({ host }, nth) =>
      canaries.flatMap((_, at) => {
        const password = placeOf(at) === 'file' ? { file: `c${at}.secret` } : { env: `CANARY_${at}` }
        return (placeOf(at) === 'vault') === isKept
          ? [[`r${first + nth}c${at}`, { registry: host, repositories: [`acme/c${at}`], username: 'ada', password }]]
          : []
      }),
    ),
  )

const operatorYml = (canaries: readonly Canary[], registries: readonly Registry[]): string =>
  JSON.stringify({
    version: 1,
    credentials: credentials(canaries, registries, false),
    trusted_realms: [NOWHERE, ...registries.map(({ host }) => `https://${host}`)],
  })

const targets = (registries: readonly Registry[], repositories: readonly Repository[]): string => {
  const images = registries.map(({ host }) => `${host}/acme/*`)
  const allow = repositories.map(({ id, owner, name }) => ({ repository: `${owner.login}/${name}`, id, environments: ['*'], images }))
  return JSON.stringify({ version: 1, targets: { engine: { kind: 'docker', host: 'unix:///run/nobody.sock', allow } } })
}
