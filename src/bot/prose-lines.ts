import { parse, postprocess, preprocess } from 'micromark'
import { gfmAutolinkLiteral } from 'micromark-extension-gfm-autolink-literal'
import { gfmFootnote } from 'micromark-extension-gfm-footnote'
import { gfmTable } from 'micromark-extension-gfm-table'

/** A line of a comment's Markdown. */
export interface Line {
  /** Counted from 1. */
  readonly number: number
  readonly text: string
}

// The parser needs up to the square of characters, of lines and of what may begin something: 64 KiB of `a\n-\n` take 28 s, 8 KiB of `_www._` a whole
// one; this much at most about 0.1 s.
const MOST_CHARACTERS = 8192
const MOST_LINES = 250
const MOST_SIGNS = 500
/** What may be an address is looked at to its end, and counts as so many. */
const ADDRESS = 5
const SIGN = /[`<[\]\\]|www|http/gi

/**
 * The lines near the top of a comment (8192 characters, 250 lines, 500 signs of Markdown) that begin as plain text of a paragraph of their own: not in a
 * quote, list, table, heading, footnote, code, link or HTML, nor between HTML tags. An escape or an entity is not plain.
 */
export function proseLines(markdown: string): Line[] {
  const top = topOf(markdown)
  const all = linesOf(shallow(top))
  const isCut = top.length < markdown.length || all.length > MOST_LINES
  const lines = all.slice(0, MOST_LINES)
  const starts = plainStarts(lines.map(({ text }) => text).join('\n'), isCut)
  return lines.filter(({ offset, text }) => starts(offset + text.length - text.trimStart().length))
}

function topOf(markdown: string): string {
  const top = markdown.slice(0, MOST_CHARACTERS)
  let signs = 0
  for (const { index, 0: sign } of top.matchAll(SIGN)) {
    signs += sign.length === 1 ? 1 : ADDRESS
    if (signs > MOST_SIGNS) return top.slice(0, index)
  }
  return top
}

/** Whether plain text of a top paragraph stands at an offset. What follows a cut could still change the block before it. */
function plainStarts(markdown: string, isCut: boolean): (offset: number) => boolean {
  const texts: (readonly [start: number, end: number])[] = []
  const open: string[] = []
  let lastBlock = 0
  let tags: readonly string[] = []
  for (const [step, token, source] of eventsOf(markdown)) {
    if (step === 'exit') {
      open.pop()
      continue
    }
    const depth = open.push(token.type)
    if (depth === 1 && !token.type.startsWith('line')) lastBlock = token.start.offset
    const isInParagraph = depth === 3 && open[1] === 'paragraph'
    if ((depth === 1 && token.type === 'htmlFlow') || (isInParagraph && token.type === 'htmlText'))
      tags = openAfter(source.sliceSerialize(token), tags)
    if (isInParagraph && token.type === 'data' && tags.length === 0) texts.push([token.start.offset, token.end.offset])
  }
  return (offset) => (!isCut || offset < lastBlock) && texts.some(([start, end]) => start <= offset && offset < end)
}

/** The parser's tokens, each as it begins and as it ends. Of GitHub's Markdown they know what can decide whether a line is plain text. */
function eventsOf(markdown: string) {
  const extensions = [gfmAutolinkLiteral(), gfmFootnote(), gfmTable(), withoutEmphasis]
  return postprocess(
    parse({ extensions })
      .document()
      .write(preprocess()(markdown, undefined, true)),
  )
}

// Emphasis changes nothing about a command, and costs the parser most.
const withoutEmphasis = { disable: { null: ['attention'] } }

/** Which tags are open after it. `<details>`, a blank line, Markdown, `</details>`: to CommonMark the middle is an ordinary paragraph. */
function openAfter(html: string, before: readonly string[]): readonly string[] {
  let open = [...before]
  for (const [, slash, written = ''] of html.replace(/<!--.*?(-->|$)/gs, '').matchAll(TAG)) {
    const name = written.toLowerCase()
    const last = open.lastIndexOf(name)
    if (slash === '' && KEPT.has(name)) open.push(name)
    if (slash !== '' && last >= 0) open = open.slice(0, last)
  }
  return open
}

// With what its attributes say, where there may be a `>`.
const TAG = /<(\/?)([a-z][a-z0-9-]*)(?:"[^"]*"|'[^']*'|[^'"<>])*>/gi
/** What GitHub keeps of HTML and what has an end (html-pipeline, `SanitizationFilter`). `Option<T>` is a tag to CommonMark, and nothing stands in it. */
const KEPT = new Set(
  [
    'a abbr b bdo blockquote caption cite code dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 h7 h8 i ins kbd li mark ol p picture pre q',
    'rp rt ruby s samp small span strike strong sub summary sup table tbody td tfoot th thead time tr tt ul var',
  ].flatMap((names) => names.split(' ')),
)

/**
 * The same lines, none of them nested deeper than four quotes and lists: each level costs the parser a frame of the stack, which
 * 64 KiB of `>` overflow. What is in them is no command anyhow.
 */
const shallow = (markdown: string): string => markdown.replace(/^((?:[ \t]*(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t]))){4}).*$/gm, '$1 x')

function linesOf(markdown: string): (Line & { readonly offset: number })[] {
  let offset = 0
  return markdown.split(/\r\n|\n|\r/).map((text, index) => {
    offset += text.length + 1
    return { number: index + 1, offset: offset - text.length - 1, text }
  })
}
