import * as z from 'zod'
import { didYouMean, listed, quoted, visible } from '../deploy/wording.ts'
import { pathText } from './finding.ts'
import type { Finding, Path } from './finding.ts'
import type { Spot, Yaml } from './yaml.ts'

/**
 * Schemas of configuration files. Every message in a schema completes the sentence "… must be …".
 */

/** A rule that is known and that this version does not enforce: said, never ignored. */
export const later = () =>
  z
    .unknown()
    .superRefine((_, context) => context.addIssue({ code: 'custom', params: { isLater: true } }))
    .optional()
    // What an editor reads.
    .meta({ description: 'known, and not enforced in this version', not: {} })

/** A text for which `problem` says what it must be instead, or null. */
export const text = (problem: (value: string) => string | null) =>
  z.string().superRefine((value, context) => {
    const wanted = problem(value)
    if (wanted !== null) context.addIssue({ code: 'custom', message: wanted })
  })

/** Names of apps, environments, images, targets and credentials: they become paths, labels and parts of keys. */
export const name = z
  .string('a name')
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'at most 63 letters, digits, ".", "_" and "-", beginning with a letter or digit')

export const named = <Schema extends z.ZodType>(schema: Schema) => z.record(name, schema)

/** Checks a file against its schema: its value, or everything that is wrong with it. */
export function checkShape<Output>(yaml: Yaml, schema: z.ZodType<Output>): { readonly value: Output } | { readonly findings: readonly Finding[] } {
  const result = schema.safeParse(yaml.value, { error: wantedOf })
  if (result.success) return { value: result.data }
  return { findings: result.error.issues.flatMap((issue) => findingsOf(issue, yaml, schema)) }
}

/** A finding about the value at a path: `sentence` for what is wrong, or "must be `wanted`". */
export function findingAt(spot: Spot, path: Path, wanted: string | null, sentence = `${subject(path)} must be ${wanted}.`): Finding {
  const { line, column, source } = spot
  return { kind: 'invalid', line, column, path: pathText(path), message: sentence, found: source === '' ? null : visible(source), wanted }
}

type Issue = z.core.$ZodIssue

function findingsOf(issue: Issue, yaml: Yaml, schema: z.ZodType): Finding[] {
  const path = issue.path as Path
  const meant = issue.code === 'invalid_union' ? deepest(issue) : []
  if (meant.length > 0) return meant.flatMap((inner) => findingsOf(inner, yaml, schema))
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], key, yaml, keysAt(schema, path)))
  if (issue.code === 'custom' && issue.params?.['isLater'] === true) return [notEnforced(path, yaml)]
  if (issue.code === 'invalid_key') {
    const wanted = issue.issues[0]?.message ?? 'a name'
    return [findingAt(yaml.keyAt(path), path, wanted, `The name ${quoted(String(path.at(-1)))} must be ${wanted}.`)]
  }
  const value = valueIn(yaml.value, path)
  if (value === undefined) return [findingAt(yaml.keyAt(path.slice(0, -1)), path, issue.message, `${subject(path)} is missing.`)]
  const spot = yaml.valueAt(path)
  if (value === null) return [findingAt(spot, path, issue.message, `${subject(path)} must be ${issue.message}, and it is empty.`)]
  if (issue.code === 'invalid_type' && issue.expected === 'string' && typeof value !== 'object') {
    const read = `YAML reads ${spot.source === '' ? 'it' : quoted(spot.source)} as a ${typeof value === 'number' ? 'number' : 'truth value'}`
    return [findingAt(spot, path, issue.message, `${subject(path)} must be ${issue.message}, and ${read}; put it in quotes.`)]
  }
  return [findingAt(spot, path, issue.message)]
}

/** Of several forms the one that was meant is the one in which the trouble lies deepest; nothing where it is none of them. */
function deepest({ errors, path }: z.core.$ZodIssueInvalidUnion): Issue[] {
  const depths = errors.map((issues) => Math.max(0, ...issues.map((issue) => issue.path.length)))
  const most = Math.max(0, ...depths)
  if (most === 0) return []
  return (errors[depths.indexOf(most)] ?? []).map((issue) => ({ ...issue, path: [...path, ...issue.path] }))
}

const subject = (path: Path): string => (path.length === 0 ? 'The file' : pathText(path))

function unknownKey(path: Path, key: string, yaml: Yaml, known: readonly string[]): Finding {
  const { line, column } = yaml.keyAt(path)
  const message = `The key ${quoted(key)} is not known here.${didYouMean(key, known)}`
  return {
    kind: 'invalid',
    line,
    column,
    path: pathText(path),
    message,
    found: visible(key),
    wanted: known.length > 0 ? `one of ${listed(known, 30)}` : null,
  }
}

function notEnforced(path: Path, yaml: Yaml): Finding {
  const { line, column } = yaml.keyAt(path)
  const message = `This version of Gantry does not enforce ${pathText(path)} yet, so it will not pretend to.`
  return { kind: 'unsupported', line, column, path: pathText(path), message, found: String(path.at(-1)), wanted: 'the rule left out' }
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['string', 'a text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'a mapping of keys to values'],
  ['record', 'a mapping of names to values'],
])

/** What zod misses, in our words; schemas say the rest themselves. */
function wantedOf(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'invalid_type') return TYPES.get(issue.expected) ?? issue.expected
  if (issue.code === 'invalid_value') return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(', ')}`
  if (issue.code === 'too_small') return issue.origin === 'number' || issue.origin === 'int' ? `at least ${issue.minimum}` : 'not empty'
  if (issue.code === 'too_big') return issue.origin === 'array' ? `a list of at most ${issue.maximum}` : `at most ${issue.maximum}`
  return 'something else'
}

/** The keys that a schema knows at a path, for "did you mean". */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return keysAt(schema.unwrap(), path)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path))
  const [part, ...rest] = path
  if (schema instanceof z.ZodObject) {
    if (part === undefined) return Object.keys(schema.shape)
    return keysAt(schema.shape[String(part)] as z.core.$ZodType, rest)
  }
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, rest)
  return schema instanceof z.ZodArray ? keysAt(schema.element, rest) : []
}

function valueIn(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, part) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[part] : undefined),
    value,
  )
}
