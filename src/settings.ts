import { z } from 'zod'
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
  readonly logLevel: LogLevel
  /** Folder of the database. */
  readonly data: string
  /** The operator file. */
  readonly config: string
  /** Keys of the vault, the newest first; each secret is the base64 of 32 bytes. */
  readonly keys: readonly { readonly id: string; readonly key: Secret }[]
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

const vaultKeys = (value: string, context: z.RefinementCtx) => {
  const keys = value.split(',').map((one) => /^([\w-]{1,32}):([A-Za-z0-9+/]{43}=)$/.exec(one.trim()))
  if (keys.some((match) => !match)) return refuse(context, 'must be id:base64 of 32 bytes, several separated by commas')
  const pairs = keys.map((match) => ({ id: match![1]!, text: match![2]! }))
  if (new Set(pairs.map(({ id }) => id)).size < pairs.length) return refuse(context, 'names one id twice')
  if (pairs.some((pair) => isTooSimple(pair.text))) return refuse(context, 'holds a key that is not random')
  return pairs.map((pair) => ({ id: pair.id, key: new Secret(pair.text) }))
}

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
  GANTRY_KEYS: optional.transform((value, context) => (value === undefined ? [] : vaultKeys(value, context))),
  GANTRY_DATA: text('./data'),
  GANTRY_CONFIG: text('gantry.yml'),
  HOST: text('127.0.0.1').refine((value) => /^[\w.:[\]-]+$/.test(value), 'must be a host name or an IP address'),
  PORT: text('3000').transform((value, context) =>
    /^\d{1,5}$/.test(value) && Number(value) < 65_536 ? Number(value) : refuse(context, 'must be a number from 0 to 65535'),
  ),
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
  if (app !== null && 'problems' in app) return app
  const variables = read.data
  return {
    settings: Object.freeze({
      app,
      githubApiUrl: variables.GITHUB_API_URL,
      url: variables.GANTRY_URL,
      host: variables.HOST,
      port: variables.PORT,
      logLevel: variables.LOG_LEVEL,
      data: variables.GANTRY_DATA,
      config: variables.GANTRY_CONFIG,
      keys: Object.freeze(variables.GANTRY_KEYS.map((pair) => Object.freeze(pair))),
      webhookProxyUrl: variables.WEBHOOK_PROXY_URL,
    }),
  }
}

/** Where the operator file is, for commands that need no other setting. */
export const operatorFilePath = (environment: Readonly<Record<string, string | undefined>>): string =>
  schema.shape.GANTRY_CONFIG.parse(environment['GANTRY_CONFIG']?.trim() ? environment['GANTRY_CONFIG'] : undefined)

/** The folder of the database, for commands that need no other setting. */
export const dataFolder = (environment: Readonly<Record<string, string | undefined>>): string =>
  schema.shape.GANTRY_DATA.parse(environment['GANTRY_DATA']?.trim() ? environment['GANTRY_DATA'] : undefined)

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
