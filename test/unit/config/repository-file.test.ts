import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { contradictions } from '../../../src/config/contradictions.ts'
import { compareConfigurations, readConfiguration } from '../../../src/config/repository-file.ts'
import { repositorySchema } from '../../../src/config/repository-schema.ts'
import type { Configuration } from '../../../src/deploy/environment.ts'

const SMALLEST = `version: 1
images:
  main: { repository: ghcr.io/acme/shop }
environments:
  staging: { target: demo }
`

function configurationOf(text: string, repositoryName = 'shop'): Configuration {
  const read = readConfiguration(text, repositoryName)
  if ('problem' in read) throw new Error(JSON.stringify(read.problem))
  return read.configuration
}

const findings = (text: string): string[] =>
  compareConfigurations(null, text, 'shop').findings.map(({ line, column, path, message }) => `${line}:${column} ${path} | ${message}`)

/** The smallest file with other lines for its environment. */
const environment = (...lines: string[]): string =>
  `${SMALLEST.replace(' { target: demo }', '')}    target: demo\n${lines.map((line) => `    ${line}\n`).join('')}`

/** All of them, beside an environment `earlier`. */
const RULES = [
  'url: https://staging.example.com',
  'settings: { path: /srv, deep: [1, { a: null }] }',
  'allow: { role: maintain, any: [team:acme/releasers, user:ada, app:release-bot, app:12345, workflow:release.yml, "workflow:hotfix.yaml@release/*", token:ci] }',
  'from: { branches: [main, "release/*"], forks: true, drafts: true }',
  'queue: all',
  'health: { path: /healthz, within: 90s, times: 3 }',
  'after: { environment: earlier, healthy_for: 10m }',
  'approvals: { count: 2, by: [team:acme/leads], not: [requester], expire: 2h }',
  'require: { checks: [{ name: build, app: github-actions }, { name: test }], reviews: 1, up_to_date: true, signed: true }',
  'verify: { commit: claimed, attestation: { repository: acme/shop, workflow: .github/workflows/release.yml, ref: refs/heads/main } }',
  'freeze: [{ from: "fri 15:00", to: "mon 08:00", zone: Europe/Berlin }]',
  'on_failure: rollback_and_lock',
  'parameters:',
  '  log_level: { type: enum, of: [info, debug], default: info }',
  '  replicas: { type: number, default: 3 }',
  '  dark: { type: boolean, default: false }',
  '  note: { type: string }',
]

describe('what a file says', () => {
  test('the smallest one: the app has the repository’s name, and everything else is at its strictest', () => {
    const app = configurationOf(SMALLEST).apps.get('shop')
    expect(app?.images.get('main')).toEqual({ name: 'main', repository: 'ghcr.io/acme/shop', tag: null, wait: null })
    expect(app?.default).toBeNull()
    expect(app?.environments.get('staging')).toEqual({
      name: 'staging',
      target: 'demo',
      settings: {},
      url: null,
      allow: { role: 'write', any: [] },
      from: { branches: null, pullRequests: true, forks: false, drafts: false },
      auto: null,
      queue: 'all',
      health: null,
      after: null,
      approvals: null,
      require: { checks: null, reviews: 0, upToDate: false, signed: false },
      verify: { commit: null, attestation: null },
      freeze: [],
      onFailure: 'rollback',
      parameters: {},
    })
  })

  test('every rule, with times in milliseconds', () => {
    const text = environment(...RULES)
      .replace('images:', 'app: store\ndefault: staging\nimages:')
      .replace('acme/shop', 'acme/shop, tag: "sha-{short_sha}", wait: 15m')
      .concat('  earlier: { target: demo, queue: newest, on_failure: keep }\n')
    const app = configurationOf(text).apps.get('store')
    expect(app?.images.get('main')).toMatchObject({ tag: 'sha-{short_sha}', wait: 900_000 })
    expect(app?.default).toBe('staging')
    expect(app?.environments.get('earlier')).toMatchObject({ queue: 'newest', onFailure: 'keep' })
    expect(app?.environments.get('staging')).toEqual({
      name: 'staging',
      target: 'demo',
      settings: { path: '/srv', deep: [1, { a: null }] },
      url: 'https://staging.example.com',
      allow: {
        role: 'maintain',
        any: [
          { kind: 'team', organisation: 'acme', slug: 'releasers' },
          { kind: 'user', login: 'ada' },
          { kind: 'app', app: 'release-bot' },
          { kind: 'app', app: 12345 },
          { kind: 'workflow', file: 'release.yml', ref: null },
          { kind: 'workflow', file: 'hotfix.yaml', ref: 'release/*' },
          { kind: 'token', name: 'ci' },
        ],
      },
      from: { branches: ['main', 'release/*'], pullRequests: true, forks: true, drafts: true },
      auto: null,
      queue: 'all',
      health: { path: '/healthz', within: 90_000, times: 3 },
      after: { environment: 'earlier', healthyFor: 600_000 },
      approvals: { count: 2, by: [{ kind: 'team', organisation: 'acme', slug: 'leads' }], not: ['requester'], expire: 7_200_000 },
      require: {
        checks: [
          { name: 'build', app: 'github-actions' },
          { name: 'test', app: null },
        ],
        reviews: 1,
        upToDate: true,
        signed: true,
      },
      verify: {
        commit: 'claimed',
        attestation: { repository: 'acme/shop', workflow: '.github/workflows/release.yml', ref: 'refs/heads/main' },
      },
      freeze: [{ from: { day: 5, minute: 900 }, to: { day: 1, minute: 480 }, zone: 'Europe/Berlin' }],
      onFailure: 'rollback_and_lock',
      parameters: {
        log_level: { type: 'enum', of: ['info', 'debug'], default: 'info' },
        replicas: { type: 'number', of: [], default: '3' },
        dark: { type: 'boolean', of: [], default: 'false' },
        note: { type: 'string', of: [], default: null },
      },
    })
  })

  test.each([
    ['approvals: { count: 1 }', { approvals: { count: 1, by: [], not: ['requester', 'author', 'pusher'], expire: 14_400_000 } }],
    ['approvals: { count: 1, not: [] }', { approvals: { not: [] } }],
    ['require: { checks: all }', { require: { checks: 'all', reviews: 0 } }],
    ['verify: { attestation: { repository: a/b, workflow: .github/workflows/c.yml } }', { verify: { commit: 'proved', attestation: { ref: null } } }],
    ['auto: { push: [main, "release/*"] }', { auto: { push: ['main', 'release/*'], checks: false, package: false } }],
    ['auto: { checks: green, package: published }', { auto: { push: [], checks: true, package: true } }],
    ['from: {}', { from: { branches: null, pullRequests: true, forks: false, drafts: false } }],
    ['allow: {}', { allow: { role: 'write', any: [] } }],
    ['parameters: { a: { type: enum, of: ["true", "no"], default: true } }', { parameters: { a: { default: 'true' } } }],
    ['settings: { text: "{not_declared}" }', { settings: { text: '{not_declared}' } }],
  ])('%s', (line, expected) => expect(configurationOf(environment(line)).apps.get('shop')?.environments.get('staging')).toMatchObject(expected))

  test('health without a time: a minute, once', () => {
    const app = configurationOf(environment('url: https://a.example', 'health: { path: / }', 'after: { environment: b }') + '  b: { target: demo }\n')
    expect(app.apps.get('shop')?.environments.get('staging')).toMatchObject({ health: { within: 60_000, times: 1 }, after: { healthyFor: 0 } })
  })

  test('several apps, each with everything of its own', () => {
    const app = (image: string) => `{ images: { main: { repository: ghcr.io/acme/${image} } }, environments: { staging: { target: demo } } }`
    const { apps } = configurationOf(`version: 1\napps:\n  shop: ${app('shop')}\n  admin: ${app('admin')}\n`)
    expect([...apps.keys()]).toEqual(['shop', 'admin'])
    expect(apps.get('admin')?.images.get('main')?.repository).toBe('ghcr.io/acme/admin')
  })

  test('names that objects know of themselves are names like any other', () => {
    const { apps } = configurationOf(SMALLEST.replace('staging', 'toString').replace('main', 'valueOf'))
    expect(apps.get('shop')?.environments.has('toString')).toBe(true)
    expect(apps.get('shop')?.environments.has('hasOwnProperty')).toBe(false)
  })
})

describe('what is wrong is said at its place', () => {
  test.each([
    ['nothing', '', '1:1  | The file must be a mapping of keys to values, and it is empty.'],
    ['another version', SMALLEST.replace('1', '2'), '1:10 version | version must be 1.'],
    ['no version', SMALLEST.replace('version: 1', ''), '2:1 version | version is missing.'],
    [
      'an unknown key',
      SMALLEST.replace('environments', 'enviroments'),
      '4:1 enviroments | The key "enviroments" is not known here. Did you mean "environments"?',
    ],
    ['no images', SMALLEST.replace(/images:\n.*\n/, ''), '1:1 images | images is missing.'],
    ['empty images', SMALLEST.replace(/images:\n.*\n/, 'images: {}\n'), '2:9 images | images must be not empty.'],
    ['no target', SMALLEST.replace('target: demo', ''), '5:3 environments.staging.target | environments.staging.target is missing.'],
    [
      'an empty target',
      SMALLEST.replace('demo', ''),
      '5:23 environments.staging.target | environments.staging.target must be a name, and it is empty.',
    ],
    [
      'a tag that YAML reads as a number',
      SMALLEST.replace('shop }', 'shop, tag: 1234567 }'),
      '3:47 images.main.tag | images.main.tag must be a text, and YAML reads "1234567" as a number; put it in quotes.',
    ],
    [
      'a tag that YAML would change',
      SMALLEST.replace('shop }', 'shop, tag: 1.10 }'),
      '3:47 images.main.tag | YAML reads "1.10" as the number 1.1; put it in quotes.',
    ],
    [
      'an unknown placeholder',
      SMALLEST.replace('shop }', 'shop, tag: "{brunch}" }'),
      '3:47 images.main.tag | images.main.tag must be a tag with no other placeholders than {sha}, {short_sha}, {branch} and {pr} (not "{brunch}", did you mean {branch}?).',
    ],
    [
      'a tag that no registry takes',
      SMALLEST.replace('shop }', 'shop, tag: "v 1" }'),
      '3:47 images.main.tag | images.main.tag must be a tag: letters, digits, "_", "." and "-", with placeholders such as {sha}.',
    ],
    [
      'a short image name',
      SMALLEST.replace('ghcr.io/acme/shop', 'nginx'),
      '3:23 images.main.repository | images.main.repository must be written in full: docker.io/library/nginx.',
    ],
    [
      'an image with its tag',
      SMALLEST.replace('acme/shop', 'acme/shop:1.2'),
      '3:23 images.main.repository | images.main.repository must be an image repository without tag or digest; the tag has a key of its own.',
    ],
    [
      'no image',
      SMALLEST.replace('ghcr.io/acme/shop', 'GHCR.io/Acme'),
      '3:23 images.main.repository | images.main.repository must be an image repository such as ghcr.io/acme/shop.',
    ],
    [
      'a name with a space',
      SMALLEST.replace('staging', '"a b"'),
      '5:3 environments."a b" | The name "a b" must be at most 63 letters, digits, ".", "_" and "-", beginning with a letter or digit.',
    ],
    [
      'a name in other letters',
      SMALLEST.replace('staging', 'st\u0430ging'),
      '5:3 environments."st\u0430ging" | The name "st\u0430ging" must be at most 63 letters, digits, ".", "_" and "-", beginning with a letter or digit.',
    ],
    [
      'a default that is not there',
      `${SMALLEST}default: stagin\n`,
      '6:10 default | The default environment "stagin" is not declared. Did you mean "staging"?',
    ],
    [
      'an address without TLS',
      environment('url: http://example.com'),
      '7:10 environments.staging.url | environments.staging.url must be an https:// address, or an http:// one on loopback, without user name and password.',
    ],
    [
      'an address with a password',
      environment('url: https://a:b@example.com'),
      '7:10 environments.staging.url | environments.staging.url must be an https:// address, or an http:// one on loopback, without user name and password.',
    ],
    [
      'an address that no comment could hold',
      environment(`url: https://example.com/${'x'.repeat(500)}`),
      '7:10 environments.staging.url | environments.staging.url must be an address of at most 500 characters.',
    ],
    [
      'a script as an address',
      environment('url: "javascript:alert(1)"'),
      '7:10 environments.staging.url | environments.staging.url must be an https:// address, or an http:// one on loopback, without user name and password.',
    ],
    [
      'a role that loosens',
      environment('allow: { role: triage }'),
      '7:20 environments.staging.allow.role | environments.staging.allow.role must be write, maintain or admin: the file can only tighten who may deploy.',
    ],
    [
      'a word for a truth value',
      environment('from: { forks: yes }'),
      '7:20 environments.staging.from.forks | environments.staging.from.forks must be true or false.',
    ],
    ['apps and an app', `${SMALLEST}apps: { a: { images: {}, environments: {} } }\n`, '2:1 images | With apps, images must stand below one of them.'],
    [
      'two images of one repository',
      SMALLEST.replace('environments', '  other: { repository: ghcr.io/acme/shop }\nenvironments'),
      '4:24 images.other.repository | images.other.repository must be another repository than that of main.',
    ],
  ])('%s', (_, text, expected) => expect(findings(text)[0]).toBe(expected))

  test('all of it, in the order of the lines', () => {
    const text = environment('url: ftp://x', 'form: {}', 'before: []')
    expect(findings(text).map((finding) => finding.split(' | ')[0])).toEqual([
      '7:10 environments.staging.url',
      '8:5 environments.staging.form',
      '9:5 environments.staging.before',
    ])
  })

  test('what YAML would have changed beside what nobody knows, and nothing twice', () => {
    const text = environment('approvals: { count: 1e1, count: 2 }', 'form: {}').replace('shop }', 'shop, tag: 1.10, tag: "1.2" }')
    expect(findings(text)).toEqual([
      '3:47 images.main.tag | YAML reads "1.10" as the number 1.1; put it in quotes.',
      '3:53 images.main | The key "tag" stands here for the second time.',
      '7:25 environments.staging.approvals.count | YAML reads "1e1" as the number 10; put it in quotes.',
      '7:30 environments.staging.approvals | The key "count" stands here for the second time.',
      '8:5 environments.staging.form | The key "form" is not known here. Did you mean "from"?',
    ])
  })

  test('the problem names the first, shows it, and says where the others are', () => {
    expect(readConfiguration(environment('url: ftp://x', 'form: {}'), 'shop')).toEqual({
      problem: {
        code: 'CONFIGURATION_INVALID',
        sentence: 'environments.staging.url must be an https:// address, or an http:// one on loopback, without user name and password.',
        found: '7:10 ftp://x',
        wanted: 'an https:// address, or an http:// one on loopback, without user name and password',
        who: 'repository',
        next: 'Correct line 7 of .github/deploy.yml on the default branch; there is more to correct at 8:5.',
        retryable: false,
      },
    })
  })

  test('a repository whose name cannot be an app’s must name the app', () => {
    expect(readConfiguration(SMALLEST, '.github')).toMatchObject({
      problem: { sentence: 'app is missing, and the name of this repository cannot be one.' },
    })
    expect(configurationOf(`${SMALLEST}app: site\n`, '.github').apps.has('site')).toBe(true)
  })
})

describe('what is right key by key and cannot be right together', () => {
  const two = (...lines: string[]): string => `${environment(...lines)}  production: { target: demo }\n`
  test.each([
    [
      'order: an environment that is not there',
      two('after: { environment: prodution }'),
      '7:27 environments.staging.after.environment | The environment "prodution" is not declared. Did you mean "production"?',
    ],
    [
      'order: itself',
      environment('after: { environment: staging }'),
      '7:27 environments.staging.after.environment | Nothing can come after itself: staging → staging.',
    ],
    [
      'order: a circle',
      `${environment('after: { environment: qa }')}  qa: { target: demo, after: { environment: staging } }\n`,
      '7:27 environments.staging.after.environment | Nothing can come after itself: staging → qa → staging.',
    ],
    [
      'health without an address',
      environment('health: { path: /healthz }'),
      '7:13 environments.staging.health | environments.staging.health needs url: the path is asked for at that address.',
    ],
    [
      'proof without an attestation',
      environment('verify: { commit: proved }'),
      '7:23 environments.staging.verify.commit | environments.staging.verify.commit is proved by an attestation, and none is named.',
    ],
    [
      'reviews where nothing is deployed from pull requests',
      environment('from: { pull_requests: false }', 'require: { reviews: 1 }'),
      '8:25 environments.staging.require.reviews | environments.staging.require.reviews and from.pull_requests: false leave nothing to deploy: reviews belong to pull requests.',
    ],
    [
      'reviews of what begins by itself',
      environment('auto: { push: [main] }', 'require: { reviews: 1 }'),
      '7:11 environments.staging.auto | environments.staging.auto and require.reviews contradict each other: reviews belong to pull requests, and what begins by itself has none.',
    ],
    [
      'nothing to begin with',
      environment('auto: {}'),
      '7:11 environments.staging.auto | environments.staging.auto must be at least one of push, checks and package.',
    ],
    [
      'packages that GitHub does not hold',
      environment('auto: { package: published }').replace('ghcr.io', 'quay.io'),
      '7:22 environments.staging.auto.package | GitHub tells of packages on ghcr.io alone, and no image of the app is there.',
    ],
    [
      'a push to a branch that is not let in',
      environment('from: { branches: ["release/*"] }', 'auto: { push: ["release/*", main] }'),
      '8:33 environments.staging.auto.push[1] | environments.staging.auto.push[1] is no branch that from.branches lets in.',
    ],
    [
      'a freeze without length',
      environment('freeze: [{ from: "fri 15:00", to: "fri 15:00", zone: UTC }]'),
      '7:39 environments.staging.freeze[0].to | environments.staging.freeze[0].to must be another moment than from.',
    ],
    [
      'an enum of nothing',
      environment('parameters: { level: { type: enum } }'),
      '7:34 environments.staging.parameters.level.type | environments.staging.parameters.level.type: enum needs of, what it may be.',
    ],
    [
      'a list for what is no enum',
      environment('parameters: { level: { type: string, of: [a] } }'),
      '7:46 environments.staging.parameters.level.of | environments.staging.parameters.level.of belongs to type: enum alone.',
    ],
    [
      'a default outside of the enum',
      environment('parameters: { level: { type: enum, of: [a, b], default: c } }'),
      '7:61 environments.staging.parameters.level.default | environments.staging.parameters.level.default must be one of a, b.',
    ],
    [
      'a default that is no number',
      environment('parameters: { level: { type: number, default: "1e3" } }'),
      '7:51 environments.staging.parameters.level.default | environments.staging.parameters.level.default must be a number such as 3 or 0.5.',
    ],
    [
      'a default that is no truth value',
      environment('parameters: { level: { type: boolean, default: "yes" } }'),
      '7:52 environments.staging.parameters.level.default | environments.staging.parameters.level.default must be true or false.',
    ],
  ])('%s', (_, text, expected) => expect(findings(text)).toContainEqual(expected))

  test('several apps: the path begins with the app', () => {
    const text = `version: 1\napps:\n  shop:\n    images: { main: { repository: ghcr.io/acme/shop } }\n    environments: { staging: { target: demo, health: { path: / } } }\n`
    expect(findings(text)).toEqual([
      '5:54 apps.shop.environments.staging.health | apps.shop.environments.staging.health needs url: the path is asked for at that address.',
    ])
  })
})

describe('hundreds of environments that come after each other', () => {
  const many = (length: number, after: (index: number) => number | string): string =>
    `${SMALLEST}${Array.from({ length }, (_, index) => `  e${index}: { target: demo, after: { environment: e${after(index)} } }\n`).join('')}`

  test('are followed once, not once for each', () => {
    const length = 1_000
    const { environments } = repositorySchema.parse({
      version: 1,
      environments: Object.fromEntries(
        Array.from({ length }, (_, index) => [
          `e${index}`,
          { target: 'demo', after: { environment: `e${index === length - 1 ? index - 1 : index + 1}` } },
        ]),
      ),
    })
    let steps = 0
    const counted = new Proxy(environments ?? {}, { get: (all, name) => ((steps += 1), Reflect.get(all, name)) })
    const nowhere = { line: 1, column: 1, source: '' }
    const found = contradictions({ images: { main: { repository: 'ghcr.io/acme/shop' } }, environments: counted }, [], {
      value: null,
      valueAt: () => nowhere,
      keyAt: () => nowhere,
    })
    expect(found.map(({ message }) => message)).toEqual([
      'Nothing can come after itself: e998 → e999 → e998.',
      'Nothing can come after itself: e999 → e998 → e999.',
    ])
    expect(steps).toBeLessThan(10 * length)
  })

  test('and a sentence does not name all of them', () => {
    expect(findings(many(30, (index) => (index + 1) % 30))[0]).toContain(
      'Nothing can come after itself: e0 → e1 → e2 → e3 → e4 → e5 → e6 → e7 → e8 → e9 → … → e0.',
    )
  })

  test('and where many are not declared only the first ones are guessed at', () => {
    const told = findings(many(40, (index) => `${index}x`))
    expect(told.length).toBe(40)
    expect(told.filter((text) => text.includes('Did you mean')).length).toBe(5)
  })
})

describe('a rule that is wrong is said at its place', () => {
  test.each([
    [
      'freeze: [{ from: "fri 15:00", to: "mon 8:00", zone: UTC }]',
      '7:39 environments.staging.freeze[0].to | environments.staging.freeze[0].to must be a day and time such as "fri 15:00".',
    ],
    [
      'freeze: [{ from: "fri 15:00", to: "mon 08:00", zone: Europe/Berln }]',
      '7:58 environments.staging.freeze[0].zone | environments.staging.freeze[0].zone must be a time zone such as Europe/Berlin or UTC.',
    ],
    [
      'freeze: [{ from: "fri 15:00", to: "mon 08:00", zone: "+02:00" }]',
      '7:58 environments.staging.freeze[0].zone | environments.staging.freeze[0].zone must be a time zone such as Europe/Berlin or UTC.',
    ],
    [
      'require: { checks: [{ name: build, ap: github-actions }] }',
      '7:40 environments.staging.require.checks[0].ap | The key "ap" is not known here. Did you mean "app"?',
    ],
    [
      'require: { checks: [{ name: build, app: GitHub Actions }] }',
      `7:45 environments.staging.require.checks[0].app | environments.staging.require.checks[0].app must be an App's slug, such as github-actions.`,
    ],
    [
      'require: { checks: everything }',
      '7:24 environments.staging.require.checks | environments.staging.require.checks must be all, or a list such as [{ name: build, app: github-actions }].',
    ],
    ['require: { checks: [] }', '7:24 environments.staging.require.checks | environments.staging.require.checks must be not empty.'],
    ['require: { review: 1 }', '7:16 environments.staging.require.review | The key "review" is not known here. Did you mean "reviews"?'],
    ['approvals: { count: 0 }', '7:25 environments.staging.approvals.count | environments.staging.approvals.count must be at least 1.'],
    ['approvals: { count: 11 }', '7:25 environments.staging.approvals.count | environments.staging.approvals.count must be at most 10.'],
    ['approvals: { count: 1, expire: 8d }', '7:36 environments.staging.approvals.expire | environments.staging.approvals.expire must be at most 7d.'],
    [
      'approvals: { count: 1, by: [ada] }',
      '7:33 environments.staging.approvals.by[0] | environments.staging.approvals.by[0] must be team:ORGANISATION/TEAM, user:LOGIN, app:NAME-OR-ID, workflow:FILE.yml or workflow:FILE.yml@BRANCH, or token:NAME.',
    ],
    ['allow: { any: [] }', '7:19 environments.staging.allow.any | environments.staging.allow.any must be not empty.'],
    [
      'after: { environment: production, healthy_for: 10 }',
      '7:52 environments.staging.after.healthy_for | environments.staging.after.healthy_for must be a text, and YAML reads "10" as a number; put it in quotes.',
    ],
    ['health: { path: healthz }', '7:21 environments.staging.health.path | environments.staging.health.path must be a path that begins with /.'],
    ['health: { path: /, within: 2h }', '7:32 environments.staging.health.within | environments.staging.health.within must be at most 1h.'],
    [
      'from: { branches: [refs/heads/main] }',
      '7:24 environments.staging.from.branches[0] | environments.staging.from.branches[0] must be a branch without refs/: main.',
    ],
    ['queue: newst', '7:12 environments.staging.queue | environments.staging.queue must be one of newest, all.'],
    [
      'on_failure: roll_back',
      '7:17 environments.staging.on_failure | environments.staging.on_failure must be one of rollback, rollback_and_lock, keep.',
    ],
    [
      'parameters: { log.level: { type: string } }',
      '7:19 environments.staging.parameters.log.level | The name "log.level" must be at most 63 letters, digits, "_" and "-", beginning with a letter.',
    ],
    [
      'verify: { attestation: { repository: a/b, workflow: release.yml } }',
      '7:57 environments.staging.verify.attestation.workflow | environments.staging.verify.attestation.workflow must be a path such as .github/workflows/release.yml.',
    ],
    [
      'verify: { attestation: { repository: a/b, workflow: .github/workflows/a.yml, ref: main } }',
      '7:87 environments.staging.verify.attestation.ref | environments.staging.verify.attestation.ref must be a whole ref such as refs/heads/main.',
    ],
  ])('%s', (line, expected) => expect(findings(environment(line))).toEqual([expected]))

  const list = (length: number, item: string): string => `[${Array.from({ length }, () => item).join(', ')}]`
  test.each([
    ['branches', (most: number) => `from: { branches: ${list(most, 'main')} }`, 50, 'from.branches must be a list of at most 50.'],
    ['branches that are deployed', (most: number) => `auto: { push: ${list(most, 'main')} }`, 50, 'auto.push must be a list of at most 50.'],
    ['the name of a branch', (most: number) => `from: { branches: [${'a'.repeat(most)}] }`, 255, 'from.branches[0] must be at most 255 characters.'],
    ['people and teams', (most: number) => `allow: { any: ${list(most, 'user:ada')} }`, 50, 'allow.any must be a list of at most 50.'],
    [
      'those who approve',
      (most: number) => `approvals: { count: 1, by: ${list(most, 'user:ada')} }`,
      50,
      'approvals.by must be a list of at most 50.',
    ],
    ['checks', (most: number) => `require: { checks: ${list(most, '{ name: a }')} }`, 100, 'require.checks must be a list of at most 100.'],
    [
      'freezes',
      (most: number) => `freeze: ${list(most, '{ from: fri 15:00, to: mon 08:00, zone: UTC }')}`,
      20,
      'freeze must be a list of at most 20.',
    ],
  ])('%s: not without end', (_, line, most, expected) => {
    expect(findings(environment(line(most)))).toEqual([])
    expect(findings(environment(line(most + 1))).map((text) => text.split(' | ')[1])).toEqual([`environments.staging.${expected}`])
  })

  test.each([
    ['25h', 'images.main.wait must be at most 24h.'],
    ['15', 'images.main.wait must be a text, and YAML reads "15" as a number; put it in quotes.'],
    ['soon', 'images.main.wait must be a duration such as 90s, 10m or 4h.'],
  ])('wait: %s', (wait, expected) =>
    expect(findings(SMALLEST.replace('acme/shop', `acme/shop, wait: ${wait}`))).toEqual([`3:48 images.main.wait | ${expected}`]),
  )
})

describe('a rule that is not enforced yet is refused, never ignored', () => {
  test.each(['before: [{ run: migrate }]', 'preview: { expire: 3d }'])('%s', (line) => {
    const key = line.split(':')[0]
    expect(readConfiguration(environment(line), 'shop')).toMatchObject({
      problem: {
        code: 'CONFIGURATION_UNSUPPORTED',
        sentence: `This version of Gantry does not enforce environments.staging.${key} yet, so it will not pretend to.`,
        found: `7:5 ${key}`,
      },
    })
  })

  test('what is wrong comes before what is not enforced', () => {
    expect(readConfiguration(environment('before: []', 'url: ftp://x'), 'shop')).toMatchObject({ problem: { code: 'CONFIGURATION_INVALID' } })
  })
})

test('no rules, whole or broken, in any order, make it throw or pass with a finding', () => {
  const word = fc.constantFrom(
    '{}',
    '[]',
    'null',
    '0',
    'all',
    'staging',
    '{ environment: qa }',
    '{ environment: staging }',
    '{ __proto__: { type: string } }',
    '[[]]',
    '"…"',
  )
  const key = fc.constantFrom(...RULES.map((line) => line.split(':')[0] ?? ''), 'auto', 'preview', 'before')
  const line = fc.oneof(
    fc.constantFrom(...RULES.filter((rule) => !rule.startsWith(' '))),
    fc.tuple(key, word).map(([name, value]) => `${name.trim()}: ${value}`),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
      const text = `${environment(...lines)}  qa: { target: demo, after: { environment: staging } }\n`
      expect('problem' in readConfiguration(text, 'shop')).toBe(compareConfigurations(null, text, 'shop').findings.length > 0)
    }),
    { numRuns: 500 },
  )
})

test('no text makes it throw', () => {
  const piece = fc.constantFrom(
    'version: 1\n',
    'images:\n',
    '  main: ',
    'repository: ghcr.io/a/b',
    '{',
    '}',
    '\n',
    'environments:\n',
    '  staging: ',
    'target: x',
    'apps:',
    ', ',
    '[',
    ']',
    '1',
    'null',
    '"',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((pieces) => pieces.join('')),
      ),
      (text) => void compareConfigurations(null, text, 'shop'),
    ),
    { numRuns: 1000 },
  )
})
