import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { Failure } from '../errors.ts'
import { checkManifest, openBackupKeys, signManifest, type BackupKeys } from '../store/backup/backup-keys.ts'
import { backupName, LONGEST_MANIFEST, manifestText, notOurs, readManifest, timeInName, type Manifest } from '../store/backup/manifest.ts'
import { openStream, sealStream } from '../store/backup/sealing.ts'
import type { KeySource } from '../store/vault/key-source.ts'
import { sync } from './work-folder.ts'

/** `manifest as JSON \n HMAC-SHA-256 of it as hex \n chunks`. */

const PIECE = 1024 * 1024

/** Whole under its name, or not there: what is being written has another name, ending in `.part`. Throws BACKUP_REFUSED where there is one. */
export async function writeBackup(to: string, manifest: Manifest, keys: BackupKeys, database: string): Promise<void> {
  if (existsSync(to)) throw taken(to)
  refuseOtherName(to, manifest)
  const text = manifestText(manifest)
  const part = `${to}.part`
  try {
    // What stands there under that name may be a killed process's, or somebody's link into another file.
    await rm(part, { force: true })
    const file = await open(part, 'wx', 0o600)
    try {
      await file.writeFile(`${text}\n${await signManifest(keys, text)}\n`)
      const source = createReadStream(database, { highWaterMark: PIECE })
      for await (const chunk of sealStream(keys.content, bytesOf(text), source)) await file.writeFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(part, to)
    sync(dirname(to))
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

/** A backup whose manifest is proved to be as it was written. */
export interface OpenBackup {
  readonly manifest: Manifest
  readonly text: string
  /** Writes the database that is in it. Throws BACKUP_BROKEN: what is written so far is worth nothing then. */
  extract(to: string): Promise<void>
}

/** Throws BACKUP_BROKEN, BACKUP_REFUSED where its name says another time, VAULT_KEY_MISSING, VAULT_KEY_WRONG. */
export async function openBackup(path: string, source: KeySource): Promise<OpenBackup> {
  const { text, mac, length } = await readHead(path)
  const manifest = readManifest(text)
  const keys = await openBackupKeys(source, manifest)
  await checkManifest(keys, text, mac)
  refuseOtherName(path, manifest)
  return {
    manifest,
    text,
    async extract(to) {
      const file = await open(to, 'wx', 0o600)
      try {
        const sealed = createReadStream(path, { start: length, highWaterMark: PIECE })
        for await (const chunk of openStream(keys.content, bytesOf(text), sealed)) await file.writeFile(chunk)
        await file.sync()
      } finally {
        await file.close()
      }
    },
  }
}

async function readHead(path: string): Promise<{ readonly text: string; readonly mac: string; readonly length: number }> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new Failure(
      'BACKUP_REFUSED',
      { sentence: `The file ${path} cannot be read.`, next: 'Name a backup that is there and that you may read.' },
      error,
    )
  })
  try {
    const buffer = Buffer.alloc(LONGEST_MANIFEST)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    const [text, mac, ...rest] = buffer.toString('latin1', 0, bytesRead).split('\n')
    if (text === undefined || mac === undefined || rest.length === 0) throw notOurs('no manifest of a backup')
    return { text, mac, length: text.length + mac.length + 2 }
  } finally {
    await file.close()
  }
}

export interface Peeked {
  readonly manifest: Manifest
  /** SHA-256 of it. */
  readonly fingerprint: string
}

/** What a file says of itself, proved or not; null where it is no backup. */
export async function peek(path: string): Promise<Peeked | null> {
  try {
    const { text } = await readHead(path)
    return { manifest: readManifest(text), fingerprint: fingerprintOf(text) }
  } catch {
    return null
  }
}

export const fingerprintOf = (manifest: string): string => createHash('sha256').update(manifest).digest('hex')

const bytesOf = (text: string) => new TextEncoder().encode(text)

const taken = (to: string): Failure =>
  new Failure('BACKUP_REFUSED', { sentence: `There is a file ${to} already.`, next: 'Give another name, or move that file away.' })

function refuseOtherName(path: string, { madeAt }: Manifest): void {
  const named = timeInName(basename(path))
  if (named === null || named === madeAt) return
  throw new Failure('BACKUP_REFUSED', {
    sentence: 'This backup has the name of another one.',
    found: `${basename(path)}, made at ${new Date(madeAt).toISOString()}`,
    wanted: backupName(madeAt),
    next: 'If it is the one that you mean, give it its own name, and ask again.',
  })
}
