import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Pair, ParsedNode, YAMLParseError } from 'yaml'
import { quoted, visible } from '../deploy/wording.ts'
import { pathText } from './finding.ts'
import type { Finding, Path, Place } from './finding.ts'
import { DEEPEST, findTrap } from './yaml-traps.ts'

/** The plain value of a YAML text, and where each part of it stands. */
export interface Yaml {
  /** Of objects, arrays, strings, booleans, null, and numbers that read as they are written. */
  readonly value: unknown
  /** Where the value at this path stands, or the nearest part of the path that there is. */
  valueAt(path: Path): Spot
  /** Where the key of this path stands. */
  keyAt(path: Path): Spot
}

export interface Spot extends Place {
  /** As it is written, quotes included; empty where the file's values must not be repeated. */
  readonly source: string
}

/** What is wrong with a text. `rest`: what can be read of it all the same, without the values that are refused; not there where nothing can. */
export interface Misread {
  readonly findings: readonly Finding[]
  readonly rest?: Yaml
}

/**
 * Reads one YAML 1.2 document of at most 64 KiB. What surprises people in YAML is refused with its place, never guessed.
 * `repeats`: whether findings may repeat values of the file.
 */
export function readYaml(text: string, repeats: boolean): Yaml | Misread {
  const spot = spotsOf(text, repeats)
  const trap = findTrap(text)
  if (trap !== null) return { findings: [finding(spot(trap.offset, trap.offset), trap.message)] }
  const document = parseDocument(text, { version: '1.2', merge: false, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
  const [error] = document.errors
  if (error !== undefined) return { findings: [finding(spot(error.pos[0], error.pos[0]), unreadable(error))] }
  return readTree({ text, spot, repeats, findings: [] }, document.contents)
}

// Keys that reach into the prototype of whatever plain object they are assigned to.
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

type SpotOf = (from: number, to: number) => Spot

interface Reading {
  readonly text: string
  readonly spot: SpotOf
  readonly repeats: boolean
  readonly findings: Finding[]
}

/** Where a value stands, its key, and what is in it: a tree, because a whole path at each value repeats a long key as often as there are values below it. */
interface Part {
  readonly value: Spot
  readonly key: Spot | null
  readonly inner: Map<string | number, Part>
}

function readTree(reading: Reading, root: ParsedNode | null): Yaml | Misread {
  const whole: Part = { value: spotOf(reading, root), key: null, inner: new Map() }
  const value = readNode(reading, root, [], whole)
  const yaml: Yaml = {
    value,
    valueAt: (path) => nearest(whole, path).part.value,
    keyAt: (path) => {
      const { part, isExact } = nearest(whole, path)
      return (isExact ? part.key : null) ?? part.value
    },
  }
  return reading.findings.length > 0 ? { findings: reading.findings, rest: yaml } : yaml
}

/** What stands at the path, or the nearest part of it that there is. */
function nearest(whole: Part, path: Path): { readonly part: Part; readonly isExact: boolean } {
  let part = whole
  for (const step of path) {
    const next = part.inner.get(step)
    if (next === undefined) return { part, isExact: false }
    part = next
  }
  return { part, isExact: true }
}

function readNode(reading: Reading, node: ParsedNode | null, path: Path, part: Part): unknown {
  const spot = part.value
  if (path.length > DEEPEST) return refuse(reading, spot, 'The values here are nested too deeply.', path)
  if (isMap(node)) return readMap(reading, node.items, path, part)
  if (isSeq(node)) return node.items.map((item, index) => readInner(reading, item, [...path, index], null, part))
  if (!isScalar(node)) return null
  if (typeof node.value !== 'number' || String(node.value) === reading.text.slice(node.range[0], node.range[1])) return node.value
  const what = reading.repeats ? `${quoted(spot.source)} as the number ${node.value}` : 'this as another number'
  return refuse(reading, spot, `YAML reads ${what}; put it in quotes.`, path)
}

function readInner(reading: Reading, node: ParsedNode | null, path: Path, key: Spot | null, outer: Part): unknown {
  const part: Part = { value: spotOf(reading, node), key, inner: new Map() }
  outer.inner.set(path.at(-1) ?? '', part)
  return readNode(reading, node, path, part)
}

function readMap(reading: Reading, items: readonly Pair[], path: Path, part: Part): Record<string, unknown> {
  const map: Record<string, unknown> = {}
  for (const { key, value } of items as Pair<ParsedNode, ParsedNode | null>[]) {
    const spot = spotOf(reading, key)
    const name = isScalar(key) ? key.value : null
    const wrong = keyProblem(name, map)
    if (wrong !== null || typeof name !== 'string') {
      refuse(reading, spot, wrong ?? '', path)
      continue
    }
    map[name] = readInner(reading, value, [...path, name], spot, part)
  }
  return map
}

function keyProblem(name: unknown, map: object): string | null {
  if (typeof name !== 'string') return 'YAML does not read this key as a text; put it in quotes.'
  if (FORBIDDEN_KEYS.has(name)) return `The key ${quoted(name)} is not allowed.`
  if (name === '<<') return 'Merge keys (<<) are not read here; write the values out.'
  return Object.hasOwn(map, name) ? `The key ${quoted(name)} stands here for the second time.` : null
}

function refuse(reading: Reading, spot: Spot, message: string, path: Path): undefined {
  reading.findings.push(finding(spot, message, path))
}

function finding(spot: Spot, message: string, path: Path = []): Finding {
  const found = spot.source === '' ? null : visible(spot.source)
  return { kind: 'invalid', line: spot.line, column: spot.column, path: pathText(path), message, found, wanted: null }
}

const spotOf = ({ spot }: Reading, node: ParsedNode | null): Spot => spot(node?.range[0] ?? 0, node?.range[1] ?? 0)

function spotsOf(text: string, repeats: boolean): SpotOf {
  const lines = new LineCounter()
  for (const { index } of text.matchAll(/^/gm)) lines.addNewLine(index)
  return (from, to) => {
    const { line, col } = lines.linePos(from)
    return { line, column: col, source: repeats ? text.slice(from, to).trimEnd() : '' }
  }
}

/** The parser's own words where they repeat nothing of the file, which may hold a secret. */
function unreadable({ code, message }: YAMLParseError): string {
  const words = code === 'UNEXPECTED_TOKEN' || code === 'BAD_DQ_ESCAPE' ? 'this is not expected here' : message.replaceAll(/\s+/g, ' ')
  return `The YAML cannot be read: ${words.replace(/[.\s]+$/, '')}.`
}
