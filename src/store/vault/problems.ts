import { Failure } from '../../errors.ts'
import type { RecordName } from './record.ts'

/** What can be wrong with a vault, in words: they name a record and never show anything of it. */

export const noKeys = (): Failure =>
  new Failure('VAULT_KEY_MISSING', {
    sentence: 'The vault has no key, so nothing can be kept in it.',
    wanted: 'GANTRY_KEYS with at least one key',
    next: 'Make a key with: gantry keys new. Put it into GANTRY_KEYS, and start again.',
  })

export const keyMissing = (kek: string, given: readonly string[]): Failure =>
  new Failure('VAULT_KEY_MISSING', {
    sentence: `The vault holds secrets under the key ${kek}, and GANTRY_KEYS has no key of that name.`,
    found: given.length === 0 ? 'no keys' : `keys ${given.join(', ')}`,
    wanted: `the key ${kek}`,
    next: `Put the key ${kek} back into GANTRY_KEYS, behind newer ones, and start again. If it is lost: gantry keys discard ${kek}.`,
  })

export const keyWrong = (kek: string): Failure =>
  new Failure('VAULT_KEY_WRONG', {
    sentence: `The key ${kek} in GANTRY_KEYS is not the one that the vault was written with.`,
    found: `another key of the name ${kek}`,
    wanted: 'the key itself, unchanged',
    next: `Put the right key ${kek} back into GANTRY_KEYS, and start again. If it is lost: gantry keys discard ${kek}.`,
  })

export const recordBroken = ({ account, kind, id, field }: RecordName, found: string, cause?: unknown): Failure =>
  broken(`The secret ${field} of the ${kind} ${id} of account ${account} cannot be read.`, found, `Store the ${kind} ${id} again.`, cause)

export const accountBroken = (account: number, found: string): Failure =>
  broken(
    `What the vault holds for account ${account} cannot be trusted.`,
    found,
    `Restore a backup, or run: gantry keys discard --account ${account}. Then store its secrets again.`,
  )

const broken = (sentence: string, found: string, next: string, cause?: unknown): Failure =>
  new Failure('VAULT_RECORD_BROKEN', { sentence, found, wanted: 'exactly what Gantry wrote', next }, cause)
