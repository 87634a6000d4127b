import { describe, expect, test } from 'vitest'
import { interpretAsk, nameArtifacts } from '../../../src/deploy/ask.ts'
import type { Asked } from '../../../src/deploy/ask.ts'
import { NOTHING_ASKED, type DeployRequest } from '../../../src/deploy/deployment.ts'
import type { App, Configuration, EnvironmentRules } from '../../../src/deploy/environment.ts'
import { fillTag, templateProblem } from '../../../src/deploy/tag-template.ts'
import { Refusal } from '../../../src/errors.ts'
import { rules as situationRules } from './situation.ts'

const rules = (name: string): EnvironmentRules => situationRules({ name, target: 'demo', settings: {}, url: null })

function app(
  name: string,
  environments: string[],
  images: Record<string, string | null> = { [name]: 'sha-{sha}' },
  fallback: string | null = null,
): App {
  const rulesOf = ([image, tag]: [string, string | null]) => [image, { name: image, repository: `ghcr.io/acme/${image}`, tag, wait: null }] as const
  return {
    name,
    images: new Map(Object.entries(images).map(rulesOf)),
    default: fallback,
    environments: new Map(environments.map((environment) => [environment, rules(environment)])),
  }
}

const configuration = (...apps: App[]): Configuration => ({ apps: new Map(apps.map((one) => [one.name, one])) })

const ONE = configuration(app('shop', ['staging', 'production'], { shop: 'sha-{sha}' }, 'staging'))
const TWO = configuration(app('shop', ['staging', 'production']), app('admin', ['staging', 'internal']))
const IMAGES = configuration(app('shop', ['staging'], { web: 'pr-{pr}', worker: null }))

const asking = (asks: Partial<DeployRequest['asks']>, configured: Configuration): Asked | Refusal =>
  interpretAsk({ ...NOTHING_ASKED, ...asks }, configured)

function meaning(asks: Partial<DeployRequest['asks']>, configured: Configuration): string {
  const asked = asking(asks, configured)
  if (asked instanceof Refusal) return `${asked.problem.code}: ${asked.problem.sentence} [${asked.problem.wanted}]`
  return `${asked.app.name}/${asked.environment.name}`
}

describe('which environment is meant', () => {
  test.each([
    ['the default one', {}, ONE, 'shop/staging'],
    ['one by its name', { environment: 'production' }, ONE, 'shop/production'],
    ['one of an app', { app: 'admin', environment: 'staging' }, TWO, 'admin/staging'],
    ['one that only one app has', { environment: 'internal' }, TWO, 'admin/internal'],
    ['no default', {}, IMAGES, 'ENVIRONMENT_REQUIRED: The configuration has no default environment, so the command must name one. [one of staging]'],
    [
      'nothing named, with several apps',
      {},
      TWO,
      'ENVIRONMENT_REQUIRED: This repository has several apps, so the command must say which one and where. [one of shop/staging, shop/production, admin/staging, admin/internal]',
    ],
    [
      'one that two apps have',
      { environment: 'staging' },
      TWO,
      'ENVIRONMENT_REQUIRED: Several apps have an environment "staging". [one of shop/staging, admin/staging]',
    ],
    [
      'a misspelt one',
      { environment: 'prodcution' },
      ONE,
      'ENVIRONMENT_UNKNOWN: There is no environment "prodcution". Did you mean "production"? [staging, production]',
    ],
    ['one that is not there', { environment: 'v1.2' }, ONE, 'ENVIRONMENT_UNKNOWN: There is no environment "v1.2". [staging, production]'],
    [
      'one of another app',
      { app: 'shop', environment: 'internal' },
      TWO,
      'ENVIRONMENT_UNKNOWN: There is no environment "internal". [staging, production]',
    ],
    [
      'an unknown app',
      { app: 'shopp', environment: 'staging' },
      TWO,
      'APP_UNKNOWN: This repository has no app "shopp". Did you mean "shop"? [shop/staging, shop/production, admin/staging, admin/internal]',
    ],
    [
      'a name that every object has',
      { environment: 'constructor' },
      ONE,
      'ENVIRONMENT_UNKNOWN: There is no environment "constructor". [staging, production]',
    ],
  ])('%s', (_, asks, configured, expected) => expect(meaning(asks, configured)).toBe(expected))
})

const VALUES = { sha: '4f2c9d1e8b7a6c5d4e3f2a1b0c9d8e7f6a5b4c3d', branch: 'feature/Überfall', pr: 7 }
const DIGEST = `sha256:${'ab'.repeat(32)}` as const

function artifacts(image: string | null, configured: Configuration, values = VALUES, used?: string[]): unknown {
  const asked = asking({ environment: 'staging', image }, configured)
  const named = asked instanceof Refusal ? asked : nameArtifacts(asked, values, used)
  return named instanceof Refusal ? `${named.problem.code}: ${named.problem.sentence} [${named.problem.wanted}]` : named
}

describe('which images are meant', () => {
  const shop = { name: 'shop', repository: 'ghcr.io/acme/shop' }
  test.each([
    ['none: the template', null, [{ ...shop, tag: `sha-${VALUES.sha}`, digest: null }]],
    ['a tag', ':1.2', [{ ...shop, tag: '1.2', digest: null }]],
    ['a digest', `@${DIGEST}`, [{ ...shop, tag: null, digest: DIGEST }]],
    ['an image in full', 'ghcr.io/acme/shop:1.2', [{ ...shop, tag: '1.2', digest: null }]],
    ['a tag with its digest: the digest counts', `ghcr.io/acme/shop:1.2@${DIGEST}`, [{ ...shop, tag: null, digest: DIGEST }]],
    [
      'somebody else’s',
      'ghcr.io/evil/shop:1',
      'IMAGE_NOT_DECLARED: The configuration does not declare the image "ghcr.io/evil/shop". [ghcr.io/acme/shop]',
    ],
    [
      'a misspelt one',
      'ghcr.io/acme/shpo:1',
      'IMAGE_NOT_DECLARED: The configuration does not declare the image "ghcr.io/acme/shpo". Did you mean "ghcr.io/acme/shop"? [ghcr.io/acme/shop]',
    ],
    [
      'one without a tag',
      'ghcr.io/acme/shop',
      'REFERENCE_INVALID: The image "ghcr.io/acme/shop" is named without a tag or digest. [ghcr.io/acme/shop:TAG or ghcr.io/acme/shop@sha256:…]',
    ],
  ])('%s', (_, image, expected) => expect(artifacts(image, ONE)).toEqual(expected))

  test('a tag or digest that cannot be one is refused', () => {
    for (const image of [':-x', ':', '@sha256:12', 'ghcr.io/acme/shop@sha512:ab', 'ghcr.io@evil.example/acme/shop:1']) {
      expect(artifacts(image, ONE), image).toMatch(/^(REFERENCE_INVALID|IMAGE_NOT_DECLARED)/)
    }
  })

  test('of several images the one that is named is replaced, the others use their templates', () => {
    const both = [
      { name: 'web', repository: 'ghcr.io/acme/web', tag: 'pr-7', digest: null },
      { name: 'worker', repository: 'ghcr.io/acme/worker', tag: '2', digest: null },
    ]
    expect(artifacts('ghcr.io/acme/worker:2', IMAGES)).toEqual(both)
    expect(artifacts(null, IMAGES, VALUES, ['web'])).toEqual([both[0]])
  })

  test.each([
    [
      'a bare tag, with several images',
      ':2',
      undefined,
      'IMAGE_REQUIRED: The app "shop" has several images, so ":2" does not say which one. [one of ghcr.io/acme/web:2, ghcr.io/acme/worker:2]',
    ],
    [
      'an image without a template',
      null,
      undefined,
      'IMAGE_REQUIRED: The configuration gives no tag for the image "worker", so the command must name one. [ghcr.io/acme/worker:TAG or ghcr.io/acme/worker@sha256:…]',
    ],
    [
      'an image that the environment does not run',
      'ghcr.io/acme/worker:2',
      ['web'],
      'IMAGE_NOT_DECLARED: Nothing in "staging" runs the image "ghcr.io/acme/worker". [ghcr.io/acme/web]',
    ],
    [
      'settings with an image that is not declared',
      null,
      ['wbe'],
      'SETTINGS_INVALID: The settings of "staging" use an image "wbe" that the app does not declare. Did you mean "web"? [web, worker]',
    ],
  ])('%s', (_, image, used, expected) => expect(artifacts(image, IMAGES, VALUES, used)).toBe(expected))
})

describe('tag templates', () => {
  const filled = (template: string, values: Parameters<typeof fillTag>[1] = VALUES) => {
    const tag = fillTag(template, values)
    return tag instanceof Refusal ? tag.problem.code : tag
  }
  test.each([
    ['latest', 'latest'],
    ['sha-{sha}', `sha-${VALUES.sha}`],
    ['{short_sha}', '4f2c9d1'],
    ['{branch}-{pr}', 'feature-berfall-7'],
    ['{branch}{branch}', 'feature-berfallfeature-berfall'],
  ])('%s gives %s', (template, expected) => expect(filled(template)).toBe(expected))

  test('a placeholder without a value, and a branch that makes no tag', () => {
    expect(filled('pr-{pr}', { ...VALUES, pr: null })).toBe('IMAGE_REQUIRED')
    expect(filled('{branch}', { ...VALUES, branch: null })).toBe('IMAGE_REQUIRED')
    expect(filled('{branch}', { ...VALUES, branch: '-x' })).toBe('REFERENCE_INVALID')
    expect(filled('{branch}', { ...VALUES, branch: 'x'.repeat(129) })).toBe('REFERENCE_INVALID')
  })

  test('what is no template', () => {
    expect(['latest', '{sha}', 'v1-{pr}'].map(templateProblem)).toEqual([null, null, null])
    for (const template of ['{toString}', '{sha', 'a b', '', '-{sha}', '{}', '{{sha}}']) expect(templateProblem(template), template).not.toBeNull()
  })
})
