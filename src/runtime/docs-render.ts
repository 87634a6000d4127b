import { posix } from 'node:path'
import { toHtml } from 'hast-util-to-html'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { toHast } from 'mdast-util-to-hast'
import { gfm } from 'micromark-extension-gfm'

export interface Rendered {
  readonly body: string
  /** Its headings as links; empty where there are few. */
  readonly contents: string
}

/** A page with fewer is seen at a glance. */
const FEW = 4

/**
 * A document's Markdown as HTML, with ids on its headings. `name` is its own name and `names` those of all documents, without
 * `.md`. HTML inside the Markdown is left out by `toHast`, so there is nothing to sanitise.
 */
export function render(markdown: string, name: string, names: ReadonlySet<string>): Rendered {
  const tree = toHast(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }))
  const taken = new Map<string, number>()
  const headings: Element[] = []
  visit(tree, (element) => {
    if (/^h[1-6]$/.test(element.tagName)) element.properties['id'] = anchor(textOf(element), taken)
    if (/^h[23]$/.test(element.tagName)) headings.push(element)
    if (element.tagName === 'a') leadOn(element, name, names)
    // Its lines are as long as they are: whoever has no mouse moves them with the arrows.
    if (element.tagName === 'pre') element.properties['tabIndex'] = 0
    if (element.tagName === 'code' && METHOD.test(textOf(element))) element.properties['className'] = ['method']
  })
  return { body: toHtml(tree), contents: headings.length < FEW ? '' : contentsOf(headings) }
}

/** Of a request: stands out, as in `POST /deploy`. */
const METHOD = /^(?:GET|POST|PUT|PATCH|DELETE)$/

function contentsOf(headings: readonly Element[]): string {
  const items = headings.map(({ tagName, properties, children }): Element => {
    const link: Element = {
      type: 'element',
      tagName: 'a',
      properties: { href: `#${String(properties['id'])}` },
      children: children.flatMap(unlinked),
    }
    return { type: 'element', tagName: 'li', properties: { className: [tagName] }, children: [link] }
  })
  return toHtml({ type: 'element', tagName: 'ul', properties: {}, children: items })
}

/** A link has none inside it. */
const unlinked = (node: Element['children'][number]): Element['children'] =>
  node.type === 'element' && node.tagName === 'a' ? node.children : [node]

/** A heading's id as GitHub makes it (github-slugger); `taken` counts those of the page so far. */
export function anchor(heading: string, taken: Map<string, number>): string {
  const plain = heading
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
  const count = taken.get(plain) ?? 0
  taken.set(plain, count + 1)
  return count === 0 ? plain : `${plain}-${count}`
}

type Tree = ReturnType<typeof toHast>
type Element = Extract<Tree, { type: 'element' }>

function visit(node: Tree, see: (element: Element) => void): void {
  if (node.type === 'element') see(node)
  if ('children' in node) for (const child of node.children) visit(child, see)
}

const textOf = (node: Tree): string => ('value' in node ? node.value : 'children' in node ? node.children.map(textOf).join('') : '')

/** A link to a document that is served too leads there; one to any other file of the repository becomes its words alone. */
function leadOn(element: Element, from: string, names: ReadonlySet<string>): void {
  const href = element.properties['href'] ?? ''
  if (/^(?:https?:|#)/.test(href)) return
  const [path = '', fragment] = href.split('#')
  const name = posix.join(posix.dirname(from), path).replace(/\.md$/, '')
  if (names.has(name)) element.properties['href'] = `/docs/${name}${fragment === undefined ? '' : `#${fragment}`}`
  else [element.tagName, element.properties] = ['span', {}]
}
