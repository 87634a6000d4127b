import { join } from 'node:path'
import { Failure } from '../errors.ts'
import { readAuditMac } from '../store/audit-key.ts'
import { macUnder, type Mac } from '../store/audit.ts'
import { refuseUnreadable } from '../store/backup/backup-keys.ts'
import { canonicalHash } from '../store/backup/canonical.ts'
import { brokenLogs, unreadableSecrets } from '../store/backup/findings.ts'
import { backupName, notOurs, type Manifest } from '../store/backup/manifest.ts'
import { accountMigrations, migrateAccounts, migrateRepositories, repositoryMigrations } from '../store/migrations.ts'
import { localKeys } from '../store/vault/local-keys.ts'
import { createVault } from '../store/vault.ts'
import { damageIn, sha256Hash, type Place } from './backup.ts'
import { fingerprintOf, openBackup, type OpenBackup } from './backup-file.ts'
import { entropy } from './entropy.ts'
import { hmac } from './mac.ts'
import { readSqlite, rewriteSqlite } from './sqlite.ts'

/** A backup that is proved to be whole, and its database in a file of its own, brought to this version's schema. */
export interface Verified {
  readonly manifest: Manifest
  /** As Gantry names it, whatever the file is called. */
  readonly name: string
  /** SHA-256 of the manifest. */
  readonly fingerprint: string
  readonly database: string
  readonly mac: Mac
  /** What was wrong already when the backup was made: secrets that nobody can read, an audit log that was changed. */
  readonly findings: readonly string[]
}

/**
 * Changes nothing but `folder`. Throws BACKUP_BROKEN or BACKUP_REFUSED where the file is not what Gantry wrote, VAULT_KEY_MISSING or
 * VAULT_KEY_WRONG where its secrets could not be read. `allow` is asked before the database is taken out, and throws where it is not to be.
 */
export async function verifyBackup(
  path: string,
  { keys }: Pick<Place, 'keys'>,
  folder: string,
  allow: (manifest: Manifest) => void = () => {},
): Promise<Verified> {
  const source = localKeys(keys, entropy)
  const backup = await openBackup(path, source)
  const { manifest, text } = backup
  refuseNewer(manifest)
  allow(manifest)
  refuseUnreadable(source, manifest)
  const database = join(folder, 'restored.db')
  await extract(backup, database)
  rewriteSqlite(database, (sql) => (migrateRepositories(sql), migrateAccounts(sql)))
  const sql = readSqlite(database)
  try {
    const vault = createVault(sql, source, entropy)
    await vault.check()
    const mac = await readAuditMac(vault, hmac)
    const unreadable = (await unreadableSecrets(sql, vault)).map(({ sentence }) => sentence)
    const findings = [...unreadable, ...brokenLogs(sql, [mac, macUnder(hmac, null)])]
    return { manifest, name: backupName(manifest.madeAt), fingerprint: fingerprintOf(text), database, mac, findings }
  } finally {
    sql.close()
  }
}

async function extract({ manifest, extract: write }: OpenBackup, database: string): Promise<void> {
  await write(database)
  const sql = readSqlite(database)
  try {
    const damage = damageIn(sql)
    if (damage !== null) throw notOurs(`a database that is damaged: ${damage}`)
    const { hash } = canonicalHash(sql, sha256Hash())
    if (hash !== manifest.hash) throw notOurs(`content with the hash ${hash}, and not ${manifest.hash}`)
  } finally {
    sql.close()
  }
}

function refuseNewer({ schema }: Manifest): void {
  const known = { repositories: repositoryMigrations.length, accounts: accountMigrations.length }
  if (schema.repositories <= known.repositories && schema.accounts <= known.accounts) return
  throw new Failure('BACKUP_REFUSED', {
    sentence: 'This backup was made by a newer version of Gantry.',
    found: `schema ${schema.repositories} and ${schema.accounts}`,
    wanted: `schema ${known.repositories} and ${known.accounts}, or older`,
    next: 'Restore it with that version.',
  })
}
