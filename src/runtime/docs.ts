import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join, sep } from 'node:path'
import { HEADERS } from '../web/headers.ts'
import { refuse } from './answer.ts'
import type { Handler } from './front.ts'
import { html } from './setup-pages.ts'

/**
 * `GET /docs/troubleshooting` and so on, a route for each Markdown file in the folder and below it, and `GET /docs`, which lists
 * them. The files are read at once, so that what a comment links to fits the version that wrote the comment, and rendered when
 * first asked for: the renderer and its work take 50 MB, which a bot at rest has no use for. `*.schema.json` is served as it stands.
 */
export function docsRoutes(folder: string): ReadonlyMap<string, Handler> {
  const documents = readDocuments(folder)
  const schemas = readdirSync(folder).filter((name) => name.endsWith('.schema.json'))
  const names = new Set([...documents.keys(), ...schemas])
  const routes = [...documents].map(([name, text]) => {
    const body = once(async () => (await import('./docs-render.ts')).render(text, name, names))
    return [`GET /docs/${name}`, handler(titleOf(text, name), NAVIGATION, body)] as const
  })
  const files = schemas.map((name) => [`GET /docs/${name}`, schemaHandler(readFileSync(join(folder, name)))] as const)
  return new Map([['GET /docs', handler('Documentation', '', async () => listOf(documents))], ...routes, ...files])
}

/** By name without `.md`, `decisions/0001-node-26` among them. */
function readDocuments(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  return new Map(files.toSorted().map((file) => [file.replaceAll(sep, '/').slice(0, -'.md'.length), readFileSync(join(folder, file), 'utf8')]))
}

const titleOf = (text: string, name: string): string => /^# (.+)$/m.exec(text)?.[1] ?? name

function listOf(documents: ReadonlyMap<string, string>): string {
  const items = [...documents].map(([name, text]) => html`<li><a href="/docs/${name}">${titleOf(text, name)}</a></li>`.html)
  return `<h1>Documentation</h1><ul>${items.join('')}</ul>`
}

const NAVIGATION = '<nav><a href="/docs">Documentation</a></nav>'

const STYLE = `:root{color-scheme:light dark}
body{font:1rem/1.55 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1rem;overflow-wrap:break-word}
h1,h2,h3{line-height:1.25;margin:2rem 0 .5rem}h1{margin-top:1rem}
:target{background:#fd06;outline:.4rem solid #fd06}
code,pre{font:.9em/1.45 ui-monospace,monospace;background:#8882;border-radius:.25rem}
code{padding:.1em .25em}pre{padding:.75rem;overflow-x:auto}pre code{padding:0;background:none;font-size:1em}
table{border-collapse:collapse;display:block;overflow-x:auto}th,td{border:1px solid #8886;padding:.3rem .6rem;text-align:left;vertical-align:top}`

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

function handler(title: string, navigation: string, body: () => Promise<string>): Handler {
  const page = once(async () => Buffer.from(pageOf(title, navigation, await body())))
  const answer = async (response: ServerResponse): Promise<void> => {
    const bytes = await page()
    response.writeHead(200, { ...PAGE_HEADERS, 'content-length': bytes.length }).end(bytes)
  }
  return (_request, response) => void answer(response).catch(() => refuse(response, 500, 'This page cannot be shown.'))
}

/** What an editor fetches: `# yaml-language-server: $schema=…`. */
const schemaHandler =
  (bytes: Buffer): Handler =>
  (_request, response) =>
    void response.writeHead(200, { ...PAGE_HEADERS, 'content-type': 'application/schema+json', 'content-length': bytes.length }).end(bytes)

function pageOf(title: string, navigation: string, body: string): string {
  const head = html`<meta charset="utf-8" /><meta name="viewport" content="width=device-width" /><title>${title} · Gantry</title>`.html
  return `<!doctype html><html lang="en"><head>${head}<style>${STYLE}</style></head><body>${navigation}<main>${body}</main></body></html>\n`
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return () => (made ??= make())
}
