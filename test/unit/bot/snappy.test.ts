import { describe, expect, test } from 'vitest'
import { unsnap } from '../../../src/bot/snappy.ts'

const block = (...parts: readonly (number | string)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))))

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())

// Tags: a literal of n bytes is (n - 1) << 2; copies end in 1, 2 and 3, with one, two and four bytes of offset.
describe('a block of snappy', () => {
  test.each<[string, Uint8Array, string]>([
    ['nothing', block(0), ''],
    ['a literal', block(5, 4 << 2, 'hello'), 'hello'],
    ['a literal whose length is a byte of its own', block(100, 60 << 2, 99, 'x'.repeat(100)), 'x'.repeat(100)],
    ['a literal whose length is two bytes, the lower first', block(0x81, 0x02, 61 << 2, 0x00, 0x01, 'y'.repeat(257)), 'y'.repeat(257)],
    ['a literal whose length is four bytes', block(3, 63 << 2, 2, 0, 0, 0, 'abc'), 'abc'],
    ['a copy with one byte of offset', block(8, 3 << 2, 'abcd', 0b000_000_01, 4), 'abcdabcd'],
    ['a copy with two', block(8, 3 << 2, 'abcd', (3 << 2) | 2, 3, 0), 'abcdbcdb'],
    ['a copy with four', block(6, 3 << 2, 'abcd', (1 << 2) | 3, 4, 0, 0, 0), 'abcdab'],
    ['a copy that repeats what it writes', block(9, 0, 'a', (7 << 2) | 2, 1, 0), 'a'.repeat(9)],
    [
      'a copy from far back, by the upper bits of the tag',
      block(0x84, 0x03, 61 << 2, 0x7f, 0x01, `abcd${'z'.repeat(380)}`, (1 << 5) | 1, 128),
      `abcd${'z'.repeat(380)}abcd`,
    ],
  ])('with %s', (_what, given, wanted) => expect(text(unsnap(given, 1000))).toBe(wanted))

  test.each<[string, Uint8Array]>([
    ['nothing at all', block()],
    ['a length that never ends', block(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ['more than is wanted', block(0xe9, 0x07, 0)],
    ['more than it said', block(4, 4 << 2, 'hello')],
    ['less than it said', block(6, 4 << 2, 'hello')],
    ['a literal that is cut off', block(5, 4 << 2, 'hell')],
    ['a length that is cut off', block(5, 61 << 2, 4)],
    ['a copy from before the beginning', block(8, 3 << 2, 'abcd', 1, 5)],
    ['a copy from nowhere', block(8, 3 << 2, 'abcd', 1, 0)],
    ['a copy that goes on too long', block(6, 3 << 2, 'abcd', 1, 4)],
    ['an offset that is cut off', block(8, 3 << 2, 'abcd', 1)],
  ])('is none with %s', (_what, given) => expect(unsnap(given, 1000)).toBeNull())
})
