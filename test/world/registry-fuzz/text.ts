import type { Random } from '../random.ts'

/** What a header may hold at all: tabs, and bytes from space up (RFC 9110, 5.5); runtimes refuse the rest before it is sent. */
export const forHeader = (text: string): string => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?').trim()

const ODD = [
  '"',
  '\\',
  ',',
  '=',
  ' ',
  '\t',
  ';',
  ':',
  '/',
  '@',
  '%',
  '#',
  '?',
  '.',
  '-',
  '_',
  '\0',
  '\n',
  '\x7f',
  '\xa0',
  '\xff',
  'é',
  '💥',
  '\u202e',
  'A',
  '0',
]

/** Breaks a well-formed text in one to three places. */
export function spoiled(random: Random, text: string): string {
  let left = text
  for (let times = 1 + random.below(3); times > 0; times -= 1) {
    const at = random.below(left.length + 1)
    const [before, after] = [left.slice(0, at), left.slice(at)]
    const ways = [
      () => before + after.slice(1),
      () => before + random.pick(ODD) + after,
      () => before + random.pick(ODD) + after.slice(1),
      () => before,
      () => before + after.slice(0, 9) + after,
      () => after + before,
    ]
    left = random.pick(ways)()
  }
  return left
}

/** Any characters, up to so many. */
export const noise = (random: Random, most: number): string =>
  Array.from({ length: random.below(most + 1) }, () =>
    random.chance(0.3) ? random.pick(ODD) : String.fromCharCode(random.chance(0.9) ? random.below(256) : random.below(65_536)),
  ).join('')

export const word = (random: Random, letters = 'abcdefgh0123456789'): string =>
  Array.from({ length: 1 + random.below(8) }, () => random.pick(letters.split(''))).join('')

/** `count` of something, for what has a most. */
export const many = (random: Random): number => random.pick([0, 1, 1, 1, 2, 2, 3, 5, 31, 32, 33, 40])
