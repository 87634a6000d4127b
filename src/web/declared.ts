import type { Refused, ShownDeclaration } from '../deploy/administration.ts'
import type { DeclarationName } from '../deploy/declaration.ts'
import type { ApiDoors } from './endpoint.ts'
import { RequestRefused } from './problems.ts'
import { trialBody } from './trials.ts'

/** Credentials and targets of an account, behind the API and behind the pages. */

export const DECLARATION_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
export const DECLARATION_NAME_WORDS = 'at most 63 letters, digits, ".", "_" and "-"'
/** With one credential in one request. */
export const MOST_IMAGES = 5

export async function declarationFor(which: DeclarationName, { administration }: Pick<ApiDoors, 'administration'>): Promise<ShownDeclaration> {
  const found = await administration.find(which)
  if (found === null) throw declarationUnknown(which)
  return found
}

/** Throws what was refused, with what was tried. */
export function answered<T extends object>(result: T | Refused): T {
  if (!('problem' in result)) return result
  const { problem, trials } = result
  throw new RequestRefused(problem.code, problem, {}, trials === undefined ? {} : { trials: trials.map(trialBody) })
}

const declarationUnknown = ({ kind, name }: DeclarationName): RequestRefused =>
  new RequestRefused('DECLARATION_UNKNOWN', {
    sentence: `The account keeps no ${kind} of that name.`,
    found: name,
    next: `Ask for the list of its ${kind}s.`,
  })
