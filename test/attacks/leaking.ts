import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GantryProcess } from '../world/gantry-process.ts'
import { PRIVATE_KEY } from '../world/github/github.ts'
import { eventually } from '../world/grounds.ts'
import { Stage } from '../world/stage.ts'
import { comesToRest } from './asked.ts'
import { newCanaries } from './canaries.ts'
import type { Canary } from './canaries.ts'
import { MISCHIEF, NOWHERE, startEchoingRegistry } from './echoing-registry.ts'
import { Checks } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { bytesIn, found, newKeyText, toldTo } from './sealed.ts'

type Registry = Awaited<ReturnType<typeof startEchoingRegistry>>

/** Where each canary is kept, one after the other. */
const PLACES = ['env', 'vault', 'file', 'vault'] as const
const placeOf = (at: number) => PLACES[at % PLACES.length]!
const BAD_END = new URL('./bad-end.ts', import.meta.url).href

/** The real program with every canary as the credential of every registry, each of which fails in its own way and tells what it was given. */
class Leaking extends Stage {
  readonly canaries: readonly Canary[]
  readonly registries: readonly Registry[]
  readonly keys = newKeyText('k1')
  readonly webhookSecrets: readonly string[]
  /** What every process so far has said. */
  readonly outputs: string[] = []

  private constructor(canaries: readonly Canary[], registries: readonly Registry[]) {
    super({ deployYml: deployYml(canaries, registries), operatorYml: (id) => operatorYml(canaries, registries, id) })
    this.canaries = canaries
    this.registries = registries
    const [long = '', marked = ''] = [canaries[1]?.value, canaries.find(({ what }) => what === 'an expression’s marks')?.value]
    this.webhookSecrets = [this.github.webhookSecret, `${long}-for-webhooks`, `${marked}-for-webhooks-too`]
    for (const [at, { value }] of canaries.entries()) if (placeOf(at) === 'file') writeFileSync(join(this.folder, `c${at}.secret`), `${value}\n`)
    for (const [nth, registry] of registries.entries())
      writeFileSync(join(this.folder, `kept${nth}.yml`), JSON.stringify({ version: 1, credentials: credentials(canaries, [registry], true, nth) }))
  }

  static async make(): Promise<Leaking> {
    const canaries = newCanaries()
    const secrets = canaries.map(({ value }) => value)
    const registries = await Promise.all(Object.keys(MISCHIEF).map((what) => startEchoingRegistry(what, secrets)))
    return new Leaking(canaries, registries)
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
    this.outputs.push(gantry.output)
    return code
  }

  /** Ends what runs, and remembers what it said. */
  async ends(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.gantry.stops(signal)
    this.outputs.push(this.gantry.output)
  }

  override async closes(): Promise<void> {
    if (this.gantry !== undefined) await super.closes()
    await Promise.all(this.registries.map((registry) => registry.stops()))
  }
}

/** Each canary meets so many of the failures, and each failure some of the canaries: all with all would take an hour. */
const ROUNDS = 3
const metBy = (at: number, round: number, count: number): number => (at + round * 4) % count
const isDeployed = (at: number): boolean => at % 5 === 0

/** An app for each round, with an image and an environment for each canary. */
const deployYml = (canaries: readonly Canary[], registries: readonly Registry[]): string => {
  const app = (round: number) => ({
    images: Object.fromEntries(
      canaries.map((_, at) => [`c${at}`, { repository: `${registries[metBy(at, round, registries.length)]!.host}/acme/c${at}`, tag: '1' }]),
    ),
    environments: Object.fromEntries(canaries.map((_, at) => [`e${at}`, { target: 'site', settings: { path: '/site', image: `c${at}` } }])),
  })
  return JSON.stringify({ version: 1, apps: Object.fromEntries(Array.from({ length: ROUNDS }, (_, round) => [`round${round}`, app(round)])) })
}

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

const operatorYml = (canaries: readonly Canary[], registries: readonly Registry[], id: number): string =>
  JSON.stringify({
    version: 1,
    credentials: credentials(canaries, registries, false),
    trusted_realms: [NOWHERE, ...registries.map(({ host }) => `https://${host}`)],
    targets: {
      site: {
        kind: 'static',
        listen: '127.0.0.1:0',
        allow: [{ repository: 'acme/shop', id, environments: ['*'], images: registries.map(({ host }) => `${host}/acme/*`) }],
      },
    },
  })

const g01: Scenario = {
  id: 'G01',
  tried: `40 canary secrets in variables, files and the vault, each with ${ROUNDS} of ${Object.keys(MISCHIEF).length} registries that fail and echo it in nine spellings; commands that fail; deaths; errors nobody catches; all at LOG_LEVEL=trace (secrets under 6 characters and common words: G12; core files, the OOM killer, backups, metrics: not tried)`,
  async run() {
    const stage = await Leaking.make()
    const checks = new Checks()
    try {
      for (const nth of stage.registries.keys())
        checks.that(
          (await stage.types('vault', 'put', `kept${nth}.yml`, '--untested')) === 0,
          `nothing was kept: ${stage.outputs.at(-1)?.slice(0, 300)}`,
        )
      await stage.opens()
      for (let round = 0; round < ROUNDS; round += 1) {
        stage.github.reinstalls()
        for (const at of stage.canaries.keys())
          stage.github.people.ada.comments(stage.pull, `/${isDeployed(at) ? 'deploy' : 'preflight'} round${round}/e${at}`)
        await stage.delivers()
      }
      const isOver = comesToRest(stage, 240)
      await Promise.race([isOver, stage.gantry.ended])
      if (stage.gantry.child.exitCode !== null) throw new Error(`it ended: ${stage.gantry.output.slice(-500)}`)
      checks.that(await isOver, 'it has not come to rest')
      checks.that(await eventually(() => stage.said().length >= ROUNDS * 30, 60), `only ${stage.said().length} answers`)
      await stage.ends()
      const reached = stage.registries.map(({ what, reached: count }) => [what, count()] as const)
      const others = await otherPaths(stage, checks)
      const texts = looks(stage, checks)
      const [met, sent] = [ROUNDS * stage.canaries.length, reached.reduce((sum, [, count]) => sum + count, 0)]
      const never = reached.filter(([, count]) => count === 0).map(([what]) => what)
      checks.that(sent > met / 3, `only ${sent} of ${met} secrets were sent`)
      return checks.finding(
        `${met} meetings of ${stage.canaries.length} canaries with ${reached.length} failures of a registry (in ${sent} the secret had been sent; never where there was ${never.join(' or ')}) and ${others.length} other paths (${others.join(', ')}); nothing in ${(texts / 1e6).toFixed(0)} MB of output, ${stage.said().length} comments, checks, deployments, database, files, exports and answers`,
      )
    } finally {
      await stage.closes()
    }
  },
}

/** In everything that there is; answers how much that was. */
function looks(stage: Leaking, checks: Checks): number {
  const texts = [...stage.outputs, ...toldTo(stage), ...bytesIn(join(stage.folder, 'data'))]
  const leaks = found(texts, stage.secrets)
  const of = stage.canaries.filter(({ value }) => found(leaks, [value]).length > 0).map(({ what }) => what)
  checks.that(leaks.length === 0, `${leaks.length} parts of ${of.join(', ') || 'keys or tokens'}: ${leaks.slice(0, 3).join(' … ')}`)
  return texts.reduce((sum, { length }) => sum + length, 0)
}

/** What is not a registry's doing. */
async function otherPaths(stage: Leaking, checks: Checks): Promise<readonly string[]> {
  const { github, pull, registries, folder, canaries } = stage
  const { host } = registries[4]!
  const done: string[] = []
  const path = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    await work()
    done.push(name)
  }
  for (const signal of ['SIGTERM', 'SIGKILL'] as const)
    await path(signal, async () => {
      github.reinstalls()
      await stage.starts()
      for (const at of [0, 1, 2]) github.people.ada.comments(pull, `/deploy round${at}/e4`)
      await stage.delivers()
      await stage.ends(signal)
    })
  for (const how of ['throws', 'rejects'])
    await path(how === 'throws' ? 'an exception nobody catches' : 'a rejection nobody catches', async () => {
      writeFileSync(join(folder, 'secrets'), stage.secrets.join('\0'))
      await stage.starts({ NODE_OPTIONS: `--import ${BAD_END}`, BAD_END: `${how} ${join(folder, 'secrets')}` })
      checks.that((await stage.gantry.ended) === 1, `${how}: it did not end`)
      checks.that(/a mistake of our own/.test(stage.gantry.output), `${how}: it says ${stage.gantry.output.slice(-300)}`)
      stage.outputs.push(stage.gantry.output)
    })
  await path('--help', () => stage.types('--help'))
  await path('a command that there is not', () => stage.types('deploy'))
  await path('audit export', () => stage.types('audit', 'export'))
  await path('audit verify', () => stage.types('audit', 'verify'))
  await path('vault list', () => stage.types('vault', 'list'))
  await path('keys rotate', () => stage.types('keys', 'rotate', '--records'))
  await path('vault put that is refused', async () => {
    for (const at of [1, 3, 5]) await stage.types('vault', 'put', 'kept4.yml', '--image', `${host}/acme/c${at}:1`)
  })
  await path('gantry preflight', async () => {
    for (const at of [0, 2, 4, 6]) await stage.types('preflight', `${host}/acme/c${at}:1`)
  })
  await path('a wrong operator file', async () => {
    const right = readFileSync(join(folder, 'gantry.yml'), 'utf8')
    const literal = (password: unknown): string => JSON.stringify({ version: 1, credentials: { c0: { registry: host, username: 'ada', password } } })
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
      stage.outputs.push(gantry.output)
    }
  })
  github.reinstalls()
  await stage.starts()
  await path('a person who writes a secret', async () => {
    // What GitHub itself told of it is in its comment, and as it came in the inbox.
    for (const [at, { value }] of canaries.slice(0, 3).entries()) github.people.ada.comments(pull, `/lock round0/e${at} ${value.split('\n')[0]}`)
    github.people.ada.labels(pull, 'deploy:nowhere')
    await stage.delivers()
    await comesToRest(stage)
    const log = stage.rows('select * from repository_audit').map((row) => JSON.stringify(row))
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
      stage.outputs.push(await answer.text(), JSON.stringify([...answer.headers]))
    }
  })
  await path('title and words of the process', async () => {
    for (const name of ['cmdline', 'comm', 'status']) stage.outputs.push(readFileSync(`/proc/${stage.gantry.child.pid}/${name}`, 'latin1'))
  })
  await stage.ends()
  // The inbox keeps what GitHub tells as it came: the comment with the secret is there, and is taken out before the last look.
  stage.rewrites(`delete from delivery where payload like '%/lock round%'`)
  stage.rewrites('vacuum')
  return done
}

export const leaking: readonly Scenario[] = [g01]
