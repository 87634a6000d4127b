import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { accountSchema } from '../../../src/config/account-schema.ts'
import { repositorySchema } from '../../../src/config/repository-schema.ts'

type Node = z.core.JSONSchema.BaseSchema

/**
 * The schemas that editors read, made of those that the parser checks with: `docs/deploy.schema.json` and `docs/deploy-defaults.schema.json`.
 * What each rule means comes from the tables in docs/configuration.md. What no JSON Schema can say (contradictions between keys, real time
 * zones) is left to the check.
 */
export const deploySchema = (): Node => described(repositorySchema, '.github/deploy.yml', /^## `\.github\/deploy\.yml`$|^### Docker, /m)

export const defaultsSchema = (): Node =>
  described(accountSchema, '.github/deploy-defaults.yml', /^## `\.github\/deploy-defaults\.yml`.*$|^## `gantry/m)

/** `section`: what stands before its tables, and what after them. */
function described(schema: z.ZodType, file: string, section: RegExp): Node {
  const made = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any', override: tidied }) as Node
  const [, tables = ''] = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8').split(section)
  return { title: `${file} of Gantry`, ...withWords(made, '', rowsOf(tables)) }
}

/** Zod's own format is nobody else's; the pattern beside it says the same. */
function tidied({ jsonSchema }: { readonly jsonSchema: Node }): void {
  if (jsonSchema.format === 'starts_with') delete jsonSchema.format
}

/** The last cell of each row, by key: `environments.NAME.target`, `allow.role`. */
const rowsOf = (tables: string): ReadonlyMap<string, string> =>
  new Map([...tables.matchAll(/^\| `([^`]+)` \|(?:.*\|)? (.+?) \|$/gm)].map(([, key = '', words = '']) => [key, plain(words)]))

/** Without links and marks. */
const plain = (words: string): string =>
  words
    .replaceAll(/ \(\[more\]\([^)]*\)\)/g, '')
    .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replaceAll('`', '')

function withWords(node: Node, path: string, rows: ReadonlyMap<string, string>): Node {
  const words = rows.get(path) ?? rows.get(path.replace('environments.NAME.', ''))
  const inside = (key: string): string => (path === '' || path === 'apps.NAME' ? key : `${path}.${key}`)
  const { properties, additionalProperties: each } = node
  return {
    ...(words !== undefined && { description: words }),
    ...node,
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, inner(value, inside(key), rows)])) }),
    ...(typeof each === 'object' && { additionalProperties: inner(each, `${path}.NAME`, rows) }),
  }
}

const inner = (node: z.core.JSONSchema._JSONSchema, path: string, rows: ReadonlyMap<string, string>): z.core.JSONSchema._JSONSchema =>
  typeof node === 'boolean' ? node : withWords(node, path, rows)
