import { describe, expect, test } from 'vitest'
import { parseChallenges } from '../../../src/registry/challenge.ts'

const read = (header: string) =>
  parseChallenges(header).challenges.map(({ scheme, token68, parameters }) => [scheme, token68 ?? Object.fromEntries(parameters)])

describe('challenges as registries send them', () => {
  test.for<[string, unknown[]]>([
    [
      'Negotiate, NTLM, Bearer realm="https://r/t"',
      [
        ['negotiate', {}],
        ['ntlm', {}],
        ['bearer', { realm: 'https://r/t' }],
      ],
    ],
    [
      'Bearer realm="https://codeberg.org/v2/token",service="container_registry",scope="*",Basic realm="https://codeberg.org/v2",charset=UTF-8',
      [
        ['bearer', { realm: 'https://codeberg.org/v2/token', service: 'container_registry', scope: '*' }],
        ['basic', { realm: 'https://codeberg.org/v2', charset: 'UTF-8' }],
      ],
    ],
    [
      'Basic realm="https://123456789.dkr.ecr.eu-central-1.amazonaws.com/",service="ecr.amazonaws.com"',
      [['basic', { realm: 'https://123456789.dkr.ecr.eu-central-1.amazonaws.com/', service: 'ecr.amazonaws.com' }]],
    ],
    ['Basic realm="lab, \\"quoted\\" realm"', [['basic', { realm: 'lab, "quoted" realm' }]]],
    [
      'Bearer realm="http://r/token",scope="repository:lab/app:pull,push repository:public/app:pull"',
      [['bearer', { realm: 'http://r/token', scope: 'repository:lab/app:pull,push repository:public/app:pull' }]],
    ],
    ['bEaReR REALM="x" , Scope = "y"', [['bearer', { realm: 'x', scope: 'y' }]]],
    [
      'Basic realm="x", Bearer realm="y"',
      [
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'y' }],
      ],
    ],
    [
      'Negotiate YIIabc+/==, Basic realm="x"',
      [
        ['negotiate', 'YIIabc+/=='],
        ['basic', { realm: 'x' }],
      ],
    ],
    [', ,Basic realm="x",,', [['basic', { realm: 'x' }]]],
    ['Basic', [['basic', {}]]],
    ['', []],
  ])('%s', ([header, challenges]) => {
    expect(read(header)).toEqual(challenges)
    expect(parseChallenges(header).isMalformed).toBe(false)
  })
})

describe('what breaks the grammar is left out and said so', () => {
  test.for<[string, string, unknown[]]>([
    ['a parameter named twice', 'Bearer realm="https://a/",realm="https://b/", Basic realm="x"', [['basic', { realm: 'x' }]]],
    ['the same in another case', 'Bearer realm="https://a/",REALM="https://b/"', []],
    ['an open quote', 'Basic realm="x', [['basic', {}]]],
    ['no comma between parameters', 'Bearer realm="x" scope="y"', [['bearer', {}]]],
    ['no scheme', '="x"', []],
    ['33 parameters', `Basic ${Array.from({ length: 33 }, (_, i) => `p${i}=1`).join(',')}`, []],
    ['more than 16 KiB', `Basic realm="${'x'.repeat(17_000)}"`, []],
  ])('%s', ([_name, header, challenges]) => {
    expect(read(header)).toEqual(challenges)
    expect(parseChallenges(header).isMalformed).toBe(true)
  })
})

test('hostile headers are read in no time', () => {
  const started = performance.now()
  for (const header of ['Basic ' + 'a,'.repeat(8000), 'Basic a="' + '\\"'.repeat(8000), 'a '.repeat(8000), 'A=,'.repeat(5000)])
    parseChallenges(header)
  expect(performance.now() - started).toBeLessThan(500)
})
