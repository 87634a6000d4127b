import { isObject, resolve } from './description.ts'
import type { Description, Json, Stated, Schema } from './description.ts'

/**
 * Fills every required field that nobody stated with the plainest legal value, so that a simulated pull request is
 * `{ number, head, state }` and not 400 lines. Stated fields stay, `undefined` ones are left out.
 */
export function complete(raw: Schema, given: Stated, document: Description): Json {
  const schema = resolve(raw, document)
  if (given === null && isNullable(schema)) return null
  const stated = given === null ? undefined : given
  if (schema.allOf !== undefined) return both(schema.allOf, stated, document)
  const choices = schema.oneOf ?? schema.anyOf
  if (stated === undefined && isNullable(schema)) return null
  if (choices !== undefined && schema.properties === undefined) {
    const choice = choices.find((one) => fits(resolve(one, document), stated)) ?? choices[0]
    return choice === undefined ? null : complete(choice, stated, document)
  }
  return plain(schema, stated, document)
}

/** `allOf` narrows in later parts what earlier ones filled (`user` to non-null): a second pass sees both. */
function both(parts: readonly Schema[], given: Stated, document: Description): Json {
  return [...parts, ...parts].reduce<Json>(
    (sofar, part) => {
      const filled = complete(part, sofar, document)
      return isObject(filled) && isObject(sofar) ? { ...sofar, ...filled } : filled
    },
    defined(given ?? {}),
  )
}

function plain(schema: Schema, given: Stated, document: Description): Json {
  if (schema.const !== undefined) return given === undefined ? schema.const : defined(given)
  if (schema.enum !== undefined && given === undefined) return schema.enum[0] ?? null
  const type = typeOf(schema)
  if (type === 'object' || schema.properties !== undefined) return object(schema, given, document)
  if (type === 'array') return array(schema, given, document)
  if (given !== undefined) return defined(given)
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1
  if (type === 'boolean') return false
  return type === 'string' ? text(schema) : {}
}

function object(schema: Schema, given: Stated, document: Description): Json {
  if (given !== undefined && !isObject(given)) return defined(given)
  const stated: { readonly [key: string]: Stated } = given ?? {}
  const filled: Record<string, Json> = {}
  for (const [key, value] of Object.entries(stated)) if (value !== undefined) filled[key] = defined(value)
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (stated[key] !== undefined || schema.required?.includes(key)) filled[key] = complete(property, stated[key], document)
  }
  return filled
}

function array(schema: Schema, given: Stated, document: Description): Json {
  const items = schema.items ?? {}
  if (Array.isArray(given)) return given.map((one: Stated) => complete(items, one, document))
  return Array.from({ length: schema.minItems ?? 0 }, () => complete(items, undefined, document))
}

function text(schema: Schema): string {
  if (schema.format === 'uri' || schema.format === 'uri-template') return 'https://github.com/'
  if (schema.format === 'date-time') return '2026-01-01T00:00:00Z'
  if (schema.format === 'email') return 'nobody@example.com'
  return 'x'.repeat(schema.minLength ?? 1)
}

function typeOf(schema: Schema): string | undefined {
  return typeof schema.type === 'string' ? schema.type : schema.type?.find((one) => one !== 'null')
}

function isNullable(schema: Schema): boolean {
  if (schema.nullable === true || schema.type === 'null') return true
  // `type: [null, …]` beside a `oneOf` none of whose choices takes null: GitHub writes that, and null is not legal there.
  const choices = schema.oneOf ?? schema.anyOf
  if (choices !== undefined) return choices.some(isNullable)
  const saysNothing = schema.type === undefined && !schema.properties && !schema.allOf && !schema.enum && !schema.$ref
  return saysNothing || (Array.isArray(schema.type) && schema.type.includes('null'))
}

function fits(schema: Schema, value: Stated): boolean {
  if (value === undefined) return true
  const type = typeOf(schema)
  if (type === undefined) return isObject(value)
  if (Array.isArray(value)) return type === 'array'
  return typeof value === 'number' ? type === 'integer' || type === 'number' : type === typeof value
}

/** Without the `undefined`s, as JSON has it. */
function defined(value: Stated): Json {
  if (value === undefined) return null
  if (Array.isArray(value)) return value.map((inner: Stated) => defined(inner))
  if (!isObject(value)) return value as Json
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, defined(inner as Stated)]])))
}
