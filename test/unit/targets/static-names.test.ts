import { describe, expect, test } from 'vitest'
import { fileOf } from '../../../src/targets/static/file-of.ts'
import { isStorable, leadsTo, normalised } from '../../../src/targets/static/names.ts'

describe('which file a URL names', () => {
  test.each([
    ['/', 'index.html'],
    ['/docs/', 'docs/index.html'],
    ['/a/b.css', 'a/b.css'],
    ['/caf%C3%A9.html', 'café.html'],
    ['/.well-known/security.txt', '.well-known/security.txt'],
  ])('%s → %s', (path, file) => expect(fileOf(path)).toBe(file))

  test.each([
    ['', 'no path'],
    ['*', 'no path'],
    ['http://other/x', 'a whole URL'],
    ['/../etc/passwd', 'a way up'],
    ['/a/%2e%2e/b', 'a way up, encoded'],
    ['/a/%2E./b', 'a way up, half encoded'],
    ['/a%2fb', 'a hidden separator'],
    ['/a%5cb', 'a separator of Windows'],
    ['/a\\b', 'the same, plain'],
    ['/a%00b', 'NUL'],
    ['/%', 'a broken encoding'],
    ['/%ff', 'no UTF-8'],
    ['/.env', 'a file with a dot'],
    ['/a/.git/config', 'a folder with a dot'],
    ['/a/.well-known/x', '.well-known elsewhere'],
    ['//other/x', 'an empty part: another host to a browser'],
  ])('%s is nothing (%s)', (path) => expect(fileOf(path)).toBeNull())
})

describe('names in a layer', () => {
  test.each([
    ['./a/b', 'a/b'],
    ['/a//b/', 'a/b'],
    ['.', ''],
    ['a/../b', null],
    ['../a', null],
    ['..a/b', '..a/b'],
  ])('%s → %s', (name, path) => expect(normalised(name)).toBe(path))

  test.each([
    ['a/b/link', 'c', true, 'a/b/c'],
    ['a/b/link', '../c', true, 'a/c'],
    ['a/b/link', '/c', true, 'c'],
    ['a/b/link', '../../../c', true, null],
    ['a/b/link', 'c', false, 'c'],
    ['a/b/link', '../c', false, null],
  ])('%s leads by %s (symbolic: %s) to %s', (path, target, isSymbolic, end) => expect(leadsTo(path, target, isSymbolic)).toBe(end))

  test.each([
    ['a/b', true],
    ['a\\b', false],
    ['a\0b', false],
    ['x'.repeat(256), false],
    [`${'é'.repeat(127)}/b`, true],
    [`${'é'.repeat(128)}/b`, false],
    [Array.from({ length: 600 }, () => 'a').join('/'), false],
  ])('%j fits every disk: %s', (path, fits) => expect(isStorable(path)).toBe(fits))
})
