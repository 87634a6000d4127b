import type { Random } from '../random.ts'
import type { Description, Operation, Schema } from './description.ts'

export interface Asking {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: Buffer | null
}

export interface Known {
  /** Ids of deployments that are there. */
  readonly ids: readonly string[]
  /** Once in so many requests that change something it is about what is there. */
  readonly rarity: number
}

interface Draft {
  method: string
  path: string
  headers: Record<string, string | readonly string[]>
  body: unknown
  /** Instead of the body, byte by byte. */
  bytes: Buffer | null
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'LOCK'] as const
/** Or not for what is asked there. */
const ELSEWHERE = [
  '/',
  '/openapi.json',
  '/openapi.json',
  '/metrics',
  '/debug',
  '/.env',
  '/.git/config',
  '/probot',
  '/probot/import',
  '/docs.map',
  '/deployments/1.css',
  '/api/x;.js',
]

/** No resolver takes the name, so that nobody outside is asked for it. */
const NOWHERE = `${'x'.repeat(64)}.invalid`

/** What stands in the description of credentials and targets is an open object: some that are right, or nearly. */
const DECLARED: Readonly<Record<string, readonly object[]>> = {
  credentials: [NOWHERE, NOWHERE, '127.0.0.1:1'].flatMap((registry) => [
    { registry, username: 'x', password: { value: 'a-fuzzed-password' } },
    { registry, repositories: ['acme/*'], identity_token: { value: 'a-fuzzed-token' } },
  ]),
  targets: [
    ...[NOWHERE, NOWHERE, '127.0.0.1'].map((host) => ({ kind: 'docker', host: `tcp://${host}:2376`, plain_http: true })),
    { kind: 'docker', host: `tcp://${NOWHERE}:2376`, plain_http: true, credential: 'one' },
    { kind: 'docker', host: `tcp://${NOWHERE}:2376`, tls: { ca: { value: '-----BEGIN CERTIFICATE-----\nx' } }, allow: [] },
    { kind: 'static', listen: '127.0.0.1:0' },
  ],
}

const deep = (levels: number, last: unknown = 1): unknown => {
  let value = last
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value }
  return value
}
const JUNK: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, -0, Number.MAX_SAFE_INTEGER + 1, '', ' ', '\0', '\u202e', '😀'.repeat(50), '\ud800', 'x'.repeat(501)],
  ...[
    'x'.repeat(63_000),
    '../..',
    'acme/..',
    '../users',
    './.',
    '%2e%2e/x',
    '`rm -rf`',
    "' or 1=1 --",
    '<script>',
    '${jndi:ldap://x}',
    'null',
    '__proto__',
  ],
  ...[[], {}, [[]], ['a'], { a: 1 }, { toString: 1 }, deep(30), deep(63), deep(200), Array.from({ length: 5_000 }, () => 0)],
]
const KEYS = [
  'x',
  'approved',
  'tenant',
  'actor',
  'digest',
  '',
  ' ',
  'toString',
  'hasOwnProperty',
  '__proto__',
  'constructor',
  'prototype',
  'Repository',
  '😀',
]
const TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  '',
  'application/json;',
  '*/*',
]
const HEADERS: readonly (readonly [string, string | readonly string[]])[] = [
  ...TYPES.map((type) => ['content-type', type] as const),
  ['content-encoding', 'gzip'],
  ['x-http-method-override', 'DELETE'],
  ['x-forwarded-host', 'evil.example'],
  ['host', 'evil.example'],
  ['accept', 'text/html'],
  ['if-none-match', '*'],
  ...['*', '"x"', 'W/"x"', '"a", "b"', 'x', '"'].map((tag) => ['if-match', tag] as const),
  ['range', 'bytes=0-1'],
  ['cookie', 'a=b'],
  ...['', ' ', 'k', 'k'.repeat(300), 'ü', 'a b', '__proto__'].map((key) => ['idempotency-key', key] as const),
  ...['', 'Bearer', 'Bearer x', 'Basic YTpi', `Bearer ghp_${'a'.repeat(36)}`, `Bearer ${'x'.repeat(10_000)}`].map(
    (text) => ['authorization', text] as const,
  ),
]
const QUERIES = [
  '',
  '?',
  '?repository',
  '?repository=acme/shop&repository=acme/shop',
  '?limit=1e9',
  '?limit=-1',
  '?after=NaN',
  '?cursor=zzzzzzzzzz',
  '?cursor=%00',
  '?__proto__=1',
  '?a[b]=1',
  '?%',
  '?%ff',
  '?state=success&x=1',
]

/** A copy: it is changed, too. */
const junk = (random: Random): unknown => structuredClone(random.pick(JUNK))

/** Requests that are right by the description, and what becomes of them by one or two changes. */
export function createRequests(description: Description, random: Random, known: Known): () => Asking {
  const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )

  function id(isChange: boolean): string {
    if (known.ids.length > 0 && (!isChange || random.below(known.rarity) === 0)) return random.pick(known.ids)
    return `sb-${Array.from({ length: 40 }, () => '0123456789abcdef'[random.below(16)]).join('')}`
  }
  const repository = (isChange: boolean): string => (!isChange || random.below(known.rarity) === 0 ? 'acme/shop' : `acme/none-${random.below(5)}`)

  function valueOf(schema: Schema, name: string, isChange: boolean): unknown {
    if (schema.$ref !== undefined) return valueOf(description.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, name, isChange)
    if (name === 'repository') return repository(isChange)
    if (name === 'id' || name === 'to') return id(isChange)
    if (name === 'account') return random.pick(['acme', 'ada', 'none', 'nobody', 'umbrella'])
    if (name === 'name') return random.pick(['one', 'two', 'x'])
    // Nothing outside is asked.
    if (name === 'untested') return 'true'
    if (schema.enum !== undefined) return random.pick(schema.enum)
    if (schema.example !== undefined && typeof schema.example !== 'object' && random.chance(0.7)) return schema.example
    const [type] = [schema.type ?? 'string'].flat()
    if (type === 'integer') return random.below(30) + 1
    if (type === 'boolean') return random.chance(0.5)
    if (type !== 'object') return random.pick(['staging', ':1.2', 'main', 'a reason', 'x', 'é', '12'])
    const properties = Object.entries(schema.properties ?? {}).filter(([key]) => schema.required?.includes(key) === true || random.chance(0.3))
    const open = typeof schema.additionalProperties === 'object' ? { [random.pick(['a', 'replicas', 'x-y'])]: 'text' } : {}
    return { ...Object.fromEntries(properties.map(([key, inner]) => [key, valueOf(inner, key, isChange)])), ...open }
  }

  function draftOf({ path, method, operation }: { readonly path: string; readonly method: string; readonly operation: Operation }): Draft {
    const isChange = method !== 'GET'
    const query = new URLSearchParams()
    for (const { name, in: where, required, schema } of operation.parameters ?? [])
      if (where === 'query' && (required === true || name === 'untested' || random.chance(0.3)))
        query.set(name, String(valueOf(schema, name, isChange)))
    const schema = operation.requestBody?.content['application/json']?.schema
    const declared = method === 'PUT' ? DECLARED[path.split('/')[3] ?? ''] : undefined
    return {
      method,
      // What is kept would be tried where its name leads.
      path: `${path.replace('{name}/test', 'none/test').replaceAll(/\{(\w+)\}/g, (_, name: string) => String(valueOf({ type: 'string' }, name, isChange)))}${query.size === 0 ? '' : `?${query}`}`,
      headers: {
        ...(schema !== undefined && { 'content-type': 'application/json' }),
        ...(random.chance(0.2) && { 'idempotency-key': `key-${random.below(50)}` }),
      },
      body: declared !== undefined ? structuredClone(random.pick(declared)) : schema === undefined ? undefined : valueOf(schema, 'body', isChange),
      bytes: null,
    }
  }

  return () => {
    const draft = draftOf(random.pick(operations))
    const changes = random.below(10) === 0 ? 0 : 1 + random.below(2)
    for (let change = 0; change < changes; change += 1) random.pick(MUTATIONS)(draft, random)
    const body = draft.bytes ?? (draft.body === undefined ? null : Buffer.from(JSON.stringify(draft.body)))
    return { ...draft, body }
  }
}

type Mutation = (draft: Draft, random: Random) => void

const bytesOf = ({ bytes, body }: Draft): Buffer => bytes ?? Buffer.from(JSON.stringify(body ?? {}))

/** Somewhere in the body. */
const within =
  (change: (parent: Record<string, unknown>, key: string, random: Random) => void): Mutation =>
  (draft, random) => {
    if (typeof draft.body !== 'object' || draft.body === null) {
      draft.body = junk(random)
      return
    }
    const parent = draft.body as Record<string, unknown>
    const keys = Object.keys(parent)
    change(parent, keys.length === 0 ? 'x' : random.pick(keys), random)
  }

const inText =
  (change: (text: Buffer, random: Random) => Buffer): Mutation =>
  (draft, random) => {
    draft.bytes = change(bytesOf(draft), random)
  }

const MUTATIONS: readonly Mutation[] = [
  within((parent, key, random) => void (parent[key] = junk(random))),
  within((parent, key, random) => void (parent[key] = junk(random))),
  within((parent, key) => void delete parent[key]),
  within((parent, _, random) =>
    Object.defineProperty(parent, random.pick(KEYS), { value: junk(random), enumerable: true, configurable: true, writable: true }),
  ),
  within(
    (parent, _, random) =>
      void (parent['parameters'] = Object.fromEntries(
        Array.from({ length: random.pick([1, 50, 3_000]) }, (_one, n) => [`${random.pick(KEYS)}${n}`, random.pick(['v', 1, 'y'.repeat(1_001)])]),
      )),
  ),
  (draft, random) => void (draft.body = junk(random)),
  (draft) => void (draft.body = undefined),
  inText((text, random) => text.subarray(0, random.below(text.length + 1))),
  inText((text, random) => {
    const bytes = Buffer.from(text)
    for (let flips = 0; flips < 3; flips += 1) bytes[random.below(bytes.length)] = random.below(256)
    return bytes
  }),
  inText((_text, random) => Buffer.from(Array.from({ length: random.pick([1, 100, 5_000]) }, () => random.below(256)))),
  inText((text) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), text])),
  inText((text) => Buffer.from(text.toString(), 'utf16le')),
  inText((text, random) =>
    Buffer.from(
      text
        .toString()
        .replace(
          '{',
          `{${random.pick(['"repository":"acme/none-1",', '"issue":1e999,', '"__proto__":{"x":1},', '"a":NaN,', '"a":"\\ud800",', '// x\n'])}`,
        ),
    ),
  ),
  inText((text, random) => Buffer.concat([Buffer.from('['.repeat(random.pick([10, 65, 30_000]))), text])),
  inText((text) => Buffer.concat([text, Buffer.alloc(64 * 1024 + 1 - Math.min(text.length, 1_000), ' ')])),
  (draft, random) => void (draft.method = random.pick(METHODS)),
  (draft, random) => {
    const [name, value] = random.pick(HEADERS)
    draft.headers[name] = value
  },
  (draft, random) => void (draft.path = `${draft.path.split('?')[0]}${random.pick(QUERIES)}`),
  (draft, random) => void (draft.path = random.pick(ELSEWHERE)),
  (draft, random) =>
    void (draft.path = random.pick([
      `${draft.path}/`,
      `/${draft.path}`,
      `${draft.path}.css`,
      `${draft.path};a`,
      draft.path.toUpperCase(),
      draft.path.replace('/', '/%2e%2e/'),
    ])),
  (draft, random) => {
    const at = random.below(draft.path.length) + 1
    draft.path = `${draft.path.slice(0, at)}${random.pick(['%00', '%', '%ff', '..', '\\', '"', '<', 'é', '%2f', '|', '{', '?', '#', '//'])}${draft.path.slice(at)}`
  },
]
