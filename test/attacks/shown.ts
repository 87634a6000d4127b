import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import { PRIVATE_KEY } from '../world/github/github.ts'
import { eventually } from '../world/grounds.ts'
import { asks, comesToRest } from './asked.ts'
import { Checks } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { bytesIn, filesIn, found, onSealed, PASSWORD, Sealed, toldTo } from './sealed.ts'

const MISTAKEN = [
  ['config', 'check'],
  ['vault', 'show', 'credential', 'shop'],
  ['vault', 'list', 'credential'],
  ['vault', 'export'],
  ['audit', 'export', 'credential'],
  ['keys', 'discard', 'k1'],
  ['help'],
] as const

const g09: Scenario = {
  id: 'G09',
  tried: `a credential is read back: vault list, audit export and verify, keys rotate, ${MISTAKEN.map((words) => words.join(' ')).join(', ')}, /who /why /status /preflight /help, the log at trace, pages, the database (no API, page, or backup yet)`,
  run: onSealed(async (stage) => {
    const checks = new Checks()
    const outputs: string[] = []
    const types = async (...words: readonly string[]): Promise<string> => {
      const { output } = await stage.types(words)
      outputs.push(output)
      return output
    }
    checks.that((await stage.keeps(PASSWORD, 'shop', 'other')).code === 0, 'nothing was kept')
    const listed = await types('vault', 'list')
    checks.that(/credential shop .*fingerprint [0-9a-f]{8}:[0-9a-f]{12}\n/.test(listed), `the list says ${listed}`)
    await stage.opens({ LOG_LEVEL: 'trace' })
    const { ada } = stage.github.people
    for (const text of ['/deploy', '/who', '/why', '/status', '/preflight', '/help', '/deploy staging password=x', '/deploy ${{shop.password}}'])
      ada.comments(stage.pull, text)
    await stage.delivers()
    await comesToRest(stage, 60)
    checks.that(await eventually(() => stage.said().some(({ body }) => body.startsWith('✅'))), 'it does not deploy')
    for (const path of [
      '/',
      '/docs',
      '/healthz',
      '/vault',
      '/credentials',
      '/api/credentials',
      '/data/gantry.db',
      '/.env',
      '/gantry.yml',
      '/docs/../gantry.yml',
    ])
      outputs.push(await (await fetch(new URL(path, stage.url))).text())
    const tokens = stage.registry.requests.flatMap(({ authorization }) => (authorization?.startsWith('Bearer ') ? [authorization.slice(7)] : []))
    checks.that(tokens.length > 0, 'no token was used')
    await stage.gantry.stops('SIGKILL')
    for (const words of [['vault', 'list'], ['audit', 'export'], ['audit', 'verify'], ...MISTAKEN]) await types(...words)
    outputs.push(stage.gantry.output)
    const leaks = found([...outputs, ...toldTo(stage), ...bytesIn(join(stage.folder, 'data'))], [PASSWORD, ...tokens, stage.keys.slice(3)])
    checks.that(leaks.length === 0, `${leaks.length} parts: ${leaks.slice(0, 3).join(' … ')}`)
    await types('keys', 'rotate', '--records')
    checks.that(found(outputs, [PASSWORD, stage.keys.slice(3)]).length === 0, 'a rotation shows it')
    return checks.finding(
      `fingerprints only; neither the password nor the ${tokens.length} uses of the registry's tokens nor the key in ${outputs.length} answers, on GitHub, or in the database`,
    )
  }),
}

const g10: Scenario = {
  id: 'G10',
  tried:
    'every file below GANTRY_DATA under a umask of 0: its mode, and the canaries in it, while it runs, after kill -9, after each command, and beside a reader (not: swap)',
  async run() {
    const mask = process.umask(0)
    const stage = await Sealed.make()
    const checks = new Checks()
    const seen = new Set<string>()
    const data = join(stage.folder, 'data')
    const looks = (when: string): void => {
      for (const name of ['', ...readdirSync(data, { recursive: true, encoding: 'utf8' })]) {
        const path = join(data, name)
        const { mode } = statSync(path)
        const isFolder = statSync(path).isDirectory()
        seen.add(relative(data, path))
        checks.that((mode & 0o777) === (isFolder ? 0o700 : 0o600), `${when}: ${name || 'data'} has ${(mode & 0o777).toString(8)}`)
      }
      const tokens = stage.github.auth.tokens.map(({ text }) => text)
      const leaks = found(bytesIn(data), [PASSWORD, stage.keys.slice(3), PRIVATE_KEY, stage.github.webhookSecret, ...tokens])
      checks.that(leaks.length === 0, `${when}: ${leaks.slice(0, 3).join(' … ')}`)
    }
    try {
      checks.that((await stage.keeps(PASSWORD, 'shop')).code === 0, 'nothing was kept')
      looks('after vault put')
      await stage.opens()
      checks.that((await asks(stage, stage.github.people.ada, '/deploy')) === 'success', 'it does not deploy')
      looks('while it runs')
      for (const words of [
        ['audit', 'verify'],
        ['vault', 'list'],
      ]) {
        await stage.types(words)
        looks(`beside ${words.join(' ')}`)
      }
      await stage.gantry.stops('SIGKILL')
      looks('after kill -9')
      for (const words of [
        ['audit', 'export'],
        ['vault', 'list'],
        ['keys', 'rotate', '--records'],
        ['audit', 'verify'],
        ['vault', 'remove', 'credential', 'shop'],
      ]) {
        await stage.types(words)
        looks(`after ${words.join(' ')}`)
      }
      const elsewhere = filesIn(stage.folder).filter((path) => dirname(path) === stage.folder)
      checks.that(
        elsewhere.every((path) => /\/(gantry|kept)\.yml$/.test(path)),
        `files were made: ${elsewhere.join()}`,
      )
      return checks.finding(`${seen.size} files and folders are the owner's alone, whatever the umask; 0 hits`)
    } finally {
      process.umask(mask)
      chmodSync(stage.folder, 0o700)
      await stage.closes()
    }
  },
}

/** Everything that GitHub is asked is answered so, with what was sent in all its places. */
const ANSWERS: readonly (readonly [status: number, headers: (sent: string) => Readonly<Record<string, string>>])[] = [
  [401, () => ({})],
  [403, (sent) => ({ 'x-accepted-github-permissions': sent })],
  [404, (sent) => ({ 'x-github-request-id': sent })],
  [422, () => ({})],
  [429, (sent) => ({ 'retry-after': '1', 'x-ratelimit-resource': sent })],
  [500, (sent) => ({ 'x-github-request-id': sent })],
  [502, (sent) => ({ via: sent })],
  [200, (sent) => ({ 'x-oauth-scopes': sent })],
  [302, (sent) => ({ location: `https://example.com/?token=${encodeURIComponent(sent)}` })],
]

const g11: Scenario = {
  id: 'G11',
  tried: `GitHub answers ${ANSWERS.map(([status]) => status).join(', ')} to everything and echoes the token or the App's JWT in message, errors, headers and addresses; a broken connection; at LOG_LEVEL=trace`,
  run: onSealed(async (stage) => {
    const checks = new Checks()
    const { github } = stage
    const given = new Set<string>()
    const answering = github.fetch
    let [status, headers] = ANSWERS[0]!
    let mode: 'as it is' | 'echoes' | 'tokens too' = 'as it is'
    const echoing: typeof fetch = async (input, init) => {
      const request = new Request(input, init)
      const sent = request.headers.get('authorization')?.replace(/^\w+ /, '') ?? ''
      given.add(sent)
      const isForToken = request.url.endsWith('/access_tokens')
      if (mode === 'as it is' || (isForToken && mode !== 'tokens too')) return answering(request)
      const message = `Bad credentials: ${sent}; authorization: token ${sent}; https://x-access-token:${sent}@github.com/acme/shop`
      const body = JSON.stringify({
        message,
        errors: [
          { message: sent, resource: sent, code: sent },
          { type: 'X', message },
        ],
        data: null,
        documentation_url: `https://docs.github.com/?t=${sent}`,
      })
      return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers(sent) } })
    }
    Object.assign(github, { fetch: echoing })
    await stage.keeps(PASSWORD, 'shop')
    await stage.opens({ LOG_LEVEL: 'trace' })
    for (const how of ['echoes', 'tokens too'] as const)
      for (const answer of ANSWERS) {
        ;[status, headers] = answer
        mode = how
        github.reinstalls()
        github.people.ada.comments(stage.pull, '/deploy')
        github.people.grace.comments(stage.pull, '/status')
        await stage.delivers()
        await new Promise((resolve) => setTimeout(resolve, 700))
      }
    mode = 'as it is'
    const dropping = github.drops().always()
    github.people.ada.comments(stage.pull, '/deploy')
    await stage.delivers()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    dropping.over()
    await comesToRest(stage, 90)
    checks.that(await stage.isAlive(), 'it does not answer')
    await stage.gantry.stops()
    const secrets = [...given].filter((one) => one !== '')
    const leaks = found([stage.gantry.output, ...toldTo(stage), ...bytesIn(join(stage.folder, 'data'))], [...secrets, PRIVATE_KEY])
    checks.that(secrets.length > 3, `only ${secrets.length} tokens were sent`)
    checks.that(leaks.length === 0, `${leaks.length} parts: ${leaks.slice(0, 3).join(' … ')}`)
    return checks.finding(
      `${secrets.length} tokens and JWTs echoed by ${ANSWERS.length * 2} kinds of answers, in ${(stage.gantry.output.length / 1e6).toFixed(1)} MB of log: 0 hits`,
    )
  }),
}

const SIMPLE = ['a', 'abc12', 'production', 'password'] as const

const g12: Scenario = {
  id: 'G12',
  tried: `passwords ${SIMPLE.join(', ')} in a variable, a file, and the vault`,
  async run() {
    const checks = new Checks()
    for (const password of SIMPLE) {
      const stage = await Sealed.make(password)
      try {
        const put = await stage.keeps(password, 'kept')
        checks.that(put.code === 0, `${password}: it cannot be kept: ${put.output}`)
        checks.that(/too short or too common/.test(put.output), `${password}: vault put does not warn: ${put.output.trim()}`)
        const file = join(stage.folder, 'gantry.yml')
        const right = readFileSync(file, 'utf8')
        writeFileSync(join(stage.folder, 'simple'), `${password}\n`)
        const login = (name: string, where: string) =>
          `  ${name}: { registry: ghcr.io, repositories: [${name}/*], username: ada, password: ${where} }\n`
        writeFileSync(file, `${right}credentials:\n${login('first', '{ env: SIMPLE }')}${login('second', '{ file: simple }')}`)
        await stage.opens({ SIMPLE: password })
        for (const where of ['the variable SIMPLE', 'the file simple'])
          checks.that(stage.gantry.output.includes(`the secret in ${where} is too short or too common`), `${password}: no warning of ${where}`)
        checks.that(/a secret of the credential kept in the vault is too short/.test(stage.gantry.output), `${password}: no warning of the vault`)
        checks.that((await asks(stage, stage.github.people.ada, '/deploy')) === 'success', `${password}: it does not deploy`)
        checks.that(await eventually(() => stage.said().some(({ body }) => body.startsWith('✅'))), `${password}: no answer`)
        await stage.gantry.stops()
        const texts = [stage.gantry.output, ...toldTo(stage), (await stage.types(['audit', 'export'])).output]
        checks.that(!texts.join('').includes('[secret]'), `${password}: ordinary words are hidden`)
      } finally {
        await stage.closes()
      }
    }
    return checks.finding('a warning that names each, and no ordinary word is hidden')
  },
}

export const shown: readonly Scenario[] = [g09, g10, g11, g12]
