import * as z from 'zod'
import { Refusal } from '../errors.ts'
import { canonicalHost, parseReference } from '../registry/reference.ts'
import { name, named, text } from './shape.ts'

/** `gantry.yml`, apart from the keys that belong to each kind of target alone. */

/** Where a secret is: in an environment variable, or in a file. */
export type SecretReference = { readonly env: string } | { readonly file: string }

/** In what the vault keeps it stands in its place, and so it does in what is sent to the API. */
export type SecretGiven = SecretReference | { readonly sealed: string } | { readonly value: string }

/** Where a text comes from: a file of the operator's, the vault, or the API. */
export type SecretForm = 'referred' | 'sealed' | 'sent'

export const isSecretGiven = (value: unknown, form: SecretForm): value is SecretGiven => {
  if (typeof value !== 'object' || value === null) return false
  const [[key, where] = [], ...others] = Object.entries(value) as [string, unknown][]
  if (typeof where !== 'string' || others.length > 0) return false
  if (form !== 'referred') return key === (form === 'sealed' ? 'sealed' : 'value')
  return (key === 'env' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(where)) || (key === 'file' && where !== '')
}

/** Every value of a secret's in a declaration, each in its place. What it allows has none, whatever its keys are called. */
export function withSecrets(value: unknown, form: SecretForm, change: (given: SecretGiven) => unknown): unknown {
  if (isSecretGiven(value, form)) return change(value)
  if (Array.isArray(value)) return value.map((item) => withSecrets(item, form, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === 'allow' ? inner : withSecrets(inner, form, change)]))
}

const secretIn = (form: SecretForm) =>
  z.custom<SecretGiven>(
    (value) => isSecretGiven(value, form),
    form === 'sent' ? '{ "value": TEXT }' : '{ env: NAME } or { file: PATH }: secrets are given by reference',
  )

const pattern = (characters: RegExp, wanted: string) => z.string().regex(characters, wanted)
const repositories = pattern(/^[a-z0-9._/*-]+$/, 'a pattern for names below the registry, such as acme/*')
const environments = pattern(/^[A-Za-z0-9._*-]+$/, 'a pattern for names of environments, such as preview-*')

/** What a keychain's exchange takes below its key: `?` may be left out. */
export type Field = 'text' | 'secret' | 'text?' | 'secret?'

/** A form of credential that is exchanged for what a registry takes. */
export interface ExchangeForm {
  readonly key: string
  readonly fields: Readonly<Record<string, Field>>
  /** Whether the registry is one of those that it makes credentials for. */
  serves(registry: string): boolean
}

const date = text((value) => (Number.isNaN(Date.parse(value)) || !/^\d{4}-\d\d-\d\d/.test(value) ? 'a day such as 2027-03-31, in quotes' : null))

const given = (fields: ExchangeForm['fields'], secret: ReturnType<typeof secretIn>) =>
  z.strictObject(
    Object.fromEntries(
      Object.entries(fields).map(([key, field]) => {
        const value: z.ZodType<string | SecretGiven> = field.startsWith('text') ? z.string().min(1) : secret
        return [key, field.endsWith('?') ? value.optional() : value]
      }),
    ),
  )

/** Who may use a credential; where this is left out, every target may. */
const user = z.strictObject({
  repository: pattern(/^[\w.-]+\/[\w.-]+$/, 'a repository as owner/name'),
  id: z.int().min(1),
  environments: z.array(environments).min(1).default(['**']),
})

/** One of `username` and `password`, `identity_token`, `docker_config` and the exchanges' keys: the reader sees to that. */
const credential = (exchanges: readonly ExchangeForm[], families: readonly string[], secret: ReturnType<typeof secretIn>) =>
  z.strictObject({
    registry: text(hostProblem),
    repositories: z.array(repositories).min(1).default(['**']),
    family: z.enum(families).optional(),
    expires: date.optional(),
    username: z.string().min(1).optional(),
    password: secret.optional(),
    identity_token: secret.optional(),
    docker_config: z.string().min(1).optional(),
    allow: z.array(user).min(1).optional(),
    ...Object.fromEntries(exchanges.map(({ key, fields }) => [key, given(fields, secret).optional()])),
  })

const bound = z.strictObject({
  repository: pattern(/^[\w.-]+\/[\w.-]+$/, 'a repository as owner/name'),
  id: z.int().min(1),
  environments: z.array(environments).min(1),
  images: z.array(text(imagesProblem)).min(1),
  settings: z.record(z.string(), z.string().min(1)).default({}),
})

const target = z.looseObject({
  kind: z.string().min(1),
  pulls: z.enum(['credential', 'ambient', 'none']).default('credential'),
  credential: name.optional(),
  allow: z.array(bound).default([]),
})

const administrator = pattern(/^(team:[\w.-]+\/[\w.-]+|user:[\w-]+)$/, 'team:ORGANISATION/TEAM or user:LOGIN')

/** Below the login of an account, which is for whoever reads it: the id counts. */
const account = z.strictObject({
  id: z.int().min(1),
  administrators: z.array(administrator).default([]),
  this_machine: z.boolean().default(false),
})

/** `exchanges` and `families`: what the keychains add to the credentials. */
export const operatorSchema = (exchanges: readonly ExchangeForm[], families: readonly string[], form: SecretForm = 'referred') =>
  z.strictObject({
    version: z.literal(1),
    credentials: named(credential(exchanges, families, secretIn(form))).default({}),
    targets: named(target).default({}),
    accounts: named(account).default({}),
    trusted_health: z.array(text(originProblem)).default([]),
    trusted_root: z.string().min(1, 'the path of a file').optional(),
    plain_http: z.array(text(hostProblem)).default([]),
    trusted_realms: z.array(text(originProblem)).default([]),
    trusted_storage: z.array(text(originProblem)).default([]),
  })

export type OperatorDocument = z.output<ReturnType<typeof operatorSchema>>
/** Below an exchange's key stands what its fields say. */
export type CredentialDocument = OperatorDocument['credentials'][string] & Readonly<Record<string, unknown>>
export type TargetDocument = OperatorDocument['targets'][string]

function originProblem(value: string): string | null {
  const url = URL.parse(value)
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === value ? null : 'an origin, such as https://gitlab.example.com'
}

function hostProblem(value: string): string | null {
  const wanted = 'the host of a registry, such as ghcr.io or registry.internal:5000'
  const reference = parseReference(`${value}/name`)
  const isHost = value === 'localhost' || /[.:]/.test(value)
  if (!isHost || value.includes('/') || reference instanceof Refusal) return wanted
  return canonicalHost(value) === value ? null : `written as ${canonicalHost(value)}`
}

/**
 * A pattern is compared with canonical names, so one without a host would never fit. The host is written out, or is any below a domain:
 * whoever may write a repository's configuration could otherwise have Gantry ask this machine and its network.
 */
function imagesProblem(value: string): string | null {
  const [host = '', ...names] = value.split('/')
  const isHost = host.includes('*') ? /^\*+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*(:\d+)?$/.test(host) : host === 'localhost' || /[.:]/.test(host)
  return names.length > 0 && isHost && /^[a-z0-9._:/*-]+$/.test(value)
    ? null
    : 'a pattern for image repositories with their host, such as ghcr.io/acme/*, docker.io/acme/shop or *.example.com/**'
}
