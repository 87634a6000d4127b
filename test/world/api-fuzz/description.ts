import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { HEADERS, PAGE_HEADERS } from '../../../src/web/headers.ts'

/** What `/openapi.json` of a running process says, as far as it is read here. */
export interface Description {
  readonly openapi: string
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>
    readonly headers: Readonly<Record<string, Header>>
    readonly responses: Readonly<Record<string, Described>>
  }
}

export interface Operation {
  readonly operationId?: string
  readonly tags?: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly security?: readonly object[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, Described | Reference>>
}

export interface Parameter extends Header {
  readonly name: string
  readonly in: string
}

/** An answer. */
export interface Described {
  readonly description: string
  readonly content?: Content
  readonly headers?: Readonly<Record<string, Header | Reference>>
}

export interface Header {
  readonly required?: boolean
  readonly description?: string
  readonly example?: unknown
  readonly schema: Schema
}

export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly string[]
  readonly example?: unknown
  readonly description?: string
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: unknown
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
}

type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>
interface Reference {
  readonly $ref: string
}

/** What is meant where something else is named. */
export function resolved<T extends object>(description: Description, one: T | Reference): T {
  if (!('$ref' in one) || typeof one.$ref !== 'string') return one as T
  const found = one.$ref
    .split('/')
    .slice(1)
    .reduce<unknown>((place, key) => (place as Readonly<Record<string, unknown>> | undefined)?.[key], description)
  if (found === undefined) throw new Error(`there is no ${one.$ref}`)
  return found as T
}

/** The schema that is named, and of one that is several together their fields. */
export function whole(description: Description, schema: Schema): Schema {
  const { allOf, ...own } = resolved<Schema>(description, schema)
  if (allOf === undefined) return own
  return [...allOf.map((part) => whole(description, part)), own].reduce((all, part) => ({
    ...all,
    ...part,
    ...((all.properties ?? part.properties) !== undefined && { properties: { ...all.properties, ...part.properties } }),
    required: [...(all.required ?? []), ...(part.required ?? [])],
  }))
}

/** What the document shows of a body: at its place, or with its schema. */
export function exampleOf(description: Description, content: Content | undefined): unknown {
  const [media] = Object.values(content ?? {})
  return media === undefined ? undefined : (media.example ?? whole(description, media.schema).example)
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** What Node's server refuses before there is a request: problems without a code. */
const OF_THE_FRONT = new Set([400, 408, 417, 431])

/** Says what is wrong with an answer by the description, and by what every answer has; null where nothing is. */
export function createReferee(description: Description): (method: string, path: string, answer: Answer) => string | null {
  const ajv = new Ajv2020({ strict: false })
  // @ts-expect-error its types are those of a CommonJS module
  addFormats(ajv)
  const compiled = new Map<Schema, ValidateFunction>()
  const validator = (schema: Schema): ValidateFunction => {
    const known = compiled.get(schema) ?? ajv.compile({ ...schema, components: description.components })
    compiled.set(schema, known)
    return known
  }
  const problems: Content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDetails' } } }

  return (method, path, { status, headers, text }) => {
    if (status >= 500) return `${status}: ${text.slice(0, 300)}`
    // The pages are no part of the description; what every one of them has they have to have here, too. Their requests have names of their own.
    const isOfPages = String(headers['x-request-id'] ?? '').startsWith('p')
    const bare = Object.entries(isOfPages ? PAGE_HEADERS : HEADERS).find(([name, value]) => headers[name] !== value)
    if (bare !== undefined) return `${status} without ${bare[0]}`
    if (method === 'HEAD') return null
    if (isOfPages) return String(headers['content-type'] ?? '').startsWith('text/html') ? null : `${status} with ${String(headers['content-type'])}`
    const type = String(headers['content-type'] ?? '').split(';')[0] ?? ''
    if (headers['x-request-id'] === undefined)
      return OF_THE_FRONT.has(status) && type === 'application/problem+json' ? null : `${status} of nobody: ${text.slice(0, 100)}`
    if (path.split('?')[0] === '/openapi.json' && method === 'GET') return status === 200 ? null : `${status}`
    const operation = operationAt(description, method, path)
    const found = operation?.responses[status]
    // Before there is an operation, the address or the method is none.
    if (operation !== undefined && found === undefined) return `${status} is not declared: ${text.slice(0, 200)}`
    const { content = {}, headers: promised = {} } = found === undefined ? { content: problems } : resolved(description, found)
    const schema = content[type]?.schema
    if (schema === undefined) return `${status} with ${type}`
    for (const [name, header] of Object.entries(promised))
      if (resolved(description, header).required === true && headers[name.toLowerCase()] === undefined) return `${status} without ${name}`
    if (type === 'text/plain') return null
    if (type === 'text/event-stream') return EVENTS.test(text) ? null : `${status}: no events: ${text.slice(0, 100)}`
    const body = JSON.parse(text) as { status?: number }
    const check = validator(schema)
    if (!check(body)) return `${status}: ${ajv.errorsText(check.errors)}`
    if (type !== 'application/problem+json') return null
    return body.status === status ? missing(status, headers) : `${status} says that it is ${body.status}`
  }
}

const EVENTS = /^(?:id: \d+-\d+-[0-9a-f-]+\nevent: \w+\ndata: \{.*\}\n\n|: .*\n\n)*$/

const TOLD: Readonly<Record<number, string>> = { 401: 'www-authenticate', 405: 'allow', 429: 'retry-after' }
const missing = (status: number, headers: Answer['headers']): string | null => {
  const name = TOLD[status]
  return name === undefined || headers[name] !== undefined ? null : `${status} without ${name}`
}

function operationAt({ paths }: Description, method: string, path: string): Operation | undefined {
  const [bare = ''] = path.split('?')
  const found = Object.entries(paths).filter(([pattern]) => new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare))
  return found.map(([, methods]) => methods[method.toLowerCase()]).find((operation) => operation !== undefined)
}
