import { type Code, type Problem, problem } from '../errors.ts'
import { didYouMean, listed, quoted } from './wording.ts'

/** What a schema library says of a value that does not fit; zod's issues have this shape. */
export interface Misfit {
  readonly path: readonly PropertyKey[]
  readonly message: string
  /** Keys that nobody knows, directly below `path`. */
  readonly keys?: readonly string[]
}

/** Where the value stands, for people: `the settings for a docker target`, and what to correct. */
interface Place {
  readonly code: Code
  readonly what: string
  readonly next: string
  /** The keys that exist, by the path of the object that has them: `''` is the value itself. */
  readonly known: { readonly [path: string]: readonly string[] }
}

/** The first misfit as a problem; `found` names the key. */
export function settingsProblem(misfits: readonly Misfit[], place: Place): Problem {
  const [first] = misfits
  const path = (first?.path ?? []).map(String).join('.')
  const [unknown] = first?.keys ?? []
  if (unknown === undefined) {
    const found = path === '' ? undefined : path
    const subject = found === undefined ? place.what : `${quoted(path)} in ${place.what}`
    return problem(place.code, { sentence: `${subject} cannot be used: ${first?.message ?? 'not valid'}.`, found, next: place.next })
  }
  const known = place.known[path] ?? []
  const found = path === '' ? unknown : `${path}.${unknown}`
  const sentence = `${quoted(found)} is not a key of ${place.what}.${didYouMean(unknown, known)}`
  return problem(place.code, { sentence, found, ...(known.length > 0 && { wanted: listed(known, 20) }), next: place.next })
}
