import fc from 'fast-check'
import type { Nodes } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import { describe, expect, test } from 'vitest'
import { code, fenced, link, mention, prose } from '../../../src/bot/markdown.ts'

const parse = (markdown: string): Nodes => fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] })

function all(node: Nodes): readonly Nodes[] {
  return [node, ...('children' in node ? node.children.flatMap(all) : [])]
}
const types = (markdown: string): readonly string[] => [...new Set(all(parse(markdown)).map(({ type }) => type))].toSorted()

/** What GitHub would make something of, if it stood outside code. */
const LINKS = /@[A-Za-z]|#\d|GH-\d|www\.|:\/\/|\b[0-9a-f]{7,40}\b|[<>&\\*_[\]~|]|GHSA-|:[a-z_]+:/

const NASTY = [
  ...['`', '```', '` ` `', '</details>', '<!--', '-->', '![x](http://canary.example/p.png)', '[click](javascript:alert(1))', '<img src=x>'],
  ...[
    '@acme/team',
    '&#64;team',
    '\\@team',
    '#1',
    'GHSA-abcd-efgh-ijkl',
    'GH-1',
    'acme/shop#1',
    'deadbeef',
    '4ef78d9aa',
    'www.example.com',
    'a@example.com',
  ],
  ...[
    '\u202Ereversed',
    'zero\u200Bwidth',
    'line\nbreak\r\n\r\n# heading',
    '\u2028',
    '\u0000',
    '~~struck~~',
    '**bold**',
    '_a_',
    '- item',
    '1. item',
    '> quote',
    '|a|b|',
  ],
  ...[':tada:', 'https://example.com', '\ud800', 'ﾠ', '\u3164', '    code', '\t', '[^1]', '[x]: http://y', '$x$', '@ada.', '"@ada"', '(@ada)'],
  ...['"/deploy help"', ' "/x`" ', ' "/x`"`', '"/a"/b" ', ' "/a @ada" '],
]
const foreign = fc.oneof(
  fc.constantFrom(...NASTY),
  fc
    .array(fc.oneof(fc.constantFrom(...NASTY, ' ', '"', '(', ')', '!', '.'), fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 8 })
    .map((parts) => parts.join('')),
)

const texts = (markdown: string): string =>
  all(parse(markdown))
    .flatMap((node) => (node.type === 'text' ? [node.value] : []))
    .join('\n')

test('a command in quotation marks can be copied whole', () => {
  expect(prose('Type "/deploy help lock", or "/unlock a-b". "/why"')).toBe('Type `/deploy help lock`, or `/unlock a-b`. `/why`')
  expect(prose('not "/this"one nor "this"')).toBe('not "`/this"one` nor "this"')
})

describe('foreign text', () => {
  test('in a code span is one code span, whatever it holds', () => {
    fc.assert(
      fc.property(foreign, (text) => {
        const shown = `before ${code(text)} after`
        expect(types(shown)).toEqual(['inlineCode', 'paragraph', 'root', 'text'])
        expect(texts(shown)).toBe('before \n after')
      }),
      { numRuns: 3_000 },
    )
  })

  test('keeps what can be seen and spells out what cannot', () => {
    expect(code('a\u202Eb\u200Bc\nd')).toBe('`a\\u202eb\\u200bc\\u000ad`')
    expect(code('x'.repeat(70_000))).toHaveLength(202)
    expect(code('')).toBe('`(empty)`')
  })

  test('in a fence is one block, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(foreign, { minLength: 1, maxLength: 5 }), (lines) => {
        expect(types(`<details>\n\n${fenced(lines)}\n\n</details>`)).toEqual(['code', 'html', 'root'])
      }),
      { numRuns: 2_000 },
    )
  })

  test('in a sentence gives words and code spans, and nothing that GitHub links', () => {
    fc.assert(
      fc.property(foreign, (text) => {
        const shown = `**Why:** x ${prose(text)} end`
        expect(types(shown).filter((type) => type !== 'inlineCode')).toEqual(['paragraph', 'root', 'strong', 'text'])
        expect(texts(shown)).not.toMatch(LINKS)
      }),
      { numRuns: 3_000 },
    )
  })

  test.each([
    ['There is no environment "stagin". Did you mean "staging"?', 'There is no environment "stagin". Did you mean "staging"?'],
    ['Add .github/deploy.yml to the default branch; it has 3 keys.', 'Add `.github/deploy.yml` to the default branch; it has 3 keys.'],
    ['The tag "1.2" is not there (see #1).', 'The tag `1.2` is not there (see `#1`).'],
    ["Ask the account's administrators, not @acme/team…", "Ask the account's administrators, not `@acme/team`…"],
  ])('reads well: %s', (text, shown) => {
    expect(prose(text)).toBe(shown)
  })
})

describe('what we vouch for', () => {
  test.each([
    ['https://example.com/a b?x=`y`&z=<>)', '[Open](<https://example.com/a%20b?x=%60y%60&z=%3C%3E)>)'],
    ['javascript:alert(1)', 'Open'],
    ['https://user:pass@example.com', 'Open'],
    ['not an address', 'Open'],
  ])('a link to %s', (address, shown) => {
    expect(link('Open', address)).toBe(shown)
  })

  test('only what can be a login notifies anybody', () => {
    expect(mention('ada-l')).toBe('@ada-l')
    expect(mention('acme/team')).toBe('`acme/team`')
  })
})
