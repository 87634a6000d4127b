import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { matches } from '../../../src/deploy/environment.ts'
import { didYouMean, distance, listed, nearest, quoted } from '../../../src/deploy/wording.ts'

describe('patterns of bounds', () => {
  test.each([
    ['staging', 'staging', true],
    ['staging', 'staging2', false],
    ['preview-*', 'preview-12', true],
    ['preview-*', 'preview', false],
    ['ghcr.io/acme/*', 'ghcr.io/acme/shop', true],
    ['ghcr.io/acme/*', 'ghcr.io/acme/shop/web', false],
    ['ghcr.io/acme/**', 'ghcr.io/acme/shop/web', true],
    ['ghcr.io/acme/*', 'ghcr.io/acme-evil/shop', false],
    ['ghcr.io/*/shop', 'ghcr.io/acme/shop', true],
    ['ghcr.io', 'ghcrxio', false],
    ['*', '', true],
    ['*', 'a/b', false],
    ['**', 'a/b', true],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1c2b', false],
    ['/srv/*', '/srv/..', false],
    ['/srv/**', '/srv/site/../../etc', false],
    ['/srv/..', '/srv/..', true],
    ['[a]+(b)', '[a]+(b)', true],
    ['', '', true],
    ['', 'a', false],
  ])('%j and %j: %s', (pattern, text, expected) => expect(matches(pattern, text)).toBe(expected))

  test('as their two lines of definition have it', () => {
    const defined = (pattern: string, text: string): boolean => {
      if (pattern === '') return text === ''
      const piece = pattern.startsWith('**') ? '**' : (pattern[0] ?? '')
      const isOne = text !== '' && (piece === '**' || (piece === '*' ? text[0] !== '/' : piece === text[0]))
      if (!piece.startsWith('*')) return isOne && defined(pattern.slice(1), text.slice(1))
      return defined(pattern.slice(piece.length), text) || (isOne && defined(pattern, text.slice(1)))
    }
    const of = (...letters: string[]) => fc.array(fc.constantFrom(...letters), { maxLength: 10 }).map((all) => all.join(''))
    fc.assert(
      fc.property(of('a', 'b', '/', '*', '**'), of('a', 'b', '/'), (pattern, text) => matches(pattern, text) === defined(pattern, text)),
      { numRuns: 3_000 },
    )
  })

  test('no pattern makes a text slow', () => {
    const started = process.cpuUsage()
    expect(matches('**a'.repeat(60), 'a'.repeat(5000) + 'b')).toBe(false)
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(1000)
  })

  test('a text without dot segments fits itself, and everything fits **', () => {
    const plain = fc.string().filter((text) => !text.includes('*') && !text.split('/').some((part) => part === '.' || part === '..'))
    fc.assert(fc.property(plain, (text) => matches(text, text) && matches('**', text)))
  })
})

describe('what was meant', () => {
  test.each([
    ['stagign', ['staging', 'production'], 'staging'],
    ['Staging', ['staging'], 'staging'],
    ['depoly', ['deploy'], 'deploy'],
    ['dploi', ['deploy'], 'deploy'],
    ['block', ['lock'], 'lock'],
    ['book', ['lock'], null],
    ['employee', ['deploy'], null],
    ['a'.repeat(10_000), ['staging'], null],
  ])('%s', (word, known, expected) => expect(nearest(word, known)).toBe(expected))

  test('a distance is the same both ways, and nothing for the same word', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => distance(a, b) === distance(b, a) && distance(a, a) === 0),
    )
  })

  test('in words', () => {
    expect(didYouMean('stagin', ['staging'])).toBe(' Did you mean "staging"?')
    expect(didYouMean('x', ['staging'])).toBe('')
    expect(listed(['a', 'b', 'c'], 2)).toBe('a, b and 1 more')
    expect(quoted('a\u202eb\n')).toBe('"a\\u202eb\\u000a"')
    expect(quoted('x'.repeat(200))).toHaveLength(83)
  })
})
