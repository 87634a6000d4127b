import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { readYaml } from '../../../src/config/yaml.ts'

const wrong = (text: string): string => {
  const yaml = readYaml(text, true)
  const [first] = 'findings' in yaml ? yaml.findings : []
  return first === undefined ? 'nothing' : `${first.line}:${first.column} ${first.message}`
}
const valueOf = (text: string): unknown => {
  const yaml = readYaml(text, true)
  return 'findings' in yaml ? yaml.findings : yaml.value
}

describe('what surprises people in YAML is refused at its place', () => {
  test.each([
    ['a number that would lose its zero', 'tag: 1.10', '1:6 YAML reads "1.10" as the number 1.1; put it in quotes.'],
    ['a commit that looks like a number', 'a: { b: 12e45 }', '1:9 YAML reads "12e45" as the number 1.2e+46; put it in quotes.'],
    ['an octal number', 'a: 0o14', '1:4 YAML reads "0o14" as the number 12; put it in quotes.'],
    ['a hexadecimal number', 'a: 0x1F', '1:4 YAML reads "0x1F" as the number 31; put it in quotes.'],
    ['a number with a sign', 'a: +1', '1:4 YAML reads "+1" as the number 1; put it in quotes.'],
    ['more than any number', 'a: .inf', '1:4 YAML reads ".inf" as the number Infinity; put it in quotes.'],
    ['a key that is a number', 'a: 1\n1.10: x', '2:1 YAML does not read this key as a text; put it in quotes.'],
    ['a key that is a mapping', '? { a: 1 }\n: 2', '1:3 YAML does not read this key as a text; put it in quotes.'],
    ['a key twice', 'a: 1\nb: 2\na: 3', '3:1 The key "a" stands here for the second time.'],
    ['a key twice, once in quotes', 'a: { b: 1, "b": 2 }', '1:12 The key "b" stands here for the second time.'],
    ['an anchor', 'a: &x 1\nb: *x', '1:4 Anchors (&name) are not read here; write the value out.'],
    ['aliases of aliases', 'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]', '1:4 Anchors (&name) are not read here; write the value out.'],
    ['an alias that nothing stands for', 'a: *x', '1:4 Aliases (*name) are not read here; write the value out.'],
    ['a merge key deeper down', 'a: { b: { <<: { c: 1 } } }', '1:11 Merge keys (<<) are not read here; write the values out.'],
    ['a merge key', '<<: { a: 1 }', '1:1 Merge keys (<<) are not read here; write the values out.'],
    ['a tag', 'a: !!binary aGk=', '1:4 Tags (!name) are not read here; put a text in quotes instead.'],
    ['a directive', '%YAML 1.1\n---\na: no', '1:1 Directives (%YAML, %TAG) are not read here.'],
    ['a second document', 'a: 1\n---\nb: 2', '2:1 Only one YAML document is read; there is a second one here.'],
    ['something after the end', 'a: 1\n...\nb: 2', '2:1 The end of a document (...) is not read here; leave it out.'],
    ['a tab', 'a:\n\tb: 1', '2:1 There is a tab here; YAML is indented with spaces.'],
    ['a character that turns the text around', 'a: \u202eb', '1:4 There is an invisible character here, "\\u202e".'],
    ['UTF-16 read as UTF-8', '\0a\0:', '1:1 There is an invisible character here, "\\u0000".'],
    ['a way to the prototype', 'a: { __proto__: { b: 1 } }', '1:6 The key "__proto__" is not allowed.'],
    ['another way to the prototype', 'constructor: 1', '1:1 The key "constructor" is not allowed.'],
    [
      'a bracket that is never closed',
      'a: [1, 2',
      '1:9 The YAML cannot be read: Flow sequence in block collection must be sufficiently indented and end with a ].',
    ],
    ['more than 64 KiB', `a: ${'x'.repeat(65_536)}`, '1:1 The file is larger than 64 KiB.'],
    ['more than 64 KiB in UTF-8', `a: ${'ü'.repeat(40_000)}`, '1:1 The file is larger than 64 KiB.'],
    ['thousands of values', `a: [${'1,'.repeat(6_000)}]`, '1:10003 The file holds more than 5000 keys and values.'],
    ['thousands of empty lists', `a: [${'[],'.repeat(7_000)}]`, '1:20003 The file holds more than 20000 brackets, commas, colons and dashes.'],
    ['thousands of empty items', 'a:\n' + '-\n'.repeat(30_000), '20001:1 The file holds more than 20000 brackets, commas, colons and dashes.'],
    ['brackets deeper than the stack', '['.repeat(60_000), '1:25 The values here are nested too deeply.'],
    ['lists deeper than the stack', '- '.repeat(30_000), '1:49 The values here are nested too deeply.'],
    [
      'mappings nested line by line',
      Array.from({ length: 30 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      '26:26 The values here are nested too deeply.',
    ],
  ])('%s', (_, text, expected) => expect(wrong(text)).toBe(expected))
})

describe('what is plain is kept', () => {
  test.each([
    ['no', 'a: no', { a: 'no' }],
    ['a quoted number', 'a: "1.10"', { a: '1.10' }],
    ['numbers that read as they are written', 'a: [1, -1, 1.5, 1234567]', { a: [1, -1, 1.5, 1_234_567] }],
    ['signs that mean something only outside quotes', 'a: "&x *y !z"\nb: x & y', { a: '&x *y !z', b: 'x & y' }],
    ['a block of text', 'a: |\n  &x\n  *y\n', { a: '&x\n*y\n' }],
    ['a byte order mark and Windows line ends', '\uFEFFa: 1\r\nb: 2\r\n', { a: 1, b: 2 }],
    ['an empty file', '', null],
    ['a key without a value', 'a:', { a: null }],
  ])('%s', (_, text, expected) => expect(valueOf(text)).toEqual(expected))
})

test('every part knows its place, and what is missing is at its nearest parent', () => {
  const yaml = readYaml('a:\n  b: [x, "y"]\n', true)
  if ('findings' in yaml) throw new Error('unreadable')
  expect(yaml.valueAt(['a', 'b', 1])).toEqual({ line: 2, column: 10, source: '"y"' })
  expect(yaml.keyAt(['a', 'b'])).toEqual({ line: 2, column: 3, source: 'b' })
  expect(yaml.valueAt(['a', 'c', 'd'])).toMatchObject({ line: 2, column: 3 })
})

test('a long key is kept once, however much stands below it', () => {
  const text = `a: { ${'k'.repeat(50_000)}: [${'1,'.repeat(4_900)}] }`
  const before = process.memoryUsage().heapUsed
  const yaml = readYaml(text, true)
  const grown = process.memoryUsage().heapUsed - before
  expect(yaml).not.toHaveProperty('findings')
  expect(grown / text.length).toBeLessThan(1_000)
})

test('a file whose values must not be repeated is not quoted anywhere', () => {
  for (const text of ['p: 12e45', 'p: "hunter2\\q"', '"p": "x" "hunter2"', 'hunter2: [hunter2', '{ p: { 12e45 } }', 'p: hunter2: x']) {
    const yaml = readYaml(text, false)
    expect(JSON.stringify(yaml), text).toContain('findings')
    expect(JSON.stringify(yaml), text).not.toMatch(/hunter2|12e45/)
  }
})

test('no text makes it throw or take long', () => {
  const piece = fc.constantFrom(
    'a',
    ':',
    ' ',
    '\n',
    '- ',
    '? ',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '|',
    '>',
    '#',
    '&',
    '*',
    '!',
    '%',
    ',',
    '---',
    '1.0',
    '<<',
    '~',
    '\t',
    '\\',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => void readYaml(pieces.join(''), true)),
    { numRuns: 2000 },
  )
})
