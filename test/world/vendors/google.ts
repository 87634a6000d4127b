import { createVerify } from 'node:crypto'
import type { Caught, Reply } from '../scripted-server.ts'
import { formIn, json } from './reply.ts'

export interface GoogleSetup {
  readonly vendor: 'google'
  readonly email: string
  /** SPKI in PEM. */
  readonly publicKey: string
  readonly keyId: string | null
  readonly token: string
  /** Seconds; null where the answer does not say. */
  readonly expiresIn: number | null
}

/** `POST /token` of oauth2.googleapis.com: the JWT bearer grant, with its documented errors. */
export function answerAsGoogle(setup: GoogleSetup, caught: Caught, now: number): Reply {
  const { grant_type: grant, assertion = '', ...others } = formIn(caught) ?? {}
  if (caught.url !== '/token' || grant !== 'urn:ietf:params:oauth:grant-type:jwt-bearer' || Object.keys(others).length > 0) {
    return refuse('unsupported_grant_type', `Invalid grant_type: ${grant}`)
  }
  const [header = '', claims = '', signature = ''] = assertion.split('.')
  const head = part(header)
  const said = part(claims)
  if (head['alg'] !== 'RS256' || head['typ'] !== 'JWT' || (head['kid'] ?? null) !== setup.keyId)
    return refuse('invalid_grant', 'Invalid JWT: malformed header')
  if (said['aud'] !== `http://${caught.headers['host'] as string}/token`) return refuse('invalid_grant', 'Invalid JWT: Failed audience check.')
  if (said['iss'] !== setup.email) return refuse('invalid_grant', 'Invalid grant: account not found')
  const [iat, exp] = [Number(said['iat']), Number(said['exp'])]
  if (!(iat <= now / 1000 + 60 && exp > now / 1000 && exp - iat <= 3600)) {
    return refuse(
      'invalid_grant',
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
    )
  }
  if (!createVerify('RSA-SHA256').update(`${header}.${claims}`).verify(setup.publicKey, signature, 'base64url')) {
    return refuse('invalid_grant', 'Invalid JWT Signature.')
  }
  if (!/^https:\/\/www\.googleapis\.com\/auth\/\S+$/.test(String(said['scope'])))
    return refuse('invalid_scope', 'Invalid OAuth scope or ID token audience provided.')
  return json(200, { access_token: setup.token, token_type: 'Bearer', ...(setup.expiresIn !== null && { expires_in: setup.expiresIn }) })
}

const refuse = (error: string, description: string): Reply => json(400, { error, error_description: description })

function part(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>
  } catch {
    return {}
  }
}
