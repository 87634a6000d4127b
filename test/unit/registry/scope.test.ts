import { expect, test } from 'vitest'
import { canonicalScopes, covers, formatScope, parseScopes, pullScope } from '../../../src/registry/scope.ts'

test.for([
  ['repository:lab/app:pull', ['repository:lab/app:pull']],
  ['repository:lab/app:push,pull repository:public/app:pull', ['repository:lab/app:pull,push', 'repository:public/app:pull']],
  ['repository:a:pull repository:a:push', ['repository:a:pull,push']],
  ['repository:a:pull repository:a:*', ['repository:a:*']],
  ['repository:host:5000/a/b:pull', ['repository:host:5000/a/b:pull']],
  ['registry:catalog:*', ['registry:catalog:*']],
  ['*', []],
  ['repository:a', []],
  ['', []],
] as const)('"%s"', ([text, scopes]) => {
  expect(parseScopes(text).map(formatScope)).toEqual(scopes)
})

test('the order in which a registry names scopes makes no difference', () => {
  const one = parseScopes('repository:lab/app:pull,push repository:public/app:pull')
  const other = parseScopes('repository:public/app:pull repository:lab/app:push,pull')
  expect(canonicalScopes(one)).toBe(canonicalScopes(other))
})

test('a scope covers another if it names all of its actions', () => {
  expect(covers(parseScopes('repository:a:pull,push'), [pullScope('a')])).toBe(true)
  expect(covers(parseScopes('repository:a:*'), [pullScope('a')])).toBe(true)
  expect(covers([pullScope('a')], parseScopes('repository:a:push'))).toBe(false)
  expect(covers([pullScope('a')], [pullScope('b')])).toBe(false)
})
