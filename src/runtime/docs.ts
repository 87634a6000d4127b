import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join, sep } from 'node:path'
import { HEADERS } from '../web/headers.ts'
import { refuse } from './answer.ts'
import type { Rendered } from './docs-render.ts'
import { STYLE } from './docs-style.ts'
import type { Handler } from './front.ts'
import { html } from './setup-pages.ts'

/** One page of the documentation, or a file of it that stands as it is. */
export interface DocsPage {
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: () => Promise<Buffer>
}

/**
 * By path: `/docs/troubleshooting` and so on, a page for each Markdown file in the folder and below it, and `/docs`, which lists
 * them. The files are read at once, so that what a comment links to fits the version that wrote the comment, and rendered when
 * first asked for: the renderer and its work take 50 MB, which a bot at rest has no use for. `*.schema.json` is served as it stands.
 * `hasApi`: the page on the HTTP API leads to its description for programs.
 */
export function docsPages(folder: string, { hasApi }: { readonly hasApi: boolean }): ReadonlyMap<string, DocsPage> {
  const documents = readDocuments(folder)
  const schemas = readdirSync(folder).filter((name) => name.endsWith('.schema.json'))
  const names = new Set([...documents.keys(), ...schemas])
  const pages = [...documents].map(([name, text]) => {
    const rendered = async () => (await import('./docs-render.ts')).render(text, name, names)
    const navigation = name === API && hasApi ? `${NAVIGATION} · <a href="/openapi.json">openapi.json</a>` : NAVIGATION
    return [`/docs/${name}`, page(titleOf(text, name), navigation, rendered)] as const
  })
  const files = schemas.map((name) => [`/docs/${name}`, schema(readFileSync(join(folder, name)))] as const)
  return new Map([['/docs', page('Documentation', '', async () => ({ body: listOf(documents), contents: '' }))], ...pages, ...files])
}

/** As `docsPages`, of `GET`. */
export const docsRoutes = (...where: Parameters<typeof docsPages>): ReadonlyMap<string, Handler> =>
  new Map([...docsPages(...where)].map(([path, its]) => [`GET ${path}`, handler(its)]))

/** By name without `.md`, `decisions/0001-node-26` among them. */
function readDocuments(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  return new Map(files.toSorted().map((file) => [file.replaceAll(sep, '/').slice(0, -'.md'.length), readFileSync(join(folder, file), 'utf8')]))
}

const titleOf = (text: string, name: string): string => /^# (.+)$/m.exec(text)?.[1] ?? name

/** What is read first, and in a list of their own the decisions. */
function listOf(documents: ReadonlyMap<string, string>): string {
  const item = ([name, text]: readonly [string, string]) => html`<li><a href="/docs/${name}">${titleOf(text, name)}</a></li>`.html
  const [pages, decisions] = [false, true].map((isInside) => [...documents].filter(([name]) => name.includes('/') === isInside).map(item).join('')) // prettier-ignore
  return `<h1>Documentation</h1><ul>${pages}</ul><h2>Decisions</h2><ul>${decisions}</ul>`
}

const NAVIGATION = '<a href="/docs">Documentation</a>'
const API = 'api'

const PAGE_HEADERS = {
  ...HEADERS,
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'no-cache',
}

const page = (title: string, navigation: string, rendered: () => Promise<Rendered>): DocsPage => ({
  headers: PAGE_HEADERS,
  bytes: once(async () => Buffer.from(pageOf(title, navigation, await rendered()))),
})

/** What an editor fetches: `# yaml-language-server: $schema=…`. */
const schema = (bytes: Buffer): DocsPage => ({
  headers: { ...PAGE_HEADERS, 'content-type': 'application/schema+json' },
  bytes: () => Promise.resolve(bytes),
})

function handler({ headers, bytes: made }: DocsPage): Handler {
  const answer = async (response: ServerResponse): Promise<void> => {
    const bytes = await made()
    response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes)
  }
  return (_request, response) => void answer(response).catch(() => refuse(response, 500, 'This page cannot be shown.'))
}

function pageOf(title: string, navigation: string, { body, contents }: Rendered): string {
  const head = html`<meta charset="utf-8" /><meta name="viewport" content="width=device-width" /><title>${title} · Gantry</title>`.html
  const beside = contents === '' ? '' : `<nav class="contents" aria-label="On this page">${contents}</nav>`
  const shape = contents === '' ? '' : ' class="wide"'
  return `<!doctype html><html lang="en"><head>${head}<style>${STYLE}</style></head><body${shape}><nav>${navigation}</nav>${beside}<main>${body}</main></body></html>\n`
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return () => (made ??= make())
}
