import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KEPT } from '../../../web/assets.ts'
import type { Assets } from '../../../web/visit.ts'
import { DOCUMENT } from '../../../web/document.ts'
import { HEADERS } from '../../../web/headers.ts'
import { description } from '../../../web/publish.ts'
import { docsPages, type DocsPage } from '../../docs.ts'

const DOCS = fileURLToPath(new URL('../../../../docs', import.meta.url))

/**
 * As static assets, at the paths that Node serves them at and with its headers: `/docs/tour` is `docs/tour.html` there (Cloudflare, "HTML handling"), and
 * headers are said in `_headers`. Nothing else is left in the folder, and nothing goes from it that stays: another build may be reading. Answers with the
 * number of files.
 */
export async function writeStaticAssets(folder: string, assets: Assets): Promise<number> {
  const files: readonly (readonly [string, DocsPage])[] = [
    ...docsPages(DOCS, { hasApi: true }),
    [DOCUMENT, described],
    ...assets.files.map(({ path, type, text }) => [path, loaded(type, text)] as const),
  ]
  const texts = await Promise.all(files.map(async ([path, { headers, bytes }]) => [isHtml(headers) ? `${path}.html` : path, await bytes()] as const))
  const all = new Map([...texts, ['/_headers', rulesOf(new Map(files))] as const].map(([path, text]) => [join(folder, path), text]))
  for (const [file, text] of all) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  for (const found of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(found.parentPath, found.name)
    if (found.isFile() && !all.has(file)) rmSync(file)
  }
  return all.size
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
