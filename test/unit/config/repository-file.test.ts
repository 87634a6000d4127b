import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { checkConfiguration, readConfiguration } from '../../../src/config/repository-file.ts'
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
  checkConfiguration(text, 'shop').map(({ line, column, path, message }) => `${line}:${column} ${path} | ${message}`)

/** The smallest file with other lines for its environment. */
const environment = (...lines: string[]): string =>
  `${SMALLEST.replace(' { target: demo }', '')}    target: demo\n${lines.map((line) => `    ${line}\n`).join('')}`

describe('what a file says', () => {
  test('the smallest one: the app has the repository’s name, and everything else is at its strictest', () => {
    const app = configurationOf(SMALLEST).apps.get('shop')
    expect(app?.images.get('main')).toEqual({ name: 'main', repository: 'ghcr.io/acme/shop', tag: null })
    expect(app?.default).toBeNull()
    expect(app?.environments.get('staging')).toEqual({
      name: 'staging',
      target: 'demo',
      settings: {},
      url: null,
      allow: { role: 'write' },
      from: { pullRequests: true, forks: false },
    })
  })

  test('every rule that is in force', () => {
    const rules = `url: https://staging.example.com\nallow: { role: maintain }\nfrom: { pull_requests: false, forks: true }\nsettings: { path: /srv, deep: [1, { a: null }] }\nqueue: all`
    const text = environment(...rules.split('\n')).replace('images:', 'app: store\ndefault: staging\nimages:')
    const app = configurationOf(text.replace('acme/shop', 'acme/shop, tag: "sha-{short_sha}"')).apps.get('store')
    expect(app?.images.get('main')?.tag).toBe('sha-{short_sha}')
    expect(app?.default).toBe('staging')
    expect(app?.environments.get('staging')).toEqual({
      name: 'staging',
      target: 'demo',
      settings: { path: '/srv', deep: [1, { a: null }] },
      url: 'https://staging.example.com',
      allow: { role: 'maintain' },
      from: { pullRequests: false, forks: true },
    })
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
    const text = environment('url: ftp://x', 'form: {}', 'queue: newest')
    expect(findings(text).map((finding) => finding.split(' | ')[0])).toEqual([
      '7:10 environments.staging.url',
      '8:5 environments.staging.form',
      '9:5 environments.staging.queue',
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

describe('a rule that is not enforced yet is refused, never ignored', () => {
  test.each([
    'auto: { push: [main] }',
    'auto: { checks: green }',
    'auto: { package: published }',
    'queue: newest',
    'health: { path: /healthz, within: 90s, times: 3 }',
    'after: { environment: staging, healthy_for: 10m }',
    'approvals: { count: 1, by: [team:acme/leads], not: [requester, author, pusher], expire: 4h }',
    'require: { checks: [{ name: build, app: github-actions }], reviews: 1, up_to_date: true, signed: true }',
    'verify: { commit: claimed, attestation: { repository: acme/shop, workflow: .github/workflows/release.yml, ref: refs/heads/main } }',
    'freeze: [{ from: "fri 15:00", to: "mon 08:00", zone: Europe/Berlin }]',
    'on_failure: rollback_and_lock',
    'parameters: { log_level: { type: enum, of: [info, debug], default: info } }',
    'before: [{ run: migrate }]',
    'preview: { expire: 3d }',
  ])('%s', (line) => {
    const key = line.split(':')[0]
    expect(readConfiguration(environment(line), 'shop')).toMatchObject({
      problem: {
        code: 'CONFIGURATION_UNSUPPORTED',
        sentence: `This version of Gantry does not enforce environments.staging.${key} yet, so it will not pretend to.`,
        found: `7:5 ${key}`,
      },
    })
  })

  test.each([
    ['from: { branches: [main] }', 'environments.staging.from.branches'],
    ['allow: { any: [team:acme/releasers, user:ada, app:release-bot] }', 'environments.staging.allow.any'],
  ])('%s', (line, path) => expect(checkConfiguration(environment(line), 'shop')).toMatchObject([{ code: 'CONFIGURATION_UNSUPPORTED', path }]))

  test('waiting for an image', () => {
    const text = SMALLEST.replace('acme/shop', 'acme/shop, wait: 15m')
    expect(checkConfiguration(text, 'shop')).toMatchObject([{ code: 'CONFIGURATION_UNSUPPORTED', line: 3, column: 42, path: 'images.main.wait' }])
  })

  test('it is read and checked all the same', () => {
    const sentence = 'environments.staging.approvals.count must be at least 1.'
    expect(readConfiguration(environment('approvals: { count: 0 }'), 'shop')).toMatchObject({ problem: { code: 'CONFIGURATION_INVALID', sentence } })
  })

  test('what is wrong comes before what is not enforced', () => {
    expect(readConfiguration(environment('queue: newest', 'url: ftp://x'), 'shop')).toMatchObject({ problem: { code: 'CONFIGURATION_INVALID' } })
  })
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
      (text) => void checkConfiguration(text, 'shop'),
    ),
    { numRuns: 1000 },
  )
})
