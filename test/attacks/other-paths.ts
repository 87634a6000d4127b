import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { comesToRest } from './asked.ts'
import { placeOf } from './canary-stage.ts'
import type { Leaking } from './canary-stage.ts'
import type { Checks } from './scenario.ts'
import { found, toldTo } from './sealed.ts'
import type { Person } from '../world/github/people.ts'
import { crawl, formsIn, Visitor } from './visiting.ts'

const BAD_END = new URL('./bad-end.ts', import.meta.url).href

/** What is not a registry's doing, with every canary; answers what it was. */
export async function otherPaths(stage: Leaking, checks: Checks): Promise<readonly string[]> {
  for (const path of Object.values(PATHS)) await path(stage, checks)
  return Object.keys(PATHS)
}

type Path = (stage: Leaking, checks: Checks) => Promise<unknown>

const types =
  (words: readonly string[], where?: string): Path =>
  (stage) =>
    stage.types(words, {}, where)

const hostOf = ({ registries }: Leaking, failure: string): { readonly host: string; readonly nth: number } => {
  const nth = registries.findIndex(({ what }) => what === failure)
  return { host: registries[nth]!.host, nth }
}

/** In the middle of requests that carry the canaries. */
const isEndedBy =
  (signal: NodeJS.Signals): Path =>
  async (stage) => {
    await stage.starts()
    const { nth } = hostOf(stage, 'no answer at all')
    for (const { person, pull } of stage.homes) person.comments(pull, `/deploy e${nth}`)
    await stage.delivers()
    await stage.ends(signal)
    stage.looksAtFiles()
  }

const endsBadly =
  (how: 'throws' | 'rejects'): Path =>
  async (stage, checks) => {
    const secrets = join(stage.folder, 'secrets')
    writeFileSync(secrets, stage.secrets.join('\0'))
    await stage.starts({ NODE_OPTIONS: `--import ${BAD_END}`, BAD_END: `${how} ${secrets}` })
    checks.that((await stage.gantry.stops('SIGUSR2')) === 1, `${how}: it did not end`)
    checks.that(/a mistake of our own/.test(stage.gantry.output), `${how}: it says something else`)
    stage.hears('the log', stage.gantry.output)
  }

/** Those in the vault as they would be typed, the others by their names. */
const preflights: Path = async (stage, checks) => {
  const { host, nth } = hostOf(stage, '403')
  for (const [at, { what, value }] of stage.canaries.entries()) {
    const isTyped = placeOf(at) === 'vault'
    const which = isTyped ? ['--username', 'ada', '--password-stdin'] : ['--credential', `r${nth}c${at}`]
    const words = ['preflight', `${host}/acme/c${at}:1`, ...which, ...(at % 3 === 0 ? ['--json'] : [])]
    const { code } = await stage.types(words, isTyped ? { input: `${value}\n` } : {})
    checks.that(code === 1, `gantry preflight with ${what} ends with ${code}`)
  }
}

const putsInVain: Path = async (stage, checks) => {
  const { host, nth } = hostOf(stage, '403')
  const images = [...stage.canaries.keys()].filter((at) => placeOf(at) === 'vault').flatMap((at) => ['--image', `${host}/acme/c${at}:1`])
  checks.that((await stage.types(['vault', 'put', `kept${nth}.yml`, ...images])).code === 1, 'what no registry takes was kept')
}

const wrongOperatorFiles: Path = async (stage, checks) => {
  const { canaries, folder } = stage
  const file = join(folder, 'gantry.yml')
  const right = readFileSync(file, 'utf8')
  const all = (password: (value: string) => unknown): string => {
    const declared = canaries.map(({ value }, at) => [`c${at}`, { registry: 'ghcr.io', username: 'ada', password: password(value) }])
    return JSON.stringify({ version: 1, credentials: Object.fromEntries(declared) })
  }
  for (const text of [
    all((value) => value),
    all((value) => ({ sealed: value })),
    all((value) => ({ env: 'CANARY_0', more: value })),
    right.replace('"CANARY_0"', '"CANARY_99"'),
    right.slice(0, -9),
  ]) {
    writeFileSync(file, text)
    checks.that((await stage.types(['start'])).code === 1, 'a wrong operator file was taken')
  }
  writeFileSync(file, right)
}

/** Only where what stands first is right the others are read. */
const wrongSettings: Path = async (stage, checks) => {
  for (const { what, value } of stage.canaries)
    for (const wrong of [
      { APP_ID: value, LOG_LEVEL: value, GITHUB_API_URL: `https://robot:${encodeURIComponent(value)}@example.com`, WEBHOOK_SECRET: 'a' },
      { PRIVATE_KEY: value, GANTRY_KEYS: `k1:${value}` },
    ]) {
      const { code, output } = await stage.types(['start'], wrong)
      checks.that(code === 1, `wrong settings of ${what} were taken`)
      for (const name of Object.keys(wrong)) checks.that(output.includes(name), `${what}: nothing is said of ${name}`)
    }
}

const backsUp: Path = async (stage, checks) => {
  await stage.starts()
  for (const [words, environment] of [
    [['backup', 'data/backups/beside'], {}],
    [['restore', 'data/backups/beside', '--check'], {}],
    [['restore', 'data/backups/beside'], { GANTRY_DATA: 'restored' }],
  ] as const) {
    const { code, output } = await stage.types(words, environment)
    checks.that(code === 0, `${words.join(' ')}: ${output}`)
  }
  stage.looksAtFiles('restored')
  stage.looksAtFiles()
}

const asksOverHttp: Path = async (stage) => {
  const addresses = ['/', '/healthz', '/docs', '/docs/none', '/metrics', '/api/github/webhooks', '/%00']
  const telling = stage.canaries.flatMap(({ value }) => [`/${encodeURIComponent(value)}`, `/docs?token=${encodeURIComponent(value)}`])
  for (const [at, method] of [...addresses, ...telling].flatMap((one) => [[one, 'GET'] as const, [one, 'POST'] as const])) {
    const answer = await fetch(new URL(at, stage.url), { method, redirect: 'manual' })
    stage.hears('answers over HTTP', await answer.text(), JSON.stringify([...answer.headers]))
  }
}

/**
 * Everybody looks at every page that links lead to, of their deployments and of their account, and sends each form once: with the secret typed
 * where one is typed, and as it is.
 */
const opensPages: Path = async (stage, checks) => {
  let pages = 0
  for (const [at, { person }] of stage.homes.entries()) {
    const visitor = await new Visitor(stage).signsIn(person)
    const seen = [...(await crawl(visitor, ['/', '/approvals', `/a/${loginOf(stage, at)}`, ...deploymentsOf(stage, person)], 40)).values()]
    const secret = stage.canaries[at]!.value
    const forms = new Map(
      seen.flatMap(formsIn).map((form) => [`${form.action.replace(/^\/d\/[^/]+/, '/d/…')} ${Object.keys(form.fields).join()}`, form]),
    )
    for (const { text, headers, status } of seen) {
      stage.hears('pages', asShown(text), asShown(JSON.stringify([...headers].filter(([name]) => name !== 'set-cookie'))))
      checks.that(status < 500, `a page is answered with ${status}`)
    }
    for (const { method, action, fields, secrets } of forms.values()) {
      if (method !== 'post' || action === '/logout' || /\/(?:retry|deploy|cancel|backup)$/.test(action)) continue
      const typed = Object.fromEntries(secrets.map((name) => [name, secret]))
      const answer = await visitor.posts(action, { ...fields, ...typed, ...(secrets.length > 0 && { name: 'typed', registry: '127.0.0.1:9' }) })
      stage.hears('pages', asShown(answer.text), asShown(JSON.stringify([...answer.headers])))
      checks.that(answer.status < 500, `POST ${action} is answered with ${answer.status}`)
    }
    pages += seen.length
  }
  checks.that(pages > 10 * stage.homes.length, `only ${pages} pages`)
}

/** Without what every JSON on a page and every address in an address have in common with some secret. */
const asShown = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll('%3A%2F%2F', '://')

const loginOf = ({ github, homes }: Leaking, at: number): string =>
  [...github.state.repositories.values()].find(({ issues }) => [...issues.values()].includes(homes[at]!.pull))?.owner.login ?? ''

const deploymentsOf = (stage: Leaking, { account }: Person): readonly string[] =>
  stage
    .rows(`select id from deployment where json_extract(request, '$.actor.id') = ? order by sequence limit 24`, account.id)
    .map(({ id }) => `/d/${String(id)}`)

const isLookedAtFromOutside: Path = async (stage) => {
  for (const name of ['cmdline', 'comm', 'status'])
    stage.hears('title of the process', readFileSync(`/proc/${stage.gantry.child.pid}/${name}`, 'latin1'))
}

/** What GitHub itself told of it is in the inbox, as it came: the files are not looked at any more. */
const isTold: Path = async (stage, checks) => {
  for (const [at, { value }] of stage.canaries.entries()) {
    const { person, pull } = stage.homes[at]!
    // In quotes, so that the reason is the secret: without them the command's words are parts of it.
    person.comments(pull, `/lock e${at % 20} "${value.split('\n')[0]!.replaceAll(/["\\]/g, '\\$&')}"`)
    person.labels(pull, 'deploy:nowhere')
  }
  await stage.delivers()
  checks.that(await comesToRest(stage, 90), 'it does not come to rest after what people wrote')
  const log = stage.rows('select * from repository_audit').map((row) => JSON.stringify(row))
  const leaks = found([...toldTo(stage), ...log, stage.gantry.output], stage.secrets)
  checks.that(leaks.length === 0, `the bot repeats what a person wrote: ${leaks.slice(0, 3).join(' … ')}`)
  await stage.ends()
}

/** In this order: from the backup on, what begins with the process that runs. */
const PATHS: Readonly<Record<string, Path>> = {
  SIGTERM: isEndedBy('SIGTERM'),
  'SIGKILL, as the OOM killer sends it': isEndedBy('SIGKILL'),
  'an exception nobody catches': endsBadly('throws'),
  'a rejection nobody catches': endsBadly('rejects'),
  '--help': types(['--help']),
  'a command that there is not': types(['deploy']),
  'audit export': types(['audit', 'export'], 'audit export'),
  'audit verify': types(['audit', 'verify']),
  'vault list': types(['vault', 'list']),
  'keys rotate': types(['keys', 'rotate', '--records']),
  'vault put that is refused': putsInVain,
  'gantry preflight': preflights,
  'a wrong operator file': wrongOperatorFiles,
  'wrong settings': wrongSettings,
  'a backup beside the process, checked, and restored elsewhere': backsUp,
  'answers over HTTP': asksOverHttp,
  'pages, and answers to their forms': opensPages,
  'title and words of the process': isLookedAtFromOutside,
  'a person who writes a secret': isTold,
}
