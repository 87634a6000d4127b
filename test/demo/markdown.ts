import { toHtml } from 'hast-util-to-html'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { toHast } from 'mdast-util-to-hast'
import { gfm } from 'micromark-extension-gfm'
import type { RootContent } from 'mdast'
import { MARKS } from '../../src/bot/comments.ts'
import { icon } from './icons.ts'

/**
 * A comment's Markdown as HTML, as a thread shows it. Of HTML inside the Markdown only `<details>` with a `<summary>` is taken;
 * pictures become their words, links lead to http and https only, and those to a comment stay on the page.
 */
export function render(markdown: string): string {
  const known = rendered.get(markdown)
  if (known !== undefined) return known
  const tree = fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] })
  const html = toHast({ ...tree, children: folded(tree.children) })
  settle(html)
  const text = toHtml(html, { allowDangerousHtml: true })
  rendered.set(markdown, text)
  return text
}

const rendered = new Map<string, string>()

const FOLD = /^<details>\s*<summary>([^<>]*)<\/summary>$/

/** What stands between `<details>` and `</details>`, as one node of its own. */
function folded(nodes: readonly RootContent[]): RootContent[] {
  const from = nodes.findIndex((node) => node.type === 'html' && FOLD.test(node.value))
  const to = nodes.findIndex((node, index) => index > from && node.type === 'html' && node.value === '</details>')
  const opening = nodes[from]
  if (opening?.type !== 'html' || to === -1) return [...nodes]
  const summary = { type: 'paragraph', data: { hName: 'summary' }, children: [{ type: 'text', value: FOLD.exec(opening.value)?.[1] ?? '' }] }
  const inside = [summary, ...nodes.slice(from + 1, to)]
  const details = { type: 'blockquote', data: { hName: 'details' }, children: inside } as RootContent
  return [...nodes.slice(0, from), details, ...folded(nodes.slice(to + 1))]
}

type Tree = ReturnType<typeof toHast>
type Element = Extract<Tree, { type: 'element' }>

function settle(node: Tree): void {
  if (node.type === 'element' && node.tagName === 'a') leadOn(node)
  if (node.type === 'element' && node.tagName === 'img')
    Object.assign(node, { tagName: 'span', properties: {}, children: pieces(node.properties['alt'] as string) })
  if (!('children' in node)) return
  for (const child of node.children) settle(child)
  if (node.type === 'element' && node.tagName === 'code') return
  node.children = node.children.flatMap((child) => (child.type === 'text' ? pieces(child.value) : [child])) as typeof node.children
  if (node.type === 'element' && node.tagName === 'ul' && items(node).every(startsWithMark)) node.properties = { className: ['steps'] }
}

const items = (list: Element): Element[] => list.children.flatMap((one) => (one.type === 'element' ? [one] : []))
const startsWithMark = ({ children: [first] }: Element): boolean => first?.type === 'raw'

function leadOn(link: Element): void {
  const { href = '' } = link.properties as { href?: string }
  const comment = /#(issuecomment-\d+)$/.exec(href)?.[1]
  if (comment !== undefined) link.properties = { href: `#${comment}` }
  else if (/^https?:\/\//.test(href)) link.properties = { href, target: '_blank', rel: ['noopener', 'noreferrer'] }
  else Object.assign(link, { tagName: 'span', properties: {} })
}

const SIGNS = new Map(Object.entries(MARKS).map(([mark, sign]) => [sign, mark]))
const PIECES = new RegExp(`(${[...SIGNS.keys()].join('|')}|(?<![\\w/])@[a-z0-9][a-z0-9-]*(?:\\[bot\\])?)`, 'iu')

/** Marks become pictures that look the same on every machine; who is mentioned stands out. */
const pieces = (text: string): object[] => text.split(PIECES).flatMap((value) => (value === '' ? [] : [piece(value)]))

function piece(value: string): object {
  const mark = SIGNS.get(value)
  if (mark !== undefined) return { type: 'raw', value: icon(mark, value).html }
  const text = { type: 'text', value }
  return PIECES.test(value) ? { type: 'element', tagName: 'strong', properties: { className: ['mention'] }, children: [text] } : text
}
