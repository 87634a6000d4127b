import * as z from 'zod'
import { problem } from './errors.ts'
import type { Problem } from './errors.ts'
import { Secret } from './secret.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The GitHub App that Gantry is. */
export interface AppSettings {
  readonly id: number
  /** PEM, PKCS#8: the form that every runtime accepts. */
  readonly privateKey: Secret
  /** The newest first; a delivery signed with any of them is GitHub's. */
  readonly webhookSecrets: readonly Secret[]
  /** For signing people in through the App; null where that is not set up. */
  readonly oauth: { readonly clientId: string; readonly clientSecret: Secret } | null
}

export interface BackupSettings {
  /** Milliseconds between two; null: Gantry makes none by itself. */
  readonly every: number | null
  /** How many of them are kept. */
  readonly keep: number
  readonly folder: string
}

export interface Settings {
  /** Null: no App variable is set, and `gantry start` offers to register one. */
  readonly app: AppSettings | null
  /** Base of GitHub's REST API, without a slash at the end. */
  readonly githubApiUrl: string
  /** The public origin, `https://gantry.example.com`. */
  readonly url: string | null
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** So many proxies of the operator's stand in front, each of which adds to `X-Forwarded-For` who asked it. */
  readonly trustedProxies: number
  /** Where Prometheus finds what is measured; null: nowhere. */
  readonly metrics: { readonly host: string; readonly port: number } | null
  readonly logLevel: LogLevel
  /** Folder of the database. */
  readonly data: string
  /** The operator file. */
  readonly config: string
  /** Keys of the vault, the newest first; each secret is the base64 of 32 bytes. */
  readonly keys: readonly { readonly id: string; readonly key: Secret }[]
  readonly backups: BackupSettings
  /** A smee channel that brings webhooks to a developer's machine. */
  readonly webhookProxyUrl: string | null
}

/** What reading the settings needs of the machine. */
export interface SettingsHost {
  /** Throws where the file cannot be read. */
  readFile(path: string): string
  /** An RSA private key of at least 2048 bits, PKCS#1 or PKCS#8, as PKCS#8 PEM; null where it is no such key. */
  toPkcs8(pem: string): string | null
}

const SECRET_BYTES = 32
const KNOWN_SECRETS = new Set(['development', 'secret', 'webhooksecret', 'changeme', 'password', 'test', 'gantry', 'yourwebhooksecret'])
const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

const optional = z.string().trim().optional()
const text = (fallback: string) => z.string().trim().default(fallback)
const refuse = (context: z.RefinementCtx, message: string): never => {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

/** An address; plain HTTP only on this machine, and nothing in it that could be a secret. */
const address = (kind: 'base' | 'origin') => (value: string, context: z.RefinementCtx) => {
  const url = URL.parse(value)
  if (!url) return refuse(context, 'is not an address, such as https://gantry.example.com')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
    return refuse(context, 'must begin with https:// (http:// only on this machine)')
  if (url.username || url.password || url.search || url.hash) return refuse(context, 'must be an address without user name, query or fragment')
  if (kind === 'origin' && url.pathname !== '/') return refuse(context, 'must be an origin, without a path')
  return kind === 'origin' ? url.origin : url.href.replace(/\/+$/, '')
}

const isTooSimple = (secret: string) => KNOWN_SECRETS.has(secret.toLowerCase().replace(/[^a-z]/g, '')) || new Set(secret).size < 8

const webhookSecrets = (value: string, context: z.RefinementCtx) => {
  const secrets = value.split(',').map((one) => one.trim())
  if (secrets.some(isTooSimple)) return refuse(context, 'is a well-known or too simple value')
  if (secrets.some((one) => new TextEncoder().encode(one).length < SECRET_BYTES))
    return refuse(context, `needs at least ${SECRET_BYTES} bytes in each of its comma-separated values`)
  return secrets.map((one) => new Secret(one))
}

/** Commas or lines between them; a line that begins with # says something else. */
function vaultKeys(text: string): Settings['keys'] | string {
  const lines = text.split(/[,\n]/).map((line) => line.trim())
  const pairs = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => /^([\w-]{1,32}):(\S+)$/.exec(line)?.slice(1) ?? [])
  if (pairs.length === 0 || pairs.some(({ length }) => length === 0)) return 'must be id:base64 of 32 bytes, several separated by commas'
  for (const [id = '', text = ''] of pairs) {
    const complaint = keyComplaint(text)
    if (complaint !== null) return `holds a key ${id} that ${complaint}`
  }
  if (new Set(pairs.map(([id]) => id)).size < pairs.length) return 'names one id twice'
  if (new Set(pairs.map(([, text]) => text)).size < pairs.length) return 'holds one key under two ids'
  return Object.freeze(pairs.map(([id = '', text = '']) => Object.freeze({ id, key: new Secret(text) })))
}

/** Standard base64 with its padding (RFC 4648, 4): a second spelling of a key would only hide that two are the same. */
function keyComplaint(text: string): string | null {
  if (/^[\w-]+$/.test(text) && /[_-]/.test(text)) return 'is base64url; write + for - and / for _, and = at its end'
  try {
    const bytes = atob(text)
    if (bytes.length !== SECRET_BYTES) return `has ${bytes.length} bytes instead of ${SECRET_BYTES}`
    if (btoa(bytes) !== text) return 'is no base64 as its standard has it, with = at its end'
    return new Set(bytes).size < 8 ? 'is not random' : null
  } catch {
    return 'is no base64'
  }
}

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `30m`, `24h`, `7d`; null for `off`. */
const interval = (value: string, context: z.RefinementCtx): number | null => {
  if (value === 'off') return null
  const [, count, unit] = /^([1-9]\d{0,3})([mhd])$/.exec(value) ?? []
  return count === undefined ? refuse(context, 'must be a time such as 30m, 24h or 7d, or off') : Number(count) * UNITS[unit as keyof typeof UNITS]
}

const host = (fallback: string) => text(fallback).refine((value) => /^[\w.:[\]-]+$/.test(value), 'must be a host name or an IP address')

const port = (value: string, context: z.RefinementCtx): number =>
  /^\d{1,5}$/.test(value) && Number(value) < 65_536 ? Number(value) : refuse(context, 'must be a number from 0 to 65535')

const schema = z.object({
  APP_ID: optional.transform((value, context) =>
    value === undefined ? undefined : /^[1-9]\d{0,14}$/.test(value) ? Number(value) : refuse(context, "must be the App's number"),
  ),
  PRIVATE_KEY: optional,
  PRIVATE_KEY_PATH: optional,
  WEBHOOK_SECRET: optional.transform((value, context) => (value === undefined ? undefined : webhookSecrets(value, context))),
  GITHUB_CLIENT_ID: optional,
  GITHUB_CLIENT_SECRET: optional,
  GITHUB_API_URL: text('https://api.github.com').transform(address('base')),
  GANTRY_URL: optional.transform((value, context) => (value === undefined ? null : address('origin')(value, context))),
  GANTRY_KEYS: optional,
  GANTRY_KEYS_PATH: optional,
  GANTRY_DATA: text('./data'),
  GANTRY_CONFIG: text('gantry.yml'),
  GANTRY_BACKUPS: optional.transform((value, context) => (value === undefined ? undefined : interval(value, context))),
  GANTRY_BACKUPS_KEEP: text('7').transform((value, context) =>
    /^[1-9]\d{0,3}$/.test(value) ? Number(value) : refuse(context, 'must be a number from 1 to 9999'),
  ),
  GANTRY_BACKUPS_FOLDER: optional,
  HOST: host('127.0.0.1'),
  PORT: text('3000').transform(port),
  TRUSTED_PROXIES: text('0').transform((value, context) => (/^\d$/.test(value) ? Number(value) : refuse(context, 'must be a number from 0 to 9'))),
  METRICS_HOST: host('127.0.0.1'),
  METRICS_PORT: optional.transform((value, context) => (value === undefined ? null : port(value, context))),
  LOG_LEVEL: text('info').pipe(z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`)),
  WEBHOOK_PROXY_URL: optional.transform((value, context) => (value === undefined ? null : address('base')(value, context))),
})
type Variables = z.output<typeof schema>
type Name = keyof Variables

/** Every environment variable that Gantry reads; `.env.example` lists the same. */
export const VARIABLES = Object.keys(schema.shape) as readonly Name[]

/**
 * Environment → settings, or everything that is wrong with it (`SETTING_INVALID`; each names its variable, none shows a
 * value). A variable that is empty counts as not set.
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  host: SettingsHost,
): { readonly settings: Settings } | { readonly problems: readonly Problem[] } {
  const given = Object.fromEntries(VARIABLES.map((name) => [name, environment[name]?.trim() ? environment[name] : undefined]))
  const read = schema.safeParse(given)
  if (!read.success) return { problems: read.error.issues.map((issue) => invalid(issue.path[0] as Name, issue.message)) }
  const app = readApp(read.data, host)
  const keys = readKeys(read.data, host)
  if (app !== null && 'problems' in app) return 'problem' in keys ? { problems: [...app.problems, keys.problem] } : app
  if ('problem' in keys) return { problems: [keys.problem] }
  const variables = read.data
  const backups = readBackups(variables, keys.length > 0)
  if ('problem' in backups) return { problems: [backups.problem] }
  return {
    settings: Object.freeze({
      app,
      githubApiUrl: variables.GITHUB_API_URL,
      url: variables.GANTRY_URL,
      host: variables.HOST,
      port: variables.PORT,
      trustedProxies: variables.TRUSTED_PROXIES,
      metrics: variables.METRICS_PORT === null ? null : Object.freeze({ host: variables.METRICS_HOST, port: variables.METRICS_PORT }),
      logLevel: variables.LOG_LEVEL,
      data: variables.GANTRY_DATA,
      config: variables.GANTRY_CONFIG,
      keys,
      backups,
      webhookProxyUrl: variables.WEBHOOK_PROXY_URL,
    }),
  }
}

/** Where the operator file is, for commands that need no other setting. */
export const operatorFilePath = (environment: Readonly<Record<string, string | undefined>>): string =>
  schema.shape.GANTRY_CONFIG.parse(environment['GANTRY_CONFIG']?.trim() ? environment['GANTRY_CONFIG'] : undefined)

function readApp(variables: Variables, host: SettingsHost): AppSettings | null | { readonly problems: readonly Problem[] } {
  const { APP_ID: id, WEBHOOK_SECRET: secrets, GITHUB_CLIENT_ID: clientId, GITHUB_CLIENT_SECRET: clientSecret } = variables
  const hasKey = variables.PRIVATE_KEY !== undefined || variables.PRIVATE_KEY_PATH !== undefined
  if (id === undefined && !hasKey && secrets === undefined && clientId === undefined && clientSecret === undefined) return null
  const missing = (name: Name, beside: string) => invalid(name, `is missing, while ${beside} set`)
  const problems: Problem[] = []
  if (id === undefined) problems.push(missing('APP_ID', 'other variables of the App are'))
  if (secrets === undefined) problems.push(missing('WEBHOOK_SECRET', 'other variables of the App are'))
  if (clientId !== undefined && clientSecret === undefined) problems.push(missing('GITHUB_CLIENT_SECRET', 'GITHUB_CLIENT_ID is'))
  if (clientId === undefined && clientSecret !== undefined) problems.push(missing('GITHUB_CLIENT_ID', 'GITHUB_CLIENT_SECRET is'))
  const key = hasKey ? readPrivateKey(variables, host) : missing('PRIVATE_KEY', 'other variables of the App are')
  if (!(key instanceof Secret)) problems.push(key)
  if (problems.length > 0 || id === undefined || secrets === undefined || !(key instanceof Secret)) return { problems }
  const oauth = clientId !== undefined && clientSecret !== undefined ? Object.freeze({ clientId, clientSecret: new Secret(clientSecret) }) : null
  return Object.freeze({ id, privateKey: key, webhookSecrets: Object.freeze(secrets), oauth })
}

function readPrivateKey(variables: Variables, host: SettingsHost): Secret | Problem {
  const { PRIVATE_KEY: key, PRIVATE_KEY_PATH: path } = variables
  if (key !== undefined && path !== undefined) return invalid('PRIVATE_KEY', 'and PRIVATE_KEY_PATH are both set; set one of them')
  const name = key === undefined ? 'PRIVATE_KEY_PATH' : 'PRIVATE_KEY'
  let pem = key ?? ''
  try {
    if (path !== undefined) pem = host.readFile(path)
  } catch {
    return invalid(name, 'names a file that cannot be read')
  }
  const converted = host.toPkcs8(unfold(pem))
  return converted === null ? invalid(name, 'holds no RSA private key of at least 2048 bits (the .pem file from GitHub)') : new Secret(converted)
}

function readKeys(variables: Variables, host: SettingsHost): Settings['keys'] | { readonly problem: Problem } {
  const { GANTRY_KEYS: text, GANTRY_KEYS_PATH: path } = variables
  if (text !== undefined && path !== undefined) return { problem: invalid('GANTRY_KEYS', 'and GANTRY_KEYS_PATH are both set; set one of them') }
  const name = text === undefined ? 'GANTRY_KEYS_PATH' : 'GANTRY_KEYS'
  try {
    const found = path === undefined ? text : host.readFile(path)
    const keys = found === undefined ? [] : vaultKeys(found)
    return typeof keys === 'string' ? { problem: invalid(name, keys) } : keys
  } catch {
    return { problem: invalid(name, 'names a file that cannot be read') }
  }
}

/** Without a key there is nothing to encrypt them under; with one, whoever says nothing wants them. */
function readBackups(variables: Variables, hasKeys: boolean): BackupSettings | { readonly problem: Problem } {
  const { GANTRY_BACKUPS: every = hasKeys ? 24 * UNITS.h : null, GANTRY_BACKUPS_KEEP: keep, GANTRY_DATA: data } = variables
  if (every !== null && !hasKeys) return { problem: invalid('GANTRY_BACKUPS', 'is set, while GANTRY_KEYS is not: backups are encrypted') }
  return Object.freeze({ every, keep, folder: variables.GANTRY_BACKUPS_FOLDER ?? `${data}/backups` })
}

/** Variables of one line carry a PEM with `\n` written out, or its base64. */
function unfold(pem: string): string {
  const plain = pem.trim().replace(/^"(.*)"$/s, '$1')
  if (plain.includes('-----BEGIN')) return plain.replaceAll('\\n', '\n')
  try {
    return atob(plain.replace(/\s/g, ''))
  } catch {
    return plain
  }
}

function invalid(name: Name, complaint: string): Problem {
  return problem('SETTING_INVALID', {
    sentence: `The environment variable ${name} ${complaint}.`,
    next: `Set ${name} as .env.example describes it, and start again.`,
  })
}

/** Who signs the tokens of GitHub Actions there (docs.github.com: "OpenID Connect reference"; on a server of one's own below its origin). */
export function actionsIssuer(apiUrl: string): string {
  const { host } = new URL(apiUrl)
  if (host === 'api.github.com') return 'https://token.actions.githubusercontent.com'
  if (host.startsWith('api.') && host.endsWith('.ghe.com')) return `https://token.actions.${host.slice('api.'.length)}`
  return `${webOrigin(apiUrl)}/_services/token`
}

/** Where people see what `apiUrl` serves: `https://api.github.com` → `https://github.com`; a GitHub Enterprise Server has both on one host. */
export function webOrigin(apiUrl: string): string {
  const { origin, protocol, host } = new URL(apiUrl)
  return host.startsWith('api.') ? `${protocol}//${host.slice('api.'.length)}` : origin
}
