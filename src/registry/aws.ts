import { Refusal } from '../errors.ts'
import { Secret } from '../secret.ts'
import { isObject, parseObject } from './answer.ts'
import { secretOf } from './credential.ts'
import type { Credential } from './credential.ts'
import type { Exchange, Given, Minted, Minting, Said, VendorAnswer, VendorCall } from './exchange.ts'
import { advise, CHECK_CLOCK, form, originProblem, textIn, textsIn } from './given.ts'
import type { Advice } from './given.ts'
import { signPost } from './sigv4.ts'
import type { AwsKeys, SigningScope } from './sigv4.ts'

/** One of AWS's two registry services: both turn IAM keys into a password for twelve hours, in nearly the same words. */
export interface AwsRegistryService {
  /** In signatures. */
  readonly service: 'ecr' | 'ecr-public'
  readonly target: string
  /** What has to be allowed, as in an IAM policy. */
  readonly permission: string
  /** Null where the registry's host is none of this service's. */
  at(registry: string): AwsPlace | null
}

export interface AwsPlace {
  readonly region: string
  /** Origins of the service's API and of STS. */
  readonly api: string
  readonly sts: string
}

const TWELVE_HOURS = 12 * 3_600_000

export const awsExchange = (service: AwsRegistryService): Exchange => ({
  key: 'aws',
  fields: {
    access_key_id: 'text',
    secret_access_key: 'secret',
    session_token: 'secret?',
    role_arn: 'text?',
    external_id: 'text?',
    endpoint: 'text?',
    sts_endpoint: 'text?',
  },
  check: (given, registry) => (service.at(registry) === null ? `${registry} is no host of this service of AWS.` : problemWith(given)),
  mint: (given, minting) => mint(service, given, minting),
})

function problemWith(given: Given): string | null {
  const role = textIn(given, 'role_arn')
  if (textIn(given, 'access_key_id').startsWith('ASIA') && textIn(given, 'session_token') === '') {
    return 'access_key_id begins with ASIA: such temporary keys work only together with their session_token.'
  }
  if (role !== '' && !/^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/.test(role))
    return 'role_arn is not the ARN of a role, arn:aws:iam::123456789012:role/name.'
  if (role === '' && textIn(given, 'external_id') !== '') return 'external_id means nothing without role_arn.'
  return originProblem(given, ['endpoint', 'sts_endpoint'])
}

async function mint(service: AwsRegistryService, given: Given, minting: Minting): Promise<Minted> {
  const place = service.at(minting.registry)!
  const own = {
    accessKeyId: textIn(given, 'access_key_id'),
    secretAccessKey: textIn(given, 'secret_access_key'),
    sessionToken: textIn(given, 'session_token'),
  }
  const keys = textIn(given, 'role_arn') === '' ? own : await assumeRole(own, given, place, minting)
  const url = new URL(textIn(given, 'endpoint') || place.api)
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': service.target }
  const call = await signed({ url, headers, body: '{}' }, keys, { region: place.region, service: service.service }, minting)
  const answer = await minting.ask(call)
  return readToken(answer) ?? refuse(answer, service.permission, minting)
}

type Unsigned = Pick<VendorCall, 'url' | 'headers'> & { readonly body: string }

async function signed(unsigned: Unsigned, keys: AwsKeys, scope: SigningScope, minting: Minting): Promise<VendorCall> {
  const secrets = [keys.secretAccessKey, keys.sessionToken].filter((secret) => secret !== '')
  return { method: 'POST', url: unsigned.url, headers: await signPost(unsigned, keys, scope, minting.now), body: unsigned.body, secrets }
}

/** `AssumeRole` of STS, which answers in XML. */
async function assumeRole(keys: AwsKeys, given: Given, place: AwsPlace, minting: Minting): Promise<AwsKeys> {
  const externalId = textIn(given, 'external_id')
  const { body, headers } = form({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: textIn(given, 'role_arn'),
    RoleSessionName: 'gantry',
    ...(externalId !== '' && { ExternalId: externalId }),
  })
  const url = new URL(textIn(given, 'sts_endpoint') || place.sts)
  const answer = await minting.ask(await signed({ url, headers, body }, keys, { region: place.region, service: 'sts' }, minting))
  const assumed = {
    accessKeyId: elementIn(answer.text, 'AccessKeyId'),
    secretAccessKey: elementIn(answer.text, 'SecretAccessKey'),
    sessionToken: elementIn(answer.text, 'SessionToken'),
  }
  if (answer.status !== 200 || Object.values(assumed).includes('')) throw refuse(answer, 'sts:AssumeRole', minting)
  return assumed
}

/** `authorizationData` is a list at ECR and an object at ECR Public; the token is `AWS:<password>` in base64. */
function readToken(answer: VendorAnswer): Minted | null {
  const data = parseObject(answer.text)?.['authorizationData']
  const [first] = Array.isArray(data) ? (data as unknown[]) : [data]
  const found = isObject(first) ? first : {}
  const [, username = '', password = ''] = /^([^:]+):(.+)$/s.exec(decode(textsIn(found).get('authorizationToken') ?? '')) ?? []
  if (answer.status !== 200 || password === '') return null
  return { credential: { kind: 'basic', username, password: new Secret(password) }, lifetime: lifetimeOf(found['expiresAt'], answer) }
}

/** `expiresAt` is AWS's time, and so is the `Date` of its answer; our own clock has no part in it. */
function lifetimeOf(expiresAt: unknown, answer: VendorAnswer): number {
  const left = Number(expiresAt) * 1000 - Date.parse(answer.headers.get('date') ?? '')
  return Number.isFinite(left) ? Math.max(0, left) : TWELVE_HOURS
}

function decode(base64: string): string {
  try {
    return atob(base64)
  } catch {
    return ''
  }
}

/** The text of the first element of that name; empty where there is none. */
function elementIn(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? ''
  return text.trim().replaceAll(/&(lt|gt|quot|apos|amp);/g, (_all, entity: string) => ENTITIES[entity]!)
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

/** JSON services say `__type` (with a namespace before #), STS says `<Code>`. */
function refuse(answer: VendorAnswer, permission: string, minting: Minting): never {
  const json = textsIn(parseObject(answer.text))
  const code = json.get('__type')?.replace(/^.*#/, '') ?? elementIn(answer.text, 'Code')
  const message = json.get('message') ?? json.get('Message') ?? elementIn(answer.text, 'Message')
  if (answer.status === 200) throw minting.fail(answer, { message: 'AWS answered without what was asked for.' })
  const said: Said = advise(ADVICE, code, message)
  throw minting.fail(answer, code.startsWith('AccessDenied') ? { ...said, next: whatToAllow(permission, message) } : said)
}

const whatToAllow = (permission: string, message: string): string =>
  permission === 'sts:AssumeRole'
    ? 'Allow sts:AssumeRole on role_arn to this IAM user, and let the trust policy of the role name the user (and the external_id, if it asks for one).'
    : `Allow ${permission} on the resource * to the IAM user or role${/endpoint policy/i.test(message) ? ', and in the policy of the VPC endpoint' : ''}.`

/** What AWS's codes and words mean ("Common error types", Amazon ECR API reference; IAM troubleshooting). */
const ADVICE: readonly Advice[] = [
  { words: /Signature (expired|not yet current)|RequestExpired|RequestTimeTooSkewed/, next: CHECK_CLOCK },
  {
    words: /^ExpiredToken/,
    next: 'Store new temporary keys with their session_token, or the keys of an IAM user, which do not expire.',
    isRefused: true,
  },
  {
    words: /^(UnrecognizedClient|InvalidClientTokenId)/,
    next: 'Store an access key that exists and is active: AWS does not know this one (deleted, disabled, or of another partition).',
    isRefused: true,
  },
  {
    words: /^(InvalidSignature|SignatureDoesNotMatch)/,
    next: 'Store the secret_access_key that belongs to this access_key_id: the signature made with it is wrong.',
    isRefused: true,
  },
  { words: /^Throttling/, next: 'Try again in a minute: AWS answers this only so often (twenty times a second for an account).' },
  { words: /^RegionDisabled/, next: 'Switch on STS for this region in the account settings of IAM, or name the sts_endpoint of another region.' },
]

// know: the prefixes of IAM's own identifiers, AKIA for users and ASIA for temporary keys
const IAM_KEY = /^A(KIA|SIA)[A-Z2-7]{12,}$/

/** Keys of IAM are no login: a password has to be made with them. */
export function lintAws(registry: string, credential: Credential): Refusal | null {
  const isKey = IAM_KEY.test(secretOf(credential)) || (credential.kind === 'basic' && IAM_KEY.test(credential.username))
  if (!isKey) return null
  return new Refusal('CREDENTIAL_KIND_UNSUPPORTED', {
    sentence: `An IAM access key is no user name or password of ${registry}; a password for twelve hours has to be made with it.`,
    found: 'an IAM access key as user name or password',
    wanted: 'the keys below `aws`, or user AWS with the password of `aws ecr get-login-password`',
    next: 'Store access_key_id and secret_access_key below `aws` in the operator file, in place of username and password.',
  })
}
