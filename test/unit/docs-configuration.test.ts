import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readOperatorFile } from '../../src/config/operator-file.ts'
import type { SecretReference } from '../../src/config/operator-file.ts'
import { readConfiguration } from '../../src/config/repository-file.ts'
import type { Target, TargetKind } from '../../src/deploy/target.ts'
import { targetKinds } from '../../src/targets/index.ts'

const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
const examples = [...text.matchAll(/^```yaml ?(.*)\n([^]*?)^```$/gm)].map(([, file = '', yaml = ''], index) => ({ index: index + 1, file, yaml }))

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

function targetOf(kind: string): Target {
  const maker = kinds.get(kind) as TargetKind<unknown>
  const own = kind === 'static' ? { listen: '127.0.0.1:1' } : { host: 'unix:///var/run/docker.sock' }
  const read = maker.options(own)
  if ('problem' in read) throw new Error(read.problem.sentence)
  return maker.create('any', read.options, doors)
}

describe('the examples in docs/configuration.md', () => {
  test('each says which file it is', () => {
    expect(examples.map(({ file }) => file).filter((file) => !['deploy.yml', 'gantry.yml'].includes(file))).toEqual([])
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

  test.each(examples.filter(({ file }) => file === 'gantry.yml'))('$index: gantry.yml', ({ yaml }) => {
    expect(problemIn(readOperatorFile(yaml, kinds, secretIn))).toBeNull()
  })
})
