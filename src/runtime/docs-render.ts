import { posix } from 'node:path'
import { toHtml } from 'hast-util-to-html'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { toHast } from 'mdast-util-to-hast'
import { gfm } from 'micromark-extension-gfm'

/**
 * A document's Markdown as HTML, with ids on its headings. `name` is its own name and `names` those of all documents, without
 * `.md`. HTML inside the Markdown is left out by `toHast`, so there is nothing to sanitise.
 */
export function render(markdown: string, name: string, names: ReadonlySet<string>): string {
  const tree = toHast(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }))
  const taken = new Map<string, number>()
  visit(tree, (element) => {
    if (/^h[1-6]$/.test(element.tagName)) element.properties['id'] = anchor(textOf(element), taken)
    if (element.tagName === 'a') leadOn(element, name, names)
  })
  return toHtml(tree)
}

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
