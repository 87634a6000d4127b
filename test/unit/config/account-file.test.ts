import { describe, expect, test } from 'vitest'
import { compareConfigurations, readConfiguration } from '../../../src/config/repository-file.ts'
import type { EnvironmentRules } from '../../../src/deploy/environment.ts'

// What an account demands of its repositories, beside what each of them says itself.

const repository = (rules = ''): string => `version: 1
images:
  main: { repository: ghcr.io/acme/shop }
environments:
  production: { target: machine${rules === '' ? '' : `, ${rules}`} }
  staging: { target: machine }
`

/** Flow mappings, so that a row of a table is a line. */
const account = (demands = '', pattern = 'production'): string => `version: 1\nenvironments:\n  "${pattern}": { ${demands} }\n`

function production(rules: string, defaults: string | null, environment = 'production'): EnvironmentRules {
  const read = readConfiguration(repository(rules), 'shop', defaults)
  if ('problem' in read) throw new Error(JSON.stringify(read.problem))
  return read.configuration.apps.get('shop')?.environments.get(environment) as EnvironmentRules
}

const demanded = (rules: string, demands: string) => production(rules, account(demands)).also?.[0]

const findings = (text: string): string[] =>
  compareConfigurations(null, text, '.github', '.github/deploy-defaults.yml').findings.map(
    ({ line, column, path, message }) => `${line}:${column} ${path} | ${message}`,
  )

const ALL = `
    allow: { role: maintain, any: [team:acme/releasers] }
    from: { branches: [main], pull_requests: false, forks: false, drafts: false }
    approvals: { count: 1, by: [team:acme/leads] }
    require: { checks: all, up_to_date: true, signed: true }
    verify: { commit: claimed }
    freeze: [{ from: "fri 15:00", to: "mon 08:00", zone: Europe/Berlin }]
`

describe('what the account demands of an environment', () => {
  test('everything that it can, beside the environment’s own rules, which stay as they are', () => {
    const own = production('', null)
    const { also, verify, ...rest } = production('', `version: 1\nenvironments:\n  production:${ALL}`)
    expect({ ...rest, verify: own.verify }).toEqual(own)
    expect(verify).toEqual({ commit: 'claimed', attestation: null })
    expect(also).toEqual([
      {
        allow: { role: 'maintain', any: [{ kind: 'team', organisation: 'acme', slug: 'releasers' }] },
        from: { branches: ['main'], pullRequests: false, forks: false, drafts: false },
        approvals: {
          count: 1,
          by: [{ kind: 'team', organisation: 'acme', slug: 'leads' }],
          not: ['requester', 'author', 'pusher'],
          expire: 4 * 3_600_000,
        },
        require: { checks: 'all', reviews: 0, upToDate: true, signed: true },
        freeze: [{ from: { day: 5, minute: 900 }, to: { day: 1, minute: 480 }, zone: 'Europe/Berlin' }],
      },
    ])
  })

  test('nothing where there are no defaults, or none that match: what was stored without them reads the same', () => {
    expect(production('', null)).not.toHaveProperty('also')
    expect(production('', account('allow: { role: admin }', 'prod'))).not.toHaveProperty('also')
  })

  test.each([
    ['a name', 'production', true],
    ['a pattern', 'prod*', true],
    ['every environment', '*', true],
    ['another name', 'staging', false],
    ['a name in other letters', 'Production', false],
  ])('%s: %s', (_, pattern, isMeant) => {
    expect((production('', account('', pattern)).also ?? []).length).toBe(isMeant ? 1 : 0)
  })

  test('every entry that matches counts', () => {
    const text = 'version: 1\nenvironments:\n  "*": { allow: { role: maintain } }\n  production: { require: { signed: true } }\n'
    expect(production('', text).also).toMatchObject([{ allow: { role: 'maintain' } }, { require: { signed: true } }])
    expect(production('', text, 'staging').also).toMatchObject([{ allow: { role: 'maintain' } }])
  })

  test.each<[string, string, string, object]>([
    ['nothing', 'allow: { role: admin, any: [app:7] }', '', { allow: { role: 'admin', any: [{ kind: 'app', app: 7 }] } }],
    ['a role, and no names', 'allow: { any: [app:7] }', 'allow: { role: maintain }', { allow: { role: 'maintain', any: [{ kind: 'app', app: 7 }] } }],
    [
      'names, and no role',
      'allow: { role: admin }',
      'allow: { any: [user:ada] }',
      { allow: { role: 'admin', any: [{ kind: 'user', login: 'ada' }] } },
    ],
    ['no forks, where there are some', 'from: { forks: true }', 'from: { forks: false }', { from: { forks: false, drafts: false } }],
    ['forks, where there are none', '', 'from: { forks: true, drafts: true }', { from: { forks: false, drafts: false } }],
    ['branches', 'from: { branches: [main, dev] }', 'from: { branches: [main] }', { from: { branches: ['main'] } }],
    ['no branches', 'from: { branches: [main, dev] }', 'from: { drafts: false }', { from: { branches: ['main', 'dev'] } }],
    ['no approvals', 'approvals: { count: 2 }', '', { approvals: { count: 2 } }],
    ['fewer approvals', 'approvals: { count: 2 }', 'approvals: { count: 1 }', { approvals: { count: 1 } }],
    ['a signature', '', 'require: { signed: true }', { require: { signed: true, upToDate: false, checks: null, reviews: 0 } }],
    ['no signature', 'require: { signed: true, reviews: 2 }', 'require: { signed: false }', { require: { signed: true, reviews: 2 } }],
  ])('%s: the rest is the environment’s own', (_, own, demands, expected) => expect(demanded(own, demands)).toMatchObject(expected))

  test.each([
    ['', '', null],
    ['', 'verify: { commit: claimed }', 'claimed'],
    ['verify: { commit: claimed }', '', 'claimed'],
    ['verify: { commit: claimed }', 'verify: { commit: proved }', 'proved'],
    ['verify: { attestation: { repository: a/b, workflow: .github/workflows/c.yml } }', 'verify: { commit: claimed }', 'proved'],
  ])('one verification is made, the stricter: %s and %s', (own, demands, expected) => {
    expect(production(own, account(demands)).verify.commit).toBe(expected)
  })
})

describe('what is wrong in the account’s file', () => {
  test.each([
    ['nothing', `version: 1\nenvironments:\n  production:${ALL}`, []],
    [
      'a key that is nearly right',
      account('alow: {}'),
      ['3:19 environments.production.alow | The key "alow" is not known here. Did you mean "allow"?'],
    ],
    ...['target: x', 'settings: {}', 'auto: {}', 'url: x', 'queue: all', 'health: {}', 'after: {}', 'on_failure: keep', 'parameters: {}'].map(
      (line): [string, string, string[]] => {
        const key = line.split(':')[0]
        return [`a rule that demands nothing of anybody: ${key}`, account(line), [expect.stringContaining(`The key "${key}" is not known here.`)]]
      },
    ),
    ['an attestation', account('verify: { attestation: {} }'), [expect.stringContaining('The key "attestation" is not known here.')]],
    ['a role that would loosen', account('allow: { role: read }'), [expect.stringContaining('must be write, maintain or admin')]],
    [
      'reviews where nothing comes from pull requests',
      account('from: { pull_requests: false }, require: { reviews: 1 }'),
      [expect.stringContaining('environments.production.require.reviews must be left out')],
    ],
    [
      'a freeze without an end',
      account('freeze: [{ from: "mon 08:00", to: "mon 08:00", zone: UTC }]'),
      [expect.stringContaining('freeze[0].to must be another moment than from')],
    ],
    ['a name that none can have', account('', 'a b'), [expect.stringContaining('The name "a b" must be an environment or a pattern')]],
    ['no version', 'environments: {}\n', [expect.stringContaining('version is missing')]],
    ['no environments', 'version: 1\n', [expect.stringContaining('environments is missing')]],
    ['nothing in it', '', [expect.stringContaining('The file must be a mapping')]],
    ['a key twice', `${account()}  "production": {}\n`, [expect.stringContaining('stands here for the second time')]],
    [
      'too many',
      `version: 1\nenvironments:\n${Array.from({ length: 51 }, (_, index) => `  e${index}: {}\n`).join('')}`,
      [expect.stringContaining('environments must be a mapping of at most 50 names')],
    ],
  ])('%s', (_, text, expected) => expect(findings(text)).toEqual(expected))

  test('stops every repository of the account, and says which file, where in it, and who can put it right', () => {
    expect(readConfiguration(repository(), 'shop', account('alow: {}'))).toMatchObject({
      problem: {
        code: 'CONFIGURATION_INVALID',
        sentence: `In .github/deploy-defaults.yml of the account's .github repository: The key "alow" is not known here. Did you mean "allow"?`,
        found: '3:19 alow',
        next: "Correct line 3 of .github/deploy-defaults.yml of the account's .github repository.",
        who: 'account',
      },
    })
  })

  test('its values are not repeated where a repository’s public thread would show them', () => {
    const read = readConfiguration(repository(), 'shop', account('allow: { role: "a-private-matter" }'))
    expect(JSON.stringify(read)).not.toContain('a-private-matter')
    expect(findings(account('require: { checks: 1.10 }')).join()).toContain('1.10')
    expect(JSON.stringify(readConfiguration(repository(), 'shop', account('require: { checks: 1.10 }')))).not.toContain('1.10')
  })
})

describe('what a change of the account’s file does', () => {
  const changes = (before: string | null, after: string): string[] =>
    compareConfigurations(before, after, '.github', '.github/deploy-defaults.yml').changes.map(
      ({ direction, sentence }) => `${direction} | ${sentence}`,
    )

  test.each<[string, string, string[]]>([
    ['', '', []],
    ['', 'allow: { role: maintain }', ['stricter | production: deploying needs the role maintain; write was enough.']],
    ['allow: { role: maintain }', '', ['looser | production: the role write is enough to deploy; it was maintain.']],
    ['', 'allow: { any: [app:7] }', ['stricter | production: nobody may deploy by their role; anybody with the role could.']],
    ['allow: { any: [app:7] }', '', ['looser | production: anybody with the role may deploy; nobody could by their role.']],
    ['', 'from: { forks: false }', ["stricter | production: the head of a fork's pull request may no longer be deployed."]],
    ['', 'from: { forks: true }', []],
    ['approvals: { count: 2 }', 'approvals: { count: 1 }', ['looser | production: the number of approvals needed is 1; it was 2.']],
    [
      'allow: { any: [app:7, app:8, user:ada] }',
      'allow: { any: [app:7, app:9, user:ada] }',
      [
        "looser | production: app:9 may deploy where the repository's file names it.",
        "stricter | production: app:8 may no longer deploy, though the repository's file names it.",
      ],
    ],
    [
      'require: { signed: true }',
      '',
      [
        'looser | production: the commit no longer has to be signed.',
        'looser | production: nothing has to say which commit an image was built from; it was its label.',
      ],
    ],
    [
      'verify: { commit: claimed }',
      'verify: { commit: proved }',
      ['stricter | production: an attestation has to say which commit an image was built from; it was its label.'],
    ],
    [
      'freeze: [{ from: "fri 15:00", to: "mon 08:00", zone: UTC }]',
      '',
      ['looser | production: there is no freeze from fri 15:00 to mon 08:00 UTC any more.'],
    ],
  ])('%s → %s', (before, after, expected) => expect(changes(account(before), account(after))).toEqual(expected))

  test('an entry that comes or goes is all of its demands', () => {
    const before = account('allow: { role: admin }', 'prod*')
    const after = account('require: { reviews: 1 }', '*')
    expect(changes(before, after)).toEqual([
      'looser | prod*: the role write is enough to deploy; it was admin.',
      'stricter | *: the number of reviews asked for is 1; it was 0.',
      'stricter | *: its label has to say which commit an image was built from; it was nothing.',
    ])
    expect(changes(null, account('require: { reviews: 1 }'))).toEqual([
      'stricter | production: the number of reviews asked for is 1; it was 0.',
      'stricter | production: its label has to say which commit an image was built from; it was nothing.',
    ])
  })
})
