import { Failure } from '../../errors.ts'
import type { AuditHead } from '../../deploy/audit.ts'

/** What a backup says of itself. It is readable without a key, so it holds no name and no secret; a MAC and every chunk are bound to it. */
export interface Manifest {
  readonly format: typeof FORMAT
  /** Milliseconds. */
  readonly madeAt: number
  /** The installation whose database it is. */
  readonly instance: string
  /** Numbers of the newest migrations. */
  readonly schema: { readonly repositories: number; readonly accounts: number }
  /** The key of `GANTRY_KEYS` that wraps the backup's own, and that one wrapped, as base64. */
  readonly key: string
  readonly wrapped: string
  /** The keys of `GANTRY_KEYS` that the secrets in the database are under; what was written before manifests said so has none. */
  readonly secretsUnder?: readonly string[]
  /** The length of the database that is in it. */
  readonly bytes: number
  /** `canonicalHash` of that database. */
  readonly hash: string
  readonly rows: number
  readonly deployments: number
  /** The last record of each audit log. */
  readonly audit: { readonly repositories: AuditHead; readonly accounts: AuditHead }
}

export const FORMAT = 'gantry backup 1'
/** A manifest of ours has some hundred characters. */
export const LONGEST_MANIFEST = 16 * 1024

/** One line of JSON. */
export const manifestText = (manifest: Manifest): string => JSON.stringify(manifest)

/** As far as anything may be believed before the MAC is proved: that it is one. Throws BACKUP_BROKEN, BACKUP_REFUSED. */
export function readManifest(text: string): Manifest {
  const found = parsed(text)
  const format: unknown = found?.['format']
  if (typeof format === 'string' && format.startsWith('gantry backup ') && format !== FORMAT) throw newerFormat(format)
  const { key, wrapped, secretsUnder = [] } = found ?? {}
  const namesKeys = isKeyId(key) && Array.isArray(secretsUnder) && secretsUnder.every(isKeyId)
  if (format !== FORMAT || !namesKeys || typeof wrapped !== 'string') throw notOurs('no manifest of a backup')
  return found as unknown as Manifest
}

/** As `GANTRY_KEYS` has them: what else stands in its place is shown to nobody. */
export const isKeyId = (id: unknown): id is string => typeof id === 'string' && /^[\w-]{1,32}$/.test(id)

/** All that restoring it takes: the first opens the backup, all of them what is in it. */
export const keysOf = ({ key, secretsUnder = [] }: Pick<Manifest, 'key' | 'secretsUnder'>): readonly string[] => [...new Set([key, ...secretsUnder])]

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const found: unknown = JSON.parse(text)
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** `gantry-2026-11-25T23-11-12.123Z.backup`: sorts by time, and a file that got another one's name is noticed. */
export const backupName = (madeAt: number): string => `gantry-${new Date(madeAt).toISOString().replaceAll(':', '-')}.backup`

const NAME = /^gantry-(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3}Z)\.backup$/

/** The time in a name of that form; null for any other name. */
export function timeInName(name: string): number | null {
  const [, hour, minute, second] = NAME.exec(name) ?? []
  const at = hour === undefined ? Number.NaN : Date.parse(`${hour}:${minute}:${second}`)
  return Number.isNaN(at) ? null : at
}

export const notOurs = (found: string): Failure =>
  new Failure('BACKUP_BROKEN', {
    sentence: 'This file is not a backup as Gantry wrote it, so nothing of it is used.',
    found,
    wanted: 'every byte as it was written',
    next: 'Take another copy of it, or another backup: gantry restore FILE --check says whether one is whole.',
  })

const newerFormat = (format: string): Failure =>
  new Failure('BACKUP_REFUSED', {
    sentence: 'This backup was written by a newer version of Gantry.',
    found: format,
    wanted: FORMAT,
    next: 'Restore it with that version.',
  })
