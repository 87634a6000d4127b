import { Refusal } from '../errors.ts'
import type { Parameter } from './environment.ts'
import { didYouMean, listed, quoted } from './wording.ts'

type Declared = { readonly [name: string]: Parameter }
type Given = { readonly [name: string]: string }

const LONGEST = 200

/** What was said with `key=value`, checked against what is declared, and the defaults of what was not said: as text, by name. */
export function parametersOf(given: Given, declared: Declared): Given | Refusal {
  const names = Object.keys(declared)
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(declared, name))
  if (unknown !== undefined) {
    const sentence = `There is no parameter ${quoted(unknown)} here.${didYouMean(unknown, names)}`
    return invalid(sentence, unknown, names.length === 0 ? 'no parameter: none is declared' : listed(names))
  }
  const values: Record<string, string> = {}
  for (const [name, parameter] of Object.entries(declared)) {
    const value = Object.hasOwn(given, name) ? (given[name] as string) : parameter.default
    if (value === null)
      return invalid(`The parameter ${quoted(name)} has no default, so it must be said.`, undefined, `${name}=${example(parameter)}`)
    const wanted = misfit(value, parameter)
    if (wanted !== null) return invalid(`The parameter ${quoted(name)} cannot be ${quoted(value)}.`, value, wanted)
    values[name] = value
  }
  return values
}

/** The settings with `{name}` in their texts replaced, for the declared names alone. */
export function filled(settings: unknown, values: Given): unknown {
  if (typeof settings === 'string')
    return settings.replace(/\{([A-Za-z_][A-Za-z0-9_-]*)\}/g, (whole, name: string) =>
      Object.hasOwn(values, name) ? (values[name] as string) : whole,
    )
  if (Array.isArray(settings)) return settings.map((inner) => filled(inner, values))
  if (typeof settings !== 'object' || settings === null) return settings
  return Object.fromEntries(Object.entries(settings).map(([key, inner]) => [key, filled(inner, values)]))
}

/** What the value must be instead; null where it fits. */
function misfit(value: string, { type, of }: Parameter): string | null {
  if (value.length > LONGEST) return `at most ${LONGEST} characters`
  if (type === 'enum') return of.includes(value) ? null : `one of ${listed(of)}`
  if (type === 'boolean') return value === 'true' || value === 'false' ? null : 'true or false'
  if (type === 'number') return /^-?(0|[1-9]\d{0,14})(\.\d{1,10})?$/.test(value) ? null : 'a number such as 3 or 0.5'
  return null
}

const example = ({ type, of }: Parameter): string => (type === 'enum' ? (of[0] ?? '…') : type === 'boolean' ? 'true' : type === 'number' ? '1' : '…')

const invalid = (sentence: string, found: string | undefined, wanted: string): Refusal =>
  new Refusal('PARAMETER_INVALID', { sentence, found, wanted, next: 'Write the command with the right parameters in a new comment.' })
