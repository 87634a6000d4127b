import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GantryProcess } from '../world/gantry-process.ts'
import { PRIVATE_KEY } from '../world/github/github.ts'
import { eventually } from '../world/grounds.ts'
import { Stage } from '../world/stage.ts'
import { comesToRest } from './asked.ts'
import { newCanaries } from './canaries.ts'
import type { Canary } from './canaries.ts'
import { MISCHIEF, startEchoingRegistry } from './echoing-registry.ts'
import { Checks } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { bytesIn, found, newKeyText, toldTo } from './sealed.ts'

type Registry = Awaited<ReturnType<typeof startEchoingRegistry>>

/** Where each canary is kept, one after the other. */
const PLACES = ['env', 'file', 'vault'] as const
const placeOf = (at: number) => PLACES[at % PLACES.length]!
const BAD_END = new URL('./bad-end.ts', import.meta.url).href

/** The real program with a credential for each canary, and one registry for them all that tells what it is given. */
class Leaking extends Stage {
  readonly canaries: readonly Canary[]
  readonly registry: Registry
  readonly keys = newKeyText('k1')
  readonly webhookSecrets: readonly string[]
  /** What every process so far has said. */
  readonly said: string[] = []

  private constructor(canaries: readonly Canary[], registry: Registry, others: readonly string[]) {
    super({ deployYml: deployYml(canaries, registry), operatorYml: (id) => operatorYml(canaries, registry, others, id) })
    this.canaries = canaries
    this.registry = registry
    const [long = '', marked = ''] = [canaries[1]?.value, canaries.find(({ what }) => what === 'an expression’s marks')?.value]
    this.webhookSecrets = [this.github.webhookSecret, `${long}-for-webhooks`, `${marked}-for-webhooks-too`]
    for (const [at, { value }] of canaries.entries()) if (placeOf(at) === 'file') writeFileSync(join(this.folder, `c${at}.secret`), `${value}\n`)
  }

  static async make(): Promise<Leaking> {
    const canaries = newCanaries()
    const registry = await startEchoingRegistry(canaries.map(({ value }) => value))
    // Nothing speaks TLS there, and nothing has that name.
    const [tls, dns] = [`https://${registry.host}`, 'https://gantry-canary.invalid']
    registry.cannotReach(`${tls}/token`, `${dns}/token`)
    return new Leaking(canaries, registry, [tls, dns])
  }

  override get variables() {
    const ours = this.canaries.flatMap(({ value }, at) => (placeOf(at) === 'file' ? [] : [[`CANARY_${at}`, value] as const]))
    const secrets = { GANTRY_KEYS: this.keys, WEBHOOK_SECRET: this.webhookSecrets.join(',') }
    return { ...super.variables, ...secrets, LOG_LEVEL: 'trace', ...Object.fromEntries(ours) }
  }

  get secrets(): readonly string[] {
    const ours = [this.keys.slice(3), PRIVATE_KEY, ...this.webhookSecrets, ...this.github.auth.tokens.map(({ text }) => text)]
    return [...this.canaries.map(({ value }) => value), ...ours]
  }

  async types(...words: readonly string[]): Promise<number> {
    const gantry = new GantryProcess({ folder: this.folder, words, environment: this.variables })
    const code = await gantry.ended
    this.said.push(gantry.output)
    return code
  }

  /** Ends what runs, and remembers what it said. */
  async ends(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.gantry.stops(signal)
    this.said.push(this.gantry.output)
  }

  override async closes(): Promise<void> {
    if (this.gantry !== undefined) await super.closes()
    await this.registry.stops()
  }
}

const images = (canaries: readonly Canary[], registry: Registry) =>
  Object.fromEntries(canaries.map((_, at) => [`c${at}`, { repository: `${registry.host}/acme/c${at}`, tag: '1' }]))

const deployYml = (canaries: readonly Canary[], registry: Registry): string =>
  JSON.stringify({
    version: 1,
    apps: Object.fromEntries(
      Object.entries(images(canaries, registry)).map(([name, image]) => [
        name,
        { images: { main: image }, default: 'staging', environments: { staging: { target: 'site', settings: { path: `/${name}` } } } },
      ]),
    ),
  })

const credentials = (canaries: readonly Canary[], registry: Registry, isKept: boolean) =>
  Object.fromEntries(
    canaries.flatMap((_, at) => {
      const declared = { registry: registry.host, repositories: [`acme/c${at}`], username: 'ada' }
      const password = placeOf(at) === 'file' ? { file: `c${at}.secret` } : { env: `CANARY_${at}` }
      return (placeOf(at) === 'vault') === isKept ? [[`c${at}`, { ...declared, password }]] : []
    }),
  )

const operatorYml = (canaries: readonly Canary[], registry: Registry, others: readonly string[], id: number): string =>
  JSON.stringify({
    version: 1,
    credentials: credentials(canaries, registry, false),
    trusted_realms: others,
    targets: {
      site: {
        kind: 'static',
        listen: '127.0.0.1:0',
        allow: [{ repository: 'acme/shop', id, environments: ['*'], images: [`${registry.host}/acme/*`] }],
      },
    },
  })

/** One path: the registry does it to every canary, by /deploy for all of them. */
async function everyCanary(stage: Leaking, what: string, checks: Checks): Promise<number> {
  const { github, pull, registry } = stage
  registry.does(what)
  github.reinstalls()
  await stage.starts()
  for (const at of stage.canaries.keys()) github.people.ada.comments(pull, `/${at % 2 === 0 ? 'deploy' : 'preflight'} c${at}/staging`)
  await stage.delivers()
  checks.that(await comesToRest(stage, 90), `${what}: it has not come to rest`)
  await stage.ends()
  return registry.reached()
}

const g01: Scenario = {
  id: 'G01',
  tried: `40 canary secrets in variables, files and the vault, with a registry that echoes them in nine spellings by ${Object.keys(MISCHIEF).length} failures; commands that fail; deaths; errors nobody catches; all at LOG_LEVEL=trace (secrets under 6 characters and common words: G12)`,
  async run() {
    const stage = await Leaking.make()
    const checks = new Checks()
    try {
      writeFileSync(join(stage.folder, 'kept.yml'), JSON.stringify({ version: 1, credentials: credentials(stage.canaries, stage.registry, true) }))
      checks.that((await stage.types('vault', 'put', 'kept.yml', '--untested')) === 0, `nothing was kept: ${stage.said.at(-1)}`)
      await stage.opens()
      await stage.ends()
      const reached: [string, number][] = []
      for (const what of Object.keys(MISCHIEF)) {
        reached.push([what, await everyCanary(stage, what, checks)])
        looks(stage, checks, what)
      }
      const others = await otherPaths(stage, checks)
      const texts = looks(stage, checks, 'in the end')
      const sent = reached.reduce((sum, [, count]) => sum + count, 0)
      const kept = reached.filter(([, count]) => count === 0).map(([what]) => what)
      return checks.finding(
        `${stage.canaries.length} canaries × ${reached.length} failures of a registry (the secret was sent in ${sent} of ${stage.canaries.length * reached.length}; in none of: ${kept.join(', ')}) and ${others.length} other paths (${others.join(', ')}); nothing in ${(texts / 1e6).toFixed(0)} MB of output, comments, checks, deployments, database, files, exports and answers`,
      )
    } finally {
      await stage.closes()
    }
  },
}

/** In everything that there is; answers how much that was. */
function looks(stage: Leaking, checks: Checks, when: string): number {
  const texts = [...stage.said, ...toldTo(stage), ...bytesIn(join(stage.folder, 'data'))]
  const leaks = found(texts, stage.secrets)
  const of = stage.canaries.filter(({ value }) => found(leaks, [value]).length > 0).map(({ what }) => what)
  checks.that(leaks.length === 0, `${when}: ${leaks.length} parts of ${of.join(', ') || 'keys or tokens'}: ${leaks.slice(0, 3).join(' … ')}`)
  stage.said.splice(0)
  return texts.reduce((sum, { length }) => sum + length, 0)
}

/** What is not a registry's doing. */
async function otherPaths(stage: Leaking, checks: Checks): Promise<readonly string[]> {
  const { github, pull, registry, folder, canaries } = stage
  const done: string[] = []
  const path = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    await work()
    done.push(name)
  }
  registry.does('500')
  for (const signal of ['SIGTERM', 'SIGKILL'] as const)
    await path(signal, async () => {
      github.reinstalls()
      await stage.starts()
      for (const at of [0, 1, 2]) github.people.ada.comments(pull, `/deploy c${at}/staging`)
      await stage.delivers()
      await stage.ends(signal)
    })
  for (const how of ['throws', 'rejects'])
    await path(how === 'throws' ? 'an exception nobody catches' : 'a rejection nobody catches', async () => {
      writeFileSync(join(folder, 'secrets'), stage.secrets.join('\0'))
      await stage.starts({ NODE_OPTIONS: `--import ${BAD_END}`, BAD_END: `${how} ${join(folder, 'secrets')}` })
      checks.that((await stage.gantry.ended) === 1, `${how}: it did not end`)
      checks.that(/a mistake of our own/.test(stage.gantry.output), `${how}: it says ${stage.gantry.output.slice(-300)}`)
      stage.said.push(stage.gantry.output)
    })
  await path('--help', () => stage.types('--help'))
  await path('a command that there is not', () => stage.types('deploy'))
  await path('audit export', () => stage.types('audit', 'export'))
  await path('audit verify', () => stage.types('audit', 'verify'))
  await path('vault list', () => stage.types('vault', 'list'))
  await path('keys rotate', () => stage.types('keys', 'rotate', '--records'))
  await path('vault put that is refused', async () => {
    for (const at of [2, 5, 8]) await stage.types('vault', 'put', 'kept.yml', '--image', `${registry.host}/acme/c${at}:1`)
  })
  await path('gantry preflight', async () => {
    for (const at of [0, 1, 3, 4, 6, 7]) await stage.types('preflight', `${registry.host}/acme/c${at}:1`)
  })
  await path('a wrong operator file', async () => {
    const right = readFileSync(join(folder, 'gantry.yml'), 'utf8')
    const literal = (password: unknown): string =>
      JSON.stringify({ version: 1, credentials: { c0: { registry: registry.host, username: 'ada', password } } })
    for (const text of [
      literal(canaries[0]!.value),
      literal({ sealed: canaries[3]!.value }),
      literal({ env: 'CANARY_0', more: canaries[0]!.value }),
      right.replace('"CANARY_0"', '"CANARY_99"'),
      right.slice(0, -9),
    ]) {
      writeFileSync(join(folder, 'gantry.yml'), text)
      checks.that((await stage.types('start')) === 1, 'a wrong operator file was taken')
    }
    writeFileSync(join(folder, 'gantry.yml'), right)
  })
  await path('wrong settings', async () => {
    for (const [name, value] of [
      ['PRIVATE_KEY', canaries[3]!.value],
      ['WEBHOOK_SECRET', 'a'],
      ['GANTRY_KEYS', `k1:${canaries[0]!.value}`],
      ['APP_ID', canaries[0]!.value],
      ['GITHUB_API_URL', `https://robot:${encodeURIComponent(canaries[0]!.value)}@example.com`],
      ['LOG_LEVEL', canaries[0]!.value],
    ] as const) {
      const gantry = new GantryProcess({ folder, environment: { ...stage.variables, [name]: value } })
      checks.that((await gantry.ended) === 1, `${name}: it started`)
      stage.said.push(gantry.output)
    }
  })
  github.reinstalls()
  await stage.starts()
  await path('a person who writes a secret', async () => {
    // What GitHub itself told of it is in its comment, and as it came in the inbox.
    for (const [at, { value }] of canaries.slice(0, 3).entries()) github.people.ada.comments(pull, `/lock c${at}/staging ${value.split('\n')[0]}`)
    github.people.ada.labels(pull, 'deploy:nowhere')
    await stage.delivers()
    await comesToRest(stage)
    await eventually(() => stage.said.length >= 0)
    const [log] = [stage.rows('select * from repository_audit').map((row) => JSON.stringify(row))]
    const leaks = found([...toldTo(stage), ...log, stage.gantry.output], stage.secrets)
    checks.that(leaks.length === 0, `the bot repeats what a person wrote: ${leaks.slice(0, 3).join(' … ')}`)
  })
  await path('answers over HTTP', async () => {
    for (const [at, method] of [
      ['/', 'GET'],
      ['/healthz', 'GET'],
      ['/docs', 'GET'],
      ['/docs/none', 'GET'],
      ['/metrics', 'GET'],
      ['/api/github/webhooks', 'POST'],
      ['/%00', 'GET'],
    ] as const) {
      const answer = await fetch(new URL(at, stage.url), { method })
      stage.said.push(await answer.text(), JSON.stringify([...answer.headers]))
    }
  })
  await path('title and words of the process', async () => {
    for (const name of ['cmdline', 'comm', 'status']) stage.said.push(readFileSync(`/proc/${stage.gantry.child.pid}/${name}`, 'latin1'))
  })
  await stage.ends()
  // The inbox keeps what GitHub tells as it came: the comment with the secret is there, and is taken out before the last look.
  stage.rewrites(`delete from delivery where payload like '%/lock c%'`)
  stage.rewrites('vacuum')
  return done
}

export const leaking: readonly Scenario[] = [g01]
