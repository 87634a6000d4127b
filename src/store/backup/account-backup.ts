import type { AccountBackup } from '../../deploy/administration.ts'
import { utc } from '../../deploy/wording.ts'
import { Failure } from '../../errors.ts'
import { encodeParts, type Bytes, type RandomBytes } from '../vault/aes-gcm.ts'
import type { KeySource } from '../vault/key-source.ts'
import { newBackupKeys, openBackupKeys, type BackupKeys } from './backup-keys.ts'
import { openStream, sealStream } from './sealing.ts'

/** What one account keeps, sealed under a key of its own that `GANTRY_KEYS` wraps: it opens for the same account, and for no other. */

const FORMAT = 'gantry account backup 1'

type Whose = Pick<AccountBackup, 'account' | 'madeAt'>

/** Throws VAULT_KEY_MISSING. */
export async function sealAccount(source: KeySource, random: RandomBytes, whose: Whose, text: string): Promise<AccountBackup> {
  const { key, wrapped, keys } = await newBackupKeys(source, random, ownerOf(whose))
  const bytes = await collected(sealStream(keys.content, boundTo(whose), inOne(new TextEncoder().encode(text))))
  return { format: FORMAT, ...whose, key, wrapped, sealed: base64Of(bytes) }
}

/** Throws BACKUP_REFUSED where it is not for this place, BACKUP_BROKEN where it is not as it was written. */
export async function openAccount(source: KeySource, account: number, backup: AccountBackup): Promise<string> {
  if (backup.format !== FORMAT) throw refused('This is no backup of an account that this version of Gantry can read.', backup.format, FORMAT)
  if (backup.account !== account)
    throw refused('This is the backup of another account.', `account ${backup.account}`, `a backup of account ${account}`)
  const { content } = await openKeys(source, backup)
  const bytes = await collected(openStream(content, boundTo(backup), inOne(bytesOf(backup.sealed)))).catch((error: unknown) => {
    throw error instanceof Failure ? broken('what is sealed was changed') : error
  })
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}

/** As people and the audit log name it. */
export const accountBackupName = ({ account, madeAt }: Whose): string => `backup of account ${account}, ${utc(madeAt)}`

/** Of `newBackupKeys` and `openBackupKeys`: no installation is called so. */
const ownerOf = ({ account, madeAt }: Whose) => ({ instance: `account ${account}`, madeAt })

const boundTo = ({ account, madeAt }: Whose): Bytes => encodeParts(FORMAT, account, madeAt)

async function openKeys(source: KeySource, backup: AccountBackup): Promise<BackupKeys> {
  try {
    return await openBackupKeys(source, { ...backup, ...ownerOf(backup) })
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    // Nothing of it is proved, so its own words are no reason to look after the machine's keys.
    if (error.problem.code === 'VAULT_KEY_WRONG') throw broken('a key that does not open it')
    throw refused('This backup is sealed under a key that is not in GANTRY_KEYS here.', `key ${backup.key}`, 'the keys that it was made with')
  }
}

const broken = (found: string): Failure =>
  new Failure('BACKUP_BROKEN', {
    sentence: 'This is not a backup as Gantry wrote it, so nothing of it is used.',
    found,
    wanted: 'every character as it was answered',
    next: 'Take another copy of it, or another backup.',
  })

const refused = (sentence: string, found: string, wanted: string): Failure =>
  new Failure('BACKUP_REFUSED', { sentence, found, wanted, next: 'Restore it where it belongs, or take another backup.' })

async function* inOne(bytes: Bytes): AsyncGenerator<Bytes> {
  yield bytes
}

async function collected(stream: AsyncIterable<Bytes>): Promise<Bytes> {
  const chunks: Bytes[] = []
  for await (const chunk of stream) chunks.push(chunk.slice())
  return new Uint8Array(await new Blob(chunks).arrayBuffer())
}

function base64Of(bytes: Bytes): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192))
  return btoa(text)
}

function bytesOf(base64: string): Bytes {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    // One spelling for one backup.
    if (base64Of(bytes) === base64) return bytes
  } catch {
    // Said below.
  }
  throw broken('no base64 where the sealed part belongs')
}
