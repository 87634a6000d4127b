import { OPERATOR, type Kept } from '../deploy/declaration.ts'
import type { Problem } from '../errors.ts'
import { credentialsAmong, withKept } from './declarations.ts'
import { problemOf } from './finding.ts'
import type { Keychains, Operator, ReadSecret, TargetKinds } from './operator.ts'
import { interpret } from './operator-reader.ts'

/**
 * Reads the operator file. Of its values only names are ever repeated in the problem. `{ env: … }` and `{ file: … }` among a
 * target's own keys are handed to its kind as `Secret`.
 */
export function readOperatorFile(
  text: string,
  kinds: TargetKinds,
  readSecret: ReadSecret,
  keychains: Keychains = NO_KEYCHAINS,
  kept: readonly Kept[] = [],
): { readonly operator: Operator } | { readonly problem: Problem } {
  const { operator, findings } = interpret(text, {
    ...{ account: OPERATOR, kinds, readSecret, keychains, credentials: credentialsAmong(kept, OPERATOR), form: 'referred' },
  })
  const problem = problemOf(findings, () => 'OPERATOR_FILE_INVALID', 'the operator file')
  return problem === null ? { operator: withKept({ ...operator, text }, kept, kinds, keychains) } : { problem }
}

const NO_KEYCHAINS: Keychains = { exchanges: [], families: [] }
