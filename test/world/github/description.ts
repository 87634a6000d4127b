/** GitHub's own descriptions, cut by `slice.ts`: read once, and turned into what a JSON Schema validator understands. */
import { isWorkerd } from '../which-runtime.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
/** What a caller states of an answer or a payload; the rest is filled in. */
export type Stated = undefined | null | boolean | number | string | readonly Stated[] | { readonly [key: string]: Stated }

/** The parts of OpenAPI's schemas that GitHub uses: REST is 3.0 (`nullable`), webhooks are 3.1 (`type: [x, 'null']`). */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly nullable?: boolean
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly allOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly Json[]
  readonly const?: Json
  readonly format?: string
  readonly minimum?: number
  readonly minLength?: number
  readonly minItems?: number
}

interface Parameter {
  readonly $ref?: string
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly schema: Schema
}

export interface Content {
  readonly $ref?: string
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
}

export interface OperationDescription {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: Content
  readonly responses: Readonly<Record<string, Content>>
}

export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationDescription>>>>
  readonly webhooks: Readonly<Record<string, Schema>>
  readonly components: unknown
}

/** The text of a file in `fixtures/`. */
export const { fixture } = isWorkerd ? await import('../../workers/fixtures.ts') : await import('../fixtures-here.ts')

export const api = described('github-openapi.json')
export const hooks = described('github-webhooks.json')

// GitHub's description says that a pull request's head has a repository; once its fork was deleted it has none (webhooks say so).
correct(api, ['schemas', 'pull-request', 'properties', 'head', 'properties', 'repo'], { nullable: true })

function correct(document: Description, path: readonly string[], more: Schema): void {
  const parent = path.slice(0, -1).reduce<unknown>((node, key) => (isObject(node) ? node[key] : undefined), document.components)
  const key = path.at(-1) ?? ''
  if (!isObject(parent) || !(key in parent)) throw new Error(`nothing to correct at ${path.join('.')}`)
  // Around it, because `nullable` beside a reference is lost where the reference is followed.
  parent[key] = { allOf: [parent[key]], ...more }
}

/** The one cast of this folder's descriptions: GitHub wrote the file, `slice.ts` cut it, and the types above name what is read of it. */
function described(name: string): Description {
  return JSON.parse(fixture(name)) as Description
}

/** What a `$ref` stands for. */
export function resolve<T extends { readonly $ref?: string }>(node: T, document: Description): T {
  if (node.$ref === undefined) return node
  const target: unknown = node.$ref
    .split('/')
    .slice(1)
    .reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), document)
  if (!isObject(target)) throw new Error(`the slice lacks ${node.$ref}: run test/world/github/slice.ts`)
  return resolve(target as T, document)
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/**
 * OpenAPI 3.0 says `nullable: true` beside `$ref` or `allOf`, which means nothing in JSON Schema: rewritten to an `anyOf`.
 * References become absolute, below the name that the document has in the validator.
 */
export function asJsonSchema(node: unknown, document: string): unknown {
  if (Array.isArray(node)) return node.map((inner) => asJsonSchema(inner, document))
  if (!isObject(node)) return node
  const { nullable, ...rest } = node
  const schema = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, key === '$ref' ? `${document}${String(value)}` : asJsonSchema(value, document)]),
  )
  if (nullable !== true)
    return nullable === undefined || typeof nullable === 'boolean' ? schema : { ...schema, nullable: asJsonSchema(nullable, document) }
  return { anyOf: [schema, { type: 'null' }] }
}
