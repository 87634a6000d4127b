import { CST, Lexer } from 'yaml'
import { quoted } from '../deploy/wording.ts'

/** Something in a YAML text that must not reach the parser. */
export interface Trap {
  /** In UTF-16 units from the start of the text. */
  readonly offset: number
  readonly message: string
}

const MOST_BYTES = 64 * 1024
/** Levels of nesting; a configuration of ours needs seven. */
export const DEEPEST = 24
// Keys and values. 64 KiB of `1,` hold 32,000, which take the parser a quarter of a second.
const MOST_SCALARS = 5000
// What stands between them: `[],` has no value at all, and 64 KiB of commas take the parser longer still.
const MOST_SIGNS = 20_000

/**
 * The first trap in a text, found on its tokens, before anything is composed from them: aliases that expand, brackets nested
 * deeper than the stack, directives that turn YAML 1.2 into 1.1, and characters that nobody sees.
 */
export function findTrap(text: string): Trap | null {
  if (text.length > MOST_BYTES || new TextEncoder().encode(text).length > MOST_BYTES) return { offset: 0, message: 'The file is larger than 64 KiB.' }
  return hiddenCharacter(text) ?? forbiddenToken(text)
}

function hiddenCharacter(text: string): Trap | null {
  for (const { index: offset, 0: character } of text.matchAll(/[\p{C}\p{Zl}\p{Zp}\uFFFD]/gu)) {
    if (character === '\n' || (character === '\r' && text[offset + 1] === '\n') || (character === '\uFEFF' && offset === 0)) continue
    if (character === '\t') return { offset, message: 'There is a tab here; YAML is indented with spaces.' }
    return { offset, message: `There is an invisible character here, ${quoted(character)}.` }
  }
  return null
}

const FORBIDDEN: ReadonlyMap<string, string> = new Map([
  ['anchor', 'Anchors (&name) are not read here; write the value out.'],
  ['alias', 'Aliases (*name) are not read here; write the value out.'],
  ['tag', 'Tags (!name) are not read here; put a text in quotes instead.'],
  ['directive-line', 'Directives (%YAML, %TAG) are not read here.'],
  ['doc-end', 'The end of a document (...) is not read here; leave it out.'],
])
const OPENS = new Set(['flow-map-start', 'flow-seq-start'])
const CLOSES = new Set(['flow-map-end', 'flow-seq-end'])
const INDICATORS = new Set(['seq-item-ind', 'explicit-key-ind', 'map-value-ind'])
const SIGNS = new Set([...OPENS, ...CLOSES, ...INDICATORS, 'comma'])
// The lexer's own marks, which stand for no characters of the text.
const MARKS = new Set(['doc-mode', 'flow-error-end', 'scalar'])

function forbiddenToken(text: string): Trap | null {
  let [offset, brackets, indicators, scalars, signs] = [0, 0, 0, 0, 0]
  let hasStarted = false
  for (const { type, length } of tokens(text)) {
    const forbidden = FORBIDDEN.get(type)
    if (forbidden !== undefined) return { offset, message: forbidden }
    if (type === 'doc-start' && hasStarted) return { offset, message: 'Only one YAML document is read; there is a second one here.' }
    if (type === 'doc-start' || type === 'content') hasStarted = true
    if (OPENS.has(type)) brackets += 1
    if (CLOSES.has(type)) brackets -= 1
    if (type === 'content') scalars += 1
    if (INDICATORS.has(type) && brackets === 0) indicators += 1
    if (SIGNS.has(type)) signs += 1
    if (type === 'newline') indicators = 0
    if (brackets > DEEPEST || indicators > DEEPEST) return { offset, message: 'The values here are nested too deeply.' }
    if (scalars > MOST_SCALARS) return { offset, message: `The file holds more than ${MOST_SCALARS} keys and values.` }
    if (signs > MOST_SIGNS) return { offset, message: `The file holds more than ${MOST_SIGNS} brackets, commas, colons and dashes.` }
    offset += length
  }
  return null
}

function* tokens(text: string): Generator<{ readonly type: string; readonly length: number }> {
  let isScalar = false
  for (const source of new Lexer().lex(text)) {
    const type: string = isScalar ? 'content' : (CST.tokenType(source) ?? 'content')
    isScalar = type === 'scalar'
    const isContent = type.endsWith('-scalar')
    yield { type: isContent ? 'content' : type, length: MARKS.has(type) ? 0 : source.length }
  }
}
