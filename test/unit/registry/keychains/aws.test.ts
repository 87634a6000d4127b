import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ecr } from '../../../../src/registry/keychains/ecr.ts'
import { ecrPublic } from '../../../../src/registry/keychains/ecr-public.ts'
import { Secret } from '../../../../src/secret.ts'
import { minted } from '../../../world/minting.ts'
import type { ScriptedServer } from '../../../world/scripted-server.ts'
import { servers } from '../../../world/servers.ts'
import type { AwsSetup } from '../../../world/vendors/aws.ts'

const ECR = '123456789012.dkr.ecr.eu-central-1.amazonaws.com'
const own = { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const may = ['ecr:GetAuthorizationToken', 'ecr-public:GetAuthorizationToken', 'sts:AssumeRole']
const arn = 'arn:aws:iam::123456789012:role/pull'
const assumed = { id: 'ASIAEXAMPLE', secret: 'assumed/secret<&">', token: 'FwoGZXIvYXdzEXAMPLE==', may: ['ecr:GetAuthorizationToken'] }
const setup: AwsSetup = {
  vendor: 'aws',
  service: 'ecr',
  region: 'eu-central-1',
  keys: [{ id: own.access_key_id, secret: own.secret_access_key, may }],
  role: { arn, externalId: 'acme & sons', keys: assumed },
  password: 'a-very-long-password',
  lifetime: 43_200,
}

let aws: ScriptedServer
const start = async (over: Partial<AwsSetup> & { skew?: number } = {}) => (aws = await servers.startVendor({ ...setup, ...over }))
beforeEach(() => start().then(() => {}))
afterEach(() => aws.stop())
const ask = (over: Readonly<Record<string, string>> = {}) => minted(ECR, { ...own, endpoint: aws.origin, sts_endpoint: aws.origin, ...over })

describe('ECR', () => {
  test('keys become a password for as long as AWS says', async () => {
    const made = await ask()
    expect(made).toEqual({ login: 'AWS:a-very-long-password', lifetime: expect.closeTo(43_200_000, -4) })
    expect(aws.caught).toHaveLength(1)
    expect(aws.caught[0]?.headers['x-amz-target']).toBe('AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken')
  })

  test('temporary keys go with their token', async () => {
    await aws.stop()
    await start({ keys: [{ id: 'ASIATEMP', secret: 'temporary-secret', token: 'temporary-token', may }] })
    expect(await ask({ access_key_id: 'ASIATEMP', secret_access_key: 'temporary-secret', session_token: 'temporary-token' })).toHaveProperty('login')
  })

  test('a role is assumed first, and its keys ask', async () => {
    expect(await ask({ role_arn: arn, external_id: 'acme & sons' })).toMatchObject({ login: 'AWS:a-very-long-password' })
    expect(aws.caught.map(({ headers }) => /Credential=(\w+)\/.*\/(\w+)\/aws4_request/.exec(String(headers.authorization))?.slice(1))).toEqual([
      ['AKIDEXAMPLE', 'sts'],
      ['ASIAEXAMPLE', 'ecr'],
    ])
  })

  test('a role without an external id', async () => {
    await aws.stop()
    await start({ role: { arn, keys: assumed } })
    expect(await ask({ role_arn: arn })).toHaveProperty('login')
  })

  test.for([
    ['an unknown key', { access_key_id: 'AKIAUNKNOWN' }, 'CREDENTIALS_INVALID', 'UnrecognizedClientException', 'does not know'],
    ['a wrong secret', { secret_access_key: 'wrong-secret' }, 'CREDENTIALS_INVALID', 'InvalidSignatureException', 'belongs to this access_key_id'],
    ['an unknown key at STS', { access_key_id: 'AKIAUNKNOWN', role_arn: arn }, 'CREDENTIALS_INVALID', 'InvalidClientTokenId', 'does not know'],
    ['a wrong secret at STS', { secret_access_key: 'wrong-secret', role_arn: arn }, 'CREDENTIALS_INVALID', 'SignatureDoesNotMatch', 'belongs to'],
    ['a role that may not be assumed', { role_arn: arn }, 'CREDENTIAL_SOURCE_FAILED', 'AccessDenied', 'trust policy'],
  ] as const)('%s', async ([_name, over, code, found, next]) => {
    expect(await ask(over)).toMatchObject({ code, found: expect.stringContaining(found), next: expect.stringContaining(next), retryable: false })
  })

  test.for([
    ['a key without the permission', { may: [] }, 'CREDENTIAL_SOURCE_FAILED', 'Allow ecr:GetAuthorizationToken on the resource *'],
    ['a session that is over', { may, hasExpired: true }, 'CREDENTIALS_INVALID', 'new temporary keys'],
  ] as const)('%s', async ([_name, key, code, next]) => {
    await aws.stop()
    await start({ keys: [{ id: own.access_key_id, secret: own.secret_access_key, ...key }] })
    expect(await ask()).toMatchObject({ code, next: expect.stringContaining(next) })
  })

  test('a session that is over, at STS', async () => {
    await aws.stop()
    await start({ keys: [{ id: own.access_key_id, secret: own.secret_access_key, may, hasExpired: true }] })
    expect(await ask({ role_arn: arn })).toMatchObject({ code: 'CREDENTIALS_INVALID', found: expect.stringContaining('ExpiredToken') })
  })

  test.each([-400_000, 400_000])('a clock that is %i ms ahead', async (ahead) => {
    const given = { ...own, endpoint: aws.origin }
    expect(await minted(ECR, given, { ahead })).toMatchObject({ code: 'CLOCK_SKEW_LOCAL' })
  })

  test('how long it lives is AWS’s own time, whatever our clock says', async () => {
    await aws.stop()
    await start({ skew: 50_000 })
    expect(await ask()).toMatchObject({ lifetime: expect.closeTo(43_200_000, -4) })
  })

  const rule = (status: number, body: string, headers = {}) => aws.follows([{ status, body, headers }])
  const token = Buffer.from('AWS:pass:word').toString('base64')

  test.for([
    ['no expiresAt', JSON.stringify({ authorizationData: [{ authorizationToken: token }] }), 43_200_000],
    ['a past expiresAt', JSON.stringify({ authorizationData: [{ authorizationToken: token, expiresAt: 1 }] }), 0],
  ] as const)('%s', async ([_name, body, lifetime]) => {
    await rule(200, body)
    expect(await ask()).toEqual({ login: 'AWS:pass:word', lifetime })
  })

  test.for([
    ['no JSON', '<html>', 'HTTP 200 AWS answered without'],
    ['no data', '{}', 'HTTP 200 AWS answered without'],
    ['no base64', JSON.stringify({ authorizationData: [{ authorizationToken: '!' }] }), 'HTTP 200 AWS answered without'],
    ['no password', JSON.stringify({ authorizationData: [{ authorizationToken: 'QVdTOg==' }] }), 'HTTP 200 AWS answered without'],
  ] as const)('an answer with %s is no credential', async ([_name, body, found]) => {
    await rule(200, body)
    expect(await ask()).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', found: expect.stringContaining(found) })
  })

  test('an answer of STS without keys is no credential', async () => {
    await rule(200, '<AssumeRoleResponse/>')
    expect(await ask({ role_arn: arn })).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', found: expect.stringContaining('AWS answered without') })
  })

  test.for([
    [
      400,
      { __type: 'x.y#AccessDeniedException', Message: 'not authorized because no VPC endpoint policy allows it' },
      'in the policy of the VPC endpoint',
    ],
    [400, { __type: 'InvalidSignatureException', message: 'Signature expired: 20210502T144040Z is now earlier than …' }, 'time synchronisation'],
    [403, { __type: 'RegionDisabledException', message: 'STS is not activated in this region' }, 'Switch on STS'],
    [400, { __type: 'ServerException' }, 'Check what is stored'],
  ] as const)('%i %j', async ([status, body, next]) => {
    await rule(status, JSON.stringify(body))
    expect(await ask()).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', next: expect.stringContaining(next) })
  })

  test('what AWS sends back of the secrets is masked', async () => {
    await rule(400, JSON.stringify({ __type: 'ValidationException', message: `you sent ${own.secret_access_key}` }))
    expect(await ask()).toMatchObject({ found: 'HTTP 400 ValidationException: you sent [secret]' })
  })

  test('throttling, which is a 400 here', async () => {
    await rule(400, JSON.stringify({ __type: 'ThrottlingException', message: 'Rate exceeded' }))
    expect(await ask()).toMatchObject({ found: 'HTTP 400 ThrottlingException: Rate exceeded', next: expect.stringContaining('Try again') })
  })
})

test('an answer without its Date counts as twelve hours', async () => {
  const text = JSON.stringify({ authorizationData: [{ authorizationToken: 'QVdTOnB3', expiresAt: 1_700_000_000 }] })
  const minting = { registry: ECR, now: 0, ask: async () => ({ status: 200, headers: new Headers(), text }), fail: () => new Error() as never }
  expect(await ecr.exchange!.mint(own, minting)).toMatchObject({ lifetime: 43_200_000 })
})

test('ECR Public has one region and its own words', async () => {
  await aws.stop()
  await start({ service: 'ecr-public', region: 'us-east-1' })
  expect(await minted('public.ecr.aws', { ...own, endpoint: aws.origin })).toMatchObject({ login: 'AWS:a-very-long-password' })
  await aws.stop()
  await start({ service: 'ecr-public', region: 'us-east-1', keys: [{ id: own.access_key_id, secret: own.secret_access_key, may: [] }] })
  expect(await minted('public.ecr.aws', { ...own, endpoint: aws.origin })).toMatchObject({
    next: expect.stringContaining('sts:GetServiceBearerToken'),
  })
})

describe('where AWS is asked, unless an endpoint is given', () => {
  test.for([
    [ECR, 'https://api.ecr.eu-central-1.amazonaws.com/', 'https://sts.eu-central-1.amazonaws.com/'],
    [
      '123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com',
      'https://ecr-fips.us-gov-west-1.amazonaws.com/',
      'https://sts.us-gov-west-1.amazonaws.com/',
    ],
    ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'https://api.ecr.cn-north-1.amazonaws.com.cn/', 'https://sts.cn-north-1.amazonaws.com.cn/'],
    ['123456789012.dkr-ecr.eu-west-1.on.aws', 'https://api.ecr.eu-west-1.amazonaws.com/', 'https://sts.eu-west-1.amazonaws.com/'],
    [
      '123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn',
      'https://api.ecr.cn-north-1.amazonaws.com.cn/',
      'https://sts.cn-north-1.amazonaws.com.cn/',
    ],
    ['123456789012.dkr.ecr-fips.us-iso-east-1.c2s.ic.gov', 'https://api.ecr-fips.us-iso-east-1.c2s.ic.gov/', 'https://sts.us-iso-east-1.c2s.ic.gov/'],
    ['public.ecr.aws', 'https://api.ecr-public.us-east-1.amazonaws.com/', 'https://sts.us-east-1.amazonaws.com/'],
  ] as const)('%s', async ([registry, api, sts]) => {
    const asked: string[] = []
    const { exchange } = registry === 'public.ecr.aws' ? ecrPublic : ecr
    const given = { access_key_id: 'AKIA', secret_access_key: new Secret('secret') }
    for (const more of [{}, { role_arn: arn }]) {
      const minting = {
        registry,
        now: 0,
        ask: async ({ url }: { url: URL }) => Promise.reject(new Error((asked.push(url.href), 'asked'))),
        fail: () => new Error() as never,
      }
      await expect(exchange!.mint({ ...given, ...more }, minting)).rejects.toThrow('asked')
    }
    expect(asked).toEqual([api, sts])
  })
})

describe('what cannot work is said at the start', () => {
  const check = (given: Readonly<Record<string, string>>, registry = ECR) => ecr.exchange!.check?.({ ...own, ...given }, registry)
  test.for([
    [{ access_key_id: 'ASIATEMP' }, 'session_token'],
    [{ role_arn: 'pull' }, 'not the ARN of a role'],
    [{ external_id: 'x' }, 'without role_arn'],
    [{ endpoint: 'http://ecr.example.com' }, 'endpoint is not an origin'],
    [{ endpoint: 'https://ecr.example.com/path' }, 'endpoint is not an origin'],
    [{ sts_endpoint: 'sts.example.com' }, 'sts_endpoint is not an origin'],
  ] as const)('%j', ([given, words]) => expect(check(given)).toContain(words))

  test('another registry', () => {
    expect(check({}, 'ghcr.io')).toContain('ghcr.io is no host')
    expect(ecrPublic.exchange!.check?.(own, ECR)).toContain('is no host')
  })

  test('and nothing else', () => {
    expect(check({})).toBeNull()
    expect(check({ role_arn: arn, external_id: 'x', endpoint: 'https://vpce-1.api.ecr.eu-central-1.vpce.amazonaws.com' })).toBeNull()
    expect(check({ access_key_id: 'ASIATEMP', session_token: 'x', sts_endpoint: 'http://[::1]:4566' })).toBeNull()
  })
})
