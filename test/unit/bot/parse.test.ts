import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { interpretDeploy, parseCommands, readPlace, readSpan } from '../../../src/bot/parse.ts'
import { tokenize } from '../../../src/bot/tokenize.ts'
import { NOTHING_ASKED } from '../../../src/deploy/deployment.ts'

const COMMIT = '0123456789abcdef'.repeat(3).slice(0, 40)
const KNOWN = ['deploy', 'status', 'rollback', 'promote', 'approve', 'reject', 'cancel', 'retry', 'lock', 'unlock', 'preflight', 'why', 'who']

/** `3 deploy staging` for a command on line 3, `3 CODE: sentence` for a problem. */
const commands = (markdown: string): string[] =>
  parseCommands(markdown, KNOWN).map((parsed) =>
    'problem' in parsed
      ? `${parsed.line} ${parsed.problem.code}: ${parsed.problem.sentence}`
      : [parsed.line, parsed.name, ...parsed.args.words].join(' '),
  )

describe('where a command stands', () => {
  test.each([
    ['alone', '/deploy', ['1 deploy']],
    ['with words', '/deploy staging', ['1 deploy staging']],
    ['in the middle of a paragraph', 'Looks good.\n/deploy staging\nThanks!', ['2 deploy staging']],
    ['with Windows line ends', 'Good.\r\n\r\n/deploy staging\r\n/status', ['3 deploy staging', '4 status']],
    ['a little indented', '   /deploy staging', ['1 deploy staging']],
    ['several', '/deploy staging\n\n/status\n/lock staging', ['1 deploy staging', '3 status', '4 lock staging']],
    ['after a list', '- a\n- b\n\n/deploy staging', ['4 deploy staging']],
    ['after a quote and a blank line', '> Shall we?\n\n/deploy staging', ['3 deploy staging']],
    ['after a code block', '```\nlog\n```\n/deploy staging', ['4 deploy staging']],
    ['after folded details', '<details>\n\nlog\n\n</details>\n\n/deploy staging', ['7 deploy staging']],
    ['after HTML in a paragraph', 'x <b>text</b> <br> <img src="a">\n/deploy staging', ['2 deploy staging']],
    ['after a type that looks like a tag', 'Mends Option<T> and Vec<String>.\n\n/deploy staging', ['3 deploy staging']],
    [
      'below a large table',
      `| a | b | c | d | e |\n${'|---'.repeat(5)}|\n${'| 1 | 2 | 3 | 4 | 5 |\n'.repeat(120)}\n/deploy staging`,
      ['124 deploy staging'],
    ],
    ['after a tag that was never opened', '</details>\n\n/deploy staging', ['3 deploy staging']],
    ['after HTML in a quote', '> <details>\n\n/deploy staging', ['3 deploy staging']],
    ['between emphasis', '**Ready**\n/deploy my_env_a', ['2 deploy my_env_a']],
    ['with an address', '/deploy "www.example.com"\n/lock a "x@example.com"', ['1 deploy www.example.com', '2 lock a x@example.com']],
    ['beside an address that Markdown only shows', 'a&#64;example.com\n/deploy staging', ['2 deploy staging']],
    ['after a backtick in an address', 'https://example.com/`\n/deploy staging\n`', ['2 deploy staging']],
    ['before a long log', `/deploy staging\n\n${'log line\n'.repeat(7000)}`, ['1 deploy staging']],
  ])('%s', (_, markdown, expected) => expect(commands(markdown)).toEqual(expected))
})

describe('where none stands', () => {
  test.each([
    ['in a quote', '> /deploy staging'],
    ['in a quote that goes on', '> Shall we?\n/deploy staging'],
    ['in a fenced block', '```\n/deploy staging\n```'],
    ['in a block that is never closed', '~~~\n/deploy staging'],
    ['in an indented block', '    /deploy staging'],
    ['in code over several lines', 'Say `\n/deploy staging\n` to deploy'],
    ['in a link over several lines', '[see\n/deploy staging](https://example.com)'],
    ['in an HTML comment', '<!--\n/deploy staging\n-->'],
    ['in an HTML comment within a paragraph', 'text <!--\n/deploy staging\n-->'],
    ['in HTML', '<div>\n/deploy staging\n</div>'],
    ['between HTML tags', '<details>\n<summary>old</summary>\n\n/deploy staging\n\n</details>'],
    ['between HTML tags in a paragraph', 'text <code>\n/deploy staging\n</code>'],
    ['in a link of HTML', 'x <a href="https://a.example">\n/deploy staging\n</a>'],
    ['after a tag that a paragraph leaves open', 'foo <details>\n\n/deploy staging\n\n</details>'],
    ['where another tag is closed', '<details>\n<br>\n</p>\n\n/deploy staging\n\n</details>'],
    ['where a tag is closed in what another says', '<details title="</details>">\n\n/deploy staging'],
    ['after a tag that closes itself, which HTML does not know', '<details/>\n\n/deploy staging'],
    ['in an HTML quote', '<blockquote>\n\n/deploy staging\n\n</blockquote>'],
    ['in a list', '- /deploy staging'],
    ['in a task', '- [ ] x\n  /deploy staging'],
    ['in a heading', '# /deploy staging'],
    ['in an underlined heading', '/deploy staging\n---'],
    ['in a table', '/deploy | staging\n---|---\n/deploy staging'],
    ['in a footnote', '[^1]: a\n/deploy staging\n\nx[^1]'],
    ['in emphasis marks', '**/deploy staging**'],
    ['in the middle of a line', 'Please /deploy staging'],
    ['escaped', '\\/deploy staging'],
    ['with a slash that only looks like one', '\u2215deploy staging\n\uff0fdeploy staging\n\u2044deploy staging'],
    ['with the slash as an entity', '&#47;deploy staging'],
    ['after a character that nobody sees', '\u200b/deploy staging\n\u202e/deploy staging'],
    ['with letters that only look like ours', '/d\u0435ploy staging'],
    ['as a path', '/deploy/staging\n/deployments\n/etc/passwd'],
    ['somebody else’s command', '/ok-to-test\n/lgtm\n/assign @ada\n/hold'],
    ['in a paragraph that goes on beyond what is read', `/deploy staging\n${'log line\n'.repeat(7000)}`],
    ['in a heading that is underlined beyond what is read', `${'x'.repeat(8175)}\n/deploy staging\n---`],
    ['after five hundred signs that may begin something', `${'[x] '.repeat(251)}x\n\n/deploy staging`],
    ['far down', `${'x\n'.repeat(250)}\n/deploy staging`],
    ['in the 65,000th character', `${'x'.repeat(65_000)}\n/deploy staging`],
    ['nothing', ''],
  ])('%s', (_, markdown) => expect(commands(markdown)).toEqual([]))
})

describe('what was meant to be a command', () => {
  test.each([
    ['/depoly staging', '1 COMMAND_UNKNOWN: There is no command "/depoly". Did you mean "/deploy"?'],
    ['/Deploy staging', '1 COMMAND_UNKNOWN: There is no command "/Deploy". Did you mean "/deploy"?'],
    ['/deploy "staging', '1 COMMAND_MALFORMED: A quotation mark is opened and not closed.'],
    ['/deploy st\u0430ging', '1 COMMAND_MALFORMED: The command has the character U+0430, and commands are plain ASCII.'],
    ['/deploy \u2014dry-run', '1 COMMAND_MALFORMED: The command has the character U+2014, and commands are plain ASCII.'],
    ['/deploy stag\u200bing', '1 COMMAND_MALFORMED: The command has the character U+200B, and commands are plain ASCII.'],
    ['/lock a "b\u202ec"', '1 COMMAND_MALFORMED: The command has the character U+202E, and commands are plain ASCII.'],
    ['/lock a "b\u200bc"', '1 COMMAND_MALFORMED: The command has the character U+200B, and commands are plain ASCII.'],
    ['/deploy --reff main', '1 COMMAND_MALFORMED: There is no option "--reff". Did you mean "ref"?'],
    ['/deploy --ref', '1 COMMAND_MALFORMED: The option --ref needs a value.'],
    ['/deploy --ref --dry-run', '1 COMMAND_MALFORMED: The option --ref needs a value.'],
    ['/deploy --ref a --ref=b', '1 COMMAND_MALFORMED: "--ref" stands there twice.'],
    ['/deploy --dry-run=yes', '1 COMMAND_MALFORMED: The option --dry-run takes no value.'],
    ['/deploy a=1 a=2', '1 COMMAND_MALFORMED: "a" stands there twice.'],
    [`/deploy ${'x'.repeat(1000)}`, '1 COMMAND_MALFORMED: The command is longer than 1000 characters.'],
  ])('%s', (markdown, expected) => expect(commands(markdown)).toEqual([expected]))

  test('more than ten commands: ten are read, and it is said', () => {
    const parsed = commands('/status\n'.repeat(15))
    expect(parsed).toHaveLength(11)
    expect(parsed[10]).toBe('11 COMMAND_MALFORMED: A comment can hold 10 commands; this one and those after it are not read.')
  })

  test('the line is kept as it was written', () => {
    expect(parseCommands('  /deploy  staging  ', KNOWN)).toMatchObject([{ line: 1, text: '/deploy  staging' }])
  })
})

describe('the words after a command', () => {
  test.each([
    ['', [], {}, {}],
    [' a  b\tc ', ['a', 'b', 'c'], {}, {}],
    ['"a b" \'c "d"\' "e \\"f\\" \\\\"', ['a b', 'c "d"', 'e "f" \\'], {}, {}],
    ['"f\u00fcr die Demo \u{1f680}" \'\u4e2d\u6587\'', ['f\u00fcr die Demo \u{1f680}', '\u4e2d\u6587'], {}, {}],
    ["because it's ready", ['because', "it's", 'ready'], {}, {}],
    ['--ref main --dry-run x', ['x'], { ref: 'main', 'dry-run': true }, {}],
    ['--ref=feature/a=b --override="we must" x', ['x'], { ref: 'feature/a=b', override: 'we must' }, {}],
    ['log_level=debug note="a b" empty=', [], {}, { log_level: 'debug', note: 'a b', empty: '' }],
    ['"--ref" "a=b"', ['--ref', 'a=b'], {}, {}],
    ['constructor=1 __proto__=2', [], {}, { constructor: '1', ['__proto__']: '2' }],
    ['$(id) `id` ;id && -- x'.replace(' --', ''), ['$(id)', '`id`', ';id', '&&', 'x'], {}, {}],
  ])('%s', (text, words, flags, parameters) => {
    const args = tokenize(text)
    if ('code' in args) throw new Error(args.sentence)
    expect(args.words).toEqual(words)
    expect([...args.flags]).toEqual(Object.entries(flags))
    expect([...args.parameters]).toEqual(Object.entries(parameters))
  })

  test('whatever is quoted comes out as it went in', () => {
    const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 30 })
    fc.assert(
      fc.property(fc.array(printable, { maxLength: 8 }), (words) => {
        const args = tokenize(words.map((word) => ` "${word.replace(/["\\]/g, '\\$&')}"`).join(''))
        expect('code' in args ? args : args.words).toEqual(words)
      }),
    )
  })
})

describe('what /deploy was asked', () => {
  const asks = (text: string) => {
    const args = tokenize(text)
    if ('code' in args) throw new Error(args.sentence)
    const read = interpretDeploy(args)
    return 'problem' in read ? `${read.problem.code}: ${read.problem.sentence}` : read
  }
  const nothing = NOTHING_ASKED
  test.each([
    ['', nothing],
    ['staging', { ...nothing, environment: 'staging' }],
    ['shop/staging', { ...nothing, app: 'shop', environment: 'staging' }],
    [':1.2', { ...nothing, image: ':1.2' }],
    ['staging :1.2', { ...nothing, environment: 'staging', image: ':1.2' }],
    ['@sha256:ab staging', { ...nothing, environment: 'staging', image: '@sha256:ab' }],
    ['staging ghcr.io/acme/shop:1.2 --ref main', { ...nothing, environment: 'staging', image: 'ghcr.io/acme/shop:1.2', ref: 'main' }],
    ['nginx:1.2', { ...nothing, image: 'nginx:1.2' }],
    ['ghcr.io/acme/shop', { ...nothing, image: 'ghcr.io/acme/shop' }],
    ['staging production', 'COMMAND_MALFORMED: There is a word too many: "production".'],
    [':1 :2', 'COMMAND_MALFORMED: There is a word too many: ":2".'],
    ['--when-green --allow-older', { ...nothing, whenGreen: true, allowOlder: true }],
    ['staging --override "the pager rings"', { ...nothing, environment: 'staging', override: 'the pager rings' }],
    ['staging log_level=debug __proto__=x', { ...nothing, environment: 'staging', parameters: { log_level: 'debug', ['__proto__']: 'x' } }],
    [`--expect ${COMMIT}`, { ...nothing, expect: COMMIT }],
    [`--expect ${COMMIT}${COMMIT.slice(0, 24)}`, { ...nothing, expect: `${COMMIT}${COMMIT.slice(0, 24)}` }],
    [`--expect sha256:${'0a'.repeat(32)}`, { ...nothing, expect: `sha256:${'0a'.repeat(32)}` }],
  ])('%s', (text, expected) => expect(asks(text)).toEqual(expected))

  const part = 'another commit or image can be made that begins in the same way'
  test.each([
    ['a prefix', COMMIT.slice(0, 7), part],
    ['one character too few', COMMIT.slice(1), part],
    ['one too many', `${COMMIT}0`, part],
    ['a shortened digest', 'sha256:0123456789ab', part],
    ['a digest of another kind', `sha512:${'0'.repeat(128)}`, part],
    ['capital letters', COMMIT.toUpperCase(), 'GitHub and registries write them in lower case'],
    ['a branch', 'main', part],
  ])('--expect takes no %s', (_, expected, why) =>
    expect(asks(`--expect ${expected}`)).toBe(`COMMAND_MALFORMED: The option --expect takes a whole commit or digest: ${why}.`),
  )

  test.each([
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
    ['0h', null],
    ['1.5h', null],
    ['2 h', null],
    ['h', null],
    ['99999999d', null],
    ['-2h', null],
  ])('a span of %s', (text, ms) => expect(readSpan(text)).toBe(ms))

  test('a label names a place in the same way', () => {
    expect(readPlace('shop/staging')).toEqual({ app: 'shop', environment: 'staging' })
    expect(readPlace('staging')).toEqual({ app: null, environment: 'staging' })
    expect(readPlace(null)).toEqual({ app: null, environment: null })
  })
})

describe('whatever somebody writes', () => {
  const piece = fc.constantFrom(
    '/deploy',
    ' ',
    '\n',
    '\n\n',
    '>',
    '- ',
    '`',
    '```',
    '<!--',
    '-->',
    '<b>',
    '[',
    '](',
    ')',
    '|',
    '---',
    '"',
    '=',
    '--ref',
    '*',
    '\\',
    '&#47;',
    '\u202e',
    'a',
  )
  test('it is read without an exception', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => void parseCommands(pieces.join(''), KNOWN)),
      { numRuns: 1000 },
    )
  })

  const line = fc.tuple(
    fc.constantFrom('', '', '', '> ', '- ', '    ', '[^1]: ', '|'),
    fc.constantFrom('/deploy', '/deploy', '/deploy `', '/deploy [', '`', '```', '](x)', '[^1]', '![^1]', 'a | b', '---|---', '---', '[a]: b'),
    fc.constantFrom('', '', '  ', '\\', '`', '[', '<!--', '-->', ' https://a.b/`', ' https://a.b/[', ' a@b.cd', '&#64;'),
  )
  test('commands are the lines that are text of a top paragraph in the tree of the Markdown', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), (lines) => {
        const markdown = lines.map((parts) => parts.join('')).join('\n')
        expect(parseCommands(markdown, KNOWN).map((parsed) => parsed.line)).toEqual(linesInTree(markdown))
      }),
      { numRuns: 2000 },
    )
  })

  // Each of these took the Markdown parser between 4 and 28 seconds, or its stack, at GitHub's limit of 65,536 characters.
  test.each(['**a_', '>', '> ', '1. ', 'a\n-\n', '> a\nb\n', '[a](', '- - - - - - - a\n', 'a\n', '_www._', 'www.__', '``\\', ']]<', '<a b="'])(
    'a comment full of %j takes no time',
    (part) => {
      // Of this process alone, because the machine may be busy with others.
      const started = process.cpuUsage()
      commands(`${part.repeat(65_536 / part.length)}\n\n/deploy staging`)
      commands(`/deploy staging\n\n${part.repeat(65_000 / part.length)}`)
      expect(process.cpuUsage(started).user / 1000).toBeLessThan(1500)
    },
  )
})

/** Counted from 1: of `/deploy` at the start of a line. */
function linesInTree(markdown: string): readonly number[] {
  // Not with its search for addresses in texts that were parsed before: what it takes apart has no position any more.
  const mdastExtensions = gfmFromMarkdown().map((extension) => ({ ...extension, transforms: [] }))
  const blocks = fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions }).children
  const texts = blocks.flatMap((block) => (block.type === 'paragraph' ? block.children.filter(({ type }) => type === 'text') : []))
  const isText = (at: number) => texts.some(({ position }) => (position?.start.offset ?? at) <= at && at < (position?.end.offset ?? at))
  return [...markdown.matchAll(/^\/deploy(?=[ \t]|$)/gm)]
    .filter(({ index }) => isText(index))
    .map(({ index }) => markdown.slice(0, index).split('\n').length)
}
