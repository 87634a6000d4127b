import type { Given } from '../../../src/registry/exchange.ts'
import { Secret } from '../../../src/secret.ts'
import { alice } from './cause.ts'
import type { Cause, Question } from './cause.ts'
import { leading } from './lab.ts'
import type { Lab } from './lab.ts'

const ECR = '123456789012.dkr.ecr.eu-central-1.amazonaws.com'
const CLOUDFLARE = 'registry.cloudflare.com'
const ACCOUNT = '0123456789abcdef0123456789abcdef'
const KEY = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const API_TOKEN = 'cf-api-token-secret'
const MINTED = 'minted-password'

interface AwsTrouble {
  readonly may?: readonly string[]
  readonly key?: string
  /** Milliseconds. */
  readonly skew?: number
}

/** ECR's password is made by AWS, which is asked with these keys. */
async function aws(lab: Lab, { may = ['ecr:GetAuthorizationToken'], key = KEY, skew = 0 }: AwsTrouble): Promise<Question> {
  const keys = [{ id: 'AKIAIOSFODNN7EXAMPLE', secret: KEY, may }]
  const origin = await lab.vendor({ vendor: 'aws', service: 'ecr', region: 'eu-central-1', keys, password: MINTED, lifetime: 43_200, skew })
  const given: Given = { access_key_id: 'AKIAIOSFODNN7EXAMPLE', secret_access_key: new Secret(key), endpoint: origin }
  return { image: `${ECR}/acme/shop:1.2`, credential: (client) => client.minted('aws', given, ECR), doors: here(lab, ECR), skopeo: null }
}

async function cloudflare(lab: Lab, minutes: string, apiToken = API_TOKEN): Promise<Question> {
  const origin = await lab.vendor({ vendor: 'cloudflare', account: ACCOUNT, token: API_TOKEN, password: MINTED, registry: 'managed' })
  const given: Given = { account_id: ACCOUNT, api_token: new Secret(apiToken), minutes, endpoint: origin }
  const credential: Question['credential'] = (client) => client.minted('cloudflare', given, CLOUDFLARE)
  return { image: `${CLOUDFLARE}/acme/shop:1.2`, credential, doors: here(lab, CLOUDFLARE), skopeo: null }
}

/** The cloud's host leads to a real registry. */
const here = (lab: Lab, host: string) => ({ fetch: leading({ [`https://${host}`]: `http://${lab.open.host}` }) })

const secrets = [KEY, API_TOKEN, MINTED]

/** A cloud makes the credential, or does not. */
export const minted: readonly Cause[] = [
  {
    code: 'CREDENTIAL_SOURCE_FAILED',
    what: 'AWS, and keys that may not',
    happens: (lab) => aws(lab, { may: [] }),
    found: /AccessDeniedException/,
    next: /ecr:GetAuthorizationToken/,
    secrets,
  },
  {
    code: 'CREDENTIALS_INVALID',
    what: 'AWS, and a wrong secret key',
    happens: (lab) => aws(lab, { key: 'another-secret-key' }),
    found: /InvalidSignatureException/,
    secrets: [...secrets, 'another-secret-key'],
  },
  {
    code: 'CREDENTIAL_SOURCE_FAILED',
    what: 'Cloudflare, and an API token without the permission',
    happens: (lab) => cloudflare(lab, '15', 'another-api-token'),
    found: /^HTTP 403 10000/,
    secrets: [...secrets, 'another-api-token'],
  },
  {
    code: 'CLOCK_SKEW_LOCAL',
    what: 'AWS, and a clock here that is ten minutes slow',
    happens: (lab) => aws(lab, { skew: 600_000 }),
    found: /clock is (599|600|601) s behind/,
    secrets,
  },
  {
    code: 'CREDENTIAL_LIFETIME_TOO_SHORT',
    what: 'Cloudflare, asked for a password for five minutes',
    happens: async (lab) => ({ ...(await cloudflare(lab, '5')), wants: 'preflight' }),
    found: /^it lives for another 4\.\d min$/,
    secrets,
  },
  {
    code: 'CREDENTIAL_LIFETIME_TOO_SHORT',
    what: 'a stored credential that ends in three minutes',
    happens: (lab) => ({
      image: `${lab.basic.host}/acme/shop:1.2`,
      credential: (client) => client.stored(alice, Date.now() + 180_000),
      wants: 'preflight',
      skopeo: null,
    }),
    found: /^it lives for another (2\.\d|3) min$/,
  },
]
