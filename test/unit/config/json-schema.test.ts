import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { compareConfigurations, readConfiguration } from '../../../src/config/repository-file.ts'
import { defaultsSchema, deploySchema } from './json-schema.ts'

const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
const examples = [...text.matchAll(/^```yaml deploy\.yml\n([^]*?)^```$/gm)].map(([, yaml = '']) => yaml)

test('docs/deploy.schema.json is made of the schema that the parser checks with; `vitest -u` writes it anew', async () => {
  await expect(`${JSON.stringify(deploySchema(), null, 2)}\n`).toMatchFileSnapshot('../../../docs/deploy.schema.json')
})

test('docs/deploy-defaults.schema.json is made the same way', async () => {
  await expect(`${JSON.stringify(defaultsSchema(), null, 2)}\n`).toMatchFileSnapshot('../../../docs/deploy-defaults.schema.json')
})

test('an editor says of an account’s defaults what the parser says', () => {
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(defaultsSchema())
  const isRight = (yaml: string): readonly [boolean, boolean] => [
    validate(parse(yaml)),
    compareConfigurations(null, yaml, '.github', '.github/deploy-defaults.yml').findings.length === 0,
  ]
  const demanding = (line: string): string => `version: 1\nenvironments: { "prod*": { ${line} } }\n`
  const [example = ''] = [...text.matchAll(/^```yaml deploy-defaults\.yml\n([^]*?)^```$/gm)].map(([, yaml = '']) => yaml)
  for (const yaml of [example, demanding(''), demanding('approvals: { count: 2 }')]) expect(isRight(yaml)).toEqual([true, true])
  for (const line of ['aprovals: { count: 1 }', 'target: x', 'allow: { role: read }', 'verify: { attestation: {} }', 'approvals: { count: 11 }'])
    expect(isRight(demanding(line)), line).toEqual([false, false])
})

test.each(Object.entries({ deploySchema, defaultsSchema }))('every key of %s has its words', (_, made) => {
  const without: string[] = []
  const look = (node: { description?: string; properties?: object }, path: string): void => {
    const inner = Object.entries(node.properties ?? {}) as [string, Parameters<typeof look>[0]][]
    if (inner.length === 0 && node.description === undefined) without.push(path)
    for (const [key, value] of inner) look(value, `${path}/${key}`)
  }
  const environments = made().properties?.['environments']
  if (typeof environments !== 'object' || typeof environments.additionalProperties !== 'object') throw new Error('no environments')
  look(environments.additionalProperties, '')
  expect(without).toEqual([])
})

describe('what an editor says by it', () => {
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(deploySchema())
  const says = (yaml: string): string[] => {
    validate(parse(yaml))
    return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
  }

  test.each(examples)('of example %#: nothing', (yaml) => expect(says(yaml)).toEqual([]))

  const SMALLEST = 'version: 1\nimages: { main: { repository: ghcr.io/acme/shop } }\nenvironments:\n  staging: { target: demo, RULE }\n'
  test.each([
    ['an unknown key', 'aprovals: { count: 1 }'],
    ['a role that would loosen', 'allow: { role: read }'],
    ['a number where a text belongs', 'url: 7'],
    ['a count beyond its bounds', 'approvals: { count: 11 }'],
    ['a party of no kind', 'allow: { any: [ada] }'],
    ['a rule that is not enforced', 'before: []'],
    ['a rule that is not enforced, too', 'preview: {}'],
    ['a moment that is none', 'freeze: [{ from: friday, to: "mon 08:00", zone: UTC }]'],
  ])('of %s: that it is wrong, as the parser does', (_, rule) => {
    const text = SMALLEST.replace('RULE', rule)
    expect(says(text)).not.toEqual([])
    expect('problem' in readConfiguration(text, 'shop')).toBe(true)
  })
})
