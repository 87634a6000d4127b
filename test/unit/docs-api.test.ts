import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Operation, Schema } from '../world/api-fuzz/description.ts'
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

test('a route that nobody has thought of yet is taken up', async () => {
  const document = await publishedDocument()
  const named = (name: string) => ({ $ref: `#/components/schemas/${name}` })
  const json = (schema: Schema, example?: unknown) => ({ 'application/json': { schema, ...(example !== undefined && { example }) } })
  const path = { name: 'account', in: 'path', required: true, schema: { type: 'string', maxLength: 39, example: 'acme' } }
  const put: Operation = {
    ...{ summary: 'Keeps a thing', parameters: [path, { name: 'if-match', in: 'header', schema: { type: 'string' } }] },
    requestBody: { content: json({ type: 'object', properties: { secret: { type: 'string' } } }, { secret: 'it' }) },
    responses: { '201': { description: 'It is kept.', content: json(named('Kept')) }, default: { description: 'No.' } },
  }
  const gone: Operation = { summary: 'Forgets it', parameters: [path], responses: { '204': { description: 'It is gone.' } } }
  const more = {
    properties: { tries: { type: ['array', 'null'], items: { type: 'object', properties: { at: { type: 'string', format: 'date-time' } } } } },
  }
  const Kept = { allOf: [named('Thing'), more], example: { name: 'x', tries: null } }
  const Thing = { type: 'object', properties: { name: { type: 'string', description: 'Its name' } }, required: ['name'] }
  const parts = pageParts({
    ...document,
    paths: { '/config/{account}/thing': { put, delete: gone } },
    components: { ...document.components, schemas: { Thing, Kept } },
  })
  expect(parts['routes']).toMatchInlineSnapshot(`
    "[**Others**](#routes-others): What belongs to no group.

    |  |  |
    | --- | --- |
    | [\`PUT\` \`/config/{account}/thing\`](#put-configaccountthing) | Keeps a thing |
    | [\`DELETE\` \`/config/{account}/thing\`](#delete-configaccountthing) | Forgets it |"
  `)
  expect(parts['reference']).toMatchInlineSnapshot(`
    "## Routes: Others

    What belongs to no group.

    ### \`PUT\` \`/config/{account}/thing\`

    **Keeps a thing.**

    | parameter | type | meaning |
    | --- | --- | --- |
    | \`account\` | path, string | At most 39 characters. |
    | \`If-Match\` | header, string, optional |  |

    | field of the body | type | meaning |
    | --- | --- | --- |
    | \`secret\` | string, optional |  |

    \`\`\`sh
    curl -sS --fail-with-body -X PUT "https://gantry.example.com/config/acme/thing" \\
      -H "Authorization: Bearer $TOKEN" \\
      -H 'Content-Type: application/json' \\
      -d '{ "secret": "it" }'
    \`\`\`

    It answers \`201\` with

    \`\`\`json
    { "name": "x", "tries": null }
    \`\`\`

    | status | answer | body |
    | --- | --- | --- |
    | \`201\` | It is kept | [Kept](#kept) |

    ### \`DELETE\` \`/config/{account}/thing\`

    **Forgets it.**

    | parameter | type | meaning |
    | --- | --- | --- |
    | \`account\` | path, string | At most 39 characters. |

    \`\`\`sh
    curl -sS --fail-with-body -X DELETE "https://gantry.example.com/config/acme/thing" \\
      -H "Authorization: Bearer $TOKEN"
    \`\`\`

    | status | answer | body |
    | --- | --- | --- |
    | \`204\` | It is gone | none |

    ## Bodies

    ### Thing

    | field | type | meaning |
    | --- | --- | --- |
    | \`name\` | string | Its name. |

    ### Kept

    | field | type | meaning |
    | --- | --- | --- |
    | \`name\` | string | Its name. |
    | \`tries\` | list of object or null | May be missing. |
    | \`tries[].at\` | time | May be missing. |"
  `)
})
