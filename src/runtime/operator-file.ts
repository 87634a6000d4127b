import { readFileSync } from 'node:fs'
import type { Operator } from '../config/operator.ts'
import type { Kept } from '../deploy/declaration.ts'
import { readTrustedRoots, type TrustedRoot } from '../attestation/roots.ts'
import { Failure, Refusal } from '../errors.ts'
import { readOperator, type Machine } from './operator-text.ts'

/** The operator file and the secrets it refers to; each of them is known to the redactor from then on. Throws OPERATOR_FILE_INVALID. */
export function loadOperatorFile(path: string, machine: Machine, kept: readonly Kept[] = []): Operator {
  const text = readText(path)
  if (text === undefined) machine.log.warn(`there is no operator file ${path} (GANTRY_CONFIG): without targets nothing can be deployed`)
  return readOperator({ name: path, text: text ?? 'version: 1', readFile: readText }, machine, kept)
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

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const details = { sentence: `The file ${path} cannot be read.`, next: 'Let the user that Gantry runs as read it, and start again.' }
    throw new Failure('OPERATOR_FILE_INVALID', details, error)
  }
}
