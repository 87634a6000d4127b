import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { pageParts, refilled } from './docs-api-page.ts'
import { publishedDocument, routesOf } from './openapi.ts'

// What `docs/api.md` has of routes, bodies and codes is what `/openapi.json` says, for people: `vitest -u` writes it.

const FILE = '../../docs/api.md'
const page = readFileSync(new URL(FILE, import.meta.url), 'utf8')

test('docs/api.md says what /openapi.json says', async () => {
  await expect(refilled(page, pageParts(await publishedDocument()))).toMatchFileSnapshot(FILE)
})

test('has a place for each of its parts, and each route once', async () => {
  const document = await publishedDocument()
  const places = [...page.matchAll(/^<!-- made: (\w+) -->$/gm)].map(([, name]) => name)
  expect(places.toSorted()).toEqual(Object.keys(pageParts(document)).toSorted())
  const headings = [...page.matchAll(/^### `([A-Z]+)` `(.+)`$/gm)].map(([, method, path]) => `${method} ${path}`)
  expect(headings.toSorted()).toEqual(routesOf(document).map(({ method, path }) => `${method} ${path}`).toSorted()) // prettier-ignore
})
