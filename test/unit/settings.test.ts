import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inspect, parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { toPkcs8 } from '../../src/runtime/private-key.ts'
import { readSettings, VARIABLES } from '../../src/settings.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const PKCS1 = privateKey.export({ type: 'pkcs1', format: 'pem' }) as string
const PKCS8 = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const SECRET = randomBytes(32).toString('hex')
const APP = { APP_ID: '4711', PRIVATE_KEY: PKCS1, WEBHOOK_SECRET: SECRET }
const VAULT_KEY = randomBytes(32).toString('base64')

const OTHER_KEY = randomBytes(32).toString('base64')

const files: Record<string, string> = { '/key.pem': PKCS1, '/keys': `# the newest first\nk2:${OTHER_KEY}\r\n\n k1:${VAULT_KEY} \n` }
const host = {
  toPkcs8,
  readFile(path: string) {
    if (files[path] === undefined) throw new Error('ENOENT')
    return files[path]
  },
}
const read = (environment: Record<string, string | undefined>) => readSettings(environment, host)
const settings = (environment: Record<string, string | undefined>) => {
  const answer = read(environment)
  if ('problems' in answer) throw new Error(answer.problems.map((one) => one.sentence).join('\n'))
  return answer.settings
}
const complaints = (environment: Record<string, string | undefined>) => {
  const answer = read(environment)
  return 'problems' in answer ? answer.problems.map((one) => one.sentence) : []
}

describe('the settings', () => {
  test('an empty environment is set-up mode with the defaults', () => {
    expect(settings({})).toEqual({
      app: null,
      githubApiUrl: 'https://api.github.com',
      url: null,
      host: '127.0.0.1',
      port: 3000,
      trustedProxies: 0,
      metrics: null,
      logLevel: 'info',
      data: './data',
      config: 'gantry.yml',
      keys: [],
      backups: { every: null, keep: 7, folder: './data/backups' },
      webhookProxyUrl: null,
    })
  })

  test('are frozen, all the way down', () => {
    const read = settings({ ...APP, GANTRY_KEYS: `k1:${VAULT_KEY}`, METRICS_PORT: '0' })
    for (const part of [read, read.app, read.app!.webhookSecrets, read.keys, read.keys[0], read.metrics]) expect(Object.isFrozen(part)).toBe(true)
  })

  test('print no secret, however they are printed', () => {
    const read = settings({ ...APP, GITHUB_CLIENT_ID: 'Iv1.abc', GITHUB_CLIENT_SECRET: 'a-client-secret', GANTRY_KEYS: `k1:${VAULT_KEY}` })
    const printed = `${JSON.stringify(read)} ${inspect(read, { depth: 10, showHidden: true })}`
    for (const secret of [SECRET, 'a-client-secret', VAULT_KEY, PKCS8.split('\n')[3]!]) expect(printed).not.toContain(secret)
  })

  test('take several webhook secrets, the newest first', () => {
    const older = randomBytes(32).toString('base64')
    expect(settings({ ...APP, WEBHOOK_SECRET: `${SECRET}, ${older}` }).app!.webhookSecrets.map((one) => one.reveal())).toEqual([SECRET, older])
  })

  test.each([
    ['in a line', { GANTRY_KEYS: `k2:${OTHER_KEY}, k1:${VAULT_KEY}` }],
    ['in a file', { GANTRY_KEYS_PATH: '/keys' }],
  ])('take the keys of the vault %s', (_form, given) => {
    expect(settings(given).keys.map(({ id, key }) => [id, key.reveal()])).toEqual([
      ['k2', OTHER_KEY],
      ['k1', VAULT_KEY],
    ])
  })

  test('name what is wrong with the App and with the keys at once', () => {
    expect(complaints({ APP_ID: '1', WEBHOOK_SECRET: SECRET, GANTRY_KEYS: 'k1:x' })).toHaveLength(2)
  })

  test.each([
    ['as GitHub hands it out', { PRIVATE_KEY: PKCS1 }],
    ['as PKCS#8', { PRIVATE_KEY: PKCS8 }],
    ['with \\n written out', { PRIVATE_KEY: PKCS1.replaceAll('\n', '\\n') }],
    ['in quotes', { PRIVATE_KEY: `"${PKCS1}"` }],
    ['as base64', { PRIVATE_KEY: Buffer.from(PKCS1).toString('base64') }],
    ['in a file', { PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: '/key.pem' }],
  ])('take the private key %s', (_form, key) => {
    expect(settings({ ...APP, ...key }).app!.privateKey.reveal()).toBe(PKCS8)
  })

  test.each([
    [{ GITHUB_API_URL: 'https://ghe.example.com/api/v3/' }, { githubApiUrl: 'https://ghe.example.com/api/v3' }],
    [{ GITHUB_API_URL: 'http://127.0.0.1:4000' }, { githubApiUrl: 'http://127.0.0.1:4000' }],
    [{ GANTRY_URL: 'https://gantry.example.com/' }, { url: 'https://gantry.example.com' }],
    [{ PORT: '0' }, { port: 0 }],
    [{ TRUSTED_PROXIES: '2' }, { trustedProxies: 2 }],
    [{ HOST: '::1' }, { host: '::1' }],
    [{ METRICS_PORT: '9464' }, { metrics: { host: '127.0.0.1', port: 9464 } }],
    [{ METRICS_HOST: '10.0.0.7', METRICS_PORT: '0' }, { metrics: { host: '10.0.0.7', port: 0 } }],
    [{ METRICS_HOST: '10.0.0.7' }, { metrics: null }],
    [{ LOG_LEVEL: 'debug' }, { logLevel: 'debug' }],
    [{ WEBHOOK_PROXY_URL: 'https://smee.io/abc' }, { webhookProxyUrl: 'https://smee.io/abc' }],
    [
      { GANTRY_DATA: '/srv/gantry', GANTRY_CONFIG: '/etc/gantry.yml' },
      { data: '/srv/gantry', config: '/etc/gantry.yml' },
    ],
  ])('read %j', (environment, expected) => {
    expect(settings(environment)).toMatchObject(expected)
  })
})

describe('a wrong setting is refused with its name and without its value', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs1', format: 'pem' }) as string
  test.each([
    ['APP_ID', { ...APP, APP_ID: 'my-app-name' }],
    ['APP_ID', { ...APP, APP_ID: '' }],
    ['APP_ID', { GITHUB_CLIENT_ID: 'Iv1.abc', GITHUB_CLIENT_SECRET: 'a-client-secret' }],
    ['PRIVATE_KEY', { ...APP, PRIVATE_KEY: undefined }],
    ['PRIVATE_KEY', { ...APP, PRIVATE_KEY: 'no-key-at-all' }],
    ['PRIVATE_KEY', { ...APP, PRIVATE_KEY: PKCS1.slice(0, 900) }],
    ['PRIVATE_KEY', { ...APP, PRIVATE_KEY: ec }],
    ['PRIVATE_KEY', { ...APP, PRIVATE_KEY: short }],
    ['PRIVATE_KEY', { ...APP, PRIVATE_KEY_PATH: '/key.pem' }],
    ['PRIVATE_KEY_PATH', { ...APP, PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: '/nowhere.pem' }],
    ['WEBHOOK_SECRET', { ...APP, WEBHOOK_SECRET: undefined }],
    ['WEBHOOK_SECRET', { ...APP, WEBHOOK_SECRET: '' }],
    ['WEBHOOK_SECRET', { ...APP, WEBHOOK_SECRET: 'development' }],
    ['WEBHOOK_SECRET', { ...APP, WEBHOOK_SECRET: 'secret' }],
    ['WEBHOOK_SECRET', { ...APP, WEBHOOK_SECRET: 'k3!x9-qz' }],
    ['WEBHOOK_SECRET', { ...APP, WEBHOOK_SECRET: 'a'.repeat(40) }],
    ['WEBHOOK_SECRET', { ...APP, WEBHOOK_SECRET: `${SECRET},` }],
    ['WEBHOOK_SECRET', { ...APP, WEBHOOK_SECRET: `${SECRET},development` }],
    ['WEBHOOK_SECRET', { WEBHOOK_SECRET: 'development' }],
    ['GITHUB_CLIENT_SECRET', { ...APP, GITHUB_CLIENT_ID: 'Iv1.abc' }],
    ['GITHUB_CLIENT_ID', { ...APP, GITHUB_CLIENT_SECRET: 'a-client-secret' }],
    ['GITHUB_API_URL', { GITHUB_API_URL: 'http://api.example.com' }],
    ['GITHUB_API_URL', { GITHUB_API_URL: 'https://user:pass@api.example.com' }],
    ['GITHUB_API_URL', { GITHUB_API_URL: 'api.github.com' }],
    ['GANTRY_URL', { GANTRY_URL: 'https://example.com/gantry' }],
    ['GANTRY_URL', { GANTRY_URL: 'ftp://example.com' }],
    ['GANTRY_KEYS', { GANTRY_KEYS: VAULT_KEY }],
    ['GANTRY_KEYS', { GANTRY_KEYS: `k1:${randomBytes(31).toString('base64')}` }],
    ['GANTRY_KEYS', { GANTRY_KEYS: `k1:${randomBytes(33).toString('base64')}` }],
    ['GANTRY_KEYS', { GANTRY_KEYS: `k1:${Buffer.alloc(32).toString('base64')}` }],
    ['GANTRY_KEYS', { GANTRY_KEYS: `k1:${VAULT_KEY},k1:${OTHER_KEY}` }],
    ['GANTRY_KEYS', { GANTRY_KEYS: `k1:${VAULT_KEY},k2:${VAULT_KEY}` }],
    ['GANTRY_KEYS', { GANTRY_KEYS: `k1:${VAULT_KEY.slice(0, -1)}` }],
    ['GANTRY_KEYS', { GANTRY_KEYS: `k1:${'_'.repeat(43)}` }],
    ['GANTRY_KEYS', { GANTRY_KEYS: 'k1:no base64' }],
    // The last character of 32 bytes' base64 has two bits that mean nothing: another spelling of the same key.
    ['GANTRY_KEYS', { GANTRY_KEYS: `k1:${VAULT_KEY.slice(0, 42)}${String.fromCharCode(VAULT_KEY.charCodeAt(42) + 1)}=` }],
    ['GANTRY_KEYS', { GANTRY_KEYS: `k1:${VAULT_KEY}`, GANTRY_KEYS_PATH: '/keys' }],
    ['GANTRY_KEYS_PATH', { GANTRY_KEYS_PATH: '/nowhere' }],
    ['GANTRY_KEYS_PATH', { GANTRY_KEYS_PATH: '/key.pem' }],
    ['HOST', { HOST: 'my host' }],
    ['PORT', { PORT: '65536' }],
    ['PORT', { PORT: 'http' }],
    ['TRUSTED_PROXIES', { TRUSTED_PROXIES: '-1' }],
    ['TRUSTED_PROXIES', { TRUSTED_PROXIES: '10.0.0.1' }],
    ['TRUSTED_PROXIES', { TRUSTED_PROXIES: 'true' }],
    ['METRICS_PORT', { METRICS_PORT: '70000' }],
    ['METRICS_HOST', { METRICS_HOST: 'my host', METRICS_PORT: '9464' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'verbose' }],
    ['WEBHOOK_PROXY_URL', { WEBHOOK_PROXY_URL: 'smee' }],
  ] as [string, Record<string, string | undefined>][])('%s %#', (name, environment) => {
    const said = complaints(environment)
    expect(said[0]).toMatch(new RegExp(`^The environment variable ${name} [a-z].*\\.$`))
    const value = environment[name]
    if (value && value.length > 3) expect(said.join(' ').replaceAll(name, '')).not.toContain(value)
  })

  test('everything that is wrong is said at once', () => {
    expect(complaints({ PORT: 'x', HOST: 'a b', LOG_LEVEL: 'loud' })).toHaveLength(3)
    expect(complaints({ APP_ID: '1' })).toEqual([
      'The environment variable WEBHOOK_SECRET is missing, while other variables of the App are set.',
      'The environment variable PRIVATE_KEY is missing, while other variables of the App are set.',
    ])
  })
})

describe('.env.example', () => {
  const example = parseEnv(readFileSync(new URL('../../.env.example', import.meta.url), 'utf8'))

  test('lists every variable and no other', () => {
    expect(Object.keys(example).toSorted()).toEqual([...VARIABLES].toSorted())
  })

  test('is accepted as it stands, and says what the defaults say', () => {
    expect(settings(example)).toEqual(settings({}))
  })
})

describe('GANTRY_BACKUPS', () => {
  const KEY = `k1:${VAULT_KEY}`

  test.each([
    [undefined, 24 * 3_600_000],
    ['', 24 * 3_600_000],
    ['30m', 30 * 60_000],
    ['6h', 6 * 3_600_000],
    ['7d', 7 * 86_400_000],
    ['off', null],
  ])('where there is a key: %j', (value, every) => {
    expect(settings({ GANTRY_KEYS: KEY, GANTRY_BACKUPS: value }).backups).toEqual({ every, keep: 7, folder: './data/backups' })
  })

  test('is off without a key, and cannot be on', () => {
    expect(settings({ GANTRY_BACKUPS: 'off' }).backups.every).toBeNull()
    expect(complaints({ GANTRY_BACKUPS: '24h' })).toEqual([
      'The environment variable GANTRY_BACKUPS is set, while GANTRY_KEYS is not: backups are encrypted.',
    ])
  })

  test.each(['0h', '24', '1w', '-1h', '1.5h', 'daily', '99999h'])('is not %j', (value) => {
    expect(complaints({ GANTRY_KEYS: KEY, GANTRY_BACKUPS: value })).toEqual([
      'The environment variable GANTRY_BACKUPS must be a time such as 30m, 24h or 7d, or off.',
    ])
  })

  test('has a number that is kept, and a folder', () => {
    const kept = settings({ GANTRY_KEYS: KEY, GANTRY_BACKUPS_KEEP: '30', GANTRY_BACKUPS_FOLDER: '/mnt/backups' }).backups
    expect(kept).toEqual({ every: 24 * 3_600_000, keep: 30, folder: '/mnt/backups' })
    for (const wrong of ['0', '-1', 'all', '10000']) expect(complaints({ GANTRY_BACKUPS_KEEP: wrong })).toHaveLength(1)
  })
})
