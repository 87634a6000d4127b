import { describe, expect, test } from 'vitest'
import { planOf, propose, type Proposal } from '../../../src/deploy/proposal.ts'
import { Refusal, problem, type Code, type Problem } from '../../../src/errors.ts'
import type { Configuration } from '../../../src/deploy/environment.ts'
import type { Facts } from '../../../src/deploy/source.ts'
import type { PlacedTarget } from '../../../src/deploy/proposal.ts'
import { HEAD, IMAGE, OTHER, asks, configuration, digestOf, facts, idleTarget, imageRule, placed, plan, request, rules } from './situation.ts'

interface Case {
  asks?: Parameters<typeof asks>[0]
  facts?: Partial<Facts>
  read?: Configuration | { problem: Problem }
  targets?: readonly PlacedTarget[]
}

function proposed(given: Case): Proposal | { readonly problem: Problem } {
  const read = given.read ?? configuration()
  return propose(request({ asks: asks(given.asks) }), facts(given.facts), {
    readConfiguration: () => ('problem' in read ? read : { configuration: read }),
    targets: new Map((given.targets ?? [placed()]).map((target) => [target.key, target])),
  })
}

const onIssue = { pull: null, ref: { name: 'main', commit: OTHER } }
const artifactsOf = (made: ReturnType<typeof propose>) => ('problem' in made ? made.problem : made.artifacts)

describe('a request becomes a proposal', () => {
  test('with the head of the pull request and the configuration that it was read from', () => {
    expect(proposed({})).toMatchObject({
      app: 'shop',
      environment: 'staging',
      commit: HEAD,
      configuration: 'blob-1',
      settings: { path: '/srv/shop' },
    })
  })

  test.each<[string, Case, object]>([
    ['a tag', {}, { repository: IMAGE, tag: '1.1', digest: null }],
    ['a digest', { asks: { image: `@${digestOf('x')}` } }, { repository: IMAGE, tag: null, digest: digestOf('x') }],
    ['the whole name', { asks: { image: `${IMAGE}:2` } }, { tag: '2' }],
    ['nothing on a pull request: its head', { asks: { image: null } }, { tag: `sha-${HEAD}` }],
    ['nothing on an issue: the default branch', { asks: { image: null }, facts: onIssue }, { tag: `sha-${OTHER}` }],
    ['a ref on a pull request: that ref', { asks: { image: null, ref: 'main' }, facts: { ref: onIssue.ref } }, { tag: `sha-${OTHER}` }],
    ['a template with the number', { asks: { image: null }, read: configuration([rules()], [imageRule({ tag: 'pr-{pr}' })]) }, { tag: 'pr-7' }],
  ])('%s names the image', (_, given, artifact) => expect(artifactsOf(proposed(given))).toMatchObject([artifact]))

  test('and the plan carries all that was proposed', () => {
    const made = proposed({})
    expect('problem' in made ? made.problem : planOf(request(), made)).toEqual(
      plan({ artifacts: [{ name: 'main', repository: IMAGE, tag: '1.1', digest: null }] }),
    )
  })
})

describe('a request that makes none', () => {
  const broken = problem('CONFIGURATION_INVALID', { sentence: 'Line 3 is wrong.', next: 'Correct it.' })
  const picky = idleTarget({ parse: () => new Refusal('SETTINGS_INVALID', { sentence: 'There is no key pat.', found: 'pat', next: 'Write path.' }) })
  test.each<[string, Code, Case]>([
    ['without a configuration', 'CONFIGURATION_MISSING', { facts: { configuration: null } }],
    ['with a broken one', 'CONFIGURATION_INVALID', { read: { problem: broken } }],
    ['for an environment that is not declared', 'ENVIRONMENT_UNKNOWN', { asks: { environment: 'stagin' } }],
    ['for an environment that every object has', 'ENVIRONMENT_UNKNOWN', { asks: { environment: '__proto__' } }],
    ['for an app that is not declared', 'APP_UNKNOWN', { asks: { app: 'admin' } }],
    ['on a target that nobody declares', 'TARGET_UNKNOWN', { targets: [] }],
    ['with settings that the target refuses', 'SETTINGS_INVALID', { targets: [placed({ target: picky })] }],
    ['with settings that use an image of no name', 'SETTINGS_INVALID', { targets: [placed({ target: idleTarget({ images: () => ['web'] }) })] }],
    ['with an image that is not declared', 'IMAGE_NOT_DECLARED', { asks: { image: 'ghcr.io/evil/shop:1' } }],
    ['with an image that cannot be read', 'REFERENCE_INVALID', { asks: { image: ':.' } }],
    [
      'for a branch that is called like the beginning of a commit',
      'REF_NOT_FOUND',
      { asks: { ref: 'abc1234' }, facts: { ref: { name: 'abc1234', commit: 'b'.repeat(40) } } },
    ],
    [
      'for one that is called like a commit in capitals',
      'REF_NOT_FOUND',
      { asks: { ref: 'A'.repeat(40) }, facts: { ref: { name: 'A'.repeat(40), commit: 'a'.repeat(40) } } },
    ],
    ['for a ref that does not exist', 'REF_NOT_FOUND', { asks: { ref: 'gone' } }],
    ['on an issue without a default branch', 'REF_NOT_FOUND', { facts: { pull: null, ref: null } }],
    [
      'with a template that needs a pull request',
      'IMAGE_REQUIRED',
      { asks: { image: null }, facts: onIssue, read: configuration([rules()], [imageRule({ tag: 'pr-{pr}' })]) },
    ],
    [
      'without a tag where no template stands',
      'IMAGE_REQUIRED',
      { asks: { image: null }, read: configuration([rules()], [imageRule({ tag: null })]) },
    ],
  ])('%s', (_, code, given) => {
    const made = proposed(given)
    expect('problem' in made ? made.problem : 'a proposal').toMatchObject({
      code,
      sentence: expect.stringMatching(/[.?]$/),
      next: expect.stringMatching(/\.$/),
    })
  })

  test('says nothing of the targets that others use', () => {
    const made = proposed({ targets: [placed({ name: 'secret-cluster' })] })
    expect(JSON.stringify(made)).not.toContain('secret-cluster')
  })
})
