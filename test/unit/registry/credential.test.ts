import { expect, test } from 'vitest'
import { anonymous, basicAuthorization, fingerprint, lintCredential } from '../../../src/registry/credential.ts'
import { keychainFor, keychains } from '../../../src/registry/keychains/index.ts'
import { basic } from '../../world/registry-client.ts'

declare global {
  interface ImportMeta {
    /** Vite's: names of files, also where there is no file system. */
    glob(pattern: string): Readonly<Record<string, unknown>>
  }
}

test('every file in keychains/ is in the list, and the general one is last', () => {
  const files = Object.keys(import.meta.glob('../../../src/registry/keychains/*.ts')).map((path) => path.split('/').at(-1))
  expect([...keychains.map(({ name }) => `${name}.ts`), 'index.ts'].toSorted()).toEqual(files.toSorted())
  expect(keychains.at(-1)?.serves('anything.example')).toBe(true)
})

test.for([
  ['ghcr.io', 'ghs_abc', 'CREDENTIAL_KIND_UNSUPPORTED'],
  ['ghcr.io', 'github_pat_abc', 'CREDENTIAL_KIND_UNSUPPORTED'],
  ['ghcr.io', 'ghp_abc', undefined],
  ['registry.example.com', 'ghs_abc', undefined],
] as const)('%s and %s…: %s', ([registry, secret, code]) => {
  expect(keychainFor(registry).lint(registry, basic('x', secret))?.problem.code).toBe(code)
})

test.for([
  ['', 'secret'],
  ['a:b', 'secret'],
  ['a', 'secret\n'],
  ['a', ' secret'],
  ['a', ''],
] as const)('"%s" with "%s" cannot work anywhere', ([user, secret]) => {
  expect(lintCredential('ghcr.io', basic(user, secret))?.problem.code).toBe('CREDENTIALS_INVALID')
})

test('Basic is UTF-8', () => {
  expect(basicAuthorization(basic('jürgen', 'пароль'))).toBe(`Basic ${Buffer.from('jürgen:пароль').toString('base64')}`)
  expect(basicAuthorization(anonymous)).toBeNull()
})

test('a fingerprint tells credentials apart and tells nothing else', async () => {
  const [one, same, other] = await Promise.all([basic('a', 'b'), basic('a', 'b'), basic('a', 'c')].map(fingerprint))
  expect(one).toBe(same)
  expect(one).not.toBe(other)
  expect(one).toMatch(/^[0-9a-f]{16}$/)
})
