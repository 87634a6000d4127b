import { expect, test } from 'vitest'
import { Overlay } from '../../../src/targets/static/overlay.ts'

/** A layer in words: `a/b` a file, `a/` a folder, `-a/b` whited out, `!a` opaque. Layers from the bottom up, as in a manifest. */
const cases: readonly (readonly [what: string, layers: readonly (readonly string[])[], visible: readonly string[]])[] = [
  ['files of all layers', [['a'], ['b']], ['b', 'a']],
  ['the higher one of two', [['a'], ['a']], ['a']],
  ['a file that is whited out is gone', [['a', 'b'], ['-a']], ['b']],
  ['a folder that is whited out is gone with all that is in it', [['d/a', 'd/e/b', 'c'], ['-d']], ['c']],
  ['a whiteout does not touch its own layer', [['a'], ['-a', 'a']], ['a']],
  ['a whiteout does not touch higher layers', [['a'], ['-a'], ['a']], ['a']],
  [
    'an opaque folder hides what is below, not what is beside',
    [
      ['d/a', 'e/b'],
      ['!d', 'd/c'],
    ],
    ['d/c', 'e/b'],
  ],
  [
    'an opaque root',
    [
      ['a', 'd/b'],
      ['!', 'c'],
    ],
    ['c'],
  ],
  ['a file over a folder', [['d/a'], ['d']], ['d']],
  ['a folder over a file', [['d'], ['d/']], []],
  ['a folder over a file, by what is in it', [['d'], ['d/a']], ['d/a']],
  ['a folder over a folder changes nothing', [['d/a'], ['d/']], ['d/a']],
  ['names that only begin alike', [['ab', 'a/b'], ['-a']], ['ab']],
]

test.each(cases)('%s', (_what, layers, expected) => {
  const overlay = new Overlay()
  const visible: string[] = []
  for (const layer of layers.toReversed()) {
    for (const word of layer) {
      if (word.startsWith('-')) overlay.whiteOut(word.slice(1))
      else if (word.startsWith('!')) overlay.makeOpaque(word.slice(1))
      else if (overlay.add(word.replace(/\/$/, ''), word.endsWith('/')) === 'visible' && !word.endsWith('/')) visible.push(word)
    }
    overlay.endLayer()
  }
  expect(visible).toEqual(expected)
})

test.each([
  ['a file, then something in it', 'a', 'a/b'],
  ['something in a folder, then the folder as a file', 'a/b', 'a'],
])('one layer may not have %s', (_what, first, second) => {
  const overlay = new Overlay()
  expect(overlay.add(first, false)).toBe('visible')
  expect(overlay.add(second, false)).toBe('clash')
})
