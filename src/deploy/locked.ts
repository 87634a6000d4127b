import { Refusal } from '../errors.ts'
import type { Lock } from './deployment.ts'
import { utc } from './wording.ts'

/** Somebody else holds it. `way`: what may be done besides asking them. */
export function locked({ owner, reason, since, until, environment }: Lock, way: string): Refusal {
  const where = environment === '*' ? 'Every environment of this repository' : environment.split('/').at(-1)
  return new Refusal('LOCKED', {
    sentence: `${where} is locked by ${owner?.login ?? 'Gantry'}: ${reason}`,
    found: `locked since ${utc(since)}${until === null ? '' : `, until ${utc(until)}`}`,
    wanted: 'a free environment, or its holder',
    next: `Ask ${owner?.login ?? 'whoever looks into it'}, or ${way}.`,
  })
}
