import { fromHtml } from 'hast-util-from-html'

/** A piece of a page, as it was written. */
export interface Node {
  readonly type: string
  readonly tagName?: string
  readonly value?: string
  readonly properties?: Readonly<Record<string, string | number | boolean | null | undefined | (string | number)[]>>
  readonly children?: readonly Node[]
}

export const treeOf = (html: string): Node => fromHtml(html)

export const all = (node: Node): Node[] => [node, ...(node.children ?? []).flatMap(all)]

export const elementsOf = (html: string): readonly Node[] => all(treeOf(html)).filter(({ tagName }) => tagName !== undefined)
