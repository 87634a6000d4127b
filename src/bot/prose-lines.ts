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

// The parser needs up to the square of characters and of lines: 64 KiB of `a\n-\n` take 28 s, this much at most about 0.1 s.
const MOST_CHARACTERS = 8192
const MOST_LINES = 250

/**
 * The lines near the top of a comment (8192 characters, 250 lines) that begin as plain text of a paragraph of their own: not in a
 * quote, list, table, heading, footnote, code, link or HTML, nor between HTML tags. An escape or an entity is not plain.
 */
export function proseLines(markdown: string): Line[] {
  const all = linesOf(shallow(markdown.slice(0, MOST_CHARACTERS)))
  const isCut = markdown.length > MOST_CHARACTERS || all.length > MOST_LINES
  const lines = all.slice(0, MOST_LINES)
  const starts = plainStarts(lines.map(({ text }) => text).join('\n'), isCut)
  return lines.filter(({ offset, text }) => starts(offset + text.length - text.trimStart().length))
}

/** Whether plain text of a top paragraph stands at an offset. What follows a cut could still change the block before it. */
function plainStarts(markdown: string, isCut: boolean): (offset: number) => boolean {
  const texts: (readonly [start: number, end: number])[] = []
  const open: string[] = []
  let lastBlock = 0
  let openTags = 0
  for (const [step, token, source] of eventsOf(markdown)) {
    if (step === 'exit') {
      open.pop()
      continue
    }
    const depth = open.push(token.type)
    if (depth === 1 && !token.type.startsWith('line')) lastBlock = token.start.offset
    if (depth === 1 && token.type === 'htmlFlow') openTags = Math.max(0, openTags + tagBalance(source.sliceSerialize(token)))
    if (depth === 3 && open[1] === 'paragraph' && token.type === 'data' && openTags === 0) texts.push([token.start.offset, token.end.offset])
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

/** `<details>`, a blank line, Markdown, `</details>`: to CommonMark the middle is an ordinary paragraph. */
function tagBalance(html: string): number {
  const tags = [...html.replace(/<!--.*?(-->|$)/gs, '').matchAll(/<(\/?)([a-z][a-z0-9-]*)\b[^<>]*?(\/?)>/gi)]
  const paired = tags.filter(([, , name = '', selfClosing]) => selfClosing === '' && !VOID.has(name.toLowerCase()))
  return paired.reduce((balance, [, slash]) => balance + (slash === '' ? 1 : -1), 0)
}

const VOID = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr'])

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
