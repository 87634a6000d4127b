import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { canonical, hashPlan, sha256 } from '../../../src/deploy/plan.ts'
import type { Json } from '../../../src/deploy/target.ts'
import { OTHER, digestOf, plan } from './situation.ts'

describe('the canonical text', () => {
  test.each<[string, Json, string]>([
    ['sorts keys, at every depth', { b: 1, a: { d: null, c: [true] } }, '{"a":{"c":[true],"d":null},"b":1}'],
    ['keeps the order of lists', [2, 1, 'x'], '[2,1,"x"]'],
    ['sorts by code unit, not by locale', { ä: 1, z: 2, Z: 3 }, '{"Z":3,"z":2,"ä":1}'],
    ['escapes as JSON does', { 'a"': '\n' }, '{"a\\"":"\\n"}'],
    ['holds nothing of nothing', {}, '{}'],
  ])('%s', (_, value, text) => {
    expect(canonical(value)).toBe(text)
    expect(JSON.parse(canonical(value))).toEqual(value)
  })
})

describe('the hash of a plan', () => {
  test('is the same whatever the order of its keys, on disk or off it', async () => {
    const one = plan({ settings: { path: '/srv', port: 80 } })
    const other = Object.fromEntries(Object.entries(plan({ settings: { port: 80, path: '/srv' } })).toReversed()) as unknown as typeof one
    expect(await hashPlan(other)).toBe(await hashPlan(one))
    expect(await hashPlan(JSON.parse(JSON.stringify(one)) as typeof one)).toBe(await hashPlan(one))
  })

  test.each<[string, Parameters<typeof plan>[0]]>([
    ['the repository', { repositoryId: 43 }],
    ['the app', { app: 'admin' }],
    ['the environment', { environment: 'production' }],
    ['the target', { target: 'other' }],
    ['its declaration', { targetRevision: 'r2' }],
    ['a digest', { artifacts: [{ ...plan().artifacts[0]!, digest: digestOf('1.2') }] }],
    ['a setting', { settings: { path: '/srv/other' } }],
    ['the commit', { commit: OTHER }],
    ['the configuration', { configuration: 'blob-2' }],
  ])('changes with %s', async (_, different) => expect(await hashPlan(plan(different))).not.toBe(await hashPlan(plan())))

  test('is SHA-256 in hex', async () => {
    expect(await sha256('Gantry ä')).toBe(createHash('sha256').update('Gantry ä').digest('hex'))
  })
})
