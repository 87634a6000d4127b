import type { Code, Problem } from '../errors.ts'
import { problem } from '../errors.ts'
import type { ConfigurationFinding } from '../deploy/configuration-check.ts'
import { quoted } from '../deploy/wording.ts'

/** A place in a text, both counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

export type Path = readonly (string | number)[]

/** One thing wrong in a configuration file. */
export interface Finding extends Place {
  /** `unsupported`: a rule that is right and that this version does not enforce. */
  readonly kind: 'invalid' | 'unsupported'
  /** `environments.staging.url`; empty for the whole file. */
  readonly path: string
  /** One plain sentence. */
  readonly message: string
  /** The offending text; null where it says nothing or must not be repeated. */
  readonly found: string | null
  readonly wanted: string | null
}

/** A path as people write it: `images.main.tag`, `environments.staging.before[0]`. */
export const pathText = (path: Path): string =>
  path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${shortened(part)}`)).join('')

const shortened = (part: string): string => (/^[\w.-]{1,64}$/.test(part) ? part : quoted(part))

export const codeOf = ({ kind }: Pick<Finding, 'kind'>): ConfigurationFinding['code'] =>
  kind === 'invalid' ? 'CONFIGURATION_INVALID' : 'CONFIGURATION_UNSUPPORTED'

/** In the order of the file. */
export const inOrder = (findings: readonly Finding[]): Finding[] => findings.toSorted((a, b) => a.line - b.line || a.column - b.column)

/** The problem that a file's findings make: the first one in words, and where the others are. */
export function problemOf(findings: readonly Finding[], code: (finding: Finding) => Code, file: string): Problem | null {
  const [first, ...others] = inOrder(findings).toSorted((a, b) => Number(a.kind === 'unsupported') - Number(b.kind === 'unsupported'))
  if (first === undefined) return null
  const more = others.slice(0, 5).map(({ line, column }) => `${line}:${column}`)
  return problem(code(first), {
    sentence: first.message,
    found: `${first.line}:${first.column}${first.found === null ? '' : ` ${first.found}`}`,
    wanted: first.wanted ?? undefined,
    next: `Correct line ${first.line} of ${file}${more.length > 0 ? `; there is more to correct at ${more.join(', ')}` : ''}.`,
  })
}
