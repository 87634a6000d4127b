import { connect, type Socket } from 'node:net'
import { describedAt, FUZZED, playApi } from '../world/api-fuzz/play.ts'
import { newKey } from '../world/vault.ts'
import { keysText } from '../world/vault-rotation.ts'
import { eventually } from '../world/grounds.ts'
import { statusOf, talk } from '../world/wire.ts'
import { comesToRest } from './asked.ts'
import { DEPLOY, withApi, type Called } from './calling.ts'
import type { Scenario } from './scenario.ts'

const CANARY = 'canaryCANARYcanaryCANARYcanary0123456789'

const f10: Scenario = {
  id: 'F10',
  tried:
    '64 KiB + 1, JSON 30,000 and 200,000 deep, 5,000 and 10,000 keys, 1 MB and 60 KB in each field, wrong types, keys of prototypes, doubled keys, 1e999, not UTF-8',
  run: withApi(async (api) => {
    const { checks } = api
    const { ada, grace, mallory, trent, eve } = api.grounds.github.people
    const people = [ada, grace, mallory, trent, eve]
    let calls = 0
    // One may not ask so often.
    const tokens = people.map((person) => api.token(person))
    const sends = (body: string): Promise<Called> => api.calls('POST', '/deploy', { authorization: tokens[(calls += 1) % tokens.length]! }, body)
    const fields = ['repository', 'app', 'environment', 'image', 'ref', 'expect', 'issue', 'whenGreen', 'allowOlder', 'override', 'parameters']
    const text = JSON.stringify(DEPLOY).slice(1)
    const bodies: readonly (readonly [what: string, body: string, wanted: readonly number[]])[] = [
      ['64 KiB + 1', `${' '.repeat(65_537 - text.length - 1)}{${text}`, [413]],
      ['200,000 deep', '['.repeat(200_000), [413]],
      ['30,000 deep', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, [400]],
      ['30,000 deep, open', '{"a":'.repeat(10_000), [400]],
      ...[10_000, 5_000].map(
        (count) =>
          [
            `${count} keys`,
            JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, nth) => [`k${nth}`, 1]))),
            [count === 10_000 ? 413 : 422],
          ] as const,
      ),
      ...fields.flatMap((field) => [
        [`1 MB in ${field}`, JSON.stringify({ ...DEPLOY, [field]: 'x'.repeat(1e6) }), [413]] as const,
        [`60 KB in ${field}`, JSON.stringify({ ...DEPLOY, [field]: 'x'.repeat(60_000) }), [422]] as const,
        ...[null, [], { a: 1 }, -1.5].map(
          (value) => [`${JSON.stringify(value)} in ${field}`, JSON.stringify({ ...DEPLOY, [field]: value }), [422]] as const,
        ),
        [`1e999 in ${field}`, `{${JSON.stringify(field)}:1e999,${JSON.stringify(DEPLOY).slice(1).replace(`"${field}"`, '"app"')}`, [422]] as const,
      ]),
      ...['__proto__', 'constructor', 'prototype'].flatMap((name) => [
        [name, `{"${name}":{"x":1},${text}`, [422]] as const,
        [`${name} in the parameters`, `{"parameters":{"${name}":"1"},${text}`, [422]] as const,
        [`${name}, spelled out`, `{"${name.replace('o', '\\u006f')}":{"x":1},${text}`, [422]] as const,
      ]),
      ['not JSON', '{"repository":NaN}', [400]],
      ['no object', '"acme/shop"', [422]],
      ['empty', '', [400, 415]],
      ['doubled keys, of which the last counts', `{"repository":"acme/shop","repository":"acme/none","image":":1.2"}`, [404]],
    ]
    for (const [what, body, wanted] of bodies) api.isProblem(what, await sends(body), wanted)
    const plain = JSON.parse((await sends('{}')).text) as object
    checks.that(
      Object.keys(plain).every((name) => !['x', 'polluted'].includes(name)),
      'an object has what was sent before',
    )
    api.nothingDeployed()
    return `${bodies.length} bodies refused with 400, 413, 415 or 422`
  }),
}

const f11: Scenario = {
  id: 'F11',
  tried: 'TRACE, CONNECT, PROPFIND, HEAD, OPTIONS and others on every route with a good token; addresses where others keep secrets',
  run: withApi(async (api) => {
    const { checks, grounds } = api
    const token = api.token()
    const described = JSON.parse((await api.calls('GET', '/openapi.json', {})).text) as { readonly paths: Readonly<Record<string, object>> }
    const addressOf = (path: string): string => path.replace('{id}', `sb-${'0'.repeat(40)}`).replaceAll(/\{\w+\}/g, 'x')
    const routes: readonly (readonly [path: string, methods: readonly string[]])[] = [
      ...Object.entries(described.paths).map(([path, methods]) => [addressOf(path), Object.keys(methods)] as const),
      ...['/openapi.json', '/healthz', '/api/github/webhooks'].map((path) => [path, []] as const),
    ]
    const seen: Record<string, number> = {}
    for (const [path, methods] of routes)
      for (const method of ['TRACE', 'CONNECT', 'PROPFIND', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACK', 'PURGE', 'get']) {
        // For what is asked there by that name there are other scenarios.
        if (method !== 'get' && methods.includes(method.toLowerCase())) continue
        const { status, text } = await api.says(
          `${method} ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${token}\r\nx-canary: ${CANARY}\r\ncontent-length: 0\r\n\r\n`,
        )
        seen[status] = (seen[status] ?? 0) + 1
        // CONNECT is closed without a word.
        checks.that([400, 401, 404, 405].includes(status) || (method === 'CONNECT' && status === 0), `${method} ${path}: ${status}`)
        checks.that(!text.includes(CANARY), `${method} ${path} repeats what was sent`)
      }
    const hidden = [
      '/',
      '/.git/config',
      '/.env',
      '/metrics',
      '/debug',
      '/debug/pprof',
      '/probot',
      '/probot/setup',
      '/probot/import',
      '/setup',
      '/register',
      '/stats',
      '/ping',
    ]
    const files = [
      '/docs/../.env',
      '/docs/%2e%2e/package.json',
      '/docs/..%2fpackage.json',
      '/src/main.mjs',
      '/main.mjs.map',
      '/gantry.yml',
      '/data/gantry.db',
      '/server-status',
      '/admin',
      '/robots.txt',
    ]
    for (const path of [...hidden, ...files]) {
      const { status, text } = await api.says(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${token}\r\n\r\n`)
      checks.that(status === 404, `${path}: ${status}`)
      checks.that(!/WEBHOOK_SECRET|PRIVATE KEY|"dependencies"|ghu_/.test(text), `${path}: something sensitive`)
    }
    await checks.nothingHappened(grounds)
    return `${routes.length} routes: ${Object.entries(seen)
      .map(([status, count]) => `${count} × ${status}`)
      .join(', ')}; ${hidden.length + files.length} other addresses 404`
  }),
}

/** So many connections that have been answered once and say nothing more. */
async function idlers(port: number, count: number): Promise<readonly Socket[]> {
  const opened: Promise<Socket>[] = []
  for (let nth = 0; nth < count; nth += 1) {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'))
    socket.on('error', () => {})
    opened.push(new Promise((resolve) => socket.once('data', () => resolve(socket)).once('close', () => resolve(socket))))
    // Not more at once than the system lets wait.
    if (nth % 200 === 199) await opened.at(-1)
  }
  return Promise.all(opened)
}

const f12: Scenario = {
  id: 'F12',
  tried: '5,000 idle connections that are kept alive, HTTP/1.0, 500 KB of headers, 3,000 headers, a body that never comes',
  run: withApi(async (api) => {
    const { checks, grounds } = api
    const token = api.token()
    const before = grounds.gantry.memory().now
    const sockets = await idlers(grounds.port, 5_000)
    const open = sockets.filter(({ destroyed }) => !destroyed).length
    const grown = grounds.gantry.memory().now - before
    checks.that(open <= 2_000, `${open} connections are kept`)
    checks.that(grown <= 100, `it grew by ${grown.toFixed(0)} MB`)
    checks.that(await eventually(() => grounds.isAlive(), 5), 'nobody else is answered meanwhile')
    for (const socket of sockets) socket.destroy()
    checks.that(await eventually(() => grounds.isAlive()), 'not alive afterwards')
    const old = await talk(grounds.port, `GET /deployments?repository=acme/shop HTTP/1.0\r\nauthorization: ${token}\r\n\r\n`).closed
    checks.that([200, 400].includes(statusOf(old)), `HTTP/1.0: ${statusOf(old)}`)
    const many = (count: number, line: string): string =>
      `GET /deployments?repository=acme/shop HTTP/1.1\r\nhost: x\r\n${line.repeat(count)}authorization: ${token}\r\n\r\n`
    checks.that((await api.says(many(500, `x: ${'a'.repeat(1_000)}\r\n`))).status === 431, '500 KB of headers were read')
    checks.that((await api.says(many(3_000, 'x-a: 1\r\n'))).status === 431, '3,000 headers of 24 KB were read')
    const short = (await api.says(many(3_000, 'x:\r\n'))).status
    checks.that([200, 401, 431].includes(short), `3,000 short headers: ${short}`)
    const begun = Date.now()
    const slow = `POST /deploy HTTP/1.1\r\nhost: x\r\nauthorization: ${token}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a"`
    const cut = await Promise.all(Array.from({ length: 50 }, () => talk(grounds.port, slow).closed))
    const kept = Date.now() - begun
    checks.that(kept <= 33_000, `a body that never came was waited for ${kept} ms`)
    checks.that(
      cut.every((text) => [0, 408].includes(statusOf(text))),
      cut.map(statusOf).join(),
    )
    api.nothingDeployed()
    return `${open} of 5,000 kept, ${grown.toFixed(0)} MB more; 431 for headers that are too many; bodies that never came given up after ${kept} ms`
  }),
}

const COUNT = Number(process.env['GANTRY_FUZZ'] ?? 10_000)
const SEED = Number(process.env['GANTRY_FUZZ_SEED'] ?? 1)

const f14: Scenario = {
  id: 'F14',
  tried: `${COUNT} requests made from /openapi.json and changed (seed ${SEED}; GANTRY_FUZZ and GANTRY_FUZZ_SEED say others), 16 at once`,
  run: withApi(
    async ({ checks, grounds }) => {
      const { url, github, gantry } = grounds
      const played = { url, github, pid: gantry.child.pid!, description: await describedAt(url) }
      const { requests, answers, wrong, slowest, growth } = await playApi(played, SEED, COUNT)
      checks.that(wrong.length === 0, `${wrong.length} wrong: ${wrong.slice(0, 3).join(' | ')}`)
      checks.that(slowest <= 5_000, `one took ${slowest} ms`)
      checks.that(growth <= 100, `it grew by ${growth} MB`)
      const seen = Object.entries(answers).map(([status, count]) => `${count} × ${status}`)
      checks.that(
        Object.keys(answers).every((status) => status < '500'),
        `statuses: ${seen.join(', ')}`,
      )
      return `${requests} answered as the description says (${seen.join(', ')}), the slowest after ${slowest} ms, ${growth} MB more at most`
    },
    { variables: { ...FUZZED, GANTRY_KEYS: keysText(newKey('k1')) } },
  ),
}

const f15: Scenario = {
  id: 'F15',
  tried:
    'addresses that a cache takes for files, and other hosts: /deployments/1.css, /api/x;.js, /deploy/status/ID.css, Host, X-Forwarded-Host, Forwarded, absolute addresses',
  run: withApi(async (api) => {
    const { checks, grounds } = api
    const token = api.token()
    const { text } = await api.deploys({ authorization: token })
    const { id } = JSON.parse(text) as { readonly id: string }
    await comesToRest(grounds)
    const status = `/deploy/status/${id}`
    const files = [
      '/deployments/1.css',
      '/api/x;.js',
      '/deployments.css?repository=acme/shop',
      `${status}.css`,
      `${status}/logs.js`,
      `${status}/logs/x.css`,
      `${status}%2fx.css`,
      `${status}%00.css`,
      `/deployments;x.css?repository=acme/shop`,
    ]
    for (const path of files) {
      const answer = await api.calls('GET', path, { authorization: token })
      api.isProblem(path, answer, [400, 404, 422])
      checks.that(!answer.text.includes('acme/shop"'), `${path} shows a deployment`)
    }
    for (const path of [status, `${status}/logs`, '/deployments?repository=acme/shop']) {
      const answer = await api.calls('GET', path, { authorization: token })
      checks.that(
        answer.status === 200 && answer.headers.get('cache-control') === 'no-store',
        `${path}: ${answer.status} ${answer.headers.get('cache-control')}`,
      )
    }
    const body = JSON.stringify(DEPLOY)
    const rest = `authorization: ${token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`
    const hosts = [
      'host: evil.example',
      'host: evil.example:99999',
      'host: x\r\nx-forwarded-host: evil.example\r\nx-forwarded-proto: https\r\nforwarded: host=evil.example',
      'host: x\r\nx-original-url: /evil.example\r\nx-rewrite-url: /evil.example',
    ]
    const asked = [...hosts.map((host) => `POST /deploy HTTP/1.1\r\n${host}\r\n`), 'POST http://evil.example/deploy HTTP/1.1\r\nhost: x\r\n']
    for (const start of asked) {
      const answer = await api.says(`${start}${rest}\r\n${body}`)
      checks.that([202, 400].includes(answer.status), `${start.slice(0, 60)}: ${answer.status}`)
      checks.that(!answer.text.includes('evil.example'), `${start.slice(0, 60)}: an address of theirs is in the answer`)
      checks.that(
        answer.status !== 202 || /\r\nlocation: \/deploy\/status\//i.test(answer.text),
        `${start.slice(0, 60)}: ${/location:.*/i.exec(answer.text)?.[0]}`,
      )
    }
    await comesToRest(grounds)
    return `${files.length} addresses of files are none of ours; nothing may be kept; ${asked.length} other hosts are in no link`
  }),
}

export const apiLimits: readonly Scenario[] = [f10, f11, f12, f14, f15]
