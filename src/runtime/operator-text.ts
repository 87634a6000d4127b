import { usable } from '../accounts/confined.ts'
import { ownerOf } from '../accounts/hidden.ts'
import { secretsIn } from '../config/declarations.ts'
import { readOperatorFile } from '../config/operator-file.ts'
import type { Operator } from '../config/operator.ts'
import type { SecretReference } from '../config/operator-schema.ts'
import { declarationWords, type Kept } from '../deploy/declaration.ts'
import { Failure } from '../errors.ts'
import { exchanges, families } from '../registry/forms.ts'
import { targetKinds } from '../targets/index.ts'
import type { Log } from './log.ts'
import type { Redactor } from './redact.ts'

/** What reading the operator file takes of this machine, and everything else after it. */
export interface Machine {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly redactor: Redactor
  readonly log: Log
}

/** The operator file, wherever it comes from. */
export interface OperatorText {
  /** As people are told of it. */
  readonly name: string
  readonly text: string
  /** What a reference to a file leads to; undefined where there is none. */
  readFile(path: string): string | undefined
}

/** What the operator file and the vault declare; each secret of it is known to the redactor from then on. Throws OPERATOR_FILE_INVALID. */
export function readOperator({ name, text, readFile }: OperatorText, { environment, redactor, log }: Machine, kept: readonly Kept[] = []): Operator {
  const readSecret = (reference: SecretReference): string | undefined => {
    const value = 'env' in reference ? environment[reference.env] : readFile(reference.file)?.replace(/\r?\n$/, '')
    if (value && !redactor.register(value)) log.warn(shownAnyway(reference))
    return value
  }
  for (const declaration of kept) {
    const isHidden = secretsIn(declaration).map((secret) => redactor.register(secret, ownerOf(declaration)))
    if (isHidden.includes(false)) log.warn(`a secret of the ${declarationWords(declaration)} in the vault ${TOO_SIMPLE}`)
  }
  const kinds = new Map(targetKinds.map((kind) => [kind.kind, kind]))
  const read = readOperatorFile(text, kinds, readSecret, { exchanges, families }, kept)
  if ('problem' in read) throw new Failure('OPERATOR_FILE_INVALID', { ...read.problem, found: `${name}: ${read.problem.found ?? ''}` })
  return usable(read.operator)
}

const TOO_SIMPLE = 'is too short or too common to be kept out of what is shown'

/** Said where the redactor does not take a secret. */
export const shownAnyway = (reference: SecretReference): string => `the secret in ${nameOf(reference)} ${TOO_SIMPLE}`

const nameOf = (reference: SecretReference): string => ('env' in reference ? `the variable ${reference.env}` : `the file ${reference.file}`)
