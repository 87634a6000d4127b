import { createHash, createHmac } from 'node:crypto'
import type { Caught, Reply } from '../scripted-server.ts'
import { formIn } from './reply.ts'

export interface AwsSetup {
  readonly vendor: 'aws'
  readonly service: 'ecr' | 'ecr-public'
  readonly region: string
  readonly keys: readonly Keys[]
  readonly role?: { readonly arn: string; readonly externalId?: string; readonly keys: Keys }
  /** What comes out. */
  readonly password: string
  /** Seconds. */
  readonly lifetime: number
}

interface Keys {
  readonly id: string
  readonly secret: string
  readonly token?: string
  /** `ecr:GetAuthorizationToken`, `sts:AssumeRole`, … */
  readonly may: readonly string[]
  readonly hasExpired?: boolean
}

const TARGETS = { ecr: 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken', 'ecr-public': 'SpencerFrontendService.GetAuthorizationToken' }

/** ECR or ECR Public, and STS: `GetAuthorizationToken` and `AssumeRole` with their documented errors. */
export function answerAsAws(setup: AwsSetup, caught: Caught, now: number): Reply {
  const isSts = caught.headers['x-amz-target'] === undefined
  const say = isSts ? inXml : inJson
  const service = isSts ? 'sts' : setup.service
  const { header, problem } = signatureOf(caught, now)
  if (header === null) return say(400, 'IncompleteSignature', 'Authorization header requires existence of either a X-Amz-Date or a Date header.')
  const keys = [...setup.keys, ...(setup.role ? [setup.role.keys] : [])].find(({ id }) => id === header.id)
  if (keys === undefined || (keys.token ?? '') !== (caught.headers['x-amz-security-token'] ?? ''))
    return isSts ? say(403, 'InvalidClientTokenId', INVALID) : say(400, 'UnrecognizedClientException', INVALID)
  if (keys.hasExpired === true)
    return say(isSts ? 403 : 400, isSts ? 'ExpiredToken' : 'ExpiredTokenException', 'The security token included in the request is expired')
  const wrong = problem ?? (header.signature === signature(caught, header, keys.secret) ? null : WRONG)
  if (wrong !== null) return say(isSts ? 403 : 400, isSts ? 'SignatureDoesNotMatch' : 'InvalidSignatureException', wrong)
  if (header.region !== setup.region || header.service !== service) {
    return say(
      isSts ? 403 : 400,
      isSts ? 'SignatureDoesNotMatch' : 'InvalidSignatureException',
      `Credential should be scoped to a valid region, not '${header.region}'.`,
    )
  }
  return isSts ? assumeRole(setup, caught, keys, now) : authorizationToken(setup, caught, keys, now)
}

const WRONG =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
const INVALID = 'The security token included in the request is invalid.'

function authorizationToken(setup: AwsSetup, caught: Caught, keys: Keys, now: number): Reply {
  if (
    caught.headers['x-amz-target'] !== TARGETS[setup.service] ||
    caught.headers['content-type'] !== 'application/x-amz-json-1.1' ||
    caught.body !== '{}'
  ) {
    return inJson(400, 'com.amazon.coral.service#UnknownOperationException', '')
  }
  const action = `${setup.service}:GetAuthorizationToken`
  if (!keys.may.includes(action)) return inJson(400, 'AccessDeniedException', denied(action, '*'))
  const data = {
    authorizationToken: Buffer.from(`AWS:${setup.password}`).toString('base64'),
    expiresAt: now / 1000 + setup.lifetime,
    ...(setup.service === 'ecr' && { proxyEndpoint: 'https://123456789012.dkr.ecr.eu-central-1.amazonaws.com' }),
  }
  return {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ authorizationData: setup.service === 'ecr' ? [data] : data }),
  }
}

function assumeRole({ role }: AwsSetup, caught: Caught, keys: Keys, now: number): Reply {
  const { Action, Version, RoleArn, RoleSessionName, ExternalId, ...others } = formIn(caught) ?? {}
  const isKnown =
    Action === 'AssumeRole' && Version === '2011-06-15' && /^[\w+=,.@-]{2,64}$/.test(RoleSessionName ?? '') && Object.keys(others).length === 0
  if (!isKnown) return inXml(400, 'ValidationError', 'One or more parameters are wrong')
  if (role === undefined || !keys.may.includes('sts:AssumeRole') || RoleArn !== role.arn || ExternalId !== role.externalId) {
    return inXml(403, 'AccessDenied', denied('sts:AssumeRole', RoleArn ?? ''))
  }
  const { id, secret, token } = role.keys
  const expiration = new Date(now + 3_600_000).toISOString()
  return {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser><Arn>arn</Arn></AssumedRoleUser><Credentials>
      <AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${xml(secret)}</SecretAccessKey><SessionToken>${xml(token ?? '')}</SessionToken>
      <Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  }
}

const denied = (action: string, resource: string): string =>
  `User: arn:aws:iam::123456789012:user/gantry is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`

const inJson = (status: number, code: string, message: string): Reply => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify({ __type: code, message }),
})

const inXml = (status: number, code: string, message: string): Reply => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${xml(message)}</Message></Error></ErrorResponse>`,
})

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

interface Authorization {
  readonly id: string
  readonly day: string
  readonly region: string
  readonly service: string
  readonly names: readonly string[]
  readonly signature: string
}

/** The parts of the header, and what is wrong with its time: AWS allows five minutes. */
function signatureOf({ headers }: Caught, now: number): { header: Authorization | null; problem: string | null } {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/([\w-]+)\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/
  const [found, id = '', day = '', region = '', service = '', names = '', given = ''] = pattern.exec(headers.authorization as string) ?? []
  const time = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers['x-amz-date']))
  if (found === undefined || time === null || !names.split(';').includes('host')) return { header: null, problem: null }
  const [stamp, year, month, date, hour, minute, second] = time
  const signed = Date.parse(`${year}-${month}-${date}T${hour}:${minute}:${second}Z`)
  const here = compact(now)
  const problem =
    signed < now - 300_000
      ? `Signature expired: ${stamp} is now earlier than ${compact(now - 300_000)} (${here} - 5 min.)`
      : signed > now + 300_000
        ? `Signature not yet current: ${stamp} is still later than ${compact(now + 300_000)} (${here} + 5 min.)`
        : null
  return { header: { id, day, region, service, names: names.split(';'), signature: given }, problem }
}

const compact = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`

/** As "Create a signed AWS API request" has it, from what came in. */
function signature({ method, url, headers, body }: Caught, { day, region, service, names }: Authorization, secret: string): string {
  const [path = '', query = ''] = url.split('?')
  const canonical = names.map((name) => `${name}:${String(headers[name]).trim()}\n`).join('')
  const request = `${method}\n${path}\n${query}\n${canonical}\n${names.join(';')}\n${createHash('sha256').update(body).digest('hex')}`
  const text = `AWS4-HMAC-SHA256\n${headers['x-amz-date'] as string}\n${day}/${region}/${service}/aws4_request\n${createHash('sha256').update(request).digest('hex')}`
  const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), 'aws4_request')
  return createHmac('sha256', key).update(text).digest('hex')
}
