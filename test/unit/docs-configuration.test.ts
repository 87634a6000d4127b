import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readOperatorFile } from '../../src/config/operator-file.ts'
import { NO_OPERATOR } from '../../src/config/operator.ts'
import type { SecretReference } from '../../src/config/operator-schema.ts'
import { compareConfigurations, readConfiguration } from '../../src/config/repository-file.ts'
import { repositorySchema } from '../../src/config/repository-schema.ts'
import { bounds } from '../../src/deploy/gates/bounds.ts'
import { propose } from '../../src/deploy/proposal.ts'
import type { Target, TargetKind } from '../../src/deploy/target.ts'
import { targetKinds } from '../../src/targets/index.ts'
import { keysOfDemands, keysOfEach } from './config/schema-keys.ts'
import { asks, facts, placed, request, situation } from './deploy/situation.ts'

const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
const examplesIn = (part: string) => [...part.matchAll(/^```yaml ?(.*)\n([^]*?)^```$/gm)].map(([, file = '', yaml = '']) => ({ file, yaml }))
const examples = examplesIn(text).map((example, index) => ({ index: index + 1, ...example }))

/** What stands under one heading belongs together. */
const pairs = text.split(/^(?=#{2,3} )/m).flatMap((part) => {
  const of = (name: string) => examplesIn(part).find(({ file }) => file === name)?.yaml
  const [repository, operator] = [of('deploy.yml'), of('gantry.yml')]
  const [heading = ''] = part.split('\n')
  return repository === undefined || operator === undefined ? [] : [{ heading: heading.replace(/^#+ /, ''), repository, operator }]
})

const kinds = new Map(targetKinds.map((kind) => [kind.kind, kind]))
const problemIn = (result: object): unknown => ('problem' in result ? result.problem : null)

/** What stands in a file or variable of that name. */
function secretIn(reference: SecretReference): string {
  const [name = ''] = Object.values(reference)
  if (!name.endsWith('.pem')) return 'secret'
  return `-----BEGIN ${name.includes('key') ? 'PRIVATE KEY' : 'CERTIFICATE'}-----\nMII`
}

// No example is started, so nothing is asked of these doors.
const doors = { fetch: () => globalThis.fetch, files: () => ({}), clock: {} } as never

const create = (kind: string, options: unknown): Target => (kinds.get(kind) as TargetKind<unknown>).create('any', options, doors)

function targetOf(kind: string): Target {
  const own = kind === 'static' ? { listen: '127.0.0.1:1' } : { host: 'unix:///var/run/docker.sock' }
  const read = (kinds.get(kind) as TargetKind<unknown>).options(own)
  if ('problem' in read) throw new Error(read.problem.sentence)
  return create(kind, read.options)
}

describe('the examples in docs/configuration.md', () => {
  test('each says which file it is', () => {
    expect(examples.map(({ file }) => file).filter((file) => !['deploy.yml', 'deploy-defaults.yml', 'gantry.yml'].includes(file))).toEqual([])
    expect(examples.length).toBeGreaterThanOrEqual(8)
  })

  test.each(examples.filter(({ file }) => file === 'deploy.yml'))('$index: deploy.yml, with settings that its targets accept', ({ yaml }) => {
    const read = readConfiguration(yaml, 'shop')
    expect(problemIn(read)).toBeNull()
    if ('problem' in read) return
    for (const app of read.configuration.apps.values()) {
      for (const { name, settings } of app.environments.values()) {
        const target = targetOf('container' in (settings as object) ? 'docker' : 'static')
        const parsed = target.parse(settings)
        expect(problemIn(parsed), name).toBeNull()
        if ('settings' in parsed) expect([...app.images.keys()]).toEqual(expect.arrayContaining([...target.images(parsed.settings)]))
      }
    }
  })

  test.each(examples.filter(({ file }) => file === 'deploy-defaults.yml'))('$index: deploy-defaults.yml', ({ yaml }) => {
    expect(compareConfigurations(null, yaml, '.github', '.github/deploy-defaults.yml').findings).toEqual([])
  })

  test.each(examples.filter(({ file }) => file === 'gantry.yml'))('$index: gantry.yml', ({ yaml }) => {
    expect(problemIn(readOperatorFile(yaml, kinds, secretIn))).toBeNull()
  })

  test('there are pairs of them', () => expect(pairs.length).toBeGreaterThanOrEqual(3))

  test.each(pairs)('$heading: the operator file lets every environment of the repository onto its target', ({ repository, operator }) => {
    const read = readOperatorFile(operator, kinds, secretIn)
    const { targets: declared } = 'operator' in read ? read.operator : NO_OPERATOR
    const [id] = [...declared.values()].flatMap(({ allow }) => allow.map(({ repositoryId }) => repositoryId))
    const targets = new Map(
      [...declared.values()].map(({ name, kind, options, allow }) => [name, placed({ name, target: create(kind, options), bounds: allow })]),
    )
    const known = facts({ configuration: { blob: '', text: repository } })
    const { configuration } = readConfiguration(repository, 'shop') as Extract<ReturnType<typeof readConfiguration>, { configuration: unknown }>
    const places = [...configuration.apps.values()].flatMap((app) =>
      [...app.environments.keys()].map((environment) => ({ app: app.name, environment })),
    )
    const refused = places.flatMap((place) => {
      const asked = request({ repository: { ...request().repository, id: id ?? 0 }, asks: asks({ ...place, image: null }) })
      const proposal = propose(asked, known, { readConfiguration, targets })
      const verdict = 'problem' in proposal ? proposal : bounds.judge(situation({ request: asked, proposal }))
      return typeof verdict === 'string' ? [] : [{ ...place, verdict }]
    })
    expect(places.length).toBeGreaterThan(0)
    expect(refused).toEqual([])
  })
})

describe('the tables in docs/configuration.md', () => {
  const rows = (heading: string): string[] => {
    const section = text.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
    return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, key = '']) => key)
  }
  const file = rows('`.github/deploy.yml`')
  const ofEnvironments = file
    .filter((key) => key.startsWith('environments.NAME.') && !key.endsWith('…'))
    .map((key) => key.slice('environments.NAME.'.length))
  const later = [...((text.split('### Rules that are known and not enforced yet')[1] ?? '').split('###')[0]?.matchAll(/`([a-z]+)` \(/g) ?? [])].map(
    ([, key = '']) => key,
  )

  test('have a row for every rule of an environment, or say that it comes later, and no other', () => {
    expect([...ofEnvironments, ...rows('Rules of an environment'), ...later].toSorted()).toEqual(keysOfEach('environments').toSorted())
  })

  test('have a row for everything that an account may demand, and no other', () => {
    const keys = rows("`.github/deploy-defaults.yml`, the account's defaults").filter((key) => !['version', 'environments'].includes(key))
    expect(keys.toSorted()).toEqual(keysOfDemands().toSorted())
  })

  test('have a row for everything that may be said of an image, and of the file', () => {
    expect(file.filter((key) => key.startsWith('images.NAME.')).toSorted()).toEqual(
      keysOfEach('images')
        .map((key) => `images.NAME.${key}`)
        .toSorted(),
    )
    const top = Object.keys(repositorySchema.shape).filter((key) => !['images', 'environments'].includes(key))
    expect(file.filter((key) => !key.includes('.')).toSorted()).toEqual(top.toSorted())
  })
})
