import { createHash } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { auditHead } from '../store/audit.ts'
import { newBackupKeys } from '../store/backup/backup-keys.ts'
import { canonicalHash, type Hash } from '../store/backup/canonical.ts'
import { FORMAT, isKeyId, type Manifest } from '../store/backup/manifest.ts'
import type { Sql } from '../store/sql.ts'
import { localKeys } from '../store/vault/local-keys.ts'
import { createVaultRows } from '../store/vault/rows.ts'
import { writeBackup } from './backup-file.ts'
import { entropy } from './entropy.ts'
import { readSqlite, snapshotInto } from './sqlite.ts'
import { withWorkFolder } from './work-folder.ts'

/** The installation that is backed up or restored. */
export type Place = Pick<Settings, 'data' | 'keys'>

export const databaseIn = ({ data }: Pick<Place, 'data'>): string => join(data, 'gantry.db')

/**
 * Writes the database as it is at one moment into a new file, encrypted, beside a Gantry that runs or without one. Throws
 * VAULT_KEY_MISSING, SETTING_INVALID where there is no database or another backup is being made, BACKUP_REFUSED, BACKUP_FAILED.
 */
export async function makeBackup(place: Place, to: string, now: number): Promise<Manifest> {
  readSqlite(databaseIn(place)).close()
  return withWorkFolder(place.data, (folder) => sealDatabase(databaseIn(place), folder, place, to, now))
}

/** The same of any database, through a copy in `folder`. */
export async function sealDatabase(
  database: string,
  folder: string,
  { keys: given }: Pick<Place, 'keys'>,
  to: string,
  now: number,
): Promise<Manifest> {
  const snapshot = join(folder, 'snapshot.db')
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
  snapshotInto(database, snapshot)
  const about = { format: FORMAT, madeAt: now, ...factsOf(snapshot) } as const
  const { keys, key, wrapped } = await newBackupKeys(localKeys(given, entropy), entropy, about)
  const manifest = { ...about, key, wrapped }
  await writeBackup(to, manifest, keys, snapshot)
  return manifest
}

function factsOf(snapshot: string): Omit<Manifest, 'format' | 'madeAt' | 'key' | 'wrapped'> {
  const sql = readSqlite(snapshot)
  try {
    const damage = damageIn(sql)
    if (damage !== null) throw damaged(damage)
    const instance = sql.all<{ id: string }>('select id from instance')[0]?.id
    if (instance === undefined) throw neverStarted()
    const one = (query: string): number => sql.all<{ n: number }>(query)[0]?.n ?? 0
    return {
      instance,
      schema: {
        repositories: one('select max(version) as n from repository_migration'),
        accounts: one('select max(version) as n from account_migration'),
      },
      secretsUnder: createVaultRows(sql).keksInUse().filter(isKeyId),
      bytes: statSync(snapshot).size,
      ...canonicalHash(sql, sha256Hash()),
      deployments: one('select count(*) as n from deployment'),
      audit: { repositories: auditHead(sql, 'repository_audit'), accounts: auditHead(sql, 'account_audit') },
    }
  } finally {
    sql.close()
  }
}

/** What SQLite itself finds wrong with a database; null where that is nothing. */
export function damageIn(sql: Sql): string | null {
  const [first] = sql.all<{ integrity_check: string }>('pragma integrity_check')
  return first?.integrity_check === 'ok' ? null : (first?.integrity_check ?? 'no answer')
}

export function sha256Hash(): Hash {
  const hash = createHash('sha256')
  return { update: (text) => void hash.update(text), digest: () => hash.digest('hex') }
}

/** Which installation's it is would be in no backup of it, and it could be restored nowhere. */
const neverStarted = (): Failure =>
  new Failure('BACKUP_REFUSED', {
    sentence: 'Gantry has never started with this database, so it is no installation yet that could be backed up.',
    next: 'Start Gantry once, and ask again. Until then keep the files that were put into the vault.',
  })

export const damaged = (found: string): Failure =>
  new Failure('BACKUP_FAILED', {
    sentence: 'The database itself is damaged, so no backup was made of it.',
    found,
    wanted: 'a database that SQLite finds whole',
    next: 'Look after the disk, keep the older backups, and restore the newest: docs/operating.md says how.',
    retryable: false,
  })
