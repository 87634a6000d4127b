import { readFileSync } from 'node:fs'
import { usable } from '../accounts/confined.ts'
import { ownerOf } from '../accounts/hidden.ts'
import { secretsIn } from '../config/declarations.ts'
import { readOperatorFile } from '../config/operator-file.ts'
import type { Operator } from '../config/operator.ts'
import { declarationWords, type Kept } from '../deploy/declaration.ts'
import type { SecretReference } from '../config/operator-schema.ts'
import { readTrustedRoots, type TrustedRoot } from '../attestation/roots.ts'
import { Failure, Refusal } from '../errors.ts'
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

/** The operator file and the secrets it refers to; each of them is known to the redactor from then on. Throws OPERATOR_FILE_INVALID. */
export function loadOperatorFile(path: string, { environment, redactor, log }: Machine, kept: readonly Kept[] = []): Operator {
  const readSecret = (reference: SecretReference): string | undefined => {
    const value = 'env' in reference ? environment[reference.env] : readText(reference.file)?.replace(/\r?\n$/, '')
    if (value && !redactor.register(value)) log.warn(shownAnyway(reference))
    return value
  }
  for (const declaration of kept) {
    const isHidden = secretsIn(declaration).map((secret) => redactor.register(secret, ownerOf(declaration)))
    if (isHidden.includes(false)) log.warn(`a secret of the ${declarationWords(declaration)} in the vault ${TOO_SIMPLE}`)
  }
  const text = readText(path)
  if (text === undefined) log.warn(`there is no operator file ${path} (GANTRY_CONFIG): without targets nothing can be deployed`)
  const kinds = new Map(targetKinds.map((kind) => [kind.kind, kind]))
  const read = readOperatorFile(text ?? 'version: 1', kinds, readSecret, { exchanges, families }, kept)
  if ('problem' in read) throw new Failure('OPERATOR_FILE_INVALID', { ...read.problem, found: `${path}: ${read.problem.found ?? ''}` })
  return usable(read.operator)
}

/** The Sigstore roots that the operator file names; undefined where it names none. Throws OPERATOR_FILE_INVALID. */
export function loadTrustedRoots({ trustedRoot: path }: Operator): readonly TrustedRoot[] | undefined {
  if (path === null) return undefined
  const text = readText(path)
  const read = text === undefined ? null : readTrustedRoots(text)
  if (read !== null && !(read instanceof Refusal)) return read
  const sentence = `The file ${path} (trusted_root in the operator file) ${read === null ? 'does not exist' : 'holds no Sigstore root'}.`
  throw new Failure('OPERATOR_FILE_INVALID', { sentence, found: read?.problem.found, next: 'Write it with: gh attestation trusted-root > FILE' })
}

const TOO_SIMPLE = 'is too short or too common to be kept out of what is shown'

/** Said where the redactor does not take a secret. */
export const shownAnyway = (reference: SecretReference): string => `the secret in ${nameOf(reference)} ${TOO_SIMPLE}`

const nameOf = (reference: SecretReference): string => ('env' in reference ? `the variable ${reference.env}` : `the file ${reference.file}`)

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const details = { sentence: `The file ${path} cannot be read.`, next: 'Let the user that Gantry runs as read it, and start again.' }
    throw new Failure('OPERATOR_FILE_INVALID', details, error)
  }
}
