import { describe, expect, test } from 'vitest'
import { readOperatorFile } from '../../../src/config/operator-file.ts'
import { NO_OPERATOR } from '../../../src/config/operator.ts'
import type { DeclaredCredential } from '../../../src/config/operator.ts'
import type { Operator } from '../../../src/config/operator.ts'
import type { SecretReference } from '../../../src/config/operator-schema.ts'
import { exchanges, families } from '../../../src/registry/forms.ts'
import { targetKinds } from '../../../src/targets/index.ts'
import type { Secret } from '../../../src/secret.ts'

const KINDS = new Map(targetKinds.map((kind) => [kind.kind, kind]))

const FILE = `version: 1
credentials:
  ghcr: { registry: ghcr.io, repositories: [acme/*], username: acme-bot, password: { env: GHCR_TOKEN } }
targets:
  demo:
    kind: static
    listen: 127.0.0.1:8081
    credential: ghcr
    allow:
      - repository: acme/shop
        id: 1296269
        environments: [staging, "preview-*"]
        images: [ghcr.io/acme/*]
        settings: { path: "/srv/*" }
plain_http: [registry.internal:5000]
trusted_realms: [https://tokens.internal]
`

const SECRETS = new Map([
  ['GHCR_TOKEN', 'canary-token'],
  ['/run/secrets/ghcr', 'canary-file\n'],
  ['/run/secrets/cert.pem', '-----BEGIN CERTIFICATE-----\ncanary\n'],
  ['CLIENT_KEY', '-----BEGIN PRIVATE KEY-----\ncanary'],
  ['/run/secrets/padded', ' canary-padded\n'],
  ['EMPTY', ''],
])
const readSecret = (reference: SecretReference): string | undefined => SECRETS.get('env' in reference ? reference.env : reference.file)

const read = (text: string) => readOperatorFile(text, KINDS, readSecret)

function operatorOf(text: string): Operator {
  const result = read(text)
  if ('problem' in result) throw new Error(JSON.stringify(result.problem))
  return result.operator
}

function wrong(text: string): string {
  const result = read(text)
  if (!('problem' in result)) return 'nothing'
  expect(result.problem.code).toBe('OPERATOR_FILE_INVALID')
  expect(JSON.stringify(result.problem)).not.toContain('canary')
  return `${result.problem.found} | ${result.problem.sentence}`
}

const secretIn = (declared: DeclaredCredential | undefined): string | null =>
  declared?.holds.kind === 'basic' ? declared.holds.password.reveal() : null

describe('what the file declares', () => {
  test('credentials, with the secret behind its reference', () => {
    const ghcr = operatorOf(FILE).credentials.get('ghcr')
    expect(ghcr).toMatchObject({ name: 'ghcr', registry: 'ghcr.io', repositories: ['acme/*'], holds: { kind: 'basic', username: 'acme-bot' } })
    expect(secretIn(ghcr)).toBe('canary-token')
    expect(JSON.stringify(operatorOf(FILE).credentials.get('ghcr'))).not.toContain('canary')
  })

  test('a credential for a whole registry, its password in a file', () => {
    const text = FILE.replace('{ env: GHCR_TOKEN }', '{ file: /run/secrets/ghcr }').replace('repositories: [acme/*], ', '')
    expect(secretIn(operatorOf(text).credentials.get('ghcr'))).toBe('canary-file')
    expect(operatorOf(text).credentials.get('ghcr')?.repositories).toEqual(['**'])
  })

  const forms = (text: string) => readOperatorFile(`version: 1\ncredentials:\n  one: { ${text} }\n`, KINDS, readSecret, { exchanges, families })
  const held = (text: string) => {
    const result = forms(text)
    return 'operator' in result ? result.operator.credentials.get('one') : result.problem.sentence
  }
  const ECR = 'registry: 123456789012.dkr.ecr.eu-central-1.amazonaws.com'

  test('a credential in each of its forms, with the secret behind its reference', () => {
    expect(held('registry: docker.io, username: acme, password: { env: GHCR_TOKEN }, expires: "2027-03-31"')).toMatchObject({
      holds: { kind: 'basic', username: 'acme' },
      expires: Date.UTC(2027, 2, 31),
    })
    expect(held('registry: harbor.example.com, family: harbor, identity_token: { env: GHCR_TOKEN }')).toMatchObject({
      holds: { kind: 'identity' },
      family: 'harbor',
      expires: null,
    })
    expect(held('registry: ghcr.io, docker_config: ~/.docker')).toMatchObject({ holds: { kind: 'docker-config', where: '~/.docker' } })
    const minted = held(`${ECR}, aws: { access_key_id: AKIAEXAMPLE, secret_access_key: { env: GHCR_TOKEN } }`)
    expect(minted).toMatchObject({ holds: { kind: 'exchange', key: 'aws', given: { access_key_id: 'AKIAEXAMPLE' } } })
    expect(JSON.stringify(minted)).not.toContain('canary')
  })

  test.each([
    ['registry: ghcr.io', 'credentials.one must hold exactly one kind of credential, and it holds none.'],
    [
      'registry: ghcr.io, username: a, password: { env: GHCR_TOKEN }, identity_token: { env: GHCR_TOKEN }',
      'credentials.one must hold exactly one kind of credential, and it holds password, identity_token.',
    ],
    ['registry: ghcr.io, username: a', 'credentials.one needs both username and password.'],
    ['registry: ghcr.io, password: { env: GHCR_TOKEN }', 'credentials.one needs both username and password.'],
    ['registry: ghcr.io, aws: { access_key_id: a, secret_access_key: { env: GHCR_TOKEN } }', 'There is no exchange "aws" for ghcr.io.'],
    [`${ECR}, aws: { access_key_id: a }`, 'credentials.one.aws.secret_access_key is missing.'],
    [
      `${ECR}, aws: { access_key_id: b, session_tokn: a, secret_access_key: { env: GHCR_TOKEN } }`,
      'The key "session_tokn" is not known here. Did you mean "session_token"?',
    ],
    [
      `${ECR}, aws: { access_key_id: a, secret_access_key: canary }`,
      'credentials.one.aws.secret_access_key must be { env: NAME } or { file: PATH }: secrets are given by reference.',
    ],
    ['registry: ghcr.io, family: haror, docker_config: x', /^credentials.one.family must be one of ghcr, docker-hub, /],
    ['registry: ghcr.io, docker_config: x, expires: soon', 'credentials.one.expires must be a day such as 2027-03-31, in quotes.'],
  ])('%s is refused', (text, sentence) => {
    expect(held(text)).toEqual(typeof sentence === 'string' ? sentence : expect.stringMatching(sentence))
  })

  test('targets: options that the kind has checked, bounds by id, and nothing allowed by default', () => {
    const demo = operatorOf(FILE).targets.get('demo')
    expect(demo).toMatchObject({ name: 'demo', kind: 'static', options: { listen: '127.0.0.1:8081' }, pulls: 'credential', credential: 'ghcr' })
    expect(demo?.allow).toEqual([
      {
        repositoryId: 1_296_269,
        owner: 'acme',
        environments: ['staging', 'preview-*'],
        images: ['ghcr.io/acme/*'],
        settings: new Map([['path', '/srv/*']]),
      },
    ])
    const bare = operatorOf('version: 1\ntargets:\n  demo: { kind: static, listen: 127.0.0.1:1 }\n').targets.get('demo')
    expect(bare).toMatchObject({ allow: [], credential: null, pulls: 'credential' })
  })

  test('secrets among a target’s own keys are handed to its kind as secrets', () => {
    const tls = 'tls: { cert: { file: /run/secrets/cert.pem }, key: { env: CLIENT_KEY } }'
    const options = operatorOf(`version: 1\ntargets:\n  box: { kind: docker, host: "tcp://box.internal:2376", ${tls} }\n`).targets.get('box')?.options
    const { cert, key } = (options as { tls: { cert: Secret; key: Secret } }).tls
    expect([cert.reveal(), key.reveal()]).toEqual(['-----BEGIN CERTIFICATE-----\ncanary', '-----BEGIN PRIVATE KEY-----\ncanary'])
  })

  test('registries that may be plain HTTP; everything may be left out', () => {
    expect(operatorOf(FILE).plainHttp).toEqual(['registry.internal:5000'])
    expect(operatorOf(FILE).trustedRealms).toEqual(['https://tokens.internal'])
    expect(operatorOf('version: 1\n')).toEqual({ ...NO_OPERATOR, text: 'version: 1\n' })
  })

  test('the revision changes with the declaration, not with who may use it, and holds no secret', () => {
    const revision = (text: string) => operatorOf(text).targets.get('demo')?.revision
    expect(revision(FILE)).toBe(revision(FILE.replace('[staging, "preview-*"]', '[production]')))
    expect(revision(FILE)).not.toBe(revision(FILE.replace('8081', '8082')))
    expect(revision(FILE)).not.toBe(revision(FILE.replace('    credential: ghcr\n', '')))
    expect(revision(FILE)).not.toContain('canary')
  })

  test('the revision of what the vault keeps holds no secret either, and stays when one is rotated', () => {
    const pem = (what: string, text: string) => ({ sealed: `-----BEGIN ${what}-----\n${text}` })
    const kept = (text: string, host: string) => {
      const tls = { ca: pem('CERTIFICATE', text), cert: pem('CERTIFICATE', text), key: pem('PRIVATE KEY', text) }
      return { account: 42, kind: 'target', name: 'prod', json: JSON.stringify({ kind: 'docker', host, tls }) } as const
    }
    const revision = (text: string, host = 'tcp://engine.example.com:2376') => {
      const found = readOperatorFile('version: 1', KINDS, () => undefined, { exchanges, families }, [kept(text, host)])
      return 'operator' in found ? (found.operator.targets.get('prod@42')?.revision ?? '') : ''
    }
    expect(revision('canary')).toContain('engine.example.com')
    expect(revision('canary')).not.toMatch(/canary|BEGIN/)
    expect(revision('another')).toBe(revision('canary'))
    expect(revision('canary', 'tcp://other.example.com:2376')).not.toBe(revision('canary'))
  })
})

test('accounts are known by their ids, and reach this machine only where that is said', () => {
  const { accounts } = operatorOf(
    `${FILE}accounts: { acme: { id: 42, administrators: [team:Acme/platform, user:ada] }, umbrella: { id: 43, this_machine: true } }\n`,
  )
  expect([...accounts]).toEqual([
    [
      42,
      {
        administrators: [
          { kind: 'team', organisation: 'Acme', slug: 'platform' },
          { kind: 'user', login: 'ada' },
        ],
        mayUseMachine: false,
      },
    ],
    [43, { administrators: [], mayUseMachine: true }],
  ])
})

describe('what is wrong is said at its place, and no value is repeated', () => {
  test.each([
    ['an empty file', '', '1:1 | The file must be a mapping of keys to values, and it is empty.'],
    [
      'an unknown key',
      FILE.replace('credentials', 'credential'),
      '2:1 credential | The key "credential" is not known here. Did you mean "credentials"?',
    ],
    [
      'a password in the open',
      FILE.replace('{ env: GHCR_TOKEN }', 'canary'),
      '3:84 | credentials.ghcr.password must be { env: NAME } or { file: PATH }: secrets are given by reference.',
    ],
    ['a password as a number', FILE.replace('{ env: GHCR_TOKEN }', '12e45'), '3:84 | YAML reads this as another number; put it in quotes.'],
    [
      'a password as a key',
      FILE.replace('{ env: GHCR_TOKEN }', '{ canary }'),
      '3:84 | credentials.ghcr.password must be { env: NAME } or { file: PATH }: secrets are given by reference.',
    ],
    [
      'a password from two places',
      FILE.replace('{ env: GHCR_TOKEN }', '{ env: A, file: b }'),
      '3:84 | credentials.ghcr.password must be { env: NAME } or { file: PATH }: secrets are given by reference.',
    ],
    [
      'a variable that is not set',
      FILE.replace('GHCR_TOKEN', 'GHCR_TOKN'),
      '3:74 | The environment variable GHCR_TOKN that the operator file names does not exist.',
    ],
    ['an empty variable', FILE.replace('GHCR_TOKEN', 'EMPTY'), '3:74 | The environment variable EMPTY is empty.'],
    [
      'a file that is not there',
      FILE.replace('env: GHCR_TOKEN', 'file: /run/none'),
      '3:74 | The file /run/none that the operator file names does not exist.',
    ],
    [
      'white space around a secret',
      FILE.replace('env: GHCR_TOKEN', 'file: /run/secrets/padded'),
      '3:74 | The file /run/secrets/padded begins or ends with white space.',
    ],
    [
      'an address for a registry',
      FILE.replace('ghcr.io,', '"https://ghcr.io",'),
      '3:21 | credentials.ghcr.registry must be the host of a registry, such as ghcr.io or registry.internal:5000.',
    ],
    ['an alias of Docker Hub', FILE.replace('ghcr.io,', 'index.docker.io,'), '3:21 | credentials.ghcr.registry must be written as docker.io.'],
    ['an unknown kind', FILE.replace('static', 'statik'), '6:5 | There is no kind of target "statik". Did you mean "static"?'],
    [
      'a key that the kind does not know',
      FILE.replace('listen', 'listn: x\n    listen'),
      '7:5 | targets.demo: "listn" is not a key of a static target. Did you mean "listen"?',
    ],
    [
      'a value that the kind refuses',
      FILE.replace('8081', 'http'),
      '7:5 | targets.demo: "listen" in a static target cannot be used: not `host:port`.',
    ],
    ['an unknown credential', FILE.replace('credential: ghcr', 'credential: ghrc'), '8:5 | There is no credential "ghrc". Did you mean "ghcr"?'],
    [
      'a credential where none is used',
      FILE.replace('credential: ghcr', 'credential: ghcr\n    pulls: ambient'),
      '8:5 | Target demo pulls with ambient, so it cannot have a credential.',
    ],
    ['a repository by name alone', FILE.replace('        id: 1296269\n', ''), '10:9 | targets.demo.allow[0].id is missing.'],
    [
      'an image pattern that could never fit',
      FILE.replace('[ghcr.io/acme/*]', '[acme/*]'),
      '13:18 | targets.demo.allow[0].images[0] must be a pattern for image repositories with their host, such as ghcr.io/acme/*, docker.io/acme/shop or *.example.com/**.',
    ],
    ...['**', '*/acme/shop', '127.*/acme/shop', '169.254.169.*/x', '*.1/x'].map((images) => [
      `images from ${images}, which may be this machine or its network`,
      FILE.replace('[ghcr.io/acme/*]', `["${images}"]`),
      '13:18 | targets.demo.allow[0].images[0] must be a pattern for image repositories with their host, such as ghcr.io/acme/*, docker.io/acme/shop or *.example.com/**.',
    ]),
    ['bounds without images', FILE.replace('        images: [ghcr.io/acme/*]\n', ''), '10:9 | targets.demo.allow[0].images is missing.'],
    [
      'another account’s team as an administrator',
      `${FILE}accounts: { acme: { id: 42, administrators: [user:ada, team:umbrella/platform] } }\n`,
      '17:56 | team:umbrella/platform is a team of another account.',
    ],
    [
      'an App as an administrator',
      `${FILE}accounts: { acme: { id: 42, administrators: [app:x] } }\n`,
      '17:46 | accounts.acme.administrators[0] must be team:ORGANISATION/TEAM or user:LOGIN.',
    ],
    ['one account under two names', `${FILE}accounts: { acme: { id: 42 }, umbrella: { id: 42 } }\n`, '17:43 | The account 42 is named twice.'],
    ['a misspelt bound', FILE.replace('settings: {', 'setings: {'), '14:9 setings | The key "setings" is not known here. Did you mean "settings"?'],
  ])('%s', (_, text, expected) => expect(wrong(text)).toBe(expected))

  test('who can put it right, and how', () => {
    expect(read('version: 2')).toMatchObject({ problem: { who: 'account', next: 'Correct line 1 of the operator file.' } })
  })
})
