import { fileURLToPath } from 'node:url'
import { KEPT } from '../../../web/assets.ts'
import type { Assets } from '../../../web/visit.ts'
import { DOCUMENT } from '../../../web/document.ts'
import { HEADERS } from '../../../web/headers.ts'
import { description } from '../../../web/publish.ts'
import { docsPages, type DocsPage } from '../../docs.ts'

const DOCS = fileURLToPath(new URL('../../../../docs', import.meta.url))

/**
 * What a Worker serves without running, by path: at the paths that Node serves it at and with its headers. `/docs/tour` is `docs/tour.html` there (Cloudflare,
 * "HTML handling"), and headers are said in `_headers`.
 */
export async function staticAssets(assets: Assets): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const files: readonly (readonly [string, DocsPage])[] = [
    ...docsPages(DOCS, { hasApi: true }),
    [DOCUMENT, described],
    ...assets.files.map(({ path, type, text }) => [path, loaded(type, text)] as const),
  ]
  const texts = await Promise.all(files.map(async ([path, { headers, bytes }]) => [isHtml(headers) ? `${path}.html` : path, await bytes()] as const))
  return new Map<string, string | Uint8Array>([...texts, ['/_headers', rulesOf(new Map(files))]])
}

const described: DocsPage = {
  headers: { ...HEADERS, 'content-type': 'application/json' },
  bytes: () => Promise.resolve(Buffer.from(description())),
}

const loaded = (type: string, text: string): DocsPage => ({
  headers: { ...HEADERS, 'content-type': type, 'cache-control': KEPT },
  bytes: () => Promise.resolve(Buffer.from(text)),
})

const isHtml = (headers: DocsPage['headers']): boolean => headers['content-type']?.startsWith('text/html') === true

/** A header that two rules give is joined of both, so that each is given once: what all pages have by one rule, for there may be a hundred at most. */
function rulesOf(files: ReadonlyMap<string, DocsPage>): string {
  const { 'content-type': _, ...common } = files.get('/docs')?.headers ?? {}
  const types = [...files].filter(([, { headers }]) => !isHtml(headers)).map(([path, { headers }]) => ruleOf(path, own(headers, common)))
  return [ruleOf('/docs', common), ruleOf('/docs/*', common), ...types].join('')
}

const own = (headers: DocsPage['headers'], common: DocsPage['headers']): DocsPage['headers'] =>
  Object.keys(common).every((name) => headers[name] === common[name]) ? { 'content-type': headers['content-type'] ?? '' } : headers

const ruleOf = (path: string, headers: DocsPage['headers']): string =>
  [path, ...Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`), ''].join('\n')
