import { checkManifest, newBackupKeys, openBackupKeys, signManifest } from '../backup/backup-keys.ts'
import { isKeyId, notOurs } from '../backup/manifest.ts'
import { Failure } from '../../errors.ts'
import type { RandomBytes } from '../vault/aes-gcm.ts'
import type { KeySource } from '../vault/key-source.ts'
import { OPERATORS, partIn, partName } from './parts.ts'

/**
 * What names all parts of one backup, and is written last: `manifest as JSON \n HMAC-SHA-256 of it as hex \n`. Each part is sealed by itself; that none
 * of them is missing or of another day says only this, under a key of its own that `GANTRY_KEYS` wraps.
 */
export interface PartsManifest {
  readonly format: typeof FORMAT
  /** The installation. */
  readonly instance: string
  /** When it was begun (milliseconds): no part of it is older. */
  readonly madeAt: number
  /** The key of `GANTRY_KEYS` that wraps its own, and that one wrapped, as base64. */
  readonly key: string
  readonly wrapped: string
  /** The operator's first. */
  readonly parts: readonly StoredPart[]
}

export interface StoredPart {
  /** `partName` */
  readonly name: string
  readonly bytes: number
  /** SHA-256 as hex. */
  readonly hash: string
}

const FORMAT = 'gantry backup of parts 1'

/** Its name among the parts. */
export const COMPLETE = 'complete'

/** `2026-11-26T03-17`: sorts by time. */
export const turnName = (madeAt: number): string => new Date(madeAt).toISOString().slice(0, 16).replace(':', '-')

/** Throws VAULT_KEY_MISSING. */
export async function writePartsManifest(
  source: KeySource,
  random: RandomBytes,
  { instance, madeAt, parts }: Pick<PartsManifest, 'instance' | 'madeAt' | 'parts'>,
): Promise<{ readonly text: string; readonly manifest: string }> {
  const { keys, key, wrapped } = await newBackupKeys(source, random, ownerOf({ instance, madeAt }))
  const manifest = JSON.stringify({ format: FORMAT, instance, madeAt, key, wrapped, parts } satisfies PartsManifest)
  return { manifest, text: `${manifest}\n${await signManifest(keys, manifest)}\n` }
}

/** Throws BACKUP_BROKEN, BACKUP_REFUSED where it is of a newer version, VAULT_KEY_MISSING, VAULT_KEY_WRONG. */
export async function readPartsManifest(source: KeySource, text: string): Promise<PartsManifest> {
  const [line = '', mac = '', ...rest] = text.split('\n')
  if (rest.length !== 1 || rest[0] !== '') throw notOurs(`no manifest of parts in "${COMPLETE}"`)
  const manifest = manifestIn(line)
  await checkManifest(await openBackupKeys(source, { ...manifest, ...ownerOf(manifest) }), line, mac)
  return manifest
}

/** Of `newBackupKeys` and `openBackupKeys`: no backup's key and no part's is one of these. */
const ownerOf = ({ instance, madeAt }: Pick<PartsManifest, 'instance' | 'madeAt'>) => ({ instance: `parts of ${instance}`, madeAt })

function manifestIn(line: string): PartsManifest {
  const found = ((): Partial<Record<keyof PartsManifest, unknown>> => {
    try {
      return Object(JSON.parse(line)) as Partial<Record<keyof PartsManifest, unknown>>
    } catch {
      return {}
    }
  })()
  const { format, instance, madeAt, key, wrapped, parts } = found
  if (typeof format === 'string' && /^gantry backup of parts \d+$/.test(format) && format !== FORMAT) throw newer(format)
  const isOne = format === FORMAT && typeof instance === 'string' && typeof madeAt === 'number' && isKeyId(key) && typeof wrapped === 'string'
  if (!isOne || !Array.isArray(parts) || !parts.every(isStored) || parts[0]?.name !== partName(OPERATORS))
    throw notOurs(`no manifest of parts in "${COMPLETE}"`)
  return { format, instance, madeAt, key, wrapped, parts }
}

function isStored(found: unknown): found is StoredPart {
  const { name, bytes, hash } = Object(found) as Partial<Record<keyof StoredPart, unknown>>
  return typeof name === 'string' && partIn(name) !== null && typeof bytes === 'number' && typeof hash === 'string'
}

const newer = (format: string): Failure =>
  new Failure('BACKUP_REFUSED', {
    sentence: 'This backup was written by a newer version of Gantry.',
    found: format,
    wanted: FORMAT,
    next: 'Restore it with that version.',
  })
