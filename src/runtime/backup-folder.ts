import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Failure } from '../errors.ts'
import { notOurs } from '../store/backup/manifest.ts'
import { partIn, partName } from '../store/moving/parts.ts'
import { COMPLETE, readPartsManifest, type StoredPart } from '../store/moving/parts-manifest.ts'
import type { KeySource } from '../store/vault/key-source.ts'
import type { OtherInstallation } from './operator-client.ts'

/** A backup that an installation on Workers has made of itself, as it was fetched from its bucket: `complete`, and a file for each part. */
export interface BackupFolder extends Pick<OtherInstallation, 'list' | 'read'> {
  /** When it was begun (milliseconds). */
  readonly madeAt: number
}

/** Looks at every byte of it. Throws BACKUP_BROKEN where anything is missing or not as it was written, BACKUP_REFUSED, VAULT_KEY_MISSING, VAULT_KEY_WRONG. */
export async function openBackupFolder(folder: string, source: KeySource): Promise<BackupFolder> {
  if (!isFolder(folder)) throw noFolder(folder)
  const text = await readFile(join(folder, COMPLETE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? notOurs(`no "${COMPLETE}": not all of it was made, or fetched`) : error
  })
  const { madeAt, parts } = await readPartsManifest(source, text)
  for (const part of parts) await check(folder, part)
  return {
    madeAt,
    list: async () => parts.flatMap(({ name }) => partIn(name) ?? []),
    read: async (part) => Readable.toWeb(createReadStream(join(folder, partName(part)))) as ReadableStream<Uint8Array>,
  }
}

export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

async function check(folder: string, { name, bytes, hash }: StoredPart): Promise<void> {
  const path = join(folder, name)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw notOurs(`no ${name}`)
  if (found.size !== bytes) throw notOurs(`${name} with ${found.size} bytes, and not ${bytes}`)
  const its = createHash('sha256')
  for await (const chunk of createReadStream(path)) its.update(chunk as Buffer)
  if (its.digest('hex') !== hash) throw notOurs(`${name} with other content`)
}

const noFolder = (path: string): Failure =>
  new Failure('BACKUP_REFUSED', {
    sentence: `There is no folder ${path}.`,
    wanted: 'the address of an installation, or a folder with one of its backups',
    next: 'Name one of the two: docs/operating.md says how a backup is fetched from its bucket.',
  })
