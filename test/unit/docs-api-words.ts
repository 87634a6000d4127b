import { whole, type Description, type Schema } from '../world/api-fuzz/description.ts'

/** Schemas in words, for the tables of docs/api.md. */

export const nameOf = ({ $ref = '' }: Schema): string => $ref.split('/').at(-1) ?? ''
const linkTo = (name: string): string => `[${name}](#${name.toLowerCase()})`
const cell = (text: string): string => text.replaceAll('|', '\\|')
export const code = (text: string): string => `\`${text}\``

export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return lines.length === 0 ? '' : [row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n')
}

export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return linkTo(nameOf(schema))
  const either = schema.anyOf ?? schema.oneOf
  if (either !== undefined) return either.map(typeOf).join(' or ')
  const [named] = schema.allOf ?? []
  if (named !== undefined) return `${typeOf(named)}${schema.allOf?.some((part) => part.properties !== undefined) === true ? ' and more' : ''}`
  return [schema.type ?? 'anything'].flat().map((type) => wordOf(type, schema)).join(' or ') // prettier-ignore
}

function wordOf(type: string, { items = {}, format, additionalProperties }: Schema): string {
  if (type === 'array') return `list of ${typeOf(items)}`
  if (type === 'string' && format === 'date-time') return 'time'
  if (type === 'object' && typeof additionalProperties === 'object') return `object of ${typeOf(additionalProperties)}`
  return type
}

/** More than these are a list of their own. */
const MOST_VALUES = 20

/** What a value has to be, besides its type. */
export function limitsOf({ enum: values, pattern, format, minLength, maxLength, minimum, maximum, additionalProperties, ...rest }: Schema): string {
  const texts = typeof additionalProperties === 'object' ? limitsOf(additionalProperties) : ''
  const limits = [
    values === undefined ? '' : values.length > MOST_VALUES ? 'one of the [codes](#codes)' : `one of ${values.map(code).join(', ')}`,
    pattern === undefined || format !== undefined ? '' : `of the form ${code(pattern)}`,
    span(minLength, maxLength, ' characters'),
    span(minimum, maximum, ''),
    texts === '' ? '' : `each ${texts}`,
    rest.default === undefined ? '' : `${code(JSON.stringify(rest.default))} where it is left out`,
  ]
  return limits.filter((part) => part !== '').join('; ')
}

function span(least: number | undefined, most: number | undefined, unit: string): string {
  if (most === undefined) return least === undefined ? '' : `at least ${least}${unit}`
  return `${least === undefined ? 'at most ' : `${least} to `}${most}${unit}`
}

/** What it means, and what it has to be. */
export function meaningOf(schema: Schema, description = schema.description ?? ''): string {
  const limits = limitsOf(schema)
  const closed = description === '' || /[.!?]$/.test(description) ? description : `${description}.`
  return [closed, limits === '' ? '' : `${limits.charAt(0).toUpperCase()}${limits.slice(1)}.`].filter((part) => part !== '').join(' ')
}

/** A row for each field, those of objects inside it after it. What an answer has is nearly always there. */
export function fieldRows(from: Schema, document: Description, isAnswer: boolean, place = ''): string[][] {
  const schema = whole(document, from)
  return Object.entries(schema.properties ?? {}).flatMap(([name, its]) => {
    const isList = its.items !== undefined
    const inner = its.items ?? its
    const isRequired = schema.required?.includes(name) === true
    const type = `${typeOf(its)}${isRequired || isAnswer ? '' : ', optional'}`
    return [
      [code(`${place}${name}`), type, `${meaningOf(its)}${isRequired || !isAnswer ? '' : ' May be missing.'}`.trim()],
      ...(inner.$ref === undefined ? fieldRows(inner, document, isAnswer, `${place}${name}${isList ? '[]' : ''}.`) : []),
    ]
  })
}

/** JSON as a person would write it: on one line what has room there. */
export function compact(value: unknown, indent = '', width = 90): string {
  const line = JSON.stringify(value, null, 1)?.replaceAll(/\n\s*/g, ' ') ?? ''
  if (line.length + indent.length <= width || typeof value !== 'object' || value === null) return line
  const inner = `${indent}  `
  const parts = Array.isArray(value) ? value.map((one) => `${inner}${compact(one, inner, width)}`) : entriesOf(value, inner, width)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return `${open}\n${parts.join(',\n')}\n${indent}${close}`
}

/** One on each line; those of a small object that stands in another, as many as have room. */
function entriesOf(value: object, inner: string, width: number): string[] {
  const entries = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${compact(one, inner, width)}`)
  if (inner.length <= 2 || Object.values(value).some((one) => typeof one === 'object' && one !== null)) return entries.map((one) => inner + one)
  const lines: string[] = []
  for (const entry of entries) {
    const last = lines.at(-1)
    if (last === undefined || last.length + entry.length + 2 > width) lines.push(inner + entry)
    else lines[lines.length - 1] = `${last}, ${entry}`
  }
  return lines
}

/** Schemas that answers hold, in the order of the document: each is shown once, what a request holds stands with its route. */
export function shownSchemas({ components: { schemas }, paths }: Description): readonly string[] {
  const text = JSON.stringify(Object.values(paths).flatMap((methods) => Object.values(methods).map(({ responses }) => responses)))
  const found = new Set([...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name = '']) => name))
  for (const name of found) for (const [, inner = ''] of JSON.stringify(schemas[name]).matchAll(/#\/components\/schemas\/(\w+)/g)) found.add(inner)
  return Object.keys(schemas).filter((name) => found.has(name))
}
