import { describe, expect, test } from 'vitest'
import { permissionChanges } from '../../../src/config/permission-changes.ts'
import { compareConfigurations, readConfiguration } from '../../../src/config/repository-file.ts'
import type { Configuration } from '../../../src/deploy/environment.ts'
import { keysOfEach } from './schema-keys.ts'

/** Flow mappings, so that a row of a table is a line: `{ allow: { role: admin } }`. */
const file = ({ rules = '', image = '' } = {}): string => `version: 1
app: shop
images:
  main: { repository: ghcr.io/acme/shop${image} }
environments:
  staging: { target: staging-machine }
  production: { target: machine, url: "https://shop.example.com"${rules === '' ? '' : `, ${rules}`} }
`

function configurationOf(text: string): Configuration {
  const read = readConfiguration(text, 'shop')
  if ('problem' in read) throw new Error(JSON.stringify(read.problem))
  return read.configuration
}

const changes = (before: string | null, after: string): string[] =>
  permissionChanges(before === null ? null : configurationOf(before), configurationOf(after)).map(
    ({ direction, sentence }) => `${direction} | ${sentence}`,
  )

const ofRules = (before: string, after: string): string[] =>
  changes(file({ rules: before }), file({ rules: after })).map((line) => line.replace('shop/production: ', ''))

const A = 'approvals: { count: 1 }'
const ATTESTED = (rest: string) => `verify: { attestation: { ${rest} } }`
const RELEASE = 'repository: acme/shop, workflow: .github/workflows/release.yml'

const many = (what: string, count = 50): string[] => Array.from({ length: count }, (_, index) => `${what}${index}`)
const freezes = (...windows: readonly (readonly [from: string, to: string])[]): string =>
  `freeze: [${windows.map(([from, to]) => `{ from: "${from}", to: "${to}", zone: UTC }`).join(', ')}]`

/** Key, rules before, rules after, what is said. Each row is read backwards, too. */
const ROWS: readonly (readonly [key: string, before: string, after: string, there: readonly string[], back: readonly string[]])[] = [
  [
    'allow.role',
    'allow: { role: admin }',
    '',
    ['looser | the role write is enough to deploy; it was admin.'],
    ['stricter | deploying needs the role admin; write was enough.'],
  ],
  [
    'allow.any',
    'allow: { any: [team:acme/leads] }',
    '',
    ['looser | anybody with the role may deploy; only team:acme/leads could.'],
    ['stricter | only team:acme/leads may deploy; anybody with the role could.'],
  ],
  [
    'allow.any',
    'allow: { any: [team:acme/leads, user:ada] }',
    'allow: { any: [user:ada, app:release-bot] }',
    ['looser | app:release-bot may deploy without a role.', 'stricter | team:acme/leads may no longer deploy.'],
    ['looser | team:acme/leads may deploy, too.', 'stricter | app:release-bot may no longer deploy without a role.'],
  ],
  [
    'allow.any',
    '',
    'allow: { any: [app:12345] }',
    ['looser | app:12345 may deploy without a role.', 'stricter | nobody may deploy by their role; anybody with the role could.'],
    ['looser | anybody with the role may deploy; nobody could by their role.', 'stricter | app:12345 may no longer deploy without a role.'],
  ],
  ['allow.any', 'allow: { any: [user:ada] }', 'allow: { any: [user:Ada] }', [], []],
  [
    'from.branches',
    'from: { branches: [main] }',
    '',
    ['looser | any branch may be deployed; only "main" could.'],
    ['stricter | only "main" may be deployed; any branch could.'],
  ],
  [
    'from.branches',
    'from: { branches: [main] }',
    'from: { branches: [main, "release/*"] }',
    ['looser | the branch "release/*" may be deployed, too.'],
    ['stricter | the branch "release/*" may no longer be deployed.'],
  ],
  [
    'from.branches',
    'from: { branches: [main, dev] }',
    'from: { branches: ["**"] }',
    ['looser | any branch may be deployed; only "main", "dev" could.'],
    ['stricter | only "main", "dev" may be deployed; any branch could.'],
  ],
  [
    'from.branches',
    'from: { branches: ["release/*"] }',
    'from: { branches: ["release/**"] }',
    ['looser | the branch "release/**" may be deployed, too.'],
    ['stricter | the branch "release/**" may no longer be deployed.'],
  ],
  [
    'from.branches',
    'from: { branches: ["*/*"] }',
    'from: { branches: ["*/*", "a/**"] }',
    ['looser | the branch "a/**" may be deployed, too.'],
    ['stricter | the branch "a/**" may no longer be deployed.'],
  ],
  ['from.branches', '', 'from: { branches: ["**"] }', [], []],
  ['from.branches', 'from: { branches: ["**"] }', 'from: { branches: ["**", main] }', [], []],
  [
    'from.branches',
    'from: { branches: ["**", main] }',
    'from: { branches: [main] }',
    ['stricter | only "main" may be deployed; any branch could.'],
    ['looser | any branch may be deployed; only "main" could.'],
  ],
  [
    'from.pull_requests',
    'from: { pull_requests: false }',
    '',
    ['looser | the head of a pull request may be deployed.'],
    ['stricter | the head of a pull request may no longer be deployed.'],
  ],
  [
    'from.forks',
    '',
    'from: { forks: true }',
    ["looser | the head of a fork's pull request may be deployed."],
    ["stricter | the head of a fork's pull request may no longer be deployed."],
  ],
  [
    'from.forks',
    'from: { pull_requests: false, forks: true, drafts: true }',
    'from: { forks: true, drafts: true }',
    [
      'looser | the head of a pull request may be deployed.',
      "looser | the head of a fork's pull request may be deployed.",
      'looser | a draft may be deployed.',
    ],
    [
      'stricter | the head of a pull request may no longer be deployed.',
      "stricter | the head of a fork's pull request may no longer be deployed.",
      'stricter | a draft may no longer be deployed.',
    ],
  ],
  ['from.drafts', 'from: { pull_requests: false }', 'from: { pull_requests: false, forks: true, drafts: true }', [], []],
  ['from.drafts', '', 'from: { drafts: true }', ['looser | a draft may be deployed.'], ['stricter | a draft may no longer be deployed.']],
  [
    'auto.push',
    '',
    'auto: { push: [main] }',
    ['looser | a push to "main" is deployed by itself.'],
    ['stricter | a push to "main" is no longer deployed by itself.'],
  ],
  [
    'auto.checks',
    'auto: { push: [main] }',
    'auto: { push: [main], checks: green }',
    ['stricter | what begins by itself waits for green checks.'],
    ['looser | what begins by itself no longer waits for green checks.'],
  ],
  [
    'auto.push',
    'auto: { push: [release], checks: green }',
    'auto: { checks: green }',
    [
      'looser | a push to the default branch is deployed by itself once its checks are green.',
      'stricter | a push to "release" is no longer deployed by itself.',
    ],
    [
      'looser | a push to "release" is deployed by itself once its checks are green.',
      'stricter | a push to the default branch is no longer deployed by itself.',
    ],
  ],
  [
    'auto.push',
    'auto: { push: [release] }',
    'auto: { checks: green }',
    [
      'looser | a push to the default branch is deployed by itself once its checks are green.',
      'stricter | a push to "release" is no longer deployed by itself.',
      'stricter | what begins by itself waits for green checks.',
    ],
    [
      'looser | a push to "release" is deployed by itself.',
      'looser | what begins by itself no longer waits for green checks.',
      'stricter | a push to the default branch is no longer deployed by itself.',
    ],
  ],
  [
    'auto.push',
    'auto: { checks: green }',
    'auto: { push: ["**"], checks: green }',
    ['looser | a push to "**" is deployed by itself once its checks are green.'],
    ['stricter | a push to "**" is no longer deployed by itself.'],
  ],
  ['auto.push', 'auto: { push: ["release/*"] }', 'auto: { push: ["release/*", release/1] }', [], []],
  [
    'auto.checks',
    '',
    'auto: { checks: green }',
    ['looser | a push to the default branch is deployed by itself once its checks are green.'],
    ['stricter | a push to the default branch is no longer deployed by itself.'],
  ],
  [
    'auto.package',
    'verify: { commit: claimed }',
    'verify: { commit: claimed }, auto: { package: published }',
    ['looser | a published image of ghcr.io/acme/shop is deployed by itself.'],
    ['stricter | a published image of ghcr.io/acme/shop is no longer deployed by itself.'],
  ],
  ['auto.package', '', 'auto: { package: published }', [], []],
  [
    'auto.package',
    'auto: { package: published }',
    'auto: { package: published }, verify: { commit: proved, attestation: { repository: acme/shop, workflow: .github/workflows/release.yml, ref: refs/heads/main } }',
    [
      'looser | a published image of ghcr.io/acme/shop is deployed by itself.',
      'stricter | an attestation has to say which commit an image was built from; it was nothing.',
      'stricter | an image has to be attested by ".github/workflows/release.yml" of acme/shop for "refs/heads/main".',
    ],
    [
      'looser | nothing has to say which commit an image was built from; it was an attestation.',
      'looser | an image no longer has to be attested by ".github/workflows/release.yml" of acme/shop for "refs/heads/main".',
      'stricter | a published image of ghcr.io/acme/shop is no longer deployed by itself.',
    ],
  ],
  [
    'approvals.count',
    A,
    '',
    ['looser | no approval is needed; it was 1 approval by anybody with the role write.'],
    ['stricter | 1 approval by anybody with the role write is needed; none was.'],
  ],
  [
    'approvals.count',
    'approvals: { count: 2 }',
    A,
    ['looser | the number of approvals needed is 1; it was 2.'],
    ['stricter | the number of approvals needed is 2; it was 1.'],
  ],
  [
    'approvals.by',
    'approvals: { count: 1, by: [team:acme/leads] }',
    A,
    ['looser | anybody with the role write may approve; only team:acme/leads could.'],
    ['stricter | only team:acme/leads may approve; anybody with the role write could.'],
  ],
  [
    'approvals.not',
    A,
    'approvals: { count: 1, not: [author] }',
    ['looser | whoever asked may approve.', 'looser | whoever pushed may approve.'],
    ['stricter | whoever asked may no longer approve.', 'stricter | whoever pushed may no longer approve.'],
  ],
  [
    'approvals.not',
    '',
    'approvals: { count: 1, not: [] }',
    [
      'stricter | 1 approval by anybody with the role write (even whoever asked or the author of the pull request or whoever pushed) is needed; none was.',
    ],
    [
      'looser | no approval is needed; it was 1 approval by anybody with the role write (even whoever asked or the author of the pull request or whoever pushed).',
    ],
  ],
  [
    'approvals.by',
    'approvals: { count: 1, by: [app:release-bot] }',
    A,
    ['looser | anybody with the role write may approve; nobody could by their role.'],
    ['stricter | nobody may approve by their role; anybody with the role write could.'],
  ],
  ['approvals.by', 'approvals: { count: 1, by: [user:ada] }', 'approvals: { count: 1, by: [user:Ada, app:release-bot] }', [], []],
  [
    'approvals.expire',
    A,
    'approvals: { count: 1, expire: 2d }',
    ['different | approvals are waited for 2d; it was 4h.'],
    ['different | approvals are waited for 4h; it was 2d.'],
  ],
  [
    'require.checks',
    'require: { checks: [{ name: build, app: github-actions }] }',
    '',
    [
      'looser | no check has to be green; it was the check "build" of github-actions.',
      'looser | nothing has to say which commit an image was built from; it was its label.',
    ],
    [
      'stricter | the check "build" of github-actions has to be green.',
      'stricter | its label has to say which commit an image was built from; it was nothing.',
    ],
  ],
  [
    'require.checks',
    'require: { checks: all }',
    'verify: { commit: claimed }',
    ['looser | no check has to be green; it was every check that reports.'],
    ['stricter | every check that reports has to be green.'],
  ],
  ['verify.commit', 'require: { checks: all }', 'require: { checks: all }, verify: { commit: claimed }', [], []],
  [
    'require.reviews',
    '',
    'require: { reviews: 1 }',
    [
      'stricter | the number of reviews asked for is 1; it was 0.',
      'stricter | its label has to say which commit an image was built from; it was nothing.',
    ],
    [
      'looser | the number of reviews asked for is 0; it was 1.',
      'looser | nothing has to say which commit an image was built from; it was its label.',
    ],
  ],
  [
    'require.checks',
    'require: { checks: [{ name: build, app: github-actions }, { name: lint }] }',
    'require: { checks: [{ name: build }, { name: lint }] }',
    ['looser | the check "build" of github-actions no longer has to be green.', 'stricter | the check "build" of anybody has to be green.'],
    ['looser | the check "build" of anybody no longer has to be green.', 'stricter | the check "build" of github-actions has to be green.'],
  ],
  [
    'require.checks',
    'require: { checks: [{ name: build }] }',
    'require: { checks: all }',
    ['different | every check that reports has to be green; it was the check "build" of anybody.'],
    ['different | the check "build" of anybody has to be green; it was every check that reports.'],
  ],
  [
    'require.reviews',
    'require: { reviews: 2 }',
    'require: { reviews: 1 }',
    ['looser | the number of reviews asked for is 1; it was 2.'],
    ['stricter | the number of reviews asked for is 2; it was 1.'],
  ],
  [
    'require.up_to_date',
    'require: { up_to_date: true }',
    '',
    ['looser | a pull request no longer has to be up to date with its base branch.'],
    ['stricter | a pull request has to be up to date with its base branch.'],
  ],
  [
    'require.signed',
    'require: { signed: true }',
    '',
    ['looser | the commit no longer has to be signed.', 'looser | nothing has to say which commit an image was built from; it was its label.'],
    ['stricter | the commit has to be signed.', 'stricter | its label has to say which commit an image was built from; it was nothing.'],
  ],
  [
    'verify.commit',
    'verify: { commit: claimed }',
    '',
    ['looser | nothing has to say which commit an image was built from; it was its label.'],
    ['stricter | its label has to say which commit an image was built from; it was nothing.'],
  ],
  [
    'verify.attestation.ref',
    ATTESTED(`${RELEASE}, ref: refs/heads/main`),
    ATTESTED(RELEASE),
    ['looser | an attestation for any ref counts; it was for "refs/heads/main".'],
    ['stricter | an attestation for "refs/heads/main" counts; it was for any ref.'],
  ],
  [
    'verify.attestation.repository',
    ATTESTED(RELEASE),
    ATTESTED(RELEASE.replace('acme/shop', 'acme/build')),
    ['different | an image has to be attested in acme/build; it was acme/shop.'],
    ['different | an image has to be attested in acme/shop; it was acme/build.'],
  ],
  [
    'verify.attestation.workflow',
    ATTESTED(RELEASE),
    ATTESTED(RELEASE.replace('release', 'build')),
    ['different | an image has to be attested by ".github/workflows/build.yml"; it was ".github/workflows/release.yml".'],
    ['different | an image has to be attested by ".github/workflows/release.yml"; it was ".github/workflows/build.yml".'],
  ],
  [
    'verify.attestation.workflow',
    ATTESTED(RELEASE),
    'verify: { commit: proved, attestation: { repository: acme/shop, workflow: .github/workflows/release.yml, ref: refs/tags/v1 } }',
    ['stricter | an attestation for "refs/tags/v1" counts; it was for any ref.'],
    ['looser | an attestation for any ref counts; it was for "refs/tags/v1".'],
  ],
  [
    'verify.commit',
    ATTESTED(RELEASE),
    '',
    [
      'looser | nothing has to say which commit an image was built from; it was an attestation.',
      'looser | an image no longer has to be attested by ".github/workflows/release.yml" of acme/shop for any ref.',
    ],
    [
      'stricter | an attestation has to say which commit an image was built from; it was nothing.',
      'stricter | an image has to be attested by ".github/workflows/release.yml" of acme/shop for any ref.',
    ],
  ],
  [
    'after.environment',
    'after: { environment: staging }',
    '',
    ['looser | what is deployed no longer has to run in staging before.'],
    ['stricter | what is deployed has to run in staging before.'],
  ],
  [
    'after.healthy_for',
    'after: { environment: staging, healthy_for: 90s }',
    'after: { environment: staging }',
    ['looser | it has to have been healthy there for 0s; it was 90s.'],
    ['stricter | it has to have been healthy there for 90s; it was 0s.'],
  ],
  [
    'freeze',
    'freeze: [{ from: "fri 15:00", to: "mon 08:05", zone: Europe/Berlin }]',
    '',
    ['looser | there is no freeze from fri 15:00 to mon 08:05 Europe/Berlin any more.'],
    ['stricter | nothing is deployed from fri 15:00 to mon 08:05 Europe/Berlin.'],
  ],
  [
    'freeze',
    freezes(['fri 15:00', 'mon 08:00']),
    freezes(['fri 14:00', 'mon 09:00']),
    ['stricter | nothing is deployed from fri 14:00 to mon 09:00 UTC.'],
    ['looser | of the freeze from fri 14:00 to mon 09:00 UTC only this is left: from fri 15:00 to mon 08:00 UTC.'],
  ],
  [
    'freeze',
    freezes(['fri 15:00', 'mon 08:00'], ['wed 15:00', 'thu 08:00']),
    freezes(['wed 16:00', 'wed 18:00'], ['thu 07:00', 'thu 09:00'], ['fri 15:00', 'mon 08:00']),
    [
      'looser | of the freeze from wed 15:00 to thu 08:00 UTC only this is left: from wed 16:00 to wed 18:00 UTC.',
      'stricter | nothing is deployed from thu 07:00 to thu 09:00 UTC.',
    ],
    ['looser | there is no freeze from thu 07:00 to thu 09:00 UTC any more.', 'stricter | nothing is deployed from wed 15:00 to thu 08:00 UTC.'],
  ],
  [
    'freeze',
    freezes(['fri 15:00', 'mon 08:00']),
    freezes(['fri 15:00', 'mon 08:00']).replace('UTC', 'Europe/Berlin'),
    [
      'looser | there is no freeze from fri 15:00 to mon 08:00 UTC any more.',
      'stricter | nothing is deployed from fri 15:00 to mon 08:00 Europe/Berlin.',
    ],
    [
      'looser | there is no freeze from fri 15:00 to mon 08:00 Europe/Berlin any more.',
      'stricter | nothing is deployed from fri 15:00 to mon 08:00 UTC.',
    ],
  ],
  [
    'health.path',
    'health: { path: /healthz }',
    '',
    ['looser | "/healthz" no longer has to answer after the switch.'],
    ['stricter | "/healthz" has to answer after the switch.'],
  ],
  [
    'health.path',
    'health: { path: /healthz }',
    'health: { path: / }',
    ['different | "/" has to answer after the switch; it was "/healthz".'],
    ['different | "/healthz" has to answer after the switch; it was "/".'],
  ],
  [
    'health.within',
    'health: { path: /, within: 60s }',
    'health: { path: /, within: 1h }',
    ['looser | health has 1h to come; it was 1m.'],
    ['stricter | health has 1m to come; it was 1h.'],
  ],
  [
    'health.times',
    'health: { path: /, times: 3 }',
    'health: { path: / }',
    ['looser | health has to be seen once; it was 3 times.'],
    ['stricter | health has to be seen 3 times; it was once.'],
  ],
  ['queue', '', 'queue: newest', ['different | the queue is newest; it was all.'], ['different | the queue is all; it was newest.']],
  [
    'on_failure',
    'on_failure: rollback_and_lock',
    'on_failure: keep',
    ['different | on_failure is keep; it was rollback_and_lock.'],
    ['different | on_failure is rollback_and_lock; it was keep.'],
  ],
  [
    'settings',
    'settings: { container: shop, env: { A: "1" } }',
    'settings: { container: shop, env: { A: "2" }, ports: ["80:80"] }',
    ['different | the settings change: env, ports.'],
    ['different | the settings change: env, ports.'],
  ],
  [
    'settings',
    '',
    `settings: { ${many('key').join(': 1, ')}: 1 }`,
    [`different | the settings change: ${many('key').join(', ')}.`],
    [`different | the settings change: ${many('key').join(', ')}.`],
  ],
  [
    'parameters',
    '',
    'parameters: { log_level: { type: string } }',
    ['looser | people may set the parameter log_level.'],
    ['stricter | people may no longer set the parameter log_level.'],
  ],
  [
    'parameters',
    'parameters: { log_level: { type: enum, of: [info] } }',
    'parameters: { log_level: { type: enum, of: [info, debug] } }',
    ['looser | people may give more values to the parameter log_level.'],
    ['stricter | people may give fewer values to the parameter log_level.'],
  ],
  [
    'parameters',
    'parameters: { log_level: { type: enum, of: [info], default: info }, size: { type: number } }',
    'parameters: { log_level: { type: string }, size: { type: string } }',
    ['looser | people may give more values to 2 parameters: log_level, size.'],
    ['stricter | people may give fewer values to 2 parameters: log_level, size.'],
  ],
  [
    'parameters',
    'parameters: { log_level: { type: enum, of: [info] } }',
    'parameters: { log_level: { type: enum, of: [debug] } }',
    ['different | the parameter log_level changes.'],
    ['different | the parameter log_level changes.'],
  ],
]

/** Rows of their own, because the rules above never change them. */
const ELSEWHERE = ['target', 'url']

describe('every rule of an environment says what gets looser or stricter', () => {
  test.each(ROWS)('%s: %s → %s', (_, before, after, there, back) => {
    expect(ofRules(before, after)).toEqual(there)
    expect(ofRules(after, before)).toEqual(back)
    expect(ofRules(before, before)).toEqual([])
  })

  test('no rule is left out', () => {
    const enforced = keysOfEach('environments').filter((key) => key !== 'before' && key !== 'preview')
    expect([...new Set([...ROWS.map(([key]) => key), ...ELSEWHERE])].toSorted()).toEqual(enforced.toSorted())
  })

  test('the target and the address', () => {
    const moved = file().replace('target: machine', 'target: other').replace('shop.example.com', 'elsewhere.example.com')
    expect(changes(file(), moved)).toEqual([
      'different | shop/production: it is deployed to the target other; it was machine.',
      'different | shop/production: its address is "https://elsewhere.example.com"; it was "https://shop.example.com".',
    ])
  })
})

describe('whom a change lets in', () => {
  const users = many('user:user', 30).join(', ')
  const teams = many('team:acme/team', 18).join(', ')

  test('is named whole, Apps first, however many come with them', () => {
    expect(ofRules('allow: { any: [user:ada] }', `allow: { any: [user:ada, ${users}, app:evil, ${teams}] }`)).toEqual([
      'looser | app:evil may deploy without a role.',
      `looser | ${users}, ${teams} may deploy, too.`,
    ])
    expect(ofRules('', `allow: { any: [${users}, app:evil, ${teams}] }`)).toEqual([
      'looser | app:evil may deploy without a role.',
      `stricter | only ${users}, ${teams} may deploy; anybody with the role could.`,
    ])
  })

  test('is named whole where people may approve', () => {
    const by = many('user:user').join(', ')
    expect(ofRules('approvals: { count: 1, by: [user:ada] }', `approvals: { count: 1, by: [${by}] }`)[0]).toBe(`looser | ${by} may approve, too.`)
  })

  test('and people who come back beside Apps are no news to the Apps', () => {
    expect(ofRules('allow: { any: [app:bot] }', 'allow: { any: [app:bot, user:ada] }')).toEqual(['looser | user:ada may deploy.'])
    expect(ofRules('allow: { any: [app:bot, user:ada] }', 'allow: { any: [app:bot] }')).toEqual(['stricter | user:ada may no longer deploy.'])
  })
})

describe('a new environment', () => {
  const added = (rules: string): string[] => changes(file(), `${file()}  new: { target: machine${rules === '' ? '' : `, ${rules}`} }\n`)
  const first = 'looser | shop/new: a new environment on the target machine: '

  test('says what may happen there and what is not demanded', () => {
    expect(added('')).toEqual([
      `${first}anybody with the role write may deploy there.`,
      'looser | shop/new: any branch may be deployed.',
      'looser | shop/new: the head of a pull request may be deployed.',
      'looser | shop/new: not demanded there: health after the switch, another environment before it, approvals, green checks, reviews, a pull request that is up to date, signed commits, images built from the commit, an attestation, a freeze.',
    ])
  })

  test('says all that its rules let in, Apps apart from people', () => {
    const rules =
      'from: { branches: [main, dev], forks: true, drafts: true }, allow: { any: [app:bot] }, auto: { push: ["**"] }, approvals: { count: 1, not: [author] }, parameters: { a: { type: string } }'
    expect(added(rules)).toEqual([
      `${first}nobody may deploy there by their role; 1 approval by anybody with the role write (even whoever asked or whoever pushed) is needed.`,
      'looser | shop/new: app:bot may deploy without a role.',
      'looser | shop/new: the branch "main" may be deployed.',
      'looser | shop/new: the branch "dev" may be deployed.',
      'looser | shop/new: the head of a pull request may be deployed.',
      "looser | shop/new: the head of a fork's pull request may be deployed.",
      'looser | shop/new: a draft may be deployed.',
      'looser | shop/new: a push to "**" is deployed by itself.',
      'looser | shop/new: people may set the parameter a.',
      'looser | shop/new: not demanded there: health after the switch, another environment before it, green checks, reviews, a pull request that is up to date, signed commits, images built from the commit, an attestation, a freeze.',
    ])
  })

  test('names people and Apps, each in their own line', () => {
    expect(added('allow: { any: [app:bot, user:ada] }, auto: { checks: green }').slice(0, 2)).toEqual([
      `${first}anybody with the role write who is one of user:ada may deploy there.`,
      'looser | shop/new: app:bot may deploy without a role.',
    ])
    expect(added('auto: { checks: green }')).toContain(
      'looser | shop/new: a push to the default branch is deployed by itself once its checks are green.',
    )
  })

  test('with every demand says nothing of them', () => {
    const every =
      'url: "https://a.example", from: { branches: [main] }, health: { path: / }, after: { environment: staging }, approvals: { count: 1 }, require: { checks: all, reviews: 1, up_to_date: true, signed: true }, verify: { attestation: { repository: acme/shop, workflow: .github/workflows/release.yml } }, freeze: [{ from: "fri 15:00", to: "mon 08:05", zone: UTC }]'
    expect(added(every)).toEqual([
      `${first}anybody with the role write may deploy there; 1 approval by anybody with the role write is needed.`,
      'looser | shop/new: the branch "main" may be deployed.',
      'looser | shop/new: the head of a pull request may be deployed.',
      'looser | shop/new: an image counts that is attested by ".github/workflows/release.yml" of acme/shop for any ref.',
    ])
  })
})

/** Of a new environment its first line alone. */
const withoutDetails = (lines: readonly string[]): string[] =>
  lines.filter((line) => !/: (any branch may|the head of|a push to|not demanded)/.test(line))

describe('images, environments and apps', () => {
  test('an image that comes from elsewhere', () => {
    const text = file({ image: ', tag: "{sha}", wait: 15m' })
    expect(changes(file(), text.replace('acme/shop,', 'mallory/shop,'))).toEqual([
      'different | shop: the image main comes from ghcr.io/mallory/shop; it was ghcr.io/acme/shop.',
      'different | shop: the image main has the tag "{sha}" where none is named; it was no tag.',
      'different | shop: the image main is waited for 15m; it was 0s.',
    ])
  })

  test('a template lets published images begin, and one that needs a number never does', () => {
    const rules = 'auto: { package: published }'
    const begins = ['looser | shop/production: a published image of ghcr.io/acme/shop is deployed by itself.']
    expect(changes(file({ rules }), file({ rules, image: ', tag: "sha-{sha}"' })).slice(0, 1)).toEqual(begins)
    expect(changes(file({ image: ', tag: "pr-{pr}"' }), file({ rules, image: ', tag: "pr-{pr}"' }))).toEqual([])
    expect(changes(file({ image: ', tag: "{branch}"' }), file({ rules, image: ', tag: "{branch}"' }))).toEqual(begins)
  })

  test('of two images each says for itself that it begins', () => {
    const two = (tag: string): string =>
      file({ rules: 'auto: { package: published }', image: ', tag: "sha-{sha}"' }).replace(
        'environments:',
        `  worker: { repository: ghcr.io/acme/worker${tag} }\nenvironments:`,
      )
    expect(changes(two(''), two(', tag: "{sha}"'))).toEqual([
      'looser | shop/production: a published image of ghcr.io/acme/worker is deployed by itself.',
      'different | shop: the image worker has the tag "{sha}" where none is named; it was no tag.',
    ])
  })

  test('what is new comes after whatever gets looser in what is there, in each app', () => {
    const app = (name: string, rest = ''): string =>
      `  ${name}:\n    images: { main: { repository: ghcr.io/acme/${name} }${rest === '' ? ', more: { repository: ghcr.io/acme/more }' : ''} }\n    environments: { production: { target: machine${rest} }${rest === '' ? ', new: { target: machine }' : ''} }\n`
    const apps = (rest = ''): string => `version: 1\napps:\n${app('a', rest)}${app('b', rest)}`
    const order = withoutDetails(changes(apps(', approvals: { count: 1 }'), apps())).map((line) => line.split(': ', 2).join(': '))
    expect(order).toEqual([
      'looser | a/production: no approval is needed; it was 1 approval by anybody with the role write.',
      'looser | b/production: no approval is needed; it was 1 approval by anybody with the role write.',
      'looser | a: images of ghcr.io/acme/more may be deployed, as more.',
      'looser | a/new: a new environment on the target machine',
      'looser | b: images of ghcr.io/acme/more may be deployed, as more.',
      'looser | b/new: a new environment on the target machine',
    ])
  })

  test('images and environments that come and go, and the default', () => {
    const text = file().replace('main: {', 'web: {').replace('  production:', '  preview:').replace('environments', 'default: preview\nenvironments')
    expect(withoutDetails(changes(file(), text))).toEqual([
      'looser | shop: images of ghcr.io/acme/shop may be deployed, as web.',
      'looser | shop/preview: a new environment on the target machine: anybody with the role write may deploy there.',
      'different | shop: the default environment is preview; it was none.',
      'stricter | shop: images of ghcr.io/acme/shop may no longer be deployed as main.',
      'stricter | shop/production: there is no such environment any more, so nothing is deployed there.',
    ])
  })

  test('the first file there is says who gets in where', () => {
    const rules = 'allow: { role: maintain, any: [team:acme/leads, user:ada] }, approvals: { count: 2 }, auto: { push: [main] }'
    expect(withoutDetails(changes(null, file({ rules })))).toEqual([
      'looser | shop: images of ghcr.io/acme/shop may be deployed, as main.',
      'looser | shop/staging: a new environment on the target staging-machine: anybody with the role write may deploy there.',
      'looser | shop/production: a new environment on the target machine: anybody with the role maintain who is one of team:acme/leads, user:ada may deploy there; 2 approvals by anybody with the role write are needed.',
    ])
  })

  test('an app under another name is another app', () => {
    expect(withoutDetails(changes(file(), file().replace('app: shop', 'app: store'))).map((line) => line.split(': ')[0])).toEqual([
      'looser | store',
      'looser | store/staging',
      'looser | store/production',
      'stricter | shop',
      'stricter | shop/staging',
      'stricter | shop/production',
    ])
  })

  test('what a stranger writes is shown whole or cut, never as it stands', () => {
    const [only = ''] = changes(file(), file({ rules: `from: { branches: ["\\u202e@everyone${'x'.repeat(230)}"] }` }))
    expect(only).toContain('only "\\u202e@everyonexxx')
    expect(only.length).toBeLessThan(250)
  })

  test('two names that read the same once they are cut are two', () => {
    const check = (end: string): string => file({ rules: `require: { checks: [{ name: ${'x'.repeat(100)}${end} }] }` })
    expect(changes(check('a'), check('b'))).toHaveLength(2)
  })
})

describe('a change of the file', () => {
  const broken = file({ rules: 'aprovals: { count: 1 }' })
  test('that breaks it has findings and no changes', () => {
    expect(compareConfigurations(file(), broken, 'shop')).toEqual({
      findings: [
        {
          code: 'CONFIGURATION_INVALID',
          line: 7,
          column: 67,
          path: 'environments.production.aprovals',
          message: 'The key "aprovals" is not known here. Did you mean "approvals"?',
          found: 'aprovals',
          wanted: expect.stringContaining('approvals'),
        },
      ],
      more: 0,
      changes: [],
      former: 'valid',
    })
  })

  test('that puts a broken one right makes everything new', () => {
    const { former, changes } = compareConfigurations(broken, file(), 'shop')
    expect([former, changes.length]).toEqual(['invalid', 9])
  })

  test('that moves nothing but words changes nothing', () => {
    expect(compareConfigurations(file(), `# a remark\n${file()}`, 'shop')).toEqual({ findings: [], more: 0, changes: [], former: 'valid' })
  })

  test('that is wrong a hundred times is said fifty times, and how much more there is', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `wrong${index}: 1\n`).join('')
    const { findings, more } = compareConfigurations(null, `${file()}${lines}`, 'shop')
    expect([findings.length, more]).toEqual([50, 50])
  })
})
