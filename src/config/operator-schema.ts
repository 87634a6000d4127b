import { z } from 'zod'
import { Refusal } from '../errors.ts'
import { canonicalHost, parseReference } from '../registry/reference.ts'
import { name, named, text } from './shape.ts'

/** `gantry.yml`, apart from the keys that belong to each kind of target alone. */

/** Where a secret is: in an environment variable, or in a file. */
export type SecretReference = { readonly env: string } | { readonly file: string }

/** In what the vault keeps it stands in its place. */
export type SecretGiven = SecretReference | { readonly sealed: string }

/** `isSealed`: the text comes from the vault. */
export const isSecretGiven = (value: unknown, isSealed: boolean): value is SecretGiven => {
  if (typeof value !== 'object' || value === null) return false
  const [[key, where] = [], ...others] = Object.entries(value) as [string, unknown][]
  if (typeof where !== 'string' || others.length > 0) return false
  if (isSealed) return key === 'sealed'
  return (key === 'env' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(where)) || (key === 'file' && where !== '')
}

const secretIn = (isSealed: boolean) =>
  z.custom<SecretGiven>((value) => isSecretGiven(value, isSealed), '{ env: NAME } or { file: PATH }: secrets are given by reference')

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

/** `exchanges` and `families`: what the keychains add to the credentials. `isSealed`: what the vault keeps, secrets and all. */
export const operatorSchema = (exchanges: readonly ExchangeForm[], families: readonly string[], isSealed = false) =>
  z.strictObject({
    version: z.literal(1),
    credentials: named(credential(exchanges, families, secretIn(isSealed))).default({}),
    targets: named(target).default({}),
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
