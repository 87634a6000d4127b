import type { PermissionChange } from '../deploy/configuration-check.ts'
import { fitting } from '../deploy/environment.ts'
import { canonical } from '../deploy/plan.ts'
import type { Json } from '../deploy/target.ts'

/** How two values of one type are compared: what changed, in words that go on after `shop/production: `. */

/** A change before anybody has said where it is. */
export interface Change {
  readonly direction: PermissionChange['direction']
  readonly words: string
}

const change =
  (direction: Change['direction']) =>
  (words: string): Change => ({ direction, words })

export const looser = change('looser')
export const stricter = change('stricter')
export const different = change('different')

/** Both values → what changed between them. */
export type Comparison<T> = (before: T, after: T) => readonly Change[]

/** By field, so that one that is added and that nobody compares does not compile. */
export type Comparisons<T> = { readonly [Field in keyof T]-?: Comparison<T[Field]> }

/** Every field of a value that is always there. */
export const fields =
  <T extends object>(comparisons: Comparisons<T>): Comparison<T> =>
  (before, after) =>
    (Object.keys(comparisons) as (keyof T)[]).flatMap((field) => comparisons[field](before[field], after[field]))

/** A demand that may be missing: it is stricter where it comes, looser where it goes. */
export const demand =
  <T extends object>(
    words: { readonly comes: (rule: T) => string; readonly goes: (rule: T) => string },
    inner: Comparisons<T>,
  ): Comparison<T | null> =>
  (before, after) => {
    if (before === null) return after === null ? [] : [stricter(words.comes(after))]
    return after === null ? [looser(words.goes(before))] : fields(inner)(before, after)
  }

/** Whatever may be there by name: a map's values, or a list of texts that are their own names. */
export function byName<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  words: { readonly comes: (name: string, it: T) => Change; readonly goes: (name: string, it: T) => Change },
  both: (name: string, before: T, after: T) => readonly Change[] = () => [],
): Change[] {
  const gone = [...before].flatMap(([name, it]) => (after.has(name) ? [] : [words.goes(name, it)]))
  const rest = [...after].flatMap(([name, it]) => {
    const former = before.get(name)
    return former === undefined ? [words.comes(name, it)] : both(name, former, it)
  })
  return [...gone, ...rest]
}

/** The pattern that any branch fits. */
export const EVERYTHING = '**'

/** Lists of patterns: what fits another one of the list anyway neither comes nor goes. */
export const byPattern = (
  before: readonly string[],
  after: readonly string[],
  words: { readonly comes: (pattern: string) => Change; readonly goes: (pattern: string) => Change },
): Change[] => [
  ...before.filter((pattern) => !after.some(covering(pattern))).map(words.goes),
  ...after.filter((pattern) => !before.some(covering(pattern))).map(words.comes),
]

// A character that no pattern holds stands for whatever `*` does; how much `**` is fitted by nothing less than everything can say.
const covering = (pattern: string): ((other: string) => boolean) => {
  const fits = fitting(pattern.replaceAll('*', '\0'))
  return (other) => other === pattern || other === EVERYTHING || (!pattern.includes('**') && fits(other))
}

/** The texts of a list, for `byName`. */
export const texts = (list: readonly string[]): ReadonlyMap<string, string> => new Map(list.map((text) => [text, text]))

export const isSame = (a: unknown, b: unknown): boolean => canonical(a as Json) === canonical(b as Json)

/** Neither looser nor stricter: what it is, and what it was. `name`: the value as people write it. */
export const described =
  <T>(say: (name: string) => string, name: (value: T) => string): Comparison<T> =>
  (before, after) =>
    isSame(before, after) ? [] : [different(`${say(name(after))}; it was ${name(before)}`)]

/** More of a number is stricter. */
export const atLeastSo =
  (say: (name: string) => string, name: (value: number) => string = String): Comparison<number> =>
  (before, after) =>
    before === after ? [] : [(after > before ? stricter : looser)(`${say(name(after))}; it was ${name(before)}`)]

const SPANS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const

/** Milliseconds as the file writes them: `90s`, `4h`. */
export function span(ms: number): string {
  const [unit, size] = SPANS.find(([, size]) => ms > 0 && ms % size === 0) ?? ['s', 1_000]
  return `${ms / size}${unit}`
}
